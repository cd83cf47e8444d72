import { and, asc, desc, eq, getTableColumns, lt, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { CallRecord, TurnRecord } from "../protocol/call-record.ts";
import type { Charge } from "../protocol/charge.ts";
import type { CallId, SessionToken } from "../protocol/ids.ts";
import type { CallsCursor } from "../protocol/rest.ts";
import { callOf, turnOf } from "./call-rows.ts";
import { chargesOf, keepNameless, writeCharges } from "./charges.ts";
import { ask, type Database, isAboutParent } from "./database.ts";
import { countOf } from "./reading.ts";
import { calls, charges, students, turns } from "./schema.ts";
import { given, newestOfEach } from "./upserts.ts";

/** A call as it is listed. */
export interface CallSummary extends CallRecord {
  /** On the key that paid, in millionths of a dollar; `null`: not known. */
  readonly costMicroUsd: number | null;
  readonly turnCount: number;
}

export interface ArchivedCall {
  readonly call: CallRecord;
  readonly turns: readonly TurnRecord[];
  readonly costMicroUsd: number | null;
  /** Rows of the ledger, in order. */
  readonly charges: readonly Charge[];
  /** Further rows of it that nobody can read: the call has cost more than the others say. */
  readonly unreadableCharges: number;
}

/**
 * Writes a call, some of its turns and some of its charges, all or nothing, in one request. May be repeated and may arrive
 * out of order: a row is only ever replaced by one of a higher revision.
 *
 * @returns `student-gone` when the student was erased: then nothing is kept but, without a name, what the instructor has
 *   paid for, and the outbox may forget the call.
 * @throws Failure `database_unavailable`: try again later; `internal`: this will never be stored.
 */
export async function archiveCall(
  db: Database,
  archived: {
    readonly call: CallRecord;
    readonly turns: readonly TurnRecord[];
    readonly charges?: readonly Charge[] | undefined;
    /** On the key that pays; `null`: not known. */
    readonly costMicroUsd?: number | null | undefined;
  },
): Promise<"stored" | "student-gone"> {
  const { call, charges: charged = [], costMicroUsd = null } = archived;
  const callWrite = db
    .insert(calls)
    .values({ ...call, costMicroUsd })
    .onConflictDoUpdate({
      target: calls.id,
      set: {
        keySource: given(calls.keySource),
        endedAtMs: given(calls.endedAtMs),
        endReason: given(calls.endReason),
        model: given(calls.model),
        transcriptionModel: given(calls.transcriptionModel),
        usage: given(calls.usage),
        costMicroUsd: given(calls.costMicroUsd),
        revision: given(calls.revision),
      },
      setWhere: sql`${calls.revision} < ${given(calls.revision)}`,
    });
  const rows = newestOfEach(archived.turns).map((turn) => ({ ...turn, callId: call.id }));
  const owner = { callId: call.id, sessionToken: call.sessionToken, workshopId: call.workshopId };
  const parts: BatchItem<"pg">[] = [
    ...(rows.length > 0 ? [writeTurns(db, rows)] : []),
    ...(charged.length > 0 ? [writeCharges(db, owner, charged)] : []),
  ];
  // First of all, as erasing does: taken after the call's row it would be a deadlock of the two.
  const lock = db
    .select({ found: sql`1` })
    .from(students)
    .where(eq(students.sessionToken, call.sessionToken))
    .for("key share");
  try {
    await ask(db.batch([lock, callWrite, ...parts]));
  } catch (failure) {
    if (!isAboutParent(failure)) throw failure;
    await keepNameless(db, owner, charged);
    return "student-gone";
  }
  return "stored";
}

/**
 * A page of a student's calls, newest first. Unreadable rows are left out, so it may be shorter than asked for, or empty,
 * with more behind it.
 *
 * @returns `next`: where the next page begins; `null`: this is the last.
 * @throws Failure `database_unavailable`.
 */
export async function listCalls(
  db: Database,
  token: SessionToken,
  page: { readonly limit: number; readonly before: CallsCursor | null },
): Promise<{ readonly calls: readonly CallSummary[]; readonly next: CallsCursor | null }> {
  const rows = await ask(
    db
      .select({ ...getTableColumns(calls), turnCount: db.$count(turns, eq(turns.callId, calls.id)) })
      .from(calls)
      // A row without a time has no place in the order: it would begin every page.
      .where(
        and(
          eq(calls.sessionToken, token),
          sql`isfinite(${calls.startedAtMs})`,
          page.before ? isBefore(page.before) : undefined,
        ),
      )
      .orderBy(desc(calls.startedAtMs), desc(calls.id))
      // One more tells whether there is another page.
      .limit(page.limit + 1),
  );
  const shown = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? shown.at(-1) : undefined;
  return {
    calls: shown.flatMap((row) => {
      const call = callOf(row);
      return call ? [{ ...call, costMicroUsd: countOf(row.costMicroUsd), turnCount: countOf(row.turnCount) ?? 0 }] : [];
    }),
    next: last ? { startedAtMs: last.startedAtMs, callId: last.id } : null,
  };
}

/** Compared as a pair: calls of one millisecond are in the order of their ids. */
function isBefore({ startedAtMs, callId }: CallsCursor): SQL {
  if (callId === null) return lt(calls.startedAtMs, startedAtMs);
  return sql`(${calls.startedAtMs}, ${calls.id}) < (${sql.param(startedAtMs, calls.startedAtMs)}, ${sql.param(callId, calls.id)})`;
}

/**
 * One call of this student with its turns and charges in order, in one request; `undefined` when the student has no such
 * call.
 *
 * @throws Failure `database_unavailable`.
 */
export async function findCall(db: Database, token: SessionToken, callId: CallId): Promise<ArchivedCall | undefined> {
  const theirs = and(eq(calls.id, callId), eq(calls.sessionToken, token));
  const [[row], turnRows, chargeRows] = await ask(
    db.batch([
      db.select().from(calls).where(theirs),
      db
        .select(getTableColumns(turns))
        .from(turns)
        .innerJoin(calls, eq(calls.id, turns.callId))
        .where(theirs)
        .orderBy(asc(turns.seq)),
      db
        .select(getTableColumns(charges))
        .from(charges)
        .where(and(eq(charges.callId, callId), eq(charges.sessionToken, token)))
        .orderBy(asc(charges.seq)),
    ]),
  );
  const call = row && callOf(row);
  if (!call) return undefined;
  const readable = turnRows.map(turnOf).filter((turn) => turn !== undefined);
  const { charges: read, unreadable } = chargesOf(chargeRows);
  return {
    call,
    turns: readable,
    costMicroUsd: countOf(row.costMicroUsd),
    charges: read,
    unreadableCharges: unreadable,
  };
}

function writeTurns(db: Database, rows: (typeof turns.$inferInsert)[]) {
  return db
    .insert(turns)
    .values(rows)
    .onConflictDoUpdate({
      target: [turns.callId, turns.seq],
      set: {
        revision: given(turns.revision),
        speaker: given(turns.speaker),
        startedAtMs: given(turns.startedAtMs),
        text: given(turns.text),
        heardText: given(turns.heardText),
        toolCall: given(turns.toolCall),
        timings: given(turns.timings),
        usage: given(turns.usage),
        failure: given(turns.failure),
      },
      setWhere: sql`${turns.revision} < ${given(turns.revision)}`,
    });
}
