import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ManualClock } from "./clock.ts";
import { type OpenAiStandin, type OpenAiStandinOptions, type RealtimeOptions, startOpenAiStandin } from "./openai.ts";
import { openSession, type RealtimeTester } from "./realtime-asking.ts";
import { wordsToSay } from "./realtime-response-request.ts";
import { toneSpeaker } from "./speech.ts";

const QUICK: RealtimeOptions = { ttfbMs: 0, pace: 0, transcriptionMs: 0, speaker: toneSpeaker };
/** Answers that go on until somebody stops them: the manual clock stands still. */
const HELD: RealtimeOptions = { ...QUICK, pace: 4 };
const Named = z.object({ id: z.string() });
const Call = Named.extend({ call_id: z.string() });
const TIME_TOOL = {
  type: "function",
  name: "current_time",
  description: "The current date and time in a time zone.",
  parameters: { type: "object", properties: { time_zone: { type: "string" } }, required: ["time_zone"] },
};

const standins: OpenAiStandin[] = [];
const start = async (realtime = QUICK, options: OpenAiStandinOptions = {}): Promise<OpenAiStandin> => {
  const standin = await startOpenAiStandin({ tokensPerSecond: 0, realtime, ...options });
  standins.push(standin);
  return standin;
};
afterEach(() => Promise.all(standins.splice(0).map((standin) => standin.close())));

const say = (tester: RealtimeTester, text: string): void =>
  tester.send("conversation.item.create", {
    item: { type: "message", role: "user", content: [{ type: "input_text", text }] },
  });

const spoken = (tester: RealtimeTester): unknown[] =>
  tester.of("response.output_audio_transcript.done").map(({ transcript }) => transcript);

describe("an answer", () => {
  it("STANDIN-29 begins after the time to its first sound and comes four times as fast as it is spoken", async () => {
    const clock = new ManualClock(Date.parse("2026-11-22T00:00:00Z"));
    const standin = await start({ ...QUICK, ttfbMs: 300, pace: 4 }, { clock });
    standin.realtime.answerWith({ text: "Twenty characters..." });
    const tester = await openSession(standin);
    tester.send("response.create");
    await tester.next("response.created");
    const deltas = (): number => tester.of("response.output_audio.delta").length;
    await clock.advanceAsync(299);
    tester.send("input_audio_buffer.clear");
    await tester.next("input_audio_buffer.cleared");
    expect(deltas()).toBe(0);
    // 1,200 ms of sound in deltas of 100 ms, each 25 ms after the one before.
    for (let count = 1; count <= 12; count += 1) {
      await clock.advanceAsync(count === 1 ? 1 : 25);
      await tester.next("response.output_audio.delta");
      expect(deltas()).toBe(count);
    }
    await tester.next("response.done");
    const [record] = standin.realtime.sessions()[0]?.responses ?? [];
    expect(record).toMatchObject({ audioMs: 1_200, status: "completed" });
    expect((record?.firstAudioAtMs ?? 0) - (record?.createdAtMs ?? 0)).toBe(300);
    expect((record?.doneAtMs ?? 0) - (record?.createdAtMs ?? 0)).toBe(575);
  });

  it("STANDIN-29 in text has text events alone", async () => {
    const standin = await start();
    const tester = await openSession(standin, { output_modalities: ["text"] });
    say(tester, "What is two plus three?");
    tester.send("response.create", { response: { metadata: { purpose: "test" } } });
    const { response } = await tester.next("response.done");
    await tester.next("rate_limits.updated");
    expect(tester.types().slice(4)).toEqual([
      "response.created",
      "response.output_item.added",
      "conversation.item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "conversation.item.done",
      "response.output_item.done",
      "response.done",
      "rate_limits.updated",
    ]);
    expect(response).toMatchObject({
      metadata: { purpose: "test" },
      output: [{ content: [{ type: "output_text", text: "2 plus 3 is 5." }] }],
      usage: { output_tokens: 4, output_token_details: { text_tokens: 4, audio_tokens: 0 } },
    });
  });

  it("STANDIN-29 of nobody's question greets; one that was told its words says them", async () => {
    const standin = await start();
    const tester = await openSession(standin, { instructions: "You are Mia, the receptionist." });
    tester.send("response.create");
    await tester.next("response.done");
    tester.send("response.create", { response: { instructions: 'Greet the caller with exactly: "Welcome home."' } });
    await tester.next("response.done");
    expect(spoken(tester)).toEqual(["Hello! I'm Mia, the receptionist. What can I do for you?", "Welcome home."]);
  });

  it.each([
    ['Say exactly: "He said \\"hi\\"."', 'He said "hi".'],
    ["Greet the caller with these words: Hello there!", "Hello there!"],
    ["Say \u201cGood day.\u201d and nothing else.", "Good day."],
    ["Be short and friendly.", undefined],
    ["Answer in French.", undefined],
  ])("STANDIN-29 %j is an order to say %j", (instructions, words) => {
    expect(wordsToSay(instructions)).toBe(words);
  });

  it("STANDIN-29 ends at max_output_tokens", async () => {
    const standin = await start();
    standin.realtime.answerWith({ text: "x".repeat(100) });
    const tester = await openSession(standin, { max_output_tokens: 20 });
    tester.send("response.create");
    const { response } = await tester.next("response.done");
    expect(response).toMatchObject({
      status: "incomplete",
      status_details: { type: "incomplete", reason: "max_output_tokens" },
      output: [{ status: "incomplete" }],
    });
    const [record] = standin.realtime.sessions()[0]?.responses ?? [];
    expect(record?.usage?.output_tokens).toBeLessThanOrEqual(20);
    expect(record?.usage?.output_tokens).toBeGreaterThan(15);
  });
});

describe("one answer at a time", () => {
  it("STANDIN-30 a second one is refused, one beside the conversation is not, and a cancelled one is over", async () => {
    const standin = await start(HELD, { clock: new ManualClock() });
    standin.realtime.answerWith({ text: "A very long answer that goes on." });
    const tester = await openSession(standin);
    tester.send("response.create");
    await tester.next("response.output_audio.delta");
    tester.send("response.create", { event_id: "again" });
    expect((await tester.next("error")).error).toMatchObject({
      code: "conversation_already_has_active_response",
      event_id: "again",
    });
    const beside = { conversation: "none", output_modalities: ["text"], input: [], metadata: { topic: "side" } };
    tester.send("response.create", { response: beside });
    expect((await tester.next("response.done")).response).toMatchObject({
      conversation_id: null,
      metadata: { topic: "side" },
      status: "completed",
    });
    expect(tester.of("conversation.item.added")).toHaveLength(1);

    tester.send("response.cancel");
    const { response } = await tester.next("response.done");
    expect(response).toMatchObject({
      status: "cancelled",
      status_details: { type: "cancelled", reason: "client_cancelled" },
      output: [{ status: "incomplete" }],
      usage: { output_token_details: { audio_tokens: 2 } },
    });
    tester.send("response.cancel");
    expect((await tester.next("error")).error).toMatchObject({ code: "response_cancel_not_active" });
    tester.send("response.create");
    await tester.next("response.created");
  });

  it("STANDIN-30 one that is cancelled before it began has no bill", async () => {
    const standin = await start({ ...HELD, ttfbMs: 300 }, { clock: new ManualClock() });
    const tester = await openSession(standin);
    tester.send("response.create");
    const { response: created } = await tester.next("response.created");
    tester.send("response.cancel", { response_id: Named.parse(created).id });
    const { response } = await tester.next("response.done");
    expect(response).toMatchObject({ status: "cancelled", output: [], usage: null });
  });
});

describe("barge-in", () => {
  const talking = async (turn_detection: object, clock = new ManualClock()) => {
    const standin = await start(HELD, { clock });
    standin.realtime.answerWith({ text: "one two three four five six seven eight nine ten" });
    const tester = await openSession(standin, { audio: { input: { turn_detection } } });
    tester.send("response.create");
    const { item_id } = await tester.next("response.output_audio.delta");
    await clock.advanceAsync(250);
    await tester.until(() => tester.of("response.output_audio.delta")[10], "1,100 ms of sound");
    return { standin, tester, item_id: String(item_id), clock };
  };

  it("STANDIN-31 speech cancels the answer at the server, and what was sent of it is billed", async () => {
    const { tester, clock } = await talking({ type: "server_vad" });
    tester.speak(300, 0);
    await tester.next("input_audio_buffer.speech_started");
    const { response } = await tester.next("response.done");
    expect(response).toMatchObject({
      status: "cancelled",
      status_details: { type: "cancelled", reason: "turn_detected" },
      usage: { output_token_details: { audio_tokens: 22 } },
    });
    await tester.next("rate_limits.updated");
    expect(tester.types().slice(-8)).toEqual([
      "input_audio_buffer.speech_started",
      "response.output_audio.done",
      "response.output_audio_transcript.done",
      "response.content_part.done",
      "conversation.item.done",
      "response.output_item.done",
      "response.done",
      "rate_limits.updated",
    ]);
    const sent = tester.of("response.output_audio.delta").length;
    await clock.advanceAsync(10_000);
    tester.send("input_audio_buffer.clear");
    await tester.next("input_audio_buffer.cleared");
    expect(tester.of("response.output_audio.delta")).toHaveLength(sent);
  });

  it("STANDIN-31 with interrupt_response off the answer goes on, and the turn gets an error for an answer", async () => {
    const { tester } = await talking({ type: "server_vad", interrupt_response: false });
    tester.speak(300, 600);
    await tester.next("input_audio_buffer.committed");
    expect((await tester.next("error")).error).toMatchObject({ code: "conversation_already_has_active_response" });
    expect(tester.of("response.done")).toHaveLength(0);
  });

  it("STANDIN-31 truncation is to what was sent at most, and takes the unheard words from the conversation", async () => {
    const { standin, tester, item_id } = await talking({ type: "server_vad" });
    tester.send("response.cancel");
    await tester.next("response.done");
    const cut = (audio_end_ms: number, id = item_id): void =>
      tester.send("conversation.item.truncate", { item_id: id, content_index: 0, audio_end_ms });
    cut(1_101);
    expect((await tester.next("error")).error).toMatchObject({
      code: "invalid_value",
      message: "Audio content of 1100ms is already shorter than 1101ms",
    });
    cut(600);
    expect(await tester.next("conversation.item.truncated")).toMatchObject({ item_id, audio_end_ms: 600 });
    cut(601);
    expect((await tester.next("error")).error).toMatchObject({ code: "invalid_value" });
    tester.send("conversation.item.retrieve", { item_id });
    const { item } = await tester.next("conversation.item.retrieved");
    expect(item).toMatchObject({ content: [{ type: "output_audio", transcript: "" }] });
    const [session] = standin.realtime.sessions();
    expect(session?.items).toMatchObject([{ itemId: item_id, text: "one two", audioMs: 600 }]);
    expect(session?.truncations).toEqual([
      { itemId: item_id, audioEndMs: 1_101, sentMs: 1_100, isRefused: true },
      { itemId: item_id, audioEndMs: 600, sentMs: 1_100, isRefused: false },
      { itemId: item_id, audioEndMs: 601, sentMs: 600, isRefused: true },
    ]);
    say(tester, "Hi.");
    const user = await tester.next("conversation.item.done");
    cut(0, Named.parse(user.item).id);
    expect((await tester.next("error")).error).toMatchObject({ code: "unsupported_content_type" });
    cut(0, "item_nobody");
    expect((await tester.next("error")).error).toMatchObject({ code: "item_not_found" });
    tester.send("conversation.item.truncate", { item_id, content_index: 0 });
    expect((await tester.next("error")).error).toMatchObject({ param: "audio_end_ms" });
  });

  it("STANDIN-31 an answer that is through can still be truncated while it plays", async () => {
    const standin = await start();
    const tester = await openSession(standin);
    tester.send("response.create");
    await tester.next("response.done");
    const item_id = tester.of("response.output_audio.delta")[0]?.item_id;
    tester.send("conversation.item.truncate", { item_id, content_index: 0, audio_end_ms: 0 });
    await tester.next("conversation.item.truncated");
  });
});

describe("tool calls", () => {
  it("STANDIN-32 are announced in the item and in the arguments, and wait for response.create", async () => {
    const standin = await start();
    const tester = await openSession(standin, { tools: [TIME_TOOL] });
    say(tester, "What time is it in Tokyo?");
    tester.send("response.create");
    const { response } = await tester.next("response.done");
    const [done] = tester.of("response.output_item.done");
    expect(done?.item).toMatchObject({
      type: "function_call",
      status: "completed",
      name: "current_time",
      arguments: '{"time_zone":"Asia/Tokyo"}',
      call_id: expect.stringMatching(/^call_/),
    });
    expect(response).toMatchObject({ output: [done?.item] });
    const { call_id, id } = Call.parse(done?.item);
    const args = tester.of("response.function_call_arguments.done");
    expect(args).toMatchObject([
      { call_id, item_id: id, name: "current_time", arguments: '{"time_zone":"Asia/Tokyo"}' },
    ]);
    const deltas = tester.of("response.function_call_arguments.delta").map(({ delta }) => delta);
    expect(deltas.join("")).toBe(args[0]?.arguments);
    expect(tester.types()).not.toContain("response.output_audio.delta");

    const output = JSON.stringify({ local_time: "Sunday, November 22, 2026 at 10:36 PM", time_zone: "Asia/Tokyo" });
    tester.send("conversation.item.create", { item: { type: "function_call_output", call_id, output } });
    await tester.next("conversation.item.done");
    expect(tester.of("response.created")).toHaveLength(1);
    tester.send("response.create");
    await tester.next("response.done");
    expect(spoken(tester)).toEqual(["It is 10:36 PM on Sunday in Tokyo."]);
  });

  it("STANDIN-32 may be announced twice in both, by the same ids", async () => {
    const standin = await start();
    standin.realtime.answerWith({ toolCalls: [{ name: "current_time", arguments: "{" }], duplicated: true });
    const tester = await openSession(standin, { tools: [TIME_TOOL] });
    tester.send("response.create");
    const { response } = await tester.next("response.done");
    for (const type of ["response.output_item.done", "response.function_call_arguments.done"]) {
      const [one, other, ...more] = tester.of(type).map(({ event_id: _id, ...event }) => event);
      expect(one).toEqual(other);
      expect(more).toEqual([]);
    }
    expect(response).toMatchObject({ output: [{ type: "function_call" }] });
  });
});
