/** Sends for many calls at one pace: each has its own moment within the period, so that they do not send in step. */
import { nowMs } from "../stamps.ts";

/** The golden ratio spreads any number of moments evenly, also when more join later. */
const SPREAD = 0.618_033_988_749_895;
/** Behind by more, a call leaves moments out instead of sending a heap at once. */
const CATCH_UP_PERIODS = 25;

interface Slot {
  readonly send: () => void;
  dueMs: number;
}

export class Pacer {
  readonly #periodMs: number;
  readonly #slots: Slot[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  add(send: () => void): void {
    const share = (this.#slots.length * SPREAD) % 1;
    this.#slots.push({ send, dueMs: nowMs() + share * this.#periodMs });
    this.#timer ??= setInterval(() => this.#sendDue(nowMs()), 1);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#slots.length = 0;
  }

  #sendDue(atMs: number): void {
    for (const slot of this.#slots) {
      if (atMs - slot.dueMs > CATCH_UP_PERIODS * this.#periodMs) slot.dueMs = atMs;
      for (; slot.dueMs <= atMs; slot.dueMs += this.#periodMs) slot.send();
    }
  }
}
