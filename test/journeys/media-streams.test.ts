import { Buffer } from "node:buffer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../standins/clock.ts";
import type { MediaStream } from "../standins/twilio.ts";
import { newCallSid } from "./carrier.ts";
import { billOf, callerSpeech, hears, levelDb, msOf, PhoneRoom, says, sentBy } from "./sound-phone.ts";
import type { VoiceRecord } from "./voice-looks.ts";

const GREETING = "Hello, this is Juno.";
const ADA = "Nice to meet you, Ada. What can I do for you?";
const COUNT = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen.";
const FIVE = "2 plus 3 is 5.";
const FRAME_BYTES = 160;

const END_CALL = { type: "function", function: { name: "end_call" }, mode: "builtin", builtin: "end_call" };
const HAND_OVER = { type: "function", function: { name: "hand_over" }, mode: "builtin", builtin: "hand_over" };

let place: PhoneRoom;
beforeAll(async () => {
  place = await PhoneRoom.open();
  // Flite takes half a second to wake.
  await callerSpeech("Stop.");
});
afterAll(() => place.close());

const talk = ({ turns }: VoiceRecord): string[] => turns.map(({ speaker, text }) => `${speaker}: ${text}`);

const spread = (ms: readonly number[]): string => {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)}, p90 ${at(0.9)}, max ${at(1)} ms of ${ms.length}`;
};

describe.concurrent("a phone call with sound", () => {
  it("MJOURNEY-1 is greeted, asked and answered aloud, and recorded with its timings and on whose key it was", async () => {
    const student = await place.student("whole", { ivrGreeting: GREETING });
    const caller = await place.call(student);
    const greeting = await caller.hears(GREETING);
    const answer = await caller.ask("My name is Ada.", ADA);
    for (const sound of [greeting, answer]) {
      console.log(`heard ${(msOf(sound) / 1_000).toFixed(2)} s at ${levelDb(sound).toFixed(1)} dB`);
      expect(msOf(sound)).toBeGreaterThan(1_000);
      expect(levelDb(sound)).toBeGreaterThan(-30);
    }
    const { stream } = caller;
    expect(levelDb(stream.heardMulaw)).toBeGreaterThan(-30);
    expect([stream.clears, stream.marks]).toEqual([[], stream.echoed]);

    const record = await caller.hangUp();
    expect([stream.problems, caller.phone.errors, caller.phone.spoken, caller.phone.redirects]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    expect(record.call).toMatchObject({ wayIn: "media-streams", endReason: "caller-left", keySource: "student" });
    expect(talk(record)).toEqual([`agent: ${GREETING}`, "caller: My name is Ada.", `agent: ${ADA}`]);
    const [greeted, , answered] = record.turns;
    expect(greeted?.timings).toBeNull();
    const { ttfbMs, turnLatencyMs, heardLatencyMs, turnMs } = answered?.timings ?? {};
    console.log("timings", answered?.timings);
    // The stand-in thinks for 300 ms; nobody knows of a mark before it comes back.
    expect(ttfbMs).toBeGreaterThan(250);
    expect(turnLatencyMs).toBeGreaterThanOrEqual(ttfbMs ?? Number.NaN);
    expect(heardLatencyMs).toBeGreaterThanOrEqual(turnLatencyMs ?? Number.NaN);
    expect(heardLatencyMs).toBeLessThan(2_000);
    expect(turnMs).toBeGreaterThan(turnLatencyMs ?? Number.NaN);

    const session = place.session(student);
    expect(record.call.usage).toEqual(billOf([session]));
    const format = { type: "audio/pcmu" };
    expect(session.updates).toMatchObject([{ audio: { input: { format }, output: { format } } }]);
    expect([session.refused, session.closed]).toMatchObject([[], { by: "client", code: 1000 }]);
  });

  it("MJOURNEY-2 is let in before OpenAI answers, and loses no frame of what is said until then", async () => {
    const calls = Array.from({ length: 5 }, async (_, number) => {
      const student = await place.student(`early_${number}`);
      place.openai.realtime.fault({ kind: "accept-delay", ms: 200, key: student.key });
      const callSid = newCallSid();
      const twiml = await place.carrier.ring(student.sessionToken, callSid);
      const askedAtMs = systemClock.now();
      const stream = await place.stream(twiml, callSid);
      const letInAtMs = systemClock.now();
      await says(place, student, stream, "What is two plus three?");
      await hears(place, student, stream, FIVE);
      const session = place.session(student);
      const sent = sentBy(stream);
      await place.untilHeard(session, sent.length);
      expect(place.heardIn(session).subarray(0, sent.length).equals(sent)).toBe(true);
      expect(letInAtMs).toBeLessThan(session.acceptedAtMs ?? Number.NaN);
      expect((session.acceptedAtMs ?? Number.NaN) - session.openedAtMs).toBeGreaterThanOrEqual(199);
      await stream.hangUp();
      expect(talk(await place.record(student))).toEqual(["caller: What is two plus three?", `agent: ${FIVE}`]);
      return { upgradeMs: letInAtMs - askedAtMs, frames: sent.length / FRAME_BYTES };
    });
    const made = await Promise.all(calls);
    console.log("upgrade", spread(made.map(({ upgradeMs }) => upgradeMs)));
    console.log(
      "frames lost: 0 of",
      made.reduce((sum, { frames }) => sum + frames, 0),
    );
  });

  it("MJOURNEY-4 puts silence where frames were lost, and answers", async () => {
    const student = await place.student("gaps");
    const caller = await place.call(student);
    const { stream } = caller;
    const said = caller.say("What is two plus three?");
    // What is lost is the sound of 100 ms, in mid-speech.
    await stream.until(() => (stream.sent.some(isLoud) ? true : undefined), "speech");
    stream.skip(5);
    await said;
    await caller.hears(FIVE);
    const { sent } = stream;
    const at = sent.findIndex(({ atMs }, index) => atMs > (sent[index - 1]?.atMs ?? 0) + 20);
    expect((sent[at]?.atMs ?? 0) - (sent[at - 1]?.atMs ?? 0)).toBe(120);
    const parts = [sent.slice(0, at), sent.slice(at)].map((frames) => Buffer.concat(frames.map(({ mulaw }) => mulaw)));
    // In groups of base64, of three bytes each.
    const expected = Buffer.concat([parts[0] ?? Buffer.of(), Buffer.alloc(798, 0xff), parts[1] ?? Buffer.of()]);
    const session = place.session(student);
    await place.untilHeard(session, expected.length);
    expect(place.heardIn(session).subarray(0, expected.length).equals(expected)).toBe(true);
    expect((await caller.hangUp()).call.usage).toEqual(billOf([session]));
  });

  it("MJOURNEY-5 answers a caller whose sound stops in mid-speech", async () => {
    const student = await place.student("stalled");
    const caller = await place.call(student);
    const { stream } = caller;
    void caller.say("What is two plus three, and what is it that you would say to somebody who never ends a sentence?");
    const startsAtMs = await place.openai.realtime.until(
      (sessions) => sessions.find(({ key }) => key === student.key)?.speechStartsAtMs[0],
      "speech",
    );
    stream.stall();
    const stalledAtMs = systemClock.now();
    await caller.hears(FIVE);
    const [response] = place.session(student).responses;
    const waitedMs = (response?.createdAtMs ?? Number.NaN) - stalledAtMs;
    console.log(
      `answered ${waitedMs.toFixed(0)} ms after the last frame, ${(stalledAtMs - startsAtMs).toFixed(0)} ms into speech`,
    );
    expect(waitedMs).toBeGreaterThan(700);
    expect(waitedMs).toBeLessThan(3_000);
    expect((await caller.hangUp()).call.endReason).toBe("caller-left");
  });

  it("MJOURNEY-6 takes keys as words, spoken over the greeting too", async () => {
    const student = await place.student("keys", { ivrGreeting: COUNT });
    const caller = await place.call(student);
    const { stream } = caller;
    await stream.untilHeard(500);
    for (const digit of "42#") stream.press(digit);
    await stream.untilClear();
    await caller.hears("You pressed 4, 2, #.");
    expect(stream.heardMs).toBeLessThan(6_000);
    const record = await caller.hangUp();
    expect(talk(record).slice(1)).toEqual(["caller: (pressed on the keypad: 42#)", "agent: You pressed 4, 2, #."]);
    expect(record.turns[0]?.heardText?.length).toBeLessThan(record.turns[0]?.text.length ?? 0);
    expect(record.call).toMatchObject({ endReason: "caller-left", usage: billOf([place.session(student)]) });
  });

  it("MJOURNEY-7 is ended by the agent only when its goodbye was heard to the end, and Twilio is told to hang up", async () => {
    const student = await place.student("goodbye", { tools: [END_CALL] });
    const caller = await place.call(student);
    const { stream } = caller;
    await caller.say("That is all, goodbye.");
    const { code } = await stream.closed;
    const goodbye = place.session(student).items.findLast(({ kind }) => kind === "assistant");
    expect(goodbye?.audioMs).toBeGreaterThan(500);
    expect([code, stream.heardMs, stream.receivedMs]).toEqual([1000, goodbye?.audioMs, goodbye?.audioMs]);
    expect(stream.marks.length).toBeGreaterThan(0);
    expect(stream.echoed).toEqual(stream.marks);
    await caller.phone.over;
    expect(caller.phone.redirects.map(({ verbs }) => verbs)).toEqual([[]]);
    expect([caller.phone.streams.length, caller.phone.spoken, caller.phone.errors]).toEqual([1, [], []]);
    const record = await place.record(student);
    expect(record.call).toMatchObject({ endReason: "agent-ended", usage: billOf([place.session(student)]) });
  });

  it("MJOURNEY-8 is told in Twilio's voice that nobody can take over", async () => {
    const student = await place.student("person", { tools: [HAND_OVER] });
    const caller = await place.call(student);
    await caller.say("I want to talk to a person.");
    await caller.phone.over;
    expect(caller.phone.spoken).toEqual([
      "Nobody can take over this call right now, but your wish to speak to a person has been noted. Thank you for calling. Goodbye.",
    ]);
    const [stream] = caller.phone.streams;
    expect([stream?.heardMs, stream?.echoed]).toEqual([stream?.receivedMs, stream?.marks]);
    expect((await place.record(student)).call.endReason).toBe("handed-over");
  });
});

// By itself: what is measured is us, not what else goes on here.
describe("a caller who speaks over the agent", () => {
  it("MJOURNEY-3 is silent within 120 ms when the caller speaks over it, and remembers what was heard", async () => {
    const made = await Promise.all(Array.from({ length: 5 }, (_, number) => bargesIn(number, 4)));
    const delaysMs = made.flat();
    console.log("speech known to clear heard:", spread(delaysMs));
    expect(delaysMs).toHaveLength(20);
    for (const delayMs of delaysMs) expect(delayMs).toBeLessThan(120);
  });
});

/** The sound of a caller, and no silence. */
const isLoud = ({ mulaw }: { readonly mulaw: Uint8Array }): boolean => levelDb(mulaw) > -30;

/** One call in which the caller speaks over so many answers, ever later; returns how long each took to fall silent. */
async function bargesIn(number: number, times: number): Promise<number[]> {
  const student = await place.student(`bargein_${number}`);
  place.openai.realtime.fault({ kind: "answer", text: COUNT, key: student.key, times });
  const caller = await place.call(student);
  const { stream } = caller;
  // Of a stream that began at 0, on the stand-in's clock.
  const beganAtMs = systemClock.now() - stream.nowMs;
  const cuts: Cut[] = [];
  await caller.say("Count, please.");
  for (let round = 0; round < times; round += 1) {
    const [beforeMs, heardBeforeMs] = [stream.receivedMs, stream.heardMs];
    // The last ones are all sent when they are spoken over, and half heard.
    await stream.untilHeard(heardBeforeMs + 400 + 150 * number + 600 * round, 20_000);
    await caller.say(round === times - 1 ? "What is two plus three?" : "Stop.");
    cuts.push({ clear: await stream.untilClear(round + 1), beforeMs });
  }
  await caller.hears(FIVE);
  const record = await caller.hangUp();

  const session = place.session(student);
  expect(stream.clears).toHaveLength(times);
  expect([session.refused, stream.problems]).toEqual([[], []]);
  expect(session.truncations).toHaveLength(times);
  // The first is stopped while it is made, the last when all of it has been sent and some of it heard.
  const [first, ...more] = session.responses.slice(0, times).map(({ status }) => status);
  expect([first, more.at(-1)]).toEqual(["cancelled", "completed"]);
  expect(record.call.usage).toEqual(billOf([session]));
  const cutTurns = record.turns.filter(({ text }) => COUNT.startsWith(text.slice(0, 3)));
  expect(cutTurns).toHaveLength(times);
  return cuts.map(({ clear, beforeMs }, round) => {
    const [, knownAtMs = Number.NaN] = session.speechStartsAtMs.slice(round);
    // Nothing comes late: what follows is the next answer, which has not begun.
    const nextAtMs = (session.responses[round + 1]?.createdAtMs ?? Number.NaN) - beganAtMs;
    expect(clear.voidMs).toBeGreaterThan(0);
    expect(nextAtMs).toBeGreaterThan(clear.atMs);
    expect(stream.received.filter(({ atMs }) => atMs >= clear.atMs && atMs < nextAtMs)).toEqual([]);
    // Never beyond the last mark that had come back, and not far behind it.
    const truncation = session.truncations[round];
    const markedMs = clear.markedMs - beforeMs;
    expect(truncation?.isRefused).toBe(false);
    expect(markedMs).toBeGreaterThan(0);
    expect(truncation?.audioEndMs).toBeLessThanOrEqual(markedMs);
    expect(truncation?.audioEndMs).toBeGreaterThan(markedMs - 450);
    const cut = cutTurns[round];
    expect(cut?.text.startsWith(cut.heardText ?? "?")).toBe(true);
    expect(cut?.heardText?.length).toBeLessThan(cut?.text.length ?? 0);
    return beganAtMs + clear.atMs - knownAtMs;
  });
}

interface Cut {
  readonly clear: MediaStream["clears"][number];
  /** How much sound had come before the answer that was spoken over. */
  readonly beforeMs: number;
}
