import { LIMITS } from "../limits.ts";
import type { CallProgress } from "./call-events.ts";

/** Long times of a call. They are derived from what is kept, so they survive a sleep and a crash. */
export type Deadline = "closing" | "call-cap" | "no-setup" | "leg-lost" | "check-in" | "silence";

export interface DeadlineFacts {
  readonly startedAtMs: number;
  readonly callMaxMs: number;
  readonly progress: CallProgress;
  /** Since when nobody has said anything; `null` while the agent is busy with an answer. */
  readonly quietSinceMs: number | null;
}

/** The next thing that happens by itself, or `undefined` when the call has ended. */
export function nextDeadline(facts: DeadlineFacts): { deadline: Deadline; atMs: number } | undefined {
  const { progress, startedAtMs, callMaxMs, quietSinceMs } = facts;
  if (progress.endedAtMs !== null) return undefined;
  if (progress.closing) return { deadline: "closing", atMs: progress.closing.atMs };
  const cap = { deadline: "call-cap" as const, atMs: startedAtMs + callMaxMs };
  const other = (): { deadline: Deadline; atMs: number } | undefined => {
    if (progress.legs === 0) return { deadline: "no-setup", atMs: startedAtMs + LIMITS.firstMessageMs };
    if (progress.legLostAtMs !== null) {
      return { deadline: "leg-lost", atMs: progress.legLostAtMs + LIMITS.resumeWindowMs };
    }
    if (quietSinceMs === null) return undefined;
    return progress.checkedInAtMs === null
      ? { deadline: "check-in", atMs: quietSinceMs + LIMITS.silenceCheckInMs }
      : { deadline: "silence", atMs: quietSinceMs + LIMITS.silenceEndMs };
  };
  const next = other();
  return next && next.atMs < cap.atMs ? next : cap;
}

const CHARACTERS_PER_SECOND = 15;

/** How long a voice needs for a text, for when the carrier does not tell (about 15 characters a second). */
export const spokenMs = (text: string): number => Math.ceil((text.length * 1_000) / CHARACTERS_PER_SECOND);
