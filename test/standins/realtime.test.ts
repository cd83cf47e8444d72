import { afterEach, describe, expect, it } from "vitest";
import { type OpenAiStandin, type OpenAiStandinOptions, startOpenAiStandin } from "./openai.ts";
import { KEY } from "./openai-asking.ts";
import { type Connecting, openSession, RealtimeTester } from "./realtime-asking.ts";
import { toneSpeaker } from "./speech.ts";

const NOW = Date.parse("2026-11-22T00:00:00Z");
const QUICK: OpenAiStandinOptions = {
  tokensPerSecond: 0,
  today: () => NOW,
  realtime: { ttfbMs: 0, pace: 0, transcriptionMs: 0, speaker: toneSpeaker },
};

const standins: OpenAiStandin[] = [];
const start = async (options: OpenAiStandinOptions = QUICK): Promise<OpenAiStandin> => {
  const standin = await startOpenAiStandin(options);
  standins.push(standin);
  return standin;
};
afterEach(() => Promise.all(standins.splice(0).map((standin) => standin.close())));

describe("the door", () => {
  it.each<[string, Connecting, number, string, string]>([
    ["a wrong key", { key: "sk-wrong-0123456789" }, 3000, "invalid_request_error", "invalid_api_key"],
    ["no key", { key: null }, 3000, "invalid_request_error", "invalid_api_key"],
    ["a key without the scope", { key: "sk-restricted-0123" }, 3000, "invalid_request_error", "missing_scope"],
    ["a key without credit", { key: "sk-nocredit-0123" }, 1013, "insufficient_quota", "insufficient_quota"],
    ["no model", { model: null }, 4000, "invalid_request_error", "missing_model"],
    ["a text model", { model: "gpt-6-luna" }, 4000, "invalid_request_error", "invalid_model"],
    ["an unknown model", { model: "gpt-nope" }, 4004, "invalid_request_error", "model_not_found"],
    [
      "the beta header",
      { headers: { "OpenAI-Beta": "realtime=v1" } },
      4000,
      "invalid_request_error",
      "beta_api_shape_disabled",
    ],
    ["a sideband", { query: "?call_id=rtc_1" }, 4000, "invalid_request_error", "standin_unsupported"],
  ])(
    "STANDIN-24 %s is refused by an event and a close, after the upgrade",
    async (_what, connecting, closeCode, type, code) => {
      const standin = await start();
      const tester = new RealtimeTester(standin, connecting);
      await tester.until(() => tester.socket.readyState === 1 || undefined, "the upgrade");
      expect(await tester.end()).toEqual({ code: closeCode, reason: `${type}.${code}` });
      expect(tester.events).toMatchObject([{ type: "error", error: { type, code, event_id: null } }]);
      expect(tester.events).toHaveLength(1);
      await standin.settled();
      const [session] = standin.realtime.sessions();
      expect(session?.closed).toEqual({ by: "server", code: closeCode, reason: `${type}.${code}` });
    },
  );

  it("STANDIN-24 a model that is shut down by now is not found", async () => {
    const standin = await start({ ...QUICK, today: () => Date.parse("2027-01-20T00:00:00Z") });
    const tester = new RealtimeTester(standin, { model: "gpt-realtime" });
    expect((await tester.end()).code).toBe(4004);
  });

  it("STANDIN-24 a rate-limited key gets its session at the second try", async () => {
    const standin = await start();
    const key = "sk-ratelimit-0123";
    expect(await new RealtimeTester(standin, { key }).end()).toMatchObject({ code: 1013 });
    await openSession(standin, {}, { key });
  });

  it("STANDIN-24 the key may come as a subprotocol, and is not given back", async () => {
    const standin = await start();
    const protocols = ["realtime", `openai-insecure-api-key.${KEY}`];
    const tester = await openSession(standin, {}, { key: null, protocols });
    expect(tester.socket.protocol).toBe("realtime");
    expect(standin.journal(KEY)).toHaveLength(1);
    expect(JSON.stringify(standin.journal(KEY)[0]?.headers)).not.toContain(KEY);
  });

  it("STANDIN-24 a session begins with session.created alone, and the defaults of the API", async () => {
    const standin = await start();
    const tester = new RealtimeTester(standin);
    const { session } = await tester.next("session.created");
    expect(session).toMatchObject({
      type: "realtime",
      object: "realtime.session",
      id: expect.stringMatching(/^sess_/),
      model: "gpt-realtime-2.1-mini",
      output_modalities: ["audio"],
      audio: {
        input: {
          format: { type: "audio/pcm", rate: 24_000 },
          transcription: null,
          noise_reduction: null,
          turn_detection: { type: "server_vad", threshold: 0.5, create_response: true, interrupt_response: true },
        },
        output: { format: { type: "audio/pcm", rate: 24_000 }, voice: "alloy", speed: 1 },
      },
      tools: [],
      tool_choice: "auto",
      max_output_tokens: "inf",
      truncation: "auto",
      tracing: null,
    });
    const { expires_at: expiresAt } = session as { expires_at: number };
    expect(Math.abs(expiresAt - Date.now() / 1_000 - 3_600)).toBeLessThan(5);
    tester.send("session.update", { session: { type: "realtime" } });
    await tester.next("session.updated");
    expect(tester.types()).toEqual(["session.created", "session.updated"]);
  });
});

const PCMU = { type: "audio/pcmu" };

describe("session.update", () => {
  it("STANDIN-25 merges what is given, turns off by null, and answers with the whole session", async () => {
    const standin = await start();
    const tester = await openSession(standin, {
      instructions: "You are Mia.",
      audio: {
        input: { format: PCMU, transcription: { model: "gpt-transcribe" }, turn_detection: { type: "semantic_vad" } },
        output: { format: PCMU, voice: "cedar" },
      },
      tools: [{ type: "function", name: "lookup", parameters: { type: "object", properties: {} } }],
    });
    tester.send("session.update", {
      session: {
        type: "realtime",
        audio: { input: { transcription: { language: "en" }, turn_detection: null }, output: { speed: 1.2 } },
        tools: [],
      },
    });
    const { session } = await tester.next("session.updated");
    expect(session).toMatchObject({
      instructions: "You are Mia.",
      audio: {
        input: { format: PCMU, transcription: { model: "gpt-transcribe", language: "en" }, turn_detection: null },
        output: { format: PCMU, voice: "cedar", speed: 1.2 },
      },
      tools: [],
    });
    expect(standin.realtime.sessions(KEY)[0]?.updates).toHaveLength(2);
  });

  const update = (audio: object): object => ({ type: "realtime", audio });
  const input = (fields: object): object => update({ input: fields });
  const vad = (fields: object): object => input({ turn_detection: { type: "server_vad", ...fields } });

  it.each<[string, unknown, string, string]>([
    ["no type", { instructions: "x" }, "missing_required_parameter", "session.type"],
    ["another kind of session", { type: "transcription" }, "invalid_value", "session.type"],
    ["the beta's modalities", { type: "realtime", modalities: ["text"] }, "unknown_parameter", "session.modalities"],
    ["the beta's voice", { type: "realtime", voice: "alloy" }, "unknown_parameter", "session.voice"],
    [
      "the beta's format",
      { type: "realtime", input_audio_format: "pcm16" },
      "unknown_parameter",
      "session.input_audio_format",
    ],
    ["the beta's VAD", { type: "realtime", turn_detection: null }, "unknown_parameter", "session.turn_detection"],
    ["a temperature", { type: "realtime", temperature: 0.8 }, "unknown_parameter", "session.temperature"],
    [
      "both modalities",
      { type: "realtime", output_modalities: ["audio", "text"] },
      "invalid_value",
      "session.output_modalities",
    ],
    [
      "a rate with pcmu",
      input({ format: { ...PCMU, rate: 8_000 } }),
      "invalid_value",
      "session.audio.input.format.rate",
    ],
    [
      "a low rate",
      input({ format: { type: "audio/pcm", rate: 16_000 } }),
      "integer_below_min_value",
      "session.audio.input.format.rate",
    ],
    [
      "a high rate",
      input({ format: { type: "audio/pcm", rate: 48_000 } }),
      "integer_above_max_value",
      "session.audio.input.format.rate",
    ],
    ["a format by its beta name", input({ format: "g711_ulaw" }), "invalid_type", "session.audio.input.format"],
    ["a voice of TTS", update({ output: { voice: "nova" } }), "invalid_value", "session.audio.output.voice"],
    ["a speed beyond 1.5", update({ output: { speed: 2 } }), "invalid_value", "session.audio.output.speed"],
    ["a threshold beyond 1", vad({ threshold: 1.5 }), "invalid_value", "session.audio.input.turn_detection.threshold"],
    [
      "eagerness with server_vad",
      vad({ eagerness: "low" }),
      "unknown_parameter",
      "session.audio.input.turn_detection.eagerness",
    ],
    [
      "a short idle timeout",
      vad({ idle_timeout_ms: 100 }),
      "integer_below_min_value",
      "session.audio.input.turn_detection.idle_timeout_ms",
    ],
    [
      "an unknown transcriber",
      input({ transcription: { model: "gpt-6-luna" } }),
      "invalid_value",
      "session.audio.input.transcription.model",
    ],
    [
      "transcription without a model",
      input({ transcription: { language: "en" } }),
      "missing_required_parameter",
      "session.audio.input.transcription.model",
    ],
    [
      "a region of a language",
      input({ transcription: { model: "gpt-transcribe", language: "pt-BR" } }),
      "invalid_value",
      "session.audio.input.transcription.language",
    ],
    [
      "an unknown noise reduction",
      input({ noise_reduction: { type: "auto" } }),
      "invalid_value",
      "session.audio.input.noise_reduction.type",
    ],
    [
      "too many tokens",
      { type: "realtime", max_output_tokens: 5_000 },
      "integer_above_max_value",
      "session.max_output_tokens",
    ],
    [
      "a tool's strict",
      { type: "realtime", tools: [{ type: "function", name: "a", strict: true }] },
      "unknown_parameter",
      "session.tools[0].strict",
    ],
    [
      "a tool's bad name",
      { type: "realtime", tools: [{ type: "function", name: "a b" }] },
      "invalid_value",
      "session.tools[0].name",
    ],
    ["a tool that is not there", { type: "realtime", tool_choice: { type: "function", name: "x" } }, "", "tool_choice"],
    ["another model", { type: "realtime", model: "gpt-realtime" }, "invalid_value", "session.model"],
    ["no session at all", undefined, "missing_required_parameter", "session"],
  ])("STANDIN-25 an update with %s is refused as a whole", async (_what, session, code, param) => {
    const standin = await start();
    const tester = await openSession(standin, { instructions: "before" });
    const sent = typeof session === "object" ? { instructions: "after", ...session } : session;
    tester.send("session.update", { event_id: "u1", session: sent });
    const { error } = await tester.next("error");
    expect(error).toMatchObject({ type: "invalid_request_error", code: code || null, param, event_id: "u1" });
    tester.send("session.update", { session: { type: "realtime" } });
    expect((await tester.next("session.updated")).session).toMatchObject({ instructions: "before" });
    expect(tester.of("session.updated")).toHaveLength(2);
  });

  it("STANDIN-25 reasoning is for reasoning models", async () => {
    const standin = await start();
    const session = { reasoning: { effort: "low" }, parallel_tool_calls: false };
    const tester = await openSession(standin, session, { model: "gpt-realtime-2" });
    expect(tester.events.at(-1)?.session).toMatchObject(session);
    const plain = await openSession(standin, {}, { model: "gpt-realtime-2025-08-28" });
    plain.send("session.update", { session: { type: "realtime", ...session } });
    expect((await plain.next("error")).error).toMatchObject({ code: "unsupported_parameter" });
  });

  it("STANDIN-25 the voice is fixed once it was heard; the same voice may be sent again", async () => {
    const standin = await start();
    const tester = await openSession(standin, { audio: { output: { voice: "marin" } } });
    tester.send("response.create");
    await tester.next("response.done");
    const other = { audio: { output: { voice: "cedar" } } };
    tester.send("session.update", { session: { type: "realtime", ...other } });
    expect((await tester.next("error")).error).toMatchObject({ code: "cannot_update_voice" });
    tester.send("response.create", { response: other });
    expect((await tester.next("error")).error).toMatchObject({ code: "cannot_update_voice" });
    tester.send("session.update", { session: { type: "realtime", audio: { output: { voice: "marin" } } } });
    await tester.next("session.updated");
    tester.send("response.create", { response: { ...other, conversation: "none" } });
    expect((await tester.next("response.done")).response).toMatchObject({ status: "completed" });
  });
});

describe("events", () => {
  it("STANDIN-26 what is no event is refused, and the session goes on", async () => {
    const standin = await start();
    const tester = await openSession(standin);
    tester.socket.send(Buffer.from([1, 2, 3]));
    tester.socket.send("{nope");
    tester.socket.send("[]");
    tester.send("input_audio_buffer.push", { event_id: "e1" });
    tester.send("response.create", { responses: {} });
    tester.socket.send('{"session":{}}');
    tester.send("session.update", { session: { type: "realtime" } });
    await tester.next("session.updated");
    const shown = tester.of("error").map(({ error }) => error);
    expect(shown).toMatchObject([
      { code: "invalid_event" },
      { code: "invalid_json" },
      { code: "invalid_json" },
      { code: "invalid_value", param: "type", event_id: "e1", message: expect.stringContaining("'response.cancel'") },
      { code: "unknown_parameter", param: "responses", event_id: null },
      { code: "missing_required_parameter", param: "type" },
    ]);
    const ids = tester.events.map(({ event_id }) => event_id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  const message = (text: string, role = "user", type = "input_text"): object => ({
    type: "message",
    role,
    content: [{ type, text }],
  });
  const said = (...words: Parameters<typeof message>): object => ({ item: message(...words) });

  it("STANDIN-26 items are added at the end, at the front and behind another, shown, and deleted", async () => {
    const standin = await start();
    const tester = await openSession(standin);
    tester.send("conversation.item.create", { item: { id: "one", ...message("first") } });
    tester.send("conversation.item.create", {
      item: { id: "two", ...message("hi", "assistant", "output_text") },
    });
    tester.send("conversation.item.create", { previous_item_id: "root", ...said("rules", "system") });
    tester.send("conversation.item.create", { previous_item_id: "one", ...said("between") });
    const added = [];
    for (let index = 0; index < 4; index += 1) added.push(await tester.next("conversation.item.done"));
    expect(added.map(({ previous_item_id }) => previous_item_id)).toEqual([null, "one", null, "one"]);
    tester.send("conversation.item.delete", { item_id: "one" });
    tester.send("conversation.item.retrieve", { item_id: "two" });
    const { item } = await tester.next("conversation.item.retrieved");
    expect(item).toMatchObject({ id: "two", role: "assistant", content: [{ type: "output_text", text: "hi" }] });
    tester.send("conversation.item.retrieve", { item_id: "one" });
    expect((await tester.next("error")).error).toMatchObject({ code: "item_not_found" });
    expect(tester.types().slice(2, 4)).toEqual(["conversation.item.added", "conversation.item.done"]);
    expect(standin.realtime.sessions()[0]?.items.map(({ text, by }) => [text, by])).toEqual([
      ["first", "client"],
      ["hi", "client"],
      ["rules", "client"],
      ["between", "client"],
    ]);
  });

  it("STANDIN-26 seeded history is what the answer follows from", async () => {
    const standin = await start();
    const tester = await openSession(standin);
    tester.send("conversation.item.create", said("My name is Ada."));
    tester.send("conversation.item.create", said("Nice to meet you.", "assistant", "output_text"));
    tester.send("conversation.item.create", said("What is my name?"));
    tester.send("response.create");
    await tester.next("response.done");
    expect(tester.of("response.output_audio_transcript.done")).toMatchObject([{ transcript: "Your name is Ada." }]);
  });

  it.each<[string, object, string | null, string]>([
    ["the beta's part", said("x", "assistant", "text"), "invalid_value", "item.content[0].type"],
    [
      "the agent's sound",
      { item: { type: "message", role: "assistant", content: [{ type: "output_audio", transcript: "x" }] } },
      "missing_required_parameter",
      "item.content[0].text",
    ],
    ["sound of a system", said("x", "system", "input_audio"), "invalid_value", "item.content[0].type"],
    ["no role", { item: { type: "message", content: [] } }, "missing_required_parameter", "item.role"],
    [
      "an id with a dot",
      { item: { id: "a.b", type: "message", role: "user", content: [] } },
      "invalid_value",
      "item.id",
    ],
    [
      "an id that is taken",
      { item: { id: "taken", type: "message", role: "user", content: [] } },
      "invalid_value",
      "item.id",
    ],
    ["an unknown item before it", { previous_item_id: "nobody", ...said("x") }, "item_not_found", "previous_item_id"],
    [
      "the output of no call",
      { item: { type: "function_call_output", call_id: "call_1", output: "{}" } },
      "invalid_value",
      "item.call_id",
    ],
    ["an unknown kind", { item: { type: "item_reference", id: "taken" } }, "invalid_value", "item.type"],
  ])("STANDIN-26 an item with %s is refused", async (_what, fields, code, param) => {
    const standin = await start();
    const tester = await openSession(standin);
    tester.send("conversation.item.create", { item: { id: "taken", type: "message", role: "user", content: [] } });
    await tester.next("conversation.item.done");
    tester.send("conversation.item.create", fields);
    expect((await tester.next("error")).error).toMatchObject({ code, param });
    expect(tester.of("conversation.item.added")).toHaveLength(1);
  });
});
