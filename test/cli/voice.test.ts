import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readWav } from "../../src/cli/wav.ts";
import type { CallerMessage } from "../../src/protocol/call-messages.ts";
import { levelOf } from "../../src/web/pcm.ts";
import { ManualClock } from "../standins/clock.ts";
import { CallingDesk, type Run, type RunOptions } from "./calling.ts";
import { CALL, type Callroom } from "./small-callroom.ts";
import { type Answer, samplesOf, turn, VoiceAgent, WiredSocket } from "./voice-agent.ts";
import { chunk, fmt, riff } from "./wav-files.ts";

let desk: CallingDesk;
let room: Callroom;
let clock: ManualClock;
let sockets: WiredSocket[];

beforeEach(async () => {
  desk = await CallingDesk.open();
  room = desk.room;
  room.listCalls = () => [CALL];
  clock = new ManualClock();
  sockets = [];
});
afterEach(() => desk.close());

/** A tone of its own for everyone, so that each can be told from the others. */
const tone = (ms: number, hz: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    Int16Array.from({ length: ms * 24 }, (_, index) => 8_000 * Math.sin((2 * Math.PI * hz * index) / 24_000) + 600)
      .buffer,
  );

const GREETING: Answer = { words: "Hello there!", sound: tone(900, 300) };
const FIRST: Answer = { words: "It is ten.", sound: tone(1_200, 400), heardAs: "What time is it?" };
const SECOND: Answer = { words: "You are welcome.", sound: tone(700, 500), heardAs: "Thanks." };
const QUESTION = tone(1_000, 700);

/** As a sound program saves it. */
const save = (name: string, pcm16: Uint8Array): void =>
  writeFileSync(join(desk.folder, name), riff(fmt({}), chunk("data", pcm16)));

function call(agent: VoiceAgent, args: readonly string[], options: RunOptions = {}): Run {
  return desk.run(["--url", room.origin, "--token", "wst_old", ...args], {
    callWorld: {
      openSocket: (_url, _protocols) => {
        const socket = new WiredSocket(agent, sockets.length > 0);
        sockets.push(socket);
        return socket;
      },
      startTimer: clock.startTimer,
      nowMs: clock.now,
      random: () => 1,
    },
    sleep: clock.sleep,
    ...options,
  });
}

/** Moves the time until the command is over, or `isEnough`. */
async function pass(run: Run, isEnough: () => boolean = () => false): Promise<number | undefined> {
  const over = { exitCode: undefined as number | undefined, failed: false };
  run.exitCode.then(
    (exitCode) => Object.assign(over, { exitCode }),
    () => Object.assign(over, { failed: true }),
  );
  while (over.exitCode === undefined && !over.failed && !isEnough()) await clock.advanceAsync(20);
  if (over.failed) await run.exitCode;
  return over.exitCode;
}

const heardIn = (name: string): Int16Array => {
  const { samples } = readWav(readFileSync(join(desk.folder, name)));
  return Int16Array.from(samples, (sample) => sample * 32_768);
};

/** Where the stretches are that are not silence, in milliseconds. */
function stretches(samples: Int16Array): readonly (readonly [fromMs: number, untilMs: number])[] {
  const found: [number, number][] = [];
  for (let ms = 0; ms * 24 < samples.length; ms++) {
    if (!samples.subarray(ms * 24, ms * 24 + 24).some((sample) => sample !== 0)) continue;
    const last = found.at(-1);
    if (last?.[1] === ms) last[1] = ms + 1;
    else found.push([ms, ms + 1]);
  }
  return found;
}

const isPlayed = (message: CallerMessage): message is Extract<CallerMessage, { type: "played" }> =>
  message.type === "played";

describe("a call with --voice", () => {
  it("CLI-13 says each file when the answer before was heard, and prints both sides, timings and the record", async () => {
    save("one.wav", QUESTION);
    save("two.wav", tone(400, 800));
    const agent = new VoiceAgent(GREETING, [FIRST, SECOND]);
    const run = call(agent, ["--voice", "one.wav", "--voice", "two.wav", "--out", "reply.wav"]);
    expect(await pass(run)).toBe(0);
    expect(run.complained()).toBe("");
    const { peakDbfs, rmsDbfs } = levelOf(samplesOf(Buffer.concat([GREETING.sound, FIRST.sound, SECOND.sound])));
    const [total = ""] = run.printed().match(/reply\.wav, .*/) ?? [];
    expect(run.printed()).toBe(`Call to ${room.origin} as Ada
        gpt-realtime-2, voice marin, on the student's OpenAI key
Agent   Hello there!
        saying one.wav, 1.0 s
You     What time is it?
Agent   It is ten.
        210 ms to its first text, 320 ms to its first sound, 321 ms until that left, 381 ms until it was heard
        saying two.wav, 0.4 s
You     Thanks.
Agent   You are welcome.
        210 ms to its first text, 320 ms to its first sound, 321 ms until that left, 381 ms until it was heard
Heard   2.8 s of sound, peak ${peakDbfs.toFixed(1)} dBFS, RMS ${rmsDbfs.toFixed(1)} dBFS  ${total}
Call    1 min 7 s, you hung up, gpt-6-luna  call-2
Key     the student's OpenAI key
Tokens  523 in (128 cached), 41 out, 3 responses
Cost    $0.000072 on that key, and $0.157000 on the instructor's Twilio bill
`);
    expect(room.requests).toEqual(["GET /api/me", "POST /api/calls", "GET /api/me/calls", "GET /api/me/calls/call-2"]);
    expect(agent.messages.at(-1)).toEqual({ type: "end" });
  });

  it("CLI-14 sends frames of 40 ms in real time, the file's own samples among silence", async () => {
    save("one.wav", QUESTION);
    const agent = new VoiceAgent(GREETING, [FIRST]);
    const startedAtMs = clock.now();
    await pass(call(agent, ["--voice", "one.wav"]));
    expect(new Set(agent.frames.map(({ length }) => length))).toEqual(new Set([1_920]));
    const lastedMs = clock.now() - startedAtMs;
    expect(agent.frames.length * 40).toBeLessThanOrEqual(lastedMs);
    const sent = samplesOf(Buffer.concat(agent.frames));
    const [[fromMs, untilMs] = [0, 0], ...more] = stretches(sent);
    expect([untilMs - fromMs, more]).toEqual([1_000, []]);
    expect(sent.subarray(fromMs * 24, untilMs * 24)).toEqual(samplesOf(QUESTION));
    // The greeting was heard first, and it was quiet for a second.
    expect(fromMs).toBeGreaterThanOrEqual(1_900);
    expect(fromMs).toBeLessThan(2_100);
  });

  it("CLI-15 writes what was heard, as long as the call was, with silence where nothing played", async () => {
    save("one.wav", QUESTION);
    const run = call(new VoiceAgent(GREETING, [FIRST]), ["--voice", "one.wav", "--out", "reply.wav"]);
    await pass(run);
    const heard = heardIn("reply.wav");
    const [greeting = [0, 0], answer = [0, 0], ...more] = stretches(heard);
    expect(more).toEqual([]);
    expect(heard.subarray(greeting[0] * 24, greeting[1] * 24)).toEqual(samplesOf(GREETING.sound));
    expect(heard.subarray(answer[0] * 24, answer[1] * 24)).toEqual(samplesOf(FIRST.sound));
    expect(greeting[0]).toBeLessThan(100);
    // A second of quiet, a second of question, half a second until the agent knows that it is over.
    expect(answer[0] - greeting[1]).toBeGreaterThan(2_400);
    expect(answer[0] - greeting[1]).toBeLessThan(2_700);
    expect(heard.length / 24_000).toBeCloseTo(Number(/reply\.wav, ([\d.]+) s/.exec(run.printed())?.[1]), 1);
  });

  it("CLI-15 tells the call every 100 ms how far it has heard, and at the end of what was played", async () => {
    save("one.wav", QUESTION);
    const agent = new VoiceAgent(GREETING, [FIRST]);
    await pass(call(agent, ["--voice", "one.wav"]));
    const positions = agent.messages.filter(isPlayed);
    expect(positions.slice(0, 10).map(({ positionMs }) => positionMs)).toEqual([
      20, 120, 220, 320, 420, 520, 620, 720, 820, 900,
    ]);
    expect(positions[0]?.receivedMs).toBe(900);
    expect(positions.at(-1)).toEqual({ type: "played", positionMs: 2_100, receivedMs: 2_100 });
    expect(positions).toHaveLength(10 + 13);
  });

  it("CLI-15 at a clear it falls silent, and tells the position at the cut", async () => {
    save("one.wav", QUESTION);
    const agent = new VoiceAgent(GREETING, []);
    agent.onTurn = () => {
      agent.say(FIRST);
      clock.setTimeout(() => {
        agent.tell({ type: "clear" });
        agent.tell({ ...turn(3, "agent"), text: FIRST.words, heardText: "It is" });
        agent.say(SECOND, false);
      }, 500);
    };
    const run = call(agent, ["--voice", "one.wav", "--out", "reply.wav"]);
    expect(await pass(run)).toBe(0);
    const played = stretches(heardIn("reply.wav")).map(([fromMs, untilMs]) => untilMs - fromMs);
    const cutMs = agent.messages.filter(isPlayed).map(({ positionMs }) => positionMs - 900)[10 + 5] ?? 0;
    expect(cutMs).toBeGreaterThan(400);
    expect(cutMs).toBeLessThanOrEqual(520);
    expect(played).toEqual([900, cutMs + 700]);
    expect(agent.messages.filter(isPlayed).at(-1)?.positionMs).toBe(900 + 1_200 + 700);
    expect(run.printed()).toContain("Agent   It is ten.\n        heard of it: It is\nAgent   You are welcome.\n");
  });

  it("CLI-13 an agent that does not greet is spoken to at once", async () => {
    room.greeting = null;
    save("one.wav", QUESTION);
    const agent = new VoiceAgent(undefined, [FIRST]);
    const run = call(agent, ["--voice", "one.wav"]);
    expect(await pass(run)).toBe(0);
    expect(run.printed()).toContain(
      "OpenAI key\n        saying one.wav, 1.0 s\nYou     What time is it?\nAgent   It is ten.\n",
    );
  });

  it("CLI-17 lines stand in the order in which they were said, with the tools between them", async () => {
    save("one.wav", QUESTION);
    const agent = new VoiceAgent(GREETING, []);
    const toolCall = { toolCallId: "c1", name: "current_time", arguments: "{}", output: null, durationMs: null };
    agent.onTurn = () => {
      agent.tell({ type: "state", state: "using-tool" });
      agent.tell(turn(2, "caller"));
      agent.tell({ ...turn(3, "tool"), toolCall: { ...toolCall, outcome: "pending" } });
      clock.setTimeout(() => {
        const ended = { ...toolCall, outcome: "ok", output: '{"time":"10:24"}', durationMs: 31 } as const;
        agent.tell({ ...turn(3, "tool"), toolCall: ended });
        agent.tell({ type: "caption", seq: 4, speaker: "agent", delta: "Ten " });
        agent.tell({ type: "caption", seq: 4, speaker: "agent", delta: "twenty-four." });
        agent.tell({ ...turn(4, "agent"), text: "Ten twenty-four." });
      }, 3_000);
      // Written down only when the answer has long been given.
      clock.setTimeout(() => agent.tell({ type: "state", state: "listening" }), 3_100);
      clock.setTimeout(() => agent.tell({ ...turn(2, "caller"), text: "What time is it?" }), 5_000);
    };
    const run = call(agent, ["--voice", "one.wav"]);
    expect(await pass(run)).toBe(0);
    expect(run.printed()).toContain(
      'You     What time is it?\nTool    current_time({}) → {"time":"10:24"}  ok, 31 ms\nAgent   Ten twenty-four.\nHeard',
    );
    expect(run.printed().match(/Tool/g)).toHaveLength(1);
  });

  it("CLI-17 words that nobody wrote down are said to be missing, and an answer that failed to have failed", async () => {
    save("one.wav", QUESTION);
    const agent = new VoiceAgent(GREETING, []);
    agent.onTurn = () => {
      agent.tell(turn(2, "caller"));
      agent.tell({ ...turn(3, "agent"), text: "I am sorry.", failure: "upstream_timeout" });
      agent.tell({ type: "error", code: "upstream_timeout", error: "OpenAI took too long.\u001b[2J" });
    };
    const run = call(agent, ["--voice", "one.wav"]);
    expect(await pass(run)).toBe(1);
    expect(run.printed()).toContain(
      "You     (not written down)\nAgent   I am sorry.\n        failed: upstream_timeout\n",
    );
    expect(run.complained()).toBe("OpenAI took too long.[2J\n");
  });
});

describe("a call with --voice that is disturbed", () => {
  it("CLI-18 comes back to a call whose connection was lost, and goes on", async () => {
    save("one.wav", QUESTION);
    const agent = new VoiceAgent(GREETING, [FIRST]);
    const run = call(agent, ["--voice", "one.wav", "--out", "reply.wav"]);
    await pass(run, () => agent.messages.filter(isPlayed).length === 5);
    sockets[0]?.drop(1006);
    expect(await pass(run)).toBe(0);
    expect(sockets).toHaveLength(2);
    expect(run.printed()).toContain("The connection was lost. Getting it back.\n        The connection is back.\n");
    expect(run.printed()).toContain("Agent   It is ten.\n");
    // Positions count from the new socket: its own 1.2 s.
    expect(agent.messages.filter(isPlayed).at(-1)?.positionMs).toBe(1_200);
    expect(stretches(heardIn("reply.wav")).map(([fromMs, untilMs]) => untilMs - fromMs)).toEqual([900, 1_200]);
  });

  it("CLI-18 hears an agent that hangs up to its last word, and is no failure", async () => {
    save("one.wav", QUESTION);
    const agent = new VoiceAgent(GREETING, []);
    agent.onTurn = () => {
      agent.say({ words: "Goodbye!", sound: tone(2_000, 350) });
      agent.end("agent-ended");
    };
    const run = call(agent, ["--voice", "one.wav", "--voice", "one.wav", "--out", "reply.wav"]);
    expect(await pass(run)).toBe(0);
    expect(stretches(heardIn("reply.wav")).map(([fromMs, untilMs]) => untilMs - fromMs)).toEqual([900, 2_000]);
    expect(run.printed().match(/saying/g)).toHaveLength(1);
  });

  it("CLI-19 an agent that does not answer, or does not greet, is not waited for without end", async () => {
    save("one.wav", QUESTION);
    const deaf = call(new VoiceAgent(GREETING, []), ["--voice", "one.wav", "--out", "reply.wav"]);
    expect(await pass(deaf)).toBe(1);
    expect(deaf.complained()).toBe("The agent did not answer one.wav: it heard nothing within 15 s.\n");
    expect(stretches(heardIn("reply.wav"))).toHaveLength(1);
    sockets = [];
    const mute = call(new VoiceAgent(undefined, []), ["--voice", "one.wav"]);
    expect(await pass(mute)).toBe(1);
    expect(mute.complained()).toBe("The agent did not greet: it heard nothing within 15 s.\n");
    sockets = [];
    const busy = new VoiceAgent(GREETING, []);
    busy.onTurn = () => busy.tell({ type: "state", state: "thinking" });
    const stuck = call(busy, ["--voice", "one.wav"]);
    expect(await pass(stuck)).toBe(1);
    expect(stuck.complained()).toBe("The agent did not answer one.wav within 90 s.\n");
    expect(room.requests.filter((request) => request === "POST /api/calls")).toHaveLength(3);
  });

  it("CLI-19 a call that is refused, or ends in trouble, is told in one sentence and fails", async () => {
    save("one.wav", QUESTION);
    const refused = new VoiceAgent(undefined, []);
    refused.join = (end) => {
      end.send(JSON.stringify({ type: "error", code: "no_key", error: "No OpenAI API key configured." }));
      end.close(4001, "no_key");
    };
    const first = call(refused, ["--voice", "one.wav"]);
    expect(await pass(first)).toBe(1);
    expect(first.complained()).toBe("No OpenAI API key configured.\n");
    expect(room.requests).toEqual(["GET /api/me", "POST /api/calls"]);
    sockets = [];
    const capped = new VoiceAgent(GREETING, []);
    capped.onTurn = () => capped.close(4003, "call_cap");
    const second = call(capped, ["--voice", "one.wav"]);
    expect(await pass(second)).toBe(1);
    expect(second.complained()).toBe("The call has reached its longest time.\n");
    expect(second.printed()).toContain("Heard   0.9 s of sound");
    room.callReply = { status: 402, body: { success: false, error: "No key.", code: "no_key", requestId: "1" } };
    const third = call(capped, ["--voice", "one.wav"]);
    expect(await pass(third)).toBe(1);
    expect(third.complained()).toBe("No key.\n");
  });

  it("CLI-6 Ctrl-C hangs up in order, keeps what was heard and shows the record", async () => {
    save("one.wav", QUESTION);
    const agent = new VoiceAgent(GREETING, [FIRST]);
    let hangUp = (): void => undefined;
    const run = call(agent, ["--voice", "one.wav", "--out", "reply.wav"], {
      onHangUp: (given) => {
        hangUp = given;
        return () => undefined;
      },
    });
    await pass(run, () => agent.messages.filter(isPlayed).length === 5);
    hangUp();
    expect(await pass(run)).toBe(0);
    expect(agent.messages.at(-1)).toEqual({ type: "end" });
    expect(stretches(heardIn("reply.wav")).map(([fromMs, untilMs]) => untilMs - fromMs)).toEqual([420]);
    expect(run.printed()).toContain("Key     the student's OpenAI key");
  });
});
