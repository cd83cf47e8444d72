import { costOf } from "../pricing/cost.ts";
import type { LedgerRow } from "../store/ledger-pages.ts";

/** A row of the ledger that does not come to what it says. */
export interface Miscomputed {
  readonly callId: string;
  readonly seq: number;
  readonly model: string;
  readonly priceVersion: string;
  /** Whole micro-dollars; null: no price is known. */
  readonly storedMicroUsd: number | null;
  readonly computedMicroUsd: number | null;
}

/** Prices rows again, from what was used, the model and the time alone, by the table of prices that each row names. */
export class Recomputation {
  readonly differing: Miscomputed[] = [];
  rows = 0;
  unreadable = 0;

  add({ callId, seq, charge }: LedgerRow): void {
    this.rows += 1;
    if (!charge) {
      this.unreadable += 1;
      return;
    }
    const { model, priceVersion, costMicroUsd: storedMicroUsd } = charge;
    const computedMicroUsd = charge.state === "void" ? 0 : costOf(charge, priceVersion).costMicroUsd;
    if (storedMicroUsd === computedMicroUsd) return;
    this.differing.push({ callId, seq, model, priceVersion, storedMicroUsd, computedMicroUsd });
  }

  get isSound(): boolean {
    return this.differing.length === 0 && this.unreadable === 0;
  }
}
