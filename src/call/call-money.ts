import type { Reason } from "../failure.ts";
import type { Budget, RunningLine } from "../protocol/bill.ts";
import type { CallBook } from "./call-book.ts";
import type { CallEnding } from "./call-ending.ts";
import type { CallCommand } from "./call-events.ts";
import { type CallFacts, END_OF_REFUSAL } from "./call-facts.ts";
import { runningLine } from "./phone-line.ts";
import type { TurnMaker } from "./turn-maker.ts";
import type { VoiceTurns } from "./voice-turns.ts";

/** An agent that is still speaking is heard out, up to here. */
const LAST_WORDS_MS = 30_000;

/** What a call does about a limit of somebody's money: says once that it is near, and goodbye when it is reached. */
export class CallMoney {
  readonly #facts: CallFacts;
  readonly #book: CallBook;
  readonly #turns: TurnMaker;
  readonly #voice: VoiceTurns | undefined;
  readonly #ending: CallEnding;
  readonly #emit: (command: CallCommand) => void;
  #budget: Budget | null = null;
  /** It is near, and nobody has said so yet: nobody is interrupted for it. */
  #owesWarning = false;
  #refusal: Reason | undefined;

  constructor(
    facts: CallFacts,
    book: CallBook,
    turns: TurnMaker,
    voice: VoiceTurns | undefined,
    ending: CallEnding,
    emit: (command: CallCommand) => void,
  ) {
    this.#facts = facts;
    this.#book = book;
    this.#turns = turns;
    this.#voice = voice;
    this.#ending = ending;
    this.#emit = emit;
  }

  /** How far the call is from a limit; null: nobody has said, or nothing limits it. */
  get budget(): Budget | null {
    return this.#budget;
  }

  /** What is billed by time and goes on: the phone. */
  get running(): RunningLine | null {
    const { fromCarrier, firstLegAtMs, endedAtMs } = this.#book.progress;
    if (!fromCarrier || firstLegAtMs === null || endedAtMs !== null) return null;
    return runningLine(this.#facts.sound !== null, firstLegAtMs);
  }

  told(budget: Budget, nowMs: number): void {
    if (JSON.stringify(budget) === JSON.stringify(this.#budget)) return;
    this.#budget = budget;
    this.#emit({ type: "caller", command: { type: "budget", budget } });
    if (budget.stage === "ok" || this.#book.progress.toldLow) return;
    this.#book.keep({ toldLow: true });
    this.#owesWarning = true;
    this.goOn(nowMs);
  }

  /** Nothing more may be spent. What is being said is paid for, and is finished. */
  refused(reason: Reason, nowMs: number): void {
    if (this.#refusal || this.#book.progress.closing) return;
    this.#refusal = reason;
    this.#owesWarning = false;
    if (this.#voice) this.#voice.isUnfunded = true;
    this.#emit({ type: "timer", timer: "goodbye", afterMs: LAST_WORDS_MS });
    this.goOn(nowMs);
  }

  /** Something was said to its end, or a session has reported. */
  goOn(nowMs: number): void {
    const { closing, endedAtMs, legs, legLostAtMs } = this.#book.progress;
    if (closing || endedAtMs !== null || legs === 0 || !this.#isQuiet) return;
    if (this.#refusal) {
      this.goodbye(nowMs);
    } else if (this.#owesWarning && legLostAtMs === null) {
      this.#owesWarning = false;
      this.#turns.announce("budget_low", nowMs);
    }
  }

  goodbye(nowMs: number): void {
    if (!this.#refusal || this.#book.progress.closing) return;
    this.#emit({ type: "timer", timer: "goodbye", afterMs: null });
    this.#ending.giveUp(this.#refusal, END_OF_REFUSAL[this.#refusal] ?? "budget", nowMs);
  }

  /** Nobody speaks. What an agent without money owes never comes. */
  get #isQuiet(): boolean {
    if (!this.#voice) return !this.#turns.isBusy;
    if (this.#refusal) return this.#voice.isPlayedOut;
    return this.#voice.isPlayedOut && !this.#turns.isBusy;
  }
}
