/** Milliseconds since 1970; `null`: not set. */
export interface WorkshopDates {
  readonly opensAtMs: number | null;
  readonly closesAtMs: number | null;
}

/** Whether a class may be joined and called. Its dates are the instructor's; one that is not set does not bound. */
export function isOpen({ opensAtMs, closesAtMs }: WorkshopDates, nowMs: number): boolean {
  return (opensAtMs === null || opensAtMs <= nowMs) && (closesAtMs === null || nowMs < closesAtMs);
}
