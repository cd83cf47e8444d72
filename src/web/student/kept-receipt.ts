import { effect, signal } from "@preact/signals";
import type { StudentReceipt } from "../../protocol/closing.ts";
import { flag, readFrame } from "../../protocol/read-fields.ts";
import { readReceipt } from "../read-closing.ts";
import { browserStorage } from "./browser-storage.ts";
import { closing, farewell, isErased, me } from "./session.ts";

/**
 * The receipt of a closed workshop, kept in this browser: it is still there when the server has erased everything. Sums, dates
 * and the end of a key, nothing else.
 */
export interface KeptReceipt {
  readonly receipt: StudentReceipt;
  /** The server does not know the student any more. */
  readonly isErased: boolean;
}

const KEPT = "callroom.receipt";

/** `null`: nothing, or nothing that this page can read. */
export const readKept = (text: string | null): KeptReceipt | null =>
  (text !== null &&
    readFrame(text, (kept) => ({ receipt: readReceipt(kept.receipt), isErased: flag(kept.isErased) }))) ||
  null;

export const keptReceipt = signal(readKept(browserStorage()?.getItem(KEPT) ?? null));

export function keepReceipt(kept: KeptReceipt | null): void {
  keptReceipt.value = kept;
  try {
    if (kept === null) browserStorage()?.removeItem(KEPT);
    else browserStorage()?.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // A storage that is full keeps nothing; the page has it until it is closed.
  }
}

/** Everything of theirs is erased, also when they were away for so long that nobody could tell this browser. */
export const isPastErasure = ({ isErased: isTold, receipt: { closing: end } }: KeptReceipt, nowMs: number): boolean =>
  isTold || end.erasedAt !== null || nowMs >= Date.parse(end.eraseAt);

/** It is of whoever was here last: gone with them, and when somebody is here whose workshop is not closed. */
effect(() => {
  const isOthers = me.value === null ? farewell.value !== null : closing.value === null;
  if (isOthers && keptReceipt.peek() !== null) keepReceipt(null);
});

effect(() => {
  const kept = keptReceipt.peek();
  if (isErased.value && kept !== null && !kept.isErased) keepReceipt({ ...kept, isErased: true });
});
