import { callIdFrom, parseSessionToken, parseStudentId } from "../../src/protocol/ids.ts";
import { NO_SPEND } from "../../src/protocol/rest-workshop.ts";
import type { CallEntry, CallStatus, CallSummary } from "../../src/workshop/call-report.ts";
import type { SeededStudent } from "../../src/workshop/seat.ts";

/** Students and calls of a class, by number. */

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("not an id");
  return value;
}

export const callId = (call: number) =>
  callIdFrom(Uint8Array.from({ length: 16 }, (_, at) => (at < 2 ? call >> (8 * at) : 0)));
export const token = (student: number) => known(parseSessionToken(`wst_${student}`));
export const studentId = (student: number) =>
  known(parseStudentId(`00000000-0000-4000-8000-${String(student).padStart(12, "0")}`));

export const entry = (call: number, student: number, changed: Partial<CallEntry> = {}): CallEntry => ({
  callId: callId(call),
  sessionToken: token(student),
  studentId: studentId(student),
  studentName: `Student ${student}`,
  wayIn: "conversation-relay",
  keySource: "student",
  model: "gpt-6-luna",
  startedAtMs: 1_000,
  fromPage: false,
  ...changed,
});

export const status = (changed: Partial<CallStatus> = {}): CallStatus => ({
  state: "listening",
  keySource: "student",
  turnCount: 2,
  inputTokens: 100,
  outputTokens: 10,
  costMicroUsd: null,
  latenciesMs: [300],
  ...changed,
});

export const summary = (changed: Partial<CallSummary> = {}): CallSummary => {
  const { state: _, ...tally } = status();
  return { ...tally, endedAtMs: 61_000, endReason: "caller-left", failure: null, ...changed };
};

export const seeded = (student: number, changed: Partial<SeededStudent> = {}): SeededStudent => ({
  studentId: studentId(student),
  sessionToken: token(student),
  name: `Student ${student}`,
  keyStatus: "connected",
  turnCount: 0,
  spend: { student: NO_SPEND, instructor: NO_SPEND },
  lastCall: null,
  ...changed,
});
