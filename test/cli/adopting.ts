import { createHash } from "node:crypto";
import type { PGlite } from "@electric-sql/pglite";
import { type AdoptSurroundings, adoptCommand } from "../../src/cli/adopt-command.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { migratePglite } from "../../src/store/migrations.ts";
import { openPredecessor } from "../../src/store/predecessor.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { unseal } from "../../src/vault/seal.ts";
import { type NeonStandin, startNeonStandin } from "../standins/neon.ts";
import { openPglite, type PgliteDatabase, servePsql } from "../standins/postgres.ts";
import { randomBytes } from "../vault/samples.ts";

/** Callroom's master key in these tests; the predecessor's is its own. */
export const OUR_KEY = "5f".repeat(15) + "a1".repeat(17);

type Cell = string | number | boolean | null | object;
export type Row = Readonly<Record<string, Cell>>;

export interface OldDatabase {
  readonly pglite: PGlite;
  readonly url: string;
  close(): Promise<void>;
}

/** A database on which nothing runs yet, behind PostgreSQL's wire protocol. */
export async function openOldDatabase(): Promise<OldDatabase> {
  const postgres = await openPglite();
  const psql = await servePsql(postgres, { port: 0 });
  return {
    pglite: postgres.pglite,
    url: `postgres://postgres:secret-of-the-source@127.0.0.1:${psql.port}/postgres`,
    close: async () => {
      await psql.close();
      await postgres.close();
    },
  };
}

export interface NewDatabase {
  readonly pglite: PGlite;
  readonly db: Database;
  readonly neon: NeonStandin;
  readonly postgres: PgliteDatabase;
  close(): Promise<void>;
}

/** Callroom's: migrated, and reached over Neon's endpoint. */
export async function openNewDatabase(postgres?: PgliteDatabase): Promise<NewDatabase> {
  const opened = postgres ?? (await openPglite());
  await migratePglite(opened.pglite);
  const neon = await startNeonStandin({ database: opened });
  return {
    pglite: opened.pglite,
    db: openDatabase({ url: neon.url, httpEndpoint: neon.endpoint }, 10_000),
    neon,
    postgres: opened,
    close: async () => {
      await neon.close();
      await opened.close();
    },
  };
}

export interface Run {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** `npm run adopt` into a database; `variables` are those of its environment. */
export async function adopt(
  into: Pick<NewDatabase, "neon"> | undefined,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  changes: Partial<AdoptSurroundings> = {},
): Promise<Run> {
  const all: Readonly<Record<string, string>> = { ENCRYPTION_KEY: OUR_KEY, ...variables };
  const database = into && { url: into.neon.url, httpEndpoint: into.neon.endpoint };
  const [out, err]: [string[], string[]] = [[], []];
  const exitCode = await adoptCommand(args, {
    configuration: () => ({ variable: (name) => all[name], endpoints: undefined, database }),
    out: { write: (text) => out.push(text) },
    err: { write: (text) => err.push(text) },
    randomBytes,
    openDatabase: (address) => openDatabase(address, 10_000),
    openPredecessor,
    ...changes,
  });
  return { exitCode, out: out.join(""), err: err.join("") };
}

/** Every byte of the table there is, the rows' own bookkeeping too, and whether anything at all was written since. */
export async function fingerprint(pglite: PGlite, table = "student_configs"): Promise<string> {
  const { rows } = await pglite.query<Row>(
    `select ctid::text, xmin::text, xmax::text, t::text from ${table} t order by ctid`,
  );
  const { rows: clock } = await pglite.query<Row>("select pg_snapshot_xmax(pg_current_snapshot())::text as next_write");
  return createHash("sha256")
    .update(JSON.stringify([rows, clock]))
    .digest("hex");
}

export async function rowsIn(pglite: PGlite): Promise<Map<string, Row>> {
  const { rows } = await pglite.query<Row>(
    "select *, created_at::text as created, updated_at::text as updated from student_configs order by session_token",
  );
  return new Map(rows.map((row) => [textOf(row.session_token), row]));
}

/** What a row's key says under Callroom's own master key. */
export const openedHere = (row: Row | undefined, sessionToken: string): Promise<string> =>
  openedUnder(OUR_KEY, row, sessionToken);

export async function openedUnder(hex: string, row: Row | undefined, sessionToken: string): Promise<string> {
  const keys = await loadMasterKeys(hex, []);
  return (await unseal(keys, { purpose: "openai-key", sessionToken }, textOf(row?.openai_api_key))).plaintext;
}

const textOf = (cell: Cell | undefined): string => (typeof cell === "string" ? cell : "");
