import { priceOf } from "../pricing/cost.ts";
import type { RunningLine } from "../protocol/bill.ts";

/** What Twilio bills a phone call for, by the names of its prices: the way its sound or words reach us, and the line. */
export const linesOf = (hasSound: boolean): readonly string[] => [
  hasSound ? "media-streams" : "conversation-relay",
  "carrier-inbound",
];

/** The line as a meter shows it that goes on by itself. Null: no price is known of some of it. */
export function runningLine(hasSound: boolean, sinceMs: number): RunningLine | null {
  const [model = "", ...others] = linesOf(hasSound);
  let microUsdPerMinute = 0;
  for (const name of [model, ...others]) {
    const price = priceOf(name, sinceMs)?.microUsdPerMinute;
    if (price == null) return null;
    microUsdPerMinute += price;
  }
  return { model, sinceMs, microUsdPerMinute };
}
