import { sql } from "drizzle-orm";
import { getTableConfig } from "drizzle-orm/pg-core";
import * as z from "zod";
import { ask, type Database } from "./database.ts";
import * as schema from "./schema.ts";

/** What the code reads and writes, as `table.column`. */
const EXPECTED = Object.values(schema).flatMap((table) => {
  const { name, columns } = getTableConfig(table);
  return columns.map((column) => `${name}.${column.name}`);
});

const row = z.object({ now_ms: z.coerce.number(), columns: z.array(z.string()).nullable() });

/**
 * The database's clock, milliseconds since 1970, and the columns that the code needs and the database has not, as
 * `table.column`: none when every migration is applied.
 *
 * @throws Failure `database_unavailable`.
 */
export async function probeDatabase(
  db: Database,
): Promise<{ readonly nowMs: number; readonly missingColumns: readonly string[] }> {
  const { rows } = await ask(
    db.execute(sql`select extract(epoch from clock_timestamp()) * 1000 as now_ms, (
      select array_agg(table_name || '.' || column_name)::text[] from information_schema.columns
      where table_schema = any (current_schemas(false))
    ) as columns`),
  );
  const { now_ms: nowMs, columns } = row.parse(rows[0]);
  const there = new Set(columns);
  return { nowMs: Math.round(nowMs), missingColumns: EXPECTED.filter((column) => !there.has(column)) };
}

/** Whether a query is answered at all, whatever tables there are. Never rejects. */
export const answersQuery = (db: Database): Promise<boolean> =>
  db.execute(sql`select 1`).then(
    () => true,
    () => false,
  );
