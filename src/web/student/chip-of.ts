import type { Budget } from "../../protocol/bill.ts";
import type { KeySource } from "../../protocol/call-record.ts";
import type { StudentMoney } from "../../protocol/live-messages.ts";
import type { CallView } from "../call-view.ts";
import { keyEnd, PAYER_WORDS } from "../words.ts";
import type { Me } from "./me.ts";

export interface Chip {
  readonly payer: KeySource | "none";
  readonly words: string;
  /** Null: nothing limits it, or nobody says so now. */
  readonly budget: Budget | null;
}

/** What a call that goes on was told: whose key it runs on, and of its limit. Null: nothing yet, or there is no call. */
export type PaidCall = Pick<CallView, "keySource" | "budget">;

/** Who pays, for the call that goes on or the next one, and how far that may go. What the call was told is the newest. */
export function chipOf(
  { payer: next, key }: Pick<Me, "payer" | "key">,
  money: StudentMoney | null,
  call: PaidCall,
): Chip {
  const payer = call.keySource ?? next ?? "none";
  if (payer === "none") return { payer, words: PAYER_WORDS.none, budget: null };
  const words = payer === "student" ? `${PAYER_WORDS.student}${keyEnd(key?.hint ?? null)}` : PAYER_WORDS.instructor;
  return { payer, words, budget: call.budget ?? money?.[payer === "student" ? "own" : "lent"] ?? null };
}

/** A call was refused for a limit, or ended over it, when so much of it was left. */
export interface Shortage {
  readonly payer: KeySource;
  readonly leftMicroUsd: number;
}

export const leftOf = ({ limitMicroUsd, spentMicroUsd }: Budget): number => limitMicroUsd - spentMicroUsd;

/** A few cents are left, and the next answer does not fit into them; until there is more. */
export const isTooLittle = ({ payer, budget }: Pick<Chip, "payer" | "budget">, short: Shortage | null): boolean =>
  budget !== null && short?.payer === payer && leftOf(budget) <= short.leftMicroUsd;
