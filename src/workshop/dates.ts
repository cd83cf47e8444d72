import type { WorkshopState } from "../protocol/rest.ts";

/** Milliseconds since 1970; `null`: not set. */
export interface WorkshopDates {
  readonly opensAtMs: number | null;
  readonly closesAtMs: number | null;
  /** The instructor has closed it for good, whatever the dates say. */
  readonly closing: object | null;
}

/** Whether a class may be joined and called. Its dates are the instructor's; one that is not set does not bound. */
export function isOpen({ opensAtMs, closesAtMs, closing }: WorkshopDates, nowMs: number): boolean {
  return closing === null && (opensAtMs === null || opensAtMs <= nowMs) && (closesAtMs === null || nowMs < closesAtMs);
}

/** Before its first moment, between its dates, or after its end; an end that is not after the beginning wins. */
export function stateOf(dates: WorkshopDates, nowMs: number): WorkshopState {
  if (isOpen(dates, nowMs)) return "open";
  return dates.closing !== null || (dates.closesAtMs !== null && dates.closesAtMs <= nowMs) ? "ended" : "not-open";
}
