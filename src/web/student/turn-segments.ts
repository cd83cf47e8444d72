import type { TurnTimings } from "../../protocol/call-record.ts";
import type { Line, TurnLine } from "../call-lines.ts";

/** Where the time of an answered turn went, from the end of the caller's turn on. Pure. */

/** Named for what happens at its end. */
export type SegmentName = "first-word" | "first-sound" | "sent" | "heard";

export interface Segment {
  readonly name: SegmentName;
  readonly startMs: number;
  readonly endMs: number;
}

const MOMENTS: readonly (readonly [SegmentName, (timings: TurnTimings) => number | null])[] = [
  ["first-word", ({ ttftMs }) => ttftMs],
  ["first-sound", ({ ttfbMs }) => ttfbMs],
  ["sent", ({ turnLatencyMs }) => turnLatencyMs],
  ["heard", ({ heardLatencyMs }) => heardLatencyMs],
];

/**
 * In their order, without gaps, from 0. A moment that nobody knows is left out, and the segment after it is that much longer; one
 * that lies before its forerunner (a first sound may come before its first word) takes no time.
 */
export function segmentsOf(timings: TurnTimings): readonly Segment[] {
  let startMs = 0;
  return MOMENTS.flatMap(([name, atMs]) => {
    const ms = atMs(timings);
    if (ms === null || !Number.isFinite(ms)) return [];
    const segment = { name, startMs, endMs: Math.max(startMs, ms) };
    startMs = segment.endMs;
    return [segment];
  });
}

export interface TurnBar {
  /** Of the agent's turn. */
  readonly seq: number;
  readonly segments: readonly Segment[];
  readonly totalMs: number;
  readonly isSlowest: boolean;
}

/** A bar for each turn that was answered and timed, in their order. The slowest of two or more is marked. */
export function barsOf(lines: readonly Line[]): readonly TurnBar[] {
  const bars = lines
    .filter((line): line is TurnLine => line.kind === "turn" && line.speaker === "agent")
    .map(({ seq, timings }) => ({ seq, segments: timings === null ? [] : segmentsOf(timings) }))
    .map(({ seq, segments }) => ({ seq, segments, totalMs: segments.at(-1)?.endMs ?? 0 }))
    .filter(({ totalMs }) => totalMs > 0);
  const slowestMs = bars.length < 2 ? Number.POSITIVE_INFINITY : Math.max(...bars.map(({ totalMs }) => totalMs));
  const slowest = bars.find(({ totalMs }) => totalMs === slowestMs);
  return bars.map((bar) => ({ ...bar, isSlowest: bar === slowest }));
}

/** The middle one of these, or the mean of the two in the middle; null: there are none. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}
