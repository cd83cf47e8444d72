import type { Closing } from "../protocol/closing.ts";
import type { WorkshopClosing } from "../store/workshops.ts";
import { isoTime, isoTimeOrNull } from "./replies.ts";

export const closingView = (closing: WorkshopClosing | null): Closing | null =>
  closing && {
    closedAt: isoTime(closing.closedAtMs),
    keysAt: isoTime(closing.keysAtMs),
    keysDeletedAt: isoTimeOrNull(closing.keysDeletedAtMs),
    eraseAt: isoTime(closing.eraseAtMs),
    erasedAt: isoTimeOrNull(closing.erasedAtMs),
  };
