import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { EndReason } from "../protocol/call-record.ts";
import type { CallEntry, CallStatus, CallSummary, CallTally } from "../workshop/call-report.ts";
import type { Call } from "./call.ts";
import type { CallStart } from "./call-start.ts";
import { reasonIn, stateOf } from "./watched-call.ts";

/*
 * A call in the words of its workshop: who calls, how it is doing, how it went. Never a word of what was said.
 */

export const entryOf = (start: CallStart): CallEntry => ({
  callId: start.callId,
  sessionToken: start.sessionToken,
  studentId: start.studentId,
  studentName: start.studentName,
  wayIn: start.wayIn,
  keySource: start.keySource,
  model: start.model,
  startedAtMs: start.startedAtMs,
  fromPage: start.fromPage,
});

function tallyOf({ transcript, ledger }: Call, { keySource }: CallStart): CallTally {
  const { turns } = transcript;
  const { usage, bill } = ledger;
  const latenciesMs = turns.flatMap(({ timings }) => timings?.turnLatencyMs ?? []);
  return {
    keySource,
    turnCount: turns.length,
    inputTokens: usage.inputTokens,
    outputTokens: usage.outputTokens,
    costMicroUsd: bill.costMicroUsd,
    latenciesMs: latenciesMs.slice(-LIMITS.wallLatencies),
  };
}

export const statusOf = (call: Call, start: CallStart): CallStatus => ({
  ...tallyOf(call, start),
  state: stateOf(call),
});

/** Of a call that has ended; `null`: nobody ever came to it. */
export function summaryOf(call: Call, start: CallStart): CallSummary | null {
  const { endedAtMs, endReason, legs } = call.progress;
  if (endedAtMs === null || endReason === null || (call.voice && legs === 0)) return null;
  return { ...tallyOf(call, start), endedAtMs, endReason, failure: failureOf(call, endReason) };
}

/** Ends that are no failure of anybody's, whatever was said about them. */
const GOOD_ENDS: ReadonlySet<EndReason> = new Set<EndReason>([
  "caller-left",
  "agent-ended",
  "handed-over",
  "silence",
  "call-cap",
  "revoked",
  "paused",
]);

/** Why a call did not go as it should have: what it ended for, else what its last answer failed for. */
function failureOf({ progress, transcript }: Call, endReason: EndReason): Reason | null {
  const closedFor = GOOD_ENDS.has(endReason) ? undefined : reasonIn(progress.closing?.handoff.reason);
  return closedFor ?? reasonIn(transcript.lastOf("agent")?.failure ?? undefined) ?? null;
}
