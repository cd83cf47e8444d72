import { asc, eq, inArray, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { FAILURES } from "../failure.ts";
import type { CallRecord } from "../protocol/call-record.ts";
import { CHARGE_KINDS, CHARGE_STATES } from "../protocol/charge.ts";
import { type CallId, parseStudentId, type StudentId } from "../protocol/ids.ts";
import type { TraceEvent } from "../protocol/observed.ts";
import { callOf, OUTCOMES, SPEAKERS, TimingsShape } from "./call-rows.ts";
import { ask, type Database } from "./database.ts";
import { countOf, msOf } from "./reading.ts";
import { calls, charges, students, turns } from "./schema.ts";

/** One call by its id, for whoever runs the server: when what happened, and not a word of it. */
export interface CallTrace {
  readonly call: CallRecord;
  readonly studentId: StudentId | null;
  readonly costMicroUsd: number | null;
  /** In the order of their times. */
  readonly events: readonly TraceEvent[];
}

/**
 * The call of one of these ids, with its turns and charges, in one request. What was said does not leave the database: it
 * counts the characters. Rows that nobody can read are left out. `undefined`: there is no such call.
 *
 * @throws Failure `database_unavailable`.
 */
export async function findTrace(db: Database, callIds: readonly CallId[]): Promise<CallTrace | undefined> {
  const [callRows, turnRows, chargeRows] = await ask(
    db.batch([
      db
        .select({ call: calls, studentId: students.studentId })
        .from(calls)
        .leftJoin(students, eq(students.sessionToken, calls.sessionToken))
        .where(inArray(calls.id, [...callIds])),
      db
        .select(TURN_COLUMNS)
        .from(turns)
        .where(inArray(turns.callId, [...callIds]))
        .orderBy(asc(turns.seq)),
      db
        .select(CHARGE_COLUMNS)
        .from(charges)
        .where(inArray(charges.callId, [...callIds]))
        .orderBy(asc(charges.seq)),
    ]),
  );
  const [row] = callRows;
  const call = row && callOf(row.call);
  if (!call) return undefined;
  const ofCall = ({ callId }: { readonly callId: string }) => callId === call.id;
  const events: TraceEvent[] = [
    { atMs: 0, kind: "start" },
    ...turnRows.filter(ofCall).flatMap((turn) => turnEventOf(turn, call.startedAtMs) ?? []),
    ...chargeRows.filter(ofCall).flatMap((charge) => chargeEventOf(charge, call.startedAtMs) ?? []),
    ...endOf(call),
  ];
  return {
    call,
    studentId: parseStudentId(row.studentId) ?? null,
    costMicroUsd: countOf(row.call.costMicroUsd),
    // Stable: what is of one moment stays in the order above.
    events: events.toSorted((a, b) => a.atMs - b.atMs),
  };
}

/** Of a turn everything but what was said, written or given to a tool. */
const TURN_COLUMNS = {
  callId: turns.callId,
  seq: turns.seq,
  speaker: turns.speaker,
  startedAtMs: turns.startedAtMs,
  characters: sql<number>`char_length(${turns.text})`.mapWith(Number),
  cutOff: sql<boolean>`${turns.heardText} is not null`,
  timings: turns.timings,
  failure: turns.failure,
  toolName: inToolCall("name"),
  toolOutcome: inToolCall("outcome"),
  toolDurationMs: inToolCall("durationMs"),
};

const CHARGE_COLUMNS = {
  callId: charges.callId,
  seq: charges.seq,
  atMs: charges.atMs,
  kind: charges.kind,
  state: charges.state,
  model: charges.model,
  costMicroUsd: charges.costMicroUsd,
  upstreamId: charges.upstreamId,
};

function inToolCall(field: "name" | "outcome" | "durationMs"): SQL<string | null> {
  return sql<string | null>`${turns.toolCall} ->> ${sql.raw(`'${field}'`)}`;
}

const instantMs = z.number();
const turnRow = z.object({
  seq: z.int(),
  speaker: z.enum(SPEAKERS),
  startedAtMs: instantMs,
  characters: z.int(),
  cutOff: z.boolean(),
  timings: TimingsShape.nullable().catch(null),
  failure: z.string().nullable(),
});
const toolRow = z.object({
  seq: z.int(),
  startedAtMs: instantMs,
  /** The model writes it, and may write anything. */
  toolName: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .catch("unreadable"),
  toolOutcome: z.enum(OUTCOMES),
  toolDurationMs: z.coerce.number().nullable().catch(null),
});
const chargeRow = z.object({
  seq: z.int(),
  atMs: instantMs,
  kind: z.enum(CHARGE_KINDS),
  state: z.enum(CHARGE_STATES),
  model: z.string(),
  costMicroUsd: z.unknown().transform(countOf),
  upstreamId: z.string().nullable(),
});

function turnEventOf(row: unknown, startedAtMs: number): TraceEvent | undefined {
  const tool = toolRow.safeParse(row).data;
  if (tool) {
    const { seq, toolName: name, toolOutcome: outcome, toolDurationMs } = tool;
    return {
      atMs: since(startedAtMs, tool.startedAtMs),
      kind: "tool",
      seq,
      name,
      outcome,
      durationMs: msOf(toolDurationMs),
    };
  }
  const turn = turnRow.safeParse(row).data;
  if (!turn) return undefined;
  const { seq, speaker, characters, cutOff, timings, failure } = turn;
  return {
    atMs: since(startedAtMs, turn.startedAtMs),
    kind: "turn",
    seq,
    speaker,
    characters,
    cutOff,
    ttftMs: msOf(timings?.ttftMs),
    ttfbMs: msOf(timings?.ttfbMs),
    turnLatencyMs: msOf(timings?.turnLatencyMs),
    heardLatencyMs: msOf(timings?.heardLatencyMs),
    failure: failure === null || Object.hasOwn(FAILURES, failure) ? failure : "unknown",
  };
}

function chargeEventOf(row: unknown, startedAtMs: number): TraceEvent | undefined {
  const charge = chargeRow.safeParse(row).data;
  if (!charge) return undefined;
  const { seq, kind, state, model, costMicroUsd, upstreamId } = charge;
  const atMs = since(startedAtMs, charge.atMs);
  return { atMs, kind: "charge", seq, charge: kind, state, model, costMicroUsd, upstreamId };
}

const endOf = ({ startedAtMs, endedAtMs, endReason }: CallRecord): TraceEvent[] =>
  endedAtMs === null ? [] : [{ atMs: since(startedAtMs, endedAtMs), kind: "end", endReason }];

const since = (startedAtMs: number, atMs: number): number => Math.round(atMs - startedAtMs);
