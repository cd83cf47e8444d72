import { computed, effect, signal } from "@preact/signals";
import type { KeySource } from "../../protocol/call-record.ts";
import { leftOf, type Shortage } from "./chip-of.ts";
import { callView } from "./current-call.ts";
import { money } from "./session.ts";

/** Whose money was short, by the failure of a call. */
const PAYERS: ReadonlyMap<string, KeySource> = new Map([
  ["allowance_used", "instructor"],
  ["pool_used", "instructor"],
  ["own_cap_used", "student"],
]);

/** What the last call was too dear for; `null`: nothing was. */
export const shortage = signal<Shortage | null>(null);

const shortPayer = computed(() =>
  callView.value.phase === "ended" ? PAYERS.get(callView.value.lastFailure?.code ?? "") : undefined,
);

effect(() => {
  if (shortPayer.value === undefined) return;
  const budget = money.peek()?.[shortPayer.value === "student" ? "own" : "lent"];
  if (budget) shortage.value = { payer: shortPayer.value, leftMicroUsd: leftOf(budget) };
});
