import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { StartTimer } from "../model/responses.ts";
import type { TurnRecord } from "../protocol/call-record.ts";
import type { Charge } from "../protocol/charge.ts";
import type { CallStorage, OutboxBatch } from "./call-storage.ts";

/** Writes the call, these turns and these rows of its ledger to the archive; rejects when it cannot, and may be asked again. */
export type Archive = (turns: readonly TurnRecord[], charges: readonly Charge[]) => Promise<"stored" | "student-gone">;

const rowsOf = ({ turns, charges }: OutboxBatch): number => turns.length + charges.length;

/**
 * Brings what the object has kept into Postgres, once each, whatever happens to Postgres: rows stay until they are
 * stored, and are tried again after 1, 2, 4 … 60 s. Storing is idempotent, so a repeated try changes nothing.
 */
export class Outbox {
  readonly #storage: CallStorage;
  readonly #archive: Archive;
  readonly #now: () => number;
  readonly #startTimer: StartTimer;
  /** Told of each try that failed; `retryMs` null: these rows are given up. */
  readonly #onFailure: (rows: number, retryMs: number | null) => void;
  #draining: Promise<void> | undefined;
  #drainedAtMs = Number.NEGATIVE_INFINITY;
  #cancelPaced: (() => void) | undefined;
  /** When the next try is due; `undefined`: nothing waits for one. */
  retryAtMs: number | undefined;
  isStudentGone = false;

  constructor(
    storage: CallStorage,
    archive: Archive,
    now: () => number,
    startTimer: StartTimer,
    onFailure: (rows: number, retryMs: number | null) => void,
  ) {
    this.#storage = storage;
    this.#archive = archive;
    this.#now = now;
    this.#startTimer = startTimer;
    this.#onFailure = onFailure;
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
      const outcome = await this.#try(batch);
      this.isStudentGone = outcome === "student-gone";
      if (outcome === "later") {
        const failures = this.#storage.archiveFailures;
        this.#storage.keepArchiveFailures(failures + 1);
        const retryMs = Math.min(LIMITS.outboxRetryMs * 2 ** failures, LIMITS.outboxRetryMaxMs);
        this.retryAtMs = this.#now() + retryMs;
        this.#onFailure(rowsOf(batch), retryMs);
      }
      if (outcome !== "stored") return;
      this.retryAtMs = undefined;
      if (this.#storage.archiveFailures > 0) this.#storage.keepArchiveFailures(0);
    }
  }

  /** A row that the archive will never take must not hold up the others: it is looked for one by one, and given up. */
  async #try(batch: OutboxBatch): Promise<"stored" | "student-gone" | "later"> {
    try {
      const outcome = await this.#archive(batch.turns, batch.charges);
      if (outcome === "stored") this.#storage.archived(batch);
      return outcome;
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.reason !== "internal") return "later";
      if (rowsOf(batch) <= 1) {
        this.#onFailure(rowsOf(batch), null);
        this.#storage.archived(batch);
        return "stored";
      }
      const alone = { progressRevision: undefined, turns: [], charges: [] };
      const each: OutboxBatch[] = [
        ...batch.charges.map((charge) => ({ ...alone, charges: [charge] })),
        ...batch.turns.map((turn) => ({ ...alone, turns: [turn] })),
      ];
      for (const one of each) {
        const outcome = await this.#try(one);
        if (outcome !== "stored") return outcome;
      }
      return "stored";
    }
  }
}
