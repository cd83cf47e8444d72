export interface PacedWorld {
  /** Returns what takes the timer back. */
  startTimer(run: () => void, afterMs: number): () => void;
}

/**
 * Does something as often as it is wanted, but so often at most and never twice at once: at once the first time, and what is
 * wanted meanwhile is done when the pace allows it, once.
 */
export class Paced {
  readonly #run: () => Promise<void>;
  readonly #paceMs: number;
  readonly #world: PacedWorld;
  #isWanted = false;
  #isResting = false;
  #isRunning = false;
  #isClosed = false;
  #stopTimer: (() => void) | undefined;

  constructor(run: () => Promise<void>, paceMs: number, world: PacedWorld) {
    this.#run = run;
    this.#paceMs = paceMs;
    this.#world = world;
  }

  want(): void {
    this.#isWanted = true;
    if (!this.#isResting) void this.#go();
  }

  /** As {@link want}, and its rest is over: for what nobody should wait for. */
  hurry(): void {
    this.#isWanted = true;
    if (this.#isRunning || this.#isClosed) return;
    this.#stopTimer?.();
    void this.#go();
  }

  /** Nothing more is done. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer?.();
  }

  async #go(): Promise<void> {
    this.#isWanted = false;
    this.#isResting = true;
    this.#isRunning = true;
    await this.#run();
    this.#isRunning = false;
    if (this.#isClosed) return;
    this.#stopTimer = this.#world.startTimer(() => {
      this.#isResting = false;
      if (this.#isWanted) void this.#go();
    }, this.#paceMs);
  }
}
