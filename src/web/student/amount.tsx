import { ALL_DIGITS, exactWords, METER_WORDS } from "../words.ts";
import type { Sum } from "./meter-of.ts";

/** The last digits, millionths of a dollar, are there to add up and need not be read. */
const FINE_DIGITS = 2;

interface AmountProps {
  readonly sum: Sum;
  /** Some of it was counted by us. */
  readonly isAbout?: boolean;
  readonly digits?: number;
}

/** An amount of money with all its digits. What has no price is not nothing. */
export function Amount({ sum: { microUsd, isWhole }, isAbout = false, digits = ALL_DIGITS }: AmountProps) {
  if (!isWhole && microUsd === 0) return <span class="amount unpriced">{METER_WORDS.unpriced}</span>;
  const words = exactWords(microUsd, digits);
  const fine = digits - (ALL_DIGITS - FINE_DIGITS);
  const before = isWhole ? isAbout && METER_WORDS.about : METER_WORDS.moreThan;
  return (
    <span class="amount">
      {before && <span class="before">{before} </span>}
      {fine > 0 ? words.slice(0, -fine) : words}
      {fine > 0 && <span class="fine">{words.slice(-fine)}</span>}
    </span>
  );
}
