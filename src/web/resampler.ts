import { SOUND_HZ } from "../protocol/call-messages.ts";

/** Zero crossings of the filter on either side. With Blackman's window that is 70 dB and more of stop band. */
const LOBES = 32;
/** Where the filter is 6 dB down, as a share of the lower Nyquist frequency: its skirt ends at Nyquist. */
const EDGE = 0.91;
/** Places between two input samples for which weights are kept; between places they are interpolated, 100 dB clean. */
const PLACES = 512;

/**
 * A stream of samples at another rate, any to any, by a sinc under a Blackman window. Flat (0.1 dB) up to 0.8 of the lower
 * Nyquist frequency, 6 dB down at {@link EDGE} of it, and what the new rate cannot hold is at least 70 dB down: for 24 kHz,
 * speech up to 9.6 kHz is untouched and nothing folds back into it. Behind by 36 samples of the lower rate (1.5 ms at 24 kHz).
 */
export class Resampler {
  /** Input samples for one output sample. */
  readonly #step: number;
  readonly #reach: number;
  /** Weights by place and distance, one row of `2 * reach` for each place and one beyond the last. */
  readonly #weights: Float32Array;
  /** Input that still matters: begins `reach - 1` samples before the next output sample's place, as far as that has come. */
  #input: Float32Array;
  #filled: number;
  /** Place of the next output sample in `#input`. */
  #position: number;
  #out = new Float32Array(0);

  /** @throws RangeError when a rate is not a positive number. */
  constructor(fromHz: number, toHz: number = SOUND_HZ) {
    if (!(fromHz > 0 && toHz > 0 && Number.isFinite(fromHz + toHz))) throw new RangeError("a rate is above 0 Hz");
    this.#step = fromHz / toHz;
    const edge = EDGE * Math.min(1, toHz / fromHz);
    this.#reach = Math.ceil(LOBES / edge);
    this.#weights = weightsOf(edge, this.#reach);
    this.#input = new Float32Array(4 * this.#reach);
    // Silence before the first sample.
    this.#filled = this.#reach - 1;
    this.#position = this.#reach - 1;
  }

  /**
   * The samples that are due after these. What is returned is a buffer of the resampler's own, good until the next push, or
   * the samples themselves when there is nothing to do: after the first few, nothing is allocated.
   */
  push(samples: Float32Array): Float32Array {
    if (this.#step === 1) return samples;
    this.#append(samples);
    return this.#produce();
  }

  /** The end of the stream: what is still in the filter. Afterwards a new stream can begin. */
  flush(): Float32Array {
    if (this.#step === 1) return new Float32Array(0);
    this.#append(new Float32Array(this.#reach));
    const rest = this.#produce().slice();
    this.#input.fill(0);
    this.#filled = this.#reach - 1;
    this.#position = this.#reach - 1;
    return rest;
  }

  #append(samples: Float32Array): void {
    if (this.#filled + samples.length > this.#input.length) {
      const wider = new Float32Array(2 * (this.#filled + samples.length));
      wider.set(this.#input.subarray(0, this.#filled));
      this.#input = wider;
    }
    this.#input.set(samples, this.#filled);
    this.#filled += samples.length;
  }

  #produce(): Float32Array {
    const input = this.#input;
    const reach = this.#reach;
    const width = 2 * reach;
    const room = Math.max(0, Math.ceil((this.#filled - reach - this.#position) / this.#step)) + 1;
    if (this.#out.length < room) this.#out = new Float32Array(2 * room);
    let count = 0;
    for (; Math.floor(this.#position) + reach < this.#filled; this.#position += this.#step) {
      const whole = Math.floor(this.#position);
      const place = (this.#position - whole) * PLACES;
      const row = Math.floor(place);
      const share = place - row;
      const first = whole - reach + 1;
      let low = 0;
      let high = 0;
      for (let tap = 0; tap < width; tap++) {
        const sample = input[first + tap] ?? 0;
        low += sample * (this.#weights[row * width + tap] ?? 0);
        high += sample * (this.#weights[(row + 1) * width + tap] ?? 0);
      }
      this.#out[count++] = low + share * (high - low);
    }
    const passed = Math.floor(this.#position) - reach + 1;
    if (passed > 0) {
      input.copyWithin(0, passed, this.#filled);
      this.#filled -= passed;
      this.#position -= passed;
    }
    return this.#out.subarray(0, count);
  }
}

/** All of a sound at 24 kHz. As long as it was: `length * 24,000 / fromHz` samples, rounded up. */
export function resampleAll(samples: Float32Array, fromHz: number): Float32Array {
  const resampler = new Resampler(fromHz);
  const head = resampler.push(samples).slice();
  const tail = resampler.flush();
  const out = new Float32Array(Math.ceil((samples.length * SOUND_HZ) / fromHz));
  out.set(head.subarray(0, out.length));
  out.set(tail.subarray(0, out.length - head.length), head.length);
  return out;
}

function weightsOf(edge: number, reach: number): Float32Array {
  const width = 2 * reach;
  const weights = new Float32Array((PLACES + 1) * width);
  for (let place = 0; place <= PLACES; place++) {
    const row = weights.subarray(place * width, (place + 1) * width);
    let sum = 0;
    for (let tap = 0; tap < width; tap++) {
      const distance = tap - reach + 1 - place / PLACES;
      const turn = (Math.PI * distance) / (LOBES / edge);
      const window = Math.abs(distance) >= LOBES / edge ? 0 : 0.42 + 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
      row[tap] = edge * sinc(edge * distance) * window;
      sum += row[tap] ?? 0;
    }
    // Every place lets a constant through as it is; otherwise the rows would hum at the rate at which they alternate.
    for (let tap = 0; tap < width; tap++) row[tap] = (row[tap] ?? 0) / sum;
  }
  return weights;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
