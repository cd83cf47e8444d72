import type { TurnRecord, Usage } from "../protocol/call-record.ts";
import type { Transcript } from "./transcript.ts";

/** A turn whose words are still to come. */
interface CallerTurn {
  readonly seq: number;
  isOver: boolean;
}

/**
 * The caller's spoken turns. They take their place in the transcript when speech begins, and their words, which are
 * written down by another model and often come after the answer, go to that place.
 */
export class CallerTurns {
  readonly #transcript: Transcript;
  readonly #keepTurn: (turn: TurnRecord) => void;
  /** By the model's item. Only those whose words are still to come. */
  readonly #open = new Map<string, CallerTurn>();

  constructor(transcript: Transcript, keepTurn: (turn: TurnRecord) => void) {
    this.#transcript = transcript;
    this.#keepTurn = keepTurn;
  }

  /** Turns that are over and have no words yet. */
  get awaitsWords(): boolean {
    return [...this.#open.values()].some(({ isOver }) => isOver);
  }

  /** Speech begins: the turn has its place, and is kept when it is over. */
  begin(itemId: string, nowMs: number): void {
    if (this.#open.has(itemId)) return;
    const { seq } = this.#transcript.add({ speaker: "caller", startedAtMs: nowMs, text: "" });
    this.#open.set(itemId, { seq, isOver: false });
  }

  over(itemId: string, beganAtMs: number): void {
    this.begin(itemId, beganAtMs);
    const turn = this.#open.get(itemId);
    if (!turn || turn.isOver) return;
    turn.isOver = true;
    this.#change(turn.seq, {});
  }

  seqOf(itemId: string): number | undefined {
    return this.#open.get(itemId)?.seq;
  }

  words(itemId: string, text: string, usage: Usage | null): void {
    this.#settle(itemId, { text: text.trim(), usage });
  }

  /** Nobody could write down what was said. The model has heard it all the same. */
  wordsFailed(itemId: string): void {
    this.#settle(itemId, { failure: "transcript_missing" });
  }

  /** The session is gone, and with it the words that were to come. */
  lost(): void {
    for (const itemId of [...this.#open.keys()]) this.wordsFailed(itemId);
  }

  #settle(itemId: string, fields: Partial<TurnRecord>): void {
    const turn = this.#open.get(itemId);
    if (!turn) return;
    this.#open.delete(itemId);
    this.#change(turn.seq, fields);
  }

  #change(seq: number, fields: Partial<Omit<TurnRecord, "seq" | "revision">>): void {
    const changed = this.#transcript.change(seq, fields);
    if (changed) this.#keepTurn(changed);
  }
}
