import type { Budget } from "../../protocol/bill.ts";
import { leftWords, lowWords } from "../words.ts";

/** Most of the money is used. The live region is there before its words are, and says them once: the numbers are beside it. */
export function BudgetNotice({ budget }: { readonly budget: Budget | null }) {
  const isLow = budget?.stage === "low";
  return (
    <div class={isLow ? "note warn" : "hidden-label"}>
      <span role="status">{isLow && lowWords(budget.of)}</span>
      {isLow && <strong> {leftWords(budget)}.</strong>}
    </div>
  );
}
