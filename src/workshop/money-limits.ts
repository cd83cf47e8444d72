import { type Budget, type BudgetOwner, LOW_SHARE } from "../protocol/bill.ts";
import type { FundsRefusal, FundsReply } from "./funds.ts";

/** One of the limits that a call is under, and what is used of it. */
export interface MoneyLimit {
  readonly of: BudgetOwner;
  readonly limitMicroUsd: number;
  readonly spentMicroUsd: number;
  /** Held by others under the same limit. */
  readonly heldMicroUsd: number;
  readonly reason: FundsRefusal;
}

export type Refused = Omit<Extract<FundsReply, { granted: false }>, "granted">;

/** Why so much more is not granted; `undefined`: it stays below each limit. Of several limits the first one answers. */
export function refusedBy(limits: readonly MoneyLimit[], needMicroUsd: number): Refused | undefined {
  const leftOf = ({ limitMicroUsd, spentMicroUsd }: MoneyLimit): number => limitMicroUsd - spentMicroUsd - needMicroUsd;
  // What is spent weighs more than what is held: that may come back.
  const spent = limits.find((limit) => leftOf(limit) < 0);
  if (spent) return { reason: spent.reason, isHeld: false, budget: { ...budgetOf(spent), stage: "spent" } };
  const held = limits.find((limit) => leftOf(limit) < limit.heldMicroUsd);
  return held && { reason: held.reason, isHeld: true, budget: budgetOf(held) };
}

/** The limit of which the largest part is used; null: there is none. */
export function nearestOf(limits: readonly MoneyLimit[]): Budget | null {
  const [first, ...others] = limits;
  if (!first) return null;
  return budgetOf(others.reduce((most, limit) => (shareOf(limit) > shareOf(most) ? limit : most), first));
}

const shareOf = ({ spentMicroUsd, limitMicroUsd }: MoneyLimit): number =>
  limitMicroUsd === 0 ? Number.POSITIVE_INFINITY : spentMicroUsd / limitMicroUsd;

function budgetOf({ of, limitMicroUsd, spentMicroUsd }: MoneyLimit): Budget {
  const isSpent = spentMicroUsd >= limitMicroUsd;
  const stage = isSpent ? "spent" : spentMicroUsd >= LOW_SHARE * limitMicroUsd ? "low" : "ok";
  return { of, limitMicroUsd, spentMicroUsd, stage };
}
