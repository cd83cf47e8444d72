import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { BrowserWire } from "../../src/caller/browser.ts";
import type { CallerCommand, CallerEvent, SoundRead } from "../../src/caller/caller-leg.ts";
import { LIMITS } from "../../src/limits.ts";
import { SOUND_BYTES_PER_MS, type TurnMessage } from "../../src/protocol/call-messages.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { parseCallMessage } from "../../src/protocol/read-call-message.ts";
import { BILL, BUDGET, RUNNING } from "../protocol/bills.ts";
import { mulberry32, mutated } from "./mutations.ts";

const UNREADABLE = { ok: false };
const read = (message: unknown, wire = new BrowserWire()): SoundRead => wire.read(JSON.stringify(message));
const happened = (event: CallerEvent): SoundRead => ({ ok: true, event });
/** `ms` of sound, each byte of it different from its neighbours. */
const soundOf = (ms: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: ms * SOUND_BYTES_PER_MS }, (_, at) => (at * 31) & 0xff);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

const TURN: TurnMessage = {
  type: "turn",
  seq: 2,
  speaker: "agent",
  startedAtMs: 1,
  text: "Hello there.",
  heardText: "Hello",
  toolCall: null,
  timings: null,
  usage: NO_USAGE,
  failure: null,
};

describe("sound", () => {
  it("WIRE-101 a binary frame is sound, byte for byte", () => {
    const bytes = soundOf(40);
    expect(new BrowserWire().read(bytes.buffer)).toEqual({ ok: true, sound: base64(bytes) });
  });

  it.each([0, 1, 959, 961])("WIRE-101 a binary frame of %i bytes is no sound", (length) => {
    expect(new BrowserWire().read(new ArrayBuffer(length))).toEqual(UNREADABLE);
  });

  it("WIRE-102 what the agent says goes out as the bytes that its base64 stands for, and is counted", () => {
    const wire = new BrowserWire();
    for (const ms of [20, 100, 1]) expect(wire.writeSound(base64(soundOf(ms)))).toEqual(Buffer.from(soundOf(ms)));
    expect(wire.sentMs).toBe(121);
    expect(wire.mark()).toBeUndefined();
  });

  it.each(["", "A", "AAA", "====", "AA=A", "AAAA AAA", '{"a"}=', "AA==", "AAAAAAAA*AAA", "\ud800AAA"])(
    "WIRE-102 %j is no sound: nothing is sent and nothing counted",
    (text) => {
      const wire = new BrowserWire();
      expect(wire.writeSound(text)).toHaveLength(0);
      expect(wire.sentMs).toBe(0);
    },
  );

  it("WIRE-102 sound that was written stays as it is while more is written", () => {
    const wire = new BrowserWire();
    const first = wire.writeSound(base64(soundOf(20)));
    for (let count = 0; count < 200; count++) wire.writeSound(base64(new Uint8Array(960).fill(0xee)));
    expect(first).toEqual(Buffer.from(soundOf(20)));
  });
});

describe("what the caller sends", () => {
  it("WIRE-103 typed words are an utterance, trimmed and storable, and blank ones are nothing", () => {
    expect(read({ type: "text", text: " Hello. \n" })).toEqual(happened({ type: "utterance", text: "Hello." }));
    expect(new BrowserWire().read(String.raw`{"type":"text","text":"a\u0000b\ud800c"}`)).toEqual(
      happened({ type: "utterance", text: "ab\ufffdc" }),
    );
    expect(read({ type: "text", text: " \u0000 " })).toEqual(happened({ type: "ignored" }));
  });

  it.each([
    [
      { type: "digit", digit: "#" },
      { type: "dtmf", digit: "#" },
    ],
    [
      { type: "mute", muted: true },
      { type: "mute", muted: true },
    ],
    [
      { type: "talk-mode", mode: "push-to-talk" },
      { type: "talk-mode", pushToTalk: true },
    ],
    [
      { type: "talk-mode", mode: "open" },
      { type: "talk-mode", pushToTalk: false },
    ],
    [
      { type: "talk", pressed: true },
      { type: "talk", pressed: true },
    ],
    [{ type: "end" }, { type: "hang-up" }],
  ] satisfies [unknown, CallerEvent][])("WIRE-104 %j is %j", (message, event) => {
    expect(read(message)).toEqual(happened(event));
    expect(read({ ...message, more: [1] })).toEqual(happened(event));
  });

  it("WIRE-104 a ping is answered and is nothing else", () => {
    const answered = read({ type: "ping" });
    expect(answered).toEqual({ ok: true, reply: '{"type":"pong"}' });
  });

  it("WIRE-105 the position counts up to what was sent and no further", () => {
    const wire = new BrowserWire();
    wire.writeSound(base64(soundOf(200)));
    const played = (positionMs: number) => read({ type: "played", positionMs, receivedMs: 200 }, wire);
    expect(played(0)).toEqual(happened({ type: "played", positionMs: 0 }));
    expect(played(120.5)).toEqual(happened({ type: "played", positionMs: 120.5 }));
    expect(played(200)).toEqual(happened({ type: "played", positionMs: 200 }));
    expect(played(1e300)).toEqual(happened({ type: "played", positionMs: 200 }));
    expect(played(-1)).toEqual(UNREADABLE);
  });

  it("WIRE-105 what was sent and is not said to be received is on its way, whatever is claimed", () => {
    const wire = new BrowserWire();
    const received = (receivedMs: number) => read({ type: "played", positionMs: 0, receivedMs }, wire);
    wire.writeSound(base64(soundOf(200)));
    expect(wire.unreceivedBytes).toBe(200 * SOUND_BYTES_PER_MS);
    received(150);
    expect(wire.unreceivedBytes).toBe(50 * SOUND_BYTES_PER_MS);
    received(20);
    expect(wire.unreceivedBytes).toBe(50 * SOUND_BYTES_PER_MS);
    received(1e9);
    expect(wire.unreceivedBytes).toBe(0);
  });
});

describe("what is sent to the caller", () => {
  const usage = { ...NO_USAGE, responses: 1 };
  const start: CallerCommand = {
    type: "start",
    message: {
      type: "call-start",
      callId: "c",
      resumed: true,
      keySource: "student",
      model: "m",
      voice: "v",
      startedAtMs: 1,
      endsAtMs: 2,
      resumeTicket: "t",
      turns: [TURN],
    },
  };

  const messages: readonly (readonly [CallerCommand, unknown])[] = [
    [start, start.message],
    [{ type: "turn", turn: TURN }, TURN],
    [
      { type: "state", state: "using-tool" },
      { type: "state", state: "using-tool" },
    ],
    [
      { type: "caption", seq: 3, speaker: "caller", delta: "so" },
      { type: "caption", seq: 3, speaker: "caller", delta: "so" },
    ],
    [
      { type: "meter", usage, bill: BILL, running: RUNNING },
      { type: "meter", usage, bill: BILL, running: RUNNING },
    ],
    [
      { type: "budget", budget: BUDGET },
      { type: "budget", budget: BUDGET },
    ],
    [{ type: "clear" }, { type: "clear" }],
    [
      { type: "error", code: "bad_frame", sentence: "Not readable." },
      { type: "error", code: "bad_frame", error: "Not readable." },
    ],
    [
      { type: "end", handoff: { a: "b" }, endReason: "silence" },
      { type: "call-end", endReason: "silence" },
    ],
  ];
  it.each(messages.map(([command, message]) => [command.type, command, message] as const))(
    "WIRE-106 %s is a message that the page knows",
    (_, command, message) => {
      const written = new BrowserWire().write(command) ?? "";
      expect(JSON.parse(written)).toEqual(message);
      expect(parseCallMessage(written)).toEqual(message);
    },
  );

  it("WIRE-106 what is for other wires has no words on this one", () => {
    const wire = new BrowserWire();
    expect(wire.write({ type: "speech", text: "Hello.", last: true })).toBeUndefined();
    expect(wire.write({ type: "sound-end" })).toBeUndefined();
  });
});

describe("bad frames", () => {
  it.each([
    "",
    "null",
    "[]",
    "{}",
    '{"type":"text"}',
    '{"type":"text","text":7}',
    '{"type":"digit","digit":"12"}',
    '{"type":"mute","muted":"yes"}',
    '{"type":"talk-mode","mode":"closed"}',
    '{"type":"talk"}',
    '{"type":"played","positionMs":"1","receivedMs":1}',
    '{"type":"played","positionMs":1e999,"receivedMs":1}',
    '{"type":"state","state":"listening"}',
    '{"type":"end"',
  ])("WIRE-107 %s is unreadable", (text) => {
    expect(new BrowserWire().read(text)).toEqual(UNREADABLE);
  });

  it("WIRE-107 a nesting bomb is not parsed, brackets in words are words", () => {
    expect(
      new BrowserWire().read(`{"type":"end","a":${"[".repeat(LIMITS.frameDepth)}${"]".repeat(LIMITS.frameDepth)}}`),
    ).toEqual(UNREADABLE);
    expect(new BrowserWire().read("[".repeat(60_000))).toEqual(UNREADABLE);
    const words = "[{".repeat(500);
    expect(read({ type: "text", text: words })).toEqual(happened({ type: "utterance", text: words }));
  });

  it("WIRE-107 no frame whatever makes the reader throw or claims what was not sent", () => {
    const random = mulberry32(0xb10c);
    const wire = new BrowserWire();
    wire.writeSound(base64(soundOf(100)));
    const seeds = [
      '{"type":"text","text":"Hello [you] \\"there\\""}',
      '{"type":"played","positionMs":40.5,"receivedMs":80}',
      '{"type":"talk-mode","mode":"push-to-talk"}',
      '{"type":"digit","digit":"5"}',
    ];
    let readable = 0;
    for (let round = 0; round < 20_000; round++) {
      const result = wire.read(mutated(seeds[round % seeds.length] ?? "", random));
      if (!result.ok || !("event" in result)) continue;
      readable += 1;
      if (result.event.type === "played") expect(result.event.positionMs).toBeLessThanOrEqual(100);
      if (result.event.type === "utterance") expect(result.event.text.isWellFormed()).toBe(true);
      expect(wire.unreceivedBytes).toBeGreaterThanOrEqual(0);
    }
    // Otherwise the mutations would only show that rubbish is rubbish.
    expect(readable).toBeGreaterThan(500);
    for (let round = 0; round < 2_000; round++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 400) }, () => random() * 256);
      expect(wire.read(bytes.buffer).ok).toBe(bytes.length > 0 && bytes.length % 2 === 0);
    }
  });
});
