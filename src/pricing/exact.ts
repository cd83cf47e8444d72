/*
 * Money is whole micro-dollars, and what leads to them is exact: a fraction over one number that a price for a million tokens
 * and a price for a minute's milliseconds both divide without remainder. No floating point comes near it.
 */

/** Exact micro-dollars, as the numerator over {@link DENOMINATOR}. */
export type Exact = bigint;

const MILLION = 1_000_000n;
const MINUTE_MS = 60_000n;
/** The least number that both divide. */
const DENOMINATOR = 3_000_000n;

/** `tokens` at so many whole micro-dollars for a million. */
export const ofTokens = (tokens: number, microUsdPerMillion: number): Exact =>
  BigInt(tokens) * BigInt(microUsdPerMillion) * (DENOMINATOR / MILLION);

/** `ms` at so many whole micro-dollars for a minute. */
export const ofTime = (ms: number, microUsdPerMinute: number): Exact =>
  BigInt(ms) * BigInt(microUsdPerMinute) * (DENOMINATOR / MINUTE_MS);

/** Whole micro-dollars; half a one is rounded up. */
export const rounded = (exact: Exact): number => Number((exact * 2n + DENOMINATOR) / (DENOMINATOR * 2n));

/** Whole micro-dollars; any fraction of one is rounded up. */
export const roundedUp = (exact: Exact): number => Number((exact + DENOMINATOR - 1n) / DENOMINATOR);

/**
 * Shares whole micro-dollars out by weight, so that the shares add up to them: each gets its whole part, and those with the
 * largest remainders, of equals the first, one more. Without any weight the first gets all.
 */
export function shareOut(microUsd: number, weights: readonly Exact[]): readonly number[] {
  const sum = weights.reduce((a, b) => a + b, 0n);
  if (sum === 0n) return weights.map((_, at) => (at === 0 ? microUsd : 0));
  const parts = weights.map((weight) => weight * BigInt(microUsd));
  const shares = parts.map((part) => Number(part / sum));
  const left = microUsd - shares.reduce((a, b) => a + b, 0);
  const byRemainder = parts
    .map((part, at) => ({ at, remainder: part % sum }))
    .sort((a, b) => (a.remainder === b.remainder ? a.at - b.at : a.remainder > b.remainder ? -1 : 1));
  for (const { at } of byRemainder.slice(0, left)) shares[at] = (shares[at] ?? 0) + 1;
  return shares;
}
