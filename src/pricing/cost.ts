import type { BillLine } from "../protocol/bill.ts";
import type { Charge } from "../protocol/charge.ts";
import { type Exact, ofTime, ofTokens, rounded, roundedUp, shareOut } from "./exact.ts";
import type { MicroUsdPerMillion, Price } from "./price.ts";
import { priceOf } from "./price-of.ts";
import { PRICE_VERSION } from "./prices.ts";
import { type Quantity, quantitiesOf } from "./quantities.ts";

export { isPriced, kindOf, priceOf } from "./price-of.ts";

/** What the cost of a charge comes from. */
export type Costed = Pick<Charge, "kind" | "model" | "usage" | "lineMs" | "atMs" | "payer">;

export interface Cost {
  /** Whole micro-dollars, half a one rounded up. Null: of some of it no price is known, or the usage is nonsense. */
  readonly costMicroUsd: number | null;
  /** In the order of a bill, without what is nothing. Of a charge without a price, none of them has one. */
  readonly lines: readonly BillLine[];
}

/** A line of a bill before it is shared out: its exact cost. */
export interface ExactLine {
  readonly line: Omit<BillLine, "costMicroUsd">;
  /** Null: unpriced. */
  readonly exact: Exact | null;
}

/** Of what nobody knows the price of. */
export const UNPRICED = { usd: null, source: null, sourceDate: null } as const;

/**
 * What a charge comes to at the prices of its moment, each charge rounded by itself. Never throws, never negative.
 *
 * @param version of the table: with the one that a row of the ledger names, the row is computed again as it was.
 */
export function costOf(charge: Costed, version: string = PRICE_VERSION): Cost {
  const exactLines = exactLinesOf(charge, version);
  if (exactLines === null) return { costMicroUsd: null, lines: [] };
  const weights = exactLines.flatMap(({ exact }) => exact ?? []);
  // A model without a price has none for nothing either: nobody knows what a request to it costs.
  if (weights.length < exactLines.length || priceOf(charge.model, charge.atMs, version) === undefined) {
    return { costMicroUsd: null, lines: exactLines.map(({ line }) => ({ ...line, ...UNPRICED, costMicroUsd: null })) };
  }
  const costMicroUsd = rounded(weights.reduce((a, b) => a + b, 0n));
  const shares = shareOut(costMicroUsd, weights);
  return { costMicroUsd, lines: exactLines.map(({ line }, at) => ({ ...line, costMicroUsd: shares[at] ?? 0 })) };
}

/** The charge in lines, each with its own exact cost. Null: the usage is nonsense. */
export function exactLinesOf(charge: Costed, version: string): readonly ExactLine[] | null {
  const quantities = quantitiesOf(charge);
  if (quantities === null) return null;
  const price = priceOf(charge.model, charge.atMs, version);
  const { model, payer, usage } = charge;
  return quantities.map(({ layer, part, of, amount }) => {
    const rate = price && rateOf(price, { part, of }, usage.inputTokens);
    const line = { layer, part, model, payer, quantity: amount };
    if (!price || rate == null) return { line: { ...line, ...UNPRICED }, exact: null };
    const { source, sourceDate } = price;
    const exact = of === "minute" ? ofTime(amount, rate) : ofTokens(amount, rate);
    return { line: { ...line, usd: rate / 1_000_000, source, sourceDate }, exact };
  });
}

/** Whole micro-dollars for a million tokens or for a minute. */
function rateOf(price: Price, { part, of }: Pick<Quantity, "part" | "of">, inputTokens: number): number | null {
  if (of === "minute") return price.microUsdPerMinute;
  const { longContext } = price;
  const isLong = longContext !== null && inputTokens > longContext.overInputTokens;
  const rates = of === "audio" ? price.audio : isLong ? longContext : price.text;
  if (rates === null || part === "time") return null;
  if (part === "output") return rates.output;
  // What is cached or written without a price of its own is billed as any other input.
  return (
    (part === "cached-input" ? rates.cachedInput : part === "cache-write" ? rates.cacheWrite : null) ?? rates.input
  );
}

/** Counts of tokens. */
export interface MostTokens {
  readonly textInput: number;
  readonly audioInput: number;
  readonly textOutput: number;
  readonly audioOutput: number;
}

/**
 * The most that one request may cost, in whole micro-dollars, rounded up: nothing of it cached, all of it at the dearest price
 * that it may come to.
 *
 * @returns null when no price is known of something in it, or a count is none.
 */
export function mostItCanCost(model: string, tokens: MostTokens, atMs: number): number | null {
  const price = priceOf(model, atMs);
  const counts = Object.values(tokens);
  if (!price || !counts.every((count) => Number.isSafeInteger(count) && count >= 0)) return null;
  const { longContext } = price;
  const isLong = longContext !== null && tokens.textInput + tokens.audioInput > longContext.overInputTokens;
  const text = isLong ? [price.text, longContext] : [price.text];
  const parts = [
    [tokens.textInput, dearestInput(text)],
    [tokens.audioInput, dearestInput([price.audio])],
    [tokens.textOutput, dearest(text.map((rates) => rates?.output))],
    [tokens.audioOutput, dearest([price.audio?.output])],
  ] as const;
  let sum = 0n;
  for (const [count, rate] of parts) {
    if (count > 0 && rate === null) return null;
    sum += ofTokens(count, rate ?? 0);
  }
  return roundedUp(sum);
}

/** Time that is billed by the minute, at its price, in whole micro-dollars, rounded up. Null: no price for it is known. */
export function mostTimeCanCost(model: string, ms: number, atMs: number): number | null {
  const rate = priceOf(model, atMs)?.microUsdPerMinute;
  return rate == null || !Number.isSafeInteger(ms) || ms < 0 ? null : roundedUp(ofTime(ms, rate));
}

const dearestInput = (all: readonly (MicroUsdPerMillion | null)[]): number | null =>
  dearest(all.flatMap((rates) => [rates?.input, rates?.cachedInput, rates?.cacheWrite]));

function dearest(rates: readonly (number | null | undefined)[]): number | null {
  const known = rates.filter((rate) => rate != null);
  return known.length === 0 ? null : Math.max(...known);
}
