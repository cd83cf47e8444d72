import type { CallState } from "../../protocol/call-messages.ts";
import type { EndReason, KeySource, WayIn } from "../../protocol/call-record.ts";
import type { ShownKeyStatus } from "../../protocol/rest.ts";
import type { Filter, NeedKind, StepName, StuckReason } from "./need.ts";
import type { PushKind } from "./push-draft.ts";
import { ageWords, plural } from "./words.ts";

/** What the wall, a student's sheet and the bar above them say. */

/* The wall */

export const NEED_WORDS: Readonly<Record<NeedKind, string>> = {
  stuck: "Stuck",
  "used-up": "Used up",
  "near-limit": "Near limit",
  fallback: "On your key",
  "in-call": "In call",
  quiet: "Quiet",
  fine: "Fine",
};
export const CALL_STATE_WORDS: Readonly<Record<CallState, string>> = {
  connecting: "connecting",
  listening: "listening",
  thinking: "thinking",
  "using-tool": "using a tool",
  speaking: "speaking",
};
export const FILTER_WORDS: Readonly<Record<Filter, string>> = {
  all: "All",
  stuck: "Stuck",
  limit: "Near limit",
  "in-call": "In call",
  fallback: "On your key",
  quiet: "Quiet",
};
export const STEP_WORDS: Readonly<Record<StepName, string>> = {
  joined: "joined",
  called: "called",
  key: "own key",
};
export const stepWords = (step: string, isDone: boolean): string => (isDone ? `${step}, done` : `${step}, not yet`);

export const WALL_WORDS = {
  title: "Students",
  search: "Find a student",
  filters: "Show",
  layout: "Layout",
  grid: "Grid",
  list: "List",
  noMatch: "Nobody here is like that.",
  unnamed: "No name",
  you: "you",
  them: "them",
  noLatency: "no turn yet",
  latency: "Voice to voice",
  paused: "All calls are stopped. Students see that you paused them.",
  announced: "Students read:",
  connecting: "Looking who is here…",
  closed: "The server ended this connection. Reload the page to watch again.",
  reload: "Reload",
  lost: "Connection lost. This page connects again by itself.",
  now: "Right now",
} as const;
export const lostWords = (ageMs: number): string =>
  `Connection lost. You see how it was ${ageWords(ageMs)} ago; this page connects again by itself.`;
export const seenWords = (age: string): string => `${age} ago`;
export const staleWords = (ageMs: number): string => `as of ${ageWords(ageMs)} ago`;
export const trendWords = (latenciesMs: readonly number[]): string =>
  `Last turns: ${latenciesMs.map((ms) => `${Math.round(ms)} ms`).join(", ")}`;

const KEY_REASONS: Readonly<Record<Exclude<ShownKeyStatus, "connected" | "unverified">, string>> = {
  rejected: "key rejected",
  restricted: "key may not use the model",
  no_credit: "no credit",
  unreadable: "key must be entered again",
};

/** Why a call failed, as short as fits on a tile; by the server's codes. */
const FAILURE_REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    key_rejected: "key rejected",
    key_restricted: "key may not use the model",
    key_unreadable: "key must be entered again",
    no_credit: "no credit",
    no_key: "no key",
    model_not_available: "model not available",
    region_unsupported: "OpenAI does not serve this region",
    upstream_rate_limited: "OpenAI asks to slow down",
    upstream_unavailable: "OpenAI does not answer",
    upstream_timeout: "OpenAI took too long",
    upstream_lost: "connection to OpenAI lost",
    upstream_bad_request: "OpenAI refused the request",
    upstream_unreadable: "OpenAI's answer was unreadable",
    too_many_calls: "too many calls at once",
    slow_listener: "their network is too slow",
    database_unavailable: "database did not answer",
    budget_low: "a limit was near",
    allowance_used: "what you lend them is used up",
    pool_used: "what you lend the class is used up",
    call_budget_used: "your limit for one call was reached",
    own_cap_used: "their own limit was reached",
    fallback_off: "your key is not lent",
    model_not_lent: "your key is not lent for this model",
    unpriced_model: "no price is known for the model",
    money_unreachable: "costs could not be counted",
    workshop_closed: "workshop has ended",
    workshop_not_open: "workshop is not open yet",
    workshop_paused: "calls were paused",
    misconfigured: "this server is not set up",
    call_cap: "longest time reached",
    silence: "nothing was heard",
    revoked: "ended by you",
  }),
);
export const failureWords = (code: string | null): string =>
  FAILURE_REASONS.get(code ?? "") ?? END_REASONS.get(code ?? "") ?? "something went wrong";

export function stuckWords(reason: StuckReason): string {
  switch (reason.why) {
    case "key":
      return KEY_REASONS[reason.status];
    case "failures":
      return `${plural(reason.count, "call")} failed: ${failureWords(reason.failure)}`;
    case "no-payer":
      return "no key and no fallback";
    case "no-call":
      return `joined ${ageWords(reason.waitedMs)} ago, no call yet`;
  }
}

/** What to do about it, for the instructor who stands beside the student. */
export function adviceWords(reason: StuckReason): string {
  switch (reason.why) {
    case "key":
      return {
        rejected:
          "OpenAI does not know this key. They copy it again from platform.openai.com, whole, and connect it anew.",
        restricted: "They turn on “Model capabilities” for this key at OpenAI, or make a new one.",
        no_credit: "The key is right; its account is empty. They add credit at OpenAI. ChatGPT Plus does not count.",
        unreadable: "This server's secret has changed since the key was stored. They enter the key once more.",
      }[reason.status];
    case "failures":
      return "Have them call again while you watch. The reason above is that of the last call.";
    case "no-payer":
      return "They connect a key of their own, or you allow calls on your key in Settings.";
    case "no-call":
      return "They have the page open. Ask whether the microphone works; typing works without one.";
  }
}

/** What to do for whoever is at the limit of what they are lent. */
export const LIMIT_ADVICE: Readonly<Record<"low" | "spent", string>> = {
  low: "At the limit their calls say goodbye. They connect a key of their own, or you lend each student more in Settings.",
  spent: "Calls on your key are refused. They connect a key of their own, or you lend each student more in Settings.",
};

/* A student */

export const SHEET_WORDS = {
  key: "Key",
  noKey: "none",
  page: "Page",
  online: "open",
  closed: "closed",
  seen: "Last seen",
  joined: "Joined",
  turns: "Turns",
  lastCall: "Last call",
  none: "none yet",
  you: "You pay",
  them: "They pay",
  live: "Calls now",
  endCall: "End call",
  endCallAgain: "End it now",
  callEnded: "The call is ending.",
  forgetKey: "Forget key",
  forgetKeyAgain: "Yes, forget it",
  keyForgotten: "The key is gone from this server.",
  erase: "Erase student",
  eraseAgain: "Yes, erase everything",
  keep: "Keep",
  eraseHint: "Erasing removes the student with key, agent, calls and transcripts.",
} as const;
export const KEY_STATUS_WORDS: Readonly<Record<ShownKeyStatus, string>> = {
  connected: "connected",
  unverified: "not checked: OpenAI did not answer",
  ...KEY_REASONS,
};
export const hintWords = (hint: string | null): string => (hint === null ? "" : ` (…${hint})`);
export const WAY_IN_WORDS: Readonly<Record<WayIn, string>> = {
  browser: "browser",
  "conversation-relay": "phone or text",
  "media-streams": "phone",
};
export const END_WORDS: Readonly<Record<EndReason, string>> = {
  "caller-left": "caller hung up",
  "agent-ended": "agent hung up",
  "handed-over": "handed over",
  silence: "nothing was heard",
  "call-cap": "longest time reached",
  "key-failed": "key was not accepted",
  revoked: "ended by you",
  paused: "paused by you",
  budget: "a limit was reached",
  refused: "refused",
  policy: "ended for what was sent",
  lost: "connection lost",
  "upstream-failed": "OpenAI did not answer",
};
const END_REASONS: ReadonlyMap<string, string> = new Map(Object.entries(END_WORDS));
export const PAYER_WORDS: Readonly<Record<KeySource, string>> = { instructor: "your key", student: "their key" };

/* The top bar */

export const BAR_WORDS = {
  inCall: "in call",
  stuck: "stuck",
  students: "students",
  them: "they pay",
  announce: "Announce",
  push: "Push",
  stop: "Stop all calls",
  keep: "Keep going",
  resume: "Resume calls",
  export: "Export CSV",
  actions: "For everybody",
} as const;
export const stopAgainWords = (calls: number): string =>
  calls === 0 ? "Yes, let no call begin" : `Yes, stop ${plural(calls, "call")}`;

export const ANNOUNCE_WORDS = {
  title: "Announce",
  label: "Every student reads this at the top of their page, until you clear it.",
  current: "They read now:",
  send: "Announce",
  clear: "Clear",
} as const;

export const PUSH_WORDS = {
  title: "Push to everybody",
  kinds: "What to push",
  send: "Push to",
  empty: "There is nothing to push yet.",
  "too-long": "This is too long for an agent.",
  "not-json": "This is not JSON yet: look for a missing quote, comma or bracket.",
} as const;
export const PUSH_KIND_WORDS: Readonly<Record<PushKind, string>> = {
  prompt: "Prompt",
  greeting: "Greeting",
  tool: "Tool",
};
export const PUSH_HINTS: Readonly<Record<PushKind, string>> = {
  prompt: "Replaces every student's prompt. Theirs stays among their earlier versions.",
  greeting: "Replaces the first words of every agent.",
  tool: "JSON of one tool. A tool of the same name is replaced.",
};
export const pushToWords = (students: number): string => `${PUSH_WORDS.send} ${plural(students, "student")}`;
export const toolRuleWords = (path: string, rule: string): string => `${path === "" ? "The tool" : path} ${rule}.`;
export function pushedWords(students: number, skipped: number): string {
  const got = `${plural(students, "student")} got it.`;
  if (skipped === 0) return got;
  return `${got} ${skipped} ${skipped === 1 ? "was" : "were"} skipped: their agent has no room for it.`;
}
