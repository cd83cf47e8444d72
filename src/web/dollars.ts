/** Dollars as they are typed, and the whole micro-dollars of the wire. */

/** The most that may be entered; the server enforces it (`limits.ts`). */
export const MONEY_MAX_MICRO_USD = 10_000_000_000;

export type DollarProblem = "not-dollars" | "negative" | "too-fine" | "too-much";

/** `microUsd` null: an empty field. */
export type Dollars =
  | { readonly ok: true; readonly microUsd: number | null }
  | { readonly ok: false; readonly problem: DollarProblem };

const SHAPE = /^(?<minus>[-−])?\s*\$?\s*(?<whole>\d*)(?:[.,](?<part>\d*))?\s*\$?$/;

/** Reads `5`, `0.50`, `0,5`, `$2.50`. Half typed numbers (`5.`) are read as what they are so far. */
export function readDollars(text: string): Dollars {
  const words = text.trim();
  if (words === "") return { ok: true, microUsd: null };
  const { minus, whole = "", part = "" } = SHAPE.exec(words)?.groups ?? {};
  if (whole === "" && part === "") return { ok: false, problem: "not-dollars" };
  if (minus !== undefined) return { ok: false, problem: "negative" };
  if (part.length > 2) return { ok: false, problem: "too-fine" };
  // As whole numbers: a float of dollars is not its cents.
  const microUsd = Number(whole) * 1_000_000 + Number(part.padEnd(2, "0")) * 10_000;
  return microUsd > MONEY_MAX_MICRO_USD ? { ok: false, problem: "too-much" } : { ok: true, microUsd };
}

/** For a field: `0.50`; one that is finer than a cent is shown whole, so that what is not touched stays what it is. */
export function dollarField(microUsd: number | null): string {
  if (microUsd === null) return "";
  const whole = Math.floor(microUsd / 1_000_000);
  const part = String(microUsd % 1_000_000).padStart(6, "0");
  return `${whole}.${part.slice(0, 2)}${part.slice(2).replace(/0+$/, "")}`;
}
