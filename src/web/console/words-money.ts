import type { BudgetStage } from "../../protocol/bill.ts";
import type { ChargeKind } from "../../protocol/charge.ts";
import type { DollarProblem } from "../dollars.ts";
import type { Borrower } from "./borrowers.ts";
import type { LendingField } from "./lending-draft.ts";
import type { Lent } from "./lent.ts";
import type { Purse } from "./spend-table.ts";
import { ageWords, countWords } from "./words.ts";

/** What the console says of money. */

/** A sum beside its limit: in cents, and a part of a cent is said to be one. */
export function dollarWords(microUsd: number): string {
  if (microUsd > 0 && microUsd < 10_000) return "<$0.01";
  const cents = Math.round(microUsd / 10_000);
  return `$${countWords(Math.floor(cents / 100))}.${String(cents % 100).padStart(2, "0")}`;
}

/* What is lent */

export const LENT_WORDS = {
  pool: "Lent to the class",
  student: "You lend",
  noLimit: "no limit",
  usedUp: "used up",
} as const;
/** `$0.12 of $0.50`; without a limit `$0.12, no limit`. */
export const lentWords = ({ spentMicroUsd, limitMicroUsd }: Lent): string =>
  limitMicroUsd === null
    ? `${dollarWords(spentMicroUsd)}, ${LENT_WORDS.noLimit}`
    : `${dollarWords(spentMicroUsd)} of ${dollarWords(limitMicroUsd)}`;
/** What is held and what is left, as far as there is anything to say. */
export function lentRestWords(lent: Lent): string {
  const { heldMicroUsd, leftMicroUsd, limitMicroUsd, spentMicroUsd, stage } = lent;
  const held = heldMicroUsd > 0 ? `${dollarWords(heldMicroUsd)} held for calls` : "";
  const left = leftMicroUsd === null ? "" : `${leftWords(lent, leftMicroUsd)} left`;
  const words = [held, stage === "spent" ? "" : left].filter(Boolean).join(", ");
  if (limitMicroUsd === null || stage === "ok") return words;
  return [stageWords(stage, limitMicroUsd === 0 ? 1 : spentMicroUsd / limitMicroUsd), words]
    .filter(Boolean)
    .join(" · ");
}
/** What is missing to the limit by the cents that are shown beside it, so that they add up. */
function leftWords({ heldMicroUsd, limitMicroUsd, spentMicroUsd }: Lent, leftMicroUsd: number): string {
  const cents = (microUsd: number): number => Math.round(microUsd / 10_000);
  const left = cents(limitMicroUsd ?? 0) - cents(spentMicroUsd) - cents(heldMicroUsd);
  return dollarWords(left > 0 ? left * 10_000 : Math.min(leftMicroUsd, 9_999));
}
const stageWords = (stage: BudgetStage, share: number): string =>
  stage === "spent" ? LENT_WORDS.usedUp : `${Math.floor(share * 100)} % used`;

export const POOL_BANNERS: Readonly<Record<Exclude<BudgetStage, "ok">, string>> = {
  low: "Most of what you lend the class is used. At the limit, calls on your key say goodbye and end.",
  spent: "What you lend the class is used up. Calls on your key end politely; students with a key of their own go on.",
};

/* Top-up */

export const TOP_UP_WORDS = {
  amount: "Amount in dollars",
  add: "Add",
  more: "Add to it",
  adding: "Adding…",
  none: "There is no limit to add to. You set one in Settings.",
} as const;
export const addWords = (microUsd: number | null): string =>
  microUsd === null ? TOP_UP_WORDS.add : `${TOP_UP_WORDS.add} ${dollarWords(microUsd)}`;
export const addedWords = (microUsd: number, poolMicroUsd: number | null): string =>
  poolMicroUsd === null
    ? TOP_UP_WORDS.none
    : `${dollarWords(microUsd)} added. The class may use ${dollarWords(poolMicroUsd)} in all now.`;

export const DOLLAR_PROBLEMS: Readonly<Record<DollarProblem | "nothing", string>> = {
  "not-dollars": "An amount in dollars, please: 2.50, for example.",
  negative: "This cannot be less than nothing.",
  "too-fine": "Two decimals at most: whole cents.",
  "too-much": "At most $10,000.",
  nothing: "More than nothing, please.",
};

/* Who is on the instructor's key */

export const BORROWER_WORDS = {
  title: "On your key",
  none: "Nobody has called on your key.",
  name: "Student",
  why: "Why",
  lent: "Used of your key",
  last: "Last use",
  now: "now",
  notKnown: "–",
  inCall: "in a call on yours now",
} as const;
const OWN_KEY_WORDS: Readonly<Record<Borrower["ownKey"], string>> = {
  none: "no key of their own yet",
  gone: "not here any more",
  connected: "has a key of their own now",
  unverified: "has a key of their own, not checked yet",
  rejected: "own key rejected",
  restricted: "own key may not use the model",
  no_credit: "own key has no credit",
  unreadable: "own key must be entered again",
};
/** Who was erased has no limit any more. */
export const borrowedWords = ({ ownKey, lent }: Borrower): string => {
  if (ownKey === "gone") return dollarWords(lent.spentMicroUsd);
  return lent.stage === "spent" ? `${lentWords(lent)}, ${LENT_WORDS.usedUp}` : lentWords(lent);
};
export const borrowerWords = ({ ownKey, isInCall }: Borrower): string =>
  [OWN_KEY_WORDS[ownKey], isInCall && BORROWER_WORDS.inCall].filter(Boolean).join(", ");
export const lastUseWords = ({ isInCall, lastUsedAtMs }: Borrower, nowMs: number): string => {
  if (isInCall) return BORROWER_WORDS.now;
  return lastUsedAtMs === null ? BORROWER_WORDS.notKnown : `${ageWords(nowMs - lastUsedAtMs)} ago`;
};

/* Spend */

export const SPEND_WORDS = {
  title: "Spend",
  table: "What it has cost",
  by: "Rows",
  none: "No call has cost anything yet.",
  erased: "Erased students",
  all: "Together",
  print: "Print",
  again: "Refresh",
  callsCsv: "Calls as CSV",
  ledgerCsv: "Ledger as CSV",
  loading: "Adding up…",
  note: "Costs are counted here from tokens and list prices; OpenAI's and Twilio's own bills decide.",
} as const;
export const SPEND_BY_WORDS = { student: "By student", model: "By payer and model" } as const;
export const PURSE_WORDS: Readonly<Record<Purse, string>> = {
  instructor: "Your key",
  student: "Their keys",
  phone: "Your Twilio bill",
};
export const PURSE_SHORT_WORDS: Readonly<Record<Purse, string>> = {
  instructor: "Your key",
  student: "Their key",
  phone: "Your Twilio bill",
};
export const MODEL_COLUMN_WORDS = {
  name: "Student",
  payer: "Paid by",
  model: "Model",
  charges: "Charges",
  input: "Tokens in",
  output: "Tokens out",
  minutes: "Minutes",
  cost: "Cost",
} as const;
export const KIND_WORDS: Readonly<Record<ChargeKind, string>> = {
  response: "",
  transcription: "writing down",
  sample: "voice tried out",
  phone: "phone line",
};
export const unreadableWords = (charges: number): string =>
  charges === 1
    ? "One charge cannot be read: more was spent than stands here."
    : `${countWords(charges)} charges cannot be read: more was spent than stands here.`;

/* Settings */

export const LENDING_WORDS = {
  title: "Your OpenAI key",
  newTitle: "What you lend of your OpenAI key",
  allowed: "Lend my key to students who have none",
  allowedHint: "Your key pays for their calls, up to the limits below.",
  notAllowedHint: "Nothing is lent. Students with a key of their own go on; the others connect one.",
  offHint: "When you switch this off, calls on your key end after the turn that goes on.",
  noKey: "This server has no key of yours (OPENAI_API_KEY), so nothing is lent, whatever is chosen here.",
  models: "Models it is lent for",
  allModels: "All of them, also those that are configured later.",
  someModels: "Only these. Calls on your key that run on another say so and end.",
  noModels: "None: nobody can call on your key.",
  noLimit: "no limit",
} as const;
export const LENDING_FIELD_WORDS: Readonly<Record<LendingField, string>> = {
  studentMicroUsd: "For each student",
  poolMicroUsd: "For the whole class",
  callMicroUsd: "For one call",
};
export const LENDING_FIELD_HINTS: Readonly<Record<LendingField, string>> = {
  studentMicroUsd: "All their calls together. Empty: no limit.",
  poolMicroUsd: "All students together. Empty: no limit.",
  callMicroUsd: "Empty: no limit beside the others.",
};
/** What a new workshop can cost at worst. */
export const worstWords = (poolMicroUsd: number | null): string =>
  poolMicroUsd === null
    ? "Without a limit for the class nothing here bounds what your key pays."
    : `Whatever happens, your key pays at most ${dollarWords(poolMicroUsd)} at OpenAI for this workshop.`;
