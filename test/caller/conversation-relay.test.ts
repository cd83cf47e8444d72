import { describe, expect, it } from "vitest";
import type { CallerEvent } from "../../src/caller/caller-leg.ts";
import { readFrame, writeCommand } from "../../src/caller/conversation-relay.ts";
import { LIMITS } from "../../src/limits.ts";
import { outboundProblem } from "../standins/twilio-frames.ts";
import { readRecording, recordingPath } from "../standins/twilio-replay.ts";

const SETUP = {
  type: "setup",
  sessionId: "VX00000000000000000000000000000001",
  accountSid: "AC00000000000000000000000000000000",
  parentCallSid: "",
  callSid: "CA00000000000000000000000000000001",
  from: "+15550100001",
  to: "+15550100002",
  forwardedFrom: "",
  callType: "PSTN",
  callerName: "",
  direction: "inbound",
  callStatus: "RINGING",
  customParameters: {},
};

const read = (frame: unknown) => readFrame(JSON.stringify(frame));
const event = (frame: unknown): CallerEvent | "unreadable" => {
  const result = read(frame);
  return result.ok ? result.event : "unreadable";
};

describe("setup", () => {
  it("WIRE-1 a setup of Twilio's starts a leg that names its phone call", () => {
    expect(event(SETUP)).toEqual({
      type: "leg-start",
      phoneCallId: "CA00000000000000000000000000000001",
      greetedByCarrier: false,
      fromCarrier: true,
    });
  });

  it("WIRE-1 a setup without ids starts a leg that has no phone", () => {
    const noPhone = { type: "leg-start", phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false };
    expect(event({ type: "setup" })).toEqual(noPhone);
    expect(event({ ...SETUP, callSid: "", accountSid: "" })).toEqual(noPhone);
  });

  it.each([
    ["Hello!", true],
    ["true", true],
    ["false", false],
    ["", false],
  ])("WIRE-2 a welcomeGreeting parameter of %j means greeted by the carrier: %j", (welcomeGreeting, greeted) => {
    expect(event({ ...SETUP, customParameters: { welcomeGreeting } })).toMatchObject({ greetedByCarrier: greeted });
  });

  it("WIRE-2 a parameter named like a property of every object changes nothing", () => {
    const frame =
      '{"type":"setup","customParameters":{"__proto__":"x","constructor":"y"},"__proto__":{"callSid":"CA1"}}';
    expect(readFrame(frame)).toEqual({
      ok: true,
      event: { type: "leg-start", phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false },
    });
  });
});

describe("the caller's words and keys", () => {
  it("WIRE-3 only a last prompt is an utterance, trimmed", () => {
    expect(event({ type: "prompt", voicePrompt: " Hello. ", lang: "en-US", last: true })).toEqual({
      type: "utterance",
      text: "Hello.",
    });
    expect(event({ type: "prompt", voicePrompt: "Hel", lang: "en", last: false })).toEqual({
      type: "utterance-interim",
    });
  });

  it("WIRE-3 a prompt of white space is nobody speaking", () => {
    expect(event({ type: "prompt", voicePrompt: " \n", last: true })).toEqual({ type: "ignored" });
    expect(event({ type: "prompt", voicePrompt: "", last: false })).toEqual({ type: "ignored" });
  });

  it("WIRE-3 what Postgres cannot store is taken out of the words", () => {
    expect(readFrame(String.raw`{"type":"prompt","voicePrompt":"a\u0000b\ud800c","last":true}`)).toEqual({
      ok: true,
      event: { type: "utterance", text: "ab\ufffdc" },
    });
  });

  it.each("0123456789*#ABCD".split(""))("WIRE-4 the key %s is a digit", (digit) => {
    expect(event({ type: "dtmf", digit })).toEqual({ type: "dtmf", digit });
  });

  it.each(["", "12", "E", "a", " ", "٣", 1, null])("WIRE-4 the key %j is unreadable", (digit) => {
    expect(event({ type: "dtmf", digit })).toBe("unreadable");
  });
});

describe("what the carrier tells", () => {
  it.each([
    [460, 460],
    ["460", 460],
    [460.4, 460],
    [undefined, undefined],
    ["soon", undefined],
    [-1, undefined],
    ["1e99999", undefined],
  ])("WIRE-5 a barge-in after %j is heard for %j ms", (durationUntilInterruptMs, heardMs) => {
    expect(event({ type: "interrupt", utteranceUntilInterrupt: "Life is", durationUntilInterruptMs })).toEqual({
      type: "barge-in",
      heardText: "Life is",
      heardMs,
    });
  });

  it("WIRE-5 a barge-in before anything was heard has no text, and keeps its spaces when it has", () => {
    const frame = { type: "interrupt", durationUntilInterruptMs: 0 };
    expect(event({ ...frame, utteranceUntilInterrupt: "" })).toMatchObject({ type: "barge-in", heardText: "" });
    expect(event({ ...frame, utteranceUntilInterrupt: " so " })).toMatchObject({ heardText: " so " });
  });

  it("WIRE-6 agentSpeaking is playback, every other info is ignored", () => {
    expect(event({ type: "info", name: "agentSpeaking", value: "on" })).toEqual({ type: "playback", playing: true });
    expect(event({ type: "info", name: "agentSpeaking", value: "off" })).toEqual({ type: "playback", playing: false });
    for (const [name, value] of [
      ["clientSpeaking", "on"],
      ["tokensPlayed", "Life is a complex "],
      ["roundTripDelayMs", "148"],
      ["agentSpeaking", "perhaps"],
      [undefined, undefined],
    ]) {
      expect(event({ type: "info", name, value })).toEqual({ type: "ignored" });
    }
  });

  it.each([
    ['Invalid message received, code: 64107, {"type":"bogus"}', "64107"],
    ["Invalid message received, code 64111", "64111"],
    ['Invalid message received, {"token":"the code: 90210"}', "unknown"],
    ["Call me at 55501", "unknown"],
    [undefined, "unknown"],
    [{ code: 64107 }, "unknown"],
  ])("WIRE-7 of the carrier's error %j only %j is kept", (description, code) => {
    expect(event({ type: "error", description })).toEqual({ type: "carrier-error", code });
  });
});

describe("bad input", () => {
  it("WIRE-8 unknown types and unknown keys are ignored", () => {
    expect(event({ type: "connected" })).toEqual({ type: "ignored" });
    expect(event({ type: "toString" })).toEqual({ type: "ignored" });
    expect(event({ type: "dtmf", digit: "1", ts: 1, extra: { deep: [] } })).toEqual({ type: "dtmf", digit: "1" });
  });

  it.each([
    "",
    "hello",
    "null",
    "7",
    '"prompt"',
    "[]",
    '[{"type":"prompt"}]',
    "{}",
    '{"type":1}',
    '{"type":null}',
    '{"type":["prompt"]}',
    '{"type":"prompt","voicePrompt":"x","last":true',
    '{"type":"prompt","voicePrompt":"x"}',
    '{"type":"prompt","voicePrompt":"x","last":"true"}',
    '{"type":"prompt","voicePrompt":null,"last":true}',
    '{"type":"prompt","last":true}',
    '{"type":"interrupt","durationUntilInterruptMs":1}',
    '{"type":"interrupt","utteranceUntilInterrupt":{}}',
    '{"type":"dtmf"}',
    '{"type":"setup","callSid":1}',
    '{"type":"setup","accountSid":null}',
    '{"type":"setup","customParameters":[]}',
    '{"type":"setup","customParameters":{"a":1}}',
  ])("WIRE-9 %s is unreadable", (text) => {
    expect(readFrame(text)).toEqual({ ok: false });
  });

  it("WIRE-9 a frame nested deeper than the limit is unreadable, brackets in words are not nesting", () => {
    const nested = (levels: number) => `{"type":"info","name":"x","value":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect(readFrame(nested(LIMITS.frameDepth - 1))).toEqual({ ok: true, event: { type: "ignored" } });
    expect(readFrame(nested(LIMITS.frameDepth))).toEqual({ ok: false });
    expect(readFrame(`${'{"a":'.repeat(10_000)}`)).toEqual({ ok: false });
    const words = `"\\${"[{".repeat(100)}`;
    expect(event({ type: "prompt", voicePrompt: words, last: true })).toEqual({ type: "utterance", text: words });
  });

  it("WIRE-9 no text whatever makes the reader throw", () => {
    const whole = JSON.stringify({ ...SETUP, voicePrompt: 'a"\\[', last: true });
    for (let cut = 0; cut < whole.length; cut++) {
      expect(readFrame(whole.slice(0, cut))).toEqual({ ok: false });
      expect(() => readFrame(whole.slice(cut))).not.toThrow();
      expect(() => readFrame(`${whole.slice(0, cut)}\\${whole.slice(cut + 1)}`)).not.toThrow();
    }
  });
});

describe("commands", () => {
  it("WIRE-10 speech goes out as Twilio's text, spaces and all", () => {
    const hello = writeCommand({ type: "speech", text: 'Hello "you" ', last: false });
    expect(JSON.parse(hello ?? "")).toEqual({ type: "text", token: 'Hello "you" ', last: false });
    const last = writeCommand({ type: "speech", text: "", last: true });
    expect(JSON.parse(last ?? "")).toEqual({ type: "text", token: "", last: true });
  });

  it("WIRE-10 the end carries its handoff as a string of JSON", () => {
    const frame = writeCommand({ type: "end", handoff: { reason: "agent-ended" }, endReason: "agent-ended" });
    expect(JSON.parse(frame ?? "")).toEqual({ type: "end", handoffData: '{"reason":"agent-ended"}' });
  });

  it("WIRE-10 an error is told to clients with a screen in the project's own form", () => {
    const frame = writeCommand({ type: "error", code: "no_key", sentence: "No OpenAI API key configured." });
    expect(frame).toBe('{"type":"error","error":"No OpenAI API key configured.","code":"no_key"}');
  });

  it("WIRE-10 all that is sent to a phone is within Twilio's schema", () => {
    for (const text of ["", " ", "Hello ", "\ud800", "\u0000", "</speak>", "😀"]) {
      expect(outboundProblem(writeCommand({ type: "speech", text, last: true }) ?? "", false)).toBeUndefined();
    }
    const end = writeCommand({ type: "end", handoff: {}, endReason: "agent-ended" });
    expect(outboundProblem(end ?? "", false)).toBeUndefined();
  });

  it("WIRE-10 what is for sound and screens has no words on this wire", () => {
    expect(writeCommand({ type: "clear" })).toBeUndefined();
    expect(writeCommand({ type: "sound-end" })).toBeUndefined();
    expect(writeCommand({ type: "state", state: "thinking" })).toBeUndefined();
  });
});

describe.skipIf(recordingPath("barge-in") === undefined)("recorded calls of ../shared/fixtures", () => {
  const names = ["barge-in", "socket-drop", "end-then-reconnect"] as const;
  it.each(names)("WIRE-11 every frame of the recorded call %s is readable", (name) => {
    const events = eventsOf(name);
    expect(events).not.toContain("unreadable");
    expect(events[0]).toMatchObject({ type: "leg-start", greetedByCarrier: false, fromCarrier: true });
  });

  it("WIRE-11 the recorded barge-in is one key, one barge-in and one utterance", () => {
    const events = eventsOf("barge-in").filter((event) => event === "unreadable" || event.type !== "ignored");
    const kinds = events.map((event) => (event === "unreadable" ? event : event.type));
    expect(kinds.filter((kind) => kind === "utterance-interim")).toHaveLength(11);
    expect(events.filter((_, index) => kinds[index] !== "utterance-interim")).toEqual([
      expect.objectContaining({ type: "leg-start" }),
      { type: "playback", playing: true },
      { type: "playback", playing: false },
      { type: "dtmf", digit: "1" },
      { type: "playback", playing: true },
      { type: "barge-in", heardText: "Sentence 2 of", heardMs: 684 },
      { type: "playback", playing: false },
      { type: "utterance", text: "Stop. Stop. Stop. I am interrupting you now." },
    ]);
  });

  function eventsOf(name: (typeof names)[number]): (CallerEvent | "unreadable")[] {
    const lines = readRecording(recordingPath(name)!);
    return lines.flatMap((line) => (line.dir === "in" ? [event(line.frame)] : []));
  }
});
