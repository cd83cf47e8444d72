import type { Clock } from "./clock.ts";

/** The timers of one session, so that none of them outlives it. */
export class Timers {
  readonly #clock: Clock;
  readonly #cancels = new Set<() => void>();
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs once after `ms`; the returned function cancels it. After `stopAll` nothing is started. */
  start(run: () => void, ms: number): () => void {
    if (this.#isStopped) return () => {};
    const cancel = (): void => {
      stop();
      this.#cancels.delete(cancel);
    };
    const stop = this.#clock.startTimer(() => {
      this.#cancels.delete(cancel);
      run();
    }, ms);
    this.#cancels.add(cancel);
    return cancel;
  }

  /** Runs again and again. */
  repeat(run: () => void, everyMs: number): void {
    this.start(() => {
      run();
      this.repeat(run, everyMs);
    }, everyMs);
  }

  stopAll(): void {
    this.#isStopped = true;
    for (const cancel of this.#cancels) cancel();
  }
}
