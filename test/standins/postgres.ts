import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PGlite, protocol } from "@electric-sql/pglite";
import { DatabaseError, Pool, type PoolClient, type QueryArrayConfig } from "pg";
import { lockDataDir } from "./data-dir-lock.ts";
import { COPY_FROM_STDIN, COPY_REFUSED, PgliteSession } from "./pglite-session.ts";

export { DataDirInUse, lockDataDir } from "./data-dir-lock.ts";
export { servePsql } from "./psql.ts";

declare module "pg" {
  interface ClientBase {
    /** What the last ReadyForQuery said; missing in the types of 8.15. */
    getTransactionStatus(): "I" | "T" | "E" | null;
  }
}

/** One statement. Parameters are PostgreSQL text or null. */
export interface PgQuery {
  readonly text: string;
  readonly params: readonly (string | null)[];
}

/** What came back, every value as PostgreSQL's text or null. */
export interface PgResult {
  readonly fields: readonly PgField[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** First word of the command tag. */
  readonly command: string;
  readonly rowCount: number | null;
}

export interface PgField {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
}

export interface TransactionOptions {
  readonly isolation?: "READ UNCOMMITTED" | "READ COMMITTED" | "REPEATABLE READ" | "SERIALIZABLE" | undefined;
  readonly readOnly?: boolean | undefined;
  readonly deferrable?: boolean | undefined;
}

/** A PostgreSQL as its wire protocol tells it, whichever it is. Both methods throw {@link PgError}. */
export interface PgDatabase {
  /** What a client must know to get in. */
  readonly password: string;
  run(query: PgQuery): Promise<PgResult>;
  /** One transaction, rolled back whole on any error. */
  batch(queries: readonly PgQuery[], options?: TransactionOptions): Promise<readonly PgResult[]>;
  close(): Promise<void>;
}

export interface PgliteDatabase extends PgDatabase {
  /** For migrations and dumps, while nothing else runs. */
  readonly pglite: PGlite;
  readonly session: PgliteSession;
}

/** The fields of PostgreSQL's ErrorResponse, in the order and with the names in which Neon's endpoint gives them. */
export const PG_ERROR_FIELDS = [
  "code",
  "severity",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "where",
  "schema",
  "table",
  "column",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine",
] as const;
export type PgErrorFields = { readonly [Field in (typeof PG_ERROR_FIELDS)[number]]?: string | undefined };

export class PgError extends Error {
  readonly fields: PgErrorFields;

  constructor(message: string, fields: PgErrorFields) {
    super(message);
    this.name = "PgError";
    this.fields = fields;
  }
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

type Run = (query: PgQuery) => Promise<PgResult>;

async function inTransaction(
  run: Run,
  queries: readonly PgQuery[],
  options: TransactionOptions = {},
): Promise<readonly PgResult[]> {
  const { isolation = "READ COMMITTED", readOnly = false, deferrable = false } = options;
  const modes = `ISOLATION LEVEL ${isolation} ${readOnly ? "READ ONLY" : "READ WRITE"} ${deferrable ? "" : "NOT "}DEFERRABLE`;
  const statement = (text: string): PgQuery => ({ text, params: [] });
  await run(statement(`BEGIN ${modes}`));
  try {
    const results: PgResult[] = [];
    for (const query of queries) results.push(await run(query));
    await run(statement("COMMIT"));
    return results;
  } catch (error) {
    await run(statement("ROLLBACK"));
    throw error;
  }
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
      await session.rollBack(owner);
      session.release(owner);
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

/**
 * An image of an empty database, because making one takes seconds. It lies where packages keep what they make, so that
 * `npm ci` throws it away with the package.
 */
async function imagePath(): Promise<string> {
  const modules = join(import.meta.dirname, "../../node_modules");
  const { version } = JSON.parse(await readFile(join(modules, "@electric-sql/pglite/package.json"), "utf8"));
  return join(modules, ".cache/callroom", `pglite-${version}.tar`);
}

async function openInMemory(): Promise<PGlite> {
  const image = await imagePath();
  if (existsSync(image)) return PGlite.create({ loadDataDir: new Blob([await readFile(image)]) });
  const pglite = await PGlite.create();
  const dump = await pglite.dumpDataDir("none");
  await mkdir(dirname(image), { recursive: true });
  // Renamed into place: test files start at once, and none may read half an image.
  const unfinished = `${image}.${process.pid}`;
  await writeFile(unfinished, new Uint8Array(await dump.arrayBuffer()));
  await rename(unfinished, image);
  return pglite;
}

/** Makes an empty database in a new folder; a start that is interrupted leaves nothing that the next one trips over. */
async function makeFolder(dataDir: string): Promise<void> {
  const image = await imagePath();
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  const loadDataDir = existsSync(image) ? new Blob([await readFile(image)]) : undefined;
  const pglite = await PGlite.create({ dataDir: unfinished, ...(loadDataDir && { loadDataDir }) });
  await pglite.close();
  await rename(unfinished, dataDir);
}
