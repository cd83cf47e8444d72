import type { Spend } from "../../protocol/rest-workshop.ts";

/** Spend of several. What is known of its cost is told, and whether that is all of it. */
export interface SpendSum extends Omit<Spend, "costMicroUsd"> {
  readonly knownMicroUsd: number;
  /** Of some of it no price is known: the sum is more. */
  readonly isPartial: boolean;
}

export const NO_SUM: SpendSum = {
  calls: 0,
  ms: 0,
  inputTokens: 0,
  outputTokens: 0,
  knownMicroUsd: 0,
  isPartial: false,
};

export const addSpend = (sum: SpendSum, spend: Spend): SpendSum => ({
  calls: sum.calls + spend.calls,
  ms: sum.ms + spend.ms,
  inputTokens: sum.inputTokens + spend.inputTokens,
  outputTokens: sum.outputTokens + spend.outputTokens,
  knownMicroUsd: sum.knownMicroUsd + (spend.costMicroUsd ?? 0),
  isPartial: sum.isPartial || spend.costMicroUsd === null,
});

/** One spend as a sum of itself. */
export const asSum = (spend: Spend): SpendSum => addSpend(NO_SUM, spend);
