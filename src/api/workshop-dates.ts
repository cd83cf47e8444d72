import type { Workshop } from "../store/workshops.ts";

/** Whether a class may be joined and called. Its dates are the instructor's; one that is not set does not bound. */
export function isOpen({ opensAtMs, closesAtMs }: Workshop, nowMs: number): boolean {
  return (opensAtMs === null || opensAtMs <= nowMs) && (closesAtMs === null || nowMs < closesAtMs);
}
