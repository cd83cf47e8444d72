import type { Buffer } from "node:buffer";
import type { Clock } from "./clock.ts";

/** Mu-law at 8 kHz. */
export const BYTES_PER_MS = 8;
/** Sums of milliseconds since 1970 are exact to a fraction of a microsecond only: a byte that is due by that much is due. */
const SLACK_BYTES = 0.01;
/** One byte. */
const SHORTEST_WAIT_MS = 1 / BYTES_PER_MS;

/** A piece of sound as it was played without a break; times are milliseconds of the stream. */
export interface HeardSound {
  readonly atMs: number;
  readonly mulaw: Buffer;
}

type Queued = { readonly mulaw: Buffer } | { readonly mark: string };

/** Time of a stream, which may run faster than the clock's. */
export interface StreamTime {
  readonly clock: Clock;
  readonly pace: number;
  /** Milliseconds since the stream began. */
  now(): number;
}

/** The ear of the phone: plays what it is sent in order and in its time, and echoes each mark when it comes to it. */
export class MediaPlayer {
  readonly heard: HeardSound[] = [];
  heardMs = 0;
  readonly #time: StreamTime;
  readonly #onMark: (name: string) => void;
  readonly #onChange: () => void;
  #queue: Queued[] = [];
  /** Up to here it is settled what was played. */
  #settledMs = 0;
  #cancelTimer: () => void = () => undefined;

  constructor(time: StreamTime, onMark: (name: string) => void, onChange: () => void) {
    this.#time = time;
    this.#onMark = onMark;
    this.#onChange = onChange;
  }

  /** Milliseconds of sound that wait to be played. */
  get queuedMs(): number {
    this.#settle();
    return this.#queue.reduce((sum, entry) => sum + ("mulaw" in entry ? entry.mulaw.length : 0), 0) / BYTES_PER_MS;
  }

  play(mulaw: Buffer): void {
    this.#settle();
    this.#queue.push({ mulaw });
    this.#run();
  }

  mark(name: string): void {
    this.#settle();
    this.#queue.push({ mark: name });
    this.#run();
  }

  /** Drops what waits, and echoes its marks in their order. Returns the milliseconds of sound that nobody will hear. */
  clear(): number {
    const voidMs = this.queuedMs;
    for (const entry of this.#queue.splice(0)) if ("mark" in entry) this.#onMark(entry.mark);
    this.#run();
    return voidMs;
  }

  /** Nothing is played or echoed any more. */
  stop(): void {
    this.#settle();
    this.#cancelTimer();
    this.#queue = [];
  }

  #run(): void {
    this.#settle();
    this.#onChange();
    this.#cancelTimer();
    if (this.#queue.length === 0) return;
    // The next thing that anybody notices: a mark, or the end of all sound.
    const nextMark = this.#queue.findIndex((entry) => "mark" in entry);
    const before = nextMark === -1 ? this.#queue : this.#queue.slice(0, nextMark);
    const bytes = before.reduce((sum, entry) => sum + ("mulaw" in entry ? entry.mulaw.length : 0), 0);
    const waitMs = this.#settledMs + bytes / BYTES_PER_MS - this.#time.now();
    this.#cancelTimer = this.#time.clock.startTimer(
      () => this.#run(),
      Math.max(waitMs, SHORTEST_WAIT_MS) / this.#time.pace,
    );
  }

  /** Plays what was due by now. */
  #settle(): void {
    const nowMs = this.#time.now();
    for (let entry = this.#queue[0]; entry; entry = this.#queue[0]) {
      if ("mark" in entry) {
        this.#queue.shift();
        this.#onMark(entry.mark);
        continue;
      }
      const dueBytes = Math.floor((nowMs - this.#settledMs) * BYTES_PER_MS + SLACK_BYTES);
      if (dueBytes <= 0) return;
      const mulaw = entry.mulaw.subarray(0, dueBytes);
      this.heard.push({ atMs: this.#settledMs, mulaw });
      this.heardMs += mulaw.length / BYTES_PER_MS;
      this.#settledMs += mulaw.length / BYTES_PER_MS;
      if (mulaw.length === entry.mulaw.length) this.#queue.shift();
      else this.#queue[0] = { mulaw: entry.mulaw.subarray(dueBytes) };
    }
    this.#settledMs = Math.max(this.#settledMs, nowMs);
  }
}
