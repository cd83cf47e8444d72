import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { openAiClient } from "../../src/model/openai-client.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import { COMPLETED, delta, KEY, REQUEST, refusing, Scripted, settled, urlOf } from "./scripted-openai.ts";

const textOf = (openai: Scripted): string =>
  openai.events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");

describe("the text leg", () => {
  it("OPENAI-10 asks for a stream that OpenAI does not store, with our own items as history", async () => {
    const openai = new Scripted();
    await openai.ask({
      instructions: "Be kind.",
      history: [
        { kind: "caller", text: "Time?" },
        { kind: "tool-call", toolCallId: "c1", name: "clock", arguments: "{}" },
        { kind: "tool-output", toolCallId: "c1", output: '"noon"' },
        { kind: "agent", text: "Noon." },
      ],
      tools: [{ name: "clock", description: "The time", parameters: { type: "object", properties: {} } }],
    });
    expect(openai.exchanges[0]?.url).toBe("https://api.openai.example/v1/responses");
    expect(openai.exchanges[0]?.headers.get("authorization")).toBe(`Bearer ${KEY}`);
    expect(openai.exchanges[0]?.body).toMatchObject({
      model: "gpt-6-luna",
      stream: true,
      store: false,
      reasoning: { effort: "none" },
      input: [
        { role: "user", content: "Time?" },
        { type: "function_call", call_id: "c1", name: "clock", arguments: "{}" },
        { type: "function_call_output", call_id: "c1", output: '"noon"' },
        { role: "assistant", content: "Noon." },
      ],
      tools: [{ type: "function", name: "clock", strict: false }],
    });
    expect(openai.exchanges[0]?.body).not.toHaveProperty("temperature");
    openai.abort.abort();
  });

  it("OPENAI-11 sends no effort to a model that takes none, and no tools when there are none", async () => {
    const openai = new Scripted();
    await openai.ask(REQUEST, "gpt-4o-mini");
    expect(openai.exchanges[0]?.body).not.toHaveProperty("reasoning");
    expect(openai.exchanges[0]?.body).not.toHaveProperty("tools");
    openai.abort.abort();
  });

  it("OPENAI-12 reports what arrives together together, and what arrives later later", async () => {
    const openai = new Scripted(() => openai.stream());
    await openai.ask();
    await openai.send(delta("One ") + delta("two "));
    await openai.send(delta("three.") + COMPLETED);
    expect(openai.batches).toEqual([
      [{ type: "text-delta", text: "One two " }],
      [
        { type: "text-delta", text: "three." },
        {
          type: "response-done",
          cut: false,
          usage: expect.objectContaining({ inputTokens: 9, outputTokens: 3 }),
          source: expect.objectContaining({ rawUsage: expect.stringContaining('"input_tokens":9') }),
        },
      ],
    ]);
  });

  it("OPENAI-13 reads a stream cut anywhere, within a character too, with CRLF and comments", async () => {
    const openai = new Scripted(() => openai.stream());
    await openai.ask();
    const bytes = new TextEncoder().encode(
      `: hello\r\n\r\n${delta("Grüße, 漢字 🎉")}${COMPLETED}`.replaceAll("\n", "\r\n"),
    );
    for (let at = 0; at < bytes.length; at += 3) await openai.send(bytes.slice(at, at + 3));
    expect(textOf(openai)).toBe("Grüße, 漢字 🎉");
    expect(openai.events.at(-1)?.type).toBe("response-done");
  });

  it("OPENAI-14 goes on after an event that is unknown, broken or enormous", async () => {
    const openai = new Scripted(() => openai.stream());
    await openai.ask();
    await openai.send(`data: {"type":"response.brand_new"}\n\ndata: {"type":\n\n`);
    await openai.send(`data: {"type":"x","blob":"${"a".repeat(2_000_000)}"}\n\n`);
    await openai.send(delta("Still here.") + COMPLETED);
    expect(textOf(openai)).toBe("Still here.");
    expect(openai.events.at(-1)?.type).toBe("response-done");
  });

  it("OPENAI-15 ends with a failure when the stream ends or breaks before the response does", async () => {
    for (const how of ["end", "break"] as const) {
      const openai = new Scripted(() => openai.stream());
      await openai.ask();
      await openai.send(delta("I was about to"));
      await openai[how]();
      expect(openai.events.at(-1)).toMatchObject({
        type: "response-failed",
        reason: "upstream_unavailable",
        usage: { estimated: true, outputTokens: 5 },
      });
    }
  });

  it("OPENAI-16 gives up when nothing comes: before the first byte, and in mid-answer", async () => {
    const silent = new Scripted();
    await silent.ask();
    silent.clock.advance(LIMITS.firstTokenMs);
    await settled();
    expect(silent.events).toEqual([expect.objectContaining({ type: "response-failed", reason: "upstream_timeout" })]);
    expect(silent.exchanges[0]?.signal?.aborted).toBe(true);

    const stalled = new Scripted(() => stalled.stream());
    await stalled.ask();
    await stalled.send(delta("Well"));
    stalled.clock.advance(LIMITS.upstreamPauseMs);
    await settled();
    expect(stalled.events.at(-1)).toMatchObject({ type: "response-failed" });
  });

  it("OPENAI-16 is not fooled by events that are no words: the first word has its time, whatever comes before", async () => {
    const openai = new Scripted(() => openai.stream());
    await openai.ask();
    openai.clock.advance(LIMITS.firstTokenMs - 100);
    await openai.send(`data: {"type":"response.created","response":{}}\n\n`);
    openai.clock.advance(100);
    await settled();
    expect(openai.events).toEqual([expect.objectContaining({ reason: "upstream_timeout" })]);
  });

  it("OPENAI-17 stops at once when it is aborted, and reports nothing any more", async () => {
    const openai = new Scripted(() => openai.stream());
    const { over } = await openai.ask();
    await openai.send(delta("One"));
    openai.abort.abort();
    await openai.send(delta("two") + COMPLETED).catch(() => {});
    await over;
    expect(textOf(openai)).toBe("One");
    expect(openai.exchanges[0]?.signal?.aborted).toBe(true);
  });

  it("OPENAI-18 asks once more after a failure that may pass, if the wait is short", async () => {
    const slowDown = refusing(429, { code: "rate_limit_exceeded", type: "requests" }, { "retry-after": "1" });
    const openai = new Scripted(slowDown, () => openai.stream());
    await openai.ask();
    expect(openai.exchanges).toHaveLength(1);
    openai.clock.advance(1_000);
    await settled();
    await openai.send(delta("Here.") + COMPLETED);
    expect(openai.exchanges).toHaveLength(2);
    expect(textOf(openai)).toBe("Here.");
  });

  it.each([
    ["no credit", refusing(429, { type: "insufficient_quota", code: "insufficient_quota" }), "no_credit"],
    ["a long wait", refusing(429, { code: "rate_limit_exceeded" }, { "retry-after": "120" }), "upstream_rate_limited"],
    ["a wrong key", refusing(401, { code: "invalid_api_key" }), "key_rejected"],
    ["a bad request", refusing(400, { code: "unsupported_value" }), "upstream_bad_request"],
    [
      "a redirect",
      () => new Response(null, { status: 302, headers: { location: "https://evil.example" } }),
      "upstream_unavailable",
    ],
  ] as const)("OPENAI-19 does not ask again after %s", async (_what, answer, reason) => {
    const openai = new Scripted(answer);
    await openai.ask();
    openai.clock.advance(LIMITS.upstreamRetryMaxMs);
    await settled();
    expect(openai.events).toEqual([expect.objectContaining({ type: "response-failed", reason })]);
    expect(JSON.stringify(openai.events)).not.toContain("CANARY");
    if (reason !== "upstream_unavailable") expect(openai.exchanges).toHaveLength(1);
  });

  it("OPENAI-20 ends an answer that comes as one enormous piece", async () => {
    const openai = new Scripted(() => openai.stream());
    await openai.ask();
    await openai.send(delta("x".repeat(2_000_000)));
    expect(textOf(openai).length).toBe(LIMITS.answerCharacters + 1);
    expect(openai.events.at(-1)).toMatchObject({ type: "response-done", cut: true });
  });

  it("OPENAI-20 ends an answer that will not end", async () => {
    const openai = new Scripted(() => openai.stream());
    await openai.ask();
    for (let part = 0; part < 20; part++) await openai.send(delta("word ".repeat(400)));
    expect(textOf(openai).length).toBeLessThanOrEqual(LIMITS.answerCharacters + 1);
    expect(openai.events.at(-1)).toMatchObject({ type: "response-done", cut: true, usage: { estimated: true } });
  });
});

describe("the OpenAI client", () => {
  const apiKey = ApiKey.parse(KEY);
  if (!apiKey) throw new Error("not a key");

  it("KEY-101 does not hold the key where anyone could print it", () => {
    const client = openAiClient(apiKey, "https://api.openai.example/v1", fetch);
    const seen = [inspect(client, { depth: 9, showHidden: true }), safeJson(client)].join();
    expect(seen).not.toContain("CANARY");
  });

  it("KEY-102 sends the key to the origin of its base URL and to no other", async () => {
    const asked: string[] = [];
    const client = openAiClient(apiKey, "https://api.openai.example/v1", async (input) => {
      asked.push(urlOf(input));
      return Response.json({ data: [] });
    });
    await client.get("/models");
    for (const url of [
      "https://evil.example/v1/models",
      "http://api.openai.example/v1/models",
      "https://api.openai.example.evil.example/",
    ]) {
      await expect(client.get(url)).rejects.toThrow();
    }
    expect(asked).toEqual(["https://api.openai.example/v1/models"]);
  });
});

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}
