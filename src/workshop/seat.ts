import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { END_REASONS, type KeySource } from "../protocol/call-record.ts";
import type { WallCall, WallStudent } from "../protocol/live-messages.ts";
import { SHOWN_KEY_STATUSES, type ShownKeyStatus } from "../protocol/rest.ts";
import { NO_SPEND, type Spend } from "../protocol/rest-workshop.ts";
import { CallEntry, CallStatus, type CallSummary, type CallTally, sessionToken, studentId } from "./call-report.ts";

const wayIn = CallEntry.shape.wayIn;
const keySource = CallEntry.shape.keySource;
const spend: z.ZodType<Spend> = z.object({
  calls: z.number(),
  ms: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  costMicroUsd: z.number().nullable(),
});

/** What is remembered of a student between calls. */
export const Seat = z.object({
  studentId,
  sessionToken,
  name: z.string().nullable(),
  keyStatus: z.enum(SHOWN_KEY_STATUSES).nullable(),
  lastSeenAtMs: z.number().nullable(),
  lastCall: z
    .object({
      /** Null: it is known from Postgres alone. */
      callId: z.string().nullable(),
      wayIn,
      keySource,
      endedAtMs: z.number(),
      endReason: z.enum(END_REASONS).nullable(),
      failure: z.string().nullable(),
    })
    .nullable(),
  failuresInARow: z.number(),
  /** Of calls that have ended. */
  latenciesMs: z.array(z.number()),
  turnCount: z.number(),
  spend: z.object({ student: spend, instructor: spend }),
});
export type Seat = z.infer<typeof Seat>;

export const NEW_SEAT: Omit<Seat, "studentId" | "sessionToken"> = {
  name: null,
  keyStatus: null,
  lastSeenAtMs: null,
  lastCall: null,
  failuresInARow: 0,
  latenciesMs: [],
  turnCount: 0,
  spend: { student: NO_SPEND, instructor: NO_SPEND },
};

/** A call that goes on. */
export const LiveCall = CallEntry.omit({ studentName: true }).extend({
  enteredAtMs: z.number(),
  /** Its caller is there. One with sound waits for them. */
  joined: z.boolean(),
  status: CallStatus.nullable(),
  /** What of it the seat's sums hold already; `by-next-report`: what it will report next. Null: nothing. */
  counted: z.union([CallStatus, z.literal("by-next-report")]).nullable(),
});
export type LiveCall = z.infer<typeof LiveCall>;

export const NEW_CALL = { status: null, counted: null } as const;

/** A student as Postgres knows them, with the sums of their calls, those that go on included. */
export const SeededStudent = Seat.pick({
  studentId: true,
  sessionToken: true,
  name: true,
  keyStatus: true,
  turnCount: true,
  spend: true,
}).extend({
  lastCall: z
    .object({ wayIn, keySource, startedAtMs: z.number(), endReason: z.enum(END_REASONS).nullable() })
    .nullable(),
});
export type SeededStudent = z.infer<typeof SeededStudent>;

/** What is known here of a last call says more than Postgres does, unless it is an earlier one. */
export function seatSeeded(seat: Seat | undefined, student: SeededStudent, withSums: boolean): Seat {
  const { lastCall: archived, turnCount, spend: spent, ...known } = student;
  const before = seat ?? { ...NEW_SEAT, ...known };
  const isNewer =
    archived !== null && archived.endReason !== null && archived.startedAtMs > (before.lastCall?.endedAtMs ?? 0);
  return {
    ...before,
    ...known,
    ...(withSums && { turnCount, spend: spent }),
    ...(isNewer && {
      lastCall: {
        callId: null,
        wayIn: archived.wayIn,
        keySource: archived.keySource,
        endedAtMs: archived.startedAtMs,
        endReason: archived.endReason,
        failure: null,
      },
    }),
  };
}

/** What OpenAI's refusal in a call says of the key it ran on. */
const KEY_STATUS_OF: ReadonlyMap<string, ShownKeyStatus> = new Map([
  ["key_rejected", "rejected"],
  ["key_restricted", "restricted"],
  ["no_credit", "no_credit"],
  ["key_unreadable", "unreadable"],
]);

/** What a call that ended so shows about the student's own key; `undefined`: nothing new. */
export const keyStatusBy = ({ keySource: payer, failure }: CallSummary): ShownKeyStatus | undefined =>
  payer === "student" && failure !== null ? KEY_STATUS_OF.get(failure) : undefined;

/** The instructor's own doing: nothing that the student is stuck at. */
const STOPPED: readonly (string | null)[] = ["revoked", "workshop_paused"];

/** A call of theirs has ended. `counted`: what of it the sums held before. */
export function addCall(seat: Seat, entry: CallEntry, summary: CallSummary, counted: LiveCall["counted"]): Seat {
  const before = counted === "by-next-report" ? summary : counted;
  const { keySource: payer, endedAtMs, endReason, failure } = summary;
  return {
    ...seat,
    keyStatus: keyStatusBy(summary) ?? seat.keyStatus,
    lastSeenAtMs: endedAtMs,
    lastCall: { callId: entry.callId, wayIn: entry.wayIn, keySource: payer, endedAtMs, endReason, failure },
    failuresInARow: failure === null || STOPPED.includes(failure) ? 0 : seat.failuresInARow + 1,
    latenciesMs: lastOf([...seat.latenciesMs, ...summary.latenciesMs]),
    turnCount: seat.turnCount + summary.turnCount - (before?.turnCount ?? 0),
    spend: addSpend(seat.spend, summary, before, Math.max(0, endedAtMs - entry.startedAtMs)),
  };
}

/** A student as the wall shows them, with the calls that go on. */
export function wallStudent(
  seat: Seat,
  calls: readonly LiveCall[],
  online: boolean,
  money: Pick<WallStudent, "lentMicroUsd" | "heldMicroUsd">,
): WallStudent {
  const live = calls.filter(({ joined }) => joined);
  let { turnCount, spend: spent } = seat;
  for (const { status, counted } of live) {
    if (!status || counted === "by-next-report") continue;
    turnCount += status.turnCount - (counted?.turnCount ?? 0);
    spent = addSpend(spent, status, counted, 0);
  }
  const { lastCall } = seat;
  return {
    studentId: seat.studentId,
    name: seat.name,
    keyStatus: seat.keyStatus,
    online,
    lastSeenAtMs: seat.lastSeenAtMs,
    calls: live.map(wallCall),
    lastCall: lastCall && {
      wayIn: lastCall.wayIn,
      endedAtMs: lastCall.endedAtMs,
      endReason: lastCall.endReason,
      failure: lastCall.failure,
      keySource: lastCall.keySource,
    },
    failuresInARow: seat.failuresInARow,
    turnCount,
    latenciesMs: lastOf([...seat.latenciesMs, ...live.flatMap(({ status }) => status?.latenciesMs ?? [])]),
    spend: spent,
    ...money,
  };
}

const wallCall = ({ callId, wayIn: way, keySource: payer, startedAtMs, status }: LiveCall): WallCall => ({
  callId,
  wayIn: way,
  keySource: status?.keySource ?? payer,
  state: status?.state ?? "connecting",
  startedAtMs,
});

const lastOf = (latenciesMs: readonly number[]): number[] => latenciesMs.slice(-LIMITS.wallLatencies);

/** Adds a call to its payer's sum, less what that holds of it. */
function addSpend(
  spent: Seat["spend"],
  tally: CallTally,
  before: CallTally | null,
  ms: number,
): Readonly<Record<KeySource, Spend>> & Seat["spend"] {
  const payer = tally.keySource;
  const sum = spent[payer];
  // An answer without a price costs nobody knows what, and so does the sum.
  const costMicroUsd =
    sum.costMicroUsd === null || tally.costMicroUsd === null || before?.costMicroUsd === null
      ? null
      : sum.costMicroUsd + tally.costMicroUsd - (before?.costMicroUsd ?? 0);
  return {
    ...spent,
    [payer]: {
      // Postgres knows a call from its first answer on.
      calls: sum.calls + ((before?.turnCount ?? 0) > 0 ? 0 : 1),
      ms: sum.ms + ms,
      inputTokens: sum.inputTokens + tally.inputTokens - (before?.inputTokens ?? 0),
      outputTokens: sum.outputTokens + tally.outputTokens - (before?.outputTokens ?? 0),
      costMicroUsd,
    },
  };
}
