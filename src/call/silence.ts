import type { TurnRecord } from "../protocol/call-record.ts";
import type { CallBook } from "./call-book.ts";
import { spokenMs } from "./deadlines.ts";

/** Since when nobody speaks in a call. The question that a silence is broken by does not break it. */
export class Silence {
  readonly #book: CallBook;
  #sinceMs: number;

  /** As it was kept; without a turn since the beginning. */
  constructor(book: CallBook, turns: readonly TurnRecord[], startedAtMs: number) {
    this.#book = book;
    const { checkedInAtMs } = book.progress;
    const last = turns
      .toSorted((a, b) => a.seq - b.seq)
      .findLast((turn) => checkedInAtMs === null || turn.startedAtMs < checkedInAtMs);
    this.#sinceMs = last ? last.startedAtMs + (last.timings?.turnMs ?? 0) + spokenMs(last.text) : startedAtMs;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** The caller is there, or does something. */
  broken(nowMs: number): void {
    this.#sinceMs = nowMs;
    if (this.#book.progress.checkedInAtMs !== null) this.#book.keep({ checkedInAtMs: null });
  }

  /** Something will have been heard to its end by then. */
  from(atMs: number): void {
    this.#sinceMs = atMs;
  }

  /** As {@link from}, unless what was heard is the question about this very silence. */
  fromUnlessAsked(atMs: number): void {
    if (this.#book.progress.checkedInAtMs === null) this.#sinceMs = atMs;
  }
}
