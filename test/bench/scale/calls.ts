import { setTimeout as pause } from "node:timers/promises";
import { CallRest } from "../../../src/cli/call-rest.ts";
import { nodeCallWorld } from "../../../src/cli/call-world.ts";
import { VoiceLine } from "../../../src/cli/voice-line.ts";
import { fliteSpeaker } from "../../standins/speech.ts";
import { placeCall } from "../../standins/twilio.ts";
import type { CountedCallroom } from "./counted-callroom.ts";

/** One call as it was made: how long it lasted, and what its caller sent. */
export interface MadeCall {
  readonly ms: number;
  /** `null`: not counted here. */
  readonly callerMessages: number | null;
  /** From the caller's last word to the end of the answer, of all turns: so long the object must be awake. With sound, all of it. */
  readonly busyMs: number;
}

const QUESTIONS = [
  "What is the time in Tokyo?",
  "How far away is the moon?",
  "What would you cook on a rainy day?",
  "Which animal sleeps the longest?",
];
const questionOf = (turn: number): string => QUESTIONS[turn % QUESTIONS.length] ?? "";
const THINK_MS = 2_000;
const SETTLED_MS = 1_000;
const ANSWER_MS = 60_000;

/** By phone over ConversationRelay: Twilio hears and speaks. The caller thinks for `THINK_MS` before each question. */
export async function relayCall(place: CountedCallroom, token: string, turns: number): Promise<MadeCall> {
  const phone = await placeCall({ origin: place.origin, authToken: place.authToken, sessionToken: token });
  const startedAtMs = performance.now();
  let busyMs = 0;
  await phone.waitForTurn();
  for (let turn = 0; turn < turns; turn += 1) {
    await pause(THINK_MS);
    const askedAtMs = performance.now();
    phone.say(questionOf(turn));
    await phone.waitForTurn();
    busyMs += performance.now() - askedAtMs;
  }
  const ms = performance.now() - startedAtMs;
  await phone.hangUp();
  await phone.over;
  // Its messages are counted by the Worker: its socket may sleep.
  return { ms, callerMessages: null, busyMs };
}

/** With sound, as our page makes it: frames of 40 ms all the time, and ten times a second how far it was heard. */
export async function browserCall(place: CountedCallroom, token: string, turns: number): Promise<MadeCall> {
  let callerMessages = 0;
  const world = {
    ...nodeCallWorld,
    openSocket: (url: string, protocols: string[]) => {
      // The Worker names itself as the world would see it; it listens here.
      const socket = nodeCallWorld.openSocket(
        `${place.origin.replace("http", "ws")}${new URL(url).pathname}`,
        protocols,
      );
      const send = socket.send.bind(socket);
      socket.send = (data) => {
        callerMessages += 1;
        send(data);
      };
      return socket;
    },
  };
  const { url, ticket } = await new CallRest(place.origin).prepareCall(token);
  const startedAtMs = performance.now();
  const nothing = { onMessage: () => {}, onConnection: () => {} };
  const line = new VoiceLine({ url, ticket }, nothing, world, false);
  const answered = async (afterSeq: number): Promise<void> => {
    const waited = await line.until(() => line.agentSeq > afterSeq && line.quietMs >= SETTLED_MS, ANSWER_MS);
    if (waited !== "met") throw new Error(`The call with sound was not answered: ${waited}.`);
  };
  await answered(0);
  for (let turn = 0; turn < turns; turn += 1) {
    const before = line.agentSeq;
    place.openai.realtime.nextTranscript(questionOf(turn));
    line.say(await speech(questionOf(turn)));
    await answered(before);
  }
  const ms = performance.now() - startedAtMs;
  line.hangUp();
  await line.until(() => false, 5_000);
  line.stop();
  return { ms, callerMessages, busyMs: ms };
}

/** With sound, by phone over Media Streams: frames of 20 ms all the time, and a mark for each stretch that was played. */
export async function phoneCall(place: CountedCallroom, token: string, turns: number): Promise<MadeCall> {
  const earlier = place.openai.realtime.sessions().length;
  const phone = await placeCall({
    origin: place.origin,
    authToken: place.authToken,
    sessionToken: token,
    query: "?wayIn=media-streams",
  });
  const startedAtMs = performance.now();
  const { stream } = phone;
  const answered = async (responses: number): Promise<void> => {
    await place.openai.realtime.until(
      (all) => all[earlier]?.responses.filter(({ doneAtMs }) => doneAtMs !== null).length === responses || undefined,
      `${responses} answers`,
      ANSWER_MS,
    );
    await stream.until(() => stream.queuedMs === 0 || undefined, "the answer to be heard", ANSWER_MS);
  };
  await answered(1);
  for (let turn = 0; turn < turns; turn += 1) {
    place.openai.realtime.nextTranscript(questionOf(turn));
    await stream.speak(Buffer.from(await fliteSpeaker.speak(questionOf(turn), { format: "mulaw-8k", voice: "cedar" })));
    await answered(turn + 2);
  }
  const ms = performance.now() - startedAtMs;
  await phone.hangUp();
  await phone.over;
  // Every frame of sound, every mark sent back, and `connected` and `start`.
  return { ms, callerMessages: stream.sent.length + stream.echoed.length + 2, busyMs: ms };
}

async function speech(words: string): Promise<Int16Array<ArrayBuffer>> {
  const bytes = await fliteSpeaker.speak(words, { format: "pcm16-24k", voice: "cedar" });
  const samples = new Int16Array(bytes.length / 2);
  new Uint8Array(samples.buffer).set(bytes);
  return samples;
}
