import { FAILURES, factsOf, type Reason } from "../failure.ts";
import type { EndReason, KeySource, WayIn } from "../protocol/call-record.ts";
import type { TraceEvent, TraceReply } from "../protocol/observed.ts";
import { printable } from "./print-call.ts";

/*
 * How a trace looks in a terminal: a line for each thing that happened, its milliseconds first, and under it what failed
 * and what to do about it.
 */

export interface TraceLook {
  readonly isColored: boolean;
  /** What to do about a code, as the documents say it; `undefined`: they say nothing. */
  readonly fixOf: (code: string) => string | undefined;
}

const WAY_IN_WORDS: Readonly<Record<WayIn, string>> = {
  browser: "from a browser",
  "conversation-relay": "in text",
  "media-streams": "by phone",
};
const KEY_WORDS: Readonly<Record<KeySource, string>> = {
  student: "on the student's key",
  instructor: "on the instructor's key (fallback)",
};
const END_WORDS: Readonly<Record<EndReason, string>> = {
  "caller-left": "the caller left",
  "agent-ended": "ended by the agent",
  "handed-over": "handed over to a person",
  silence: "nothing was heard for a minute",
  "call-cap": "longest time reached",
  "key-failed": "the key could not be used",
  revoked: "ended by the workshop",
  paused: "all calls were paused",
  budget: "nothing more may be spent",
  refused: "not let in",
  policy: "the caller broke a rule of the wire",
  lost: "the connection to the caller was lost",
  "upstream-failed": "OpenAI could not be used",
};

const TIME_CHARACTERS = 9;
const WHO_CHARACTERS = 6;
const LATENCY_CHARACTERS = "12 345 ms".length;
const BAR_CELLS = 16;
const FIX_CHARACTERS = 90;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** The whole trace as text, ending with a line break. */
export function traceText(trace: TraceReply, look: TraceLook): string {
  const paint = (text: string, style: string): string => (look.isColored ? `\x1b[${style}m${text}\x1b[0m` : text);
  const latenciesMs = trace.events.flatMap((event) => latencyOf(event) ?? []);
  const longestMs = Math.max(1, ...latenciesMs);
  const lines = trace.events.map((event) => {
    const [who, what] = told(event);
    const latencyMs = latencyOf(event);
    const failure = failureOf(event);
    return [
      grouped(event.atMs).padStart(TIME_CHARACTERS),
      ` ${paint(who.padEnd(WHO_CHARACTERS), failure === undefined ? STYLES[event.kind] : "31")}`,
      latencyMs === undefined
        ? " ".repeat(BAR_CELLS + 1 + LATENCY_CHARACTERS)
        : `${paint(barOf(latencyMs / longestMs), "36")} ${`${grouped(latencyMs)} ms`.padStart(LATENCY_CHARACTERS)}`,
      ` ${what}${failure === undefined ? "" : `  ${paint(`✗ ${failure}`, "31")}`}`,
    ].join(" ");
  });
  return [
    ...headOf(trace),
    "",
    `${"ms".padStart(TIME_CHARACTERS)}  ${" ".repeat(WHO_CHARACTERS)} ${paint("what the caller waited for the answer", "2")}`,
    ...lines,
    ...spreadOf(trace.events.flatMap((event) => (failureOf(event) === undefined ? (latencyOf(event) ?? []) : []))),
    ...failuresOf(trace, look, paint),
    "",
  ].join("\n");
}

const STYLES: Readonly<Record<TraceEvent["kind"], string>> = {
  start: "1",
  turn: "32",
  tool: "35",
  charge: "2",
  end: "1",
};

function headOf({ call }: TraceReply): string[] {
  const { startedAt, endedAt, costMicroUsd, transcriptionModel } = call;
  const tookMs = endedAt === null ? undefined : Date.parse(endedAt) - Date.parse(startedAt);
  const model = [call.model, transcriptionModel].filter((name) => name !== null).join(" and ");
  return [
    `Call      ${call.callId}`,
    `Began     ${startedAt.replace("T", " ").replace("Z", " UTC")}, ${tookMs === undefined ? "goes on" : `took ${(tookMs / 1_000).toFixed(1)} s`}`,
    `How       ${WAY_IN_WORDS[call.wayIn]}, ${printable(model)}, ${KEY_WORDS[call.keySource]}`,
    `Cost      ${costMicroUsd === null ? "not known" : dollars(costMicroUsd)} on that key`,
    `Student   ${call.studentId ?? "–"}, workshop ${call.workshopId ?? "–"}`,
  ];
}

function told(event: TraceEvent): readonly [who: string, what: string] {
  switch (event.kind) {
    case "start":
      return ["call", "begins"];
    case "turn":
      return [event.speaker, spoken(event)];
    case "tool": {
      const took = event.durationMs === null ? "" : ` after ${grouped(event.durationMs)} ms`;
      return ["tool", `${printable(event.name)} ${OUTCOME_WORDS[event.outcome]}${took}`];
    }
    case "charge": {
      const { charge, state, model, costMicroUsd, upstreamId } = event;
      const cost = costMicroUsd === null ? "cost not known" : dollars(costMicroUsd);
      const id = upstreamId === null ? "" : `, ${printable(upstreamId)}`;
      return ["bill", `${cost}  ${charge}, ${STATE_WORDS[state]}, ${printable(model)}${id}`];
    }
    case "end":
      return ["call", `ends: ${event.endReason === null ? "nobody said why" : END_WORDS[event.endReason]}`];
  }
}

const OUTCOME_WORDS = { ok: "answered", failed: "failed", pending: "has not answered" } as const;
const STATE_WORDS = { open: "goes on", told: "told", estimated: "estimated", void: "refused, nothing used" } as const;

function spoken({ characters, cutOff, ttftMs, ttfbMs, heardLatencyMs }: Extract<TraceEvent, { kind: "turn" }>): string {
  const times = [
    ttftMs === null ? "" : `text at ${grouped(ttftMs)} ms`,
    ttfbMs === null ? "" : `sound at ${grouped(ttfbMs)} ms`,
    heardLatencyMs === null ? "" : `heard at ${grouped(heardLatencyMs)} ms`,
  ].filter(Boolean);
  const cut = cutOff ? ", cut off" : "";
  return `${characters} character${characters === 1 ? "" : "s"}${cut}${times.length === 0 ? "" : `, ${times.join(", ")}`}`;
}

const latencyOf = (event: TraceEvent): number | undefined =>
  event.kind === "turn" ? (event.turnLatencyMs ?? undefined) : undefined;

function failureOf(event: TraceEvent): string | undefined {
  if (event.kind === "turn") return event.failure === null ? undefined : printable(event.failure);
  return event.kind === "tool" && event.outcome === "failed" ? "tool failed" : undefined;
}

/** In eighths of a cell; the shortest is still to be seen. */
function barOf(share: number): string {
  const eighths = Math.max(1, Math.round(Math.min(1, share) * BAR_CELLS * 8));
  return `${"█".repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8] ?? ""}`.padEnd(BAR_CELLS);
}

function spreadOf(latenciesMs: readonly number[]): string[] {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const half = sorted[Math.ceil(sorted.length / 2) - 1];
  if (half === undefined) return [];
  if (sorted.length === 1) return ["", `Answers   1 answer, which began after ${grouped(half)} ms`];
  const slowest = grouped(sorted.at(-1) ?? half);
  return [
    "",
    `Answers   ${sorted.length} answers: half began within ${grouped(half)} ms, the slowest after ${slowest} ms`,
  ];
}

/** Each code once, with what it means and what to do. */
function failuresOf(trace: TraceReply, { fixOf }: TraceLook, paint: (text: string, style: string) => string): string[] {
  const codes = new Set(trace.events.flatMap((event) => (event.kind === "turn" ? (event.failure ?? []) : [])));
  if (codes.size === 0) return [];
  const explained = [...codes].flatMap((code) => {
    const fix = fixOf(code);
    const meaning = isReason(code) ? factsOf(code).sentence : "A code that this version does not know.";
    return [
      `  ${paint(printable(code), "31")}  ${meaning}`,
      ...wrapped(fix ?? "").map((line, at) => `    ${at === 0 ? "→" : " "} ${line}`),
    ];
  });
  return ["", "What failed", ...explained];
}

/** Lines of so many characters at most, broken between words only: an address must stay one. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").filter((each) => each !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= FIX_CHARACTERS) lines.splice(-1, 1, `${last} ${word}`);
    else lines.push(word);
  }
  return lines;
}

const isReason = (code: string): code is Reason => Object.hasOwn(FAILURES, code);

/** To the millionth, which is what the ledger counts in. */
const dollars = (microUsd: number): string => `$${(microUsd / 1_000_000).toFixed(6)}`;

/** `12 345`: digits in threes, so that columns can be compared. */
const grouped = (ms: number): string => String(Math.round(ms)).replace(/\B(?=(\d{3})+$)/g, " ");
