import { Client, DatabaseError } from "pg";
import * as z from "zod";
import {
  COLUMNS,
  IDENTITY_SQL,
  IdentityRow,
  type PredecessorKey,
  type PredecessorRow,
  TABLE,
  type TableIdentity,
} from "./predecessor-table.ts";

/*
 * The deployment before, read from its own database: for Node only, never part of the Worker. Nothing is written there:
 * every row comes out of one transaction that PostgreSQL itself holds to reading, as of one moment.
 */

export type PredecessorProblem =
  | "not-a-url"
  /** Nobody answers there, or the connection was lost. */
  | "no-answer"
  /** The certificate, or the other side does not speak TLS. */
  | "tls"
  | "login-refused"
  | "no-database"
  | "no-table"
  | "no-token-column"
  | "not-permitted"
  | "other";

/** Has no text of the driver's or the server's: they quote addresses, users and values. */
export class PredecessorUnreadable extends Error {
  readonly problem: PredecessorProblem;

  constructor(problem: PredecessorProblem) {
    super("The predecessor's database cannot be read.");
    this.name = "PredecessorUnreadable";
    this.problem = problem;
  }
}

export interface Predecessor {
  readonly identity: TableIdentity;
  /** Columns of its table that are not taken, and those that it has not. */
  readonly columns: { readonly unknown: readonly string[]; readonly missing: readonly string[] };
  /** How many rows there are, now. */
  count(): Promise<number>;
  /** All rows as of one moment; see {@link PredecessorSnapshot}. The connection is for nothing else meanwhile. */
  reading<Result>(read: (snapshot: PredecessorSnapshot) => Promise<Result>): Promise<Result>;
  /** Never rejects. */
  close(): Promise<void>;
}

/** The table as it was when the reading began. Each may be asked more than once. */
export interface PredecessorSnapshot {
  readonly rows: number;
  /** Every row, those of one token behind each other and the last saved first. */
  pages(pageRows: number): AsyncGenerator<readonly PredecessorRow[]>;
  /** Every value of the key's column, with its row's token. */
  keys(pageRows: number): AsyncGenerator<readonly PredecessorKey[]>;
}

const CONNECT_MS = 15_000;
/** One page, or sorting the table before the first. */
const QUERY_MS = 120_000;

/**
 * Connects, and looks at what the table is like.
 *
 * @throws PredecessorUnreadable.
 */
export async function openPredecessor(url: string): Promise<Predecessor> {
  const client = clientOf(url);
  // Of a connection that is lost between two queries the next one tells.
  client.on("error", () => {});
  const ask: Ask = async (text, params = []) => {
    try {
      return (await client.query({ text, values: [...params] })).rows;
    } catch (thrown) {
      throw problemOf(thrown);
    }
  };
  const close = (): Promise<void> => client.end().catch(() => {});
  try {
    await client.connect();
    return { ...(await described(ask)), close };
  } catch (thrown) {
    await close();
    throw thrown instanceof PredecessorUnreadable ? thrown : problemOf(thrown);
  }
}

type Ask = (text: string, params?: readonly string[]) => Promise<unknown[]>;

const ColumnRow = z.array(z.object({ name: z.string(), type: z.string() }));
const Count = z.tuple([z.object({ rows: z.coerce.number().int() })]);

async function described(ask: Ask): Promise<Omit<Predecessor, "close">> {
  const [{ identity }] = z.tuple([IdentityRow]).parse(await ask(IDENTITY_SQL));
  if (identity === null) throw new PredecessorUnreadable("no-table");
  const columns = ColumnRow.parse(
    await ask(
      `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
       where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
      [TABLE],
    ),
  );
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const known = new Set<string>(Object.values(COLUMNS));
  if (!types.has(COLUMNS.token)) throw new PredecessorUnreadable("no-token-column");
  const count = async (): Promise<number> => Count.parse(await ask(`select count(*) as rows from ${TABLE}`))[0].rows;
  return {
    identity,
    columns: {
      unknown: [...types.keys()].filter((name) => !known.has(name)),
      missing: [...known].filter((name) => !types.has(name)),
    },
    count,
    reading: async (read) => {
      await ask("begin transaction isolation level repeatable read, read only");
      try {
        // Dates as ISO 8601, whatever its role prefers; forgotten with the transaction.
        await ask("set local datestyle to 'ISO, YMD'");
        return await read({
          rows: await count(),
          pages: (pageRows) => pages(ask, types, pageRows),
          keys: (pageRows) => keys(ask, types, pageRows),
        });
      } finally {
        // Of a lost connection the server rolls back by itself.
        await ask("rollback").catch(() => {});
      }
    },
  };
}

const Page = z.array(
  z.object({
    token: z.string().nullable(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    key: z.string().nullable(),
    prompt: z.string().nullable(),
    greeting: z.string().nullable(),
    voice: z.string().nullable(),
    tools: z.string().nullable(),
    createdAt: z.string().nullable(),
    updatedAt: z.string().nullable(),
  }) satisfies z.ZodType<PredecessorRow>,
);

type Types = ReadonlyMap<string, string>;

async function* pages(ask: Ask, types: Types, pageRows: number): AsyncGenerator<readonly PredecessorRow[]> {
  const selected = Object.entries(COLUMNS).map(([field, column]) => `${textOf(column, types)} as "${field}"`);
  const newestFirst = types.has(COLUMNS.updatedAt) ? `, ${COLUMNS.updatedAt} desc nulls last` : "";
  const order = `${COLUMNS.token}::text collate "C"${newestFirst}`;
  for await (const rows of fetched(ask, `select ${selected.join()} from ${TABLE} order by ${order}`, pageRows)) {
    yield Page.parse(rows);
  }
}

const Keys = z.array(z.object({ token: z.string(), key: z.string() }) satisfies z.ZodType<PredecessorKey>);

async function* keys(ask: Ask, types: Types, pageRows: number): AsyncGenerator<readonly PredecessorKey[]> {
  if (!types.has(COLUMNS.key)) return;
  const { token, key } = COLUMNS;
  const select = `select coalesce(${token}::text, '') as token, ${key}::text as key from ${TABLE} where ${key} is not null`;
  for await (const rows of fetched(ask, select, pageRows)) yield Keys.parse(rows);
}

/** A query's rows, a page at a time, through a cursor of the server's: nobody holds the whole table in memory. */
async function* fetched(ask: Ask, select: string, pageRows: number): AsyncGenerator<unknown[]> {
  await ask(`declare predecessor_rows no scroll cursor for ${select}`);
  try {
    for (;;) {
      const rows = await ask(`fetch ${pageRows} from predecessor_rows`);
      if (rows.length === 0) return;
      yield rows;
    }
  } finally {
    await ask("close predecessor_rows").catch(() => {});
  }
}

/**
 * A column as text. A date without time zone is read in the session's, as `now()` wrote it; what is no date at all comes
 * as the text that it is.
 */
function textOf(column: string, types: Types): string {
  const type = types.get(column);
  if (type === undefined) return "null::text";
  const isDate = column === COLUMNS.createdAt || column === COLUMNS.updatedAt;
  if (!isDate || !/^(timestamp|date)/.test(type)) return `${column}::text`;
  return `(${column}::timestamptz at time zone 'UTC')::text || '+00'`;
}

function clientOf(url: string): Client {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) throw new PredecessorUnreadable("not-a-url");
  const address = new URL(url);
  // `pg` means the same by both, and warns of the first.
  if (address.searchParams.get("sslmode") === "require") address.searchParams.set("sslmode", "verify-full");
  try {
    return new Client({
      connectionString: address.href,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: QUERY_MS,
      keepAlive: true,
      application_name: "callroom adopt",
    });
  } catch {
    throw new PredecessorUnreadable("not-a-url");
  }
}

/** What SQLSTATE or Node's code of the connection say (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
function problemOf(thrown: unknown): PredecessorUnreadable {
  return new PredecessorUnreadable(thrown instanceof DatabaseError ? refusalOf(thrown.code ?? "") : lossOf(thrown));
}

function refusalOf(sqlState: string): PredecessorProblem {
  if (sqlState.startsWith("28")) return "login-refused";
  if (sqlState === "3D000") return "no-database";
  if (sqlState === "42501") return "not-permitted";
  if (sqlState === "42P01") return "no-table";
  return ["08", "53", "57"].includes(sqlState.slice(0, 2)) ? "no-answer" : "other";
}

function lossOf(thrown: unknown): PredecessorProblem {
  const { code, message }: { code?: unknown; message?: unknown } = Object(thrown);
  const isAboutTls =
    /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(String(code)) || /\bSSL\b/.test(String(message));
  return isAboutTls ? "tls" : "no-answer";
}
