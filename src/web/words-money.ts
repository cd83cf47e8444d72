import type { Budget, BudgetOwner, Estimate, Layer } from "../protocol/bill.ts";
import type { KeySource } from "../protocol/call-record.ts";

/** Words of money: amounts, who pays them, and how far a limit is. All amounts are whole micro-dollars. */

const MICRO_USD = 1_000_000;
const MICRO_USD_PER_CENT = 10_000;
const FEWEST_DIGITS = 4;
/** With so many nothing is rounded. */
export const ALL_DIGITS = 6;

/** Rounded for reading; null is not nothing: no price is known. What costs something is never shown as nothing. */
export function costWords(costMicroUsd: number | null): string {
  if (costMicroUsd === null) return "price not known";
  if (costMicroUsd === 0) return "$0.00";
  if (costMicroUsd < 50) return "under $0.0001";
  return exactWords(costMicroUsd, costMicroUsd < MICRO_USD_PER_CENT ? FEWEST_DIGITS : 2);
}

export const exactWords = (microUsd: number, digits: number = ALL_DIGITS): string =>
  `$${(microUsd / MICRO_USD).toFixed(digits)}`;

/** As few digits behind the point as show all of these exactly, so that a column of them adds up: from 4 to 6. */
export function digitsOf(amountsMicroUsd: readonly number[]): number {
  const fits = (digits: number): boolean =>
    amountsMicroUsd.every((amount) => amount % 10 ** (ALL_DIGITS - digits) === 0);
  return [FEWEST_DIGITS, FEWEST_DIGITS + 1].find(fits) ?? ALL_DIGITS;
}

/** `1.9¢`, `0.15¢`, `$1.20`: two digits that count, for what is only likely; of hundredths of a cent one. */
export function aboutWords(microUsd: number): string {
  const cents = microUsd / MICRO_USD_PER_CENT;
  if (cents >= 100) return `$${(cents / 100).toFixed(2)}`;
  return cents < 0.01 ? "less than 0.01¢" : `${Number(cents.toPrecision(cents < 0.1 ? 1 : 2))}¢`;
}

/** Rounded down: nobody is promised more than there is. */
export function leftWords({ limitMicroUsd, spentMicroUsd, stage }: Budget): string {
  const leftMicroUsd = limitMicroUsd - spentMicroUsd;
  if (stage === "spent" || leftMicroUsd <= 0) return "used up";
  const cents = Math.floor(leftMicroUsd / MICRO_USD_PER_CENT);
  return cents === 0 ? "less than 1¢ left" : `$${(cents / 100).toFixed(2)} left`;
}

export const METER_WORDS = {
  time: "Time",
  cost: "Cost so far",
  layers: "What it is made of",
  about: "about",
  moreThan: "more than",
  unpriced: "unpriced",
  twilio: "on your instructor's Twilio bill, not on the key",
  open: "How this adds up",
} as const;
export const ON_KEY_WORDS: Readonly<Record<KeySource, string>> = {
  student: "on your key",
  instructor: "on your instructor's key",
};
export const LAYER_WORDS: Readonly<Record<Layer, string>> = {
  text: "Model text",
  audio: "Model audio",
  transcription: "Transcription",
  phone: "Phone",
};
export const unpricedWords = (model: string): string => `unpriced: we know no price for ${model}`;
export const tokenWords = (tokens: number): string =>
  `${tokens.toLocaleString("en")} ${tokens === 1 ? "token" : "tokens"}`;
export const startedMinutesWords = (minutes: number): string =>
  minutes === 1 ? "1 started minute" : `${minutes} started minutes`;
/** Read aloud once, when the call is over. */
export const endedCostWords = (cost: string): string => `The call has cost ${cost}.`;

const OF_WORDS: Readonly<Record<BudgetOwner, string>> = {
  call: "what one call on your instructor's key may cost",
  student: "what your instructor lends you",
  pool: "what your instructor lends the class",
  own: "your own limit",
};
export const lowWords = (of: BudgetOwner): string =>
  `More than 80 % of ${OF_WORDS[of]} is used. The call will end soon.`;

/** What a minute is likely to cost whoever pays. */
export function estimateWords(payer: KeySource, talking: Estimate, typing: Estimate): string {
  const perMinute = talking.microUsdPerMinute;
  if (perMinute === null) return `${unknownPriceWords(talking.model)} Calls run ${ON_KEY_WORDS[payer]}.`;
  const typed = typing.microUsdPerMinute === null ? "" : `; typed, about ${aboutWords(typing.microUsdPerMinute)}`;
  return `About ${aboutWords(perMinute)} a minute ${ON_KEY_WORDS[payer]}${typed}`;
}
const unknownPriceWords = (model: string): string => `Price not known for ${model}.`;

/** By phone there is a second bill. */
export function phoneEstimateWords(payer: KeySource, estimate: Estimate): string {
  const { model, microUsdPerMinute, phoneMicroUsdPerMinute } = estimate;
  const key =
    microUsdPerMinute === null
      ? unknownPriceWords(model)
      : `A call by phone costs about ${aboutWords(microUsdPerMinute)} a minute ${ON_KEY_WORDS[payer]}.`;
  if (phoneMicroUsdPerMinute === null) return key;
  return `${key} The line: about ${aboutWords(phoneMicroUsdPerMinute)} for each started minute, ${METER_WORDS.twilio}.`;
}
