import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { DEFAULT_PATIENCE, DEFAULT_TURN_END } from "../protocol/agent-config.ts";
import { NO_USAGE, type Usage } from "../protocol/call-record.ts";
import type { UsageSource } from "../protocol/charge.ts";
import { bytesOf } from "./model-leg.ts";
import { openVoice, type VoiceOptions } from "./realtime.ts";
import { BYTES_PER_MS } from "./realtime-session.ts";
import type { VoiceEvent } from "./voice-leg.ts";

export interface SampleOptions extends Pick<VoiceOptions, "dial" | "transcriptionModel" | "startTimer" | "nowMs"> {
  readonly voice: string;
  /** What is said. */
  readonly words: string;
}

export interface VoiceSample {
  /** PCM16, mono, 24 kHz, little-endian, at most `LIMITS.voiceSampleSoundMs` of it; or why there is none. */
  readonly sound: Uint8Array<ArrayBuffer> | Reason;
  /** Null: nothing was made, and nobody bills anything. */
  readonly usage: Usage | null;
  /** What OpenAI wrote of it; absent: it was counted by us, as the most that it can be. */
  readonly source?: UsageSource | undefined;
}

const FORMAT = "pcm16-24k";
const MAX_BYTES = LIMITS.voiceSampleSoundMs * BYTES_PER_MS[FORMAT];
const INSTRUCTIONS = "You read out one line, in the way in which it would be said on the phone.";
/** Twelve seconds of sound at 20 tokens a second, with the words of it: OpenAI stops there by itself. */
const OUTPUT_TOKENS = 400;
/** What OpenAI puts around our words. */
const FRAME_TOKENS = 512;

/** The most tokens that a sample of these words can come to: no text has more tokens than bytes. */
export const mostOfSample = (words: string) => ({
  textInput: bytesOf(INSTRUCTIONS) + bytesOf(words) + FRAME_TOKENS,
  audioInput: 0,
  textOutput: 0,
  // The dearer of the two kinds that an answer has.
  audioOutput: OUTPUT_TOKENS,
});

/** What a sample of these words comes to when nobody tells. */
export function guessOfSample(words: string): Usage {
  const { textInput, audioOutput } = mostOfSample(words);
  const output = { outputTokens: audioOutput, outputAudioTokens: audioOutput };
  return { ...NO_USAGE, responses: 1, inputTokens: textInput, ...output, estimated: true };
}

/**
 * A few words in a voice, as a call would say them: a Realtime session of one response, since OpenAI's text-to-speech
 * models end on 2027-01-06. Takes at most `LIMITS.voiceSampleMs`, and `LIMITS.voiceDrainMs` more where the response is cut
 * short, for its bill; the session is closed whatever happens. Never rejects.
 */
export function recordSample(options: SampleOptions): Promise<VoiceSample> {
  const { dial, transcriptionModel, startTimer, nowMs, voice, words } = options;
  const request = {
    instructions: INSTRUCTIONS,
    voice,
    tools: [],
    format: FORMAT,
    turnEnd: DEFAULT_TURN_END,
    patience: DEFAULT_PATIENCE,
    // Nobody is listened to.
    pushToTalk: true,
    answerTokens: OUTPUT_TOKENS,
    history: [],
  } as const;
  return new Promise((resolve) => {
    const sound = new Recording();
    const bill = new SampleBill();
    let outcome: VoiceSample["sound"] | undefined;
    const end = (): void => {
      stopTimer();
      session.close();
      resolve({ sound: outcome ?? "upstream_unreadable", ...bill.used(words, sound.hasBegun) });
    };
    /** No more of it is wanted: what it has come to is waited for, shortly. */
    const cut = (cutWith: Reason): void => {
      if (outcome !== undefined) return;
      outcome = sound.whole() ?? cutWith;
      stopTimer();
      if (bill.isDue) {
        stopTimer = startTimer(end, LIMITS.voiceDrainMs);
        session.do({ type: "cancel" });
      } else end();
    };
    const session = openVoice(
      { dial, request, transcriptionModel, startTimer, nowMs },
      {
        onEvent: (event) => {
          bill.take(event);
          if (event.type === "lost") outcome ??= event.reason;
          else if (event.type === "response-end") outcome ??= event.reason ?? sound.whole() ?? "upstream_unreadable";
          else if (event.type !== "stray-usage" || outcome === undefined) return;
          end();
        },
        onSound: (_responseId, _itemId, audioBase64) => {
          sound.add(audioBase64);
          if (sound.isFull) cut("upstream_unreadable");
        },
      },
    );
    let stopTimer = startTimer(() => cut("upstream_timeout"), LIMITS.voiceSampleMs);
    session.do({ type: "say", text: words });
  });
}

/** What one response comes to, as far as it is told. */
class SampleBill {
  #told: Pick<VoiceSample, "usage" | "source"> | undefined;
  #isAsked = false;
  #isOver = false;

  /** It was asked for, and nobody has told yet. */
  get isDue(): boolean {
    return this.#isAsked && !this.#isOver;
  }

  take(event: VoiceEvent): void {
    // What waits for the session is sent as soon as it is set up.
    if (event.type === "ready") this.#isAsked = true;
    if (event.type !== "response-end" && event.type !== "stray-usage") return;
    this.#isOver = true;
    if (event.usage) this.#told = { usage: event.usage, source: event.source };
  }

  /** Without a word of OpenAI's: a response that ended before its first sound costs nothing, any other may cost the most. */
  used(words: string, hasSound: boolean): Pick<VoiceSample, "usage" | "source"> {
    if (this.#told) return this.#told;
    return { usage: this.isDue || hasSound ? guessOfSample(words) : null };
  }
}

/** Sound that has come, up to what a sample may hold. */
class Recording {
  readonly #bytes = new Uint8Array(MAX_BYTES);
  #length = 0;
  /** Something has come, whatever it was. */
  hasBegun = false;

  get isFull(): boolean {
    return this.#length === MAX_BYTES;
  }

  /** A piece that is no base64 is left out. */
  add(audioBase64: string): void {
    this.hasBegun = true;
    let binary: string;
    try {
      binary = atob(audioBase64);
    } catch {
      return;
    }
    const end = Math.min(this.#length + binary.length, MAX_BYTES);
    for (let at = 0; this.#length < end; at++) this.#bytes[this.#length++] = binary.charCodeAt(at);
  }

  /** Whole samples; `undefined` for none. */
  whole(): Uint8Array<ArrayBuffer> | undefined {
    const length = this.#length - (this.#length % 2);
    return length === 0 ? undefined : this.#bytes.slice(0, length);
  }
}
