/** When speech begins and ends, by nothing but loudness. */
export interface VadSettings {
  /** 0 to 1, as OpenAI's; see `loudnessOf`. */
  readonly threshold: number;
  /** Sound before the first loud frame that still belongs to the speech. */
  readonly prefixPaddingMs: number;
  /** The pause that ends a speech, and still belongs to it. */
  readonly silenceMs: number;
}

/** Both in milliseconds since the first sound of the session. */
export type VadEvent =
  | { readonly type: "speech-start"; readonly startMs: number }
  | { readonly type: "speech-end"; readonly endMs: number };

const FRAME_MS = 20;
/** Three loud frames in a row: a click on the line or a key of the keyboard is no speech. */
const ONSET_FRAMES = 3;
/** Speech goes on below what began it, 6 dB by default: else a weak syllable would end it. */
const RELEASE = 0.7;

/**
 * OpenAI's threshold is a probability, this one a loudness on the same scale: 0 is 60 dB below full scale, a quiet room;
 * 1 is 20 dB below it, a voice at the microphone. The default of 0.5 lies at 40 dB below.
 */
export const loudnessOf = (meanSquare: number): number =>
  Math.max(0, Math.min(1, (10 * Math.log10(meanSquare / 32_768 ** 2 + 1e-12) + 60) / 40));

export class EnergyVad {
  readonly #settings: VadSettings;
  readonly #rateHz: number;
  #frames = 0;
  readonly #startMs: number;
  #squares = 0;
  #samples = 0;
  #loudFrames = 0;
  #quietFrames = 0;
  #isSpeech = false;
  /** Before this, sound belongs to an earlier speech. */
  #freeFromMs: number;

  /** @param startMs of the session's sound, the moment from which this detector hears it. */
  constructor(settings: VadSettings, rateHz: number, startMs = 0) {
    this.#settings = settings;
    this.#rateHz = rateHz;
    this.#startMs = startMs;
    this.#freeFromMs = startMs;
  }

  get isSpeech(): boolean {
    return this.#isSpeech;
  }

  /** Hears samples of any number; frames may lie across calls. */
  push(samples: Int16Array): VadEvent[] {
    const events: VadEvent[] = [];
    const perFrame = (this.#rateHz * FRAME_MS) / 1_000;
    for (const sample of samples) {
      this.#squares += sample * sample;
      this.#samples += 1;
      if (this.#samples < perFrame) continue;
      const event = this.#frame(loudnessOf(this.#squares / perFrame));
      if (event !== undefined) events.push(event);
      this.#squares = 0;
      this.#samples = 0;
    }
    return events;
  }

  /** Forgets a speech that is under way: the buffer was cleared or committed by hand. */
  reset(nowMs: number): void {
    this.#isSpeech = false;
    this.#loudFrames = 0;
    this.#quietFrames = 0;
    this.#freeFromMs = nowMs;
  }

  #frame(loudness: number): VadEvent | undefined {
    this.#frames += 1;
    const endMs = this.#startMs + this.#frames * FRAME_MS;
    const { threshold, prefixPaddingMs, silenceMs } = this.#settings;
    if (!this.#isSpeech) {
      this.#loudFrames = loudness >= threshold ? this.#loudFrames + 1 : 0;
      if (this.#loudFrames < ONSET_FRAMES) return undefined;
      this.#isSpeech = true;
      this.#quietFrames = 0;
      const onsetMs = endMs - ONSET_FRAMES * FRAME_MS;
      return { type: "speech-start", startMs: Math.max(this.#freeFromMs, onsetMs - prefixPaddingMs) };
    }
    this.#quietFrames = loudness >= threshold * RELEASE ? 0 : this.#quietFrames + 1;
    if (this.#quietFrames * FRAME_MS < Math.max(silenceMs, FRAME_MS)) return undefined;
    this.reset(endMs);
    return { type: "speech-end", endMs };
  }
}
