import { request as httpRequest } from "node:http";
import OpenAI from "openai";
import { afterEach, expect, it } from "vitest";
import * as z from "zod";
import type { Clock } from "./clock.ts";
import { ManualClock } from "./clock.ts";
import { type OpenAiStandin, type OpenAiStandinOptions, startOpenAiStandin } from "./openai.ts";
import { eventsOf, KEY, parsed, post, textOf } from "./openai-asking.ts";

const AT_ONCE = { ttftMs: 0, tokensPerSecond: 0, today: () => Date.parse("2026-11-22T00:00:00Z") } as const;
const MODEL = "gpt-6-luna";
const QUIET = { model: MODEL, reasoning: { effort: "none" }, store: false } as const;
const TIME_TOOL = {
  type: "function",
  name: "current_time",
  description: "The current date and time in a time zone.",
  parameters: { type: "object", properties: { time_zone: { type: "string" } }, required: ["time_zone"] },
  strict: false,
} as const;

const standins: OpenAiStandin[] = [];
const start = async (options: OpenAiStandinOptions = AT_ONCE): Promise<OpenAiStandin> => {
  const standin = await startOpenAiStandin(options);
  standins.push(standin);
  return standin;
};
afterEach(() => Promise.all(standins.splice(0).map((standin) => standin.close())));

const clientOf = (standin: OpenAiStandin, apiKey = KEY): OpenAI =>
  new OpenAI({ apiKey, baseURL: standin.baseUrl, maxRetries: 0, logLevel: "off" });

it("STANDIN-5 streams a message in the order and with the fields of the Responses API", async () => {
  const standin = await start();
  standin.answerWith({ tokens: ["Good", " day."] });
  const request = { ...QUIET, input: "hi", stream: true, instructions: "Be short." };
  const response = await post(standin, "/responses", request);
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(response.headers.get("x-request-id")).toMatch(/^req_[0-9a-f]{32}$/);
  const events = await eventsOf(response);
  expect(events.map(({ event }) => event)).toEqual([
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
  const Numbered = z.object({ type: z.string(), sequence_number: z.number() });
  const numbered = events.map(({ data }) => Numbered.parse(parsed(data)));
  expect(numbered.map(({ type }) => type)).toEqual(events.map(({ event }) => event));
  expect(numbered.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
  expect(parsed(events[5]?.data ?? "")).toMatchObject({
    output_index: 0,
    content_index: 0,
    delta: " day.",
    logprobs: [],
    obfuscation: expect.any(String),
  });
  expect(parsed(events.at(-1)?.data ?? "")).toMatchObject({
    response: {
      status: "completed",
      model: MODEL,
      store: false,
      instructions: "Be short.",
      output: [{ type: "message", status: "completed", content: [{ type: "output_text", text: "Good day." }] }],
      usage: { output_tokens: 2, output_tokens_details: { reasoning_tokens: 0 } },
    },
  });
});

it("STANDIN-5 is read by the official client, streamed, gathered and whole", async () => {
  const standin = await start();
  const client = clientOf(standin);
  standin.answerWith({ text: "One two three." }, { times: 3 });
  const stream = await client.responses.create({ ...QUIET, input: "hi", stream: true });
  let text = "";
  for await (const event of stream) if (event.type === "response.output_text.delta") text += event.delta;
  const gathered = await client.responses.stream({ ...QUIET, input: "hi" }).finalResponse();
  const whole = await client.responses.create({ ...QUIET, input: "hi" });
  expect([text, gathered.output_text, whole.output_text]).toEqual(Array(3).fill("One two three."));
  expect(gathered.usage).toEqual(whole.usage);
});

it("STANDIN-5 streams parallel tool calls whose name and call_id are with the item only", async () => {
  const standin = await start();
  standin.answerWith({
    text: "Let me see.",
    toolCalls: [
      { name: "current_time", arguments: { time_zone: "Asia/Tokyo" } },
      { name: "current_time", arguments: "{broken" },
    ],
  });
  const request = { ...QUIET, input: "time?", stream: true, tools: [TIME_TOOL] };
  const events = await eventsOf(await post(standin, "/responses", request));
  const deltas = events.filter(({ event }) => event === "response.function_call_arguments.delta");
  expect(deltas.length).toBeGreaterThan(3);
  for (const { data } of deltas)
    expect(Object.keys(z.record(z.string(), z.unknown()).parse(parsed(data)))).not.toContain("call_id");
  const Done = z.object({ output_index: z.number(), item: z.record(z.string(), z.unknown()) });
  const items = events
    .filter(({ event }) => event === "response.output_item.done")
    .map(({ data }) => Done.parse(parsed(data)));
  expect(items).toMatchObject([
    { output_index: 0, item: { type: "message" } },
    { output_index: 1, item: { name: "current_time", arguments: '{"time_zone":"Asia/Tokyo"}', status: "completed" } },
    { output_index: 2, item: { name: "current_time", arguments: "{broken", status: "completed" } },
  ]);
  expect(items[1]?.item.call_id).not.toBe(items[2]?.item.call_id);
});

it("STANDIN-5 carries a whole tool turn with the official client", async () => {
  const standin = await start();
  const client = clientOf(standin);
  const question = { role: "user" as const, content: "What time is it in Tokyo?" };
  const asked = await client.responses.create({ ...QUIET, input: [question], tools: [TIME_TOOL] });
  const call = asked.output.find((item) => item.type === "function_call");
  expect(call).toMatchObject({ name: "current_time", arguments: '{"time_zone":"Asia/Tokyo"}' });
  const output = JSON.stringify({ time_zone: "Asia/Tokyo", local_time: "Sunday, November 22, 2026 at 10:36 PM" });
  const told = await client.responses.create({
    ...QUIET,
    tools: [TIME_TOOL],
    input: [question, ...(call ? [call] : []), { type: "function_call_output", call_id: call?.call_id ?? "", output }],
  });
  expect(told.output_text).toBe("It is 10:36 PM on Sunday in Tokyo.");
});

it("STANDIN-5 thinks first when the effort is not none, and gives the thought back on request", async () => {
  const standin = await start();
  const request = { model: MODEL, reasoning: { effort: "low" }, input: "hi", stream: true, store: false };
  const asked = { ...request, include: ["reasoning.encrypted_content"] };
  const events = await eventsOf(await post(standin, "/responses", asked));
  const reasoning = events.find(({ event }) => event === "response.output_item.done");
  expect(parsed(reasoning?.data ?? "")).toMatchObject({
    output_index: 0,
    item: { type: "reasoning", summary: [], encrypted_content: expect.any(String) },
  });
  expect(events.find(({ event }) => event === "response.output_text.delta")?.data).toContain('"output_index":1');
  const usage = standin.journal()[0]?.usage;
  expect(usage?.reasoningTokens).toBe(64);
  expect(usage?.outputTokens).toBeGreaterThan(64);
});

it("STANDIN-6 streams Chat Completions as the official client reads them, with usage when asked", async () => {
  const standin = await start();
  const client = clientOf(standin);
  standin.answerWith({ text: "Hello from chat." }, { times: 2 });
  const request = { model: "gpt-4o", messages: [{ role: "user" as const, content: "hi" }], stream: true as const };
  const chunks = [];
  for await (const chunk of await client.chat.completions.create({
    ...request,
    stream_options: { include_usage: true },
  })) {
    chunks.push(chunk);
  }
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("Hello from chat.");
  expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
  expect(chunks.at(-1)).toMatchObject({
    choices: [],
    usage: { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 },
  });
  const plain = await (await post(standin, "/chat/completions", request)).text();
  expect(plain).not.toContain('"usage"');
  expect(plain.endsWith("data: [DONE]\n\n")).toBe(true);
});

it("STANDIN-6 calls tools in Chat Completions, streamed by index and whole", async () => {
  const standin = await start();
  const client = clientOf(standin);
  const { name, description, parameters } = TIME_TOOL;
  const request = {
    model: MODEL,
    reasoning_effort: "none" as const,
    messages: [{ role: "user" as const, content: "What time is it in Rome?" }],
    tools: [{ type: "function" as const, function: { name, description, parameters } }],
  };
  const gathered = await client.chat.completions.stream(request).finalChatCompletion();
  const whole = await client.chat.completions.create(request);
  for (const { choices } of [gathered, whole]) {
    expect(choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ type: "function", function: { name, arguments: '{"time_zone":"Europe/Rome"}' } }] },
    });
  }
  const calls = whole.choices[0]?.message.tool_calls ?? [];
  const told = await client.chat.completions.create({
    ...request,
    messages: [
      ...request.messages,
      { role: "assistant", tool_calls: calls },
      { role: "tool", tool_call_id: calls[0]?.id ?? "", content: '"14:05"' },
    ],
  });
  expect(told.choices[0]?.message.content).toBe("It is 2:05 PM.");
});

it("STANDIN-7 writes down every request with its key, also refused ones, and sums up usage by key", async () => {
  const standin = await start();
  const other = "sk-other-0123456789";
  await (await post(standin, "/responses", { ...QUIET, input: "12345678" })).text();
  await (await post(standin, "/responses", { ...QUIET, input: "hi", store: undefined }, other)).text();
  await (await post(standin, "/responses", "{nonsense", other)).text();
  await (await fetch(`${standin.baseUrl}/models`)).text();
  await standin.settled();
  expect(standin.journal()).toMatchObject([
    { key: KEY, method: "POST", path: "/v1/responses", model: MODEL, status: 200, stored: false, aborted: false },
    { key: other, status: 200, stored: true, body: { input: "hi" } },
    { key: other, status: 400, body: null, usage: null },
    { key: null, path: "/v1/models", status: 401 },
  ]);
  expect(standin.journal(other)).toHaveLength(2);
  const entry = standin.journal(KEY)[0];
  expect(standin.usageOf(KEY)).toEqual({ requests: 1, ...entry?.usage });
  expect(entry?.usage?.inputTokens).toBe(2);
  expect(JSON.stringify(entry?.headers)).not.toContain(KEY);
  const ids = standin.journal().map(({ requestId }) => requestId);
  expect(new Set(ids).size).toBe(4);
  standin.clearJournal();
  expect([standin.journal(), standin.usageOf(KEY).requests]).toEqual([[], 0]);
});

it("STANDIN-7 notices a client that goes away, stops, and bills what had been sent", async () => {
  const clock = new ManualClock(1_000);
  const standin = await start({ clock, today: AT_ONCE.today });
  standin.answerWith({ text: "a b c d e f g h i j k" });
  const leaving = new AbortController();
  const arrival = standin.nextRequest(KEY);
  const response = await post(standin, "/responses", { ...QUIET, input: "hi", stream: true }, KEY, leaving.signal);
  await arrival;
  clock.advance(200 + 2 * 20);
  const reading = response.text();
  leaving.abort();
  await expect(reading).rejects.toThrow();
  await standin.settled();
  expect(standin.journal()[0]).toMatchObject({ aborted: true, status: 200, firstTokenAtMs: 1_200 });
  expect(standin.usageOf(KEY)).toMatchObject({ requests: 1, outputTokens: 3 });
  expect(clock.dueMs).toEqual([]);
});

it("STANDIN-8 sends the first token and every later one when it is due", async () => {
  const clock = new ManualClock();
  const standin = await start({ clock, ttftMs: 200, tokensPerSecond: 50, today: AT_ONCE.today });
  standin.answerWith({ text: "a b c" });
  const arrival = standin.nextRequest();
  const response = await post(standin, "/responses", { ...QUIET, input: "hi", stream: true });
  await arrival;
  const sent = () => standin.journal()[0]?.usage?.outputTokens;
  clock.advance(199);
  expect(sent()).toBe(0);
  clock.advance(1);
  expect(sent()).toBe(1);
  clock.advance(39);
  expect(sent()).toBe(2);
  clock.advance(1);
  expect(textOf(await eventsOf(response))).toBe("a b c");
});

it("STANDIN-8 sends tokens that are due together in one write", async () => {
  const time = new ManualClock();
  let late: (() => void) | undefined;
  const clock: Clock = {
    now: time.now,
    startTimer(run) {
      late = run;
      return () => {};
    },
  };
  const standin = await start({ clock, ttftMs: 200, tokensPerSecond: 50, today: AT_ONCE.today });
  standin.answerWith({ text: "a b c d e f" });
  const response = await post(standin, "/responses", { ...QUIET, input: "hi", stream: true });
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  const opening = new TextDecoder().decode((await reader.read()).value);
  expect(opening.match(/^event: .*$/gm)).toEqual(["event: response.created", "event: response.in_progress"]);
  time.advance(260);
  late?.();
  const burst = new TextDecoder().decode((await reader.read()).value);
  expect(burst.match(/"delta":"[^"]*"/g)).toEqual(['"delta":"a"', '"delta":" b"', '"delta":" c"', '"delta":" d"']);
  await reader.cancel();
});

it("STANDIN-8 lets a slow key wait eight seconds for its first token, with or without a stream", async () => {
  const clock = new ManualClock();
  const standin = await start({ ...AT_ONCE, clock });
  for (const stream of [true, false]) {
    const arrival = standin.nextRequest();
    const reply = post(standin, "/responses", { ...QUIET, input: "hi", stream }, "sk-slow-0123456789");
    await arrival;
    const askedAtMs = clock.now();
    expect(clock.dueMs).toEqual([askedAtMs + 8_000]);
    clock.advance(8_000);
    expect(await (await reply).text()).toContain("Hello!");
    expect(standin.journal().at(-1)?.firstTokenAtMs).toBe(askedAtMs + 8_000);
  }
});

it("STANDIN-12 counts cached input from 1,024 tokens on, in steps of 128, for the same key only", async () => {
  const standin = await start();
  const instructions = "x".repeat(4 * 1_200);
  const ask = async (input: string, key = KEY) => {
    await (await post(standin, "/responses", { ...QUIET, instructions, input }, key)).text();
    return standin.journal(key).at(-1)?.usage;
  };
  expect(await ask("first")).toMatchObject({ inputTokens: 1_202, cachedTokens: 0 });
  expect(await ask("second")).toMatchObject({ cachedTokens: 1_152 });
  expect(await ask("second", "sk-other-0123456789")).toMatchObject({ cachedTokens: 0 });
  const short = { ...QUIET, instructions: "y".repeat(4 * 1_000), input: "hi" };
  for (let times = 0; times < 2; times += 1) await (await post(standin, "/responses", short)).text();
  expect(standin.journal(KEY).at(-1)?.usage?.cachedTokens).toBe(0);
});

it("STANDIN-12 ends an answer at its cap of output tokens, hidden reasoning included", async () => {
  const standin = await start();
  standin.answerWith({ text: "word ".repeat(50) }, { times: 3 });
  const request = { ...QUIET, input: "hi", max_output_tokens: 20 };
  const cut = parsed(await (await post(standin, "/responses", request)).text());
  expect(cut).toMatchObject({
    status: "incomplete",
    incomplete_details: { reason: "max_output_tokens" },
    output: [{ status: "incomplete" }],
    usage: { output_tokens: 20 },
  });
  const thinking = { ...request, reasoning: { effort: "low" }, stream: true };
  const events = await eventsOf(await post(standin, "/responses", thinking));
  expect(events.map(({ event }) => event)).not.toContain("response.output_text.delta");
  expect(events.at(-1)?.event).toBe("response.incomplete");
  expect(standin.journal().at(-1)?.usage).toMatchObject({ outputTokens: 20, reasoningTokens: 20 });
  const chat = { model: "gpt-4o", messages: [{ role: "user", content: "hi" }], max_tokens: 5 };
  expect(parsed(await (await post(standin, "/chat/completions", chat)).text())).toMatchObject({
    choices: [{ finish_reason: "length", message: { content: "word word word word word" } }],
  });
});

it("STANDIN-13 gives its journal and takes faults over HTTP, asked by the machine's own address only", async () => {
  const standin = await start();
  const origin = new URL(standin.baseUrl).origin;
  const ordered = await fetch(`${origin}/standin/faults`, {
    method: "POST",
    body: JSON.stringify({ kind: "answer", text: "Scripted.", key: KEY }),
  });
  expect(ordered.status).toBe(201);
  expect(await (await post(standin, "/responses", { ...QUIET, input: "hi" })).text()).toContain("Scripted.");
  const journal = await (await fetch(`${origin}/standin/journal?key=${KEY}`)).json();
  expect(journal).toMatchObject([{ key: KEY, status: 200, faults: ["answer"] }]);
  expect(await (await fetch(`${origin}/standin/usage?key=${KEY}`)).json()).toMatchObject({
    requests: 1,
    outputTokens: 2,
  });

  const bad = await fetch(`${origin}/standin/faults`, { method: "POST", body: '{"kind":"earthquake"}' });
  expect(bad.status).toBe(400);
  standin.fault({ kind: "hang", times: "always" });
  expect((await fetch(`${origin}/standin/faults`, { method: "DELETE" })).status).toBe(204);
  expect((await post(standin, "/responses", { ...QUIET, input: "hi" })).status).toBe(200);
  expect((await fetch(`${origin}/standin/journal`, { method: "DELETE" })).status).toBe(204);
  expect(standin.journal()).toEqual([]);
  expect((await fetch(`${origin}/standin/journal`, { method: "PUT" })).status).toBe(404);

  const status = await new Promise((resolve) => {
    const asked = httpRequest(`${origin}/standin/journal`, { headers: { host: "evil.example" } }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    });
    asked.end();
  });
  expect(status).toBe(403);
});
