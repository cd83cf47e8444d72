import type { KeySource } from "../../protocol/call-record.ts";
import type { SpendRow } from "../../protocol/rest-workshop.ts";

/** Who is billed: for what is on a key its owner, for time on a phone line the instructor's account at Twilio. */
export type Purse = KeySource | "phone";
export const PURSES = ["instructor", "student", "phone"] as const satisfies readonly Purse[];

export const purseOf = ({ kind, payer }: SpendRow): Purse => (kind === "phone" ? "phone" : payer);

/** What several rows come to. */
export interface Cost {
  readonly charges: number;
  readonly knownMicroUsd: number;
  /** Of some of it no price is known: it is more. */
  readonly isPartial: boolean;
}

const NO_COST: Cost = { charges: 0, knownMicroUsd: 0, isPartial: false };

const addRow = (sum: Cost, { charges, costMicroUsd, unpriced }: SpendRow): Cost => ({
  charges: sum.charges + charges,
  knownMicroUsd: sum.knownMicroUsd + costMicroUsd,
  isPartial: sum.isPartial || unpriced > 0,
});

/** What rows come to: of one purse, or of all. */
export const costOf = (rows: readonly SpendRow[], purse?: Purse): Cost =>
  rows.filter((row) => purse === undefined || purseOf(row) === purse).reduce(addRow, NO_COST);

/** Of all that a sum has of tokens and of time. */
export const usageOf = (rows: readonly SpendRow[], purse?: Purse) =>
  rows
    .filter((row) => purse === undefined || purseOf(row) === purse)
    .reduce(
      (sum, row) => ({
        inputTokens: sum.inputTokens + row.inputTokens,
        outputTokens: sum.outputTokens + row.outputTokens,
        lineMs: sum.lineMs + row.lineMs,
      }),
      { inputTokens: 0, outputTokens: 0, lineMs: 0 },
    );

/** What one student has cost each purse. */
export interface StudentCost extends Readonly<Record<Purse | "all", Cost>> {
  /** `null`: students who were erased, together. */
  readonly studentId: string | null;
  readonly name: string | null;
}

/** One for each student of whom the ledger has a row. */
export function studentCosts(rows: readonly SpendRow[]): readonly StudentCost[] {
  const byStudent = Map.groupBy(rows, ({ studentId }) => studentId);
  return [...byStudent].map(([studentId, own]) => ({
    studentId,
    name: own[0]?.name ?? null,
    instructor: costOf(own, "instructor"),
    student: costOf(own, "student"),
    phone: costOf(own, "phone"),
    all: costOf(own),
  }));
}

/* Sorting */

export interface Order<Column extends string> {
  readonly column: Column;
  readonly isDescending: boolean;
}

/** What a row is sorted by in one column. */
export type SortKey = string | number | Cost;

const collator = new Intl.Collator("en", { sensitivity: "base", numeric: true });

/** Equal rows stay in the order in which they are given; a cost of which not all is known stands above the dearest. */
export function sortRows<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => SortKey,
  isDescending: boolean,
): readonly Row[] {
  const sign = isDescending ? -1 : 1;
  return rows.toSorted((one, other) => sign * compare(keyOf(one), keyOf(other)));
}

/** The keys of one column are of one kind. */
function compare(one: SortKey, other: SortKey): number {
  if (typeof one === "string" && typeof other === "string") return collator.compare(one, other);
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one !== "object" || typeof other !== "object") return 0;
  return Number(one.isPartial) - Number(other.isPartial) || one.knownMicroUsd - other.knownMicroUsd;
}

/** By name, then by id: what equal rows stay in. */
export const byName = (
  one: Pick<StudentCost, "name" | "studentId">,
  other: Pick<StudentCost, "name" | "studentId">,
): number =>
  collator.compare(one.name ?? "", other.name ?? "") || collator.compare(one.studentId ?? "", other.studentId ?? "");
