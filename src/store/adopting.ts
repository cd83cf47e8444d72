import { and, asc, count, eq, gt, isNull, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import type { SessionToken, WorkshopId } from "../protocol/ids.ts";
import { storableJson } from "./columns.ts";
import { ask, type Database } from "./database.ts";
import { IDENTITY_SQL, IdentityRow, type PredecessorRow, type TableIdentity } from "./predecessor-table.ts";
import { textOf } from "./reading.ts";
import { students } from "./schema.ts";

/*
 * The predecessor's students as they come into our table, many in one statement. What is here already wins: a row that
 * anybody has touched since it was adopted is never written. Every function throws Failure `database_unavailable` while
 * the database does not answer.
 */

/** A student as they are to be stored. Dates are ISO 8601 with their offset. */
export interface AdoptedStudent {
  readonly token: SessionToken;
  readonly email: string | null;
  readonly name: string | null;
  /** `keep`: nothing that could take the place of what is here. */
  readonly key: { readonly sealed: string; readonly hint: string } | "keep" | null;
  readonly prompt: string | null;
  readonly greeting: string | null;
  readonly voice: string | null;
  readonly toolsJson: unknown;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
}

/** A row that is here already. */
export interface Standing {
  readonly token: string;
  /** It was adopted, and neither its student nor the instructor has changed it here since. */
  readonly isUntouched: boolean;
  /** The predecessor has saved this student since the row was adopted. */
  readonly isOlder: boolean;
  readonly hasKey: boolean;
}

/** `undefined`: there is no such table. */
export async function identityOfStudents(db: Database): Promise<TableIdentity | undefined> {
  const { rows } = await ask(db.execute(sql.raw(IDENTITY_SQL)));
  return z.tuple([IdentityRow]).parse(rows)[0].identity ?? undefined;
}

const StandingRow = z.object({
  token: z.string(),
  isUntouched: z.boolean(),
  isOlder: z.boolean(),
  hasKey: z.boolean(),
}) satisfies z.ZodType<Standing>;

/** Those of the students who are here already. */
export async function standingOf(
  db: Database,
  given: readonly Pick<AdoptedStudent, "token" | "updatedAt">[],
): Promise<Standing[]> {
  const rows = given.map(({ token, updatedAt }) => ({ token, updated: updatedAt }));
  const found = await ask(
    db.execute(sql`
      select ${s.sessionToken} as token, ${isUntouched} as "isUntouched",
        coalesce(${isOlder}, false) as "isOlder", ${s.sealedKey} is not null as "hasKey"
      from ${s} join ${recordset(rows, "token text, updated text")} on ${s.sessionToken} = given.token`),
  );
  return z.array(StandingRow).parse(found.rows);
}

/**
 * Stores students whose tokens nobody has here, in one statement.
 *
 * @returns the tokens of those that were stored: another one is here already, or breaks a rule that the table has.
 */
export async function adoptStudents(
  db: Database,
  adopted: readonly AdoptedStudent[],
  workshopId: WorkshopId | null,
): Promise<ReadonlySet<string>> {
  return tokensOf(
    await ask(
      db.execute(sql`
        insert into ${s} (session_token, student_email, student_name, openai_api_key, key_hint, key_status,
          key_connected_at, system_prompt, ivr_greeting, selected_voice, tools, created_at, updated_at,
          adopted_updated_at, workshop_id, origin)
        select given.token, given.email, given.name, given.sealed, given.hint, ${keyStatus}, ${keyConnectedAt},
          given.prompt, given.greeting, given.voice, given.tools, given.created::timestamptz::timestamp, ${savedAt},
          ${savedAt}, ${workshopId}, 'predecessor'
        from ${recordset(adopted.map(recordOf), RECORD)}
        on conflict do nothing
        returning session_token as token`),
    ),
  );
}

/** Puts what the predecessor saved since in the place of rows that nobody has touched here. @returns their tokens. */
export async function renewAdopted(db: Database, adopted: readonly AdoptedStudent[]): Promise<ReadonlySet<string>> {
  return tokensOf(
    await ask(
      db.execute(sql`
        update ${s} set student_email = given.email, student_name = given.name, system_prompt = given.prompt,
          ivr_greeting = given.greeting, selected_voice = given.voice, tools = given.tools,
          created_at = given.created::timestamptz::timestamp, updated_at = ${savedAt}, adopted_updated_at = ${savedAt},
          openai_api_key = case when given.keep then ${s.sealedKey} else given.sealed end,
          key_hint = case when given.keep then ${s.keyHint} else given.hint end,
          key_status = case when given.keep then ${s.keyStatus} else ${keyStatus} end,
          key_checked_at = case when given.keep then ${s.keyCheckedAtMs} end,
          key_connected_at = case when given.keep then ${s.keyConnectedAtMs} else ${keyConnectedAt} end,
          key_last_used_at = case when given.keep then ${s.keyLastUsedAtMs} end
        from ${recordset(adopted.map(recordOf), RECORD)}
        where ${s.sessionToken} = given.token and ${isUntouched} and ${isOlder}
        returning ${s.sessionToken} as token`),
    ),
  );
}

/** Gives their key to students who were adopted without, because nothing could open it then. @returns their tokens. */
export async function addAdoptedKeys(db: Database, adopted: readonly AdoptedStudent[]): Promise<ReadonlySet<string>> {
  return tokensOf(
    await ask(
      db.execute(sql`
        update ${s} set openai_api_key = given.sealed, key_hint = given.hint, key_status = ${keyStatus},
          key_connected_at = ${keyConnectedAt}
        from ${recordset(adopted.map(recordOf), RECORD)}
        where ${s.sessionToken} = given.token and ${isUntouched} and ${s.sealedKey} is null
        returning ${s.sessionToken} as token`),
    ),
  );
}

/** Our own table's rows as the predecessor's, where it was adopted in place; in the order of their tokens. */
export async function pageOfStudents(
  db: Database,
  page: { readonly after: string | null; readonly limit: number },
): Promise<PredecessorRow[]> {
  const { sessionToken, email, name, sealedKey, prompt, greeting, voice, tools } = students;
  const rows = await ask(
    db
      .select({ sessionToken, email, name, sealedKey, prompt, greeting, voice, tools: sql<unknown>`${tools}::text` })
      .from(students)
      .where(page.after === null ? undefined : gt(sessionToken, page.after))
      .orderBy(asc(sessionToken))
      .limit(page.limit),
  );
  return rows.map((row) => ({
    token: textOf(row.sessionToken),
    email: textOf(row.email),
    name: textOf(row.name),
    key: textOf(row.sealedKey),
    prompt: textOf(row.prompt),
    greeting: textOf(row.greeting),
    voice: textOf(row.voice),
    tools: textOf(row.tools),
    createdAt: null,
    updatedAt: null,
  }));
}

/** A key that lies in a row, and the same one sealed. */
export interface KeySealing {
  readonly token: string;
  readonly from: string;
  readonly to: string;
  readonly hint: string;
}

/** Writes keys sealed, each only while its value is what was read: nothing newer is lost. @returns their tokens. */
export async function sealStoredKeys(db: Database, sealings: readonly KeySealing[]): Promise<ReadonlySet<string>> {
  return tokensOf(
    await ask(
      db.execute(sql`
        update ${s} set openai_api_key = given."to", key_hint = given.hint,
          key_status = coalesce(${s.keyStatus}, 'unverified')
        from ${recordset(sealings, '"token" text, "from" text, "to" text, hint text')}
        where ${s.sessionToken} = given.token and ${s.sealedKey} = given."from"
        returning ${s.sessionToken} as token`),
    ),
  );
}

/** The predecessor's students who belong to no workshop. */
export async function countUnassigned(db: Database): Promise<number> {
  const rows = await ask(db.select({ students: count() }).from(students).where(unassigned));
  return rows[0]?.students ?? 0;
}

/** Puts them into one. @returns how many. */
export async function assignWorkshop(db: Database, workshopId: WorkshopId): Promise<number> {
  return (await ask(db.update(students).set({ workshopId }).where(unassigned))).rowCount ?? 0;
}

const s = students;
const unassigned = and(isNull(students.workshopId), eq(students.origin, "predecessor"));

/** The cast takes both of the types that dates have in a predecessor's table. */
const isUntouched: SQL = sql`(${s.adoptedUpdatedAt} is not null and ${s.keyDeletedAtMs} is null
  and ${s.updatedAt}::timestamptz is not distinct from ${s.adoptedUpdatedAt}::timestamptz)`;
const isOlder: SQL = sql`given.updated::timestamptz > ${s.adoptedUpdatedAt}::timestamptz`;

const savedAt: SQL = sql`coalesce(given.updated::timestamptz, given.created::timestamptz, now())::timestamp`;
/** OpenAI has not been asked about it: that is done when it is used. */
const keyStatus: SQL = sql`case when given.sealed is not null then 'unverified' end`;
const keyConnectedAt: SQL = sql`case when given.sealed is not null then now() end`;

const RECORD =
  "token text, email text, name text, sealed text, hint text, keep boolean, prompt text, greeting text, voice text, " +
  "tools jsonb, created text, updated text";

function recordOf({ key, toolsJson, createdAt, updatedAt, ...texts }: AdoptedStudent): object {
  const stored = key === "keep" ? null : key;
  const dates = { created: createdAt, updated: updatedAt };
  return { ...texts, ...dates, tools: toolsJson, keep: key === "keep", sealed: stored?.sealed, hint: stored?.hint };
}

/** Rows of one parameter, as the table `given`: however many they are, it is one statement. */
const recordset = (rows: readonly object[], columns: string): SQL =>
  sql`jsonb_to_recordset(${storableJson(rows)}::jsonb) as given(${sql.raw(columns)})`;

const Tokens = z.array(z.object({ token: z.string() }));

const tokensOf = ({ rows }: { readonly rows: readonly unknown[] }): ReadonlySet<string> =>
  new Set(Tokens.parse(rows).map(({ token }) => token));
