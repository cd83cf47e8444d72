import { placeCall, type TwilioPhone } from "../standins/twilio.ts";
import { eventually, type Room } from "./room.ts";
import { callerSpeech } from "./sound-phone.ts";
import { speech, VoiceCaller } from "./voice-caller.ts";
import { prepareCall, scriptWords, sessionsOf, type VoiceStudent, voiceFault } from "./voice-looks.ts";

/** What one student does in an afternoon, so that every sort of charge comes about. */

export const TWILIO_AUTH_TOKEN = "twilio-auth-token-of-the-tests";
export const GREETING = "Hello, this is Juno.";
const LONG = `Let me count. ${Array.from({ length: 120 }, (_, at) => `number ${at + 1}`).join(", ")}.`;
/** Begins alike in every request, and is longer than what OpenAI's cache begins with: 1,024 tokens. */
const PROMPT = `You are Juno. ${"Be brief, be kind, and keep to what you know about this shop. ".repeat(90)}`;
const ORDER = { type: "function", function: { name: "order" }, mock: { reply: { ok: true } } };

/** An agent with a long prompt and a tool; in the words of the predecessor's save. */
export const AGENT = { systemPrompt: PROMPT, ivrGreeting: GREETING, tools: [ORDER] };

export interface Place {
  readonly room: Room;
  readonly student: VoiceStudent;
}

const phoneOf = ({ room, student }: Place, query = ""): Promise<TwilioPhone> =>
  placeCall({ origin: room.url, authToken: TWILIO_AUTH_TOKEN, sessionToken: student.sessionToken, query });

/**
 * By phone, in text: answers, one over which the caller speaks while it is made, and one with a tool. Returns how long it was,
 * in milliseconds.
 */
export async function relayCall(place: Place): Promise<number> {
  const { room, student } = place;
  const fromMs = performance.now();
  const phone = await phoneOf(place);
  const ask = async (words: string, answer: RegExp): Promise<void> => {
    const before = phone.turns.length;
    phone.say(words);
    await eventually(() => phone.turns.slice(before).some(({ text }) => answer.test(text)), `an answer like ${answer}`);
  };
  await ask("What is two plus three?", /5/);
  await room.fault({ kind: "answer", key: student.key, text: LONG });
  const framesBefore = phone.frames.length;
  phone.say("Count, please.");
  await eventually(() => phone.frames.length > framesBefore + 8, "the first words");
  phone.interrupt("Let me count. number 1", 900);
  await ask("What is seven plus one?", /8/);
  await room.fault({ kind: "answer", key: student.key, text: "Let me see.", toolCalls: [{ name: "order" }] });
  await room.fault({ kind: "answer", key: student.key, text: "It is ordered." });
  await ask("Order it.", /It is ordered\./);
  await phone.hangUp();
  return performance.now() - fromMs;
}

/** In text without a phone: an answer, and one that is still being made when the caller hangs up. */
export async function textCall({ room, student }: Place): Promise<void> {
  const caller = await room.call(student.sessionToken, undefined, student.headers);
  caller.say("What is 20 plus 3?");
  await eventually(() => caller.turns.some(({ text }) => text.includes("23")), "the answer in text");
  await room.fault({ kind: "answer", key: student.key, text: LONG });
  caller.say("Count, please.");
  await eventually(() => caller.speaking?.text.includes("number 4"), "the number 4");
  await caller.hangUp();
}

/** In a browser: by voice, in writing, with a tool, over the agent twice, and with a session that is lost. */
export async function browserCall({ room, student }: Place): Promise<void> {
  const { key } = student;
  const words = await speech("Good day.");
  const caller = new VoiceCaller(await prepareCall(room, student));
  const hasSaid = (text: string) => caller.until(() => caller.answers.includes(text), `the answer: ${text}`, 30_000);
  const speak = async (text: string): Promise<void> => {
    await scriptWords(room, key, text);
    caller.say(words);
  };
  await hasSaid(GREETING);
  await speak("What is two plus three?");
  await hasSaid("2 plus 3 is 5.");
  caller.send({ type: "text", text: "What is 20 plus 3?" });
  await hasSaid("20 plus 3 is 23.");
  await voiceFault(room, { kind: "answer", key, text: "Let me see.", toolCalls: [{ name: "order" }] });
  await voiceFault(room, { kind: "answer", key, text: "It is ordered." });
  await speak("Order it.");
  await hasSaid("It is ordered.");
  // In mid-answer, and when all of the answer is made but not yet heard.
  caller.send({ type: "text", text: "Count to 20, please." });
  await caller.until(() => caller.of("caption").some(({ delta }) => delta.includes("four")), "the number four");
  await speak("What is seven plus one?");
  await hasSaid("7 plus 1 is 8.");
  await speak("What is seven plus two?");
  await hasSaid("7 plus 2 is 9.");
  await voiceFault(room, { kind: "reset", key, afterDeltas: 6 });
  const before = caller.answers.length;
  caller.send({ type: "text", text: "Count to 20, please." });
  await caller.until(() => caller.answers.length >= before + 2, "an answer in the new session", 30_000);
  await caller.hangUp();
}

/** By phone, with sound: an answer, and one over which the caller speaks. Returns how long it was, in milliseconds. */
export async function streamCall(place: Place): Promise<number> {
  const { room, student } = place;
  const fromMs = performance.now();
  const phone = await phoneOf(place, "?wayIn=media-streams");
  const stream = await phone.waitForStream();
  const speak = async (words: string): Promise<void> => {
    await scriptWords(room, student.key, words);
    await stream.speak(await callerSpeech(words));
  };
  const hasSaid = (text: string) =>
    eventually(
      async () => {
        const session = (await sessionsOf(room, student.key)).findLast(({ closedAtMs }) => closedAtMs === null);
        const last = session?.items.findLast(({ kind }) => kind === "assistant");
        return last?.text === text && session?.responses.every(({ doneAtMs }) => doneAtMs !== null);
      },
      `the agent to say: ${text}`,
      30_000,
    );
  await hasSaid(GREETING);
  await stream.untilQuiet(30_000);
  await speak("What is two plus three?");
  await hasSaid("2 plus 3 is 5.");
  await stream.untilQuiet(30_000);
  await voiceFault(room, { kind: "answer", key: student.key, text: LONG });
  await speak("Count, please.");
  const heardMs = stream.heardMs;
  await stream.untilHeard(heardMs + 1_500, 30_000);
  await speak("What is seven plus one?");
  await hasSaid("7 plus 1 is 8.");
  await stream.untilQuiet(30_000);
  await phone.hangUp();
  await phone.over;
  return performance.now() - fromMs;
}

/** A voice is tried out: no call. */
export async function voiceSample({ room, student }: Place): Promise<void> {
  const reply = await room.post("/api/me/voice-sample", { voice: "cedar" }, student.headers);
  if (!reply.ok) throw new Error(`no sample: ${await reply.text()}`);
  await reply.arrayBuffer();
}
