import type { Closing, StudentReceipt } from "../protocol/closing.ts";
import { fields, number, orNull, Unreadable, words } from "../protocol/read-fields.ts";

/** The end of a workshop as it comes over a wire or out of a browser's storage. Each of these throws `Unreadable`. */

export function readClosing(value: unknown): Closing {
  const closing = fields(value);
  return {
    closedAt: time(closing.closedAt),
    keysAt: time(closing.keysAt),
    keysDeletedAt: orNull(time, closing.keysDeletedAt),
    eraseAt: time(closing.eraseAt),
    erasedAt: orNull(time, closing.erasedAt),
  };
}

/** What a receipt and a row of the report have in common. */
export function readSums(value: unknown): Omit<StudentReceipt, "workshop" | "closing"> {
  const { key, calls, ms, ownMicroUsd, lentMicroUsd } = fields(value);
  return {
    key: orNull(readDeletedKey, key),
    calls: number(calls),
    ms: number(ms),
    ownMicroUsd: orNull(number, ownMicroUsd),
    lentMicroUsd: orNull(number, lentMicroUsd),
  };
}

export function readReceipt(value: unknown): StudentReceipt {
  const { workshop, closing } = fields(value);
  return { workshop: words(workshop), closing: readClosing(closing), ...readSums(value) };
}

function readDeletedKey(value: unknown): NonNullable<StudentReceipt["key"]> {
  const { hint, deletedAt } = fields(value);
  return { hint: orNull(words, hint), deletedAt: orNull(time, deletedAt) };
}

/** A time that is one: it is shown as a date. */
function time(value: unknown): string {
  const text = words(value);
  if (Number.isNaN(Date.parse(text))) throw new Unreadable();
  return text;
}
