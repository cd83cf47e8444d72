import { randomBytes } from "node:crypto";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { migratePglite, migrateServer } from "../../src/store/migrations.ts";
import { type NeonStandin, startNeonStandin } from "../standins/neon.ts";
import { openPglite, openServer, type PgDatabase } from "../standins/postgres.ts";

/** What a `beforeAll` that opens a database may take, on a machine that may be busy. */
export const OPEN_MS = 60_000;

export type Row = Record<string, string | null>;

export interface DatabaseUnderTest {
  /** Through Neon's endpoint, as the Worker has it. */
  readonly db: Database;
  readonly neon: NeonStandin;
  /** Straight to PostgreSQL; values come as its text. */
  sql(text: string, ...params: (string | null)[]): Promise<Row[]>;
  migrate(): Promise<readonly string[]>;
  /** Everything gone, the migrations' notes included. */
  wipe(): Promise<void>;
  close(): Promise<void>;
}

/**
 * An empty database in this process, or a fresh one on the server of `TEST_DATABASE_URL`: the same tests then run against
 * a real PostgreSQL.
 */
export async function openDatabaseUnderTest(timeoutMs = 10_000): Promise<DatabaseUnderTest> {
  const given = process.env.TEST_DATABASE_URL;
  const { postgres, migrate, drop } = given ? await freshOn(given) : await embedded();
  const neon = await startNeonStandin({ database: postgres });
  const sql = async (text: string, ...params: (string | null)[]): Promise<Row[]> => {
    const { fields, rows } = await postgres.run({ text, params });
    return rows.map((row) => Object.fromEntries(fields.map(({ name }, at) => [name, row[at] ?? null])));
  };
  return {
    db: openDatabase({ url: neon.url, httpEndpoint: neon.endpoint }, timeoutMs),
    neon,
    sql,
    migrate,
    wipe: async () => {
      await sql("drop schema public cascade");
      await sql("create schema public");
      await sql("drop schema if exists drizzle cascade");
    },
    close: async () => {
      await neon.close();
      await postgres.close();
      await drop();
    },
  };
}

interface Opened {
  readonly postgres: PgDatabase;
  readonly migrate: () => Promise<readonly string[]>;
  readonly drop: () => Promise<void>;
}

async function embedded(): Promise<Opened> {
  const postgres = await openPglite();
  return { postgres, migrate: () => migratePglite(postgres.pglite), drop: async () => {} };
}

async function freshOn(server: string): Promise<Opened> {
  const name = `callroom_test_${randomBytes(6).toString("hex")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  const admin = openServer(server);
  await admin.run({ text: `create database ${name}`, params: [] });
  return {
    postgres: openServer(url.href),
    migrate: () => migrateServer(url.href),
    drop: async () => {
      await admin.run({ text: `drop database ${name} with (force)`, params: [] });
      await admin.close();
    },
  };
}
