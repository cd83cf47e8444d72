import { and, eq, inArray, isNotNull, isNull, type SQL, sql } from "drizzle-orm";
import type { WorkshopId } from "../protocol/ids.ts";
import { ask, type Database } from "./database.ts";
import { addErasedSums, lockWorkshops } from "./erased-sums.ts";
import { calls, charges, students, workshops } from "./schema.ts";
import { keyColumns } from "./sealed-keys.ts";
import { closingOf, type ListedWorkshop, listedOf, selectListed, type WorkshopClosing } from "./workshops.ts";

/*
 * The end of a workshop. Its row says what is to happen and what has; each step looks there by itself, in the transaction
 * that does it, so that it may be asked for at any time, by anybody, again. Every function throws Failure
 * `database_unavailable` while the database does not answer.
 */

/**
 * Closes a workshop, or gives what has not happened yet other dates; of both the later word counts. `undefined`: there is no
 * such workshop; `erased`: nothing is left to be closed.
 *
 * @param nowMs when it was closed, if it was not before.
 */
export async function closeWorkshop(
  db: Database,
  id: WorkshopId,
  dates: Pick<WorkshopClosing, "keysAtMs" | "eraseAtMs">,
  nowMs: number,
): Promise<ListedWorkshop | "erased" | undefined> {
  const { keysAtMs, keysDeletedAtMs } = workshops;
  const [changed, [row]] = await ask(
    db.batch([
      db
        .update(workshops)
        .set({
          closedAtMs: sql`coalesce(${workshops.closedAtMs}, ${at(nowMs)})`,
          keysAtMs: sql`case when ${keysDeletedAtMs} is null then ${at(dates.keysAtMs)} else ${keysAtMs} end`,
          eraseAtMs: dates.eraseAtMs,
        })
        .where(and(eq(workshops.id, id), isNull(workshops.erasedAtMs)))
        .returning({ changed: sql`1` }),
      selectListed(db).where(eq(workshops.id, id)),
    ]),
  );
  const workshop = listedOf(row);
  return workshop && changed.length === 0 ? "erased" : workshop;
}

/** Opens it again, whatever has become of its keys; see {@link closeWorkshop}. */
export async function reopenWorkshop(db: Database, id: WorkshopId): Promise<ListedWorkshop | "erased" | undefined> {
  const [, [row]] = await ask(
    db.batch([
      db
        .update(workshops)
        .set({ closedAtMs: null, keysAtMs: null, keysDeletedAtMs: null, eraseAtMs: null })
        .where(and(eq(workshops.id, id), isNull(workshops.erasedAtMs))),
      selectListed(db).where(eq(workshops.id, id)),
    ]),
  );
  const workshop = listedOf(row);
  return workshop && workshop.closing !== null ? "erased" : workshop;
}

/** What a row says of its workshop's end; `closing` null: it is not closed. `undefined`: there is no such workshop. */
export type ClosingRow = { readonly closing: WorkshopClosing | null } | undefined;

export async function findClosing(db: Database, id: WorkshopId): Promise<ClosingRow> {
  const [row] = await ask(selectClosing(db, id));
  return row && { closing: closingOf(row) };
}

/**
 * Deletes the keys of a workshop whose row says that it is time; their hints stay.
 *
 * @param isDone no live call holds one any more either: so it is written down that they are deleted.
 */
export async function deleteKeysIfDue(
  db: Database,
  id: WorkshopId,
  nowMs: number,
  isDone: boolean,
): Promise<ClosingRow> {
  const due = dueBy(id, workshops.keysAtMs, nowMs);
  const [, , , [row]] = await ask(
    db.batch([
      lockWorkshops(db, eq(workshops.id, id)),
      db
        .update(students)
        .set({ ...keyColumns(null), updatedAt: sql`now()` })
        .where(and(eq(students.workshopId, id), isNotNull(students.sealedKey), ifThereIs(db, due))),
      db
        .update(workshops)
        .set({ keysDeletedAtMs: sql`coalesce(${workshops.keysDeletedAtMs}, ${at(nowMs)})` })
        .where(and(due, sql`${isDone}::boolean`)),
      selectClosing(db, id),
    ]),
  );
  return row && { closing: closingOf(row) };
}

/**
 * Erases the students of a workshop whose row says that it is time: rows, keys, prompts, calls and transcripts, all or
 * nothing. Sums stay: what the instructor has paid in the ledger, without names, and the rest in the workshop's row. Whoever
 * has slipped in since goes when it is asked for again.
 */
export async function eraseIfDue(db: Database, id: WorkshopId, nowMs: number): Promise<ClosingRow> {
  const due = dueBy(id, workshops.eraseAtMs, nowMs);
  const theirs = and(eq(students.workshopId, id), ifThereIs(db, due));
  const tokens = () => db.select({ token: students.sessionToken }).from(students).where(theirs);
  const results = await ask(
    db.batch([
      lockWorkshops(db, eq(workshops.id, id)),
      // Whatever is archived just then waits, and finds nobody.
      tokens().for("update"),
      addErasedSums(db, due, { whose: theirs, keepsOwn: true }),
      db.delete(charges).where(and(eq(charges.payer, "student"), inArray(charges.sessionToken, tokens()))),
      db
        .update(charges)
        .set({ sessionToken: null })
        .where(and(eq(charges.workshopId, id), ifThereIs(db, due))),
      db.delete(students).where(theirs),
      db.delete(calls).where(and(eq(calls.workshopId, id), ifThereIs(db, due))),
      db
        .update(workshops)
        .set({
          keysDeletedAtMs: sql`coalesce(${workshops.keysDeletedAtMs}, ${at(nowMs)})`,
          erasedAtMs: sql`coalesce(${workshops.erasedAtMs}, ${at(nowMs)})`,
        })
        .where(due),
      selectClosing(db, id),
    ]),
  );
  const [row] = results[8];
  return row && { closing: closingOf(row) };
}

const at = (atMs: number): SQL => sql`${sql.param(atMs, workshops.closedAtMs)}::timestamptz`;

/** The workshop's row, if it is closed and one of its dates has come. */
const dueBy = (id: WorkshopId, date: typeof workshops.keysAtMs | typeof workshops.eraseAtMs, nowMs: number): SQL =>
  sql`${workshops.id} = ${id} and ${workshops.closedAtMs} is not null and coalesce(${date}, ${workshops.closedAtMs}) <= ${at(nowMs)}`;

const ifThereIs = (db: Database, workshop: SQL): SQL =>
  sql`exists ${db.select({ found: sql`1` }).from(workshops).where(workshop)}`;

const selectClosing = (db: Database, id: WorkshopId) =>
  db
    .select({
      closedAtMs: workshops.closedAtMs,
      keysAtMs: workshops.keysAtMs,
      keysDeletedAtMs: workshops.keysDeletedAtMs,
      eraseAtMs: workshops.eraseAtMs,
      erasedAtMs: workshops.erasedAtMs,
    })
    .from(workshops)
    .where(eq(workshops.id, id));
