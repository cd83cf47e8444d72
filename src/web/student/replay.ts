import { type CallView, foldCall, NO_CALL, type ViewChange } from "../call-view.ts";
import { type ArchivedCall, lastedMs, turnMessageOf } from "./call-record-view.ts";
import { spokenSeconds } from "./spoken-length.ts";

/**
 * An archived call played again: what its screen was told, in the order of time, through the fold that made the screen then.
 * The archive knows when turns began, how long they took and what was heard of them; when each word came within its turn is
 * spread evenly. Pure: the position is given.
 */

export interface ReplayEvent {
  /** From the beginning of the replay. */
  readonly atMs: number;
  /** From the beginning of the call. */
  readonly callMs: number;
  readonly change: ViewChange;
}

/** A stretch of the call in which nothing happened, replayed in less time. */
export interface Pause {
  /** From the beginning of the replay, to its end there. */
  readonly fromMs: number;
  readonly toMs: number;
  /** How long it was in the call. */
  readonly callMs: number;
}

export interface Replay {
  readonly events: readonly ReplayEvent[];
  readonly pauses: readonly Pause[];
  readonly durationMs: number;
}

const LONGEST_PAUSE_MS = 5_000;
const SHORTENED_PAUSE_MS = 1_000;
/** Words come in pieces about so often. */
const WORD_MS = 180;

type Moment = Omit<ReplayEvent, "atMs">;

/** @returns a replay with at least its beginning and its end */
export function replayOf(archived: ArchivedCall): Replay {
  const moments = momentsOf(archived).toSorted((one, other) => one.callMs - other.callMs);
  const events: ReplayEvent[] = [];
  const pauses: Pause[] = [];
  let atMs = 0;
  let callMs = 0;
  for (const moment of moments) {
    const gapMs = moment.callMs - callMs;
    const stepMs = gapMs > LONGEST_PAUSE_MS ? SHORTENED_PAUSE_MS : gapMs;
    if (stepMs < gapMs) pauses.push({ fromMs: atMs, toMs: atMs + stepMs, callMs: gapMs });
    atMs += stepMs;
    callMs = moment.callMs;
    events.push({ atMs, ...moment });
  }
  return { events, pauses, durationMs: atMs };
}

function momentsOf(archived: ArchivedCall): Moment[] {
  const { call, turns } = archived;
  const startedAtMs = Date.parse(call.startedAt);
  const messages = turns.map(turnMessageOf).toSorted((one, other) => one.seq - other.seq);
  const hasSound = call.transcriptionModel !== null;
  const moments: Moment[] = [
    { callMs: 0, change: { type: "dial", hasMicrophone: false } },
    { callMs: 0, change: startOf(call, []) },
    { callMs: 0, change: message({ type: "state", state: "listening" }) },
  ];
  let lastMs = 0;
  for (const [at, turn] of messages.entries()) {
    // Clocks of two machines took part: what came later in the call never comes earlier here.
    const beganMs = Math.max(lastMs, turn.startedAtMs - startedAtMs);
    const next = messages[at + 1];
    const nextMs = next === undefined ? Number.POSITIVE_INFINITY : Math.max(beganMs, next.startedAtMs - startedAtMs);
    moments.push(
      ...turnMoments(turn, { beganMs, nextMs, hasSound, isAfterTool: messages[at - 1]?.speaker === "tool" }),
    );
    lastMs = beganMs;
  }
  // How long words take to be said is guessed; that a call was over is known.
  const endMs = lastedMs(call) ?? Math.max(...moments.map(({ callMs }) => callMs));
  return [...moments, ...endOf(archived).map((change) => ({ callMs: endMs, change }))].map(({ callMs, change }) => ({
    callMs: Math.min(callMs, endMs),
    change,
  }));
}

const startOf = ({ id, keySource, model }: ArchivedCall["call"], turns: readonly Turn[]): ViewChange =>
  // No ticket and no end by time: nobody resumes a replay.
  message({
    type: "call-start",
    callId: id,
    resumed: false,
    keySource,
    model,
    voice: "",
    startedAtMs: 0,
    endsAtMs: Number.POSITIVE_INFINITY,
    resumeTicket: "",
    turns,
  });

const endOf = ({ call: { usage, endReason }, bill }: ArchivedCall): readonly ViewChange[] => [
  bill === null ? { type: "usage", usage } : message({ type: "meter", usage, bill, running: null }),
  endReason === null ? { type: "connection", connection: "closed" } : message({ type: "call-end", endReason }),
];

interface Place {
  readonly beganMs: number;
  /** When the next turn began, from the beginning of the call. */
  readonly nextMs: number;
  readonly hasSound: boolean;
  readonly isAfterTool: boolean;
}

type Turn = ReturnType<typeof turnMessageOf>;

function turnMoments(turn: Turn, place: Place): Moment[] {
  switch (turn.speaker) {
    case "caller":
      return callerMoments(turn, place);
    case "agent":
      return agentMoments(turn, place);
    case "tool":
      return toolMoments(turn, place);
  }
}

/** Speech has its place at once, and its words when it is over; what was typed is all there. */
function callerMoments(turn: Turn, { beganMs, nextMs, hasSound }: Place): Moment[] {
  const writtenMs = hasSound ? Math.min(nextMs, beganMs + spokenSeconds(turn.text) * 1_000) : beganMs;
  return [
    { callMs: beganMs, change: message({ type: "state", state: "listening" }) },
    ...(hasSound ? [{ callMs: beganMs, change: message({ ...turn, text: "" }) }] : []),
    { callMs: writtenMs, change: message(turn) },
    { callMs: writtenMs, change: message({ type: "state", state: "thinking" }) },
  ];
}

function toolMoments(turn: Turn, { beganMs, nextMs }: Place): Moment[] {
  const { toolCall } = turn;
  const pending = toolCall && { ...toolCall, outcome: "pending" as const, output: null, durationMs: null };
  const endedMs = beganMs + (toolCall?.durationMs ?? 0);
  return [
    { callMs: beganMs, change: message({ type: "state", state: "using-tool" }) },
    { callMs: beganMs, change: message({ ...turn, toolCall: pending }) },
    { callMs: endedMs, change: message(turn) },
    // A tool that is slower than the next words is no longer what the call waits for.
    ...(endedMs <= nextMs ? [{ callMs: endedMs, change: message({ type: "state", state: "thinking" }) }] : []),
  ];
}

/**
 * With sound a turn has its place when the model begins to answer, and is heard some time later; in text it has it with its
 * first words. After a tool the timings still count from the caller's words, so they say nothing about this turn's wait.
 */
function agentMoments(turn: Turn, { beganMs, nextMs, hasSound, isAfterTool }: Place): Moment[] {
  const latencyMs = turn.timings?.turnLatencyMs ?? 0;
  const waitMs = hasSound && !isAfterTool ? latencyMs : 0;
  const spokenMs = spokenSeconds(turn.text) * 1_000;
  const firstMs = Math.min(nextMs, beganMs + waitMs);
  const writtenMs = Math.min(
    nextMs,
    firstMs + Math.min(spokenMs, Math.max(0, (turn.timings?.turnMs ?? 0) - latencyMs)),
  );
  const overMs = Math.min(nextMs, firstMs + spokenMs);
  const { seq } = turn;
  const words = turn.text.match(/\s*\S+/g) ?? [];
  const pieces = Math.min(words.length, Math.ceil((writtenMs - firstMs) / WORD_MS));
  const said: Moment[] = Array.from({ length: pieces }, (_, at) => ({
    callMs: firstMs + ((writtenMs - firstMs) * at) / pieces,
    change: message({
      type: "caption",
      seq,
      speaker: "agent",
      delta: words.slice((at * words.length) / pieces, ((at + 1) * words.length) / pieces).join(""),
    }),
  }));
  return [
    { callMs: beganMs, change: message({ type: "state", state: waitMs > 0 ? "thinking" : "speaking" }) },
    ...(waitMs > 0 ? [{ callMs: firstMs, change: message({ type: "state", state: "speaking" }) }] : []),
    ...said,
    { callMs: writtenMs, change: message({ ...turn, heardText: null }) },
    ...(turn.heardText === null ? [] : [{ callMs: overMs, change: message(turn) }]),
    { callMs: overMs, change: message({ type: "state", state: "listening" }) },
  ];
}

const message = (it: Extract<ViewChange, { type: "message" }>["message"]): ViewChange => ({
  type: "message",
  message: it,
});

/** Events between two views that are kept, so that going back does not begin at the beginning. */
const KEEP_EVERY = 50;

/** @returns what the screen showed, so far into the replay; quick wherever it is asked next */
export function playerOf(replay: Replay): (positionMs: number) => CallView {
  const kept = [{ view: NO_CALL, count: 0 }];
  return (positionMs) => {
    const after = replay.events.findIndex(({ atMs }) => atMs > positionMs);
    const wanted = after < 0 ? replay.events.length : after;
    let { view, count } = kept.findLast((earlier) => earlier.count <= wanted) ?? { view: NO_CALL, count: 0 };
    for (const { change, callMs } of replay.events.slice(count, wanted)) {
      view = foldCall(view, change, callMs);
      count += 1;
      if (count % KEEP_EVERY === 0 && count > (kept.at(-1)?.count ?? 0)) kept.push({ view, count });
    }
    return { ...view, nowMs: callMsAt(replay, positionMs) };
  };
}

/** The time of the call at a position: in a shortened pause it runs faster. */
export function callMsAt(replay: Replay, positionMs: number): number {
  const at = replay.events.findLastIndex(({ atMs }) => atMs <= positionMs);
  const last = replay.events[at];
  const next = replay.events[at + 1];
  if (!last) return 0;
  if (!next || next.atMs === last.atMs) return last.callMs;
  return last.callMs + ((positionMs - last.atMs) * (next.callMs - last.callMs)) / (next.atMs - last.atMs);
}

export const pauseAt = ({ pauses }: Replay, positionMs: number): Pause | undefined =>
  pauses.find(({ fromMs, toMs }) => fromMs <= positionMs && positionMs < toMs);

/** The position at which the next turn begins, or the previous: where a step goes. */
export function stepFrom({ events, durationMs }: Replay, positionMs: number, direction: 1 | -1): number {
  const began = new Map<number, number>();
  for (const { atMs, change } of events) {
    const it = change.type === "message" ? change.message : undefined;
    if ((it?.type === "turn" || it?.type === "caption") && !began.has(it.seq)) began.set(it.seq, Math.ceil(atMs));
  }
  const stops = [0, ...began.values(), durationMs].toSorted((one, other) => one - other);
  return direction > 0
    ? (stops.find((atMs) => atMs > positionMs) ?? durationMs)
    : (stops.findLast((atMs) => atMs < positionMs) ?? 0);
}

/** Where the replay is after so many milliseconds of watching. */
export const advanced = ({ durationMs }: Replay, positionMs: number, watchedMs: number, speed: number): number =>
  Math.min(durationMs, positionMs + watchedMs * speed);

/** What the screen showed in the end: the whole transcript, and what the receipt is made of. */
export function lastViewOf(archived: ArchivedCall): CallView {
  const { call, turns } = archived;
  const messages = turns.map(turnMessageOf);
  const begun = foldCall(NO_CALL, startOf(call, messages), 0);
  return endOf(archived).reduce((view, change) => foldCall(view, change, lastedMs(call) ?? 0), begun);
}
