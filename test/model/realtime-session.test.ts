import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { callerDelta } from "../../src/model/realtime.ts";
import { itemsOf, sessionOf, talkModeOf, wordsToSay } from "../../src/model/realtime-session.ts";
import { PATIENCES, TURN_ENDS, type TurnEnd } from "../../src/protocol/agent-config.ts";
import { Caller, REQUEST, Standins } from "./realtime-caller.ts";

const standins = new Standins();
afterEach(() => standins.close());

const HEARING = { transcriptionModel: "gpt-transcribe", language: undefined };
const TOOL = { name: "roll", description: "Rolls a die.", parameters: { type: "object", properties: {} } };

const Update = z.object({ audio: z.object({ input: z.record(z.string(), z.unknown()) }) });
/** How the model was told to hear, in a `session.update` as it was sent. */
const inputOf = (update: unknown) => Update.parse(update).audio.input;

describe("setting a session up", () => {
  it("VOICE-170 tells who the agent is, how it hears and speaks, and how turns end", () => {
    expect(sessionOf({ ...REQUEST, tools: [TOOL] }, { ...HEARING, language: "de" })).toEqual({
      type: "realtime",
      instructions: "You are Juno.",
      output_modalities: ["audio"],
      audio: {
        input: {
          format: { type: "audio/pcm", rate: 24_000 },
          noise_reduction: { type: "near_field" },
          transcription: { model: "gpt-transcribe", language: "de" },
          turn_detection: {
            type: "server_vad",
            threshold: 0.5,
            prefix_padding_ms: 300,
            silence_duration_ms: 500,
            idle_timeout_ms: null,
            create_response: true,
            interrupt_response: true,
          },
        },
        output: { format: { type: "audio/pcm", rate: 24_000 }, voice: "marin" },
      },
      tools: [{ type: "function", ...TOOL }],
      tool_choice: "auto",
      max_output_tokens: 4_096,
      truncation: { type: "retention_ratio", retention_ratio: 0.8 },
      tracing: null,
    });
  });

  it("VOICE-170 a phone is heard and spoken to in its own format, without a rate and without a filter", () => {
    const { audio } = sessionOf({ ...REQUEST, format: "mulaw-8k" }, HEARING);
    expect(audio?.input?.format).toEqual({ type: "audio/pcmu" });
    expect(audio?.output?.format).toEqual({ type: "audio/pcmu" });
    expect(audio?.input).not.toHaveProperty("noise_reduction");
    expect(audio?.input?.transcription).toEqual({ model: "gpt-transcribe" });
  });

  it("VOICE-170 with push-to-talk nothing listens for the end of a turn, and that can be changed alone", () => {
    expect(sessionOf({ ...REQUEST, pushToTalk: true }, HEARING).audio?.input?.turn_detection).toBeNull();
    const { audio, ...rest } = talkModeOf(REQUEST, HEARING, true);
    expect(rest).toEqual({ type: "realtime" });
    // The voice of a session that has spoken may not be named again.
    expect(audio).toEqual({ input: { ...sessionOf(REQUEST, HEARING).audio?.input, turn_detection: null } });
  });

  it.each([
    ["short", 300, "high"],
    ["normal", 500, "medium"],
    ["long", 1_500, "low"],
  ] as const)("VOICE-173 with %s patience a pause of %i ms ends a turn, or one with eagerness %s", (...row) => {
    const [patience, pauseMs, eagerness] = row;
    const endOf = (turnEnd: TurnEnd) =>
      sessionOf({ ...REQUEST, turnEnd, patience }, HEARING).audio?.input?.turn_detection;
    expect(endOf("pause")).toMatchObject({ type: "server_vad", silence_duration_ms: pauseMs });
    expect(endOf("meaning")).toEqual({
      type: "semantic_vad",
      eagerness,
      create_response: true,
      interrupt_response: true,
    });
  });

  it.each([
    ["de", "de"],
    ["pt-BR", "pt"],
    ["zh-Hant-TW", "zh"],
    ["nb-NO", "no"],
    ["ga", undefined],
    ["toString", undefined],
  ])("VOICE-174 of the language %s the hint for the transcript is %s", (language, hint) => {
    const { audio } = sessionOf(REQUEST, { ...HEARING, language });
    expect(audio?.input?.transcription).toEqual({ model: "gpt-transcribe", ...(hint && { language: hint }) });
  });

  it("VOICE-175 OpenAI takes every way of hearing, at once and when the button is put down again", async () => {
    const standin = await standins.start();
    for (const format of ["pcm16-24k", "mulaw-8k"] as const) {
      for (const turnEnd of TURN_ENDS) {
        for (const patience of PATIENCES) {
          const options = { language: turnEnd === "meaning" ? "pt-BR" : "ga" };
          const caller = new Caller(standin, { format, turnEnd, patience }, options);
          caller.do({ type: "push-to-talk", on: true }, { type: "push-to-talk", on: false });
          await caller.next("ready");
          const session = await standin.realtime.until(
            (sessions) => (sessions.at(-1)?.updates.length === 3 ? sessions.at(-1) : undefined),
            "three updates",
            5_000,
          );
          expect(session.refused).toEqual([]);
          const [setUp, withButton, without] = session.updates.map(inputOf);
          const detection = turnEnd === "meaning" ? { type: "semantic_vad" } : { type: "server_vad" };
          expect(setUp?.turn_detection).toMatchObject(detection);
          expect(setUp?.transcription).toEqual({
            model: "gpt-4o-mini-transcribe",
            ...(turnEnd === "meaning" && { language: "pt" }),
          });
          expect(withButton).toEqual({ ...setUp, turn_detection: null });
          expect(without).toEqual(setUp);
          caller.voice.close();
          await standin.settled();
        }
      }
    }
  });

  it("VOICE-176 a pause that the patience allows does not end a turn", async () => {
    const standin = await standins.start();
    for (const [patience, turns] of [
      ["normal", 2],
      ["long", 1],
    ] as const) {
      const caller = new Caller(standin, { patience });
      await caller.next("ready");
      await caller.speak(600, 1_000);
      await caller.speak(600, 2_000);
      await caller.next("caller-turn", turns);
      await caller.next("response-end");
      expect(caller.of("caller-turn")).toHaveLength(turns);
      caller.voice.close();
      await standin.settled();
    }
  });

  it("VOICE-171 tells what was said before as items in its order, tools with their calls, and no memo", () => {
    const items = itemsOf([
      { kind: "tool-output", toolCallId: "trimmed", output: "{}" },
      { kind: "caller", text: "Roll!" },
      { kind: "memo", memo: "{}" },
      { kind: "tool-call", toolCallId: "call_1", name: "roll", arguments: "{}" },
      { kind: "tool-output", toolCallId: "call_1", output: '{"rolled":4}' },
      { kind: "agent", text: "Four." },
    ]);
    expect(items).toEqual([
      { type: "message", role: "user", content: [{ type: "input_text", text: "Roll!" }] },
      { type: "function_call", call_id: "call_1", name: "roll", arguments: "{}" },
      { type: "function_call_output", call_id: "call_1", output: '{"rolled":4}' },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Four." }] },
    ]);
  });

  it("VOICE-171 OpenAI takes both, in either format, before anything else", async () => {
    const standin = await standins.start();
    for (const format of ["pcm16-24k", "mulaw-8k"] as const) {
      standin.clearJournal();
      const caller = new Caller(standin, {
        format,
        tools: [TOOL],
        history: [
          { kind: "caller", text: "My name is Ada." },
          { kind: "tool-call", toolCallId: "call_1", name: "roll", arguments: "{}" },
          { kind: "tool-output", toolCallId: "call_1", output: '{"rolled":4}' },
          { kind: "agent", text: "Hello, Ada." },
        ],
      });
      caller.do({ type: "caller-text", text: "What is my name?" }, { type: "answer", mayUseTools: true });
      await caller.next("response-end");
      expect(caller.of("agent-text")[0]?.text).toContain("Ada");
      const session = standin.realtime.sessions().at(-1);
      expect(session?.refused).toEqual([]);
      expect(session?.items.slice(0, 5).map(({ kind, text }) => [kind, text])).toEqual([
        ["user", "My name is Ada."],
        ["function_call", "{}"],
        ["function_call_output", '{"rolled":4}'],
        ["assistant", "Hello, Ada."],
        ["user", "What is my name?"],
      ]);
      caller.voice.close();
      await standin.settled();
    }
  });

  it("VOICE-172 words to say are quoted, on one line", () => {
    expect(wordsToSay(' Say "yes".\n\tNow. ')).toEqual({
      instructions: 'Say exactly: "Say \\"yes\\". Now."',
      tool_choice: "none",
    });
  });

  it("VOICE-172 a caption without a word is none", () => {
    expect(callerDelta("item_1", "")).toBeUndefined();
    expect(callerDelta("item_1", " ")).toEqual({ type: "caller-delta", itemId: "item_1", text: " " });
  });
});
