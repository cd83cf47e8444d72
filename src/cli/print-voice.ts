import type { CallMessage, TurnMessage } from "../protocol/call-messages.ts";
import type { TurnTimings } from "../protocol/call-record.ts";
import type { CallPrinter } from "./print-call.ts";

interface ShownTurn {
  speaker: TurnMessage["speaker"];
  /** Its words so far. */
  words: string;
  turn: TurnMessage | undefined;
}

/**
 * A spoken call as lines. Words stand in the order in which they were said, though the caller's are often written down
 * after the agent has answered: what comes later waits. The agent's are printed as they come, when it is their turn.
 */
export class VoicePrinter {
  readonly #printer: CallPrinter;
  readonly #turns = new Map<number, ShownTurn>();
  /** All turns up to this one are printed. */
  #doneSeq = 0;
  /** How many characters stand there already of the one after it. */
  #shown = 0;

  constructor(printer: CallPrinter) {
    this.#printer = printer;
  }

  /** Words of the caller are still to come. */
  get awaitsWords(): boolean {
    return [...this.#turns].some(([seq, turn]) => seq > this.#doneSeq && turn.speaker === "caller" && !isWritten(turn));
  }

  message(message: CallMessage): void {
    switch (message.type) {
      case "call-start":
        for (const turn of message.turns) this.#keep(turn);
        break;
      case "caption": {
        const shown = this.#turns.get(message.seq) ?? { speaker: message.speaker, words: "", turn: undefined };
        shown.words += message.delta;
        this.#turns.set(message.seq, shown);
        break;
      }
      case "turn":
        this.#keep(message);
        break;
      default:
        return;
    }
    this.#print(false, false);
  }

  /** The agent has finished: its last turn will not change any more. */
  settle(): void {
    this.#print(true, false);
  }

  /** Nothing comes any more. */
  finish(): void {
    this.#print(true, true);
  }

  #keep(turn: TurnMessage): void {
    const words = this.#turns.get(turn.seq)?.words ?? "";
    // The words of a whole turn are put together anew: as captions they may stand there already.
    this.#turns.set(turn.seq, { speaker: turn.speaker, words: turn.text === "" ? words : turn.text, turn });
  }

  #print(isSettled: boolean, isOver: boolean): void {
    const seqs = [...this.#turns.keys()].filter((seq) => seq > this.#doneSeq).sort((one, other) => one - other);
    for (const [index, seq] of seqs.entries()) {
      const shown = this.#turns.get(seq);
      const isLast = index === seqs.length - 1;
      if (shown && !this.#printTurn(shown, isLast && !isSettled, isOver)) return;
      this.#doneSeq = seq;
      this.#shown = 0;
    }
  }

  /** Returns whether that was all of it. */
  #printTurn(shown: ShownTurn, mayGrow: boolean, isOver: boolean): boolean {
    switch (shown.speaker) {
      case "caller":
        if (!isWritten(shown) && !isOver) return false;
        this.#printer.caller(shown.turn?.text || shown.words || "(not written down)");
        return true;
      case "tool":
        if (!shown.turn?.toolCall || (shown.turn.toolCall.outcome === "pending" && !isOver)) return false;
        this.#printer.toolCall(shown.turn.toolCall);
        return true;
      case "agent": {
        const more = shown.words.slice(this.#shown);
        if (more !== "") this.#printer.words(more);
        this.#shown = Math.max(this.#shown, shown.words.length);
        if (mayGrow) return false;
        this.#printer.endLine();
        this.#printFigures(shown.turn);
        return true;
      }
    }
  }

  #printFigures(turn: TurnMessage | undefined): void {
    if (turn?.heardText != null) this.#printer.note(`heard of it: ${turn.heardText || "nothing"}`);
    if (turn?.failure != null) this.#printer.note(`failed: ${turn.failure}`);
    const figures = turn?.timings ? timingsOf(turn.timings) : "";
    if (figures !== "") this.#printer.note(figures);
  }
}

const isWritten = ({ turn }: ShownTurn): boolean => turn !== undefined && (turn.text !== "" || turn.failure !== null);

/** The figures that are known, in the order of the events. */
const timingsOf = ({ ttftMs, ttfbMs, turnLatencyMs, heardLatencyMs }: TurnTimings): string =>
  [
    ["to its first text", ttftMs],
    ["to its first sound", ttfbMs],
    ["until that left", turnLatencyMs],
    ["until it was heard", heardLatencyMs],
  ]
    .flatMap(([name, ms]) => (typeof ms === "number" ? [`${Math.round(ms)} ms ${name}`] : []))
    .join(", ");
