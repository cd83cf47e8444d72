import type { Closing } from "../../protocol/closing.ts";
import type { ClosingProblem, EraseChoice, KeyChoice } from "./closing-draft.ts";
import { plural } from "./words.ts";

/** What the console says of the end of a workshop. */

/** `23 November 2026 at 17:00`, by the wall clock. */
export const dateWords = (iso: string): string =>
  new Date(iso).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });

export const CLOSING_WORDS = {
  title: "Close this workshop",
  hint: "When the class is over: calls end, keys are deleted, everybody keeps a receipt, and later all students are erased. You choose when.",
  open: "Close this workshop…",
  lead: "Nothing happens before you press the button at the end.",
  endTitle: "Calls end, now",
  endHint: "Nobody can join or call after that.",
  keysTitle: "Students' OpenAI keys are deleted",
  keysHint: "If you open the workshop again later, students enter theirs anew.",
  receiptTitle: "Everybody keeps a receipt",
  receiptHint:
    "On their page: what they spent on their own key, what you lent them, and where to revoke their key at OpenAI. Until they are erased they can read and save their calls.",
  eraseTitle: "Students and transcripts are erased",
  eraseHint: "What stays are sums without names.",
  date: "Date and time",
  keysDate: "Date and time for the keys",
  eraseDate: "Date and time for erasing",
  confirm: "To close it, type its name:",
  close: "Close the workshop",
  busy: "One moment…",
  dismiss: "Not now",
  closedTitle: "This workshop is closed",
  change: "Change dates",
  changeTitle: "Change the dates",
  save: "Save the dates",
  reopen: "Open it again",
  reopened: "The workshop is open again.",
  keysGone: "If you open it again, students enter their keys anew.",
  erasedHint: "Its students are erased. The report has the sums.",
  report: "Report",
  dates: "Dates",
} as const;

export const callsEndWords = (calls: number): string =>
  calls === 0
    ? "No call goes on right now."
    : `${plural(calls, "call")} ${calls === 1 ? "goes" : "go"} on right now and will end.`;
export const keysHereWords = (students: number): string =>
  students === 0
    ? "No student has a key here."
    : `${plural(students, "student")} ${students === 1 ? "has" : "have"} a key here.`;
export const studentsHereWords = (students: number): string => `This workshop has ${plural(students, "student")}.`;

export const KEY_CHOICE_WORDS: Readonly<Record<KeyChoice, string>> = { now: "Now", date: "At a date" };
export const eraseChoiceWords = (choice: EraseChoice): string =>
  typeof choice === "number" ? `After ${choice} days` : KEY_CHOICE_WORDS[choice];
export const onWords = (iso: string): string => `On ${dateWords(iso)}.`;

export const CLOSING_PROBLEMS: Readonly<Record<ClosingProblem, string>> = {
  "not-a-time": "Choose a date and a time.",
  past: "This time has passed.",
  "too-far": "At most 400 days from now, please.",
  "before-keys": "Students are erased with their keys or after them, not before.",
};
export const DELETES_NOW_WORDS: Readonly<Record<"keys" | "everything", string>> = {
  keys: "The keys are deleted at once. Nothing can bring them back.",
  everything: "Keys, students and transcripts are erased at once. Nothing can bring them back.",
};

/* A closed workshop */

export interface ClosingStep {
  readonly words: string;
  readonly at: string;
  readonly isDone: boolean;
}

export const closingSteps = ({
  closedAt,
  keysAt,
  keysDeletedAt,
  eraseAt,
  erasedAt,
}: Closing): readonly ClosingStep[] => [
  { words: "Closed", at: closedAt, isDone: true },
  {
    words: keysDeletedAt === null ? "Keys will be deleted" : "Keys were deleted",
    at: keysDeletedAt ?? keysAt,
    isDone: keysDeletedAt !== null,
  },
  {
    words: erasedAt === null ? "Students will be erased" : "Students were erased",
    at: erasedAt ?? eraseAt,
    isDone: erasedAt !== null,
  },
];
export const stepSentence = ({ words, at }: ClosingStep): string => `${words} on ${dateWords(at)}.`;
/** In the list of workshops. */
export const closedOnWords = ({ closedAt }: Closing): string => `Closed on ${dateWords(closedAt)}`;

export const CLOSED_ROOM_WORDS = {
  title: "This workshop is closed",
  noWall: "Nobody can call or join any more.",
} as const;

/* The report */

export const REPORT_WORDS = {
  title: "Report",
  label: "What each student used",
  lead: "A key that is deleted here still works at OpenAI until its owner revokes it there:",
  copy: "the address where keys are revoked",
  csv: "Download CSV",
  print: "Print",
  loading: "Adding up…",
  again: "Try again",
  none: "Nobody joined this workshop.",
  sum: "All students",
  erased: "Erased students",
  erasedHint: "All students are erased; these are their sums.",
  noKey: "none",
  here: "still here",
} as const;
export const REPORT_COLUMN_WORDS = {
  name: "Student",
  calls: "Calls",
  minutes: "Minutes",
  own: "On their key",
  lent: "Lent by you",
  key: "Key",
} as const;
export const reportTitleWords = (workshop: string): string => `${REPORT_WORDS.title}: ${workshop}`;
/** `…a1b2 deleted 23 Nov 2026`. */
export function reportKeyWords(
  key: { readonly hint: string | null; readonly deletedAt: string | null } | null,
): string {
  if (key === null) return REPORT_WORDS.noKey;
  const end = key.hint === null ? "" : `…${key.hint} `;
  if (key.deletedAt === null) return `${end}${REPORT_WORDS.here}`;
  return `${end}deleted ${new Date(key.deletedAt).toLocaleDateString("en-GB", { dateStyle: "medium" })}`;
}
