import { LIMITS } from "../limits.ts";
import type { StartTimer } from "../model/responses.ts";
import type { TurnRecord } from "../protocol/call-record.ts";
import type { CallStorage } from "./call-storage.ts";

/** Writes the call and these turns to the archive; rejects when it cannot, and may be asked again. */
export type Archive = (turns: readonly TurnRecord[]) => Promise<"stored" | "student-gone">;

/**
 * Brings what the object has kept into Postgres, once each, whatever happens to Postgres: rows stay until they are
 * stored, and are tried again after 1, 2, 4 … 60 s. Storing is idempotent, so a repeated try changes nothing.
 */
export class Outbox {
  readonly #storage: CallStorage;
  readonly #archive: Archive;
  readonly #now: () => number;
  readonly #startTimer: StartTimer;
  #draining: Promise<void> | undefined;
  #failures = 0;
  #drainedAtMs = Number.NEGATIVE_INFINITY;
  #cancelPaced: (() => void) | undefined;
  /** When the next try is due; `undefined`: nothing waits for one. */
  retryAtMs: number | undefined;
  isStudentGone = false;

  constructor(storage: CallStorage, archive: Archive, now: () => number, startTimer: StartTimer) {
    this.#storage = storage;
    this.#archive = archive;
    this.#now = now;
    this.#startTimer = startTimer;
  }

  get isEmpty(): boolean {
    return !this.#storage.hasOutbox;
  }

  /** Runs `drain` now, or a little later when there was one just before: turns in quick succession travel together. */
  paced(drain: () => void): void {
    const waitMs = this.#drainedAtMs + LIMITS.outboxPaceMs - this.#now();
    if (waitMs <= 0) drain();
    else this.#cancelPaced ??= this.#startTimer(drain, waitMs);
  }

  /** Drains until empty or until a try fails. One at a time: whoever comes second waits for the same end. */
  drain(): Promise<void> {
    this.#cancelPaced?.();
    this.#cancelPaced = undefined;
    this.#drainedAtMs = this.#now();
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  async #drain(): Promise<void> {
    for (let batch = this.#storage.outbox(); batch; batch = this.#storage.outbox()) {
      try {
        const outcome = await this.#archive(batch.turns);
        this.#failures = 0;
        this.retryAtMs = undefined;
        this.isStudentGone = outcome === "student-gone";
        if (this.isStudentGone) return;
        this.#storage.archived(batch);
      } catch {
        this.retryAtMs = this.#now() + Math.min(LIMITS.outboxRetryMs * 2 ** this.#failures, LIMITS.outboxRetryMaxMs);
        this.#failures += 1;
        return;
      }
    }
  }
}
