import { inArray, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import type { Database } from "./database.ts";
import { calls, charges, students, workshops } from "./schema.ts";

/*
 * What stays of students who were erased: sums of them all, in their workshop's row. Their calls and what their own keys
 * have paid are gone; what the instructor has paid stays in the ledger, without a name.
 */

const count = z.int().nonnegative().catch(0);
const Sums = z.object({ calls: count, ms: count, ownMicroUsd: count, ownUnpriced: count });
export type ErasedSums = z.infer<typeof Sums>;

const NOTHING: ErasedSums = { calls: 0, ms: 0, ownMicroUsd: 0, ownUnpriced: 0 };

/** Of a row's column; `null`, as whatever nobody can read, is nothing. */
export const erasedSumsOf = (column: unknown): ErasedSums => Sums.safeParse(column).data ?? NOTHING;

/** Whoever changes a workshop and its students takes this lock first, in a statement of its own. */
export const lockWorkshops = (db: Database, which: SQL) =>
  db.select({ id: workshops.id }).from(workshops).where(which).for("no key update");

/**
 * Adds students who are about to be erased to the sums of their workshop, in the transaction that erases them.
 *
 * @param which the workshop's row.
 * @param gone `whose`: the students' rows; `keepsOwn`: also what their own keys have paid.
 */
export function addErasedSums(
  db: Database,
  which: SQL | undefined,
  gone: { readonly whose: SQL | undefined; readonly keepsOwn: boolean },
) {
  const tokens = db.select({ token: students.sessionToken }).from(students).where(gone.whose);
  const theirCalls = inArray(calls.sessionToken, tokens);
  const ms = sql`greatest(extract(epoch from ${calls.endedAtMs} - ${calls.startedAtMs}) * 1000, 0)`;
  const own = sql`from ${charges} where ${inArray(charges.sessionToken, tokens)} and ${charges.payer} = 'student' and ${charges.state} <> 'void'`;
  const added: Readonly<Record<keyof ErasedSums, SQL>> = {
    calls: sql`(select count(*) from ${calls} where ${theirCalls})`,
    ms: sql`(select coalesce(round(sum(${ms})), 0) from ${calls} where ${theirCalls})`,
    ownMicroUsd: gone.keepsOwn ? sql`(select coalesce(sum(greatest(${charges.costMicroUsd}, 0)), 0) ${own})` : sql`0`,
    ownUnpriced: gone.keepsOwn ? sql`(select count(*) filter (where ${charges.costMicroUsd} is null) ${own})` : sql`0`,
  };
  const sums = Object.entries(added).map(([name, more]) => {
    const before = sql`coalesce((${workshops.erasedSums} ->> ${name}::text)::numeric, 0)`;
    return sql`${name}::text, (${before} + ${more})::bigint`;
  });
  return db
    .update(workshops)
    .set({ erasedSums: sql`jsonb_build_object(${sql.join(sums, sql`, `)})` })
    .where(which);
}
