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

/** Runs one statement on a connection that is held for us. */
export type Run = (query: PgQuery) => Promise<PgResult>;

/** The statements in one transaction of that connection. */
export async function inTransaction(
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
