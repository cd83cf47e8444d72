import type { KeySource } from "../../protocol/call-record.ts";
import type { Spend, StudentSummary } from "../../protocol/rest-workshop.ts";

/** What one payer has paid for one student. */
export interface SpendRow {
  readonly studentId: string;
  readonly name: string | null;
  readonly payer: KeySource;
  readonly spend: Spend;
}

export const SPEND_COLUMNS = ["name", "payer", "calls", "minutes", "input", "output", "cost"] as const;
export type SpendColumn = (typeof SPEND_COLUMNS)[number];

export interface SpendOrder {
  readonly column: SpendColumn;
  readonly isDescending: boolean;
}

/** Spend of several. What is known of its cost is told, and whether that is all of it. */
export interface SpendSum extends Omit<Spend, "costMicroUsd"> {
  readonly knownMicroUsd: number;
  /** Of some of it no price is known: the sum is more. */
  readonly isPartial: boolean;
}

export const NO_SUM: SpendSum = {
  calls: 0,
  ms: 0,
  inputTokens: 0,
  outputTokens: 0,
  knownMicroUsd: 0,
  isPartial: false,
};

export const addSpend = (sum: SpendSum, spend: Spend): SpendSum => ({
  calls: sum.calls + spend.calls,
  ms: sum.ms + spend.ms,
  inputTokens: sum.inputTokens + spend.inputTokens,
  outputTokens: sum.outputTokens + spend.outputTokens,
  knownMicroUsd: sum.knownMicroUsd + (spend.costMicroUsd ?? 0),
  isPartial: sum.isPartial || spend.costMicroUsd === null,
});

/** One spend as a sum of itself. */
export const asSum = (spend: Spend): SpendSum => addSpend(NO_SUM, spend);

/** One row for each student and payer that had a call. */
export const spendRows = (students: readonly StudentSummary[]): readonly SpendRow[] =>
  students.flatMap(({ studentId, name, spend }) =>
    (["instructor", "student"] as const)
      .map((payer) => ({ studentId, name, payer, spend: spend[payer] }))
      .filter((row) => row.spend.calls > 0),
  );

export const sumOf = (rows: readonly SpendRow[], payer?: KeySource): SpendSum =>
  rows
    .filter((row) => payer === undefined || row.payer === payer)
    .reduce((sum, row) => addSpend(sum, row.spend), NO_SUM);

const collator = new Intl.Collator("en", { sensitivity: "base", numeric: true });

/** Equal rows stand by name; an unknown cost stands where it is looked for, above the dearest. */
export function sortRows(rows: readonly SpendRow[], { column, isDescending }: SpendOrder): readonly SpendRow[] {
  const sign = isDescending ? -1 : 1;
  return rows.toSorted((one, other) => sign * compare(one, other, column) || byName(one, other));
}

const byName = (one: SpendRow, other: SpendRow): number =>
  collator.compare(one.name ?? "", other.name ?? "") || compareText(one.payer, other.payer);

function compare(one: SpendRow, other: SpendRow, column: SpendColumn): number {
  switch (column) {
    case "name":
      return collator.compare(one.name ?? "", other.name ?? "");
    case "payer":
      return compareText(one.payer, other.payer);
    case "calls":
      return one.spend.calls - other.spend.calls;
    case "minutes":
      return one.spend.ms - other.spend.ms;
    case "input":
      return one.spend.inputTokens - other.spend.inputTokens;
    case "output":
      return one.spend.outputTokens - other.spend.outputTokens;
    case "cost": {
      const [cost, otherCost] = [one.spend.costMicroUsd, other.spend.costMicroUsd];
      if (cost === null || otherCost === null) return Number(cost === null) - Number(otherCost === null);
      return cost - otherCost;
    }
  }
}

const compareText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
