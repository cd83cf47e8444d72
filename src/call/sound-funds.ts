import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { StartTimer } from "../model/responses.ts";
import type { Purse } from "./purse.ts";

export interface SoundFundsPorts {
  readonly nowMs: () => number;
  readonly startTimer: StartTimer;
  /** The most that what comes next can cost, in micro-dollars; null: no price is known. */
  readonly needMicroUsd: () => number | null;
  /** There is no more: what is being said may be finished. */
  readonly onRefused: (reason: Reason) => void;
}

/** A turn cannot be over and answered sooner after the one before: the model listens longer than this for its end. */
const ANSWER_AFTER_MS = 400;

/**
 * Keeps a call with sound in money. The model begins to answer by itself, so what an answer may cost is reserved before the
 * caller's sound may lead to one; while nobody has granted that, the model hears nothing.
 */
export class SoundFunds {
  readonly #purse: Purse;
  readonly #ports: SoundFundsPorts;
  #askedAtMs: number | undefined;
  #cancelTimer: (() => void) | undefined;
  #isRefused = false;
  #opening = 0;

  constructor(purse: Purse, ports: SoundFundsPorts) {
    this.#purse = purse;
    this.#ports = ports;
  }

  /** Frame path: whether the caller's sound may go to the model. */
  get passes(): boolean {
    if (this.#askedAtMs === undefined) return !this.#isRefused;
    return this.#ports.nowMs() - this.#askedAtMs < ANSWER_AFTER_MS;
  }

  /** Before a session begins. Returns why it may not. */
  async open(): Promise<Reason | undefined> {
    this.#opening += 1;
    const refusal = await this.#purse.cover(this.#ports.needMicroUsd());
    this.#opening -= 1;
    if (!refusal) this.#watch();
    return refusal;
  }

  /** An answer has begun or come to its end: the next one must be covered too. */
  changed(): void {
    // A call that woke without its session has only to tell what it has spent.
    if (!this.#cancelTimer && this.#opening === 0) void this.#purse.settle();
    else this.#renew(false);
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #renew(isDue: boolean): void {
    if (this.#purse.isFree || this.#isRefused || this.#askedAtMs !== undefined || !this.#cancelTimer) return;
    const need = this.#ports.needMicroUsd();
    const isHeld = need !== null && this.#purse.holds(need);
    // Where enough is held, only what was spent is told: nobody has to wait for that.
    if (!isHeld) this.#askedAtMs = this.#ports.nowMs();
    void this.#purse.renew(need, isDue).then((refusal) => {
      this.#askedAtMs = undefined;
      if (!refusal) return;
      this.#isRefused = true;
      this.#ports.onRefused(refusal);
    });
  }

  /**
   * What is held must be asked for again before it is free, also while nobody speaks: long before, because a call that dies
   * tells what it has spent only when its alarm wakes it.
   */
  #watch(): void {
    if (this.#purse.isFree) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#ports.startTimer(() => {
      this.#renew(true);
      this.#watch();
    }, LIMITS.fundedSoundMs);
  }
}
