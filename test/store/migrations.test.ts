import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import { is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { callIdFrom, parseSessionToken } from "../../src/protocol/ids.ts";
import { findCall } from "../../src/store/calls.ts";
import * as schema from "../../src/store/schema.ts";
import { findStudent, patchStudent, saveLegacyConfig } from "../../src/store/students.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const DRIZZLE = join(import.meta.dirname, "../../drizzle");
const ADOPTION = "0000_adopt_predecessor_and_create";
const ALL = [
  ADOPTION,
  "0001_add_transcription_model",
  "0002_add_hearing",
  "0003_add_students_ids_recovery_versions",
  "0004_add_ledger_and_limits",
  "0005_add_closing_and_sentinels",
  "0006_add_adopted_updated_at",
  "0007_add_erased_sums",
];
const token = parseSessionToken("test_session_123")!;

const TOOL = { type: "function", function: { name: "get_order", webhook_url: "https://shop.example/orders" } };

/** The predecessor's schema as it documents it, with a row. */
async function makePredecessor(database: DatabaseUnderTest): Promise<void> {
  await database.sql(`
    create table student_configs (
      session_token text primary key, student_name text, openai_api_key text, system_prompt text, tools jsonb,
      voice_settings jsonb, created_at timestamp default now(), updated_at timestamp default now())`);
  await database.sql(
    `insert into student_configs values ($1, 'Ada', 'aXY=:dGFn:c2VhbGVk', 'Be kind.', $2, '{"speed":1.1}',
      timestamptz '2025-03-01 10:00:00+00', timestamptz '2025-03-02 11:30:00.5+00')`,
    token,
    JSON.stringify([TOOL]),
  );
}

describe("migrations", () => {
  let under: DatabaseUnderTest;
  beforeAll(async () => {
    under = await openDatabaseUnderTest();
  }, OPEN_MS);
  afterAll(() => under.close());
  beforeEach(() => under.wipe());

  it("MIGRATE-1 an empty database gets the tables of the schema, column by column", async () => {
    expect(await under.migrate()).toEqual(ALL);
    const tables = Object.values(schema).filter((value) => is(value, PgTable));
    expect(tables).toHaveLength(7);
    for (const table of tables) {
      const { name, columns, indexes } = getTableConfig(table);
      const rows = await under.sql(
        `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as required
         from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
        name,
      );
      const written = columns.map((column) => ({
        name: column.name,
        type: column.getSQLType().replace(/^timestamp$/, "timestamp without time zone"),
        required: column.notNull ? "t" : "f",
      }));
      expect(rows.sort(byName), name).toEqual(written.sort(byName));
      const made = await under.sql("select indexname as name from pg_indexes where tablename = $1", name);
      expect(made.map((index) => index.name)).toEqual(
        expect.arrayContaining(indexes.map((index) => index.config.name)),
      );
    }
  });

  it("MIGRATE-2 the newest recorded schema is the schema: nothing is left to generate", async () => {
    const { entries } = JSON.parse(readFileSync(join(DRIZZLE, "meta/_journal.json"), "utf8"));
    const prefix = String(entries.at(-1).idx).padStart(4, "0");
    const recorded = JSON.parse(readFileSync(join(DRIZZLE, `meta/${prefix}_snapshot.json`), "utf8"));
    expect(await generateMigration(recorded, generateDrizzleJson(schema, recorded.id))).toEqual([]);
  });

  it("MIGRATE-3 the predecessor's rows are adopted in place and read as they were", async () => {
    await makePredecessor(under);
    await under.migrate();
    expect(await findStudent(under.db, token)).toMatchObject({
      name: "Ada",
      email: null,
      origin: "predecessor",
      sealedKey: "aXY=:dGFn:c2VhbGVk",
      config: { prompt: "Be kind.", greeting: null, voice: null, tools: [{ name: "get_order" }] },
      toolsJson: [TOOL],
      workshop: null,
      keyStatus: null,
      createdAtMs: Date.UTC(2025, 2, 1, 10),
      updatedAtMs: Date.UTC(2025, 2, 2, 11, 30, 0, 500),
    });
    const [row] = await under.sql("select voice_settings from student_configs");
    expect(JSON.parse(row?.voice_settings ?? "")).toEqual({ speed: 1.1 });
  });

  it("MIGRATE-4 migrating again changes nothing", async () => {
    await makePredecessor(under);
    await under.migrate();
    const before = await under.sql("select * from student_configs");
    expect(await under.migrate()).toEqual([]);
    expect(await under.sql("select * from student_configs")).toEqual(before);
  });

  it("MIGRATE-5 the file may be run by hand, twice, and before the migration", async () => {
    await makePredecessor(under);
    const file = readFileSync(join(DRIZZLE, `${ADOPTION}.sql`), "utf8");
    for (const _run of ["first", "second"]) {
      for (const statement of file.split("--> statement-breakpoint")) await under.sql(statement);
    }
    expect(await under.migrate()).toEqual(ALL);
    expect(await findStudent(under.db, token)).toMatchObject({ name: "Ada", origin: "predecessor" });
    expect(await under.sql("select conname from pg_constraint where contype = 'f'")).toHaveLength(5);
  });

  it("MIGRATE-13 a call that was archived before there were calls with sound is read as one in text", async () => {
    const file = readFileSync(join(DRIZZLE, `${ADOPTION}.sql`), "utf8");
    for (const statement of file.split("--> statement-breakpoint")) await under.sql(statement);
    await under.sql("insert into student_configs (session_token) values ($1)", token);
    const id = callIdFrom(new Uint8Array(16));
    await under.sql(
      `insert into calls (id, session_token, way_in, started_at, key_source, model, usage, revision)
       values ($1, $2, 'conversation-relay', now(), 'student', 'gpt-6-luna', $3, 1)`,
      id,
      token,
      JSON.stringify({
        responses: 1,
        inputTokens: 9,
        cachedInputTokens: 0,
        cacheWriteTokens: 0,
        outputTokens: 2,
        reasoningTokens: 0,
        estimated: false,
      }),
    );
    expect(await under.migrate()).toEqual(ALL);
    expect(await findCall(under.db, token, id)).toMatchObject({
      call: { transcriptionModel: null, usage: { ...NO_USAGE, responses: 1, inputTokens: 9, outputTokens: 2 } },
    });
  });

  it("MIGRATE-6 a predecessor with columns of its own, required fields and another primary key keeps working", async () => {
    await under.sql(`
      create table student_configs (
        id serial primary key, session_token varchar(255) not null, student_email text not null, student_name text not null,
        openai_api_key text, system_prompt text not null, ivr_greeting text, selected_voice text,
        tools json not null default '[]', pronouns text, updated_at timestamptz not null default now())`);
    await under.sql(
      `insert into student_configs (session_token, student_email, student_name, system_prompt, pronouns)
       values ($1, 'a@b.example', 'Ada', 'Hi', 'she')`,
      token,
    );
    await under.migrate();
    await saveLegacyConfig(under.db, token, { prompt: null, toolsJson: [TOOL] }, { enrol: true });
    expect(await findStudent(under.db, token)).toMatchObject({
      name: "Ada",
      origin: "predecessor",
      config: { prompt: null, tools: [{ name: "get_order" }] },
    });
    const rows = await under.sql("select pronouns from student_configs");
    expect(rows).toEqual([{ pronouns: "she" }]);
  });

  it("MIGRATE-7 tools that a predecessor keeps as text are read and written", async () => {
    await under.sql("create table student_configs (session_token text primary key, tools text)");
    await under.sql("insert into student_configs values ($1, $2)", token, JSON.stringify([TOOL]));
    await under.migrate();
    expect((await findStudent(under.db, token))?.config.tools).toMatchObject([{ name: "get_order" }]);
    const renamed = { ...TOOL, function: { ...TOOL.function, name: "get_parcel" } };
    await saveLegacyConfig(under.db, token, { toolsJson: [renamed] }, { enrol: false });
    expect((await findStudent(under.db, token))?.toolsJson).toEqual([renamed]);
    await under.sql("update student_configs set tools = 'not json'");
    expect(await findStudent(under.db, token)).toMatchObject({ toolsJson: null, config: { tools: [] } });
  });

  it("MIGRATE-14 an agent that was saved before it could be told how to hear hears as by default", async () => {
    const file = readFileSync(join(DRIZZLE, `${ADOPTION}.sql`), "utf8");
    for (const statement of file.split("--> statement-breakpoint")) await under.sql(statement);
    await under.sql("insert into student_configs (session_token, system_prompt) values ($1, 'Be kind.')", token);
    expect(await under.migrate()).toEqual(ALL);
    const config = { prompt: "Be kind.", language: null, turnEnd: null, patience: null };
    expect(await findStudent(under.db, token)).toMatchObject({ config });
  });

  it("MIGRATE-15 columns of these names that a predecessor has of its own are adopted", async () => {
    await under.sql(`
      create table student_configs (
        session_token text primary key, language varchar(8) not null default 'en-us', patience varchar(20) not null)`);
    await under.sql("insert into student_configs values ($1, 'pt-br', 'of a saint')", token);
    await under.migrate();
    const before = { language: "pt-BR", turnEnd: null, patience: null };
    expect((await findStudent(under.db, token))?.config).toMatchObject(before);
    const cleared = await patchStudent(under.db, token, { language: null, patience: null }, Date.now());
    expect(cleared?.config).toMatchObject({ language: null, patience: null });
  });

  it("ME-8 students who were there before get an id of their own, whatever a predecessor had under that name", async () => {
    await under.sql(
      "create table student_configs (session_token text primary key, student_id varchar, recovery_digest text)",
    );
    await under.sql("insert into student_configs values ($1, 'S-17', 'x'), ('other', 'S-17', 'x')", token);
    await under.migrate();
    const ids = await under.sql("select distinct student_id from student_configs");
    expect(ids).toHaveLength(2);
    expect(await findStudent(under.db, token)).toMatchObject({
      studentId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      recoveryDigest: null,
    });
  });

  it.each([
    { type: "serial primary key", kept: "1000" },
    { type: "integer not null unique", kept: "17" },
    { type: "uuid not null", kept: "8f6f2c52-0c5e-4c3e-9d8a-3f1f6a2b7c11" },
  ])("MIGRATE-16 a predecessor's student_id ($type) is put aside with what it holds", async ({ type, kept }) => {
    await under.sql(`create table student_configs (session_token text not null unique, student_id ${type})`);
    await under.sql("insert into student_configs (session_token, student_id) values ($1, $2)", token, kept);
    await under.migrate();
    expect(await under.sql("select predecessor_student_id::text as kept from student_configs")).toEqual([{ kept }]);
    expect(await findStudent(under.db, token)).toMatchObject({
      studentId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const another = parseSessionToken("another")!;
    expect(await saveLegacyConfig(under.db, another, { name: "Ada" }, { enrol: true })).toBeDefined();
  });

  it("MIGRATE-8 a migration that cannot be carried out leaves the database as it was", async () => {
    await makePredecessor(under);
    await under.sql("create table calls (id integer primary key)");
    await expect(under.migrate()).rejects.toThrow();
    const columns = await under.sql(
      "select column_name from information_schema.columns where table_name in ('student_configs', 'turns')",
    );
    expect(columns).toHaveLength(8);
    expect(await under.sql("select to_regclass('drizzle.callroom_migrations') as noted")).toEqual([{ noted: null }]);
  });
});

const byName = (a: { name?: string | null }, b: { name?: string | null }): number =>
  (a.name ?? "") < (b.name ?? "") ? -1 : 1;
