import type { LendingLimits } from "../../protocol/bill.ts";
import type { WorkshopPatch } from "../../protocol/rest-workshop.ts";
import { type DollarProblem, readDollars } from "../dollars.ts";

/** The limits that are typed, in the order in which they stand. */
export const LENDING_FIELDS = ["studentMicroUsd", "poolMicroUsd", "callMicroUsd"] as const;
export type LendingField = (typeof LENDING_FIELDS)[number];

/** What a new workshop begins with; the server would take the same (`limits.ts`). Of a call there is no limit of its own. */
export const NEW_LENDING = { studentMicroUsd: 500_000, poolMicroUsd: 10_000_000 } as const;

export type LendingRead =
  | { readonly ok: true; readonly microUsd: number | null; readonly patch: WorkshopPatch }
  | { readonly ok: false; readonly problem: DollarProblem };

/** What one field asks the server to change, or what is wrong with it; an empty one takes the limit away. */
export function readLimit(field: LendingField, text: string): LendingRead {
  const read = readDollars(text);
  return read.ok ? { ...read, patch: { lending: { [field]: read.microUsd } } } : read;
}

/** What may be chosen: the configured models, and those that are lent although nothing is configured to use them. */
export const lendableModels = (configured: readonly string[], lent: LendingLimits["models"]): readonly string[] => [
  ...new Set([...configured, ...(lent ?? [])]),
];

/** The list without that model, or with it; of all it is null, and so is whatever is configured later. */
export function withModel(
  configured: readonly string[],
  lent: LendingLimits["models"],
  model: string,
  isLent: boolean,
): LendingLimits["models"] {
  const all = lendableModels(configured, lent);
  const next = all.filter((one) => (one === model ? isLent : (lent?.includes(one) ?? true)));
  return next.length === all.length ? null : next;
}
