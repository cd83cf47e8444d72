import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runBuiltin } from "../../src/call/builtins.ts";
import { ToolRunner } from "../../src/call/tool-runner.ts";
import { callWebhook, type WebhookRequest, type WebhookWorld } from "../../src/call/webhook.ts";
import { LIMITS } from "../../src/limits.ts";
import type { ToolCallRecord } from "../../src/protocol/call-record.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";
import type { Tool } from "../../src/protocol/tools.ts";
import { startWebhookStandin, type WebhookBehaviour, type WebhookStandin } from "../standins/webhook.ts";

const CALL_ID = callIdFrom(new Uint8Array(16));
const SECRET = `whsec_${Buffer.from("a secret of thirty-two bytes ....").toString("base64")}`;

const record = (fields: Partial<ToolCallRecord> = {}): ToolCallRecord => ({
  toolCallId: "call_1",
  name: "tool",
  arguments: "{}",
  webhookId: "msg_1",
  outcome: "pending",
  output: null,
  durationMs: null,
  ...fields,
});

const tool = (answer: Tool["answer"]): Tool => ({ name: "tool", description: "", parameters: {}, fillers: [], answer });

describe("a built-in tool", () => {
  const world = { nowMs: Date.UTC(2026, 10, 22, 14, 30), randomBelow: (below: number) => below - 1 };
  const run = (name: Parameters<typeof runBuiltin>[0], args: object = {}) =>
    runBuiltin(name, new Map(Object.entries(args)), world);

  it("TOOL-10 tells the time where the caller asks for it", () => {
    expect(run("current_time", { time_zone: "Asia/Tokyo" })).toMatchObject({
      reply: {
        local_time: expect.stringMatching(/Sunday, November 22, 2026 at 11:30\sPM/),
        utc: "2026-11-22T14:30:00.000Z",
      },
    });
    expect(run("current_time", { time_zone: "Atlantis/Nowhere" })).toEqual({ ok: false, error: "unknown time zone" });
    expect(run("current_time", { time_zone: 5 }).ok).toBe(false);
  });

  it("TOOL-11 rolls dice within bounds", () => {
    expect(run("roll_dice", { count: 2, sides: 20 })).toEqual({ ok: true, reply: { rolls: [20, 20], total: 40 } });
    for (const args of [{ count: 0 }, { count: 11 }, { sides: 1 }, { count: 1.5 }, { sides: "6" }]) {
      expect(run("roll_dice", args).ok).toBe(false);
    }
  });

  it("TOOL-12 ends or hands over the call with a short reason", () => {
    expect(run("end_call")).toMatchObject({ effect: { type: "end-call", reason: "" } });
    const long = run("hand_over", { reason: "x".repeat(5_000) });
    expect(long).toMatchObject({ effect: { type: "hand-over", reason: "x".repeat(200) } });
  });
});

describe("a tool that runs", () => {
  const world = {
    nowMs: () => 0,
    randomBelow: () => 0,
    wait: async () => {},
    webhook: async () => undefined,
  };

  it("TOOL-13 in mock mode gives its reply, is slow, or fails, as the student wishes", async () => {
    const waits: number[] = [];
    const runner = new ToolRunner(CALL_ID, { ...world, wait: async (ms) => void waits.push(ms) });
    const mock = { mode: "mock", reply: { orders: 3 }, delayMs: 2_000, fails: false } as const;
    expect(await runner.run(tool(mock), record())).toMatchObject({ outcome: "ok", output: '{"orders":3}' });
    expect(waits).toEqual([2_000]);
    expect(await runner.run(tool({ ...mock, fails: true }), record())).toMatchObject({
      outcome: "failed",
      output: '{"error":"the tool failed"}',
    });
    expect(await runner.run(tool({ ...mock, delayMs: 30_000 }), record())).toMatchObject({ outcome: "failed" });
    expect(Math.max(...waits)).toBe(LIMITS.toolMaxMs);
  });

  it("TOOL-14 gets arguments that are a JSON object, or is not run", async () => {
    const runner = new ToolRunner(CALL_ID, world);
    const echo = tool({ mode: "mock", reply: "ran", delayMs: 0, fails: false });
    for (const bad of ["[1]", "null", "{", '"text"', "5"]) {
      expect(await runner.run(echo, record({ arguments: bad }))).toMatchObject({ outcome: "failed" });
    }
    expect(await runner.run(echo, record({ arguments: "" }))).toMatchObject({ outcome: "ok" });
  });

  it("TOOL-15 waits for its turn: so many at once and not more, whatever becomes of them", async () => {
    let open = 0;
    let most = 0;
    const gates: (() => void)[] = [];
    const wait = async (): Promise<void> => {
      open += 1;
      most = Math.max(most, open);
      await new Promise<void>((resolve) => gates.push(resolve));
      open -= 1;
    };
    const runner = new ToolRunner(CALL_ID, { ...world, wait });
    const slow = tool({ mode: "mock", reply: 1, delayMs: 1, fails: false });
    const all = Promise.all(Array.from({ length: 11 }, () => runner.run(slow, record())));
    for (let round = 0; round < 11; round++) {
      await new Promise((resolve) => setImmediate(resolve));
      gates.shift()?.();
    }
    expect(await all).toHaveLength(11);
    expect(most).toBe(LIMITS.toolsAtOnce);
  });
});

describe("a webhook", () => {
  let standin: WebhookStandin;
  beforeAll(async () => {
    standin = await startWebhookStandin({ secret: SECRET, bombBytes: 256 * 1024 * 1024 });
  });
  beforeEach(() => standin.clear());
  afterAll(() => standin.close());

  const call = (behaviour: WebhookBehaviour, request: Partial<WebhookRequest> = {}) => {
    const rules = { urlCharacters: LIMITS.urlCharacters, ownHost: "callroom.example", standinOrigin: standin.origin };
    const world: WebhookWorld = { nowMs: Date.now, fetch, secret: SECRET, rules };
    const facts = { timeoutMs: 400, webhookId: "msg_7", callId: CALL_ID, tool: "orders", arguments: { id: 5 } };
    return callWebhook({ ...facts, url: standin.urlFor(behaviour), ...request }, world);
  };

  it("TOOL-16 is called as Standard Webhooks says, which another's library confirms", async () => {
    expect(await call("ok")).toMatchObject({ ok: true });
    const [seen] = standin.calls();
    expect(seen).toMatchObject({ method: "POST", signature: "valid", headers: { "webhook-id": "msg_7" } });
    expect(seen?.body).toEqual({ type: "tool.call", tool: "orders", arguments: { id: 5 }, callId: CALL_ID });
  });

  it.each([
    ["hang", "the webhook took too long", { code: "timeout" }],
    ["drip", "the webhook took too long", { code: "timeout" }],
    ["slow/2000", "the webhook took too long", { code: "timeout" }],
    ["redirect", "the webhook redirects", { code: "redirect", status: 302 }],
    ["status/500", "the webhook answered 500", { code: "status", status: 500 }],
    ["status/401", "the webhook answered 401", { code: "status", status: 401 }],
    ["gone", "the webhook is gone", { code: "gone", status: 410 }],
    ["bomb", "the webhook's reply is too large", { code: "reply-too-large" }],
    ["big", "the webhook's reply is too large", { code: "reply-too-large" }],
    ["notjson", "the reply is not JSON", { code: "not-json" }],
    ["reset", "the webhook is not reachable", { code: "unreachable" }],
  ] as const)(
    "TOOL-17 that misbehaves (%s) costs a limited time and is told in a few words of ours",
    async (how, error, logged) => {
      const before = performance.now();
      const rss = process.memoryUsage().rss;
      const isLarge = how === "bomb" || how === "big";
      expect(await call(how, isLarge ? { timeoutMs: LIMITS.toolMaxMs } : {})).toEqual({ ok: false, error, ...logged });
      expect(error.length).toBeLessThanOrEqual(64);
      expect(performance.now() - before).toBeLessThan(LIMITS.toolMaxMs);
      expect(process.memoryUsage().rss - rss).toBeLessThan(64 * 1024 * 1024);
      await standin.settled();
    },
  );

  it("TOOL-18 whose connection failed before any byte is asked once more, under the same id", async () => {
    await call("reset");
    expect(standin.calls().map(({ headers }) => headers["webhook-id"])).toEqual(["msg_7", "msg_7"]);
  });

  it("TOOL-19 is not called where it may not point, even if it was saved", async () => {
    for (const url of [
      "http://127.0.0.1:1/",
      "https://169.254.169.254/",
      "https://callroom.example/x",
      "https://a.local/",
    ]) {
      const answer = await call("ok", { url });
      expect(answer).toMatchObject({ ok: false, error: expect.stringMatching(/^the webhook's URL /) });
    }
    expect(standin.calls()).toEqual([]);
  });

  it("TOOL-20 is not sent more than it may be", async () => {
    const huge = { text: "x".repeat(LIMITS.toolRequestBytes) };
    expect(await call("ok", { arguments: huge })).toEqual({
      ok: false,
      error: "arguments too large",
      code: "too-large",
    });
    expect(standin.calls()).toEqual([]);
  });
});
