import { BILL_PARTS, type Bill, type BillLine, LAYERS, NO_BILL } from "../protocol/bill.ts";
import type { Charge } from "../protocol/charge.ts";
import { type ExactLine, exactLinesOf, UNPRICED } from "./cost.ts";
import { type Exact, shareOut } from "./exact.ts";
import { PRICE_VERSION } from "./prices.ts";

/**
 * The bill of a call from the rows of its ledger. What was refused costs nothing; what is open counts as it stands.
 *
 * Lines of one kind and one price are one line. The rows of a model and a payer are shared out over its lines, so that the
 * lines of any model, of any payer and of all add up to what the ledger says.
 */
export function billOf(charges: readonly Charge[]): Bill {
  const billed = charges.filter(({ state }) => state !== "void");
  if (billed.length === 0) return { ...NO_BILL, priceVersion: charges.at(-1)?.priceVersion ?? PRICE_VERSION };
  const groups = Map.groupBy(billed, (charge) => keyOf(charge.kind === "phone", charge.payer, charge.model));
  const lines = [...groups.values()].flatMap((group) => sharedLines(group));
  return {
    lines: lines.sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer) || placeOf(a) - placeOf(b)),
    costMicroUsd: sumOf(billed.filter(({ kind }) => kind !== "phone")),
    phoneMicroUsd: sumOf(billed.filter(({ kind }) => kind === "phone")),
    estimated: billed.some(({ state, usage }) => state !== "told" || usage.estimated),
    priceVersion: billed.at(-1)?.priceVersion ?? PRICE_VERSION,
  };
}

const placeOf = ({ part }: BillLine): number => BILL_PARTS.indexOf(part);

const keyOf = (...parts: readonly unknown[]): string => JSON.stringify(parts);

/** Null: of one of them no price is known. */
function sumOf(charges: readonly Charge[]): number | null {
  let sum = 0;
  for (const { costMicroUsd } of charges) {
    if (costMicroUsd === null) return null;
    sum += costMicroUsd;
  }
  return sum;
}

interface Merged {
  line: Omit<BillLine, "costMicroUsd">;
  exact: Exact | null;
}

/** Of rows of one model and one payer. */
function sharedLines(charges: readonly Charge[]): readonly BillLine[] {
  const merged = new Map<string, Merged>();
  let costMicroUsd = 0;
  for (const charge of charges) {
    costMicroUsd += charge.costMicroUsd ?? 0;
    for (const { line, exact } of linesOf(charge)) {
      const key = keyOf(line.layer, line.part, line.usd, line.sourceDate, exact === null);
      const known = merged.get(key) ?? { line: { ...line, quantity: 0 }, exact: exact === null ? null : 0n };
      merged.set(key, {
        line: { ...line, quantity: known.line.quantity + line.quantity },
        exact: exact === null || known.exact === null ? null : known.exact + exact,
      });
    }
  }
  const all = [...merged.values()];
  const known = all.filter(({ exact }) => exact !== null);
  const shares = shareOut(
    costMicroUsd,
    known.map(({ exact }) => exact ?? 0n),
  );
  return all.map((one) => ({
    ...one.line,
    costMicroUsd: one.exact === null ? null : (shares[known.indexOf(one)] ?? 0),
  }));
}

/**
 * The lines of a row as its ledger has it: what had no price then has none here. A row that was priced has a line even when
 * its usage cannot be read any more, so that no money goes missing from a bill.
 */
function linesOf(charge: Charge): readonly ExactLine[] {
  const lines = exactLinesOf(charge, charge.priceVersion) ?? [];
  if (charge.costMicroUsd === null) return lines.map(({ line }) => ({ line: { ...line, ...UNPRICED }, exact: null }));
  if (lines.length > 0) return lines.map(({ line, exact }) => ({ line, exact: exact ?? 0n }));
  if (charge.costMicroUsd === 0) return [];
  const { kind, model, payer } = charge;
  const layer = kind === "phone" || kind === "transcription" ? kind : "text";
  const part = kind === "phone" ? "time" : "input";
  return [{ line: { layer, part, model, payer, quantity: 0, ...UNPRICED }, exact: 0n }];
}
