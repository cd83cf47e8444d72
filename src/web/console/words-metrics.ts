import type { NumberTarget, PhoneNumbersReply } from "../../protocol/observed.ts";
import { plural } from "./words.ts";

/** What the console says of how it runs, and of phone numbers. */

export const METRICS_WORDS = {
  title: "How it runs",
  hours: "Of the last",
  calls: "Calls",
  usual: "Usual wait",
  usualHint: "half of the turns are faster",
  slow: "Slow turns",
  slowHint: "5 of 100 take longer",
  errors: "Errors",
  errorsHint: "turns and calls that failed",
  wait: "The wait is from the end of what the caller says to the first word or sound of the answer.",
  loading: "Looking how it runs…",
  again: "Try again",
  none: "No calls in this time",
  noneHint: "As soon as somebody calls, this page shows how fast their agent answers and what goes wrong.",
  waitChart: "Wait for the answer",
  callsChart: "Calls and errors",
  asTable: "As a table",
  time: "Time",
  wayIn: "Called by",
  turns: "Turns",
  byWayIn: "By way of calling",
  byError: "What went wrong",
  noErrors: "Nothing went wrong.",
  times: "Times",
  last: "Last",
  ends: "How calls ended",
  traceHint: "One call moment by moment, by the id that its student's sheet and their page show:",
  trace: "the command",
} as const;
export const METRICS_HOURS = [1, 24, 168] as const;
export type MetricsHours = (typeof METRICS_HOURS)[number];
export const HOURS_WORDS: Readonly<Record<MetricsHours, string>> = { 1: "Hour", 24: "Day", 168: "Week" };

export const LAST_WORDS: Readonly<Record<MetricsHours, string>> = {
  1: "in the last hour",
  24: "in the last 24 hours",
  168: "in the last 7 days",
};

/** `420 ms`, `1.2 s`; a dash for none. */
export function latencyWords(ms: number | null): string {
  if (ms === null) return "–";
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** By the wall clock; with the day where hours do not tell it. */
export const spanWords = (iso: string, hours: MetricsHours): string =>
  new Date(iso).toLocaleString("en-GB", {
    ...(hours === 168 ? ({ weekday: "short", day: "numeric", month: "short" } as const) : {}),
    hour: "2-digit",
    minute: "2-digit",
  });
export const sinceWords = (iso: string): string =>
  new Date(iso).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
export const updatedWords = (iso: string): string =>
  `As of ${new Date(iso).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })}`;

export const waitChartWords = (usualMs: number | null, slowMs: number | null): string =>
  `${METRICS_WORDS.waitChart}: ${METRICS_WORDS.usual} ${latencyWords(usualMs)}, ${METRICS_WORDS.slow} ${latencyWords(slowMs)}. The table below has each time.`;
export const callsChartWords = (calls: number, errors: number): string =>
  `${METRICS_WORDS.callsChart}: ${plural(calls, "call")}, ${plural(errors, "error")}. The table below has each time.`;

/** What is typed in the folder of the project. */
export const traceCommand = (callId: string): string => `npm run trace -- ${callId}`;

/* Phone numbers */

export const NUMBERS_WORDS = {
  title: "Phone numbers",
  lead: "Numbers of your Twilio account, and where each leads.",
  failed:
    "Twilio does not answer, or does not accept this account's credentials. Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.",
  none: "This Twilio account has no phone number.",
  loading: "Asking Twilio…",
} as const satisfies Record<"title" | "lead" | "none" | "loading", string> &
  Partial<Record<PhoneNumbersReply["twilio"], string>>;
export const NUMBER_TARGET_WORDS: Readonly<Record<NumberTarget, string>> = {
  here: "Rings here",
  elsewhere: "Rings elsewhere",
  nothing: "Rings nowhere",
};
export function numberDetailWords(target: NumberTarget, host: string | null, isKnown: boolean): string {
  if (target === "nothing") return "Nobody answers. Give it an address under “A call comes in” at Twilio.";
  if (target === "elsewhere")
    return host === null ? "An app or a SIP address of Twilio's answers it." : `${host} answers it.`;
  return isKnown ? "A student's agent answers it." : "It leads to this server, but to no student who is here.";
}
