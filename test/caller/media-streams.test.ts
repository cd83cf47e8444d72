import { Buffer } from "node:buffer";
import { describe, expect, it, vi } from "vitest";
import type { CallerEvent, SoundRead } from "../../src/caller/caller-leg.ts";
import { MediaStreamsWire } from "../../src/caller/media-streams.ts";
import { LIMITS } from "../../src/limits.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { BILL, BUDGET } from "../protocol/bills.ts";
import { readOutbound } from "../standins/twilio-media-frames.ts";
import { mulberry32, mutated } from "./mutations.ts";

const STREAM_SID = `MZ${"1".repeat(32)}`;
const CALL_SID = `CA${"2".repeat(32)}`;
const UNREADABLE = { ok: false };
const IGNORED = { ok: true, event: { type: "ignored" } };
const happened = (event: CallerEvent): SoundRead => ({ ok: true, event });

const FORMAT = { encoding: "audio/x-mulaw", sampleRate: 8_000, channels: 1 };
const START = {
  event: "start",
  sequenceNumber: "1",
  start: {
    accountSid: `AC${"0".repeat(32)}`,
    streamSid: STREAM_SID,
    callSid: CALL_SID,
    tracks: ["inbound"],
    mediaFormat: FORMAT,
    customParameters: {},
  },
  streamSid: STREAM_SID,
};

const startedWire = (): MediaStreamsWire => {
  const wire = new MediaStreamsWire();
  wire.read(JSON.stringify(START));
  return wire;
};
const read = (wire: MediaStreamsWire, message: object): SoundRead => wire.read(JSON.stringify(message));
const soundOf = (ms: number): string => Buffer.alloc(ms * 8, 0x2a).toString("base64");
const media = (timestamp: unknown, payload: unknown = soundOf(20), track: unknown = "inbound"): object => ({
  event: "media",
  sequenceNumber: "3",
  media: { track, chunk: "1", timestamp, payload },
  streamSid: STREAM_SID,
});
const mark = (name: unknown): object => ({ event: "mark", sequenceNumber: "4", streamSid: STREAM_SID, mark: { name } });
const bytesOf = (result: SoundRead): Buffer =>
  result.ok && result.sound !== undefined ? Buffer.from(result.sound, "base64") : Buffer.alloc(0);
/** The name of the mark in a frame of ours. */
const nameIn = (frame: string | undefined): string => {
  const outbound = readOutbound(frame ?? "", false, STREAM_SID);
  return outbound.type === "mark" ? outbound.name : `no mark: ${frame}`;
};

describe("the start of a stream", () => {
  it("MEDIA-1 the start names the phone call; what comes before it starts nothing", () => {
    const wire = new MediaStreamsWire();
    expect(read(wire, { event: "connected", protocol: "Call", version: "1.0.0" })).toEqual(IGNORED);
    expect(read(wire, media("0"))).toEqual(UNREADABLE);
    expect(read(wire, { event: "stop", stop: {} })).toEqual(UNREADABLE);
    expect(read(wire, START)).toEqual(
      happened({ type: "leg-start", phoneCallId: CALL_SID, greetedByCarrier: false, fromCarrier: true }),
    );
  });

  it("MEDIA-1 a stream begins once: the same start again means nothing, another one is unreadable", () => {
    const wire = startedWire();
    expect(read(wire, START)).toEqual(IGNORED);
    const other = `MZ${"3".repeat(32)}`;
    expect(read(wire, { ...START, start: { ...START.start, streamSid: other }, streamSid: other })).toEqual(UNREADABLE);
    expect(wire.write({ type: "clear" })).toContain(STREAM_SID);
  });

  it.each([
    { start: { ...START.start, streamSid: 'MZ"' } },
    { start: { ...START.start, streamSid: "M".repeat(65) } },
    { start: { ...START.start, callSid: undefined } },
    { start: { ...START.start, callSid: "" } },
    { streamSid: "MZ9" },
    { start: { ...START.start, mediaFormat: { ...FORMAT, sampleRate: 16_000 } } },
    { start: { ...START.start, mediaFormat: { ...FORMAT, encoding: "audio/l16" } } },
    { start: { ...START.start, mediaFormat: "mulaw" } },
    { start: [START.start] },
  ])("MEDIA-1 a start with %j is unreadable", (change) => {
    const wire = new MediaStreamsWire();
    expect(read(wire, { ...START, ...change })).toEqual(UNREADABLE);
    expect(wire.writeSound(soundOf(20))).toBe("");
  });
});

describe("the caller's sound", () => {
  it("MEDIA-2 a payload is passed on as it came", () => {
    const wire = startedWire();
    expect(read(wire, media("5"))).toEqual({ ok: true, sound: soundOf(20) });
    expect(read(wire, media("25", "AA=="))).toEqual({ ok: true, sound: "AA==" });
    expect(read(wire, media(undefined))).toEqual({ ok: true, sound: soundOf(20) });
  });

  it.each(["", "A", "AAA", "=AAA", "AA=A", "A===", "AAAA AAA", "AA-_", 'AA"}', "AAA\n", 7, null])(
    "MEDIA-2 the payload %j is unreadable",
    (payload) => {
      expect(read(startedWire(), media("5", payload))).toEqual(UNREADABLE);
    },
  );

  it("MEDIA-2 a payload longer than any frame is unreadable", () => {
    expect(read(startedWire(), media("5", "A".repeat(LIMITS.textFrameBytes + 4)))).toEqual(UNREADABLE);
  });

  it("MEDIA-2 sound of another track or another stream is not the caller's", () => {
    const wire = startedWire();
    expect(read(wire, media("5", soundOf(20), "outbound"))).toEqual(IGNORED);
    expect(read(wire, { ...media("5"), streamSid: STREAM_SID.toLowerCase() })).toEqual(UNREADABLE);
    expect(wire.read(new ArrayBuffer(160))).toEqual(UNREADABLE);
  });

  it("MEDIA-3 a gap of more than a frame is filled with silence, in front of the sound after it", () => {
    const wire = startedWire();
    read(wire, media("5"));
    const filled = bytesOf(read(wire, media("1025")));
    const silentBytes = filled.length - 160;
    expect(silentBytes).toBeGreaterThan(1_000 * 8 - 3);
    expect(silentBytes).toBeLessThanOrEqual(1_000 * 8);
    expect(filled.subarray(0, silentBytes).every((byte) => byte === 0xff)).toBe(true);
    expect(filled.subarray(silentBytes)).toEqual(Buffer.alloc(160, 0x2a));
    // And time goes on from there.
    expect(bytesOf(read(wire, media("1045")))).toHaveLength(160);
  });

  it.each([
    ["on time", "25", 160],
    ["one frame missing", "45", 160],
    ["a little more than one", "46", 160 + 168],
    ["an outage", "60005", 160 + 79_998],
    ["back in time", "0", 160],
    ["a time that is none", "soon", 160],
    ["an absurd time", "9".repeat(400), 160],
    ["a negative time", "-1", 160],
  ])("MEDIA-3 %s: after the frame at 5 ms, one at %s brings %i bytes", (_, timestamp, bytes) => {
    const wire = startedWire();
    read(wire, media("5"));
    expect(bytesOf(read(wire, media(timestamp)))).toHaveLength(bytes);
  });

  it("MEDIA-3 times that jump back and forth are filled once", () => {
    const wire = startedWire();
    read(wire, media("0"));
    expect(bytesOf(read(wire, media("5000"))).length).toBeGreaterThan(30_000);
    read(wire, media("0"));
    expect(bytesOf(read(wire, media("5000")))).toHaveLength(160);
  });
});

describe("other things a caller does", () => {
  it("MEDIA-4 keys, hanging up and news that mean nothing", () => {
    const wire = startedWire();
    const dtmf = (digit: unknown) => ({
      event: "dtmf",
      streamSid: STREAM_SID,
      dtmf: { track: "inbound_track", digit },
    });
    expect(read(wire, dtmf("#"))).toEqual(happened({ type: "dtmf", digit: "#" }));
    expect(read(wire, dtmf("12"))).toEqual(UNREADABLE);
    expect(read(wire, dtmf(1))).toEqual(UNREADABLE);
    expect(read(wire, { event: "stop", streamSid: STREAM_SID, stop: {} })).toEqual(happened({ type: "hang-up" }));
    expect(read(wire, { event: "weather", streamSid: STREAM_SID })).toEqual(IGNORED);
    expect(read(wire, { event: 1, streamSid: STREAM_SID })).toEqual(UNREADABLE);
  });
});

describe("the agent's sound", () => {
  it("MEDIA-5 goes out in Twilio's form, payload untouched, and is counted", () => {
    const wire = startedWire();
    const payload = soundOf(100);
    expect(JSON.parse(wire.writeSound(payload))).toEqual({
      event: "media",
      streamSid: STREAM_SID,
      media: { payload },
    });
    wire.writeSound("AA==");
    expect(wire.sentMs).toBe(100.125);
  });

  it.each(["", "A", 'AAAA"', 'AA"}', "AA=A", "A===", "\u2028AAA"])(
    "MEDIA-5 %j is no sound: nothing is sent and nothing counted",
    (text) => {
      const wire = startedWire();
      expect(wire.writeSound(text)).toBe("");
      expect(wire.sentMs).toBe(0);
    },
  );
});

describe("what was heard of it", () => {
  it("MEDIA-6 a mark follows each 400 ms of sound and the end of a speech, and comes back as the position", () => {
    const wire = startedWire();
    const marks: string[] = [];
    for (let count = 0; count < 5; count++) {
      wire.writeSound(soundOf(200));
      const due = wire.mark();
      if (due !== undefined) marks.push(nameIn(due));
    }
    expect(LIMITS.markEveryMs).toBe(400);
    expect(marks).toEqual(["p400:g0", "p800:g0"]);
    expect(nameIn(wire.write({ type: "sound-end" }))).toBe("p1000:g0");
    expect(wire.write({ type: "sound-end" })).toBeUndefined();
    expect(read(wire, mark("p400:g0"))).toEqual(happened({ type: "played", positionMs: 400 }));
    expect(read(wire, mark("p1000:g0"))).toEqual(happened({ type: "played", positionMs: 1_000 }));
  });

  it("MEDIA-6 positions are exact to the byte", () => {
    const wire = startedWire();
    wire.writeSound(Buffer.alloc(3_203, 1).toString("base64"));
    const name = nameIn(wire.mark());
    expect(name).toBe("p400.375:g0");
    expect(read(wire, mark(name))).toEqual(happened({ type: "played", positionMs: 400.375 }));
  });

  it("MEDIA-7 marks that a clear sends back prove nothing, and positions go on from all that was sent", () => {
    const wire = startedWire();
    for (const ms of [200, 200, 150]) {
      wire.writeSound(soundOf(ms));
      wire.mark();
    }
    expect(wire.write({ type: "clear" })).toBe(`{"event":"clear","streamSid":"${STREAM_SID}"}`);
    expect(read(wire, mark("p400:g0"))).toEqual(IGNORED);
    expect(read(wire, mark("p550:g0"))).toEqual(IGNORED);
    // Nothing of what is void is waited for.
    expect(wire.write({ type: "sound-end" })).toBeUndefined();
    wire.writeSound(soundOf(400));
    expect(nameIn(wire.mark())).toBe("p950:g1");
    expect(read(wire, mark("p950:g1"))).toEqual(happened({ type: "played", positionMs: 950 }));
  });

  it("MEDIA-7 a mark that nobody sent moves nothing beyond what was sent", () => {
    const wire = startedWire();
    wire.writeSound(soundOf(40));
    expect(read(wire, mark("p999999999:g0"))).toEqual(happened({ type: "played", positionMs: 40 }));
    for (const name of ["", "p40", "p40:g1", "p-1:g0", "p1e9:g0", "q40:g0", "p40:g0 ", `p${"9".repeat(50)}:g0`]) {
      expect(read(wire, mark(name))).toEqual(IGNORED);
    }
    for (const name of [undefined, 40, null]) expect(read(wire, mark(name))).toEqual(UNREADABLE);
  });
});

describe("every frame", () => {
  it("MEDIA-8 all that is sent is within Twilio's schema, and what is for screens is not sent", () => {
    const wire = startedWire();
    const sent = [wire.writeSound(soundOf(500)), wire.mark(), wire.write({ type: "clear" })];
    wire.writeSound(soundOf(10));
    sent.push(wire.write({ type: "sound-end" }));
    expect(sent.map((frame) => readOutbound(frame ?? "", false, STREAM_SID).type)).toEqual([
      "sound",
      "mark",
      "clear",
      "mark",
    ]);
    for (const command of [
      { type: "speech", text: "Hello.", last: true },
      { type: "error", code: "bad_frame", sentence: "Not readable." },
      { type: "state", state: "thinking" },
      { type: "caption", seq: 1, speaker: "agent", delta: "so" },
      { type: "meter", usage: NO_USAGE, bill: BILL, running: null },
      { type: "budget", budget: BUDGET },
      { type: "end", handoff: {}, endReason: "agent-ended" },
    ] as const) {
      expect(wire.write(command)).toBeUndefined();
    }
    expect(new MediaStreamsWire().write({ type: "clear" })).toBeUndefined();
  });

  it("MEDIA-9 a nesting bomb is not parsed", () => {
    expect(startedWire().read("[".repeat(60_000))).toEqual(UNREADABLE);
    const deep = `{"event":"x","streamSid":"${STREAM_SID}","a":${"[".repeat(16)}${"]".repeat(16)}}`;
    expect(startedWire().read(deep)).toEqual(UNREADABLE);
  });

  it("MEDIA-9 no frame whatever makes the reader throw, and whatever is sound can be passed on as it is", () => {
    const random = mulberry32(0x3ed1a);
    const seeds = [
      START,
      media("1005"),
      mark("p40:g0"),
      { event: "dtmf", streamSid: STREAM_SID, dtmf: { digit: "1" } },
    ];
    let sounds = 0;
    let events = 0;
    for (let round = 0; round < 20_000; round++) {
      const wire = startedWire();
      wire.writeSound(soundOf(100));
      read(wire, media("5"));
      const result = wire.read(mutated(JSON.stringify(seeds[round % seeds.length]), random));
      if (!result.ok) continue;
      if (result.sound === undefined) {
        events += 1;
        if ("event" in result && result.event.type === "played") {
          expect(result.event.positionMs).toBeLessThanOrEqual(100);
        }
        continue;
      }
      sounds += 1;
      expect(result.sound.length).toBeLessThanOrEqual(LIMITS.textFrameBytes + (10_000 * 8 * 4) / 3 + 4);
      expect(result.sound).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
      expect(result.sound.length % 4).toBe(0);
    }
    expect(sounds).toBeGreaterThan(250);
    expect(events).toBeGreaterThan(500);
  });

  it("MEDIA-10 a frame written as Twilio writes it is read without a parse, and means what its JSON says", () => {
    const random = mulberry32(0x7711);
    const parse = vi.spyOn(JSON, "parse");
    const written = JSON.stringify(media("1005"));
    let unparsed = 0;
    for (let round = 0; round < 20_000; round++) {
      const wire = startedWire();
      const text = mutated(written, random);
      parse.mockClear();
      const result = wire.read(text);
      if (!result.ok || result.sound === undefined || parse.mock.calls.length > 0) continue;
      unparsed += 1;
      expect(JSON.parse(text)).toMatchObject({
        event: "media",
        streamSid: STREAM_SID,
        media: { track: "inbound", payload: result.sound, timestamp: expect.stringMatching(/^\d{1,12}$/) },
      });
    }
    parse.mockRestore();
    expect(unparsed).toBeGreaterThan(250);
  });

  it("MEDIA-10 in another order it is parsed, and means the same, the silence before it too", () => {
    const inOrder = startedWire();
    const other = startedWire();
    for (const timestamp of ["5", "25", "425"]) {
      const { streamSid, ...rest } = { streamSid: STREAM_SID, ...media(timestamp) };
      const sound = read(inOrder, media(timestamp));
      expect(sound).toMatchObject({ ok: true, sound: expect.stringMatching(/^[A-Za-z0-9+/]+={0,2}$/) });
      expect(read(other, { streamSid, ...rest })).toEqual(sound);
    }
  });
});
