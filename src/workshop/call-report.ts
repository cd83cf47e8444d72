import * as z from "zod";
import { CALL_STATES } from "../protocol/call-messages.ts";
import { END_REASONS, KEY_SOURCES, WAYS_IN } from "../protocol/call-record.ts";
import {
  type CallId,
  parseCallId,
  parseSessionToken,
  parseStudentId,
  type SessionToken,
  type StudentId,
} from "../protocol/ids.ts";
import type { WatchedMessage } from "../protocol/live-messages.ts";

/*
 * What a call and its workshop tell each other. Whatever the workshop keeps of it is read by these, now and when it wakes.
 */

const wayIn = z.enum(WAYS_IN);
const keySource = z.enum(KEY_SOURCES);
export const studentId = z.custom<StudentId>((value) => parseStudentId(value) !== undefined);
export const sessionToken = z.custom<SessionToken>((value) => parseSessionToken(value) !== undefined);

/** A call that wants to begin. */
export const CallEntry = z.object({
  callId: z.custom<CallId>((value) => parseCallId(value) !== undefined),
  sessionToken,
  /** Null: a call that began before students had ids. */
  studentId: studentId.nullable(),
  studentName: z.string().nullable(),
  wayIn,
  keySource,
  model: z.string(),
  startedAtMs: z.number(),
  /** Asked for by a page, which shows it by itself. */
  fromPage: z.boolean(),
});
export type CallEntry = z.infer<typeof CallEntry>;

/** What a call has used and done so far: always all of it, so that one report that is lost does no harm. */
export const CallTally = z.object({
  keySource,
  turnCount: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  /** Null: of some of it no price is known. */
  costMicroUsd: z.number().nullable(),
  /** Of the last turns, oldest first. */
  latenciesMs: z.array(z.number()),
});
export type CallTally = z.infer<typeof CallTally>;

/** How a call is doing, for the wall: a state, never a word. */
export const CallStatus = CallTally.extend({ state: z.enum(CALL_STATES) });
export type CallStatus = z.infer<typeof CallStatus>;

/** How a call went. */
export const CallSummary = CallTally.extend({
  endedAtMs: z.number(),
  endReason: z.enum(END_REASONS),
  /** A code of `failure.ts`: why it did not go as it should have. */
  failure: z.string().nullable(),
});
export type CallSummary = z.infer<typeof CallSummary>;

/** Who looks at a call, beside its caller. Whatever nobody looks at is not sent. */
export const Watch = z.object({
  /** An instructor's console. */
  wall: z.boolean(),
  /** A page of the student's that does not show the call by itself. */
  page: z.boolean(),
  /** One of those pages has come just now, and is to be shown what went before. */
  snapshot: z.boolean(),
});
export type Watch = z.infer<typeof Watch>;

export const NOBODY: Watch = { wall: false, page: false, snapshot: false };

/** What has changed of a call since its last report. */
export interface CallReport {
  readonly status?: CallStatus;
  /** For pages that have seen all before. */
  readonly messages: readonly WatchedMessage[];
  /** For pages that have come in between: all there is to see. */
  readonly snapshot?: readonly WatchedMessage[];
}

/** The last report of a call. `summary` null: nobody ever came to it. */
export interface CallLeave {
  readonly entry: CallEntry;
  readonly summary: CallSummary | null;
  readonly report: CallReport;
}

export type Entered =
  | { readonly admitted: true; readonly watch: Watch }
  | { readonly admitted: false; readonly reason: EntryRefusal };

/** Reasons of `failure.ts`. */
export type EntryRefusal = "workshop_closed" | "workshop_paused" | "too_many_calls" | "too_many_requests";
