import { and, asc, count, eq, inArray, ne, type SQL, sql } from "drizzle-orm";
import { parseStudentId, type SessionToken, type StudentId, type WorkshopId } from "../protocol/ids.ts";
import { ask, type Database } from "./database.ts";
import { erasedSumsOf } from "./erased-sums.ts";
import { countOf, msOf, textOf } from "./reading.ts";
import { calls, charges, students, workshops } from "./schema.ts";
import { type ListedWorkshop, listedOf, selectListed } from "./workshops.ts";

/*
 * What a workshop came to, for its students' receipts and its instructor's report. Amounts are those of the ledger; `null`:
 * of some of it no price is known. Every function throws Failure `database_unavailable` while the database does not answer.
 */

export interface Takeaway {
  /** The key that is here (`deletedAtMs` null), or the one that was here last; `null`: there was none. */
  readonly key: { readonly hint: string | null; readonly deletedAtMs: number | null } | null;
  readonly calls: number;
  readonly ms: number;
  readonly ownMicroUsd: number | null;
  readonly lentMicroUsd: number | null;
}

export interface TakeawayOf extends Takeaway {
  /** `null`: students who were erased, all together. */
  readonly studentId: StudentId | null;
  readonly name: string | null;
}

/** What one student takes along; `undefined` when there is no such student. */
export async function findTakeaway(db: Database, token: SessionToken): Promise<Takeaway | undefined> {
  const [rows, callRows, chargeRows] = await ask(
    db.batch(selectTakeaways(db, eq(students.sessionToken, token), eq(charges.sessionToken, token))),
  );
  const sums = new Sums(callRows, chargeRows);
  return rows.map((row) => takeawayOf(row, sums))[0];
}

/**
 * What each student of a workshop takes along, by name; those who were erased last, all together, if there is anything to
 * say of them. One request; `undefined` when there is no such workshop.
 */
export async function reportOf(
  db: Database,
  id: WorkshopId,
): Promise<{ readonly workshop: ListedWorkshop; readonly rows: readonly TakeawayOf[] } | undefined> {
  const [[found], [kept], rows, callRows, chargeRows] = await ask(
    db.batch([
      selectListed(db).where(eq(workshops.id, id)),
      db.select({ erasedSums: workshops.erasedSums }).from(workshops).where(eq(workshops.id, id)),
      ...selectTakeaways(db, eq(students.workshopId, id), eq(charges.workshopId, id)),
    ]),
  );
  const workshop = listedOf(found);
  if (!workshop) return undefined;
  const sums = new Sums(callRows, chargeRows);
  const present = rows.flatMap((row): TakeawayOf[] => {
    const studentId = parseStudentId(row.studentId);
    return studentId ? [{ studentId, name: textOf(row.name), ...takeawayOf(row, sums) }] : [];
  });
  const gone = goneOf(kept?.erasedSums, sums);
  const isWorthARow = workshop.closing?.erasedAtMs != null || gone.calls > 0 || gone.lentMicroUsd !== 0;
  return { workshop, rows: isWorthARow ? [...present, gone] : present };
}

const isPriced = sql`coalesce(${charges.costMicroUsd} >= 0, false)`;

const selectTakeaways = (db: Database, whose: SQL, theirCharges: SQL) =>
  [
    db
      .select({
        sessionToken: students.sessionToken,
        studentId: students.studentId,
        name: students.name,
        hasKey: sql<boolean>`${students.sealedKey} is not null`,
        keyHint: students.keyHint,
        deletedKeyHint: students.deletedKeyHint,
        keyDeletedAtMs: students.keyDeletedAtMs,
      })
      .from(students)
      .where(whose)
      .orderBy(asc(students.name), asc(students.studentId)),
    db
      .select({
        sessionToken: calls.sessionToken,
        calls: count(),
        // A call that goes on, or whose end was never told, has no length yet.
        ms: sql<number>`coalesce(sum(greatest(extract(epoch from ${calls.endedAtMs} - ${calls.startedAtMs}) * 1000, 0)), 0)`.mapWith(
          Number,
        ),
      })
      .from(calls)
      .where(inArray(calls.sessionToken, db.select({ token: students.sessionToken }).from(students).where(whose)))
      .groupBy(calls.sessionToken),
    db
      .select({
        sessionToken: charges.sessionToken,
        isOwn: sql<boolean>`${charges.payer} = 'student'`,
        costMicroUsd: sql<number>`coalesce(sum(${charges.costMicroUsd}) filter (where ${isPriced}), 0)`.mapWith(Number),
        unpriced: sql<number>`count(*) filter (where not ${isPriced})`.mapWith(Number),
      })
      .from(charges)
      .where(and(theirCharges, ne(charges.state, "void")))
      .groupBy(charges.sessionToken, sql`${charges.payer} = 'student'`),
  ] as const;

interface CallSums {
  readonly sessionToken: string;
  readonly calls: unknown;
  readonly ms: unknown;
}

interface ChargeSums {
  readonly sessionToken: string | null;
  readonly isOwn: boolean;
  readonly costMicroUsd: unknown;
  readonly unpriced: unknown;
}

interface StudentRow {
  readonly sessionToken: string;
  readonly hasKey: unknown;
  readonly keyHint: unknown;
  readonly deletedKeyHint: unknown;
  readonly keyDeletedAtMs: unknown;
}

/** The sums of a whole workshop, by whose they are. */
class Sums {
  readonly #calls: ReadonlyMap<string, CallSums>;
  readonly #paid = new Map<string, number | null>();

  constructor(callRows: readonly CallSums[], chargeRows: readonly ChargeSums[]) {
    this.#calls = new Map(callRows.map((row) => [row.sessionToken, row]));
    for (const { sessionToken, isOwn, costMicroUsd, unpriced } of chargeRows) {
      // A sum that leaves out what nobody knows would be taken for the whole.
      this.#paid.set(placeOf(sessionToken, isOwn), countOf(unpriced) === 0 ? countOf(costMicroUsd) : null);
    }
  }

  calls(sessionToken: string): Pick<Takeaway, "calls" | "ms"> {
    const row = this.#calls.get(sessionToken);
    return { calls: countOf(row?.calls) ?? 0, ms: msOf(row?.ms) ?? 0 };
  }

  paid(sessionToken: string | null, isOwn: boolean): number | null {
    const paid = this.#paid.get(placeOf(sessionToken, isOwn));
    return paid === undefined ? 0 : paid;
  }
}

const placeOf = (sessionToken: string | null, isOwn: boolean): string => `${isOwn} ${sessionToken ?? ""}`;

function takeawayOf(row: StudentRow, sums: Sums): Takeaway {
  const { sessionToken } = row;
  return {
    key: keyOf(row),
    ...sums.calls(sessionToken),
    ownMicroUsd: sums.paid(sessionToken, true),
    lentMicroUsd: sums.paid(sessionToken, false),
  };
}

function keyOf({ hasKey, keyHint, deletedKeyHint, keyDeletedAtMs }: StudentRow): Takeaway["key"] {
  if (hasKey === true) return { hint: textOf(keyHint), deletedAtMs: null };
  const deletedAtMs = msOf(keyDeletedAtMs);
  return deletedAtMs === null ? null : { hint: textOf(deletedKeyHint), deletedAtMs };
}

function goneOf(erasedSums: unknown, sums: Sums): TakeawayOf {
  const { calls: made, ms, ownMicroUsd, ownUnpriced } = erasedSumsOf(erasedSums);
  return {
    studentId: null,
    name: null,
    key: null,
    calls: made,
    ms,
    ownMicroUsd: ownUnpriced === 0 ? ownMicroUsd : null,
    lentMicroUsd: sums.paid(null, false),
  };
}
