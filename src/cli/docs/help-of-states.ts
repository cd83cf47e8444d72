import type { EndReason } from "../../protocol/call-record.ts";
import type { ShownKeyStatus } from "../../protocol/rest.ts";
import type { CheckName } from "../../protocol/rest-workshop.ts";

/** What is shown of keys, calls and checks, and what it means. In the Markdown of a table. */
export type Row = readonly [means: string, todo: string];

export const OF_KEY_STATUSES: Readonly<Record<ShownKeyStatus, Row>> = {
  connected: ["OpenAI listed its models for this key. Whether there is credit, only a call shows.", "Nothing."],
  rejected: [
    "OpenAI answered 401. Such a key never replaces one that worked.",
    "The student copies it again, whole, or makes a new one.",
  ],
  restricted: ["OpenAI knows the key, and it may not use models.", "*Model capabilities* on Write, *Models* on Read."],
  no_credit: ["OpenAI knows the key; its account has no money left.", "Add credit. ChatGPT Plus does not count."],
  unverified: [
    "OpenAI did not say within 5 s, was busy, or does not serve the place where the Worker runs. The key is saved.",
    "Nothing: the next call shows.",
  ],
  unreadable: [
    "What is stored does not open with any configured master key.",
    "One student: enter it again. Many: `sealed-rows` below.",
  ],
};

export const OF_END_REASONS: Readonly<Record<EndReason, Row>> = {
  "caller-left": ["The caller hung up.", ""],
  "agent-ended": ["The agent said goodbye and hung up, with the tool for it.", ""],
  "handed-over": ["The agent passed the caller on to a person.", ""],
  silence: ["Nothing was heard for a minute (`silence`).", "Is the microphone on?"],
  "call-cap": ["The longest time of a call was reached (`call_cap`).", "Settings → *Longest call*."],
  "key-failed": [
    "The key could not be used, from the start or any more: `no_key`, `key_unreadable`, `key_rejected`, `key_restricted`, `no_credit`, `model_not_available`, `region_unsupported`.",
    "The call's last line says which.",
  ],
  revoked: [
    "Ended from the console, by deleting the student, or with the workshop (`revoked`, `workshop_closed`).",
    "",
  ],
  paused: ["All calls were paused (`workshop_paused`).", "End the pause."],
  budget: [
    "A limit of money was reached, or nobody could count: `allowance_used`, `pool_used`, `call_budget_used`, `own_cap_used`, `fallback_off`, `model_not_lent`, `unpriced_model`, `money_unreachable`.",
    "Lend more, or a key of the student's own.",
  ],
  refused: ["The call was not let in, mostly `too_many_calls`.", "Hang up the other one."],
  policy: [
    "The caller's program broke a rule: `no_setup`, `bad_frame`, `frame_too_large`, `too_many_frames`.",
    "A program of ours does not: look at who calls.",
  ],
  lost: [
    "The line broke and nobody came back within 30 s (a phone: twice at most), or it was too slow (`slow_listener`).",
    "Look at the network of the room.",
  ],
  "upstream-failed": [
    "OpenAI was lost too often in one call.",
    "<https://status.openai.com>; `npm run trace -- <callId>`.",
  ],
};

export const OF_CHECKS: Readonly<Record<CheckName, Row>> = {
  secrets: [
    "A token is short, or `SERVICE_TOKEN` is the same as `INSTRUCTOR_TOKEN`. With a secret missing the page cannot even be asked: `npm run doctor` says which.",
    "`npx wrangler secret put NAME`",
  ],
  "master-key": [
    "`ENCRYPTION_KEY` does not open what is stored: it was replaced, or this is another database.",
    "Put the old one back. If the new one is meant, the old one into `ENCRYPTION_KEY_PREVIOUS`.",
  ],
  "sealed-rows": [
    "Some keys lie under a master key that is not configured, under an older one, or in plain text.",
    "The missing one into `ENCRYPTION_KEY_PREVIOUS`; then `npm run keys -- rotate --deployed`. Plain text: `npm run adopt -- --from DATABASE_URL --deployed`.",
  ],
  database: ["Postgres does not answer, or slowly.", "`DATABASE_URL`; the database's own page; a region nearer."],
  migrations: ["The database lacks columns that the code needs.", "`DATABASE_URL=… npm run db:migrate`"],
  openai: [
    "OpenAI does not answer the Worker, or refuses its region.",
    "<https://status.openai.com>; `OPENAI_BASE_URL`.",
  ],
  "fallback-key": [
    "The instructor's own key does not work. *Off*: there is none, which is fine.",
    "`npx wrangler secret put OPENAI_API_KEY`",
  ],
  models: ["OpenAI ends a configured model soon, or has.", "Set the one that the line names, in `wrangler.toml`."],
  prices: [
    "A configured model has no price, or the prices are older than 30 days.",
    "`npm run prices`, then deploy. Until then nothing without a price is lent.",
  ],
  "twilio-signature": [
    "The auth token is not of Twilio's form. *Off*: no phone is set up.",
    "`npx wrangler secret put TWILIO_AUTH_TOKEN`, the *primary* one.",
  ],
  "public-origin": [
    "The console was opened under another address than `PUBLIC_ORIGIN`. *Off*: not set; each request's own address counts.",
    "Open it there, or change `PUBLIC_ORIGIN` in `wrangler.toml`.",
  ],
  clock: [
    "Clocks differ by more than 30 s: tickets and sign-ins end too early or too late.",
    "Set the machine's clock.",
  ],
};
