import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { Client } from "pg";
import * as z from "zod";

/*
 * Applies `drizzle/` to a database. For Node only, never part of the Worker. drizzle's own migrators are not used: that
 * for Neon over HTTP has no transaction, that for a server looks up what was applied before it begins one, so two
 * deployments at once would apply a migration twice; and none says what it did. The table they would keep is kept.
 */

/** Where it is noted what was applied. Not drizzle's default: a predecessor that used it would hide our migrations. */
export const MIGRATIONS = { schema: "drizzle", table: "callroom_migrations" } as const;

/** Key of the advisory lock that is held while migrating: any number, as long as it stays the same. */
const MIGRATION_LOCK = 4_207_001;

const JOURNAL = z.object({ entries: z.array(z.object({ tag: z.string() })) });
const NEWEST = z.tuple([z.object({ newest: z.number() })]);

/**
 * Brings a PostgreSQL server (Neon or any other) up to date, in one transaction.
 *
 * @returns the names of the migrations that were applied now, in order.
 * @throws what `pg` or the server says, and then nothing was changed.
 */
export async function migrateServer(url: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return await applyNew(client);
  } finally {
    await client.end();
  }
}

/** Brings an embedded database up to date; see {@link migrateServer}. Nothing else may use it meanwhile. */
export function migratePglite(pglite: PGlite): Promise<readonly string[]> {
  return applyNew(pglite);
}

interface Session {
  query(text: string, params?: unknown[]): Promise<{ rows: unknown[] }>;
}

async function applyNew(session: Session): Promise<readonly string[]> {
  const migrationsFolder = join(import.meta.dirname, "../../drizzle");
  const journal = JOURNAL.parse(JSON.parse(await readFile(join(migrationsFolder, "meta/_journal.json"), "utf8")));
  const table = `"${MIGRATIONS.schema}"."${MIGRATIONS.table}"`;
  const applied: string[] = [];
  await session.query("begin");
  try {
    // Bound to the transaction: through a pooler, a lock of the session could outlive us.
    await session.query("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await session.query(`create schema if not exists "${MIGRATIONS.schema}"`);
    await session.query(
      `create table if not exists ${table} (id serial primary key, hash text not null, created_at bigint)`,
    );
    const found = await session.query(`select coalesce(max(created_at), 0)::float8 as newest from ${table}`);
    const [{ newest }] = NEWEST.parse(found.rows);
    for (const [index, migration] of readMigrationFiles({ migrationsFolder }).entries()) {
      if (migration.folderMillis <= newest) continue;
      for (const statement of migration.sql) await session.query(statement);
      await session.query(`insert into ${table} (hash, created_at) values ($1, $2)`, [
        migration.hash,
        migration.folderMillis,
      ]);
      applied.push(journal.entries[index]?.tag ?? `number ${index}`);
    }
    await session.query("commit");
    return applied;
  } catch (error) {
    // Of a lost connection the server rolls back by itself.
    await session.query("rollback").catch(() => {});
    throw error;
  }
}
