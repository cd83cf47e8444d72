import { describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { readRealtimeEvent } from "../../src/model/realtime-events.ts";
import { lossOfClose } from "../../src/model/realtime-failure.ts";
import { isBase64 } from "../../src/protocol/base64.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { mulberry32, mutated } from "../caller/mutations.ts";

const read = (type: string, fields: object = {}) =>
  readRealtimeEvent(JSON.stringify({ type, event_id: "event_1", ...fields }));

const OF_ITEM = { response_id: "resp_1", item_id: "item_1", output_index: 0, content_index: 0 };
const CALL = { call_id: "call_1", name: "roll", arguments: '{"sides":6}' };
const TOOL_CALL = {
  type: "tool-call",
  responseId: "resp_1",
  toolCallId: "call_1",
  name: "roll",
  arguments: '{"sides":6}',
};

describe("reading what OpenAI sends", () => {
  it.each<[string, object, object]>([
    [
      "response.output_audio.delta",
      { ...OF_ITEM, delta: "AAAA" },
      { type: "sound", responseId: "resp_1", itemId: "item_1", audioBase64: "AAAA" },
    ],
    [
      "response.output_audio_transcript.delta",
      { ...OF_ITEM, delta: "Hi" },
      { type: "agent-delta", responseId: "resp_1", itemId: "item_1", text: "Hi" },
    ],
    ["response.output_audio_transcript.delta", { ...OF_ITEM, delta: "" }, { type: "response-progress" }],
    [
      "response.output_audio_transcript.done",
      { ...OF_ITEM, transcript: "Hi." },
      { type: "agent-text", responseId: "resp_1", itemId: "item_1", text: "Hi." },
    ],
    [
      "input_audio_buffer.speech_started",
      { item_id: "item_1", audio_start_ms: 20 },
      { type: "speech-start", itemId: "item_1" },
    ],
    [
      "input_audio_buffer.speech_stopped",
      { item_id: "item_1", audio_end_ms: 20 },
      { type: "speech-end", itemId: "item_1" },
    ],
    [
      "input_audio_buffer.committed",
      { item_id: "item_1", previous_item_id: null },
      { type: "turn-committed", itemId: "item_1" },
    ],
    [
      "conversation.item.input_audio_transcription.delta",
      { item_id: "item_1", delta: "H" },
      { type: "caller-delta", itemId: "item_1", text: "H" },
    ],
    [
      "conversation.item.input_audio_transcription.failed",
      { item_id: "item_1", error: {} },
      { type: "caller-text-failed", itemId: "item_1" },
    ],
    ["conversation.item.added", { item: { id: "item_1", type: "message" } }, { type: "item-added", itemId: "item_1" }],
    [
      "response.created",
      { response: { id: "resp_1", metadata: { ask: "ask_1" } } },
      { type: "response-created", responseId: "resp_1", askId: "ask_1" },
    ],
    [
      "response.created",
      { response: { id: "resp_1", metadata: null } },
      { type: "response-created", responseId: "resp_1", askId: null },
    ],
    [
      "response.created",
      { response: { id: "resp_1", metadata: { other: 7 } } },
      { type: "response-created", responseId: "resp_1", askId: null },
    ],
    [
      "response.output_item.done",
      { response_id: "resp_1", item: { type: "function_call", status: "completed", ...CALL } },
      TOOL_CALL,
    ],
    ["response.function_call_arguments.done", { ...OF_ITEM, ...CALL }, TOOL_CALL],
    ["response.output_item.done", { response_id: "resp_1", item: { type: "message" } }, { type: "response-progress" }],
    ["response.function_call_arguments.delta", { ...OF_ITEM, delta: "{" }, { type: "response-progress" }],
    [
      "session.updated",
      { session: { audio: { input: { turn_detection: null } } } },
      { type: "session-updated", hasVad: false },
    ],
    [
      "session.updated",
      { session: { audio: { input: { turn_detection: {} } } } },
      { type: "session-updated", hasVad: true },
    ],
    ["session.updated", { session: { audio: { input: {} } } }, { type: "session-updated", hasVad: undefined }],
    [
      "error",
      { error: { type: "t", code: "c", message: "sk-CANARY", event_id: "ask_1" } },
      { type: "error", code: "c", errorType: "t", clientEventId: "ask_1" },
    ],
    ["error", { error: { type: "t", code: null } }, { type: "error", code: "", errorType: "t", clientEventId: null }],
    ["rate_limits.updated", { rate_limits: [] }, { type: "ignored" }],
    ["response.brand_new", {}, { type: "unknown" }],
  ])("VOICE-160 %s is read as it is used: %j", (type, fields, event) => {
    expect(read(type, fields)).toEqual(event);
  });

  it("VOICE-160 a tool call that was cut off is not run", () => {
    const item = { type: "function_call", status: "incomplete", ...CALL, arguments: '{"si' };
    expect(read("response.output_item.done", { response_id: "resp_1", item })).toEqual({ type: "response-progress" });
  });

  it("VOICE-160 nobody's words are longer than is kept of them", () => {
    const transcript = "x".repeat(100_000);
    const caller = read("conversation.item.input_audio_transcription.completed", { item_id: "item_1", transcript });
    expect(caller).toMatchObject({ text: "x".repeat(LIMITS.utteranceCharacters), usage: null });
    const agent = read("response.output_audio_transcript.done", { ...OF_ITEM, transcript });
    expect(agent).toMatchObject({ text: "x".repeat(LIMITS.answerCharacters) });
  });

  it.each([
    ["no JSON", '{"type":"response.output_audio.delta","delta":"AAAA'],
    ["nothing", ""],
    ["no object", '["response.created"]'],
    ["null", "null"],
    ["no type", '{"delta":"AAAA"}'],
    ["a type that is no word", '{"type":{"a":1}}'],
    ["sound without its item", '{"type":"response.output_audio.delta","response_id":"r","delta":"AAAA"}'],
    ["sound that is no text", '{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":7}'],
    ["an id without end", `{"type":"input_audio_buffer.committed","item_id":"${"i".repeat(300)}"}`],
    [
      "a tool call without arguments",
      '{"type":"response.function_call_arguments.done","response_id":"r","call_id":"c","name":"n"}',
    ],
    ["a prototype", '{"type":"response.created","__proto__":{"response":{"id":"r"}}}'],
    ["too deep", `{"type":"response.deep","hole":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
    ["too deep and known", `{"type":"response.done","response":${'{"response":'.repeat(100)}1${"}".repeat(100)}}`],
    ["too large", `{"type":"response.heavy","ballast":"${"x".repeat(LIMITS.upstreamEventCharacters)}"}`],
  ])("VOICE-161 %s is unreadable, and throws nothing", (_what, text) => {
    expect(readRealtimeEvent(text)).toEqual({ type: "unreadable" });
  });

  it("VOICE-161 brackets in what is said are no depth", () => {
    const delta = `${"[{".repeat(500)}\\"`;
    expect(read("response.output_audio_transcript.delta", { ...OF_ITEM, delta })).toMatchObject({ text: delta });
  });

  it("VOICE-161 100,000 broken events are read without a throw", () => {
    const whole = JSON.stringify({
      type: "response.done",
      response: { id: "r", status: "completed", usage: { a: [1] } },
    });
    for (let round = 0; round < 100_000; round += 1) {
      const at = (round * 7_919) % whole.length;
      const broken = `${whole.slice(0, at)}${String.fromCharCode(round % 128)}${whole.slice(at + (round % 3))}`;
      expect(typeof readRealtimeEvent(broken).type).toBe("string");
    }
  });
});

describe("sound, of which 10 to 50 pieces come a second", () => {
  const fields = { ...OF_ITEM, delta: "AAAABBBB" };
  const asLive = JSON.stringify({ type: "response.output_audio.delta", event_id: "event_1", ...fields });
  const asInReference = JSON.stringify({ event_id: "event_1", type: "response.output_audio.delta", ...fields });
  const other = JSON.stringify({ ...fields, event_id: "event_1", type: "response.output_audio.delta" });

  it.each([
    { order: "as it is written", text: asLive, parses: 0 },
    { order: "as in the reference", text: asInReference, parses: 0 },
    { order: "in another order", text: other, parses: 1 },
  ])("VOICE-177 $order it is read with $parses parses", ({ text, parses }) => {
    const parse = vi.spyOn(JSON, "parse");
    const event = readRealtimeEvent(text);
    expect(parse).toHaveBeenCalledTimes(parses);
    parse.mockRestore();
    expect(event).toEqual({ type: "sound", responseId: "resp_1", itemId: "item_1", audioBase64: "AAAABBBB" });
  });

  it("VOICE-177 what is read without a parse and can be sent on is what its JSON says", () => {
    const random = mulberry32(0x50ad);
    const parse = vi.spyOn(JSON, "parse");
    let unparsed = 0;
    for (let round = 0; round < 40_000; round++) {
      const text = mutated(round % 2 === 0 ? asLive : asInReference, random);
      parse.mockClear();
      const event = readRealtimeEvent(text);
      if (event.type !== "sound" || parse.mock.calls.length > 0 || !isBase64(event.audioBase64)) continue;
      unparsed += 1;
      const { responseId, itemId, audioBase64 } = event;
      const json = {
        type: "response.output_audio.delta",
        response_id: responseId,
        item_id: itemId,
        delta: audioBase64,
      };
      expect(JSON.parse(text)).toMatchObject(json);
    }
    parse.mockRestore();
    expect(unparsed).toBeGreaterThan(500);
  });
});

describe("the end of a response", () => {
  it.each<[string, object | null, object]>([
    ["completed", null, { outcome: "complete", reason: null }],
    ["cancelled", { type: "cancelled", reason: "turn_detected" }, { outcome: "cancelled", reason: null }],
    ["incomplete", { type: "incomplete", reason: "max_output_tokens" }, { outcome: "cut", reason: null }],
    ["brand_new", null, { outcome: "cut", reason: null }],
    [
      "failed",
      { error: { type: "insufficient_quota", code: "insufficient_quota" } },
      { outcome: "failed", reason: "no_credit" },
    ],
    [
      "failed",
      { error: { type: "requests", code: "rate_limit_exceeded" } },
      { outcome: "failed", reason: "upstream_rate_limited" },
    ],
    ["failed", { error: { type: "server_error", code: null } }, { outcome: "failed", reason: "upstream_unavailable" }],
    ["failed", null, { outcome: "failed", reason: "upstream_unavailable" }],
  ])("VOICE-162 %s with %j is told in our words", (status, status_details, end) => {
    const event = read("response.done", {
      response: { id: "resp_1", status, status_details, metadata: { ask: "ask_1" } },
    });
    expect(event).toEqual({ type: "response-done", responseId: "resp_1", askId: "ask_1", usage: null, ...end });
  });

  const BILL = {
    total_tokens: 1_500,
    input_tokens: 1_000,
    output_tokens: 500,
    input_token_details: {
      text_tokens: 200,
      audio_tokens: 800,
      image_tokens: 0,
      cached_tokens: 300,
      cached_tokens_details: { text_tokens: 100, audio_tokens: 200, image_tokens: 0 },
    },
    output_token_details: { text_tokens: 100, audio_tokens: 400 },
  };
  const usageOf = (usage: unknown): unknown => {
    const event = read("response.done", { response: { id: "resp_1", status: "completed", usage } });
    return event.type === "response-done" ? event.usage : event;
  };

  it("VOICE-163 its bill is read by kind, what was cached as part of its kind", () => {
    expect(usageOf(BILL)).toEqual({
      ...NO_USAGE,
      responses: 1,
      inputTokens: 1_000,
      inputAudioTokens: 800,
      cachedInputTokens: 300,
      cachedInputAudioTokens: 200,
      outputTokens: 500,
      outputAudioTokens: 400,
    });
    const { cached_tokens, cached_tokens_details, ...uncached } = BILL.input_token_details;
    expect(usageOf({ ...BILL, input_token_details: uncached })).toMatchObject({ cachedInputTokens: 0 });
  });

  const input = (change: object): object => ({
    ...BILL,
    input_token_details: { ...BILL.input_token_details, ...change },
  });
  it.each<[string, unknown]>([
    ["none", undefined],
    ["null", null],
    ["negative", { ...BILL, input_tokens: -1 }],
    ["a fraction", { ...BILL, output_tokens: 1.5 }],
    ["absurd", { ...BILL, input_tokens: 1e15 }],
    ["text", { ...BILL, input_tokens: "1000" }],
    ["without kinds", { input_tokens: 10, output_tokens: 10 }],
    ["more sound than input", input({ audio_tokens: 1_001 })],
    ["more cached than there was", input({ cached_tokens: 1_001 })],
    ["more sound cached than cached", input({ cached_tokens_details: { audio_tokens: 301 } })],
    ["more text cached than text", input({ cached_tokens: 600 })],
    ["cached without kinds", input({ cached_tokens_details: null })],
    ["more sound than output", { ...BILL, output_token_details: { audio_tokens: 501 } }],
  ])("VOICE-163 a bill that is %s is none", (_what, usage) => {
    expect(usageOf(usage)).toBeNull();
  });

  it.each<[unknown, object | null]>([
    [
      { type: "tokens", input_tokens: 32, output_tokens: 7, total_tokens: 39 },
      // What is not said to be text is sound, which is dearer.
      { transcriptionInputTokens: 32, transcriptionInputAudioTokens: 32, transcriptionOutputTokens: 7 },
    ],
    [
      { type: "tokens", input_tokens: 32, output_tokens: 7, input_token_details: { text_tokens: 2, audio_tokens: 30 } },
      { transcriptionInputTokens: 32, transcriptionInputAudioTokens: 30, transcriptionOutputTokens: 7 },
    ],
    [{ type: "duration", seconds: 3.2 }, { transcriptionMs: 3_200 }],
    [{ type: "duration", seconds: -1 }, null],
    [{ type: "duration", seconds: 1e9 }, null],
    [{ type: "tokens", input_tokens: 32 }, null],
    [{ type: "by the moon" }, null],
    [undefined, null],
  ])("VOICE-164 the bill of a transcript %j is apart: %j", (usage, counted) => {
    const type = "conversation.item.input_audio_transcription.completed";
    const event = read(type, { item_id: "item_1", content_index: 0, transcript: "Hello.", usage });
    expect(event).toEqual({
      type: "caller-text",
      itemId: "item_1",
      text: "Hello.",
      usage: counted && { ...NO_USAGE, transcriptions: 1, ...counted },
      source: counted ? { upstreamId: "item_1", rawUsage: JSON.stringify(usage) } : undefined,
    });
  });
});

describe("the end of a session", () => {
  const NO_ERROR = { code: "", errorType: "" };

  it.each<[number, string, string, boolean]>([
    [3000, "invalid_request_error.invalid_api_key", "key_rejected", false],
    [3000, "invalid_request_error.missing_scope", "key_restricted", false],
    [3000, "invalid_request_error.null", "key_restricted", false],
    [3000, "", "key_rejected", false],
    [1013, "insufficient_quota.insufficient_quota", "no_credit", false],
    [1013, "rate_limit_error.rate_limit_exceeded", "upstream_rate_limited", false],
    [1013, "", "no_credit", false],
    [4004, "invalid_request_error.model_not_found", "model_not_available", false],
    [4000, "invalid_request_error.beta_api_shape_disabled", "upstream_bad_request", false],
    [1008, "policy", "upstream_bad_request", false],
    [1009, "", "upstream_bad_request", false],
    [1001, "invalid_request_error.session_expired", "upstream_lost", true],
    [1000, "", "upstream_lost", true],
    [1005, "", "upstream_lost", true],
    [1006, "", "upstream_lost", true],
    [1011, "server_error.server_error", "upstream_lost", true],
    [1012, "restart", "upstream_lost", true],
  ])("VOICE-165 close %i %j means %s, worth another session: %j", (code, closeReason, reason, mayReconnect) => {
    expect(lossOfClose(code, closeReason, NO_ERROR)).toEqual({ reason, mayReconnect });
  });

  it("VOICE-165 a close that gives no reason means what the last error said", () => {
    const scope = { code: "", errorType: "invalid_request_error" };
    expect(lossOfClose(3000, "", scope)).toEqual({ reason: "key_restricted", mayReconnect: false });
    const limit = { code: "rate_limit_exceeded", errorType: "rate_limit_error" };
    expect(lossOfClose(1013, "", limit)).toEqual({ reason: "upstream_rate_limited", mayReconnect: false });
  });
});
