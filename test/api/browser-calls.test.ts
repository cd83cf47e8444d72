import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openApiDocument } from "../../src/api/openapi.ts";
import { browserCallReply, failureBody } from "../../src/api/reply-schemas.ts";
import { ROUTES } from "../../src/api/routes.ts";
import type { Settings } from "../../src/env.ts";
import { LIMITS } from "../../src/limits.ts";
import { patchStudent } from "../../src/store/students.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import { seal } from "../../src/vault/seal.ts";
import { readTicket } from "../../src/vault/ticket.ts";
import {
  type Asking,
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  logLines,
  NOW_MS,
  openTestDatabase,
  START_MS,
  type TestDatabase,
  tokenOf,
} from "./world.ts";

const FALLBACK = { instructorApiKey: ApiKey.parse("sk-instructor-0123456789")! };
const HOOK = { type: "function", function: { name: "look_up", webhook_url: "https://hooks.example/look-up" } };

let db: TestDatabase;
let api: Harness;

beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7", callMaxMs: "600000" });
  await givenWorkshop(db, { id: "w2", joinCode: "MAPLE-8", fallbackAllowed: false });
  await givenWorkshop(db, { id: "w3", joinCode: "MAPLE-9", closesAt: "2026-11-22T12:00:00Z" });
  const config = { prompt: "Be kind.", greeting: "Hello.", voice: "cedar", toolsJson: [HOOK] };
  await givenStudent(db, "keyed", { workshopId: "w1", ...config });
  await patchStudent(
    db.database,
    tokenOf("keyed"),
    { language: "pt-BR", turnEnd: "meaning", patience: "long" },
    NOW_MS,
  );
  await seals("keyed", "sk-students-0123456789");
  await givenStudent(db, "keyless", { workshopId: "w1" });
  await givenStudent(db, "keyless_no_fallback", { workshopId: "w2" });
  await givenStudent(db, "unreadable", { workshopId: "w1" });
  await db.sql("update student_configs set openai_api_key = 'not:a:key' where session_token = 'unreadable'");
  await givenStudent(db, "no_key_inside", { workshopId: "w1" });
  await seals("no_key_inside", "not an OpenAI key");
  await givenStudent(db, "closed", { workshopId: "w3" });
  await seals("closed", "sk-students-0123456789");
}, START_MS);
afterAll(() => db.close());
beforeEach(() => {
  api = harness({ database: db.database });
});

async function seals(token: string, plaintext: string) {
  const { deps } = harness({});
  const binding = { purpose: "openai-key", sessionToken: token } as const;
  const sealed = await seal(await deps.masterKeys(), binding, plaintext, deps.randomBytes);
  await db.sql("update student_configs set openai_api_key = $1 where session_token = $2", sealed, token);
}

const withSettings = (settings: Partial<Settings>) => harness({ database: db.database, settings });
const start = (asking: Asking, on = api) => on.request("POST", "/api/calls", asking);
const refused = async (reply: Response) => [reply.status, failureBody.parse(await reply.json()).code];

describe("POST /api/calls", () => {
  it("SOUND-1 a call waits for its caller, and its ticket opens the socket at the address that is told", async () => {
    const reply = await start({ token: "keyed" });
    expect(reply.status).toBe(200);
    const { callId, ticket, url } = browserCallReply.parse(await reply.json());
    expect(url).toBe(`wss://callroom.example/call/${callId}`);
    const keys = await api.deps.masterKeys();
    expect(await readTicket(keys, ticket, NOW_MS)).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{26}$/),
      callId,
      phoneCallId: null,
      expiresAtMs: NOW_MS + LIMITS.ticketMs,
    });
    // A subprotocol is a token of RFC 9110.
    expect(ticket).toMatch(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/);
    expect(api.told.prepared.map((each) => each.callId)).toEqual([callId]);
  });

  it("SOUND-1 every call has another id, and over plain http its socket is ws", async () => {
    const on = withSettings({ publicOrigin: "http://localhost:8787" });
    const [first, second] = [await start({ token: "keyed" }, on), await start({ token: "keyed" }, on)];
    const [a, b] = [browserCallReply.parse(await first.json()), browserCallReply.parse(await second.json())];
    expect(a.callId).not.toBe(b.callId);
    expect(a.url).toBe(`ws://localhost:8787/call/${a.callId}`);
  });

  it("SOUND-2 the call is begun with the agent, the sealed key and the models of calls with sound", async () => {
    await start({ token: "keyed" });
    const [{ sealedKey, sealedWebhookSecret, callId, ...rest }] = api.told.prepared as [(typeof api.told.prepared)[0]];
    expect(rest).toEqual({
      version: 2,
      sessionToken: "keyed",
      studentId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      studentName: "Ada",
      fromPage: false,
      workshopId: "w1",
      wayIn: "browser",
      prompt: "Be kind.",
      greeting: "Hello.",
      voice: "cedar",
      toolsJson: [HOOK],
      keySource: "student",
      model: "gpt-realtime-2.1-mini",
      transcriptionModel: "gpt-transcribe",
      language: "pt-BR",
      turnEnd: "meaning",
      patience: "long",
      lending: { allowed: true, poolMicroUsd: null, studentMicroUsd: null, callMicroUsd: null, models: null },
      ownCapMicroUsd: null,
      startedAtMs: NOW_MS,
      callMaxMs: 600_000,
      resumable: true,
      carrierGreets: false,
      phoneCallId: null,
      ownHost: "callroom.example",
    });
    const [row] = await db.sql(
      "select openai_api_key, webhook_secret from student_configs where session_token = 'keyed'",
    );
    expect({ openai_api_key: sealedKey, webhook_secret: sealedWebhookSecret }).toEqual(row);
    expect(sealedWebhookSecret).toMatch(/^v2:/);
  });

  it("SOUND-2 a student without a key is called on the instructor's, and the log says so", async () => {
    const on = withSettings(FALLBACK);
    logLines.length = 0;
    expect((await start({ token: "keyless" }, on)).status).toBe(200);
    const [call] = on.told.prepared;
    expect(call).toMatchObject({ keySource: "instructor", sealedKey: null });
    expect(logLines.map((line) => JSON.parse(line))).toContainEqual({
      event: "key-chosen",
      callId: call?.callId,
      message: "Using instructor's OpenAI API key (fallback)",
    });
  });

  it.each([
    ["no key, no fallback", "keyless", {}, [402, "no_key"]],
    ["no key, fallback not allowed", "keyless_no_fallback", FALLBACK, [402, "no_key"]],
    ["a key that cannot be opened, though there is a fallback", "unreadable", FALLBACK, [409, "key_unreadable"]],
    ["a sealed text that is no key", "no_key_inside", {}, [409, "key_unreadable"]],
    ["a closed workshop", "closed", FALLBACK, [403, "workshop_closed"]],
  ])("SOUND-3 a call that cannot be is refused before there is one: %s", async (_case, token, settings, expected) => {
    const on = withSettings(settings);
    expect(await refused(await start({ token }, on))).toEqual(expected);
    expect(on.told.prepared).toEqual([]);
  });

  it("SOUND-3 a call whose object does not answer is a failure of ours", async () => {
    api.told.prepareVerdict = "fails";
    expect(await refused(await start({ token: "keyed" }))).toEqual([500, "internal"]);
  });

  it.each([
    ["nobody", {}, [401, "unauthorized"]],
    ["an unknown token", { token: "wst_nobody" }, [401, "unknown_session"]],
    ["a page of another site", { cookie: "keyed", headers: { origin: "https://evil.test" } }, [403, "bad_origin"]],
  ] as [string, Asking, unknown[]][])("SOUND-4 only a student may start a call: %s", async (_who, asking, expected) => {
    expect(await refused(await start(asking))).toEqual(expected);
    expect(api.told.prepared).toEqual([]);
  });

  it.each([
    ["no body", {}],
    ["an empty body", { body: "" }],
    ["an empty body, called JSON", { body: "", headers: { "content-type": "application/json" } }],
    ["an empty object", { json: {} }],
    ["an empty object, with white space", { body: " { } ", headers: { "content-type": "application/json" } }],
  ] as [string, Asking][])("SOUND-5 a request has nothing to say: %s", async (_body, asking) => {
    expect((await start({ token: "keyed", ...asking })).status).toBe(200);
  });

  it.each([
    ["a field", { json: { callId: "mine" } }, [400, "bad_request"]],
    ["no object", { json: [] }, [400, "bad_request"]],
    ["null", { json: null }, [400, "bad_request"]],
    ["no JSON", { body: "{", headers: { "content-type": "application/json" } }, [400, "bad_request"]],
    ["a form", { form: { a: "b" } }, [415, "unsupported_media_type"]],
    ["bytes of no type", { body: new Uint8Array([123, 125]) }, [415, "unsupported_media_type"]],
    ["too much", { body: new Uint8Array(LIMITS.bodyBytes + 1) }, [413, "too_large"]],
  ] as [string, Asking, unknown[]][])(
    "SOUND-6 a body that says something else is refused: %s",
    async (_body, asking, expected) => {
      const reply = await start({ token: "keyed", ...asking });
      const failure = failureBody.parse(await reply.json());
      expect([reply.status, failure.code]).toEqual(expected);
      expect(JSON.stringify(failure)).not.toContain("mine");
      expect(api.told.prepared).toEqual([]);
    },
  );

  it("SOUND-6 its description says that the body may be absent", () => {
    const { paths } = openApiDocument(ROUTES);
    expect(paths["/api/calls"]?.post).toMatchObject({ requestBody: { required: false } });
    expect(paths["/api/join"]?.post).toMatchObject({ requestBody: { required: true } });
  });
});
