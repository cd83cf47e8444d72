import { SOUND_HZ } from "../protocol/call-messages.ts";

/** Samples in other shapes: numbers, frames, loudness. One channel throughout; the rate is changed by `resampler.ts`. */

/** A frame as it goes over the wire: 40 ms, 1,920 bytes. */
export const FRAME_SAMPLES = (SOUND_HZ * 40) / 1_000;

const FULL_SCALE = 32_768;

/** Samples from -1 to 1 as PCM16; louder ones are clipped, what is no number is silence. Writes to `out`, as many as fit. */
export function floatToPcm16(samples: Float32Array, out: Int16Array): void {
  const count = Math.min(samples.length, out.length);
  for (let index = 0; index < count; index++) {
    const scaled = Math.round((samples[index] ?? 0) * FULL_SCALE);
    out[index] = scaled > 32_767 ? 32_767 : scaled < -FULL_SCALE ? -FULL_SCALE : scaled;
  }
}

/** The inverse of {@link floatToPcm16}, exact. */
export function pcm16ToFloat(samples: Int16Array, out: Float32Array): void {
  const count = Math.min(samples.length, out.length);
  for (let index = 0; index < count; index++) out[index] = (samples[index] ?? 0) / FULL_SCALE;
}

/**
 * Parts a stream into frames of one size. Each frame is an array of its own over a buffer of just its size, so that it can be
 * sent or transferred as it is: one allocation a frame, and none besides.
 */
export class Framer {
  readonly #onFrame: (frame: Int16Array<ArrayBuffer>) => void;
  readonly #size: number;
  #frame: Int16Array<ArrayBuffer> | undefined;
  #filled = 0;

  constructor(onFrame: (frame: Int16Array<ArrayBuffer>) => void, size: number = FRAME_SAMPLES) {
    this.#onFrame = onFrame;
    this.#size = size;
  }

  push(samples: Float32Array | Int16Array): void {
    for (let from = 0; from < samples.length; ) {
      this.#frame ??= new Int16Array(this.#size);
      const count = Math.min(this.#size - this.#filled, samples.length - from);
      if (samples instanceof Int16Array) this.#frame.set(samples.subarray(from, from + count), this.#filled);
      else floatToPcm16(samples.subarray(from, from + count), this.#frame.subarray(this.#filled));
      from += count;
      this.#filled += count;
      if (this.#filled === this.#size) this.#emit(this.#frame);
    }
  }

  /** Ends the stream: what is left goes as a last frame, filled up with silence. */
  flush(): void {
    if (this.#frame) this.#emit(this.#frame);
  }

  /** Forgets what is left: it was said before a mute, and must not open what is said after it. */
  clear(): void {
    this.#frame = undefined;
    this.#filled = 0;
  }

  #emit(frame: Int16Array<ArrayBuffer>): void {
    this.clear();
    this.#onFrame(frame);
  }
}

/** Loudness of everything added, in decibels below full scale: 0 is the loudest there is, silence is -Infinity. */
export class LevelMeter {
  #peak = 0;
  #squares = 0;
  #samples = 0;

  add(samples: Float32Array | Int16Array): void {
    const scale = samples instanceof Int16Array ? 1 / FULL_SCALE : 1;
    for (let index = 0; index < samples.length; index++) {
      const value = (samples[index] ?? 0) * scale;
      this.#squares += value * value;
      const height = Math.abs(value);
      if (height > this.#peak) this.#peak = height;
    }
    this.#samples += samples.length;
  }

  get samples(): number {
    return this.#samples;
  }

  get peakDbfs(): number {
    return decibels(this.#peak);
  }

  /** Of a full-scale sine -3.01, as by plain RMS; some meters show that as 0. */
  get rmsDbfs(): number {
    return this.#samples === 0 ? Number.NEGATIVE_INFINITY : decibels(Math.sqrt(this.#squares / this.#samples));
  }
}

/** Loudness of these samples; see {@link LevelMeter}. */
export function levelOf(samples: Float32Array | Int16Array): { readonly peakDbfs: number; readonly rmsDbfs: number } {
  const meter = new LevelMeter();
  meter.add(samples);
  return { peakDbfs: meter.peakDbfs, rmsDbfs: meter.rmsDbfs };
}

const decibels = (amplitude: number): number => 20 * Math.log10(amplitude);
