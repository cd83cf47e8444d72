import { afterEach, describe, expect, it, vi } from "vitest";
import { Call } from "../../src/call/call.ts";
import { CallRunner } from "../../src/call/call-runner.ts";
import { SoundLeg } from "../../src/call/sound-leg.ts";
import { ToolRunner } from "../../src/call/tool-runner.ts";
import { BrowserWire } from "../../src/caller/browser.ts";
import type { SoundWire } from "../../src/caller/caller-leg.ts";
import { MediaStreamsWire } from "../../src/caller/media-streams.ts";
import { reasonOf } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { openVoice } from "../../src/model/realtime.ts";
import type { DialledSocket, SocketListener } from "../../src/model/realtime-dial.ts";
import { VoiceTable } from "./voice-table.ts";

/** A call with everything but the network, the storage and the clock: these are counted. */
class Path {
  /** What reached OpenAI, and the caller, after the set-up. */
  readonly upstream: string[] = [];
  readonly downstream: (string | ArrayBuffer | Uint8Array)[] = [];
  /** Everything that a frame must not lead to. */
  readonly elsewhere: string[] = [];
  readonly leg: SoundLeg;
  /** The caller's. */
  readonly socket = {
    bufferedAmount: 0,
    send: (frame: string | ArrayBuffer | Uint8Array): void => void this.downstream.push(frame),
    close: (): void => void this.elsewhere.push("close"),
  };
  readonly #runner: CallRunner;
  #listener: SocketListener | undefined;

  constructor(wire: SoundWire) {
    const { facts, progress } = new VoiceTable({ sound: wire.format });
    const startTimer = (): (() => void) => {
      this.elsewhere.push("timer");
      return () => {};
    };
    const note =
      (what: string) =>
      (..._given: readonly unknown[]): void => {
        this.elsewhere.push(what);
      };
    const dialled: DialledSocket = {
      send: (text) => this.upstream.push(text),
      close: () => {},
      bufferedAmount: 0,
      listen: (listener) => {
        this.#listener = listener;
      },
    };
    this.#runner = new CallRunner(new Call(facts, progress, []), {
      nowMs: () => facts.startedAtMs,
      startTimer,
      keepTurn: note("turn"),
      keepCharge: note("charge"),
      keepProgress: note("progress"),
      sendToCaller: note("text"),
      closeLeg: note("close"),
      modelLeg: () => Promise.reject(new Error("a call with sound")),
      voice: {
        openVoice: (request, _afterMs, listener) => {
          const options = { dial: async () => dialled, request, transcriptionModel: "gpt-transcribe" };
          return openVoice({ ...options, startTimer, nowMs: () => facts.startedAtMs }, listener);
        },
        loadSpoken: async () => undefined,
      },
      tools: new ToolRunner(facts.callId, {
        nowMs: () => facts.startedAtMs,
        randomBelow: () => 0,
        wait: async () => {},
        webhook: async () => undefined,
      }),
      archive: note("archive"),
      keyRefused: note("key"),
      setAlarm: note("alarm"),
      log: note("log"),
      reasonOf,
    });
    this.leg = new SoundLeg(this.socket, wire, {
      nowMs: () => facts.startedAtMs,
      onSound: (audioBase64, nowMs) => this.#runner.line?.fromCaller(audioBase64, nowMs),
      dispatch: (event) => this.#runner.dispatch(event),
      refuse: note("refuse"),
      onDropped: note("dropped"),
    });
    this.#runner.line?.attach(this.leg);
  }

  /** The session is set up, a response has begun and its first sound has gone; from here on, frames only. */
  async begun(): Promise<this> {
    this.#runner.dispatch({ type: "admitted" });
    if (this.leg.wire.format === "mulaw-8k") this.leg.hear(START);
    const nobody = { phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false };
    if (this.leg.wire.format !== "mulaw-8k") {
      this.#runner.dispatch({ type: "caller", event: { type: "leg-start", ...nobody } });
    }
    await vi.waitFor(() => expect(this.#listener).toBeDefined());
    this.hears({ type: "session.created", event_id: "e1", session: {} });
    const session = { type: "realtime", audio: { input: { turn_detection: { type: "server_vad" } }, output: {} } };
    this.hears({ type: "session.updated", event_id: "e2", session });
    this.hears({ type: "response.created", event_id: "e3", response: { id: "resp_1", status: "in_progress" } });
    this.hears(delta("AAAA".repeat(40)));
    for (const all of [this.upstream, this.downstream, this.elsewhere]) all.length = 0;
    return this;
  }

  hears(event: object | string): void {
    this.#listener?.onMessage(typeof event === "string" ? event : JSON.stringify(event));
  }
}

const START = JSON.stringify({
  event: "start",
  sequenceNumber: "1",
  streamSid: "MZ1",
  start: { streamSid: "MZ1", callSid: "CA1", tracks: ["inbound"], customParameters: {} },
});

const delta = (audio: string): object => ({
  type: "response.output_audio.delta",
  event_id: "e4",
  response_id: "resp_1",
  item_id: "item_1",
  output_index: 0,
  content_index: 0,
  delta: audio,
});

/** A frame as Twilio writes it, or the same in another order. */
function mediaFrame(at: number, isUsual: boolean): string {
  const payload = `${"////".repeat(53)}/w==`;
  const sound = {
    event: "media",
    sequenceNumber: String(at + 2),
    media: { track: "inbound", chunk: String(at + 1), timestamp: String(at * 20), payload },
  };
  return JSON.stringify(isUsual ? { ...sound, streamSid: "MZ1" } : { streamSid: "MZ1", ...sound });
}

const ORDERS = [
  { order: "as it is written", isUsual: true, parses: 0 },
  { order: "written in another order", isUsual: false, parses: 1 },
] as const;

const FRAMES = 100;

/** Counts what is parsed and stringified while `act` runs. */
function counted(act: () => void): { parses: number; stringifies: number } {
  const parse = vi.spyOn(JSON, "parse");
  const stringify = vi.spyOn(JSON, "stringify");
  act();
  const counts = { parses: parse.mock.calls.length, stringifies: stringify.mock.calls.length };
  parse.mockRestore();
  stringify.mockRestore();
  return counts;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the frame path", () => {
  it.each(ORDERS)(
    "FRAME-1 a frame of a phone reaches the model within the same step, $order: $parses parses",
    async ({ isUsual, parses }) => {
      const path = await new Path(new MediaStreamsWire()).begun();
      const frames = Array.from({ length: FRAMES }, (_, at) => mediaFrame(at, isUsual));
      const counts = counted(() => {
        for (const frame of frames) path.leg.hear(frame);
      });
      expect(path.upstream).toHaveLength(FRAMES);
      expect(counts).toEqual({ parses: parses * FRAMES, stringifies: 0 });
      expect(path.elsewhere).toEqual([]);
      expect(path.upstream[0]).toContain("////".repeat(53));
    },
  );

  it("FRAME-2 a frame of a browser reaches the model within the same step, without any parse", async () => {
    const path = await new Path(new BrowserWire()).begun();
    const frame = new ArrayBuffer(40 * 48);
    const counts = counted(() => {
      for (let at = 0; at < FRAMES; at++) path.leg.hear(frame);
    });
    expect(path.upstream).toHaveLength(FRAMES);
    expect(counts).toEqual({ parses: 0, stringifies: 0 });
    expect(path.elsewhere).toEqual([]);
  });

  it.each(
    ORDERS.flatMap((order) => [
      { ...order, who: "a phone", wire: new MediaStreamsWire() },
      { ...order, who: "a browser", wire: new BrowserWire() },
    ]),
  )(
    "FRAME-3 a piece of the agent's sound reaches $who within the same step, $order: $parses parses",
    async ({ wire, isUsual, parses }) => {
      const path = await new Path(wire).begun();
      const sentMs = wire.sentMs;
      const { delta: audio, ...rest } = { delta: "", ...delta("AAAA".repeat(40)) };
      const event = JSON.stringify(isUsual ? { ...rest, delta: audio } : { delta: audio, ...rest });
      const events = Array.from({ length: FRAMES }, () => event);
      const counts = counted(() => {
        for (const event of events) path.hears(event);
      });
      const marks = path.downstream.filter((frame) => typeof frame === "string" && frame.includes('"mark"'));
      expect(path.downstream.length - marks.length).toBe(FRAMES);
      // A mark goes with two fifths of a second, never with each piece.
      expect(marks.length).toBeLessThanOrEqual(Math.ceil((wire.sentMs - sentMs) / LIMITS.markEveryMs));
      expect(counts).toEqual({ parses: parses * FRAMES, stringifies: 0 });
      expect(path.elsewhere).toEqual([]);
    },
  );

  it("FRAME-4 sound that a caller has no room for is left out, said once, and sent again when there is room", async () => {
    const path = await new Path(new BrowserWire()).begun();
    path.socket.bufferedAmount = LIMITS.sendQueueDropBytes + 1;
    for (let at = 0; at < 5; at++) path.hears(delta("AAAA".repeat(40)));
    expect(path.downstream).toEqual([]);
    expect(path.elsewhere).toEqual(["dropped"]);
    path.socket.bufferedAmount = 0;
    path.hears(delta("AAAA".repeat(40)));
    expect(path.downstream).toHaveLength(1);
  });

  it("FRAME-5 a caller who is far behind is let go", async () => {
    const path = await new Path(new BrowserWire()).begun();
    path.socket.bufferedAmount = LIMITS.sendQueueCloseBytes + 1;
    path.hears(delta("AAAA".repeat(40)));
    expect(path.downstream).toEqual([]);
    expect(path.elsewhere).toEqual(["refuse"]);
  });

  it("FRAME-8 what is no sound to a wire is not sent", async () => {
    const path = await new Path(new MediaStreamsWire()).begun();
    path.hears(delta("no base64!"));
    path.hears(delta(""));
    expect(path.downstream).toEqual([]);
  });

  it("FRAME-6 frames that cannot be read are told to a screen, and too many of them in a row end the leg", async () => {
    const path = await new Path(new BrowserWire()).begun();
    path.leg.hear(new ArrayBuffer(3));
    expect(path.downstream).toEqual([expect.stringContaining('"bad_frame"')]);
    path.leg.hear(new ArrayBuffer(960));
    expect(path.upstream).toHaveLength(1);
    for (let at = 0; at < LIMITS.badFramesInARow; at++) path.leg.hear("{");
    expect(path.elsewhere).toEqual(["refuse"]);
  });

  it("FRAME-7 a frame that is too large is not looked into", async () => {
    const path = await new Path(new BrowserWire()).begun();
    path.leg.hear(new ArrayBuffer(LIMITS.soundFrameBytes + 2));
    path.leg.hear("x".repeat(LIMITS.textFrameBytes + 1));
    expect(path.elsewhere).toEqual(["refuse", "refuse"]);
    expect(path.upstream).toEqual([]);
  });
});
