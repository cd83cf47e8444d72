import { existsSync } from "node:fs";
import { PGlite, protocol } from "@electric-sql/pglite";
import { DatabaseError, Pool, type PoolClient, type QueryArrayConfig } from "pg";
import { lockDataDir } from "./data-dir-lock.ts";
import {
  inTransaction,
  PG_ERROR_FIELDS,
  type PgDatabase,
  PgError,
  type PgField,
  type PgQuery,
  type PgResult,
  type Run,
} from "./pg-database.ts";
import { makeFolder, openInMemory } from "./pglite-image.ts";
import { COPY_FROM_STDIN, COPY_REFUSED, PgliteSession } from "./pglite-session.ts";

export { DataDirInUse, lockDataDir } from "./data-dir-lock.ts";
export { type PgDatabase, PgError, type PgQuery, type PgResult } from "./pg-database.ts";
export { servePsql } from "./psql.ts";

declare module "pg" {
  interface ClientBase {
    /** What the last ReadyForQuery said; missing in the types of 8.15. */
    getTransactionStatus(): "I" | "T" | "E" | null;
  }
}

export interface PgliteDatabase extends PgDatabase {
  /** For migrations and dumps, while nothing else runs. */
  readonly pglite: PGlite;
  readonly session: PgliteSession;
}

/** How long a query of ours waits while a psql has a transaction open. */
const SESSION_WAIT_MS = 2_000;

/**
 * PostgreSQL inside this process: in memory, or kept in `dataDir`, which is then locked until `close`.
 *
 * @throws DataDirInUse when a live process has `dataDir` open.
 */
export async function openPglite(options: { readonly dataDir?: string | undefined } = {}): Promise<PgliteDatabase> {
  const { dataDir } = options;
  if (dataDir === undefined) return pgliteDatabase(await openInMemory(), () => {});
  const unlock = lockDataDir(dataDir, `${dataDir}.lock`);
  try {
    if (!existsSync(dataDir)) await makeFolder(dataDir);
    return pgliteDatabase(await PGlite.create(dataDir), unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Any PostgreSQL server, by its URL. */
export function openServer(url: string): PgDatabase {
  const pool = new Pool({
    connectionString: url,
    max: 8,
    types: { getTypeParser: () => (value: string) => value },
  });
  // A server that goes away under idle connections is seen by the next query.
  pool.on("error", () => {});
  const lease = async <Result>(use: (run: Run) => Promise<Result>): Promise<Result> => {
    const client = await pool.connect().catch((error: unknown) => Promise.reject(pgErrorOf(error)));
    try {
      return await use((query) => runOnServer(client, query));
    } finally {
      // A connection that is lost, or left in a transaction, is thrown away.
      client.release(client.getTransactionStatus() !== "I");
    }
  };
  return {
    password: decodeURIComponent(new URL(url).password),
    run: (query) => lease((run) => run(query)),
    batch: (queries, transaction) => lease((run) => inTransaction(run, queries, transaction)),
    close: () => pool.end(),
  };
}

async function runOnServer(client: PoolClient, { text, params }: PgQuery): Promise<PgResult> {
  const query: QueryArrayConfig & { queryMode: "extended" } = {
    text,
    values: [...params],
    rowMode: "array",
    queryMode: "extended",
  };
  try {
    const { fields, rows, command, rowCount } = await client.query<(string | null)[]>(query);
    return { fields: fields.map(fieldOf), rows, command, rowCount };
  } catch (error) {
    throw pgErrorOf(error);
  }
}

function pgliteDatabase(pglite: PGlite, unlock: () => void): PgliteDatabase {
  const session = new PgliteSession(pglite);
  const lease = async <Result>(use: (run: Run) => Promise<Result>): Promise<Result> => {
    const owner = {};
    const patience = setTimeout(() => session.leave(owner), SESSION_WAIT_MS);
    const isMine = await session.take(owner);
    clearTimeout(patience);
    if (!isMine) {
      throw new PgError("another client of the embedded database has a transaction open", {
        code: "55P03",
        severity: "ERROR",
      });
    }
    try {
      return await use((query) => runOnPglite(session, owner, query));
    } finally {
      await session.rollBack(owner).finally(() => session.release(owner));
    }
  };
  return {
    password: "postgres",
    pglite,
    session,
    run: (query) => lease((run) => run(query)),
    batch: (queries, transaction) => lease((run) => inTransaction(run, queries, transaction)),
    close: async () => {
      await pglite.close();
      unlock();
    },
  };
}

async function runOnPglite(session: PgliteSession, owner: object, { text, params }: PgQuery): Promise<PgResult> {
  if (COPY_FROM_STDIN.test(text)) throw new PgError(COPY_REFUSED, { code: "0A000", severity: "ERROR" });
  const { serialize, messages, Parser } = protocol;
  const request = [
    serialize.parse({ text }),
    serialize.bind({ values: [...params] }),
    serialize.describe({ type: "P" }),
    serialize.execute({}),
    serialize.sync(),
  ];
  const reply = await session.exchange(owner, Buffer.concat(request));
  let fields: readonly PgField[] = [];
  let tag = "";
  const rows: (string | null)[][] = [];
  new Parser().parse(Buffer.from(reply), (message) => {
    if (message instanceof messages.DatabaseError) throw pgErrorOf(message);
    if (message instanceof messages.RowDescriptionMessage) fields = message.fields.map(fieldOf);
    if (message instanceof messages.DataRowMessage) rows.push(message.fields);
    if (message instanceof messages.CommandCompleteMessage) tag = message.text;
  });
  const count = /\d+$/.exec(tag)?.[0];
  return { fields, rows, command: tag.split(" ")[0] ?? "", rowCount: count === undefined ? null : Number(count) };
}

const fieldOf = ({ name, tableID, columnID, dataTypeID, dataTypeSize, dataTypeModifier }: PgField): PgField => ({
  name,
  tableID,
  columnID,
  dataTypeID,
  dataTypeSize,
  dataTypeModifier,
});

/** Takes the fields over one by one: both drivers' errors have them under these names. Anything else is no answer. */
function pgErrorOf(error: unknown): PgError {
  if (error instanceof DatabaseError || error instanceof protocol.messages.DatabaseError) {
    return new PgError(error.message, Object.fromEntries(PG_ERROR_FIELDS.map((field) => [field, error[field]])));
  }
  return new PgError("the server cannot be reached", { code: "08006", severity: "FATAL" });
}
