import { Buffer } from "node:buffer";
import { decodeMulaw } from "../standins/mulaw.ts";
import { type OpenAiStandin, type SessionRecord, startOpenAiStandin } from "../standins/openai.ts";
import { fliteSpeaker, sentencesOf } from "../standins/speech.ts";
import {
  type MediaOptions,
  type MediaStream,
  openMediaStream,
  placeCall,
  type TwilioPhone,
} from "../standins/twilio.ts";
import { Carrier, socketUrlIn } from "./carrier.ts";
import { ended } from "./looks.ts";
import { eventually, Room } from "./room.ts";
import { type RecordedUsage, recordOf, studentOf, type VoiceRecord, type VoiceStudent } from "./voice-looks.ts";

export const TWILIO_AUTH_TOKEN = "twilio-auth-token-of-the-tests";
export const MASTER_KEY = "3c".repeat(9) + "d8".repeat(23);
const MEDIA_STREAMS = "?wayIn=media-streams";
/** Mu-law at 8 kHz. */
const BYTES_PER_MS = 8;
const ANSWER_MS = 20_000;

/** A room for phones, with an OpenAI in this process: what it hears can be compared byte by byte. */
export class PhoneRoom {
  readonly room: Room;
  readonly openai: OpenAiStandin;
  /** Twilio step by step. */
  readonly carrier: Carrier;
  readonly #heard: ReadonlyMap<string, readonly Buffer[]>;

  private constructor(room: Room, openai: OpenAiStandin, heard: ReadonlyMap<string, readonly Buffer[]>) {
    this.room = room;
    this.openai = openai;
    this.carrier = new Carrier(room, TWILIO_AUTH_TOKEN, MEDIA_STREAMS);
    this.#heard = heard;
  }

  static async open(): Promise<PhoneRoom> {
    const heard = new Map<string, Buffer[]>();
    const onAudioIn = (sessionId: string, audio: Uint8Array): void => {
      const pieces = heard.get(sessionId) ?? [];
      heard.set(sessionId, pieces);
      pieces.push(Buffer.from(audio));
    };
    const openai = await startOpenAiStandin({ realtime: { onAudioIn } });
    const variables = { OPENAI_BASE_URL: openai.baseUrl, TWILIO_AUTH_TOKEN, ENCRYPTION_KEY: MASTER_KEY };
    return new PhoneRoom(await Room.open(variables), openai, heard);
  }

  async close(): Promise<void> {
    await this.room.close();
    await this.openai.close();
  }

  student(name: string, config: Readonly<Record<string, unknown>> = {}, keyWord = "phone"): Promise<VoiceStudent> {
    return studentOf(this.room, `phone_${name}`, `sk-test-${keyWord}-0123456789-${name}`, config);
  }

  /** Rings, and comes back when the stream is open or the call is over already. */
  async call(student: VoiceStudent): Promise<SoundPhone> {
    const { sessionToken } = student;
    const options = { origin: this.room.url, authToken: TWILIO_AUTH_TOKEN, sessionToken, query: MEDIA_STREAMS };
    return new SoundPhone(this, student, await placeCall(options));
  }

  /** Opens the stream that a TwiML names; options make it somebody else than Twilio. Throws MediaRefused. */
  stream(twiml: string, callSid: string, options: Partial<MediaOptions> = {}): Promise<MediaStream> {
    const wss = socketUrlIn(twiml);
    const url = wss.replace("wss:", "ws:");
    return openMediaStream({ url, signedUrl: wss, authToken: TWILIO_AUTH_TOKEN, callSid, ...options });
  }

  sessions({ key }: VoiceStudent): SessionRecord[] {
    return this.openai.realtime.sessions(key);
  }

  /** The only session of a student. */
  session(student: VoiceStudent): SessionRecord {
    const [session, ...others] = this.sessions(student);
    if (!session || others.length > 0) throw new Error(`not one session but ${others.length}`);
    return session;
  }

  /** All that OpenAI has heard in one session. */
  heardIn({ sessionId }: SessionRecord): Buffer {
    return Buffer.concat(this.#heard.get(sessionId) ?? []);
  }

  /** Until OpenAI has heard so many bytes in one session. */
  async untilHeard(session: SessionRecord, bytes: number): Promise<void> {
    await this.openai.realtime.until(
      (sessions) =>
        sessions.find(({ sessionId, audioIn }) => sessionId === session.sessionId && audioIn.bytes >= bytes),
      `${bytes} bytes to be heard`,
      ANSWER_MS,
    );
  }

  /** The only call of a student, once it has ended and no socket of it is left at OpenAI's door. */
  async record(student: VoiceStudent, withinMs?: number): Promise<VoiceRecord> {
    const [call] = await ended(this.room, student.sessionToken, 1, withinMs);
    await eventually(
      () => this.sessions(student).every(({ closedAtMs }) => closedAtMs !== null),
      "the sockets of a call that has ended to be closed",
      2_000,
    );
    return recordOf(this.room, student, call?.id ?? "");
  }
}

/** Somebody with a phone, who speaks and hears. */
export class SoundPhone {
  readonly phone: TwilioPhone;
  readonly student: VoiceStudent;
  readonly #place: PhoneRoom;

  constructor(place: PhoneRoom, student: VoiceStudent, phone: TwilioPhone) {
    this.#place = place;
    this.student = student;
    this.phone = phone;
  }

  /** The one that is open. */
  get stream(): MediaStream {
    return this.phone.stream;
  }

  /** The caller says these words; resolves when the last frame of them has left. */
  say(words: string, stream = this.stream): Promise<void> {
    return says(this.#place, this.student, stream, words);
  }

  /** Until the agent has said these words last and they were heard to their end; returns how they sounded. */
  hears(text: string, stream = this.stream): Promise<Buffer> {
    return hears(this.#place, this.student, stream, text);
  }

  async ask(words: string, answer: string): Promise<Buffer> {
    await this.say(words);
    return this.hears(answer);
  }

  /** Returns the record of the call. */
  async hangUp(): Promise<VoiceRecord> {
    await this.phone.hangUp();
    await this.phone.over;
    return this.#place.record(this.student);
  }
}

export async function says(place: PhoneRoom, { key }: VoiceStudent, stream: MediaStream, words: string): Promise<void> {
  place.openai.realtime.nextTranscript(words, key);
  await stream.speak(await callerSpeech(words));
}

/** Until these words, the agent's last, were heard to their end and byte for byte; returns how they sounded. */
export async function hears(
  place: PhoneRoom,
  { key }: VoiceStudent,
  stream: MediaStream,
  text: string,
): Promise<Buffer> {
  const isSaid = ({ items, responses }: SessionRecord): boolean =>
    responses.every(({ doneAtMs }) => doneAtMs !== null) &&
    items.findLast(({ kind }) => kind === "assistant")?.text === text;
  await place.openai.realtime.until(
    (sessions) => sessions.findLast((session) => session.key === key && isSaid(session)),
    `the agent to say: ${text}`,
    ANSWER_MS,
  );
  const sound = await agentSpeech(text);
  const isHeard = (): boolean => stream.queuedMs === 0 && stream.heardMulaw.subarray(-sound.length).equals(sound);
  await stream.until(() => isHeard() || undefined, `the caller to hear: ${text}`, ANSWER_MS);
  return sound;
}

/** A sentence as a caller says it into a phone; the same words are the same bytes. */
export async function callerSpeech(words: string): Promise<Buffer> {
  return Buffer.from(await fliteSpeaker.speak(words, { format: "mulaw-8k", voice: "cedar" }));
}

/** How an agent sounds that has the default voice, when it leaves OpenAI. */
export async function agentSpeech(words: string): Promise<Buffer> {
  return Buffer.concat(
    await Promise.all(sentencesOf(words).map((sentence) => fliteSpeaker.speak(sentence, { format: "mulaw-8k" }))),
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What sessions have cost by the stand-in's own journal; a transcript by the length of what it writes down. */
export function billOf(sessions: readonly SessionRecord[]): RecordedUsage {
  const responses = sessions.flatMap((session) => session.responses.flatMap(({ usage }) => usage ?? []));
  const inputs = responses.map(({ input_token_details }) => input_token_details);
  const transcribed = sessions.flatMap(({ items, transcripts }) =>
    transcripts.flatMap(({ itemId }) => items.filter((item) => item.itemId === itemId)),
  );
  return {
    responses: responses.length,
    inputTokens: sum(responses.map(({ input_tokens }) => input_tokens)),
    inputAudioTokens: sum(inputs.map(({ audio_tokens }) => audio_tokens)),
    cachedInputTokens: sum(inputs.map(({ cached_tokens }) => cached_tokens)),
    cachedInputAudioTokens: sum(inputs.map(({ cached_tokens_details }) => cached_tokens_details.audio_tokens)),
    cacheWriteTokens: 0,
    outputTokens: sum(responses.map(({ output_tokens }) => output_tokens)),
    outputAudioTokens: sum(responses.map(({ output_token_details }) => output_token_details.audio_tokens)),
    reasoningTokens: 0,
    transcriptions: transcribed.length,
    transcriptionInputTokens: 0,
    transcriptionInputAudioTokens: 0,
    transcriptionOutputTokens: 0,
    transcriptionMs: sum(transcribed.map(({ audioMs }) => audioMs)),
    estimated: false,
  };
}

export const sentBy = ({ sent }: MediaStream): Buffer => Buffer.concat(sent.map(({ mulaw }) => mulaw));

export const msOf = (sound: Uint8Array): number => sound.length / BYTES_PER_MS;

/** Decibels below full scale. Speech on a phone is at -30 to -12, silence far below. */
export function levelDb(sound: Uint8Array): number {
  const samples = decodeMulaw(sound);
  const squares = samples.reduce((sum, sample) => sum + sample * sample, 0);
  return 10 * Math.log10(squares / Math.max(1, samples.length) / 32_768 ** 2 + 1e-9);
}
