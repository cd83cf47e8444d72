/** Whole and with commas; small numbers keep one place. */
export function thousands(count: number, isExact = false): string {
  const digits = isExact ? 3 : count > 0 && count < 10 ? 1 : 0;
  return count.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** With one place where there is something in it. */
export const decimal = (count: number): string => count.toLocaleString("en-US", { maximumFractionDigits: 1 });

/** With cents, up to a hundred. */
export function dollars(usd: number): string {
  const places = usd > 0 && usd < 100 ? 2 : 0;
  return `$${usd.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places })}`;
}
