import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  callReply,
  callsReply,
  doneReply,
  failureBody,
  meReply,
  webhookSecretReply,
} from "../../src/api/reply-schemas.ts";
import { LIMITS } from "../../src/limits.ts";
import { DEFAULT_TOOLS } from "../../src/protocol/agent-config.ts";
import { type CallRecord, NO_USAGE, type TurnRecord } from "../../src/protocol/call-record.ts";
import { callIdFrom, type SessionToken } from "../../src/protocol/ids.ts";
import { ME_PATCH_FIELDS, type MeReply } from "../../src/protocol/rest.ts";
import { archiveCall } from "../../src/store/calls.ts";
import { unseal } from "../../src/vault/seal.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  NOW_MS,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

let db: TestDatabase;
let api: Harness;

beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7", callMaxMs: "600000" });
}, START_MS);
afterAll(() => db.close());
beforeEach(() => {
  api = harness({ database: db.database });
});

const failureOf = async (reply: Response) => {
  const { code, field } = failureBody.parse(await reply.json());
  return field === undefined ? { status: reply.status, code } : { status: reply.status, code, field };
};

const NO_HEARING = { language: null, turnEnd: null, patience: null };
const HEARING = { language: "pt-BR", turnEnd: "meaning", patience: "long" };

describe("GET and PATCH /api/me", () => {
  it("CFG-10 shows the student all that is theirs and nothing that is ours", async () => {
    const token = await givenStudent(db, "cfg_10", { workshopId: "w1", email: "ada@example.com", prompt: "Be kind." });
    const reply = await api.request("GET", "/api/me", { token });
    expect(meReply.parse(await reply.json())).toEqual({
      success: true,
      studentId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "Ada",
      email: "ada@example.com",
      workshop: { id: "w1", name: "Class w1", state: "open", opensAt: null, closesAt: null, closing: null },
      payer: null,
      fallback: false,
      recovery: { set: false },
      phone: false,
      models: { text: "gpt-6-luna", voice: "gpt-realtime-2.1-mini" },
      estimates: expect.any(Object),
      ownCapMicroUsd: null,
      config: { prompt: "Be kind.", greeting: null, voice: null, tools: [], ...NO_HEARING },
      key: null,
      webhookSecret: { set: false },
      websocketUrl: "wss://callroom.example/ws/cfg_10",
      voiceUrl: "https://callroom.example/twilio/voice/cfg_10",
      limits: {
        bodyBytes: LIMITS.bodyBytes,
        promptBytes: LIMITS.promptBytes,
        greetingBytes: LIMITS.greetingBytes,
        nameBytes: LIMITS.nameBytes,
        tools: LIMITS.tools,
        callMs: 600_000,
        callsAtOnce: LIMITS.callsPerStudent,
        keyChecksPerMinute: LIMITS.keyChecksPerMinute,
      },
    });
  });

  it("CFG-11 an absent field is left as it is and null clears it, each by itself", async () => {
    const spoken = { prompt: "P", greeting: "G", voice: "cedar" };
    const whole = { name: "Ada", ...spoken, tools: DEFAULT_TOOLS.slice(0, 1), ...HEARING, ownCapMicroUsd: 9 };
    const shown = ({ name, ownCapMicroUsd, config }: MeReply) => ({ name, ownCapMicroUsd, ...config });
    for (const field of ME_PATCH_FIELDS) {
      const token = await givenStudent(db, `cfg_11_${field}`);
      await api.request("PATCH", "/api/me", { token, json: whole });
      await api.request("PATCH", "/api/me", { token, json: {} });
      expect(shown(meReply.parse(await (await api.request("GET", "/api/me", { token })).json()))).toEqual(whole);

      const cleared = await api.request("PATCH", "/api/me", { token, json: { [field]: null } });
      const after = meReply.parse(await cleared.json());
      expect(shown(after)).toEqual({ ...whole, [field]: field === "tools" ? [] : null });
    }
  });

  it.each([
    [{ prompt: "é".repeat(LIMITS.promptBytes / 2 + 1) }, "prompt: must be at most 16384 bytes"],
    [{ greeting: "g".repeat(LIMITS.greetingBytes + 1) }, "greeting: must be at most 1024 characters"],
    [{ language: "jp" }, "language: must be a language's code of ISO 639-1, as en, or with its region, as pt-BR"],
    [{ turnEnd: "button" }, "turnEnd: must be one of pause, meaning"],
    [{ patience: 1_500 }, "patience: must be one of short, normal, long"],
    [{ voice: "nova" }, /^voice: must be one of alloy, ash/],
    [{ tools: {} }, "tools: must be a list"],
    [{ tools: [{ function: { name: "__proto__" } }] }, /^tools\[0\]\.function\.name: must be a letter/],
    [{ tools: Array(17).fill({ function: { name: "a" } }) }, "tools: may hold at most 16 tools"],
    [
      {
        tools: [{ function: { name: "a", parameters: { type: "object", properties: { b: { pattern: "(a+)+$" } } } } }],
      },
      "tools[0].function.parameters: may not contain regular expressions",
    ],
    [
      { tools: [{ function: { name: "a", webhook_url: "http://example.com/" } }] },
      "tools[0].function.webhook_url: needs https",
    ],
    [
      { tools: [{ function: { name: "a", webhook_url: "https://169.254.169.254/" } }] },
      "tools[0].function.webhook_url: must name a host, not an address",
    ],
    [
      { tools: [{ function: { name: "a", webhook_url: "https://callroom.example/api/me" } }] },
      "tools[0].function.webhook_url: may not point back at this server",
    ],
  ])("CFG-12 a configuration that could not be used is refused whole: %j", async (patch, field) => {
    const token = await givenStudent(db, "cfg_12", { prompt: "stays" });
    const reply = await api.request("PATCH", "/api/me", { token, json: { name: "New", ...patch } });
    const failure = await failureOf(reply);
    expect(failure).toMatchObject({ status: 400, code: "bad_config" });
    expect(failure.field).toMatch(field);
    const { name, config } = meReply.parse(await (await api.request("GET", "/api/me", { token })).json());
    expect([name, config.prompt]).toEqual(["Ada", "stays"]);
  });

  it("CFG-13 no field but a student's own can be set", async () => {
    const token = await givenStudent(db, "cfg_13");
    const foreign = [
      "role",
      "workshopId",
      "workshop_id",
      "keyStatus",
      "sealedKey",
      "openaiApiKey",
      "sessionToken",
      "email",
    ];
    for (const field of [...foreign, "origin", "budget", "__proto__", "constructor"]) {
      const body = `{"name":"Eve",${JSON.stringify(field)}:"w2"}`;
      const reply = await api.request("PATCH", "/api/me", {
        token,
        body,
        headers: { "content-type": "application/json" },
      });
      expect([field, (await failureOf(reply)).code]).toEqual([field, "bad_request"]);
    }
    const [row] = await db.sql("select student_name, workshop_id from student_configs where session_token = $1", token);
    expect(row).toEqual({ student_name: "Ada", workshop_id: null });
  });

  it("CFG-14 a row that other programs spoiled is still shown", async () => {
    const token = await givenStudent(db, "cfg_14");
    await db.sql(
      "update student_configs set tools = '{\"not\":\"a list\"}', selected_voice = 'nobody', openai_api_key = 'spoiled' where session_token = $1",
      token,
    );
    const me = meReply.parse(await (await api.request("GET", "/api/me", { token })).json());
    expect(me.config).toMatchObject({ voice: "nobody", tools: [] });
    expect(me.key).toEqual({ status: "unreadable", hint: null, connectedAt: null, lastUsedAt: null });
  });
});

describe("POST /api/me/webhook-secret", () => {
  it("CFG-15 a webhook secret is shown once, stored sealed, and replaces the one before", async () => {
    const token = await givenStudent(db, "cfg_15");
    const make = async () => {
      const reply = await api.request("POST", "/api/me/webhook-secret", { token });
      return webhookSecretReply.parse(await reply.json()).webhookSecret;
    };
    const first = await make();
    const second = await make();
    expect(Buffer.from(second.slice("whsec_".length), "base64")).toHaveLength(32);
    expect(second).not.toBe(first);
    const [row] = await db.sql("select webhook_secret from student_configs where session_token = $1", token);
    const binding = { purpose: "webhook-secret", sessionToken: token } as const;
    const opened = await unseal(await api.deps.masterKeys(), binding, row?.webhook_secret ?? "");
    expect(opened.plaintext).toBe(second);
    const me = await (await api.request("GET", "/api/me", { token })).text();
    expect(meReply.parse(JSON.parse(me)).webhookSecret).toEqual({ set: true });
    expect(me).not.toContain("whsec_");
  });
});

const usage = { ...NO_USAGE, responses: 1, inputTokens: 12, outputTokens: 3 };

function callOf(sessionToken: SessionToken, number: number, startedAtMs = NOW_MS + number * 1_000): CallRecord {
  return {
    id: callIdFrom(new Uint8Array(16).fill(number)),
    revision: 2,
    sessionToken,
    workshopId: null,
    wayIn: "conversation-relay",
    startedAtMs,
    endedAtMs: startedAtMs + 500,
    endReason: "caller-left",
    keySource: "student",
    model: "gpt-6-luna",
    transcriptionModel: null,
    usage,
  };
}

const turn: TurnRecord = {
  seq: 1,
  revision: 1,
  speaker: "tool",
  startedAtMs: NOW_MS,
  text: "",
  heardText: null,
  toolCall: {
    toolCallId: "call_1",
    name: "roll_dice",
    arguments: "{}",
    webhookId: "msg_secret",
    outcome: "ok",
    output: "[4]",
    durationMs: 2,
  },
  timings: { ttftMs: 10, ttfbMs: null, turnLatencyMs: 12, heardLatencyMs: null, turnMs: 40 },
  usage,
  failure: null,
};

describe("GET /api/me/calls", () => {
  it("HIST-1 lists a student's own calls, newest first, a page at a time", async () => {
    const [mine, theirs] = [await givenStudent(db, "hist_1"), await givenStudent(db, "hist_1b")];
    for (const number of [1, 2, 3, 4, 5]) {
      await archiveCall(db.database, {
        call: callOf(mine, number),
        turns: number === 5 ? [turn] : [],
        costMicroUsd: 42,
      });
    }
    await archiveCall(db.database, { call: callOf(theirs, 9), turns: [] });
    const pages: string[][] = [];
    let query = "?limit=2";
    for (;;) {
      const reply = await api.request("GET", `/api/me/calls${query}`, { token: mine });
      const page = callsReply.parse(await reply.json());
      pages.push(page.calls.map(({ id }) => id));
      if (page.next === null) break;
      query = `?limit=2&before=${encodeURIComponent(page.next)}`;
    }
    const id = (number: number) => callOf(mine, number).id;
    expect(pages).toEqual([[id(5), id(4)], [id(3), id(2)], [id(1)]]);
    const [newest] = callsReply.parse(await (await api.request("GET", "/api/me/calls", { token: mine })).json()).calls;
    expect(newest).toEqual({
      id: id(5),
      wayIn: "conversation-relay",
      startedAt: "2026-11-22T12:00:05.000Z",
      endedAt: "2026-11-22T12:00:05.500Z",
      endReason: "caller-left",
      keySource: "student",
      model: "gpt-6-luna",
      transcriptionModel: null,
      usage,
      costMicroUsd: 42,
      turnCount: 1,
    });
  });

  it("HIST-2 one call is shown with its turns, its tools and whose key paid", async () => {
    const token = await givenStudent(db, "hist_2");
    const call = callOf(token, 20);
    await archiveCall(db.database, { call, turns: [turn] });
    const reply = await api.request("GET", `/api/me/calls/${call.id}`, { token });
    const shown = callReply.parse(await reply.json());
    expect(shown.call).toMatchObject({ id: call.id, keySource: "student", costMicroUsd: null });
    expect(shown.turns).toEqual([
      {
        seq: 1,
        speaker: "tool",
        startedAt: "2026-11-22T12:00:00.000Z",
        text: "",
        heardText: null,
        toolCall: {
          toolCallId: "call_1",
          name: "roll_dice",
          arguments: "{}",
          outcome: "ok",
          output: "[4]",
          durationMs: 2,
        },
        timings: { ttftMs: 10, ttfbMs: null, turnLatencyMs: 12, heardLatencyMs: null, turnMs: 40 },
        usage,
        failure: null,
      },
    ]);
  });

  it("HIST-3 somebody else's call is not there, and neither is one that never was", async () => {
    const [mine, theirs] = [await givenStudent(db, "hist_3"), await givenStudent(db, "hist_3b")];
    const call = callOf(theirs, 30);
    await archiveCall(db.database, { call, turns: [turn] });
    for (const id of [call.id, "0".repeat(26), "not-an-id", "%2e%2e", "constructor"]) {
      const reply = await api.request("GET", `/api/me/calls/${id}`, { token: mine });
      expect(await failureOf(reply)).toEqual({ status: 404, code: "not_found" });
    }
  });

  it.each([
    ["limit=0", "limit: must be at least 1"],
    ["limit=101", "limit: must be at most 100"],
    ["limit=ten", "limit: must be a number"],
    ["limit=1.5", "limit: must be a whole number"],
    ["before=yesterday", "before: must be what next was, or a time in ISO 8601"],
    ["offset=1", "body: holds a field that is not known here; known are before, limit"],
  ])("HIST-4 a malformed query is 400: %s", async (query, field) => {
    const token = await givenStudent(db, "hist_4");
    const reply = await api.request("GET", `/api/me/calls?${query}`, { token });
    expect(await failureOf(reply)).toEqual({ status: 400, code: "bad_request", field });
  });
});

describe("DELETE /api/me", () => {
  it("CFG-16 erases the student with history, ends their calls, and signs the browser out", async () => {
    const token = await givenStudent(db, "cfg_16", { workshopId: "w1" });
    await archiveCall(db.database, { call: callOf(token, 60), turns: [turn] });
    const reply = await api.request("DELETE", "/api/me", { cookie: token });
    await api.settled();
    expect(doneReply.parse(await reply.json())).toEqual({ success: true });
    expect(reply.headers.get("set-cookie")).toMatch(/^__Host-callroom=; Max-Age=0; Path=\//);
    expect(api.told.notices).toEqual([{ workshopId: "w1", sessionToken: token, notice: "revoked" }]);
    expect(api.told.workshops).toEqual([{ workshopId: "w1", told: "student-gone", sessionToken: token }]);
    for (const table of ["student_configs", "calls"]) {
      expect(await db.sql(`select 1 from ${table} where session_token = $1`, token)).toEqual([]);
    }
    expect(await failureOf(await api.request("GET", "/api/me", { cookie: token }))).toEqual({
      status: 401,
      code: "unknown_session",
    });
  });

  it("CFG-16 nothing is erased while the live calls cannot be told", async () => {
    const token = await givenStudent(db, "cfg_16b");
    api.told.tellFails = true;
    expect(await failureOf(await api.request("DELETE", "/api/me", { token }))).toEqual({
      status: 500,
      code: "internal",
    });
    expect((await api.request("GET", "/api/me", { token })).status).toBe(200);
  });
});
