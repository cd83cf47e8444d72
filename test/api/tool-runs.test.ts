import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureBody, meReply, toolRunReply, webhookSecretReply } from "../../src/api/reply-schemas.ts";
import { LIMITS } from "../../src/limits.ts";
import type { ToolJson } from "../../src/protocol/tools.ts";
import { startWebhookStandin, type WebhookStandin } from "../standins/webhook.ts";
import {
  givenStudent,
  type Harness,
  harness,
  logLines,
  openTestDatabase,
  START_MS,
  type TestDatabase,
  TOOL_RUNS_PER_MINUTE,
} from "./world.ts";

let db: TestDatabase;
let webhook: WebhookStandin;
let api: Harness;
beforeAll(async () => {
  db = await openTestDatabase();
}, START_MS);
afterAll(() => db.close());
beforeEach(async () => {
  webhook = await startWebhookStandin();
  const settings = { webhookStandinOrigin: webhook.origin };
  api = harness({ database: db.database, settings, fetch });
});
afterEach(() => webhook.close());

let number = 0;
async function givenTools(...tools: (Omit<ToolJson, "type" | "function"> & { name: string; url?: string })[]) {
  number += 1;
  const toolsJson = tools.map(({ name, url, ...rest }) => ({
    type: "function",
    function: { name, ...(url === undefined ? {} : { webhook_url: url }) },
    ...rest,
  }));
  return givenStudent(db, `tools_${number}`, { toolsJson });
}

const run = (token: string, name: string, json: unknown = { arguments: {} }) =>
  api.request("POST", `/api/me/tools/${name}/run`, { token, json });
const ranOf = async (reply: Response) => toolRunReply.parse(await reply.json());
const failureOf = async (reply: Response) => ({ status: reply.status, ...failureBody.parse(await reply.json()) });

describe("POST /api/me/tools/:name/run", () => {
  it("ME-50 a webhook is called as in a call, with the student's signature, and the request is shown as it arrived", async () => {
    const token = await givenTools({ name: "look_up", url: webhook.urlFor("ok") });
    const made = await api.request("POST", "/api/me/webhook-secret", { token });
    webhook.expectSecret(webhookSecretReply.parse(await made.json()).webhookSecret);
    api.clock.nowMs = Date.now();
    const ran = await ranOf(await run(token, "look_up", { arguments: { order: "42", note: "naïve 😀" } }));
    const [call, ...more] = webhook.calls();
    expect([more, call?.signature]).toEqual([[], "valid"]);
    expect(ran).toMatchObject({ success: true, outcome: "ok", status: 200, durationMs: expect.any(Number) });
    expect(ran.request?.url).toBe(webhook.urlFor("ok"));
    expect(ran.request?.body).toBe(call?.bodyText);
    expect(call?.headers).toMatchObject(ran.request?.headers ?? {});
    const headers = ["content-type", "webhook-id", "webhook-signature", "webhook-timestamp"];
    expect(Object.keys(ran.request?.headers ?? {}).toSorted()).toEqual(headers);
    expect(JSON.parse(ran.request?.body ?? "")).toEqual({
      type: "tool.call",
      tool: "look_up",
      arguments: { order: "42", note: "naïve 😀" },
      callId: expect.stringMatching(/^[0-9a-z]{26}$/),
    });
    expect(JSON.parse(ran.output)).toEqual({ ok: true, received: call?.body });
  });

  it("ME-51 a student who has no secret gets one first: no webhook is ever called unsigned", async () => {
    const token = await givenTools({ name: "look_up", url: webhook.urlFor("ok") });
    const isSet = async () =>
      meReply.parse(await (await api.request("GET", "/api/me", { token })).json()).webhookSecret.set;
    expect(await isSet()).toBe(false);
    const ran = await ranOf(await run(token, "look_up"));
    expect(ran.request?.headers["webhook-signature"]).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
    expect(JSON.stringify(ran)).not.toContain("whsec_");
    expect(await isSet()).toBe(true);
    await api.settled();
    expect(api.told.workshops).toMatchObject([{ told: "me-changed", sessionToken: token }]);
    await db.sql("update student_configs set webhook_secret = 'spoiled' where session_token = $1", token);
    expect(await ranOf(await run(token, "look_up"))).toMatchObject({
      outcome: "failed",
      request: null,
      status: null,
      output: '{"error":"the webhook has no signing secret"}',
    });
    expect(webhook.calls()).toHaveLength(1);
  });

  it.each([
    ["status/503", 503, "the webhook answered 503"],
    ["gone", 410, "the webhook is gone"],
    ["redirect", 302, "the webhook redirects"],
    ["notjson", 200, "the reply is not JSON"],
    ["big", 200, "the webhook's reply is too large"],
    ["reset", null, "the webhook is not reachable"],
    ["hang", null, "the webhook took too long"],
  ] as const)(
    "ME-52 a webhook that fails is shown with what came, and with the model's few words: %s",
    async (behaviour, status, error) => {
      const timeoutMs = behaviour === "hang" ? 200 : LIMITS.toolMaxMs;
      const token = await givenTools({ name: "look_up", url: webhook.urlFor(behaviour), timeoutMs });
      const reply = await run(token, "look_up");
      expect(reply.status).toBe(200);
      const ran = await ranOf(reply);
      expect(ran).toMatchObject({ outcome: "failed", status, output: JSON.stringify({ error }) });
      expect(ran.request?.url).toBe(webhook.urlFor(behaviour));
    },
  );

  it("ME-53 an address that no webhook may have is not called, whoever wrote it into the row", async () => {
    const token = await givenTools({ name: "look_up", url: "https://ok.example/" });
    const tools = '[{"type":"function","function":{"name":"look_up","webhook_url":"https://169.254.169.254/"}}]';
    await db.sql("update student_configs set tools = $2 where session_token = $1", token, tools);
    expect(await ranOf(await run(token, "look_up"))).toMatchObject({
      outcome: "failed",
      request: null,
      status: null,
      output: '{"error":"the webhook\'s URL must name a host, not an address"}',
    });
  });

  it("ME-54 tools without a server answer as in a call; those that act on one only say so", async () => {
    const token = await givenTools(
      { name: "roll", mode: "builtin", builtin: "roll_dice" },
      { name: "hang_up", mode: "builtin", builtin: "end_call" },
      { name: "orders", mode: "mock", mock: { reply: { open: 3 }, delayMs: 5 } },
      { name: "broken", mode: "mock", mock: { fails: true } },
    );
    const outputOf = async (name: string, args: object = {}) => {
      const ran = await ranOf(await run(token, name, { arguments: args }));
      expect([ran.request, ran.status]).toEqual([null, null]);
      return [ran.outcome, JSON.parse(ran.output)];
    };
    expect(await outputOf("roll", { count: 2, sides: 6 })).toEqual([
      "ok",
      { rolls: [expect.any(Number), expect.any(Number)], total: expect.any(Number) },
    ]);
    expect(await outputOf("roll", { count: 99 })).toEqual(["failed", { error: "count must be 1 to 10" }]);
    expect(await outputOf("hang_up")).toEqual(["ok", { ok: true, next: "Say goodbye now." }]);
    expect(await outputOf("orders")).toEqual(["ok", { open: 3 }]);
    expect(await outputOf("broken")).toEqual(["failed", { error: "the tool failed" }]);
    expect(api.told.notices).toEqual([]);
  });

  it("ME-55 a tool that is not saved is not there, and arguments are an object of at most the size of a call's", async () => {
    const token = await givenTools({ name: "roll", mode: "builtin", builtin: "roll_dice" });
    for (const name of ["no_such", "constructor", "__proto__", "%2e%2e"]) {
      expect([name, await failureOf(await run(token, name))]).toMatchObject([name, { status: 404, code: "not_found" }]);
    }
    const long = (characters: number) => ({ arguments: { note: "x".repeat(characters - '{"note":""}'.length) } });
    expect((await run(token, "roll", long(LIMITS.toolArgumentsCharacters))).status).toBe(200);
    for (const json of [
      long(LIMITS.toolArgumentsCharacters + 1),
      {},
      { arguments: "{}" },
      { arguments: [] },
      { arguments: null },
    ]) {
      const failure = await failureOf(await run(token, "roll", json));
      expect(failure).toMatchObject({ status: 400, code: "bad_request", field: expect.stringMatching(/^arguments: /) });
    }
    expect(await failureOf(await run(token, "roll", { arguments: {}, mode: "mock" }))).toMatchObject({ status: 400 });
  });

  it("ME-56 trying out has a rate for each student, and no trace in the log", async () => {
    const [token, other] = [await givenTools({ name: "secretly_named" }), await givenTools({ name: "secretly_named" })];
    logLines.length = 0;
    for (let run_ = 0; run_ < TOOL_RUNS_PER_MINUTE; run_++) {
      expect((await run(token, "secretly_named", { arguments: { note: "CANARY" } })).status).toBe(200);
    }
    expect(await failureOf(await run(token, "secretly_named"))).toMatchObject({
      status: 429,
      code: "too_many_requests",
    });
    expect((await run(other, "secretly_named")).status).toBe(200);
    expect(logLines.join()).not.toMatch(/CANARY|secretly_named|tools_/);
  });
});
