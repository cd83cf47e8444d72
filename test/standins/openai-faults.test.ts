import OpenAI, { APIError, InternalServerError } from "openai";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ManualClock } from "./clock.ts";
import { type FaultOrder, type OpenAiStandin, startOpenAiStandin } from "./openai.ts";
import { eventsOf, KEY, parsed, post, refusedBy, type SseEvent, textOf } from "./openai-asking.ts";

const REQUEST = {
  model: "gpt-6-luna",
  reasoning: { effort: "none" },
  store: false,
  input: "hi",
  stream: true,
} as const;
const CHAT = { model: "gpt-4o", messages: [{ role: "user", content: "hi" }], stream: true };
const TEXT = "a b c d e f";

let standin: OpenAiStandin;
beforeEach(async () => {
  standin = await startOpenAiStandin({ ttftMs: 0, tokensPerSecond: 0 });
});
afterEach(() => standin.close());

const client = (): OpenAI => new OpenAI({ apiKey: KEY, baseURL: standin.baseUrl, maxRetries: 0, logLevel: "off" });
const ask = (body: object = REQUEST) => post(standin, "/responses", body);

/** Scripts an answer of six tokens and one fault, and reads the stream to its end. */
async function streamed(order: FaultOrder): Promise<SseEvent[]> {
  standin.answerWith({ text: TEXT });
  standin.fault(order);
  return eventsOf(await ask());
}

/** Reads what comes until something matches; the stream stays open. */
async function readUntil(response: Response, pattern: RegExp): Promise<{ text: string; rest: () => Promise<string> }> {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  const decoder = new TextDecoder();
  let text = "";
  const more = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: true });
    return !done;
  };
  while (!pattern.test(text) && (await more()));
  return {
    text,
    rest: async () => {
      while (await more());
      return text;
    },
  };
}

describe("before the answer", () => {
  it.each([
    [500, "server_error", "server_error"],
    [502, "server_error", "server_error"],
    [503, "server_is_overloaded", "service_unavailable_error"],
    [429, "rate_limit_exceeded", "requests"],
    [401, "invalid_api_key", "invalid_request_error"],
    [403, "unsupported_country_region_territory", "request_forbidden"],
    [404, "model_not_found", "invalid_request_error"],
  ])("STANDIN-9 refuses with %i on order", async (status, code, type) => {
    standin.fault({ kind: "status", status });
    const refused = await refusedBy(await ask());
    expect([refused.status, refused.error.code, refused.error.type]).toEqual([status, code, type]);
    expect((await ask()).status).toBe(200);
    expect(standin.journal()).toMatchObject([
      { status, faults: ["status"], usage: null },
      { status: 200, faults: [] },
    ]);
  });

  it("STANDIN-9 refuses with an error of one's own, and says when to come back", async () => {
    standin.fault({ kind: "status", status: 429, retryAfterSeconds: 120, code: null, type: "insufficient_quota" });
    const refused = await refusedBy(await ask());
    expect(refused.error).toMatchObject({ code: null, type: "insufficient_quota" });
    expect(refused.headers.get("retry-after")).toBe("120");
    standin.fault({ kind: "status", status: 500, times: 1 });
    await expect(client().responses.create({ ...REQUEST, stream: false })).rejects.toBeInstanceOf(InternalServerError);
  });

  it("STANDIN-9 keeps a request without an answer until the client has had enough", async () => {
    standin.fault({ kind: "hang" });
    const leaving = new AbortController();
    const arrival = standin.nextRequest();
    const asking = post(standin, "/responses", REQUEST, KEY, leaving.signal);
    await arrival;
    leaving.abort();
    await expect(asking).rejects.toThrow();
    await standin.settled();
    expect(standin.journal()[0]).toMatchObject({ aborted: true, status: 0, usage: null });
  });

  it("STANDIN-9 plays for the key, the path and as many times as ordered", async () => {
    const other = "sk-other-0123456789";
    standin.fault({ kind: "status", status: 500, key: other, times: 2 });
    standin.fault({ kind: "status", status: 503, path: "/v1/models", times: "always" });
    expect((await ask()).status).toBe(200);
    const statuses = [];
    for (let times = 0; times < 3; times += 1)
      statuses.push((await post(standin, "/responses", REQUEST, other)).status);
    expect(statuses).toEqual([500, 500, 200]);
    const list = () => fetch(`${standin.baseUrl}/models`, { headers: { authorization: `Bearer ${KEY}` } });
    expect([(await list()).status, (await list()).status]).toEqual([503, 503]);
    standin.clearFaults();
    expect((await list()).status).toBe(200);
    standin.fault({ kind: "status", status: 500, key: other });
    standin.clearFaults(other);
    expect((await post(standin, "/responses", REQUEST, other)).status).toBe(200);
  });

  it("STANDIN-9 refuses an order that makes no sense", () => {
    expect(() => standin.fault({ kind: "status", status: 200 })).toThrow(TypeError);
    expect(() => standin.fault({ kind: "stall", times: 0 })).toThrow(TypeError);
  });
});

describe("in mid-stream", () => {
  it("STANDIN-9 stalls after so many tokens, until the client goes", async () => {
    standin.answerWith({ text: TEXT });
    standin.fault({ kind: "stall", afterTokens: 2 });
    const leaving = new AbortController();
    const response = await post(standin, "/responses", REQUEST, KEY, leaving.signal);
    const { text, rest } = await readUntil(response, /" b"/);
    expect(text).not.toContain('" c"');
    leaving.abort();
    await expect(rest()).rejects.toThrow();
    await standin.settled();
    expect(standin.journal()[0]).toMatchObject({ aborted: true, usage: { outputTokens: 2 } });
  });

  it("STANDIN-9 resets the connection after so many tokens, which still arrive", async () => {
    standin.answerWith({ text: TEXT });
    standin.fault({ kind: "reset", afterTokens: 3 });
    const { text, rest } = await readUntil(await ask(), /" c"/);
    expect(text).not.toContain('" d"');
    await expect(rest()).rejects.toThrow();
    await standin.settled();
    expect(standin.journal()[0]).toMatchObject({
      aborted: false,
      faults: ["answer", "reset"],
      usage: { outputTokens: 3 },
    });
  });

  it("STANDIN-9 sends an event that is no JSON and goes on", async () => {
    const events = await streamed({ kind: "malformed-event", afterTokens: 2 });
    expect(events.filter(({ data }) => parsed(data) === undefined)).toHaveLength(1);
    expect(textOf(events)).toBe(TEXT);
    expect(events.at(-1)?.event).toBe("response.completed");
  });

  it("STANDIN-9 sends event types nobody has heard of and goes on", async () => {
    const events = await streamed({ kind: "unknown-events", afterTokens: 2 });
    expect(events.filter(({ event }) => event === "response.whisper.delta")).toHaveLength(2);
    expect(textOf(events)).toBe(TEXT);
  });

  it("STANDIN-9 sends one event of two mebibytes and goes on", async () => {
    const events = await streamed({ kind: "oversized-event" });
    expect(Math.max(...events.map(({ data }) => data.length))).toBeGreaterThan(2 * 1024 * 1024);
    expect(events.at(-1)?.event).toBe("response.completed");
  });

  it("STANDIN-9 sends one deeply nested event and goes on", async () => {
    const events = await streamed({ kind: "deep-event", depth: 5_000 });
    expect(events.filter(({ data }) => data.includes("[".repeat(5_000)))).toHaveLength(1);
    expect(textOf(events)).toBe(TEXT);
  });

  it("STANDIN-9 ends with an error event, nested as OpenAI sends it or flat as it describes it", async () => {
    const nested = await streamed({ kind: "error-event", afterTokens: 1, code: "rate_limit_exceeded" });
    expect(nested.at(-1)?.event).toBe("error");
    expect(parsed(nested.at(-1)?.data ?? "")).toMatchObject({
      type: "error",
      error: { code: "rate_limit_exceeded", param: null, message: expect.any(String) },
    });
    const flat = await streamed({ kind: "error-event", shape: "flat", code: null });
    expect(parsed(flat.at(-1)?.data ?? "")).toMatchObject({ type: "error", code: null, message: expect.any(String) });
    standin.fault({ kind: "error-event" });
    const reading = async () => {
      for await (const _ of await client().responses.create(REQUEST));
    };
    await expect(reading()).rejects.toBeInstanceOf(APIError);
  });

  it("STANDIN-9 ends with a failed response and its code", async () => {
    const events = await streamed({ kind: "failed", code: "invalid_prompt" });
    expect(parsed(events.at(-1)?.data ?? "")).toMatchObject({
      type: "response.failed",
      response: { status: "failed", error: { code: "invalid_prompt" }, usage: null },
    });
  });

  it("STANDIN-9 ends with an incomplete response and its reason", async () => {
    const events = await streamed({ kind: "incomplete", afterTokens: 4 });
    expect(parsed(events.at(-1)?.data ?? "")).toMatchObject({
      type: "response.incomplete",
      response: { status: "incomplete", incomplete_details: { reason: "content_filter" }, usage: { output_tokens: 4 } },
    });
  });

  it("STANDIN-9 ends cleanly without a terminal event", async () => {
    const events = await streamed({ kind: "no-terminal", afterTokens: 4 });
    expect(textOf(events)).toBe("a b c d");
    expect(events.at(-1)?.event).toBe("response.output_text.delta");
  });

  it("STANDIN-9 plays a fault behind the last token when the answer is shorter", async () => {
    const events = await streamed({ kind: "no-terminal", afterTokens: 100 });
    expect(textOf(events)).toBe(TEXT);
  });

  it("STANDIN-9 lets the first token wait as long as ordered", async () => {
    const clock = new ManualClock();
    const slow = await startOpenAiStandin({ clock, ttftMs: 0, tokensPerSecond: 0, today: () => 0 });
    slow.fault({ kind: "slow-first-token", ms: 700 });
    const arrival = slow.nextRequest();
    const response = await post(slow, "/responses", REQUEST);
    await arrival;
    expect(clock.dueMs).toEqual([700]);
    clock.advance(700);
    expect((await eventsOf(response)).at(-1)?.event).toBe("response.completed");
    await slow.close();
  });
});

describe("in how it is said", () => {
  it("STANDIN-9 splits the stream in mid-character, with CRLF and comment lines", async () => {
    standin.answerWith({ text: "Grüße, 東京 ☂" });
    standin.fault({ kind: "split", everyBytes: 5 });
    const response = await ask();
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    const chunks: Uint8Array[] = [];
    for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
    const whole = Buffer.concat(chunks).toString("utf8");
    expect(whole).toContain("\r\n\r\n: a comment");
    expect(whole.replaceAll("\r\n", "")).not.toContain("\n");
    const broken = chunks.filter((chunk) => new TextDecoder().decode(chunk).includes("\ufffd"));
    expect(broken.length).toBeGreaterThan(0);

    standin.answerWith({ text: "Grüße, 東京 ☂" });
    standin.fault({ kind: "split", everyBytes: 5 });
    expect((await client().responses.stream(REQUEST).finalResponse()).output_text).toBe("Grüße, 東京 ☂");
  });

  it("STANDIN-9 announces every finished tool call twice when ordered, under one call_id", async () => {
    standin.answerWith({ toolCalls: [{ name: "a" }, { name: "b" }], duplicated: true });
    const Done = z.object({ item: z.object({ call_id: z.string(), arguments: z.literal("{}") }) });
    const done = (await eventsOf(await ask()))
      .filter(({ event }) => event === "response.output_item.done")
      .map(({ data }) => Done.parse(parsed(data)).item.call_id);
    expect(done).toHaveLength(4);
    expect(new Set(done).size).toBe(2);
  });
});

it("STANDIN-9 plays the same faults in Chat Completions", async () => {
  const streamedChat = async (order: FaultOrder): Promise<string> => {
    standin.answerWith({ text: TEXT });
    standin.fault(order);
    return (await post(standin, "/chat/completions", CHAT)).text();
  };
  expect(await streamedChat({ kind: "no-terminal", afterTokens: 2 })).not.toContain("[DONE]");
  expect(await streamedChat({ kind: "error-event", code: "server_error" })).toContain(
    'data: {"error":{"code":"server_error"',
  );
  expect(await streamedChat({ kind: "failed", code: "server_error" })).toMatch(/data: \{"error":.*\n\n$/);
  expect(await streamedChat({ kind: "incomplete" })).toContain('"finish_reason":"content_filter"');
  expect(await streamedChat({ kind: "malformed-event" })).toContain('"delta":{"con\n\n');
  expect(await streamedChat({ kind: "unknown-events" })).toContain("event: whisper\n");
  expect(await streamedChat({ kind: "deep-event", depth: 100 })).toContain("[".repeat(100));
  expect((await streamedChat({ kind: "oversized-event", bytes: 100_000 })).length).toBeGreaterThan(100_000);
  await expect(streamedChat({ kind: "reset" })).rejects.toThrow();
});

it("STANDIN-9 breaks, cuts off or keeps an answer without a stream", async () => {
  const whole = { ...REQUEST, stream: false };
  standin.fault({ kind: "malformed-event" });
  const broken = await (await ask(whole)).text();
  expect([broken.length > 0, parsed(broken)]).toEqual([true, undefined]);
  standin.fault({ kind: "reset" });
  await expect(ask(whole)).rejects.toThrow();
  standin.fault({ kind: "stall" });
  const leaving = new AbortController();
  const arrival = standin.nextRequest();
  const asking = post(standin, "/responses", whole, KEY, leaving.signal);
  await arrival;
  leaving.abort();
  await expect(asking).rejects.toThrow();
  await standin.settled();
  expect(standin.journal().map(({ aborted }) => aborted)).toEqual([false, false, true]);
});
