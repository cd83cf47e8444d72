import { type BudgetStage, LOW_SHARE } from "../../protocol/bill.ts";
import type { WallStudent, WorkshopMoney } from "../../protocol/live-messages.ts";

/** What of one limit is lent: of the class's pool, or of what one student may have. Whole micro-dollars. */
export interface Lent {
  readonly spentMicroUsd: number;
  /** Held for calls that go on; what they do not need of it is free again. */
  readonly heldMicroUsd: number;
  /** `null`: no limit. */
  readonly limitMicroUsd: number | null;
  /** What may still be lent, never less than nothing; `null`: no limit. */
  readonly leftMicroUsd: number | null;
  readonly stage: BudgetStage;
}

/**
 * @param isRefused a call was refused money for this limit. What is spent hardly ever reaches a limit to the last
 * micro-dollar: the next answer does not fit into what is left, and that is what is used up.
 */
export function lentOf(
  { spentMicroUsd, heldMicroUsd }: Pick<Lent, "spentMicroUsd" | "heldMicroUsd">,
  limitMicroUsd: number | null,
  isRefused: boolean,
): Lent {
  const leftMicroUsd = limitMicroUsd === null ? null : Math.max(0, limitMicroUsd - spentMicroUsd - heldMicroUsd);
  const stage = limitMicroUsd === null ? "ok" : stageOf(spentMicroUsd, limitMicroUsd, isRefused);
  return { spentMicroUsd, heldMicroUsd, limitMicroUsd, leftMicroUsd, stage };
}

function stageOf(spentMicroUsd: number, limitMicroUsd: number, isRefused: boolean): BudgetStage {
  const isLow = spentMicroUsd >= limitMicroUsd * LOW_SHARE;
  if (spentMicroUsd >= limitMicroUsd || (isLow && isRefused)) return "spent";
  return isLow ? "low" : "ok";
}

/** All students together. */
export const poolOf = (money: WorkshopMoney, isRefused: boolean): Lent =>
  lentOf(money, money.limits.poolMicroUsd, isRefused);

/** One student. */
export const allowanceOf = (student: WallStudent, limitMicroUsd: number | null): Lent =>
  lentOf(
    { spentMicroUsd: student.lentMicroUsd, heldMicroUsd: student.heldMicroUsd },
    limitMicroUsd,
    wasRefused(student, "allowance_used"),
  );

/** Their last call ended over it, or did not begin; a code of the server's. */
export const wasRefused = ({ lastCall }: WallStudent, failure: "allowance_used" | "pool_used"): boolean =>
  lastCall?.failure === failure;
