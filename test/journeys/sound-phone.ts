import { Buffer } from "node:buffer";
import { signTwilioRequest } from "../standins/twilio.ts";
import { decodeMulaw } from "../standins/mulaw.ts";
import { type OpenAiStandin, type SessionRecord, startOpenAiStandin } from "../standins/openai.ts";
import { fliteSpeaker } from "../standins/speech.ts";
import { type MediaOptions, type MediaStream, openMediaStream, placeCall, type TwilioPhone } from "../standins/twilio.ts";
import { socketUrlIn } from "./carrier.ts";
import { ended } from "./looks.ts";
import { Room } from "./room.ts";
import { recordOf, studentOf, type VoiceRecord, type VoiceStudent } from "./voice-looks.ts";

/** Mu-law at 8 kHz. */
const BYTES_PER_MS = 8;
const ANSWER_MS = 20_000;
export const TWILIO_AUTH_TOKEN = "twilio-auth-token-of-the-tests";
export const MASTER_KEY = "3c".repeat(9) + "d8".repeat(23);
/** At the number's voice webhook. */
export const MEDIA_STREAMS = "?wayIn=media-streams";

/** A room whose phones are Twilio's and whose OpenAI is in this process: what it hears can be compared byte by byte. */
export class PhoneRoom {
  readonly room: Room;
  readonly openai: OpenAiStandin;
  readonly #heard: Map<string, Buffer[]>;

  private constructor(room: Room, openai: OpenAiStandin, heard: Map<string, Buffer[]>) {
    this.room = room;
    this.openai = openai;
    this.#heard = heard;
  }

  static async open(): Promise<PhoneRoom> {
    const heard = new Map<string, Buffer[]>();
    const onAudioIn = (sessionId: string, audio: Uint8Array): void => {
      const pieces = heard.get(sessionId) ?? [];
      pieces.push(Buffer.from(audio));
      heard.set(sessionId, pieces);
    };
    const openai = await startOpenAiStandin({ realtime: { onAudioIn } });
    const variables = { OPENAI_BASE_URL: openai.baseUrl, TWILIO_AUTH_TOKEN, ENCRYPTION_KEY: MASTER_KEY };
    return new PhoneRoom(await Room.open(variables), openai, heard);
  }

  async close(): Promise<void> {
    await this.room.close();
    await this.openai.close();
  }

  /** All that OpenAI heard in one session. */
  heardIn({ sessionId }: SessionRecord): Buffer {
    return Buffer.concat(this.#heard.get(sessionId) ?? []);
  }

  student(name: string, config: Readonly<Record<string, unknown>> = {}, keyWord = "phone"): Promise<VoiceStudent> {
    return studentOf(this.room, `phone_${name}`, `sk-test-${keyWord}-0123456789-${name}`, config);
  }

  /** Rings, and comes back when the stream is open or the call is over. */
  async call(student: VoiceStudent): Promise<SoundPhone> {
    const { sessionToken } = student;
    const whose = { origin: this.room.url, authToken: TWILIO_AUTH_TOKEN, sessionToken, query: MEDIA_STREAMS };
    return new SoundPhone(this, student, await placeCall(whose));
  }

  /** The stream at the address that a TwiML names, as Twilio opens it, or as somebody else would. Throws MediaRefused. */
  stream(twiml: string, callSid: string, options: Partial<MediaOptions> = {}): Promise<MediaStream> {
    const wss = socketUrlIn(twiml);
    const signed = { signedUrl: wss, authToken: TWILIO_AUTH_TOKEN };
    return openMediaStream({ url: wss.replace("wss:", "ws:"), callSid, ...signed, ...options });
  }

  sessions({ key }: VoiceStudent): SessionRecord[] {
    return this.openai.realtime.sessions(key);
  }

  /** The only call of a student once it has ended, as the student is shown it. */
  async record(student: VoiceStudent, withinMs?: number): Promise<VoiceRecord> {
    const [call] = await ended(this.room, student.sessionToken, 1, withinMs);
    return recordOf(this.room, student, call?.id ?? "");
  }
}

/** Somebody on a phone, who speaks and hears. */
export class SoundPhone {
  readonly phone: TwilioPhone;
  readonly student: VoiceStudent;
  readonly #place: PhoneRoom;

  constructor(place: PhoneRoom, student: VoiceStudent, phone: TwilioPhone) {
    this.#place = place;
    this.student = student;
    this.phone = phone;
  }

  /** What is open now. */
  get stream(): MediaStream {
    return this.phone.stream;
  }

  /** The caller says these words; resolves when the last frame of them has left. */
  async say(words: string): Promise<void> {
    this.#place.openai.realtime.nextTranscript(words, this.student.key);
    await this.stream.speak(await mulaw(words));
  }

  /** Until these words of the agent's are complete and have been heard to the end. Returns how they sounded. */
  async hears(text: string, stream: MediaStream = this.stream): Promise<Buffer> {
    const item = await this.#place.openai.realtime.until(
      (sessions) => {
        const own = sessions.filter(({ key }) => key === this.student.key);
        const isDone = own.every(({ responses }) => responses.every(({ doneAtMs }) => doneAtMs !== null));
        const said = own.flatMap(({ items }) => items).findLast(({ kind }) => kind === "assistant");
        return isDone && said?.text === text ? said : undefined;
      },
      `${text}`,
      ANSWER_MS,
    );
    const bytes = item.audioMs * BYTES_PER_MS;
    // What is said last is what is heard last.
    const isHeard = (): boolean => stream.queuedMs === 0 && stream.receivedMs * BYTES_PER_MS >= bytes;
    await stream.until(() => (isHeard() ? true : undefined), `the end of: ${text}`, ANSWER_MS);
    return stream.heardMulaw.subarray(-bytes);
  }

  /** Says it, and hears the whole answer. */
  async ask(words: string, answer: string): Promise<Buffer> {
    await this.say(words);
    return this.hears(answer);
  }
}

/** A sentence as a caller says it into a phone; the same words are the same bytes. */
export async function mulaw(words: string): Promise<Buffer> {
  return Buffer.from(await fliteSpeaker.speak(words, { format: "mulaw-8k", voice: "cedar" }));
}

export const msOf = (sound: Uint8Array): number => sound.length / BYTES_PER_MS;

/** How loud it is on the whole, in decibels below full scale. Speech on a phone is at -30 to -15, silence at -90. */
export function levelDb(sound: Uint8Array): number {
  const samples = decodeMulaw(sound);
  const meanSquare = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  return 10 * Math.log10(meanSquare / 32_768 ** 2 + 1e-9);
}

/** `X-Twilio-Signature` of a handshake. */
export const signed = (wss: string, authToken = TWILIO_AUTH_TOKEN): { "x-twilio-signature": string } => ({
  "x-twilio-signature": signTwilioRequest(authToken, wss),
});
