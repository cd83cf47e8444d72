import type { WallStudent } from "../../protocol/live-messages.ts";
import type { ShownKeyStatus } from "../../protocol/rest.ts";
import type { SpendRow } from "../../protocol/rest-workshop.ts";
import { allowanceOf, type Lent, lentOf } from "./lent.ts";
import { purseOf } from "./spend-table.ts";

/** A student who calls on the instructor's key, or has. */
export interface Borrower {
  /** `null`: students who were erased, together. */
  readonly studentId: string | null;
  readonly name: string | null;
  /** What there is of a key of their own; `gone`: the student was erased. */
  readonly ownKey: ShownKeyStatus | "none" | "gone";
  /** On the instructor's key, right now. */
  readonly isInCall: boolean;
  readonly lent: Lent;
  /** `null`: not known, the ledger has nothing of it yet. */
  readonly lastUsedAtMs: number | null;
}

/**
 * Who uses the instructor's key: those in a call on it first, then by how much.
 *
 * @param rows of the ledger: they tell when it was used last, and what students who were erased have used of it
 */
export function borrowersOf(
  students: readonly WallStudent[],
  rows: readonly SpendRow[],
  limitMicroUsd: number | null,
): readonly Borrower[] {
  const lent = Map.groupBy(
    rows.filter((row) => purseOf(row) === "instructor"),
    ({ studentId }) => studentId,
  );
  const here = students.flatMap((student) => {
    const { studentId, name, keyStatus } = student;
    const isInCall = student.calls.some(({ keySource }) => keySource === "instructor");
    const lastUsedAtMs = lastUse(lent.get(studentId) ?? [], student);
    const hasUsed = lastUsedAtMs !== null || student.lentMicroUsd > 0 || student.spend.instructor.calls > 0;
    if (!isInCall && !hasUsed) return [];
    const ownKey = keyStatus ?? "none";
    return [{ studentId, name, ownKey, isInCall, lent: allowanceOf(student, limitMicroUsd), lastUsedAtMs } as const];
  });
  const known = new Set<string | null>(students.map(({ studentId }) => studentId));
  const gone = [...lent].flatMap(([studentId, own]) => {
    if (known.has(studentId)) return [];
    const spentMicroUsd = own.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0);
    const used = lentOf({ spentMicroUsd, heldMicroUsd: 0 }, null, false);
    const name = own[0]?.name ?? null;
    return [{ studentId, name, ownKey: "gone", isInCall: false, lent: used, lastUsedAtMs: lastUse(own) } as const];
  });
  return [...here, ...gone].sort(byUse);
}

const byUse = (one: Borrower, other: Borrower): number =>
  Number(other.isInCall) - Number(one.isInCall) || other.lent.spentMicroUsd - one.lent.spentMicroUsd;

function lastUse(rows: readonly SpendRow[], student?: WallStudent): number | null {
  const lastCall = student?.lastCall?.keySource === "instructor" ? student.lastCall.endedAtMs : Number.NaN;
  const times = [lastCall, ...rows.map(({ lastAt }) => Date.parse(lastAt))].filter((atMs) => !Number.isNaN(atMs));
  return times.length === 0 ? null : Math.max(...times);
}
