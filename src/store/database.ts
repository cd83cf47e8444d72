import { NeonDbError, neon, neonConfig } from "@neondatabase/serverless";
import { DrizzleQueryError } from "drizzle-orm";
import { drizzle, type NeonHttpDatabase } from "drizzle-orm/neon-http";
import { Failure } from "../failure.ts";

export interface DatabaseAddress {
  /** `postgresql://user:password@host/database`. */
  readonly url: string;
  /** Where SQL goes over HTTP; `undefined`: Neon's own endpoint for the host of `url`. */
  readonly httpEndpoint: string | undefined;
}

export type Database = NeonHttpDatabase<Record<string, never>>;

/**
 * Makes a client of the database. It holds no connection: make one for each request or call. Every query is one HTTP
 * request, and is given up `timeoutMs` after it was sent, its answer's last byte included.
 */
export function openDatabase(address: DatabaseAddress, timeoutMs: number): Database {
  const { url, httpEndpoint } = address;
  const journey: Journey = { httpEndpoint, timeoutMs };
  return drizzle({ client: neon(url, { fetchOptions: { journey } }) });
}

interface Journey {
  readonly httpEndpoint: string | undefined;
  readonly timeoutMs: number;
}

/*
 * The driver (1.2.0) takes its endpoint and its fetch from one global configuration, but hands the `fetchOptions` of each
 * client on to that fetch. So one function is set here, once, which keeps nothing and learns from its arguments where
 * this client's queries go: two databases in one isolate cannot take each other's. It reads the answer to its end,
 * because the driver reads it outside of what it reports as a failed connection.
 */
neonConfig.fetchFunction = async (
  neonEndpoint: string,
  { journey, ...init }: RequestInit & { journey: Journey },
): Promise<Response> => {
  // Not `AbortSignal.timeout`: nobody can take that back, and a call's object would stay awake until it fires.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), journey.timeoutMs);
  try {
    const response = await fetch(journey.httpEndpoint ?? neonEndpoint, { ...init, signal: late.signal });
    return new Response(await response.text(), { status: response.status });
  } finally {
    clearTimeout(timer);
  }
};

/** A failed query. It has no message of the driver's, which quotes the SQL with every parameter, and no `cause`. */
export class DatabaseFailure extends Failure {
  /** PostgreSQL's five-character code when the database itself refused; `undefined`: no answer, or none of a database. */
  readonly sqlState: string | undefined;

  constructor(sqlState: string | undefined, isUnavailable: boolean) {
    super(isUnavailable ? "database_unavailable" : "internal");
    this.name = "DatabaseFailure";
    this.sqlState = sqlState;
  }
}

/** SQLSTATE foreign_key_violation: what a row belongs to is not there, or not any more. */
export const isAboutParent = (thrown: unknown): boolean =>
  thrown instanceof DatabaseFailure && thrown.sqlState === "23503";

/**
 * Runs a query.
 *
 * @throws DatabaseFailure `database_unavailable` when it may succeed later, `internal` when it never will.
 */
export async function ask<Result>(query: PromiseLike<Result>): Promise<Result> {
  try {
    return await query;
  } catch (thrown) {
    throw failureOf(thrown);
  }
}

/** One statement throws the driver's error wrapped in drizzle's, a batch throws it bare. */
function failureOf(thrown: unknown): DatabaseFailure {
  const error = thrown instanceof DrizzleQueryError ? thrown.cause : thrown;
  if (error instanceof NeonDbError) {
    const sqlState = /^[0-9A-Z]{5}$/.exec(error.code ?? "")?.[0];
    return new DatabaseFailure(sqlState, sqlState === undefined || isPassing(sqlState));
  }
  // A 200 that holds no JSON comes from something between us and the database.
  return new DatabaseFailure(undefined, error instanceof SyntaxError);
}

/**
 * Whether a refusal is about the moment and not about the query
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html): connection, authorisation, no such database,
 * rollback by a conflict, resources, lock or object state, operator, system; 25006 is a server about to hand over.
 */
function isPassing(sqlState: string): boolean {
  return sqlState === "25006" || ["08", "28", "3D", "40", "53", "55", "57", "58"].includes(sqlState.slice(0, 2));
}
