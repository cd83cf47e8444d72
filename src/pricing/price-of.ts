import type { Price, PriceKind } from "./price.ts";
import { PRICE_VERSION, PRICES } from "./prices.ts";

const BY_MODEL = Map.groupBy(PRICES, ({ model }) => model);

/**
 * The prices at a moment of a model, or of a phone's line by its name. `undefined`: none is known.
 *
 * @param version of the table that is asked: what was looked up later is not in it. A version begins with its day.
 */
export function priceOf(model: string, atMs: number, version: string = PRICE_VERSION): Price | undefined {
  const day = version.slice(0, "YYYY-MM-DD".length);
  return inForce(
    rowsOf(model).filter(({ addedOn }) => addedOn <= day),
    atMs,
  );
}

/** Of the rows of one model the one that counts at a moment. */
export function inForce(rows: readonly Price[], atMs: number): Price | undefined {
  const begun = rows.filter(({ effectiveFrom }) => startMs(effectiveFrom) <= atMs);
  return begun.sort((a, b) => (startMs(a.effectiveFrom) < startMs(b.effectiveFrom) ? -1 : 1)).at(-1);
}

export const isPriced = (model: string, atMs: number): boolean => priceOf(model, atMs) !== undefined;

/** What a model is for; `undefined`: it has no price. */
export const kindOf = (model: string): PriceKind | undefined => rowsOf(model)[0]?.kind;

/** Whether OpenAI has ended it by then. */
export const isShutDown = ({ shutdownDate }: Price, atMs: number): boolean =>
  shutdownDate !== null && startMs(shutdownDate) <= atMs;

const rowsOf = (model: string): readonly Price[] =>
  BY_MODEL.get(model) ?? PRICES.filter(({ aliases }) => aliases.some((alias) => isAlias(alias, model)));

/** Midnight UTC of a day; what has none began before everything. */
const startMs = (date: string | null): number =>
  date === null ? Number.NEGATIVE_INFINITY : Date.parse(`${date}T00:00:00Z`);

function isAlias(alias: string, name: string): boolean {
  const isOpen = alias.endsWith("*");
  const signs = isOpen ? alias.slice(0, -1) : alias;
  if (isOpen ? name.length < signs.length : name.length !== signs.length) return false;
  return Array.from(signs).every((sign, at) => (sign === "#" ? /\d/.test(name[at] ?? "") : sign === name[at]));
}
