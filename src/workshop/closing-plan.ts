import * as z from "zod";
import { parseWorkshopId, type WorkshopId } from "../protocol/ids.ts";

const atMs = z.number();

/** How a workshop ends, as its row says; milliseconds since 1970. `null`: not yet. */
export const ClosingDates = z.object({
  closedAtMs: atMs,
  keysAtMs: atMs,
  keysDeletedAtMs: atMs.nullable(),
  eraseAtMs: atMs,
  erasedAtMs: atMs.nullable(),
});
export type ClosingDates = z.infer<typeof ClosingDates>;

/** What the object remembers of its workshop's end: enough to wake up and to ask the row. */
export const ClosingPlan = z.object({
  workshopId: z.custom<WorkshopId>((value) => parseWorkshopId(value) !== undefined),
  /** As the row said last. Null: it has not been asked yet, or there is none any more. */
  closing: ClosingDates.nullable(),
  /** There is no such workshop any more. */
  isGone: z.boolean(),
  /** Nothing that tells who somebody was is kept here any more. */
  isCleared: z.boolean(),
  /** Tries in a row that failed. */
  failures: z.number(),
});
export type ClosingPlan = z.infer<typeof ClosingPlan>;

export const newPlan = (workshopId: WorkshopId): ClosingPlan => ({
  workshopId,
  closing: null,
  isGone: false,
  isCleared: false,
  failures: 0,
});

export const isSameClosing = (one: ClosingDates | null, other: ClosingDates | null): boolean =>
  JSON.stringify(one && ClosingDates.parse(one)) === JSON.stringify(other && ClosingDates.parse(other));
