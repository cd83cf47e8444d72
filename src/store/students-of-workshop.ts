import { and, count, desc, eq, isNotNull, type SQL, sql } from "drizzle-orm";
import { KEY_SOURCES, type KeySource, WAYS_IN, type WayIn } from "../protocol/call-record.ts";
import {
  parseSessionToken,
  parseStudentId,
  type SessionToken,
  type StudentId,
  type WorkshopId,
} from "../protocol/ids.ts";
import { KEY_STATUSES, type KeyStatus } from "../protocol/rest.ts";
import { NO_SPEND, type Spend } from "../protocol/rest-workshop.ts";
import { ask, type Database } from "./database.ts";
import { countOf, msOf, oneOf, textOf } from "./reading.ts";
import { calls, students, turns, workshops } from "./schema.ts";
import { keyColumns } from "./sealed-keys.ts";

/*
 * The students of one workshop, as the instructor sees them and acts on them. Every function throws Failure
 * `database_unavailable` while the database does not answer.
 */

/** A student without agent and words. */
export interface ClassStudent {
  readonly sessionToken: SessionToken;
  readonly studentId: StudentId;
  readonly name: string | null;
  readonly joinedAtMs: number | null;
  readonly sealedKey: string | null;
  readonly keyHint: string | null;
  readonly keyStatus: KeyStatus | null;
  readonly spend: Readonly<Record<KeySource, Spend>>;
  readonly turnCount: number;
  readonly lastCall: LastCall | null;
}

export interface LastCall {
  readonly wayIn: WayIn;
  readonly startedAtMs: number;
  readonly endReason: string | null;
  readonly keySource: KeySource;
}

/**
 * Every student of a workshop with the sums of their calls, oldest first, in one request; `undefined` when there is no such
 * workshop. Sums are made by the database: what is sent back grows with the students, not with their calls.
 */
export async function summarizeStudents(db: Database, workshopId: WorkshopId): Promise<ClassStudent[] | undefined> {
  const ofWorkshop = eq(calls.workshopId, workshopId);
  const [found, rows, spendRows, turnRows, lastRows] = await ask(
    db.batch([
      db.select({ id: workshops.id }).from(workshops).where(eq(workshops.id, workshopId)),
      db
        .select(STUDENT_COLUMNS)
        .from(students)
        .where(eq(students.workshopId, workshopId))
        .orderBy(students.createdAt, students.studentId),
      db.select(SPEND_COLUMNS).from(calls).where(ofWorkshop).groupBy(calls.sessionToken, calls.keySource),
      db
        .select({ sessionToken: calls.sessionToken, turnCount: count() })
        .from(turns)
        .innerJoin(calls, eq(calls.id, turns.callId))
        .where(ofWorkshop)
        .groupBy(calls.sessionToken),
      db
        .selectDistinctOn([calls.sessionToken], LAST_CALL_COLUMNS)
        .from(calls)
        .where(ofWorkshop)
        .orderBy(calls.sessionToken, desc(calls.startedAtMs), desc(calls.id)),
    ]),
  );
  if (found.length === 0) return undefined;
  const spends = new Map(spendRows.map((row) => [`${row.keySource} ${row.sessionToken}`, spendOf(row)]));
  const turnCounts = new Map(turnRows.map((row) => [row.sessionToken, countOf(row.turnCount) ?? 0]));
  const lastCalls = new Map(lastRows.map((row) => [row.sessionToken, lastCallOf(row)]));
  return rows.flatMap((row): ClassStudent[] => {
    const sessionToken = parseSessionToken(row.sessionToken);
    const studentId = parseStudentId(row.studentId);
    if (!sessionToken || !studentId) return [];
    return [
      {
        sessionToken,
        studentId,
        name: textOf(row.name),
        joinedAtMs: msOf(row.joinedAtMs),
        sealedKey: textOf(row.sealedKey),
        keyHint: textOf(row.keyHint),
        keyStatus: oneOf(KEY_STATUSES, row.keyStatus),
        spend: {
          student: spends.get(`student ${sessionToken}`) ?? NO_SPEND,
          instructor: spends.get(`instructor ${sessionToken}`) ?? NO_SPEND,
        },
        turnCount: turnCounts.get(sessionToken) ?? 0,
        lastCall: lastCalls.get(sessionToken) ?? null,
      },
    ];
  });
}

/** What is needed to act on one student. */
export interface StudentOfWorkshop {
  readonly sessionToken: SessionToken;
  readonly studentId: StudentId;
  readonly name: string | null;
}

export async function findStudentOfWorkshop(
  db: Database,
  workshopId: WorkshopId,
  studentId: StudentId,
): Promise<StudentOfWorkshop | undefined> {
  const rows = await ask(
    db
      .select(ONE_COLUMNS)
      .from(students)
      .where(and(eq(students.workshopId, workshopId), eq(students.studentId, studentId))),
  );
  return rows.flatMap(oneOfWorkshop)[0];
}

/** Removes every key of a workshop, and nothing else; says whose, or `undefined` when there is no such workshop. */
export async function forgetKeysOfWorkshop(
  db: Database,
  workshopId: WorkshopId,
): Promise<readonly StudentOfWorkshop[] | undefined> {
  const [found, forgotten] = await ask(
    db.batch([
      db.select({ id: workshops.id }).from(workshops).where(eq(workshops.id, workshopId)),
      db
        .update(students)
        .set({ ...keyColumns(null), updatedAt: sql`now()` })
        .where(and(eq(students.workshopId, workshopId), isNotNull(students.sealedKey)))
        .returning(ONE_COLUMNS),
    ]),
  );
  return found.length === 0 ? undefined : forgotten.flatMap(oneOfWorkshop);
}

const ONE_COLUMNS = { sessionToken: students.sessionToken, studentId: students.studentId, name: students.name };

const STUDENT_COLUMNS = {
  ...ONE_COLUMNS,
  // The predecessor's column has no time zone: read in that of the session, which wrote it.
  joinedAtMs: sql<number>`extract(epoch from ${students.createdAt}::timestamptz) * 1000`.mapWith(Number),
  sealedKey: students.sealedKey,
  keyHint: students.keyHint,
  keyStatus: students.keyStatus,
};

/** A number of the usage; what is none counts nothing, and breaks no sum. */
const tokensOf = (field: "inputTokens" | "outputTokens"): SQL =>
  sql`case when jsonb_typeof(${calls.usage} -> ${field}::text) = 'number' then (${calls.usage} ->> ${field}::text)::numeric else 0 end`;

const SPEND_COLUMNS = {
  sessionToken: calls.sessionToken,
  keySource: calls.keySource,
  calls: count(),
  // A call that goes on, or whose end was never told, has no length yet.
  ms: sum(sql`greatest(extract(epoch from ${calls.endedAtMs} - ${calls.startedAtMs}) * 1000, 0)`),
  inputTokens: sum(tokensOf("inputTokens")),
  outputTokens: sum(tokensOf("outputTokens")),
  costMicroUsd: sum(sql`${calls.costMicroUsd}`),
  unknownCosts: sql<number>`count(*) filter (where ${calls.costMicroUsd} is null)`.mapWith(Number),
};

const LAST_CALL_COLUMNS = {
  sessionToken: calls.sessionToken,
  wayIn: calls.wayIn,
  startedAtMs: calls.startedAtMs,
  endReason: calls.endReason,
  keySource: calls.keySource,
};

function sum(expression: SQL) {
  return sql<number>`coalesce(sum(${expression}), 0)`.mapWith(Number);
}

function spendOf(row: Readonly<Record<keyof typeof SPEND_COLUMNS, unknown>>): Spend {
  return {
    calls: countOf(row.calls) ?? 0,
    ms: msOf(row.ms) ?? 0,
    inputTokens: countOf(row.inputTokens) ?? 0,
    outputTokens: countOf(row.outputTokens) ?? 0,
    // A sum that leaves out what nobody knows would be taken for the whole.
    costMicroUsd: row.unknownCosts === 0 ? countOf(row.costMicroUsd) : null,
  };
}

function lastCallOf(row: Readonly<Record<keyof typeof LAST_CALL_COLUMNS, unknown>>): LastCall | null {
  const wayIn = oneOf(WAYS_IN, row.wayIn);
  const keySource = oneOf(KEY_SOURCES, row.keySource);
  const startedAtMs = msOf(row.startedAtMs);
  if (!wayIn || !keySource || startedAtMs === null) return null;
  return { wayIn, keySource, startedAtMs, endReason: textOf(row.endReason) };
}

function oneOfWorkshop(row: Readonly<Record<keyof typeof ONE_COLUMNS, unknown>>): StudentOfWorkshop[] {
  const sessionToken = parseSessionToken(row.sessionToken);
  const studentId = parseStudentId(row.studentId);
  return sessionToken && studentId ? [{ sessionToken, studentId, name: textOf(row.name) }] : [];
}
