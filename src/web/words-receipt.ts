import type { BillLine, BillPart } from "../protocol/bill.ts";
import type { KeySource } from "../protocol/call-record.ts";
import { digitsOf, exactWords, startedMinutesWords, tokenWords } from "./words-money.ts";

/** Words of a receipt, and of the arithmetic under the meter. */

export const RECEIPT_WORDS = {
  title: "Receipt",
  lasted: "Lasted",
  paid: "Paid by",
  model: "Model",
  turns: "Turns",
  median: "Usual wait for an answer",
  slowest: "Longest wait",
  tools: "Tools used",
  noTools: "none",
  subtotal: "Subtotal",
  total: "Total",
  perMinute: "Cost per minute",
  nothing: "Nothing was used, so nobody pays anything.",
  noBill: "This call is from before costs were counted.",
  tokensIn: "Tokens in",
  tokensOut: "Tokens out",
  estimated: "Some of it was estimated, because a stream was cut short.",
  rounded: "Each answer is rounded to a millionth of a dollar.",
  prices: "Prices:",
  elsewhere: "The same call on other models",
  print: "Print",
} as const;

export const PAID_ON_WORDS = {
  student: "On your own OpenAI key",
  instructor: "On your instructor's OpenAI key",
  twilio: "On your instructor's Twilio bill, not on the key",
} as const satisfies Readonly<Record<KeySource | "twilio", string>>;

export const PAID_WORDS: Readonly<Record<KeySource, string>> = {
  student: "your own OpenAI key",
  instructor: "your instructor's OpenAI key",
};

export const PART_WORDS: Readonly<Record<BillPart, string>> = {
  input: "in",
  "cached-input": "in, from the cache",
  "cache-write": "in, kept in the cache",
  output: "out",
  time: "by time",
};

/** `$10.00`, `$0.0085`: with all its digits, and at least cents. */
export const priceWords = (usd: number): string => `$${usd.toFixed(6).replace(/(\.\d{2}\d*?)0+$/, "$1")}`;

/** Below ten cents with more digits, so that models can be told apart. */
export function repricedWords(model: string, costMicroUsd: number | null): string {
  if (costMicroUsd === null) return `On ${model}: price not known`;
  return `On ${model} this would have been ${exactWords(costMicroUsd, costMicroUsd < 100_000 ? 4 : 2)}`;
}

const spanWords = (ms: number): string => `${Number((ms / 1_000).toFixed(1))} s`;

const MINUTE_MS = 60_000;

/** `10,240 tokens`, `90 s`; of a phone, which is billed by started minutes, those. */
export function quantityWords({ layer, part, quantity }: BillLine): string {
  if (part !== "time") return tokenWords(quantity);
  return layer === "phone" ? startedMinutesWords(Math.ceil(quantity / MINUTE_MS)) : spanWords(quantity);
}

/** Null: no price is known. */
export const unitPriceWords = ({ part, usd }: BillLine): string | null =>
  usd === null ? null : `${priceWords(usd)} per ${part === "time" ? "minute" : "million"}`;

/** `10,240 tokens × $10.00 per million = $0.1024`; without a price only how many. */
export function productWords(line: BillLine, isRounded: boolean): string {
  const price = unitPriceWords(line);
  if (price === null || line.costMicroUsd === null) return quantityWords(line);
  const digits = digitsOf([line.costMicroUsd]);
  return `${quantityWords(line)} × ${price} ${isRounded ? "≈" : "="} ${exactWords(line.costMicroUsd, digits)}`;
}

/** `genai-prices, 2026-09-23`. Empty: nobody said where the price is from. */
export const sourceWords = ({ source, sourceDate }: BillLine): string =>
  [source, sourceDate].filter((word) => word !== null).join(", ");
