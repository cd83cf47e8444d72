import type { Closing, StudentReceipt } from "../protocol/closing.ts";
import { dateWords, keyEnd } from "./words-join.ts";

/** Words of the end of a workshop, on the student's page. */

export const CLOSED_WORDS = {
  title: "This workshop has ended",
  lead: "No more calls begin. Here is what it came to, and what happens next.",
  next: "What happens next",
  calls: "See and save your calls",
  receipt: "Your receipt",
  count: "Calls",
  time: "Time in calls",
  together: "Together",
  own: "On your own OpenAI key",
  lent: "Lent to you by your instructor",
  nothing: "nothing",
  key: "Your key",
  stillWorks: "This key still works at OpenAI. If you do not need it any more, revoke it there.",
  noKey: "none was stored here",
  print: "Print",
  revoke: "Revoke it at OpenAI",
  loading: "Looking for your receipt…",
  again: "Try again",
} as const;

export const thanksWords = (workshop: string): string => `Thank you for taking part in ${workshop}.`;

export const AFTERWARDS_WORDS = {
  erased: "Everything of yours here is erased",
  erasedLead:
    "Your name, agent, calls and transcripts are gone from the server. This receipt is kept in this browser only.",
  away: "You are signed out of this browser. Your four words still bring you back.",
  forget: "Forget this too",
  keep: "Keep it",
  sure: "Yes, forget the receipt",
  back: "Come back in",
  join: "Join another workshop",
} as const;

/** `23 Nov 2026, 17:00`. */
export const stepDateWords = (iso: string): string =>
  new Date(iso).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });

/** What has happened and what will, in order, each with its time. */
export interface Step {
  readonly words: string;
  readonly at: string;
  readonly isDone: boolean;
}

export const stepsOf = ({ closedAt, keysAt, keysDeletedAt, eraseAt, erasedAt }: Closing): readonly Step[] => [
  { words: "Closed", at: closedAt, isDone: true },
  {
    words: keysDeletedAt === null ? "Keys will be deleted" : "Keys were deleted",
    at: keysDeletedAt ?? keysAt,
    isDone: keysDeletedAt !== null,
  },
  {
    words: erasedAt === null ? "Your data will be erased" : "Your data was erased",
    at: erasedAt ?? eraseAt,
    isDone: erasedAt !== null,
  },
];

/** `45 s`, `21 min`, `1 h 5 min`. */
export function spentWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `···a1b2, deleted here on …`. */
export function keyWords(key: NonNullable<StudentReceipt["key"]>, keysAt: string): string {
  const end = keyEnd(key.hint).trim();
  const when =
    key.deletedAt === null
      ? `will be deleted here on ${dateWords(keysAt)}`
      : `deleted here on ${dateWords(key.deletedAt)}`;
  return [end, when].filter(Boolean).join(", ");
}
