import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { DEFAULT_PATIENCE, DEFAULT_TURN_END } from "../protocol/agent-config.ts";
import { openVoice, type VoiceOptions } from "./realtime.ts";
import { BYTES_PER_MS } from "./realtime-session.ts";

export interface SampleOptions extends Pick<VoiceOptions, "dial" | "transcriptionModel" | "startTimer" | "nowMs"> {
  readonly voice: string;
  /** What is said. */
  readonly words: string;
}

const FORMAT = "pcm16-24k";
const MAX_BYTES = LIMITS.voiceSampleSoundMs * BYTES_PER_MS[FORMAT];

/**
 * A few words in a voice, as a call would say them: a Realtime session of one response, since OpenAI's text-to-speech
 * models end on 2027-01-06. Takes at most `LIMITS.voiceSampleMs`; the session is closed whatever happens. Never rejects.
 *
 * @returns PCM16, mono, 24 kHz, little-endian, at most `LIMITS.voiceSampleSoundMs` of it; or why there is none.
 */
export function recordSample(options: SampleOptions): Promise<Uint8Array<ArrayBuffer> | Reason> {
  const { dial, transcriptionModel, startTimer, nowMs, voice, words } = options;
  const request = {
    instructions: "You read out one line, in the way in which it would be said on the phone.",
    voice,
    tools: [],
    format: FORMAT,
    turnEnd: DEFAULT_TURN_END,
    patience: DEFAULT_PATIENCE,
    // Nobody is listened to.
    pushToTalk: true,
    history: [],
  } as const;
  return new Promise((resolve) => {
    const sound = new Recording();
    const end = (outcome: Uint8Array<ArrayBuffer> | Reason): void => {
      stopTimer();
      session.close();
      resolve(outcome);
    };
    const session = openVoice(
      { dial, request, transcriptionModel, startTimer, nowMs },
      {
        onEvent: (event) => {
          if (event.type === "lost") end(event.reason);
          else if (event.type === "response-end") end(event.reason ?? sound.whole() ?? "upstream_unreadable");
        },
        onSound: (_responseId, _itemId, audioBase64) => {
          sound.add(audioBase64);
          if (sound.isFull) end(sound.whole() ?? "upstream_unreadable");
        },
      },
    );
    const stopTimer = startTimer(() => end(sound.whole() ?? "upstream_timeout"), LIMITS.voiceSampleMs);
    session.do({ type: "say", text: words });
  });
}

/** Sound that has come, up to what a sample may hold. */
class Recording {
  readonly #bytes = new Uint8Array(MAX_BYTES);
  #length = 0;

  get isFull(): boolean {
    return this.#length === MAX_BYTES;
  }

  /** A piece that is no base64 is left out. */
  add(audioBase64: string): void {
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
