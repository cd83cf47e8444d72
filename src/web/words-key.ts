import type { Budget } from "../protocol/bill.ts";
import type { ShownKeyStatus } from "../protocol/rest.ts";
import { costWords } from "./words-money.ts";

/** The key sheet. */

export const KEY_SHEET_WORDS = {
  what: "A key is a password for programs. With yours, OpenAI sends you the bill for your agent's calls: a few cents a minute.",
  safe: "It is encrypted here, used for your calls only, and never shown again: not to you, not to your instructor.",
  howTo: "How to make one",
  steps: [
    ["Open the keys page at OpenAI", "and press “Create new secret key”."],
    ["Choose “Restricted”", "and set “Model capabilities” to Write and “Models” to Read. Nothing else."],
    ["Set a limit", "under Billing: pay in $5 and leave auto recharge off. Then nothing can cost you more."],
    ["Copy the key", "and paste it here. OpenAI shows it only once."],
  ],
  openKeys: "Open OpenAI's keys page",
  plus: "ChatGPT Plus does not count: the API has a credit of its own.",
  field: "OpenAI key",
  fieldHint: "Begins with sk-",
  check: "Check and save",
  checking: "Checking…",
  replace: "Replace",
  forget: "Forget the key",
  sure: "Yes, forget it",
  keep: "Keep it",
  cancel: "Keep the old key",
  connectedAt: "Connected",
  lastUsedAt: "Last used",
  never: "not yet",
  forgotten: "The key is forgotten. It still exists at OpenAI: delete it there if you need it no more.",
  stages: "The check",
  oldStays: "The key you had before stays connected.",
} as const;

export const KEY_URLS = {
  keys: "https://platform.openai.com/api-keys",
  billing: "https://platform.openai.com/settings/organization/billing/overview",
} as const;

export const STAGE_WORDS = {
  shape: "It looks like a key",
  known: "OpenAI knows it",
  permitted: "It may use models",
  credit: "No missing credit reported",
  saved: "Encrypted and saved",
} as const;
export const MARK_WORDS = {
  passed: "yes",
  failed: "no",
  unknown: "could not tell",
  busy: "asking",
  open: "not asked",
} as const;

/** What the outcome means, and the one thing to do about it. */
export const OUTCOME_WORDS: Readonly<Record<ShownKeyStatus | "bad-shape", readonly [string, string | null]>> = {
  connected: ["The key works. Your next call runs on it.", "Back to the call"],
  rejected: [
    "OpenAI does not know this key. Copy it again: the whole of it, from sk- to its last letter.",
    "Open OpenAI's keys page",
  ],
  restricted: [
    "OpenAI knows the key, but it may not use models. Set “Model capabilities” to Write.",
    "Open its permissions",
  ],
  no_credit: ["The key works, the account has no credit. ChatGPT Plus does not count.", "Add credit at OpenAI"],
  unverified: ["OpenAI did not answer in time. The key is saved, and your next call will show.", "Back to the call"],
  unreadable: ["The stored key cannot be read any more. Please enter it again.", null],
  "bad-shape": ["This does not look like an OpenAI key: keys begin with sk-. Admin keys do not work.", null],
};
export const tooManyChecksWords = (perMinute: number): string =>
  `Only ${perMinute} checks a minute. Wait a minute, then paste the key again.`;

export const PAYS_TITLE = "Who pays now";
export const PAYS_WORDS = {
  student: "You do: calls run on your own key.",
  instructor: "Your instructor does: until you connect a key, calls run on the instructor's.",
  none: "Nobody: your instructor offers no key, so there are no calls until you connect one.",
  backTo: "If you forget your key, calls run on your instructor's again.",
  nothingBehind: "If you forget your key, there are no calls until you connect another.",
} as const;

export const CAP_WORDS = {
  title: "Your own limit",
  field: "Stop when my calls have cost, in all",
  hint: "In dollars, like 1.50. Empty: no limit. Calls on your instructor's key do not count.",
  save: "Save the limit",
  saved: "Saved. A call that reaches the limit says goodbye and ends.",
  savedNone: "Saved: there is no limit.",
  noAmount: "Type dollars like 1.50, at most 10,000, or nothing for no limit.",
} as const;
export const capSpentWords = ({ spentMicroUsd, limitMicroUsd }: Budget): string =>
  `Spent so far: ${costWords(spentMicroUsd)} of ${costWords(limitMicroUsd)}.`;
