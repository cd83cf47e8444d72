import type { WorkshopState } from "../../protocol/rest.ts";
import type { CheckName, CheckStatus } from "../../protocol/rest-workshop.ts";
import type { Refusal } from "../rest-client.ts";
import { costWords } from "../words.ts";
import type { SpendSum } from "./spend-sum.ts";
import type { DraftField, DraftProblem } from "./workshop-draft.ts";

/** Everything the console says, in plain English; what the wall says is in `words-wall.ts`, of money in `words-money.ts`. */

/* The console around it */

export const CONSOLE_WORDS = {
  title: "Callroom console",
  workshops: "Workshops",
  check: "Check",
  signOut: "Sign out",
  looking: "One moment…",
  again: "Try again",
  views: "Parts of this workshop",
  notThere: "There is no such workshop. Perhaps it was deleted.",
} as const;
export const VIEW_WORDS = {
  wall: "Wall",
  join: "Join card",
  spend: "Spend",
  metrics: "How it runs",
  report: "Report",
  settings: "Settings",
} as const;
export const titleWords = (name: string | null, stuck: number): string =>
  name === null ? CONSOLE_WORDS.title : `${stuck > 0 ? `${stuck} stuck · ` : ""}${name} · Callroom`;

export const LOGIN_WORDS = {
  title: "Instructor's console",
  lead: "One token opens it: the server's INSTRUCTOR_TOKEN.",
  token: "Instructor's token",
  enter: "Sign in",
  entering: "Signing in…",
  noCookie: "This browser did not keep your sign-in. Allow cookies for this page, then sign in again.",
} as const;
export const waitWords = (seconds: number): string => `Too many wrong tokens. Try again in ${seconds} s.`;

/** What is wrong with what was typed, when the server says so, else its sentence. */
export const refusalWords = ({ sentence, field }: Pick<Refusal, "sentence" | "field">): string =>
  field === null ? sentence : `${sentence} ${field}.`;

/* Workshops */

export const WORKSHOPS_WORDS = {
  create: "New workshop",
  name: "Name",
  nameHint: "Students see it. Everything else can wait.",
  creating: "Create",
  none: "No workshop yet. A name is all it takes: the join code is made for you.",
} as const;
export const WORKSHOP_STATE_WORDS: Readonly<Record<WorkshopState, string>> = {
  "not-open": "Not open yet",
  open: "Open",
  ended: "Ended",
};
export const studentsWords = (students: number, seats: number | null = null): string =>
  seats === null ? plural(students, "student") : `${students} of ${plural(seats, "seat")}`;

export const DRAFT_WORDS: Readonly<Record<DraftField, string>> = {
  name: "Name",
  joinCode: "Join code",
  opensAt: "Opens",
  closesAt: "Closes",
  seats: "Seats",
  callMinutes: "Longest call, in minutes",
};
export const DRAFT_HINTS: Readonly<Record<DraftField, string>> = {
  name: "Students see it.",
  joinCode: "Whoever has joined stays in. The old code stops working.",
  opensAt: "Empty: it is open now.",
  closesAt: "Empty: it stays open.",
  seats: "Empty: any number.",
  callMinutes: "1 to 60. Empty: 15.",
};
export const DRAFT_PROBLEMS: Readonly<Record<DraftProblem, string>> = {
  empty: "This cannot be empty.",
  "not-a-time": "This is not a date and time.",
  "not-a-number": "A whole number, please.",
  "ends-first": "It would close before it opens.",
};
export const SETTINGS_WORDS = {
  title: "Settings",
  saving: "Saving…",
  saved: "Saved",
} as const;
export const zoneHint = (zone: string): string => `In your time zone: ${zone}.`;

export const DANGER_WORDS = {
  title: "Delete at once",
  forgetKeys: "Delete all keys",
  forgetKeysAgain: "Yes, delete every key",
  forgetKeysHint: "Removes every student's OpenAI key from this server. Agents, calls and numbers stay.",
  keep: "Keep them",
  remove: "Delete workshop",
  removeHint: "Removes the workshop with its students, keys, agents, calls and transcripts. Nothing can bring it back.",
  removeLabel: "To delete it, type its name:",
} as const;
export const keysForgottenWords = (count: number): string =>
  count === 0 ? "There were no keys." : `${plural(count, "key")} deleted.`;

/* The join card */

export const JOIN_CARD_WORDS = {
  title: "Join card",
  at: "Open",
  code: "and enter",
  copy: "the link to join",
  project: "Show full screen",
  projectKey: "or press P",
  keys: "B blank · Esc back",
  blank: "The screen is blank. B brings the card back.",
  nobody: "Nobody has joined yet",
  nobodyHint: "Show this card. The wall fills by itself as students join.",
  back: "Back",
} as const;
/** What is typed by hand: without scheme and code, which is entered on the page. */
export const shownAddress = (url: string): string => url.replace(/^https?:\/\//, "").replace(/\/?#.*$/, "");
export const qrWords = (url: string): string => `QR code of ${url}`;
export const joinedWords = (students: number, seats: number | null): string =>
  seats === null ? `${students} joined` : `${students} of ${seats} seats taken`;

/* The check */

export const CHECK_WORDS = {
  title: "Check",
  lead: "Is this server ready for a workshop?",
  again: "Check again",
  running: "checking…",
  good: "Everything that is set up works.",
} as const;
export const CHECK_STATUS_WORDS: Readonly<Record<CheckStatus, string>> = {
  ok: "Good",
  warning: "Look at this",
  failed: "Does not work",
  off: "Not set up",
};
export const CHECK_NAMES: Readonly<Record<CheckName, string>> = {
  secrets: "Secrets",
  "master-key": "Encryption key",
  "sealed-rows": "Stored keys",
  database: "Database",
  migrations: "Tables",
  openai: "OpenAI",
  "fallback-key": "Your OpenAI key",
  models: "Models",
  prices: "Prices",
  "twilio-signature": "Twilio",
  "public-origin": "Public address",
  clock: "Clock",
};
export const checkSumWords = (failed: number, warnings: number): string => {
  if (failed + warnings === 0) return CHECK_WORDS.good;
  return [failed > 0 && `${failed} ${failed === 1 ? "does" : "do"} not work`, warnings > 0 && `${warnings} to look at`]
    .filter(Boolean)
    .join(", ");
};

/* Numbers */

const whole = new Intl.NumberFormat("en");
export const countWords = (count: number): string => whole.format(count);
export const minutesWords = (ms: number): string => (ms / 60_000).toFixed(1);
export const plural = (count: number, noun: string): string =>
  `${whole.format(count)} ${noun}${count === 1 ? "" : "s"}`;

/** What a sum has cost; with an unknown price in it, at least so much. */
export function sumCostWords({ knownMicroUsd, isPartial }: Pick<SpendSum, "knownMicroUsd" | "isPartial">): string {
  if (!isPartial) return costWords(knownMicroUsd);
  return knownMicroUsd === 0 ? costWords(null) : `over ${costWords(knownMicroUsd)}`;
}

/** Money where there is little room: nothing at all is a dash, a part of a cent no number, and without a price it is time. */
export function shortCost({ calls, ms, knownMicroUsd, isPartial }: SpendSum): string {
  if (calls === 0) return "–";
  if (isPartial) return knownMicroUsd === 0 ? `${minutesWords(ms)} min` : `${dollars(knownMicroUsd)}+`;
  return dollars(knownMicroUsd);
}

const dollars = (microUsd: number): string => (microUsd < 10_000 ? "<$0.01" : costWords(microUsd));

const NOTHING_WORDS = "nothing yet";
export const spendWords = (sum: SpendSum): string =>
  sum.calls === 0
    ? NOTHING_WORDS
    : [
        plural(sum.calls, "call"),
        `${minutesWords(sum.ms)} min`,
        `${countWords(sum.inputTokens + sum.outputTokens)} tokens`,
        sumCostWords(sum),
      ].join(" · ");

/** `12 s`, `3 min`, `2 h`, `4 days`: the largest unit that says something. */
export function ageWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3_600) return `${Math.floor(seconds / 3_600)} h`;
  return plural(Math.floor(seconds / 86_400), "day");
}
