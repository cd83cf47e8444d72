import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { StartTimer } from "../model/responses.ts";
import type { Budget } from "../protocol/bill.ts";
import type { FundsReply } from "../workshop/funds.ts";

/**
 * `lent`: the instructor's key; nothing is spent that was not reserved, and nothing when nobody can say. `capped`: the
 * student's own key with a cap of their own; a workshop that does not answer keeps nobody from it. `free`: nobody limits it.
 */
export type PurseTerms = "lent" | "capped" | "free";

export interface PursePorts {
  /** A cap may be set in mid-call. */
  readonly terms: () => PurseTerms;
  readonly nowMs: () => number;
  readonly startTimer: StartTimer;
  /** Asks the workshop's object: settles what was spent so far, and reserves what comes next. */
  readonly ask: (sums: { readonly spentMicroUsd: number; readonly needMicroUsd: number }) => Promise<FundsReply>;
  /** All that the call has spent so far. */
  readonly spentMicroUsd: () => number;
  readonly onBudget: (budget: Budget) => void;
  /** The workshop did not answer, or not in time. */
  readonly onSilence?: (() => void) | undefined;
}

/** What is held is not used up to its last moment: clocks differ, and an answer takes its time. */
const EARLY_MS = 20_000;
const HELD_RETRY_MS = 500;
/** After a reply that never came; doubles each time. What was held lapses at the workshop after `reservationMs`. */
const FIRST_RETRY_MS = 2_000;
const MOST_RETRY_MS = 30_000;

/**
 * The money a call may spend: reserved at the workshop's object before it can be spent, settled after. One question is on its
 * way at a time, so that an older one never undoes a newer one.
 */
export class Purse {
  readonly #ports: PursePorts;
  /** Reserved beyond what was spent when it was asked for. */
  #heldMicroUsd = 0;
  #spentAtAskMicroUsd = 0;
  #untilMs = 0;
  #asking: Promise<Reason | undefined> = Promise.resolve(undefined);
  /** As the workshop knows it, which then holds only {@link #heldMicroUsd}; -1: nobody has said so. */
  #settledMicroUsd = -1;
  /** Why it was refused last. */
  #heldFor: Reason | undefined;
  /** The call is over: nothing comes next. */
  #isClosed = false;
  #cancelRetry: () => void = () => undefined;

  constructor(ports: PursePorts) {
    this.#ports = ports;
  }

  /** Nobody limits this call: nothing is asked, and nothing waits. */
  get isFree(): boolean {
    return this.#ports.terms() === "free";
  }

  /** Whether so much may be spent now. */
  holds(needMicroUsd: number): boolean {
    if (this.isFree) return true;
    const isLeft = this.#leftMicroUsd(this.#ports.spentMicroUsd()) >= needMicroUsd;
    return isLeft && this.#ports.nowMs() < this.#untilMs - EARLY_MS;
  }

  #leftMicroUsd(spentMicroUsd: number): number {
    return this.#heldMicroUsd - (spentMicroUsd - this.#spentAtAskMicroUsd);
  }

  /**
   * Reserves the most that comes next may cost, in micro-dollars; `null`: no price is known for it.
   *
   * @returns why it may not be spent. Never rejects.
   */
  cover(needMicroUsd: number | null): Promise<Reason | undefined> {
    if (this.isFree || (needMicroUsd !== null && this.holds(needMicroUsd))) return Promise.resolve(undefined);
    if (needMicroUsd === null) return Promise.resolve(this.#isLent ? "unpriced_model" : undefined);
    return this.#ask(needMicroUsd);
  }

  /** As {@link cover}, and tells what was spent since it was last told, also where enough is held. `isDue`: in any case. */
  renew(needMicroUsd: number | null, isDue = false): Promise<Reason | undefined> {
    const isNothingNew = this.isFree || (this.#isTold && !isDue);
    if (needMicroUsd === null || isNothingNew || !this.holds(needMicroUsd)) return this.cover(needMicroUsd);
    return this.#ask(needMicroUsd, true);
  }

  /**
   * Nothing comes next for now: what was held and not spent is free for others. Told again until somebody has heard it, or
   * something does come next.
   */
  async settle(): Promise<void> {
    this.#cancelRetry();
    if (this.isFree || this.#isSettled) return;
    await this.#ask(0);
    this.#settleLater(FIRST_RETRY_MS);
  }

  #settleLater(afterMs: number): void {
    this.#cancelRetry();
    if (!this.#isUnheard) return;
    this.#cancelRetry = this.#ports.startTimer(() => {
      // Behind what is on its way, which may be for what comes next.
      this.#asking = this.#asking.then(() => (this.#isUnheard ? this.#askNow(0, false) : undefined));
      void this.#asking.then(() => this.#settleLater(Math.min(2 * afterMs, MOST_RETRY_MS)));
    }, afterMs);
  }

  /** Nothing is held here, and nobody has said that they know what was spent. */
  get #isUnheard(): boolean {
    return !this.#isClosed && !this.isFree && this.#heldMicroUsd === 0 && !this.#isTold;
  }

  /** The call is over: the workshop learns all that was spent, also of a call that nobody limits. False: it did not. */
  async close(): Promise<boolean> {
    this.#isClosed = true;
    this.#cancelRetry();
    // What is on its way may still be granted, and nobody would give it back.
    await this.#asking;
    if (this.#settledMicroUsd === -1 && this.#ports.spentMicroUsd() === 0) return true;
    if (!this.#isSettled) await this.#ask(0);
    return this.#isSettled;
  }

  /** Whether the workshop knows all that was spent. */
  get #isTold(): boolean {
    return this.isFree || this.#settledMicroUsd === this.#ports.spentMicroUsd();
  }

  get #isSettled(): boolean {
    return this.#heldMicroUsd === 0 && this.#settledMicroUsd === this.#ports.spentMicroUsd();
  }

  get #isLent(): boolean {
    return this.#ports.terms() === "lent";
  }

  #ask(needMicroUsd: number, isToTell = false): Promise<Reason | undefined> {
    this.#asking = this.#asking.then(() => this.#askNow(needMicroUsd, isToTell));
    return this.#asking;
  }

  async #askNow(needMicroUsd: number, isToTell: boolean): Promise<Reason | undefined> {
    if (this.#isClosed && needMicroUsd > 0) return this.#heldFor ?? "money_unreachable";
    // Whoever asked before may have reserved enough for both.
    if (needMicroUsd > 0 && !isToTell && this.holds(needMicroUsd)) return undefined;
    const untilMs = this.#ports.nowMs() + LIMITS.fundsPatienceMs;
    for (;;) {
      const refusal = await this.#askOnce(needMicroUsd);
      if (refusal !== "held") return refusal;
      if (this.#ports.nowMs() >= untilMs) return this.#heldFor;
      // Others hold it for an answer of theirs, which takes a moment, and give back what that did not need.
      await new Promise<void>((resolve) => void this.#ports.startTimer(resolve, HELD_RETRY_MS));
      if (this.#isClosed) return this.#heldFor;
    }
  }

  async #askOnce(needMicroUsd: number): Promise<Reason | "held" | undefined> {
    const spentMicroUsd = this.#ports.spentMicroUsd();
    const asked = this.#ports.ask({ spentMicroUsd, needMicroUsd });
    const reply = await this.#inTime(asked);
    if (!reply) {
      this.#ports.onSilence?.();
      // Carried out or not: the smaller of both is held in any case.
      this.#heldMicroUsd = Math.max(0, Math.min(this.#leftMicroUsd(spentMicroUsd), needMicroUsd));
      this.#spentAtAskMicroUsd = spentMicroUsd;
      this.#settledMicroUsd = -1;
      return this.#isLent && !this.holds(needMicroUsd) ? "money_unreachable" : undefined;
    }
    // Refused, what was held before still is, for what goes on; nothing new may begin on it.
    this.#settledMicroUsd = reply.granted ? spentMicroUsd : -1;
    this.#spentAtAskMicroUsd = spentMicroUsd;
    this.#heldMicroUsd = reply.granted ? needMicroUsd : 0;
    this.#untilMs = reply.granted ? Math.min(reply.untilMs, this.#ports.nowMs() + LIMITS.reservationMs) : 0;
    if (reply.budget) this.#ports.onBudget(reply.budget);
    if (reply.granted) return undefined;
    this.#heldFor = reply.reason;
    return reply.isHeld ? "held" : reply.reason;
  }

  async #inTime(asked: Promise<FundsReply>): Promise<FundsReply | undefined> {
    const patience = Promise.withResolvers<undefined>();
    const cancel = this.#ports.startTimer(() => patience.resolve(undefined), LIMITS.workshopMs);
    const reply = await Promise.race([asked.catch(() => undefined), patience.promise]);
    cancel();
    return reply;
  }
}
