import * as z from "zod";

/** The table of students, the predecessor's and ours, wherever the search path finds it. */
export const TABLE = "student_configs";

/** What is taken of a row, each as PostgreSQL's text: its columns may be of any type. */
export const COLUMNS = {
  token: "session_token",
  email: "student_email",
  name: "student_name",
  key: "openai_api_key",
  prompt: "system_prompt",
  greeting: "ivr_greeting",
  voice: "selected_voice",
  tools: "tools",
  createdAt: "created_at",
  updatedAt: "updated_at",
} as const;

/** `null`: the row has no value, or the table no such column. Dates are ISO 8601 with their offset, or any other text. */
export type PredecessorRow = Readonly<Record<keyof typeof COLUMNS, string | null>>;

export interface PredecessorKey {
  readonly token: string;
  readonly key: string;
}

/** Tells tables of running databases apart: equal texts are one table, by whatever name its server is reached. */
export type TableIdentity = string;

/**
 * The moment in which the server was started (to the microsecond), the database in it, and the table in that; null where
 * there is no table. Not the system's identifier: a branch or a restored backup has the same one, and is another database.
 */
export const IDENTITY_SQL = `select
  extract(epoch from pg_postmaster_start_time())::numeric(20, 6)::text
  || '/' || (select oid from pg_database where datname = current_database())
  || '/' || to_regclass('${TABLE}')::oid as identity`;

export const IdentityRow = z.object({ identity: z.string().nullable() });
