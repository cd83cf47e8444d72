import { describe, expect, it } from "vitest";
import { markdown } from "../cells.ts";
import { nowMs } from "../stamps.ts";
import { bareWireAt } from "./bare-wires.ts";
import { EchoSession, type UpstreamCounts } from "./echo-session.ts";
import { type ServerFigures, soundFigures } from "./figures.ts";
import { FrameReader, HEADER_BYTES, HEADER_CHARACTERS, readHeader, writeFrame } from "./frames.ts";
import type { SoundWindow } from "./load.ts";
import { Playback } from "./playback.ts";
import { append, soundOf } from "./realtime-wire.ts";
import { addedMs, framesOf } from "./report.ts";
import { soakTable } from "./soak.ts";
import { addTallies, FrameTally, NO_FRAMES } from "./tally.ts";
import { targetTable } from "./targets.ts";

const FRAME_BYTES = 160;
const frame = (seq: number, call = 7, sentAtMs = 1_234.567_891): Buffer =>
  writeFrame({ kind: "sound", call, seq, sentAtMs }, FRAME_BYTES);

describe("frames", () => {
  it("BENCH-7 A frame of sound tells its call, its number and its moment, also after base64.", () => {
    const sent = { kind: "speech", call: 199, seq: 70_000, sentAtMs: 98_765_432.123_456 } as const;
    const base64 = writeFrame(sent, FRAME_BYTES).toString("base64");
    expect(readHeader(Buffer.from(base64.slice(0, HEADER_CHARACTERS), "base64"))).toEqual(sent);
    expect(readHeader(Buffer.alloc(FRAME_BYTES, 0xff))).toBeUndefined();
    expect(readHeader(frame(0).subarray(0, HEADER_BYTES - 1))).toBeUndefined();
  });

  it("BENCH-8 Every frame is found once, wherever the sound is cut or joined and whatever lies between.", () => {
    const stream = Buffer.concat([frame(0), frame(1), Buffer.alloc(33, 0x9d), frame(2)]);
    for (let cut = 1; cut < stream.length; cut += 1) {
      const reader = new FrameReader(FRAME_BYTES);
      const found = [...reader.push(stream.subarray(0, cut)), ...reader.push(stream.subarray(cut))];
      expect(found.map(({ seq, intact }) => [seq, intact])).toEqual([
        [0, true],
        [1, true],
        [2, true],
      ]);
    }
  });

  it("BENCH-8 A frame with one changed byte is known to be changed.", () => {
    const changed = frame(3);
    changed[FRAME_BYTES - 1] = (changed[FRAME_BYTES - 1] ?? 0) ^ 1;
    expect(new FrameReader(FRAME_BYTES).push(changed)).toMatchObject([{ seq: 3, intact: false }]);
  });
});

describe("the tally of a call", () => {
  const received = (seq: number, call = 7, intact = true) =>
    ({ kind: "sound", call, seq, sentAtMs: 0, intact }) as const;

  it("BENCH-9 Frames that are lost, late, doubled, changed or another call's are each counted.", () => {
    const tally = new FrameTally(7);
    for (let seq = 0; seq < 6; seq += 1) expect(tally.nextSeq()).toBe(seq);
    const inTurn = [received(0), received(2), received(1), received(2), received(3, 8), received(4, 7, false)].map(
      (each) => tally.receive(each),
    );
    expect(inTurn).toEqual([true, true, false, false, false, true]);
    // 3 and 5 never came; 1 came too late to be of use.
    expect(tally.read()).toEqual({ sent: 6, received: 3, lost: 3, outOfOrder: 2, misrouted: 1, changed: 1 });
    expect(addTallies(tally.read(), NO_FRAMES)).toEqual(tally.read());
  });
});

describe("the upstream", () => {
  const start = () => {
    const sent: string[] = [];
    const counts: UpstreamCounts = {
      open: 0,
      sessions: 0,
      appends: 0,
      pouredBytes: 0,
      outOfOrder: 0,
      mixed: 0,
      speechStartedAtMs: {},
    };
    const session = new EchoSession({ send: (event) => sent.push(event), bufferedBytes: () => 0 }, counts);
    const types = () => sent.map((event) => `${(JSON.parse(event) as { type: unknown }).type}`);
    return { sent, counts, session, types };
  };

  it("BENCH-10 Sound comes back with the same characters, in one response that was announced first.", () => {
    const { sent, session, types, counts } = start();
    const sounds = [frame(0), frame(1)].map((each) => each.toString("base64"));
    for (const sound of sounds) session.receive(append(sound));
    expect(sent.flatMap((event) => soundOf(event) ?? [])).toEqual(sounds);
    expect(types()).toEqual([
      "session.created",
      "response.created",
      "response.output_item.added",
      "conversation.item.added",
      "response.content_part.added",
      "response.output_audio.delta",
      "response.output_audio.delta",
    ]);
    expect(counts).toMatchObject({ appends: 2, outOfOrder: 0, mixed: 0 });
  });

  it("BENCH-10 Sound of another call, or behind a later frame, is counted.", () => {
    const { session, counts } = start();
    for (const each of [frame(0), frame(2), frame(1), frame(3, 8)]) session.receive(append(each.toString("base64")));
    expect(counts).toMatchObject({ appends: 4, outOfOrder: 1, mixed: 1 });
  });

  it("BENCH-10 A frame that asks for speech is answered with the end of the response, and the next sound begins one.", () => {
    const { session, counts, types } = start();
    const before = nowMs();
    session.receive(
      append(writeFrame({ kind: "speech", call: 7, seq: 0, sentAtMs: 0 }, FRAME_BYTES).toString("base64")),
    );
    expect(counts.speechStartedAtMs[7]).toBeGreaterThanOrEqual(before);
    expect(types()).toContain("input_audio_buffer.speech_started");
    expect(types().at(-1)).toBe("response.done");
    session.receive(append(frame(1).toString("base64")));
    expect(types().filter((type) => type === "response.created")).toHaveLength(2);
  });

  it("BENCH-10 A response that is asked for while one is active is refused, as OpenAI refuses it.", () => {
    const { sent, session } = start();
    session.receive(append(frame(0).toString("base64")));
    session.receive(JSON.stringify({ type: "response.create", event_id: "ask_1", response: {} }));
    expect(JSON.parse(sent.at(-1) ?? "")).toMatchObject({
      type: "error",
      error: { code: "conversation_already_has_active_response", event_id: "ask_1" },
    });
  });
});

describe("the bare wires", () => {
  const base64 = {
    encode: (bytes: ArrayBuffer | Uint8Array) => Buffer.from(bytes as Uint8Array).toString("base64"),
    decode: (text: string) => Buffer.from(text, "base64"),
  };

  it("BENCH-11 Sound of either wire passes unchanged, and other messages are no sound.", () => {
    const payload = frame(0).toString("base64");
    const media = bareWireAt("/media-streams", base64);
    expect(media?.read('{"event":"start","streamSid":"MZ1"}')).toBeUndefined();
    expect(media?.read(`{"event":"media","media":{"payload":"${payload}"},"streamSid":"MZ1"}`)).toBe(payload);
    expect(JSON.parse(`${media?.sound(payload)}`)).toEqual({ event: "media", streamSid: "MZ1", media: { payload } });
    const browser = bareWireAt("/browser", base64);
    expect(browser?.read(frame(0))).toBe(payload);
    expect(browser?.read('{"type":"played"}')).toBeUndefined();
    expect(browser?.sound(payload)).toEqual(frame(0));
    expect(bareWireAt("/", base64)).toBeUndefined();
  });
});

describe("the loudspeaker of a caller", () => {
  it("BENCH-12 Sound plays in real time, and a clear throws away the rest and reaches every mark.", () => {
    const playback = new Playback();
    const reached: string[] = [];
    playback.add(1_000, 5_000);
    playback.atEnd(5_000, () => reached.push("first"));
    playback.add(500, 5_200);
    playback.atEnd(5_200, () => reached.push("second"));
    expect(playback.playedMs(5_400)).toBe(400);
    expect(reached).toEqual([]);
    playback.clear(5_400);
    expect(reached).toEqual(["first", "second"]);
    expect(playback.playedMs(5_400)).toBe(1_500);
    playback.add(20, 9_000);
    expect(playback.playedMs(9_005)).toBe(1_505);
    playback.atEnd(9_100, () => reached.push("late"));
    expect(reached).toEqual(["first", "second", "late"]);
  });
});

describe("figures of sound", () => {
  const window = (roundTripsMs: readonly number[], foreignCores = 0, lost = 0): SoundWindow => ({
    roundTripsMs,
    firstRoundTripsMs: [],
    frames: { ...NO_FRAMES, sent: roundTripsMs.length, received: roundTripsMs.length - lost, lost },
    cpuMsPerCallMinute: 300,
    foreignCores,
    failures: [],
  });
  const server = (name: string, directName: string, windows: readonly SoundWindow[]): ServerFigures => ({
    name,
    directName,
    frameMs: 20,
    byCalls: new Map([[50, soundFigures(name, 50, windows)]]),
    singles: undefined,
  });

  it("BENCH-13 What is added to a frame is its round trip less that of the direct connection with the same frames.", () => {
    const all = [
      server("direct", "direct", [window([1])]),
      server("direct, 40 ms", "direct, 40 ms", [window([2])]),
      server("callroom", "direct, 40 ms", [window([5])]),
    ];
    expect(addedMs(all[2] ?? server("", "", []), all, 50)).toMatchObject({ p50: 3, p99: 3 });
  });

  it("BENCH-13 A noisy window counts for no latency beside a quiet one, but a frame lost in it is lost.", () => {
    const seen = server("callroom", "direct", [window([90], 1, 1), window([1, 30])]);
    expect(seen.byCalls.get(50)).toMatchObject({ lateShare: 0.5, noisyWindows: 0, roundTripMs: { p50: 1 } });
    expect(framesOf(seen)).toMatchObject({ sent: 3, lost: 1 });
    expect(framesOf(seen, 49)).toEqual(NO_FRAMES);
  });

  it("BENCH-14 A target is met or missed by the figures that are there, and left out without them.", () => {
    const starts = { openMs: [4], firstEchoMs: [5], lostMsPerCall: 20, frames: NO_FRAMES };
    const singles = {
      silentCallKiB: 200,
      held: [100, 50, 75],
      slowStarts: starts,
      starts,
      bargeIns: { clearMs: [3], unanswered: 0, lateSoundMs: 0 },
    };
    const ours = { ...server("callroom", "direct", [window([5])]), singles };
    const lines = targetTable("browser", [ours], [50]).split("\n");
    const line = (what: string) => lines.find((each) => each.includes(what)) ?? "";
    expect(line("speech lost at start")).toContain("missed");
    expect(line("upgrade answered")).toContain("met");
    expect(line("calls held")).toBe("");
    const bare = { ...ours, name: "workerd-bare", singles: { ...singles, held: [100, 300, 25] } };
    const both = targetTable("browser", [ours, bare], [50]);
    expect(both).toMatch(/calls held .* 0\.75x \| +at least 0\.8x \| \*\*missed\*\*/);
    expect(both).toMatch(/CPU ms a call-minute, N=50 .* 1\.00x \| +at most 1x \| +met/);
  });

  it("BENCH-15 The soak's page says of each limit whether it was kept.", () => {
    const page = soakTable({
      frames: { ...NO_FRAMES, sent: 900, received: 899, lost: 1 },
      roundTripsMs: [1, 2, 49],
      memoryMiB: { from: 100, to: 165, highest: 170 },
    });
    const [lost, roundTrip, memory] = page.split("\n").slice(2);
    expect(lost).toMatch(/1 of 900 .*missed/);
    expect(roundTrip).toMatch(/49\.00 .* met/);
    expect(memory).toMatch(/65\.0 .*missed/);
  });

  it("BENCH-16 A table is Markdown with one width a column.", () => {
    expect(
      markdown([
        ["", "ms"],
        ["callroom", "1.5"],
      ]),
    ).toBe("|          |  ms |\n| -------- | --: |\n| callroom | 1.5 |");
  });
});
