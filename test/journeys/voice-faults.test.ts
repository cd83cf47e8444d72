import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { factsOf, type Reason } from "../../src/failure.ts";
import { SOUND_HZ, type TurnMessage } from "../../src/protocol/call-messages.ts";
import { eventually, Room } from "./room.ts";
import { samplesOf, speech, VoiceCaller } from "./voice-caller.ts";
import {
  act,
  likeness,
  prepareCall,
  type RealtimeSession,
  recordingOf,
  recordOf,
  scriptWords,
  sessionsOf,
  studentOf,
  type VoiceRecord,
  type VoiceStudent,
  voiceFault,
} from "./voice-looks.ts";

const RUNS = 20;
/** Calls at once, of all tests together. */
const AT_ONCE = 40;
const SOON_MS = 4_000;
/** A model that says nothing may still be thinking. */
const MUTE_MS = 10_000;
const ZOMBIE_MS = 2_000;
const FALLBACK = "sk-proj-instructor-fallback-01";
const GREETING = "Hello, this is Juno.";
const COUNT = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve.";

let room: Room;
let question: Int16Array;
beforeAll(async () => {
  question = await speech("Good day.");
  room = await Room.open({ OPENAI_API_KEY: FALLBACK });
});
afterAll(() => room.close());

interface Run {
  readonly student: VoiceStudent;
  readonly caller: VoiceCaller;
}

const free: (() => void)[] = [];
let running = 0;

/** So many runs, each with a student, a key and a call of its own. */
async function runs(
  name: string,
  keyWord: string,
  run: (run: Run, number: number) => Promise<void>,
  prepare: (student: VoiceStudent, number: number) => Promise<void> = async () => {},
): Promise<void> {
  const one = async (_: unknown, number: number): Promise<void> => {
    if (running >= AT_ONCE) await new Promise<void>((resolve) => free.push(resolve));
    running += 1;
    try {
      const student = await studentOf(room, `${name}_${number}`, `sk-test-${keyWord}-0123456789-${name}-${number}`);
      await prepare(student, number);
      const caller = new VoiceCaller(await prepareCall(room, student));
      await run({ student, caller }, number);
    } finally {
      running -= 1;
      free.shift()?.();
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: RUNS }, one));
  expect(ended.flatMap((end) => (end.status === "rejected" ? [String(end.reason)] : []))).toEqual([]);
}

/** Waits until a failure's recorded sentence was heard whole, and returns when its first sample was. */
async function hears(caller: VoiceCaller, reason: Reason, within: number): Promise<number> {
  const { spoken = "", sentence } = factsOf(reason);
  expect(sentence).not.toBe("");
  const { samples, durationMs } = recordingOf(spoken);
  const isTold = ({ message }: VoiceCaller["messages"][number]): boolean =>
    message.type === "turn" && message.failure === reason && message.text === spoken && message.speaker === "agent";
  const told = await caller.until(() => caller.messages.find(isTold), `the turn of ${reason}`, within);
  // Nothing of the answer before it comes behind this message, and the sentence comes in one go.
  const first = told.atSample;
  const last = first + samplesOf(durationMs) - 1;
  await caller.until(() => caller.playedAtMs(last) !== undefined, `the sentence of ${reason} to be heard`, within);
  const heard = caller.received(first, last + 1 - first);
  expect(likeness(samples, 8_000, heard, SOUND_HZ)).toBeGreaterThan(0.98);
  expect(likeness(samples, 8_000, await otherWords(durationMs), SOUND_HZ)).toBeLessThan(0.7);
  // In one go too: no gap, nothing left out.
  expect(Math.abs(caller.heardMs(first, last) - durationMs)).toBeLessThan(100);
  return caller.playedAtMs(first) ?? Number.NaN;
}

/** Says something and hears the whole answer. */
async function isAnswered({ student, caller }: Run): Promise<void> {
  const earlier = caller.turns.length;
  await scriptWords(room, student.key, "What is two plus three?");
  caller.say(question);
  const isIt = ({ text, usage }: TurnMessage): boolean => text === "2 plus 3 is 5." && usage !== null;
  await caller.until(() => caller.turns.slice(earlier).some(isIt), "the answer");
}

const openOf = (sessions: readonly RealtimeSession[]) => sessions.filter(({ closedAtMs }) => closedAtMs === null);

/** The call is over: nothing of it is left at OpenAI's door, 2 s at the latest; returns its sessions and its record. */
async function traceOf({ student, caller }: Run): Promise<{ sessions: RealtimeSession[]; record: VoiceRecord }> {
  const endedAtMs = performance.timeOrigin + performance.now();
  const record = await recordOf(room, student, caller.callId);
  const sessions = await eventually(async () => {
    const all = await sessionsOf(room, student.key);
    return openOf(all).length === 0 && all;
  }, "all sessions to be closed");
  for (const { closedAtMs } of sessions) expect((closedAtMs ?? Number.NaN) - endedAtMs).toBeLessThan(ZOMBIE_MS);
  return { sessions, record };
}

/** A call whose session is lost in the middle of an answer, which ends in order after another answer. */
async function survives(
  run: Run,
  fault: Readonly<Record<string, unknown>>,
  reason: Reason,
  withinMs: number,
): Promise<void> {
  const { student, caller } = run;
  await caller.begun();
  await voiceFault(room, { kind: "answer", key: student.key, text: COUNT });
  await voiceFault(room, { ...fault, key: student.key });
  caller.say(question);
  const heardAtMs = await hears(caller, reason, 20_000);
  const [lost] = await sessionsOf(room, student.key);
  // A mute one is closed by us: what counts is when it last said something.
  const isMute = reason === "upstream_timeout";
  const troubleAtMs = isMute ? lastSignMs(caller) : lost?.closedAtMs;
  expect(heardAtMs - (troubleAtMs ?? Number.NaN)).toBeLessThan(withinMs);
  await isAnswered(run);
  expect(await caller.hangUp()).toMatchObject({ code: 1000 });
  expect(caller.connections).toEqual(["open", "closed"]);
  expect(caller.of("call-end")).toEqual([{ type: "call-end", endReason: "caller-left" }]);
  expect(caller.of("error")).toEqual([]);

  const { sessions, record } = await traceOf(run);
  expect(sessions.map(({ faults }) => faults.filter((kind) => kind !== "answer"))).toEqual([[fault.kind], []]);
  expect(record.call).toMatchObject({ wayIn: "browser", endReason: "caller-left", keySource: "student" });
  const agent = record.turns.filter(({ speaker }) => speaker === "agent");
  expect(agent.filter(({ failure }) => failure === reason).map(({ text }) => text)).toContain(factsOf(reason).spoken);
  expect(agent.at(-1)).toMatchObject({ text: "2 plus 3 is 5.", failure: null });
}

/** When the caller's turn was known to be over, or the last sound of the answer came: whichever was later. */
function lastSignMs(caller: VoiceCaller): number | undefined {
  const failed = caller.messages.findIndex(({ message }) => message.type === "turn" && message.failure !== null);
  const signs = caller.messages
    .slice(0, failed)
    .filter(({ message: { type } }) => type === "caption" || type === "state");
  return signs.at(-1)?.atMs;
}

/** A call that OpenAI does not let in: told in sound and in writing, and over. */
async function isGivenUp(run: Run, reason: Reason): Promise<void> {
  const { student, caller } = run;
  const { spoken, sentence, closeCode } = factsOf(reason);
  await caller.begun();
  const heardAtMs = await hears(caller, reason, 15_000);
  const [first] = caller.messages;
  expect(heardAtMs - (first?.atMs ?? Number.NaN)).toBeLessThan(SOON_MS);
  expect(await caller.end()).toMatchObject({ code: closeCode });
  expect(caller.of("error")).toEqual([{ type: "error", code: reason, error: sentence }]);
  expect(caller.messages.at(-1)?.message).toEqual({ type: "call-end", endReason: "key-failed" });

  const { sessions, record } = await traceOf(run);
  expect(sessions).toHaveLength(1);
  expect(record.call).toMatchObject({ endReason: "key-failed", keySource: "student" });
  expect(record.turns.map(({ text, failure }) => [text, failure])).toEqual([[spoken, reason]]);
  expect(record.call.usage.responses).toBe(0);
  const me = await (await fetch(`${room.url}/api/me`, { headers: student.headers })).json();
  expect(me).toMatchObject({ key: { status: reason === "key_rejected" ? "rejected" : "no_credit" } });
}

let other: Promise<Int16Array> | undefined;

/** Words that nobody says here, as long as those of a sentence: what the comparison must not take for it. */
async function otherWords(durationMs: number): Promise<Int16Array> {
  other ??= speech(
    "Seven yellow submarines were seen in the harbour of Valparaiso, but nobody knew whose they were, or why.",
  );
  return (await other).subarray(0, samplesOf(durationMs));
}

describe.concurrent("OpenAI fails under a call with sound, 20 times each", () => {
  it("VJOURNEY-1 says so within 10 s when the model is mute, and goes on in a new session", async () => {
    await runs("mute", "mute", (run, number) => {
      const fault = number % 2 === 0 ? { kind: "stall", afterDeltas: 3 } : { kind: "created-delay", ms: 60_000 };
      return survives(run, fault, "upstream_timeout", MUTE_MS);
    });
  });

  it("VJOURNEY-8 says so within 10 s when no session comes about, and greets and answers in the next one", async () => {
    const comesAbout = async (run: Run, number: number): Promise<void> => {
      const { student, caller } = run;
      await caller.begun();
      const speaks = number % 4 < 2;
      const { spoken } = factsOf("upstream_lost");
      let toldAtMs: number | undefined;
      if (speaks) {
        // What is said while nobody listens is not said in vain: it is answered, over the sentence.
        await scriptWords(room, student.key, "What is two plus three?");
        caller.say(question);
        await caller.until(() => caller.answers.includes("2 plus 3 is 5."), "the answer");
        // Who talks may silence the sentence before its first sample is played: what counts is when it came.
        toldAtMs = caller.messages.find(({ message }) => message.type === "turn" && message.text === spoken)?.atMs;
      } else {
        toldAtMs = await hears(caller, "upstream_lost", 15_000);
      }
      await caller.until(() => caller.answers.includes(GREETING), "the greeting");
      expect((toldAtMs ?? Number.NaN) - (caller.messages[0]?.atMs ?? Number.NaN)).toBeLessThan(MUTE_MS);
      await caller.hangUp();
      const { sessions, record } = await traceOf(run);
      expect(sessions.map(({ faults }) => faults)).toEqual([[number % 2 === 0 ? "mute" : "hang"], []]);
      const said = record.turns.filter(({ speaker }) => speaker === "agent").map(({ text }) => text);
      const answer = speaks ? ["2 plus 3 is 5."] : [];
      expect(said).toEqual([spoken, ...answer, GREETING]);
    };
    await runs("nobody", "nobody", comesAbout, async (student, number) => {
      await room.save(student.sessionToken, { ivrGreeting: GREETING });
      await voiceFault(room, { kind: number % 2 === 0 ? "mute" : "hang", key: student.key });
    });
  });

  it("VJOURNEY-2 says so within 4 s when the connection is reset in mid-answer, and goes on in a new session", async () => {
    await runs("reset", "reset", (run) => survives(run, { kind: "reset", afterDeltas: 3 }, "upstream_lost", SOON_MS));
  });

  it("VJOURNEY-3 says so within 4 s when a session expires in mid-answer, and goes on in a new session", async () => {
    const fault = { kind: "session-expired", afterDeltas: 3 };
    await runs("expired", "expired", (run) => survives(run, fault, "upstream_lost", SOON_MS));
  });

  it("VJOURNEY-4 says within 4 s that a key is refused, and ends the call without another try", async () => {
    await runs("refused", "rejected", (run) => isGivenUp(run, "key_rejected"));
  });

  it("VJOURNEY-5 says within 4 s that an account is empty, and ends the call without another try", async () => {
    await runs("empty", "nocredit", (run) => isGivenUp(run, "no_credit"));
  });
});

describe("and what nobody hears of it", () => {
  it("VJOURNEY-6 replaces a session that expires in a pause without a word", async () => {
    await runs("pause", "pause", async (run) => {
      const { student, caller } = run;
      await caller.begun();
      await isAnswered(run);
      await caller.until(() => caller.of("state").at(-1)?.state === "listening", "a pause");
      await act(room, student.key, "expire");
      await eventually(
        async () => openOf((await sessionsOf(room, student.key)).slice(1)).length === 1,
        "a new session",
      );
      await isAnswered(run);
      await caller.hangUp();
      const { sessions, record } = await traceOf(run);
      expect(sessions).toHaveLength(2);
      expect(record.turns.map(({ speaker, failure }) => [speaker, failure])).toEqual(
        ["caller", "agent", "caller", "agent"].map((speaker) => [speaker, null]),
      );
    });
  });

  it("VJOURNEY-7 asks nobody else's key when one is refused, but does where there is none", async () => {
    expect(await sessionsOf(room, FALLBACK)).toEqual([]);
    const student = await studentOf(room, "keyless", FALLBACK, { openaiApiKey: null });
    const caller = new VoiceCaller(await prepareCall(room, student));
    expect(await caller.begun()).toMatchObject({ keySource: "instructor" });
    await isAnswered({ student, caller });
    await caller.hangUp();
    expect((await traceOf({ student, caller })).sessions).toHaveLength(1);
  });
});
