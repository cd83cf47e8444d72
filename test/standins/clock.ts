/** Time as an argument: what a stand-in or a test needs of it. `now` is in milliseconds since 1970 and never steps back. */
export interface Clock {
  now(): number;
  /** Runs once after `afterMs`; the returned function cancels it. */
  startTimer(run: () => void, afterMs: number): () => void;
}

/** The machine's clock, monotonic: a corrected wall clock neither loses nor doubles a timer. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  startTimer(run, afterMs) {
    const timer = setTimeout(run, afterMs);
    return () => clearTimeout(timer);
  },
};

export type TimerId = number;

interface Timer {
  readonly id: TimerId;
  readonly dueMs: number;
  readonly run: () => void;
}

/** What one `advance` may run before it is taken for two timers that start each other for ever. */
const TIMERS_PER_ADVANCE = 100_000;

/** A clock that stands still until a test moves it. Timers that are due at the same time run in the order they were set. */
export class ManualClock implements Clock {
  #nowMs: number;
  #timers: Timer[] = [];
  #ids = 0;

  /** @param startMs the time it begins with, in milliseconds since 1970. */
  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  readonly now = (): number => this.#nowMs;

  readonly setTimeout = (run: () => void, afterMs = 0): TimerId => {
    this.#ids += 1;
    this.#timers.push({ id: this.#ids, dueMs: this.#nowMs + Math.max(0, afterMs), run });
    // Stable: equal times keep the order in which they were set.
    this.#timers.sort((one, other) => one.dueMs - other.dueMs);
    return this.#ids;
  };

  /** An id that is unknown or has run is ignored, as by the platform. */
  readonly clearTimeout = (id: TimerId | undefined): void => {
    this.#timers = this.#timers.filter((timer) => timer.id !== id);
  };

  readonly startTimer = (run: () => void, afterMs: number): (() => void) => {
    const id = this.setTimeout(run, afterMs);
    return () => this.clearTimeout(id);
  };

  /** Resolves when the clock has been moved so far. */
  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.setTimeout(resolve, ms);
    });

  /** Times at which something is due, in milliseconds since 1970, soonest first. */
  get dueMs(): readonly number[] {
    return this.#timers.map((timer) => timer.dueMs);
  }

  /** Moves the time on, running what falls due at its own time; also what these timers set, if it falls due too. */
  readonly advance = (ms: number): void => {
    const untilMs = this.#endOf(ms);
    for (let ran = 0; this.#runNext(untilMs); ran += 1) this.#guard(ran);
    this.#nowMs = untilMs;
  };

  /** As `advance`, but lets awaiting code go on after every timer, so that it can set the next one. */
  readonly advanceAsync = async (ms: number): Promise<void> => {
    const untilMs = this.#endOf(ms);
    await settled();
    for (let ran = 0; this.#runNext(untilMs); ran += 1) {
      this.#guard(ran);
      await settled();
    }
    this.#nowMs = untilMs;
  };

  #endOf(ms: number): number {
    if (!(ms >= 0)) throw new RangeError("a clock moves forward only");
    return this.#nowMs + ms;
  }

  #guard(ran: number): void {
    if (ran >= TIMERS_PER_ADVANCE) throw new Error("timers set each other without end");
  }

  #runNext(untilMs: number): boolean {
    const next = this.#timers[0];
    if (next === undefined || next.dueMs > untilMs) return false;
    this.#timers.shift();
    this.#nowMs = next.dueMs;
    next.run();
    return true;
  }
}

/** Every callback that was ready has run: an immediate comes after all microtasks and what the loop had waiting. */
const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
