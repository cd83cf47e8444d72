import { afterEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import type { DialFailure, DialledSocket } from "../../src/model/realtime-dial.ts";
import { mostOfSample, recordSample, type SampleOptions } from "../../src/model/voice-sample.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { type Clock, ManualClock, systemClock } from "../standins/clock.ts";
import { KEY } from "../standins/openai-asking.ts";
import type { RealtimeFaultOrder } from "../standins/realtime.ts";
import { BYTES_PER_MS } from "../standins/speech.ts";
import { dialByWs, ScriptedSocket, Standins } from "./realtime-caller.ts";

const standins = new Standins();
afterEach(() => standins.close());

const WORDS = 'Hello! I am "Juno".\nWhat can I do?';

function record(dial: SampleOptions["dial"], options: { clock?: Clock; words?: string } = {}) {
  const { clock = systemClock, words = WORDS } = options;
  return recordSample({
    dial,
    voice: "cedar",
    words,
    transcriptionModel: "gpt-transcribe",
    startTimer: (run, afterMs) => clock.startTimer(run, afterMs),
    nowMs: () => clock.now(),
  });
}

/** A sample whose session the test plays, just set up. */
async function scripted(clock: ManualClock) {
  const socket = new ScriptedSocket();
  let outcome: Awaited<ReturnType<typeof record>> | undefined;
  const done = record(() => Promise.resolve(socket), { clock }).then((made) => {
    outcome = made;
  });
  await new Promise(setImmediate);
  socket.tell("session.updated", { session: { audio: { input: { turn_detection: null } } } });
  socket.tell("response.created", { response: { id: "resp_1", metadata: askOf(socket) } });
  const sound = (bytes: number) =>
    socket.tell("response.output_audio.delta", {
      response_id: "resp_1",
      item_id: "item_1",
      delta: Buffer.alloc(bytes, 7).toString("base64"),
    });
  return { socket, sound, done, outcome: () => outcome };
}

/** What the queue knows its own request by. */
function askOf(socket: ScriptedSocket): unknown {
  const [asked] = socket.events;
  if (typeof asked !== "object" || asked === null || !("response" in asked)) return null;
  const { response } = asked;
  return typeof response === "object" && response !== null && "metadata" in response ? response.metadata : null;
}

describe("a sample of a voice", () => {
  it("ME-60 is what one Realtime session says of these very words in that voice, and nobody is listened to", async () => {
    const standin = await standins.start();
    const dial = (signal: AbortSignal) => dialByWs(standin.baseUrl, KEY, "gpt-realtime-2.1-mini", signal);
    const { sound } = await record(dial);
    expect(sound).toBeInstanceOf(Uint8Array);
    expect(sound.length / BYTES_PER_MS["pcm16-24k"]).toBeGreaterThan(300);
    expect(sound.length % 2).toBe(0);
    await standin.settled();
    const [session, ...more] = standin.realtime.sessions();
    expect(more).toEqual([]);
    expect(JSON.stringify(session)).toContain("cedar");
    const socket = new ScriptedSocket();
    void record(() => Promise.resolve(socket), { clock: new ManualClock() });
    await new Promise(setImmediate);
    expect(JSON.parse(socket.sent[0] ?? "")).toMatchObject({
      session: { tools: [], audio: { input: { turn_detection: null }, output: { voice: "cedar" } } },
    });
    socket.tell("session.updated", { session: { audio: { input: { turn_detection: null } } } });
    expect(socket.events).toMatchObject([
      {
        type: "response.create",
        response: { instructions: 'Say exactly: "Hello! I am \\"Juno\\". What can I do?"', tool_choice: "none" },
      },
    ]);
  });

  it.each([
    ["sk-rejected-0123456789", "gpt-realtime-2.1-mini", "key_rejected"],
    ["sk-restricted-0123456789", "gpt-realtime-2.1-mini", "key_restricted"],
    ["sk-nocredit-0123456789", "gpt-realtime-2.1-mini", "no_credit"],
    ["sk-fine-0123456789", "gpt-realtime-9", "model_not_available"],
  ])("ME-61 fails for OpenAI's reason, and leaves no session open: %s with %s is %s", async (key, model, reason) => {
    const standin = await standins.start();
    const dial = (signal: AbortSignal) => dialByWs(standin.baseUrl, key, model, signal);
    expect(await record(dial)).toEqual({ sound: reason, usage: null });
    await standin.settled();
  });

  it.each([
    [{ kind: "failed" }, "no_credit"],
    [{ kind: "reset", afterDeltas: 2 }, "upstream_lost"],
    [{ kind: "close", afterDeltas: 2 }, "upstream_lost"],
  ] as [RealtimeFaultOrder, string][])(
    "ME-62 half a sentence of a session that fails is no sample: %j",
    async (fault, reason) => {
      const standin = await standins.start();
      standin.realtime.fault(fault);
      const dial = (signal: AbortSignal) => dialByWs(standin.baseUrl, KEY, "gpt-realtime-2.1-mini", signal);
      const { sound } = await record(dial, { words: "This sentence is long enough for trouble in its middle." });
      expect(sound).toBe(reason);
      await standin.settled();
    },
  );

  it("ME-62 a handshake that is refused tells its reason, and one that breaks too", async () => {
    const refused: DialFailure = { reason: "region_unsupported", mayReconnect: false, status: 403 };
    expect(await record(() => Promise.resolve(refused))).toEqual({ sound: "region_unsupported", usage: null });
    expect(await record(() => Promise.reject(new Error("sk-CANARY")))).toEqual({
      sound: "upstream_unavailable",
      usage: null,
    });
  });

  it("ME-63 holds at most twelve seconds of sound, and is over as soon as they are there", async () => {
    const { socket, sound, done, outcome } = await scripted(new ManualClock());
    const most = LIMITS.voiceSampleSoundMs * BYTES_PER_MS["pcm16-24k"];
    sound(most - 1);
    expect(socket.events).toHaveLength(1);
    sound(3);
    expect(socket.events.slice(1)).toMatchObject([{ type: "response.cancel", response_id: "resp_1" }]);
    sound(100);
    tellEnd(socket, "cancelled");
    await done;
    expect(socket.isClosed).toBe(true);
    expect(outcome()?.sound).toHaveLength(most);
  });

  it("ME-64 takes at most fifteen seconds and one: with what has come by then, or without anything as a timeout", async () => {
    const clock = new ManualClock();
    const { socket, sound, done, outcome } = await scripted(clock);
    for (let second = 0; second < LIMITS.voiceSampleMs / 1_000; second++) {
      sound(481);
      clock.advance(1_000);
    }
    expect([socket.events.length, outcome()]).toEqual([2, undefined]);
    clock.advance(LIMITS.voiceDrainMs);
    await done;
    expect([socket.isClosed, outcome()?.sound.length]).toEqual([true, 14 * 481 + 481 - 1]);

    const quiet = await scripted(clock);
    clock.advance(LIMITS.voiceSampleMs);
    clock.advance(LIMITS.voiceDrainMs);
    await quiet.done;
    expect([quiet.socket.isClosed, quiet.outcome()?.sound]).toEqual([true, "upstream_timeout"]);
  });

  it("ME-64 an answer without any sound is no sample, and sound that is none is left out", async () => {
    const { socket, done, outcome } = await scripted(new ManualClock());
    socket.tell("response.output_audio.delta", { response_id: "resp_1", item_id: "item_1", delta: "*no base64*" });
    socket.tell("response.done", { response: { id: "resp_1", status: "completed" } });
    await done;
    expect([socket.isClosed, outcome()?.sound]).toEqual([true, "upstream_unreadable"]);
  });

  it("ME-64 a dial that never ends is given up", async () => {
    const clock = new ManualClock();
    let isGivenUp = false;
    const dial = (signal: AbortSignal): Promise<DialledSocket> => {
      signal.addEventListener("abort", () => {
        isGivenUp = true;
      });
      return new Promise(() => {});
    };
    const made = record(dial, { clock });
    clock.advance(LIMITS.voiceConnectMs);
    expect([(await made).sound, isGivenUp]).toEqual(["upstream_timeout", true]);
  });
});

const TOLD = {
  input_tokens: 40,
  output_tokens: 90,
  input_token_details: { audio_tokens: 0, cached_tokens: 0 },
  output_token_details: { audio_tokens: 70 },
};
function tellEnd(socket: ScriptedSocket, status: string, usage?: object): void {
  socket.tell("response.done", { response: { id: "resp_1", status, usage } });
}

describe("what a sample of a voice comes to", () => {
  const told = {
    usage: { ...NO_USAGE, responses: 1, inputTokens: 40, outputTokens: 90, outputAudioTokens: 70 },
    source: { upstreamId: "resp_1", rawUsage: JSON.stringify(TOLD) },
  };

  it("MONEY-30 is what OpenAI says, also of a sample that is cut, in the second that it has for that", async () => {
    const whole = await scripted(new ManualClock());
    whole.sound(960);
    tellEnd(whole.socket, "completed", TOLD);
    await whole.done;
    expect(whole.outcome()).toMatchObject(told);
    for (const status of ["cancelled", "completed", "incomplete"]) {
      const clock = new ManualClock();
      const { socket, sound, done, outcome } = await scripted(clock);
      sound(LIMITS.voiceSampleSoundMs * BYTES_PER_MS["pcm16-24k"]);
      clock.advance(LIMITS.voiceDrainMs - 1);
      tellEnd(socket, status, TOLD);
      await done;
      expect([status, outcome()]).toMatchObject([status, told]);
    }
  });

  it("MONEY-31 is never more than was foreseen, and as much as that when it breaks off and nobody tells", async () => {
    const most = mostOfSample(WORDS);
    const guess = {
      ...NO_USAGE,
      responses: 1,
      inputTokens: most.textInput,
      outputTokens: most.audioOutput,
      outputAudioTokens: most.audioOutput,
      estimated: true,
    };
    const clock = new ManualClock();
    const cut = await scripted(clock);
    expect(JSON.parse(cut.socket.sent[0] ?? "")).toMatchObject({ session: { max_output_tokens: most.audioOutput } });
    const asked = cut.socket.sent.map((text): unknown => JSON.parse(text));
    expect(asked).toMatchObject([
      { session: { instructions: expect.stringContaining("read out one line") } },
      { response: { instructions: expect.stringContaining("I am") } },
    ]);
    expect(most.textInput).toBeGreaterThan(cut.socket.sent[1]!.length + "You read out one line.".length);
    cut.sound(LIMITS.voiceSampleSoundMs * BYTES_PER_MS["pcm16-24k"]);
    clock.advance(LIMITS.voiceDrainMs);
    const lost = await scripted(clock);
    lost.socket.tell("error", { error: { code: "session_expired", type: "invalid_request_error" } });
    const quiet = await scripted(clock);
    clock.advance(LIMITS.voiceSampleMs);
    clock.advance(LIMITS.voiceDrainMs);
    const untold = await scripted(clock);
    untold.sound(960);
    tellEnd(untold.socket, "completed");
    for (const { done, outcome } of [cut, lost, quiet, untold]) {
      await done;
      expect(outcome()).toMatchObject({ usage: guess });
      expect(outcome()?.source).toBeUndefined();
    }
  });

  it("MONEY-32 is nothing when it was refused, or failed before its first sound", async () => {
    const standin = await standins.start();
    standin.realtime.fault({ kind: "failed" });
    expect(await record((signal) => dialByWs(standin.baseUrl, KEY, "gpt-realtime-2.1-mini", signal))).toEqual({
      sound: "no_credit",
      usage: null,
    });
    const { socket, done, outcome } = await scripted(new ManualClock());
    tellEnd(socket, "failed");
    await done;
    expect(outcome()?.usage).toBeNull();
  });
});
