import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureBody, legacySaveReply, legacySettingsReply } from "../../src/api/reply-schemas.ts";
import { DEFAULT_GREETING, DEFAULT_PROMPT, DEFAULT_VOICE } from "../../src/protocol/agent-config.ts";
import { sealedWith } from "../../src/vault/seal.ts";
import { LEGACY_ABSENT, legacy } from "../vault/legacy-fixtures.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  logLines,
  ok,
  openTestDatabase,
  refusedBy,
  START_MS,
  type TestDatabase,
} from "./world.ts";

const KEY = "sk-proj-first-0123456789abcdef-AAAA";
const SERVICE_TOKEN = "service-token-of-the-instructors-server";
const PREDECESSORS_TOOL = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    webhook_url: "https://hooks.example.com/weather",
  },
};

let db: TestDatabase;
let api: Harness;
let openApi: Harness;

beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7" });
}, START_MS);
afterAll(() => db.close());
beforeEach(() => {
  api = harness({ database: db.database, settings: { serviceToken: SERVICE_TOKEN } });
  openApi = harness({ database: db.database, settings: { serviceToken: SERVICE_TOKEN, enrollment: "open" } });
});

const save = (json: object, on = api) => on.request("POST", "/api/student-config-save", { json });
const saved = async (json: object, on = api) => legacySaveReply.parse(await (await save(json, on)).json());
const ask = (query: string, headers: Record<string, string>) =>
  api.request("GET", `/api/get-student-ai-settings${query}`, { headers });
const settings = async (token: string) =>
  legacySettingsReply.parse(
    await (await ask(`?sessionToken=${token}`, { authorization: `Bearer ${SERVICE_TOKEN}` })).json(),
  );
const rowOf = async (token: string) =>
  (await db.sql("select * from student_configs where session_token = $1", token))[0];

describe("POST /api/student-config-save", () => {
  it("CFG-20 saves what the predecessor's page sends, and answers as it did", async () => {
    const token = await givenStudent(db, "cfg_20");
    const reply = await saved({
      sessionToken: token,
      studentEmail: "ada@example.com",
      studentName: "Ada L.",
      openaiApiKey: KEY,
      systemPrompt: "Be kind.",
      ivrGreeting: "Hi.",
      selectedVoice: "en-US-Neural2-F",
      tools: [PREDECESSORS_TOOL],
      timestamp: 1,
    });
    expect(reply).toEqual({
      success: true,
      message: "Saved. OpenAI accepts the key.",
      websocketUrl: "wss://callroom.example/ws/cfg_20",
      openai: { status: "connected", hint: "AAAA" },
    });
    const row = await rowOf(token);
    expect(row).toMatchObject({
      student_email: "ada@example.com",
      student_name: "Ada L.",
      system_prompt: "Be kind.",
      ivr_greeting: "Hi.",
      selected_voice: "en-US-Neural2-F",
    });
    expect(sealedWith(row?.openai_api_key ?? "").format).toBe("v2");
    expect(JSON.stringify(row)).not.toContain(KEY.slice(3));
    expect(JSON.parse(row?.tools ?? "")).toEqual([PREDECESSORS_TOOL]);
    expect(await settings(token)).toEqual({
      success: true,
      settings: {
        sessionToken: token,
        studentName: "Ada L.",
        openaiApiKey: KEY,
        systemPrompt: "Be kind.",
        greeting: "Hi.",
        voice: "en-US-Neural2-F",
        tools: [PREDECESSORS_TOOL],
      },
      isDefault: false,
    });
  });

  it("CFG-21 saving only a prompt leaves the key, and everything else, as it was", async () => {
    const token = await givenStudent(db, "cfg_21");
    await saved({ sessionToken: token, openaiApiKey: KEY, ivrGreeting: "Hi.", tools: [PREDECESSORS_TOOL] });
    const before = await rowOf(token);
    api.told.notices.length = 0;
    const reply = await saved({ sessionToken: token, systemPrompt: "New." });
    expect(reply.openai).toEqual({ status: "connected", hint: "AAAA" });
    expect(withoutTime(await rowOf(token))).toEqual({ ...withoutTime(before), system_prompt: "New." });
    expect(api.openai.asked).toHaveLength(1);
    expect(api.told.notices).toEqual([]);
  });

  it("CFG-108 the predecessor's save neither takes nor changes how an agent hears, and its service is not told", async () => {
    const token = await givenStudent(db, "cfg_108");
    const hearing = { language: "de", turn_end: "meaning", patience: "long" };
    const set = "update student_configs set language = $2, turn_end = $3, patience = $4 where session_token = $1";
    await db.sql(set, token, ...Object.values(hearing));
    await saved({ sessionToken: token, systemPrompt: "New.", language: "fr", turnEnd: "pause", patience: null });
    expect(await rowOf(token)).toMatchObject({ ...hearing, system_prompt: "New." });
    const names = ["sessionToken", "studentName", "openaiApiKey", "systemPrompt", "greeting", "voice", "tools"];
    expect(Object.keys(Object((await settings(token)).settings))).toEqual(names);
  });

  it("CFG-22 null clears each field by itself, the key too", async () => {
    const columns = {
      studentEmail: "student_email",
      studentName: "student_name",
      openaiApiKey: "openai_api_key",
      systemPrompt: "system_prompt",
      ivrGreeting: "ivr_greeting",
      selectedVoice: "selected_voice",
      tools: "tools",
    };
    for (const [field, column] of Object.entries(columns)) {
      const token = await givenStudent(db, `cfg_22_${field}`);
      await saved({
        sessionToken: token,
        studentEmail: "e",
        studentName: "n",
        openaiApiKey: KEY,
        systemPrompt: "p",
        ivrGreeting: "g",
        selectedVoice: "v",
        tools: [],
      });
      const before = withoutTime(await rowOf(token));
      const reply = await saved({ sessionToken: token, [field]: null });
      const after = withoutTime(await rowOf(token));
      expect(before[column]).not.toBeNull();
      expect(after[column]).toBeNull();
      if (field === "openaiApiKey") {
        expect(reply.openai).toEqual({ status: null, hint: null });
        expect(after).toMatchObject({ key_hint: null, key_status: null, key_connected_at: null });
        expect(api.told.notices.at(-1)).toMatchObject({ sessionToken: token, notice: "key-changed" });
      } else {
        expect(after).toEqual({ ...before, [column]: null });
      }
    }
  });

  it.each([
    ["connected", ok, "Saved. OpenAI accepts the key."],
    ["rejected", refusedBy(401, { code: "invalid_api_key" }), "Saved, but OpenAI does not accept the key."],
    ["restricted", refusedBy(403, {}), "Saved. OpenAI accepts the key, but its permissions are restricted."],
    [
      "no_credit",
      refusedBy(429, { type: "insufficient_quota" }),
      "Saved, but the OpenAI account of the key has no credit left.",
    ],
    ["unverified", () => Promise.reject(new TypeError("x")), "Saved. The key could not be checked with OpenAI."],
  ])(
    "CFG-23 a key is stored whatever OpenAI thinks of it, and the reply says what that is: %s",
    async (status, answer, message) => {
      const token = await givenStudent(db, `cfg_23_${status}`);
      api.openai.answer = answer;
      const reply = await saved({ sessionToken: token, openaiApiKey: KEY });
      expect(reply).toMatchObject({ message, openai: { status, hint: "AAAA" } });
      expect((await settings(token)).settings.openaiApiKey).toBe(KEY);
      expect(await rowOf(token)).toMatchObject({ key_status: status, key_hint: "AAAA" });
    },
  );

  it("CFG-23 a key that may not be checked again this minute is stored as unverified", async () => {
    const token = await givenStudent(db, "cfg_23_limit");
    for (let check = 0; check < 3; check += 1) await saved({ sessionToken: token, openaiApiKey: KEY });
    const reply = await saved({ sessionToken: token, openaiApiKey: `${KEY}Z` });
    expect(reply.openai).toEqual({ status: "unverified", hint: "AAAZ" });
    expect(api.openai.asked).toHaveLength(3);
  });

  it.each(["", "hello", "sk-admin-0123456789", 7, {}, `sk-\n${KEY}`])(
    "CFG-24 what is no key is refused and nothing is saved: %j",
    async (openaiApiKey) => {
      const token = await givenStudent(db, "cfg_24");
      const reply = await save({ sessionToken: token, openaiApiKey, systemPrompt: "lost" });
      expect([reply.status, failureBody.parse(await reply.json()).code]).toEqual([400, "bad_key_shape"]);
      expect(await rowOf(token)).toMatchObject({ system_prompt: null, openai_api_key: null });
    },
  );

  it("CFG-25 with enrolment by code, an unknown token is refused and makes no student", async () => {
    const reply = await save({ sessionToken: "cfg_25", openaiApiKey: KEY, systemPrompt: "p" });
    expect([reply.status, failureBody.parse(await reply.json()).code]).toEqual([401, "unknown_session"]);
    expect(await rowOf("cfg_25")).toBeUndefined();
    // Nobody learns from us whether a key is any good before being a student.
    expect(api.openai.asked).toEqual([]);
  });

  it("CFG-26 with open enrolment, an unknown token becomes a student of the one default workshop", async () => {
    for (const token of ["test_session_123", "cfg_26"]) {
      const reply = await saved({ sessionToken: token, studentEmail: "a@example.com", openaiApiKey: KEY }, openApi);
      expect(reply.openai).toEqual({ status: "connected", hint: "AAAA" });
      expect(await rowOf(token)).toMatchObject({ origin: "enrolled", workshop_id: "default", key_status: "connected" });
    }
    const workshops = await db.sql("select name, join_code from workshops where id = 'default'");
    expect(workshops).toEqual([{ name: "Workshop", join_code: expect.stringMatching(/^[A-Z0-9]{8}$/) }]);
    expect(openApi.told.notices).toEqual([]);
  });

  it("CFG-26 nobody is enrolled into a default workshop that the instructor closed", async () => {
    await saved({ sessionToken: "cfg_26b" }, openApi);
    await db.sql("update workshops set closes_at = '2026-11-22T11:00:00Z' where id = 'default'");
    const reply = await save({ sessionToken: "cfg_26c" }, openApi);
    await db.sql("update workshops set closes_at = null where id = 'default'");
    expect([reply.status, failureBody.parse(await reply.json()).code]).toEqual([403, "workshop_closed"]);
    expect(await rowOf("cfg_26c")).toBeUndefined();
  });

  it.each(["", "a b", "a/b", "../x", "a".repeat(201), 7, null, ["a"], "é", "a\nb"])(
    "CFG-27 what cannot be a session token is 400: %j",
    async (sessionToken) => {
      const reply = await save({ sessionToken }, openApi);
      expect([reply.status, failureBody.parse(await reply.json()).code]).toEqual([400, "bad_request"]);
    },
  );

  it("CFG-28 the socket's address has the scheme of our own origin", async () => {
    const token = await givenStudent(db, "cfg_28");
    for (const [publicOrigin, expected] of [
      ["http://localhost:8787", "ws://localhost:8787/ws/cfg_28"],
      ["https://voice.example.com", "wss://voice.example.com/ws/cfg_28"],
      [undefined, "wss://callroom.example/ws/cfg_28"],
    ] as const) {
      const there = harness({ database: db.database, settings: { publicOrigin } });
      expect((await saved({ sessionToken: token }, there)).websocketUrl).toBe(expected);
    }
  });
});

describe("GET /api/get-student-ai-settings", () => {
  it.each([
    ["none", {}],
    ["another token", { authorization: "Bearer another-token" }],
    ["the token without its end", { authorization: `Bearer ${SERVICE_TOKEN.slice(0, -1)}` }],
    ["the token and more", { authorization: `Bearer ${SERVICE_TOKEN}x` }],
    ["another case", { authorization: `Bearer ${SERVICE_TOKEN.toUpperCase()}` }],
    ["another scheme", { authorization: `Basic ${SERVICE_TOKEN}` }],
    ["two tokens", { authorization: `Bearer ${SERVICE_TOKEN} ${SERVICE_TOKEN}` }],
    ["the student's own token", { authorization: "Bearer cfg_30" }],
    ["the student's cookie", { cookie: "__Host-callroom=cfg_30" }],
    ["the instructor's token", { authorization: "Bearer instructor-token" }],
    ["an empty token", { authorization: "Bearer " }],
    ["the token as a cookie", { cookie: `__Host-callroom=${SERVICE_TOKEN}` }],
  ])("CFG-30 gives nothing to whoever does not show the service token: %s", async (_case, headers) => {
    await givenStudent(db, "cfg_30");
    const reply = await ask("?sessionToken=cfg_30", headers);
    expect([reply.status, failureBody.parse(await reply.json()).code]).toEqual([401, "unauthorized"]);
  });

  it("CFG-30 gives nothing to anybody while there is no service token", async () => {
    const closed = harness({ database: db.database });
    for (const authorization of ["Bearer undefined", "Bearer null", "Bearer ", `Bearer ${SERVICE_TOKEN}`, ""]) {
      const reply = await closed.request("GET", "/api/get-student-ai-settings?sessionToken=cfg_30", {
        headers: { authorization },
      });
      expect(reply.status).toBe(401);
    }
  });

  it("CFG-31 an unknown token gets the defaults, without a key", async () => {
    expect(await settings("cfg_31_nobody")).toEqual({
      success: true,
      settings: {
        sessionToken: "cfg_31_nobody",
        studentName: null,
        openaiApiKey: null,
        systemPrompt: DEFAULT_PROMPT,
        greeting: DEFAULT_GREETING,
        voice: DEFAULT_VOICE,
        tools: [],
      },
      isDefault: true,
    });
  });

  it("CFG-32 a key that cannot be opened is null, and the log says so without it", async () => {
    const token = await givenStudent(db, "cfg_32");
    await db.sql(
      "update student_configs set openai_api_key = 'sk-plaintext-of-old-000000' where session_token = $1",
      token,
    );
    logLines.length = 0;
    const reply = await settings(token);
    expect(reply).toMatchObject({ isDefault: false, settings: { openaiApiKey: null } });
    expect(logLines.map((line) => JSON.parse(line))).toEqual([{ event: "key-unreadable", callId: null }]);
  });

  it("CFG-33 every sealed key of the predecessor's is given, and sealed anew", async ({ skip }) => {
    if (!legacy) return skip(LEGACY_ABSENT);
    const { masterKeyHex, readable } = legacy;
    const old = harness({
      database: db.database,
      settings: { serviceToken: SERVICE_TOKEN, masterKeyHexes: { newest: masterKeyHex, previous: [] } },
    });
    const read = async (token: string) => {
      const headers = { authorization: `Bearer ${SERVICE_TOKEN}` };
      const reply = await old.request("GET", `/api/get-student-ai-settings?sessionToken=${token}`, { headers });
      return legacySettingsReply.parse(await reply.json()).settings.openaiApiKey;
    };
    expect(readable).toHaveLength(16);
    for (const { sessionToken, sealed, plaintext } of readable) {
      await db.sql("insert into student_configs (session_token, openai_api_key) values ($1, $2)", sessionToken, sealed);
      expect(await read(sessionToken)).toBe(plaintext);
      const resealed = (await rowOf(sessionToken))?.openai_api_key ?? "";
      expect(sealedWith(resealed).format).toBe("v2");
      expect(await read(sessionToken)).toBe(plaintext);
      expect((await rowOf(sessionToken))?.openai_api_key).toBe(resealed);
    }
  });

  it("CFG-34 a malformed query is 400", async () => {
    for (const query of [
      "",
      "?sessionToken=",
      "?sessionToken=a%20b",
      "?token=cfg_30",
      `?sessionToken=${"a".repeat(201)}`,
    ]) {
      const reply = await ask(query, { authorization: `Bearer ${SERVICE_TOKEN}` });
      expect([query, reply.status]).toEqual([query, 400]);
    }
  });
});

function withoutTime(row: Record<string, string | null> | undefined): Record<string, string | null> {
  const { updated_at: _, key_checked_at: __, ...rest } = row ?? {};
  return rest;
}
