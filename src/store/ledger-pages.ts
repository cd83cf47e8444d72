import { and, asc, eq, getTableColumns, gte, inArray, lt, type SQL, sql } from "drizzle-orm";
import type { Charge, ChargeKind } from "../protocol/charge.ts";
import { parseStudentId, parseWorkshopId, type StudentId, type WorkshopId } from "../protocol/ids.ts";
import { chargeOf } from "./charges.ts";
import { ask, type Database } from "./database.ts";
import { textOf } from "./reading.ts";
import { charges, students } from "./schema.ts";

/** A row of the ledger with whose it is. */
export interface LedgerRow {
  readonly callId: string;
  readonly seq: number;
  /** `undefined`: nobody can read it, and what it cost is not known. */
  readonly charge: Charge | undefined;
  readonly workshopId: WorkshopId | null;
  /** `null`: of a student who was erased. */
  readonly studentId: StudentId | null;
  readonly studentName: string | null;
}

/** Where a page ends: the next one begins behind it. */
export interface LedgerPlace {
  readonly atMs: number;
  readonly callId: string;
  readonly seq: number;
}

export interface LedgerPage {
  readonly rows: readonly LedgerRow[];
  /** `null`: this is the last. */
  readonly next: LedgerPlace | null;
}

interface PageAsked {
  readonly after: LedgerPlace | null;
  readonly limit: number;
}

/**
 * A workshop's ledger, oldest first, a page at a time; unreadable rows are in it as such.
 *
 * @throws Failure `database_unavailable`.
 */
export const pageOfCharges = (db: Database, workshopId: WorkshopId, page: PageAsked): Promise<LedgerPage> =>
  pageWhere(db, eq(charges.workshopId, workshopId), page);

/** What OpenAI bills, and so has in an export of its own. */
const BILLED_BY_OPENAI: readonly ChargeKind[] = ["response", "transcription", "sample"];

/**
 * What OpenAI bills of all workshops, from a time on and before another, in milliseconds since 1970; as
 * {@link pageOfCharges}.
 *
 * @throws Failure `database_unavailable`.
 */
export const chargesBetween = (
  db: Database,
  fromMs: number,
  toMs: number,
  page: PageAsked,
  kinds: readonly ChargeKind[] = BILLED_BY_OPENAI,
): Promise<LedgerPage> =>
  pageWhere(db, and(gte(charges.atMs, fromMs), lt(charges.atMs, toMs), inArray(charges.kind, [...kinds])), page);

async function pageWhere(db: Database, which: SQL | undefined, { after, limit }: PageAsked): Promise<LedgerPage> {
  const rows = await ask(
    db
      .select({ charge: getTableColumns(charges), studentId: students.studentId, studentName: students.name })
      .from(charges)
      .leftJoin(students, eq(students.sessionToken, charges.sessionToken))
      // A row without a time has no place in the order, and no page could begin behind it.
      .where(and(which, sql`isfinite(${charges.atMs})`, after ? behind(after) : undefined))
      .orderBy(asc(charges.atMs), asc(charges.callId), asc(charges.seq))
      .limit(limit),
  );
  const last = rows.length < limit ? undefined : rows.at(-1)?.charge;
  return {
    rows: rows.map(({ charge: row, studentId, studentName }) => ({
      callId: row.callId,
      seq: row.seq,
      charge: chargeOf(row),
      workshopId: parseWorkshopId(row.workshopId) ?? null,
      studentId: parseStudentId(studentId) ?? null,
      studentName: textOf(studentName),
    })),
    next: last ? { atMs: last.atMs, callId: last.callId, seq: last.seq } : null,
  };
}

const behind = ({ atMs, callId, seq }: LedgerPlace): SQL =>
  sql`(${charges.atMs}, ${charges.callId}, ${charges.seq}) > (${sql.param(atMs, charges.atMs)}::timestamptz, ${callId}::text, ${seq}::integer)`;
