import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { factsOf, type Reason } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { CALL_PROTOCOL, SOUND_HZ } from "../../src/protocol/call-messages.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { mintTicket } from "../../src/vault/ticket.ts";
import { type OpenAiStandin, startOpenAiStandin } from "../standins/openai.ts";
import { logged, objectsIn } from "./looks.ts";
import { eventually, Room } from "./room.ts";
import { samplesOf, speech, VoiceCaller } from "./voice-caller.ts";
import { type Answered, knock, openedSocket, VoiceWitness, withTicket } from "./voice-door.ts";
import {
  likeness,
  prepareCall,
  recordingOf,
  recordOf,
  scriptWords,
  sessionsOf,
  studentOf,
  type VoiceStudent,
  voiceFault,
} from "./voice-looks.ts";

const MASTER_KEY = "5f".repeat(15) + "a1".repeat(17);
const GREETING = "Hello, this is Juno.";

/** All sound that came to OpenAI, by session. */
const soundIn = new Map<string, Uint8Array[]>();
let standin: OpenAiStandin;
let room: Room;
let witness: VoiceWitness;
let words: Int16Array;
beforeAll(async () => {
  words = await speech("Good day.");
  const onAudioIn = (sessionId: string, audio: Uint8Array): void => {
    soundIn.set(sessionId, [...(soundIn.get(sessionId) ?? []), audio]);
  };
  standin = await startOpenAiStandin({ realtime: { onAudioIn } });
  room = await Room.open({ OPENAI_BASE_URL: standin.baseUrl });
  witness = await VoiceWitness.in(room, await studentOf(room, "witness", "sk-test-limits-witness"));
});
afterAll(async () => {
  await room.close();
  await standin.close();
});

/** After whatever has just happened, somebody else's call is still answered. */
afterEach(async () => {
  await witness.isStillAnswered();
  expect(logged(room, "uncaught")).toEqual([]);
});

const newStudent = (name: string, config: Readonly<Record<string, unknown>> = {}): Promise<VoiceStudent> =>
  studentOf(room, `limits_${name}`, `sk-test-limits-0123456789-${name}`, config);

/** A call that has begun, of a student of its own. */
async function callOf(name: string, config?: Readonly<Record<string, unknown>>) {
  const student = await newStudent(name, config);
  const call = await prepareCall(room, student);
  const caller = new VoiceCaller(call);
  const start = await caller.begun();
  return { student, call, caller, start };
}

/** Says something and is answered. */
async function isAnswered(student: VoiceStudent, caller: VoiceCaller): Promise<void> {
  const earlier = caller.answers.length;
  await scriptWords(room, student.key, "What is two plus three?");
  caller.say(words);
  await caller.until(() => caller.answers.slice(earlier).includes("2 plus 3 is 5."), "the answer");
}

const errorsOf = (caller: VoiceCaller): string[] => caller.of("error").map(({ code }) => code);

const UNREADABLE: Readonly<Record<string, string | Uint8Array>> = {
  "half a sample": new Uint8Array(1_919),
  "no sound at all": new Uint8Array(0),
  "one byte": new Uint8Array(1),
  "not JSON": "{",
  "JSON of another kind": "[]",
  nothing: "null",
  "sound as text": Buffer.alloc(1_920).toString("base64"),
  "sound as OpenAI has it": JSON.stringify({ type: "input_audio_buffer.append", audio: "AAAA" }),
  "sound as Twilio has it": JSON.stringify({ event: "media", media: { payload: "AAAA" } }),
  "a type that nobody knows": '{"type":"__proto__"}',
  "words that are a number": '{"type":"text","text":7}',
  "a digit that is none": '{"type":"digit","digit":"11"}',
  "a mute that is a word": '{"type":"mute","muted":"yes"}',
  "a mode that nobody knows": '{"type":"talk-mode","mode":"loud"}',
  "a position that is none": '{"type":"played","positionMs":-1,"receivedMs":0}',
  "a position without an end": '{"type":"played","positionMs":1e999,"receivedMs":0}',
  "17 levels": `{"type":"text","text":"x","more":${"[".repeat(16)}${"]".repeat(16)}}`,
  "65,536 levels": "[".repeat(LIMITS.textFrameBytes),
};

describe.concurrent("what no browser of good will sends", () => {
  it("VJOURNEY-12 is answered with a sentence, and the call goes on", async () => {
    const { student, caller } = await callOf("unreadable");
    for (const [what, frame] of Object.entries(UNREADABLE)) {
      const before = errorsOf(caller).length;
      caller.wire.send(frame);
      // A readable one in between: what counts is ten in a row.
      caller.send({ type: "ping" });
      await caller.until(() => errorsOf(caller).length > before, `an answer to ${what}`);
    }
    const told = { type: "error", code: "bad_frame", error: factsOf("bad_frame").sentence };
    expect(caller.of("error")).toEqual(Object.keys(UNREADABLE).map(() => told));
    await isAnswered(student, caller);
    expect(errorsOf(caller)).toHaveLength(Object.keys(UNREADABLE).length);
    await caller.hangUp();
    const [session, ...others] = await sessionsOf(room, student.key);
    expect(others).toEqual([]);
    // Of all this OpenAI has heard the microphone and nothing else.
    expect(session?.audioIn.bytes).toBe(caller.sentFrames * 1_920);
    expect(session?.refused).toEqual([]);
  });

  it("VJOURNEY-13 closes the socket when it is too much, too large or too often", async () => {
    const times = (count: number, frame: string | Uint8Array) => (caller: VoiceCaller) => {
      for (let sent = 0; sent < count; sent += 1) caller.wire.send(frame);
    };
    const cases: Readonly<Record<string, [act: (caller: VoiceCaller) => void, reason: Reason]>> = {
      "ten unreadable": [times(LIMITS.badFramesInARow, "?"), "bad_frame"],
      "ten half samples": [times(LIMITS.badFramesInARow, new Uint8Array(961)), "bad_frame"],
      "a sample too many": [times(1, new Uint8Array(LIMITS.soundFrameBytes + 2)), "frame_too_large"],
      "a letter too many": [times(1, "a".repeat(LIMITS.textFrameBytes + 1)), "frame_too_large"],
      "a megabyte": [times(1, new Uint8Array(2 ** 20)), "frame_too_large"],
      "a flood of sound": [times(2_000, new Uint8Array(1_920)), "too_many_frames"],
      "a flood of pings": [times(2_000, '{"type":"ping"}'), "too_many_frames"],
    };
    await Promise.all(
      Object.entries(cases).map(async ([name, [act, reason]]) => {
        const { student, caller } = await callOf(name.replaceAll(" ", "_"));
        act(caller);
        const { closeCode, sentence } = factsOf(reason);
        expect([name, await caller.end()]).toEqual([name, { code: closeCode, reason, sentence }]);
        expect([name, errorsOf(caller).at(-1)]).toEqual([name, reason]);
        const { call } = await recordOf(room, student, caller.callId);
        expect([name, call.endReason]).toEqual([name, "policy"]);
        await eventually(
          async () => (await sessionsOf(room, student.key)).every(({ closedAtMs }) => closedAtMs !== null),
          `no session to be left of ${name}`,
        );
      }),
    );
    const { student, caller } = await callOf("just_fits");
    caller.wire.send(new Uint8Array(LIMITS.soundFrameBytes));
    await isAnswered(student, caller);
    await caller.hangUp();
  });

  it("VJOURNEY-14 is not more than two calls at once: the third is told in words and in writing", async () => {
    const { student, caller: first } = await callOf("many");
    const second = new VoiceCaller(await prepareCall(room, student));
    await second.begun();
    const third = new VoiceCaller(await prepareCall(room, student));
    // Those who are in are answered meanwhile.
    const others = Promise.all([isAnswered(student, first), isAnswered(student, second)]);
    expect(await third.end()).toMatchObject({ code: 1013 });
    expect(errorsOf(third)).toEqual(["too_many_calls"]);
    const { samples, durationMs } = recordingOf(factsOf("too_many_calls").spoken ?? "");
    const last = samplesOf(durationMs) - 1;
    expect(third.playedAtMs(last)).toBeDefined();
    expect(likeness(samples, 8_000, third.received(0, last + 1), SOUND_HZ)).toBeGreaterThan(0.98);
    await others;
    await Promise.all([first.hangUp(), second.hangUp()]);
    expect(await sessionsOf(room, student.key)).toHaveLength(2);
  });
});

/** Sound that tells by itself whose it is and where it belongs: silent, since it is far below what anybody hears. */
function pattern(call: number, frame: number): Int16Array {
  return Int16Array.from({ length: 480 }, (_, at) => (at === 0 ? call : at === 1 ? frame : (at % 7) - 3));
}

describe.concurrent("sound that comes before anybody listens", () => {
  it("VJOURNEY-15 arrives whole, in order and at the right session, with OpenAI taking 200 ms to accept", async () => {
    const frames = Array.from({ length: 40 }, (_, frame) => frame);
    await Promise.all(
      Array.from({ length: 20 }, async (_, call) => {
        const student = await newStudent(`early_${call}`);
        await voiceFault(room, { kind: "accept-delay", ms: 200, key: student.key });
        const { url, ticket } = await prepareCall(room, student);
        const socket = await openedSocket(url, ticket);
        const openedAtMs = performance.timeOrigin + performance.now();
        // In real time, from the very first moment.
        for (const frame of frames) {
          socket.send(pattern(call, frame));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        const [session] = await eventually(async () => {
          const sessions = await sessionsOf(room, student.key);
          return (sessions[0]?.audioIn.bytes ?? 0) >= frames.length * 960 && sessions;
        }, `the early sound of call ${call}`);
        expect(session?.acceptedAtMs).toBeGreaterThan(openedAtMs + 100);
        const heard = Buffer.concat(soundIn.get(session?.sessionId ?? "") ?? []);
        expect(heard.equals(Buffer.concat(frames.map((frame) => new Uint8Array(pattern(call, frame).buffer))))).toBe(
          true,
        );
        socket.send('{"type":"end"}');
      }),
    );
  });
});

describe.concurrent("who comes back into a call with sound", () => {
  it("VJOURNEY-16 is its caller, on one socket at a time: a second one goes on where the first was, which is closed", async () => {
    const { student, call, caller: first, start } = await callOf("second", { ivrGreeting: GREETING });
    await first.until(() => first.answers.includes(GREETING), "the greeting");
    await isAnswered(student, first);
    const second = new VoiceCaller({ ...call, ticket: start.resumeTicket });
    const resumed = await second.begun();
    expect(await first.end()).toMatchObject({ code: 1000, reason: "replaced" });
    expect(resumed.resumed).toBe(true);
    expect(resumed.turns.map(({ text }) => text)).toEqual([GREETING, "What is two plus three?", "2 plus 3 is 5."]);
    await isAnswered(student, second);
    expect(second.turns.filter(({ text }) => text === GREETING)).toHaveLength(1);

    // Each ticket was for one socket.
    for (const ticket of [call.ticket, start.resumeTicket]) {
      const again = await knock(call.url, { protocols: withTicket(ticket) });
      expect(again).toEqual({ status: 101, code: "bad_ticket", closeCode: 1008 });
    }
    await isAnswered(student, second);
    await second.hangUp();
    expect(await sessionsOf(room, student.key)).toHaveLength(1);
    const late = await knock(call.url, { protocols: withTicket(resumed.resumeTicket) });
    expect(late).toEqual({ status: 101, code: "call_over", closeCode: 1008 });
  });

  it("VJOURNEY-41 may show a ticket again whose socket they never spoke on, hears the greeting, and not after that", async () => {
    const student = await newStudent("unheard", { ivrGreeting: GREETING });
    const call = await prepareCall(room, student);
    // Each leaves at the first message, without one of its own.
    for (let time = 0; time < 2; time++) {
      expect(await knock(call.url, { protocols: withTicket(call.ticket) })).toEqual({
        status: 101,
        code: undefined,
        closeCode: 4_000,
      });
    }
    const caller = new VoiceCaller(call);
    expect((await caller.begun()).callId).toBe(call.callId);
    // What was begun for those who left is kept as not heard.
    const greetings = () =>
      caller.turns.filter(({ text, heardText, usage }) => text === GREETING && heardText === null && usage);
    await caller.until(() => greetings().length === 1, "the greeting");
    await isAnswered(student, caller);
    const again = await knock(call.url, { protocols: withTicket(call.ticket) });
    expect(again).toEqual({ status: 101, code: "bad_ticket", closeCode: 1008 });
    await caller.hangUp();
  });

  it("VJOURNEY-17 is also who was lost, and finds the session as it was", async () => {
    const { student, caller } = await callOf("lost", { ivrGreeting: GREETING });
    await caller.until(() => caller.answers.includes(GREETING), "the greeting");
    await isAnswered(student, caller);
    caller.loseLine();
    await caller.until(() => caller.of("call-start").length === 2, "the call to be found again");
    await isAnswered(student, caller);
    expect(caller.connections).toEqual(["open", "reconnecting", "open"]);
    expect(caller.turns.filter(({ text }) => text === GREETING)).toHaveLength(1);
    await caller.hangUp();
    const { call, turns } = await recordOf(room, student, caller.callId);
    expect(call.endReason).toBe("caller-left");
    expect(turns.filter(({ text }) => text === "2 plus 3 is 5.")).toHaveLength(2);
    expect(await sessionsOf(room, student.key)).toHaveLength(1);
  });
});

describe("who may not come into a call with sound", () => {
  it("VJOURNEY-18 is anybody with a ticket that is late, foreign, forged, in bad company or none", async () => {
    const mine = await prepareCall(room, await newStudent("mine"));
    const other = await prepareCall(room, await newStudent("other"));
    const [body = "", mac = ""] = mine.ticket.split(".");
    const keys = await loadMasterKeys(MASTER_KEY, []);
    const strangers = await loadMasterKeys("0123456789abcdef".repeat(4), []);
    const claims = { id: "made-up", callId: mine.callId, phoneCallId: null, expiresAtMs: Date.now() + 30_000 };
    const flipped = `${mac.slice(0, -2)}${mac.at(-2) === "A" ? "B" : "A"}${mac.at(-1)}`;
    const tickets: Readonly<Record<string, readonly string[]>> = {
      none: [CALL_PROTOCOL],
      "only the ticket": [mine.ticket],
      two: [CALL_PROTOCOL, mine.ticket, other.ticket],
      "another protocol beside it": ["callroom.v2", mine.ticket],
      "of another call": withTicket(other.ticket),
      late: withTicket(await mintTicket(keys, { ...claims, expiresAtMs: Date.now() - 1 })),
      "for a phone": withTicket(await mintTicket(keys, { ...claims, phoneCallId: "CA1" })),
      "signed by somebody else": withTicket(await mintTicket(strangers, claims)),
      "with another signature": withTicket(`${body}.${flipped}`),
      "without a signature": withTicket(body),
      "with another body": withTicket(`${other.ticket.split(".")[0]}.${mac}`),
      "that is too long": withTicket("a".repeat(4_000)),
      "that is a word": withTicket("please"),
    };
    const sessions = standin.realtime.sessions().length;
    for (const [what, protocols] of Object.entries(tickets)) {
      const answered = await knock(mine.url, { protocols });
      expect([what, answered]).toEqual([what, { status: 403, code: "bad_ticket", closeCode: undefined }]);
    }
    // Signed as ours are, for a call that nobody has prepared.
    const callId = `${mine.callId.slice(0, -2)}${mine.callId.endsWith("00") ? "10" : "00"}`;
    const nowhere = await mintTicket(keys, { ...claims, callId });
    const answered = await knock(mine.url.replace(mine.callId, callId), { protocols: withTicket(nowhere) });
    expect(answered).toEqual({ status: 101, code: "call_over", closeCode: 1008 });
    expect(standin.realtime.sessions()).toHaveLength(sessions);
    // None of this has used up the good one.
    const caller = new VoiceCaller(mine);
    await caller.begun();
    await caller.hangUp();
  });

  it("VJOURNEY-19 is a page of another site, which wakes nobody", async () => {
    const student = await newStudent("page");
    const call = await prepareCall(room, student);
    const { host, hostname, port } = new URL(room.url);
    // None of our own host: addresses of it are written anew by the proxy of `wrangler dev`, whatever their scheme.
    const foreign = [
      "null",
      "https://evil.example",
      `http://${hostname}`,
      `http://${hostname}:${Number(port) + 1}`,
      `http://${hostname}:${port}0`,
      `http://${host}.evil.example`,
      `http://evil.example:${port}`,
      `http://evil.example/${room.url}`,
      `http://localhost:${port}`,
      `http://[::1]:${port}`,
      "file://",
      "chrome-extension://abcdefghijklmnop",
      "data:text/html,hello",
    ];
    const woken = objectsIn(room, "CallObject").length;
    for (const origin of foreign) {
      const refused: Answered = { status: 403, code: "bad_origin", closeCode: undefined };
      const answered = await knock(call.url, { protocols: withTicket(call.ticket), headers: { origin } });
      expect([origin, answered]).toEqual([origin, refused]);
      const started = await room.post("/api/calls", {}, { ...student.headers, origin });
      expect([origin, started.status]).toEqual([origin, 403]);
    }
    expect(objectsIn(room, "CallObject")).toHaveLength(woken);
    expect(await sessionsOf(room, student.key)).toEqual([]);
    const own = await knock(call.url, { protocols: withTicket(call.ticket), headers: { origin: room.url } });
    expect(own).toMatchObject({ status: 101, code: undefined });
  });

  it("VJOURNEY-20 and meanwhile another call has lost no frame of its caller and no word of its agent", async () => {
    await witness.caller.hangUp();
    const sessions = await sessionsOf(room, "sk-test-limits-witness");
    expect(sessions).toHaveLength(1);
    expect(witness.caller.sentFrames).toBeGreaterThan(100);
    expect(witness.lostFrames(sessions)).toBe(0);
    expect(witness.caller.connections).toEqual(["open", "closed"]);
    expect(errorsOf(witness.caller)).toEqual([]);
    witness = await VoiceWitness.in(room, await studentOf(room, "witness_2", "sk-test-limits-witness-2"));
  });
});
