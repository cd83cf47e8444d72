import { createHash } from "node:crypto";
import type { OwnPrice, UsdPerMillion } from "../pricing/overrides.ts";
import type { MicroUsdPerMillion, Price } from "../pricing/price.ts";
import { inForce } from "../pricing/price-of.ts";
import type { ModelShutdown } from "../pricing/shutdowns.ts";
import { microUsdOf } from "./micro-usd.ts";

/** The rows of what was looked up by hand. */
export const ownRows = (prices: readonly OwnPrice[], addedOn: string): readonly Price[] =>
  prices.map((own) => ({
    model: own.model,
    kind: own.kind,
    aliases: [...(own.aliases ?? [])].sort(),
    effectiveFrom: own.effectiveFrom ?? null,
    shutdownDate: null,
    text: own.text ? ratesOf(own.text) : null,
    audio: own.audio ? ratesOf(own.audio) : null,
    microUsdPerMinute: own.usdPerMinute === undefined ? null : microUsdOf(own.usdPerMinute),
    longContext: own.longContext
      ? { overInputTokens: own.longContext.overInputTokens, ...ratesOf(own.longContext) }
      : null,
    source: own.source,
    sourceDate: own.sourceDate,
    addedOn,
    note: own.note ?? "",
  }));

function ratesOf(usd: UsdPerMillion): MicroUsdPerMillion {
  const rate = (price: number | undefined): number | null => (price === undefined ? null : microUsdOf(price));
  return {
    input: rate(usd.input),
    cachedInput: rate(usd.cachedInput),
    cacheWrite: rate(usd.cacheWrite),
    output: rate(usd.output),
  };
}

/** Both together: what was looked up by hand stands before what the package says of the same model and day. */
export function combined(fromPackage: readonly Price[], own: readonly Price[]): readonly Price[] {
  const keys = new Set(own.map(keyOf));
  return [...fromPackage.filter((row) => !keys.has(keyOf(row))), ...own];
}

/**
 * The next table: what the committed one says is never changed, so that every bill can be computed again. A price that
 * differs now is a new row from the day on which its source said so.
 *
 * @throws Error with a sentence, when that day is not after the last change of the model's price.
 */
export function nextTable(
  committed: readonly Price[],
  wanted: readonly Price[],
  shutdowns: readonly ModelShutdown[],
): readonly Price[] {
  const rows = new Map(committed.map((row) => [keyOf(row), row]));
  for (const row of wanted) {
    const known = rows.get(keyOf(row));
    if (!known || moneyOf(known) === moneyOf(row)) {
      rows.set(keyOf(row), { ...row, addedOn: known?.addedOn ?? row.addedOn });
      continue;
    }
    const ofModel = [...rows.values()].filter(({ model }) => model === row.model);
    const then = inForce(ofModel, Date.parse(`${row.sourceDate}T00:00:00Z`));
    if (then && moneyOf(then) === moneyOf(row)) continue;
    const added = { ...row, effectiveFrom: row.sourceDate };
    if (ofModel.some(({ effectiveFrom }) => (effectiveFrom ?? "") >= row.sourceDate)) {
      throw new Error(
        `The price of ${row.model} differs, and the table has one from ${row.sourceDate} or later already.`,
      );
    }
    rows.set(keyOf(added), added);
  }
  return [...rows.values()].map((row) => current(row, wanted, shutdowns)).sort(byName);
}

const keyOf = ({ model, effectiveFrom }: Price): string => `${model} ${effectiveFrom ?? ""}`;

const moneyOf = ({ kind, text, audio, microUsdPerMinute, longContext }: Price): string =>
  JSON.stringify([kind, ...[text, audio, longContext].map(ratesIn), microUsdPerMinute]);

const ratesIn = (rates: (MicroUsdPerMillion & { readonly overInputTokens?: number }) | null): unknown =>
  rates && [rates.overInputTokens, rates.input, rates.cachedInput, rates.cacheWrite, rates.output];

/** Names and the last day belong to the model, and are those of now in all of its rows. */
function current(row: Price, wanted: readonly Price[], shutdowns: readonly ModelShutdown[]): Price {
  const aliases = wanted.find(({ model }) => model === row.model)?.aliases ?? row.aliases;
  const shutdown = shutdowns.find(({ models }) => models.includes(row.model));
  return { ...row, aliases, shutdownDate: shutdown?.on ?? null };
}

const KINDS = ["text", "realtime", "transcribe", "phone"];

function byName(a: Price, b: Price): number {
  const [left, right] = [a, b].map((row) => `${KINDS.indexOf(row.kind)} ${keyOf(row)}`);
  return (left ?? "") < (right ?? "") ? -1 : 1;
}

/** The day of the table, and eight digits that differ when any price does. */
export function versionOf(rows: readonly Price[], date: string): string {
  const money = JSON.stringify(rows.map((row) => [keyOf(row), row.aliases, moneyOf(row)]));
  return `${date}-${createHash("sha256").update(money).digest("hex").slice(0, 8)}`;
}
