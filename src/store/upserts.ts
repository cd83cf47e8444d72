import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";

/** The value offered for a column by the insert that met an existing row. */
export function given(column: PgColumn): SQL {
  return sql`excluded.${sql.identifier(column.name)}`;
}

/** One `insert` may not meet the same row twice (21000); of two revisions of a row the higher one counts anyway. */
export function newestOfEach<Row extends { readonly seq: number; readonly revision: number }>(
  rows: readonly Row[],
): Row[] {
  const newest = new Map<number, Row>();
  for (const row of rows) {
    const known = newest.get(row.seq);
    if (!known || known.revision < row.revision) newest.set(row.seq, row);
  }
  return [...newest.values()];
}
