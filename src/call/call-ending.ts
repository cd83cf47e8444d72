import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { EndReason } from "../protocol/call-record.ts";
import type { CallBook } from "./call-book.ts";
import type { CallCommand } from "./call-events.ts";
import { type CallFacts, END_OF_REFUSAL, FATAL } from "./call-facts.ts";
import type { Ledger } from "./ledger.ts";
import { linesOf } from "./phone-line.ts";
import type { Transcript } from "./transcript.ts";
import type { AnswerOutcome, TurnMaker } from "./turn-maker.ts";

/** After its last words a call stays open this much longer than they are thought to take. */
const GOODBYE_MARGIN_MS = 1_500;

/** How a call ends: with last words that are heard, once, and with nothing left open. */
export class CallEnding {
  readonly #facts: CallFacts;
  readonly #book: CallBook;
  readonly #transcript: Transcript;
  readonly #turns: TurnMaker;
  readonly #ledger: Ledger;
  readonly #emit: (command: CallCommand) => void;
  /** The caller has left; only what belongs into the record is still to come. */
  #isDraining = false;

  constructor(
    facts: CallFacts,
    book: CallBook,
    transcript: Transcript,
    turns: TurnMaker,
    ledger: Ledger,
    emit: (command: CallCommand) => void,
  ) {
    this.#facts = facts;
    this.#book = book;
    this.#transcript = transcript;
    this.#turns = turns;
    this.#ledger = ledger;
    this.#emit = emit;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Ends the call for a reason of `failure.ts`: in words where there are any. `endReason` null: only this socket. */
  giveUp(reason: Reason, endReason: EndReason | null, nowMs: number): void {
    const { spoken, closeCode } = factsOf(reason);
    this.#emit({ type: "log", event: { event: "socket-closed", callId: this.#facts.callId, code: reason } });
    this.tell(reason);
    if (endReason === null) {
      this.#emit({ type: "close-leg", closeCode });
      return;
    }
    this.#turns.stop(null, nowMs);
    const isHeard = this.#book.progress.legs > 0 && spoken !== undefined;
    if (isHeard) this.#turns.announce(reason, nowMs);
    this.close(endReason, closeCode, { reason }, isHeard ? spoken : "", nowMs);
  }

  /** A failure in writing, for a caller with a screen. */
  tell(reason: Reason): void {
    if (this.#book.progress.fromCarrier) return;
    const error = { type: "error" as const, code: reason, sentence: factsOf(reason).sentence };
    this.#emit({ type: "caller", command: error });
  }

  /** The agent has finished a turn: after some there is none more. */
  answered({ text, fatal, effect }: AnswerOutcome, nowMs: number): void {
    if (fatal) {
      const isOfMoney = END_OF_REFUSAL[fatal] === "budget";
      const isOfKey = FATAL.has(fatal) && !isOfMoney;
      if (isOfKey) this.#emit({ type: "key-refused", reason: fatal });
      this.tell(fatal);
      const endReason = isOfMoney ? "budget" : isOfKey ? "key-failed" : "upstream-failed";
      this.close(endReason, factsOf(fatal).closeCode, { reason: fatal }, text, nowMs);
    } else if (effect) {
      const isHandOver = effect.type === "hand-over";
      const handoff = { reason: isHandOver ? "hand-over" : "agent-ended", note: effect.reason };
      this.close(isHandOver ? "handed-over" : "agent-ended", 1000, handoff, text, nowMs);
    }
  }

  /** Last words that are heard get the time for it; a screen has them already. */
  close(
    endReason: EndReason,
    closeCode: number,
    handoff: Record<string, string>,
    lastWords: string,
    nowMs: number,
  ): void {
    const isHeard = (this.#book.progress.fromCarrier || this.#facts.sound !== null) && lastWords !== "";
    const unheardMs = isHeard ? this.#turns.unheardMs(lastWords) : 0;
    const waitMs = unheardMs === 0 ? 0 : unheardMs + GOODBYE_MARGIN_MS;
    this.#turns.close(true, nowMs);
    this.#book.keep({ closing: { endReason, closeCode, handoff, atMs: nowMs + waitMs } });
    if (waitMs === 0) this.finish(nowMs);
  }

  /** The caller is gone: at once, or after the moment that their last words and the last bill need. */
  left(endReason: EndReason, nowMs: number): void {
    if (this.#facts.sound !== null) {
      // Who has said goodbye still has a socket.
      this.#emit({ type: "caller", command: { type: "end", handoff: {}, endReason } });
      this.#emit({ type: "close-leg", closeCode: 1000 });
    }
    if (!this.#turns.awaitsRecord) {
      this.end(endReason, nowMs);
      return;
    }
    this.#turns.stop(null, nowMs);
    this.#turns.close(true, nowMs);
    this.#isDraining = true;
    this.#book.keep({ closing: { endReason, closeCode: 1000, handoff: {}, atMs: nowMs + LIMITS.voiceDrainMs } });
  }

  /** What was waited for before the end is over. */
  finish(nowMs: number): void {
    const { closing, legs } = this.#book.progress;
    if (!closing) return;
    const { endReason, handoff, closeCode } = closing;
    if (!this.#isDraining) {
      if (legs > 0) this.#emit({ type: "caller", command: { type: "end", handoff, endReason } });
      this.#emit({ type: "close-leg", closeCode });
    }
    this.end(endReason, nowMs);
  }

  end(endReason: EndReason, nowMs: number): void {
    this.#turns.stop(null, nowMs);
    this.#turns.close(false, nowMs);
    this.#ledger.closeOpen();
    this.#billLine(nowMs);
    this.#book.keep({ endedAtMs: nowMs, endReason, revision: this.#book.progress.revision + 1 });
    this.#emit({
      type: "log",
      event: {
        event: "call-end",
        callId: this.#facts.callId,
        endReason,
        durationMs: nowMs - this.#facts.startedAtMs,
        turns: this.#transcript.turns.length,
      },
    });
    this.#emit({ type: "archive" });
  }

  /** Time on the phone, from the caller's first moment here; a line that was lost meanwhile is billed all the same. */
  #billLine(nowMs: number): void {
    const { fromCarrier, firstLegAtMs } = this.#book.progress;
    if (!fromCarrier || firstLegAtMs === null) return;
    const lineMs = Math.max(0, Math.round(nowMs - firstLegAtMs));
    for (const line of linesOf(this.#facts.sound !== null)) this.#ledger.addLine(line, lineMs, nowMs);
  }
}
