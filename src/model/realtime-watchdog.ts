import type { StartTimer } from "./responses.ts";

/**
 * Notices when what is due does not come. One timer: moving the deadline on is a note, not a new timer for each event.
 */
export class Watchdog {
  readonly #startTimer: StartTimer;
  readonly #nowMs: () => number;
  readonly #onExpired: () => void;
  /** Infinite while nothing is due. */
  #dueMs = Number.POSITIVE_INFINITY;
  /** When the timer runs; infinite while there is none. */
  #wakesMs = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => {};

  constructor(clock: { readonly startTimer: StartTimer; readonly nowMs: () => number }, onExpired: () => void) {
    this.#startTimer = clock.startTimer;
    this.#nowMs = clock.nowMs;
    this.#onExpired = onExpired;
  }

  /** Something must come within `ms` from now. Cheap when the deadline moves on, as it does with each event. */
  expect(ms: number): void {
    this.#dueMs = this.#nowMs() + ms;
    if (this.#dueMs < this.#wakesMs) this.#wakeIn(ms);
  }

  /** Nothing is due. */
  rest(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  stop(): void {
    this.rest();
    this.#wakesMs = Number.POSITIVE_INFINITY;
    this.#cancel();
  }

  #wakeIn(ms: number): void {
    this.#cancel();
    this.#wakesMs = this.#nowMs() + ms;
    this.#cancel = this.#startTimer(() => {
      this.#wakesMs = Number.POSITIVE_INFINITY;
      const leftMs = this.#dueMs - this.#nowMs();
      if (leftMs === Number.POSITIVE_INFINITY) return;
      if (leftMs > 0) this.#wakeIn(leftMs);
      else this.#onExpired();
    }, ms);
  }
}
