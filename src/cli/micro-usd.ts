/**
 * Dollars of a price list as whole micro-dollars, by their digits: 0.0045 is 4500. Exact, without a multiplication.
 *
 * @throws Error when it is no amount, or has more than six places.
 */
export function microUsdOf(usd: number): number {
  const [, whole = "", places = ""] = /^(\d+)(?:\.(\d{1,6}))?$/.exec(String(usd)) ?? [];
  if (whole === "") throw new Error(`${usd} is no price in whole micro-dollars.`);
  return Number(whole + places.padEnd(6, "0"));
}
