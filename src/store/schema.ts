import { sql } from "drizzle-orm";
import { type AnyPgColumn, bigint, boolean, index, integer, pgTable, primaryKey, timestamp } from "drizzle-orm/pg-core";
import { instantColumn as instant, jsonColumn as json, textColumn as text } from "./columns.ts";

/**
 * The tables. The first migration is written by hand from this file, because it also adopts the predecessor's
 * `student_configs`; `drizzle-kit generate` must find nothing to do after it. Every name is written out: drizzle's
 * `casing` option changes meaning with its next version.
 */

export const workshops = pgTable("workshops", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  joinCode: text("join_code").notNull().unique("workshops_join_code_key"),
  opensAtMs: instant("opens_at"),
  closesAtMs: instant("closes_at"),
  settings: json("settings").notNull().default(sql`'{}'::jsonb`),
  /** May a student without a key call on the instructor's? */
  fallbackAllowed: boolean("fallback_allowed").notNull().default(true),
  callMaxMs: integer("call_max_ms"),
  /** How many students may join; null: no limit. */
  seats: integer("seats"),
  /** What the instructor's key may cost: the whole workshop, one student, one call. Null: no limit. */
  poolMicroUsd: bigint("allowance_micro_usd", { mode: "number" }),
  studentMicroUsd: bigint("student_allowance_micro_usd", { mode: "number" }),
  callMicroUsd: bigint("call_allowance_micro_usd", { mode: "number" }),
  /** Ids of the models that may run on it; null: whatever is configured. */
  fallbackModels: json("fallback_models"),
  createdAtMs: instant("created_at").notNull().default(sql`now()`),
  /** The instructor has closed it for good; the other dates are null before that. See `protocol/closing.ts`. */
  closedAtMs: instant("closed_at"),
  keysAtMs: instant("keys_at"),
  keysDeletedAtMs: instant("keys_deleted_at"),
  eraseAtMs: instant("erase_at"),
  erasedAtMs: instant("erased_at"),
  /** Of students who were erased, all together: calls, their milliseconds, what their own keys paid. Null: nothing yet. */
  erasedSums: json("erased_sums"),
});

/** The predecessor's table and ours. Columns of its own that are not listed here stay as they are. */
export const students = pgTable(
  "student_configs",
  {
    sessionToken: text("session_token").primaryKey(),
    email: text("student_email"),
    name: text("student_name"),
    sealedKey: text("openai_api_key"),
    prompt: text("system_prompt"),
    greeting: text("ivr_greeting"),
    voice: text("selected_voice"),
    tools: json("tools"),
    /** Without time zone in the predecessor's table: read with {@link instantOf}, written with `now()`. */
    createdAt: timestamp("created_at", { mode: "string" }).defaultNow(),
    updatedAt: timestamp("updated_at", { mode: "string" }).defaultNow(),

    workshopId: text("workshop_id").references((): AnyPgColumn => workshops.id, { onDelete: "set null" }),
    /** How the row came: `joined`, `enrolled`; the default marks what the predecessor wrote or still writes. */
    origin: text("origin").notNull().default("predecessor"),
    /** How the agent hears its callers; null: not set. */
    language: text("language"),
    turnEnd: text("turn_end"),
    patience: text("patience"),
    keyHint: text("key_hint"),
    keyStatus: text("key_status"),
    keyCheckedAtMs: instant("key_checked_at"),
    keyConnectedAtMs: instant("key_connected_at"),
    keyLastUsedAtMs: instant("key_last_used_at"),
    /** What `updated_at` was when `npm run adopt` took the row: still the same, nobody has touched it here since. */
    adoptedUpdatedAt: timestamp("adopted_updated_at", { mode: "string" }),
    /** The last four characters of the key that was here last, and when it was deleted. */
    deletedKeyHint: text("deleted_key_hint"),
    keyDeletedAtMs: instant("key_deleted_at"),
    /** The most that calls on the student's own key may cost in all; null: any amount. */
    ownCapMicroUsd: bigint("own_cap_micro_usd", { mode: "number" }),
    /** Sealed, as the key is; signs the requests to the student's webhooks. */
    sealedWebhookSecret: text("webhook_secret"),
    /** What the instructor knows a student by: no credential, and nothing can be learned from it. */
    studentId: text("student_id")
      .notNull()
      .default(sql`gen_random_uuid()::text`)
      .unique("student_configs_student_id_key"),
    /** Keyed digest of the words that bring a student back on another device; null: there are none. */
    recoveryDigest: text("recovery_digest").unique("student_configs_recovery_digest_key"),
  },
  (table) => [index("student_configs_workshop_id_idx").on(table.workshopId)],
);

/** What a student's prompt was before. Saves that follow each other closely are one version. */
export const promptVersions = pgTable(
  "prompt_versions",
  {
    sessionToken: text("session_token")
      .notNull()
      .references(() => students.sessionToken, { onDelete: "cascade" }),
    /** When it was first saved so, and when it was last: a version in the making is overwritten for a while. */
    savedAtMs: instant("saved_at").notNull(),
    changedAtMs: instant("changed_at").notNull(),
    /** Null: the default prompt. */
    prompt: text("prompt"),
    /** `student` or `instructor`. */
    savedBy: text("saved_by").notNull(),
  },
  (table) => [primaryKey({ name: "prompt_versions_pkey", columns: [table.sessionToken, table.savedAtMs] })],
);

export const calls = pgTable(
  "calls",
  {
    id: text("id").primaryKey(),
    sessionToken: text("session_token")
      .notNull()
      .references(() => students.sessionToken, { onDelete: "cascade" }),
    /** No foreign key: a workshop that is removed must not make the archive fail. */
    workshopId: text("workshop_id"),
    wayIn: text("way_in").notNull(),
    startedAtMs: instant("started_at").notNull(),
    endedAtMs: instant("ended_at"),
    endReason: text("end_reason"),
    keySource: text("key_source").notNull(),
    model: text("model").notNull(),
    /** What wrote down the caller's speech; null for a call in text. */
    transcriptionModel: text("transcription_model"),
    usage: json("usage").notNull(),
    /** Null: not known, which is not the same as nothing. */
    costMicroUsd: bigint("cost_micro_usd", { mode: "number" }),
    revision: integer("revision").notNull(),
  },
  (table) => [
    // Ascending, read backwards: drizzle's `.desc()` makes an index that `order by … desc` cannot use.
    index("calls_session_token_started_at_idx").on(table.sessionToken, table.startedAtMs),
    index("calls_workshop_id_started_at_idx").on(table.workshopId, table.startedAtMs),
  ],
);

export const turns = pgTable(
  "turns",
  {
    callId: text("call_id")
      .notNull()
      .references(() => calls.id, { onDelete: "cascade" }),
    seq: integer("seq").notNull(),
    revision: integer("revision").notNull(),
    speaker: text("speaker").notNull(),
    startedAtMs: instant("started_at").notNull(),
    text: text("text").notNull(),
    heardText: text("heard_text"),
    toolCall: json("tool_call"),
    timings: json("timings"),
    usage: json("usage"),
    failure: text("failure"),
  },
  (table) => [primaryKey({ name: "turns_pkey", columns: [table.callId, table.seq] })],
);

/** The ledger: one row for everything that somebody is billed for. */
export const charges = pgTable(
  "charges",
  {
    /** No foreign key: money that the instructor has paid stays counted when a student and their calls are erased. */
    callId: text("call_id").notNull(),
    seq: integer("seq").notNull(),
    revision: integer("revision").notNull(),
    /** Null: of a student who was erased. */
    sessionToken: text("session_token").references(() => students.sessionToken, { onDelete: "set null" }),
    workshopId: text("workshop_id"),
    atMs: instant("at").notNull(),
    kind: text("kind").notNull(),
    state: text("state").notNull(),
    payer: text("payer").notNull(),
    model: text("model").notNull(),
    usage: json("usage").notNull(),
    lineMs: integer("line_ms").notNull(),
    /** JSON as OpenAI wrote it. */
    rawUsage: text("raw_usage"),
    upstreamId: text("upstream_id"),
    priceVersion: text("price_version").notNull(),
    /** Null: no price is known, which is not the same as nothing. */
    costMicroUsd: bigint("cost_micro_usd", { mode: "number" }),
  },
  (table) => [
    primaryKey({ name: "charges_pkey", columns: [table.callId, table.seq] }),
    index("charges_session_token_idx").on(table.sessionToken),
    index("charges_workshop_id_at_idx").on(table.workshopId, table.atMs),
  ],
);

/** One known text for each master key that was ever in use: a ring that opens none of them is the wrong one. */
export const masterKeySentinels = pgTable("master_key_sentinels", {
  kid: text("kid").primaryKey(),
  sealed: text("sealed").notNull(),
  createdAtMs: instant("created_at").notNull().default(sql`now()`),
});
