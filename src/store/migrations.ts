import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { type SQL, sql } from "drizzle-orm";
import { drizzle as drizzleServer } from "drizzle-orm/node-postgres";
import { migrate as migrateWithServer } from "drizzle-orm/node-postgres/migrator";
import { drizzle as drizzlePglite } from "drizzle-orm/pglite";
import { migrate as migrateWithPglite } from "drizzle-orm/pglite/migrator";
import { Client } from "pg";
import * as z from "zod";

/*
 * Applies `drizzle/` to a database. For Node only, never part of the Worker: drizzle's migrator for Neon over HTTP runs
 * statement by statement, so a failure would leave half a migration; both of these run in one transaction.
 */

/** Where drizzle notes what it applied. Not its default table: a predecessor that used it would hide our migrations. */
export const MIGRATIONS = { migrationsSchema: "drizzle", migrationsTable: "callroom_migrations" } as const;

/** Key of the advisory lock under which a server is migrated: two deployments at once apply each migration once. */
const MIGRATION_LOCK = 4_207_001;

const JOURNAL = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.number() })) });

/**
 * Brings a PostgreSQL server (Neon or any other) up to date.
 *
 * @returns the names of the migrations that were applied now, in order.
 * @throws what `pg` or the server says, and then nothing was changed.
 */
export async function migrateServer(url: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: url });
  // A second connection holds the lock, bound to a transaction: through a pooler, a lock of the session could outlive us.
  const lock = new Client({ connectionString: url });
  try {
    await lock.connect();
    await lock.query("begin");
    await lock.query("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await client.connect();
    const db = drizzleServer({ client });
    return await notingNames(db, (config) => migrateWithServer(db, config));
  } finally {
    await Promise.allSettled([client.end(), lock.end()]);
  }
}

/** Brings an embedded database up to date; see {@link migrateServer}. Nothing else may use it meanwhile. */
export async function migratePglite(pglite: PGlite): Promise<readonly string[]> {
  const db = drizzlePglite({ client: pglite });
  return notingNames(db, (config) => migrateWithPglite(db, config));
}

interface Executor {
  execute(query: SQL): PromiseLike<{ rows: unknown[] }>;
}

async function notingNames(
  db: Executor,
  migrate: (config: typeof MIGRATIONS & { migrationsFolder: string }) => Promise<void>,
): Promise<readonly string[]> {
  const migrationsFolder = join(import.meta.dirname, "../../drizzle");
  const journal = JOURNAL.parse(JSON.parse(await readFile(`${migrationsFolder}/meta/_journal.json`, "utf8")));
  const newest = await newestApplied(db);
  await migrate({ ...MIGRATIONS, migrationsFolder });
  // The migrator's own rule: everything younger than the youngest that was applied.
  return journal.entries.filter((entry) => entry.when > newest).map((entry) => entry.tag);
}

async function newestApplied(db: Executor): Promise<number> {
  const table = sql`${sql.identifier(MIGRATIONS.migrationsSchema)}.${sql.identifier(MIGRATIONS.migrationsTable)}`;
  const name = `${MIGRATIONS.migrationsSchema}.${MIGRATIONS.migrationsTable}`;
  const found = await db.execute(sql`select to_regclass(${name})::text as "name"`);
  if (z.object({ name: z.string() }).safeParse(found.rows[0]).error) return 0;
  const { rows } = await db.execute(sql`select coalesce(max(created_at), 0)::float8 as "when" from ${table}`);
  return z.object({ when: z.number() }).parse(rows[0]).when;
}
