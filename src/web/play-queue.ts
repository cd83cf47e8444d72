import { SOUND_HZ } from "../protocol/call-messages.ts";

const SAMPLES_PER_MS = SOUND_HZ / 1_000;
/** Held back when sound begins, so that a frame that comes a little late makes no gap. */
const START_MS = 60;
/** Played pieces are taken out of the list in one go, not one by one: an array is slow to lose its head. */
const PIECES_PER_SWEEP = 64;

/**
 * Sound that has come and waits to be played: 24 kHz mono, for an AudioWorklet and for a terminal. Pure: time passes by the
 * samples that are pulled. When there is nothing to play, playing begins with {@link START_MS} of sound in hand, or when its
 * first sample has waited that long; so too after a gap.
 */
export class PlayQueue {
  #pieces: Int16Array[] = [];
  /** The piece that is being played, and how much of it was. */
  #head = 0;
  #offset = 0;
  #queued = 0;
  #received = 0;
  #isPlaying = false;
  /** Samples of silence pulled while sound waited to begin. */
  #waited = 0;
  #began = false;
  #ended = false;
  readonly #startSamples: number;

  constructor(startMs: number = START_MS) {
    this.#startSamples = startMs * SAMPLES_PER_MS;
  }

  /** Adds sound. The samples are not copied: they must not be changed afterwards. */
  push(pcm16: Int16Array): void {
    if (pcm16.length === 0) return;
    this.#pieces.push(pcm16);
    this.#queued += pcm16.length;
    this.#received += pcm16.length;
  }

  /** Fills all of `out`, with silence where there is nothing to play. Returns how many samples of sound were played. */
  pull(out: Float32Array | Int16Array): number {
    if (!this.#isPlaying && !this.#mayBegin(out.length)) {
      out.fill(0);
      return 0;
    }
    const played = Math.min(out.length, this.#queued);
    this.#take(out, played);
    out.fill(0, played);
    if (played < out.length) this.#end();
    return played;
  }

  /**
   * All that waits is void, and counts as passed over from now on. Returns the position at the cut, in milliseconds, which
   * is to be reported before any later one.
   */
  clear(): number {
    const cutMs = this.positionMs;
    this.#pieces = [];
    this.#head = 0;
    this.#offset = 0;
    this.#queued = 0;
    this.#end();
    return cutMs;
  }

  /** A new socket has opened: positions count from here. What waits goes on playing, and belongs to no position. */
  resetPosition(): void {
    this.#received = 0;
  }

  /** What `played` reports: milliseconds received since the socket opened, less what of it waits to be played. */
  get positionMs(): number {
    return (this.#received - Math.min(this.#queued, this.#received)) / SAMPLES_PER_MS;
  }

  /** Milliseconds received since the socket opened, played or not. */
  get receivedMs(): number {
    return this.#received / SAMPLES_PER_MS;
  }

  get queuedMs(): number {
    return this.#queued / SAMPLES_PER_MS;
  }

  /** Sound is being played. False while the first of it is held back. */
  get isPlaying(): boolean {
    return this.#isPlaying;
  }

  /** Whether playing has begun since this was last asked. */
  takeBegan(): boolean {
    const began = this.#began;
    this.#began = false;
    return began;
  }

  /** Whether playing has ended, run dry or cleared, since this was last asked. */
  takeEnded(): boolean {
    const ended = this.#ended;
    this.#ended = false;
    return ended;
  }

  #mayBegin(samples: number): boolean {
    if (this.#queued === 0) return false;
    if (this.#queued < this.#startSamples && this.#waited < this.#startSamples) {
      this.#waited += samples;
      return false;
    }
    this.#isPlaying = true;
    this.#began = true;
    return true;
  }

  #end(): void {
    this.#waited = 0;
    if (!this.#isPlaying) return;
    this.#isPlaying = false;
    this.#ended = true;
  }

  #take(out: Float32Array | Int16Array, samples: number): void {
    const isFloat = out instanceof Float32Array;
    for (let done = 0; done < samples; ) {
      const piece = this.#pieces[this.#head];
      if (piece === undefined) break;
      const count = Math.min(piece.length - this.#offset, samples - done);
      if (isFloat) {
        for (let index = 0; index < count; index++) out[done + index] = (piece[this.#offset + index] ?? 0) / 32_768;
      } else {
        for (let index = 0; index < count; index++) out[done + index] = piece[this.#offset + index] ?? 0;
      }
      done += count;
      this.#offset += count;
      if (this.#offset === piece.length) this.#next();
    }
    this.#queued -= samples;
  }

  #next(): void {
    this.#offset = 0;
    this.#head++;
    if (this.#head < PIECES_PER_SWEEP && this.#head < this.#pieces.length) return;
    this.#pieces.splice(0, this.#head);
    this.#head = 0;
  }
}
