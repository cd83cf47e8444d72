import type { CloseRequest, Closing } from "../../protocol/closing.ts";
import { fromLocalField, toLocalField } from "./local-time.ts";

/** When a workshop's keys and students go, as it is chosen → what is asked of the server. */

export const KEY_CHOICES = ["now", "date"] as const;
export type KeyChoice = (typeof KEY_CHOICES)[number];
/** Days after now, at once, or whenever. */
export const ERASE_CHOICES = ["now", 7, 30, 90, "date"] as const;
export type EraseChoice = (typeof ERASE_CHOICES)[number];

export interface ClosingDraft {
  readonly keys: KeyChoice;
  /** Both as a field of type `datetime-local` has them; they count for the choice `date`. */
  readonly keysField: string;
  readonly erase: EraseChoice;
  readonly eraseField: string;
}

export type ClosingProblem = "not-a-time" | "past" | "too-far" | "before-keys";

/** The server takes no later date. */
export const CLOSING_AHEAD_MS = 400 * 86_400_000;

export type ReadClosing =
  | {
      readonly ok: true;
      readonly request: CloseRequest;
      /** What cannot be taken back as soon as it is sent. */
      readonly deletesNow: "keys" | "everything" | null;
    }
  | { readonly ok: false; readonly field: "keys" | "erase"; readonly problem: ClosingProblem };

const DAY_MS = 86_400_000;
const KEPT_DAYS = 30;

/** Keys are of no use once no call can begin; transcripts are, for a while. */
export const newClosing = (nowMs: number): ClosingDraft => ({
  keys: "now",
  keysField: localDay(nowMs + DAY_MS),
  erase: KEPT_DAYS,
  eraseField: localDay(nowMs + KEPT_DAYS * DAY_MS),
});

/** As it stands, to be changed. */
export const closingDraftOf = ({ keysAt, eraseAt }: Closing): ClosingDraft => ({
  keys: "date",
  keysField: toLocalField(keysAt),
  erase: "date",
  eraseField: toLocalField(eraseAt),
});

/** When the students go by that choice, ISO 8601 in UTC; `null`: at once, or nobody can tell yet. */
export function eraseAtOf({ erase, eraseField }: ClosingDraft, nowMs: number): string | null {
  if (erase === "now") return null;
  return erase === "date" ? (fromLocalField(eraseField) ?? null) : new Date(nowMs + erase * DAY_MS).toISOString();
}

/** @param closing as it stands; keys that are gone already keep their date. `null`: it is not closed yet. */
export function readClosingDraft(draft: ClosingDraft, closing: Closing | null, nowMs: number): ReadClosing {
  const areKeysGone = closing !== null && closing.keysDeletedAt !== null;
  const keysAt = areKeysGone ? closing.keysAt : draft.keys === "now" ? null : fromLocalField(draft.keysField);
  if (keysAt === undefined || (keysAt === null && draft.keys === "date" && !areKeysGone)) {
    return { ok: false, field: "keys", problem: "not-a-time" };
  }
  const keysAtMs = keysAt === null ? nowMs : Date.parse(keysAt);
  const keysProblem = areKeysGone ? null : problemOf(keysAtMs, nowMs);
  if (keysProblem !== null) return { ok: false, field: "keys", problem: keysProblem };
  const eraseAt = eraseAtOf(draft, nowMs);
  if (eraseAt === null && draft.erase !== "now") return { ok: false, field: "erase", problem: "not-a-time" };
  const eraseAtMs = eraseAt === null ? nowMs : Date.parse(eraseAt);
  const eraseProblem = problemOf(eraseAtMs, nowMs);
  if (eraseProblem !== null) return { ok: false, field: "erase", problem: eraseProblem };
  if (eraseAtMs < keysAtMs) return { ok: false, field: "erase", problem: "before-keys" };
  const deletesNow = eraseAt === null ? "everything" : keysAt === null ? "keys" : null;
  return { ok: true, request: { keysAt, eraseAt }, deletesNow };
}

function problemOf(atMs: number, nowMs: number): "past" | "too-far" | null {
  if (atMs < nowMs) return "past";
  return atMs > nowMs + CLOSING_AHEAD_MS ? "too-far" : null;
}

/** In the evening of that day, by the wall clock. */
function localDay(ms: number): string {
  return `${toLocalField(new Date(ms).toISOString()).slice(0, 10)}T18:00`;
}
