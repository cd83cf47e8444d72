import { NEEDS, type NeedKind } from "./need.ts";

/** What the order of the wall is made of. */
export interface Ranked {
  readonly studentId: string;
  readonly kind: NeedKind;
  readonly name: string;
}

const collator = new Intl.Collator("en", { sensitivity: "base", numeric: true });
const rankOf = (kind: NeedKind): number => NEEDS.indexOf(kind);

/** By need, then by name, then by id: the same students always stand in the same order. */
export const byNeed = (one: Ranked, other: Ranked): number =>
  rankOf(one.kind) - rankOf(other.kind) ||
  collator.compare(one.name, other.name) ||
  (one.studentId < other.studentId ? -1 : 1);

/**
 * The next order of what is shown. The one that the pointer or the keyboard is on keeps its place in the row, and stays even
 * if it is not wanted any more, so that nobody presses what has just slid under their finger.
 *
 * @param wanted ids in the order in which they should stand
 */
export function arrange(
  current: readonly string[],
  wanted: readonly string[],
  heldId: string | null,
): readonly string[] {
  const heldAt = heldId === null ? -1 : current.indexOf(heldId);
  let next = wanted;
  if (heldId !== null && heldAt !== -1) {
    const others = wanted.filter((id) => id !== heldId);
    next = [...others.slice(0, heldAt), heldId, ...others.slice(heldAt)];
  }
  return isSame(current, next) ? current : next;
}

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((id, at) => id === other[at]);
