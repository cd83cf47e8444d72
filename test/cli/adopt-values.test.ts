import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { legacySaveRequest } from "../../src/api/schemas.ts";
import { readKey } from "../../src/cli/adopt-key.ts";
import { readRow } from "../../src/cli/adopt-row.ts";
import type { PredecessorRow } from "../../src/store/predecessor-table.ts";
import { jsonOf, toolsOf } from "../../src/store/reading.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import {
  adopt,
  type NewDatabase,
  type OldDatabase,
  openedHere,
  openNewDatabase,
  openOldDatabase,
  type Row,
  rowsIn,
} from "./adopting.ts";

const NOTHING: PredecessorRow = {
  token: "ws_1",
  email: null,
  name: null,
  key: null,
  prompt: null,
  greeting: null,
  voice: null,
  tools: null,
  createdAt: null,
  updatedAt: null,
};

/** The predecessor's save, field by field, beside the row's. */
const FIELDS = {
  email: "studentEmail",
  name: "studentName",
  prompt: "systemPrompt",
  greeting: "ivrGreeting",
  voice: "selectedVoice",
} as const;

const lookAt = (row: Partial<PredecessorRow>) => {
  const reading = readRow({ ...NOTHING, ...row });
  if (!reading.student) throw new Error(reading.problem);
  return { ...reading, told: reading.problems.map(({ column, problem }) => `${column}: ${problem}`) };
};

const tool = (name: unknown, more: object = {}) => ({ type: "function", function: { name, ...more } });

describe("a row of the predecessor's", () => {
  it("ADOPT-11 is taken field by field as its save would take it, and never cut", () => {
    const texts = ["", " ", "a", "é", "🙂", "line\nbreak\ttab"].flatMap((piece) =>
      [1, 50, 99, 100, 101, 127, 200, 201, 254, 255, 512, 1_024, 1_025, 4_096, 8_192, 16_384, 16_385].map((count) =>
        piece.repeat(count),
      ),
    );
    const taken = { yes: 0, no: 0 };
    for (const [field, theirs] of Object.entries(FIELDS)) {
      for (const text of texts) {
        const { student, problems } = lookAt({ [field]: text });
        const isSaved = legacySaveRequest.safeParse({ sessionToken: "ws_1", [theirs]: text }).success;
        expect([field, text.length, student[field as keyof typeof FIELDS]]).toEqual([
          field,
          text.length,
          isSaved ? text : null,
        ]);
        expect(problems.filter(({ isTaken }) => !isTaken)).toHaveLength(isSaved ? 0 : 1);
        taken[isSaved ? "yes" : "no"] += 1;
      }
    }
    expect(taken.yes).toBeGreaterThan(200);
    expect(taken.no).toBeGreaterThan(80);
    expect(lookAt({ prompt: "é".repeat(8_193) }).told).toEqual([
      "system_prompt: the prompt is longer than 16,384 bytes",
    ]);
    expect(lookAt({ voice: "Polly.Joanna" })).toMatchObject({
      student: { voice: "Polly.Joanna" },
      told: ["selected_voice: the voice is none of OpenAI's: a call with sound needs another"],
    });
  });

  it("ADOPT-11 is refused as a whole when no address can have its token", () => {
    for (const token of [
      null,
      "",
      " ws_1",
      "ws 1",
      "a/b",
      "ws_1?x",
      "%41",
      "ws_é",
      "x".repeat(201),
      "a\u0000b",
      ".",
      "..",
    ]) {
      expect([token, readRow({ ...NOTHING, token }).student]).toEqual([token, undefined]);
    }
    for (const token of ["1", "ws_1", "a.b~c-d_e", "x".repeat(200), "__proto__", "..."]) {
      expect([token, lookAt({ token }).student.token]).toEqual([token, token]);
    }
  });

  it("ADOPT-11 has dates of years that people live in, to the microsecond", () => {
    for (const date of ["2025-03-01 10:00:00+00", "2025-03-01 10:00:00.123456+00", "1999-12-31 23:59:59.9+00"]) {
      expect(lookAt({ createdAt: date, updatedAt: date })).toMatchObject({
        student: { createdAt: date, updatedAt: date },
        told: [],
      });
    }
    for (const date of ["infinity+00", "-infinity+00", "0044-03-15 12:00:00+00 BC", "12025-01-01 00:00:00+00", "now"]) {
      expect(lookAt({ createdAt: date })).toMatchObject({
        student: { createdAt: null },
        told: ["created_at: the date of creation is no date"],
      });
    }
  });

  it("ADOPT-13 keeps the tools that the page will show, as they were, and names what is wrong with each other", () => {
    const good = tool("get_order", { webhook_url: "https://shop.example.org/o", parameters: { type: "object" } });
    const cases: readonly (readonly [value: unknown, told: readonly string[]])[] = [
      [null, []],
      ["null", []],
      [[], []],
      [[good, tool("roll")], []],
      // JSON in JSON, as some of its saves left it.
      [JSON.stringify([good]), []],
      [{ tools: [] }, ["the tools are not a list"]],
      [7, ["the tools are not a list"]],
      ["[", ["the tools are not JSON"]],
      [
        [tool("a b"), good, "x", tool("get_order")],
        [
          "tools[0].function.name must be a letter, then letters, digits, _ or -, at most 64",
          "tools[2] must be an object",
          "tools[3].function.name is used by another tool",
        ],
      ],
      [Array.from({ length: 19 }, (_, at) => tool(`t${at}`)), ["there are 3 tools more than 16"]],
      [
        [tool("inward", { webhook_url: "http://10.0.0.1/x" })],
        ["tools[0].function.webhook_url needs https: calls refuse it until it is changed"],
      ],
      [[tool("nul", { description: "a\u0000b" })], ["tools[0] had a character that cannot be stored"]],
    ];
    for (const [value, told] of cases) {
      const text = JSON.stringify(value);
      const { student, told: said } = lookAt({ tools: text });
      expect(said).toEqual(told.map((problem) => `tools: ${problem}`));
      expect(toolsOf(student.toolsJson)).toEqual(toolsOf(jsonOf(jsonOf(text))));
    }
    expect(lookAt({ tools: JSON.stringify([good, tool("a b")]) }).student.toolsJson).toEqual([good]);
    expect(lookAt({ tools: "not json" }).told).toEqual(["tools: the tools are not JSON"]);
    expect(lookAt({ tools: " " }).told).toEqual([]);
  });
});

const RECORDED = join(import.meta.dirname, "../../../shared/fixtures/legacy-sealed-keys.json");
const Recorded = z.object({
  masterKeyHex: z.string(),
  readable: z.array(z.object({ sessionToken: z.string(), sealed: z.string(), plaintext: z.string() })),
  refused: z.array(z.object({ sealed: z.string() })),
});

describe.skipIf(!existsSync(RECORDED))("keys that the predecessor itself has sealed", () => {
  it("ADOPT-2 open to what was sealed, and what is none of them is unreadable", async () => {
    const { masterKeyHex, readable, refused } = Recorded.parse(JSON.parse(readFileSync(RECORDED, "utf8")));
    const own = await loadMasterKeys(masterKeyHex, []);
    let keys = 0;
    for (const { sessionToken, sealed, plaintext } of readable) {
      const reading = await readKey({ own, all: own }, sessionToken, sealed);
      // A few were sealed to try letters that no request can carry.
      if (!/^[\x21-\x7e]+$/.test(plaintext)) expect(reading).toEqual({ is: "unreadable", fault: "no-openai-key" });
      else {
        expect(reading).toMatchObject({ is: "readable", as: "predecessor", opensHere: true });
        if (reading.is === "readable") expect(reading.apiKey.use((clear) => clear)).toBe(plaintext);
        keys += 1;
      }
    }
    expect(keys).toBeGreaterThan(10);
    for (const { sealed } of refused) {
      const reading = await readKey({ own, all: own }, "ws_refused", sealed);
      // The Worker opens none of them; here what lies open, or is nothing, is known for what it is.
      const isOpen = /^sk-\S+$/.test(sealed);
      const is = isOpen ? "readable" : sealed.trim() === "" ? "none" : "unreadable";
      expect([sealed, reading.is]).toEqual([sealed, is]);
      if (reading.is === "readable") expect([reading.as, reading.opensHere]).toEqual(["plaintext", false]);
    }
  });
});

describe("npm run adopt, from tables of other shapes", () => {
  let source: OldDatabase;
  let target: NewDatabase;
  beforeAll(async () => {
    source = await openOldDatabase();
  }, 60_000);
  afterAll(() => source.close());
  beforeEach(async () => {
    await source.pglite.exec("drop table if exists student_configs");
    target = await openNewDatabase();
  }, 60_000);
  afterEach(() => target.close());

  const run = () => adopt(target, ["--from", source.url, "--json"]);
  const here = async (token: string): Promise<Row | undefined> => (await rowsIn(target.pglite)).get(token);

  it("ADOPT-12 takes the row that was saved last of a token that is there twice, and tells of the others", async () => {
    await source.pglite.exec(`create table student_configs (session_token text, student_name text, updated_at timestamptz);
      insert into student_configs values ('ws_a', 'Old', '2025-01-01 10:00:00+02'), ('ws_b', 'Bob', null),
        ('ws_a', 'New', '2025-01-01 09:00:00+00'), ('ws_a', 'Undated', null), (null, 'Nobody', null), ('a/b', 'Lost', null)`);
    const { exitCode, out } = await run();
    const report = JSON.parse(out);
    expect([exitCode, report.students.taken, report.students["not-taken"]]).toEqual([1, 2, 4]);
    expect(report.problems).toEqual([
      { sessionTokenEnd: "b", column: "session_token", problem: expect.stringContaining("no address"), isTaken: false },
      { sessionTokenEnd: "_a", column: "session_token", problem: "another row of this token is newer", isTaken: false },
      { sessionTokenEnd: "_a", column: "session_token", problem: "another row of this token is newer", isTaken: false },
      { sessionTokenEnd: "", column: "session_token", problem: "there is no session token", isTaken: false },
    ]);
    expect(await here("ws_a")).toMatchObject({ student_name: "New", updated: "2025-01-01 09:00:00", created: null });
    expect(await here("ws_b")).toMatchObject({ student_name: "Bob" });
    const again = JSON.parse((await run()).out);
    expect(again.students).toMatchObject({ taken: 0, "already-here": 2, "not-taken": 4 });
  });

  it("ADOPT-12 takes what a table with few columns and other types has, and names the columns", async () => {
    await source.pglite.exec(`create table student_configs (session_token uuid, tools json, selected_voice int,
        openai_api_key varchar(200), created_at date, updated_at text, "Room \u001b[31m" int);
      insert into student_configs values ('6f9619ff-8b86-4d01-b42d-00cf4fc964ff', '[{"function": {"name": "roll"}}]', 3,
        ' sk-proj-plain-0123456789 ', '2025-05-01', 'yesterday', 1)`);
    const { exitCode, out } = await run();
    const report = JSON.parse(out);
    expect(exitCode).toBe(1);
    expect(report.columnsMissing).toEqual(["student_email", "student_name", "system_prompt", "ivr_greeting"]);
    expect(report.columnsNotTaken).toEqual(["Room \u001b[31m"]);
    expect(report.keys).toMatchObject({ plaintext: 1, unreadable: 0 });
    const token = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
    const row = await here(token);
    expect(row).toMatchObject({
      tools: [{ function: { name: "roll" } }],
      selected_voice: "3",
      created: "2025-05-01 00:00:00",
      updated: "2025-05-01 00:00:00",
    });
    expect(await openedHere(row, token)).toBe("sk-proj-plain-0123456789");
    const text = (await adopt(target, ["--from", source.url])).out;
    expect(text).toContain("not taken: Room [31m.");
    expect(text).not.toContain("\u001b");
  });

  it("ADOPT-12 says which rows a rule of Callroom's table refuses", async () => {
    await target.pglite.exec("create unique index on student_configs (student_email)");
    await source.pglite.exec(`create table student_configs (session_token text, student_email text);
      insert into student_configs values ('ws_1', 'ada@example.org'), ('ws_2', 'ada@example.org')`);
    const { exitCode, out } = await run();
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      students: { taken: 1, "not-taken": 1, sharingAnEmail: 2 },
      problems: [{ sessionTokenEnd: "_2", problem: expect.stringContaining("a rule of Callroom's table refuses it") }],
    });
  });
});
