import type { Reason } from "../../failure.ts";
import type { Help } from "./failure-help.ts";

/** The key that a call runs on, and what it may cost. */
export const OF_KEYS_AND_MONEY = {
  no_key: {
    who: "student",
    cause: "No key is connected, and none of the instructor's is there to be lent.",
    fix: "Connect a key on your page. The instructor can set `OPENAI_API_KEY` and allow lending.",
  },
  key_unreadable: {
    who: "student",
    cause:
      "The stored key does not open: it was sealed under another `ENCRYPTION_KEY`, or its row was changed by hand.",
    fix: "Enter the key again. When it meets many students at once, the instructor looks at `sealed-rows` on the check page first: the old `ENCRYPTION_KEY` belongs into `ENCRYPTION_KEY_PREVIOUS`.",
  },
  key_rejected: {
    who: "student",
    cause: "OpenAI answered 401: the key was revoked, deleted, or copied without its end.",
    fix: "Make a new key at <https://platform.openai.com/api-keys> and connect it. One that worked before stays until then.",
  },
  key_restricted: {
    who: "student",
    cause: "The key is good, but was made with restricted permissions, or its project may not use this model.",
    fix: "At OpenAI, edit the key: *Model capabilities* on Write, *Models* on Read. Then try again; it is the same key.",
  },
  no_credit: {
    who: "student",
    cause:
      "The key's account has no money left, or has met a spending limit of its own. A key without credit passes the check of keys: it is only seen when the model is asked.",
    fix: "Add credit at <https://platform.openai.com/settings/organization/billing>, or raise the project's limit there. It takes a minute to count.",
  },
  budget_low: {
    who: "student",
    cause: "80 % of the nearest limit is used: of this call, of what is lent, or of your own.",
    fix: "Nothing yet: the call goes on. Raise the limit, or connect your own key for the next one.",
  },
  allowance_used: {
    who: "student",
    cause: "What the instructor lends each student is used. What live calls hold counts too, until they end.",
    fix: "Connect your own key. Or the instructor lends more: console → Settings → *For each student*.",
  },
  pool_used: {
    who: "student",
    cause: "What the instructor lends the whole class is used.",
    fix: "Connect your own key. Or the instructor adds to it on the console, or raises Settings → *For the whole class*.",
  },
  call_budget_used: {
    who: "student",
    cause: "One call may cost only so much on the instructor's key, and this one has.",
    fix: "Call again: the next call has the whole amount. Or connect your own key.",
  },
  own_cap_used: {
    who: "student",
    cause: "You set a limit for your own key on your page, and your calls have reached it.",
    fix: "Raise or remove *Your own limit*, beside your key.",
  },
  fallback_off: {
    who: "student",
    cause: "The instructor's key is not lent, or not any more, also in the middle of a call.",
    fix: "Connect your own key. The instructor allows it: console → Settings → *Lend my key to students who have none*.",
  },
  model_not_lent: {
    who: "student",
    cause: "The instructor lends the key for some models only, and this way of calling needs another one.",
    fix: "Call in the other way (typing is cheaper than speaking), or connect your own key.",
  },
  unpriced_model: {
    who: "instructor",
    cause: "The configured model is not in the table of prices, so nobody could say what is spent. Own keys go on.",
    fix: "Set a model of `src/pricing/prices.ts`, or add its price to `src/pricing/overrides.ts`, then `npm run prices` and deploy.",
  },
  money_unreachable: {
    who: "student",
    cause:
      "The object that counts the class's money did not answer in time. To be safe nothing is lent then; own keys go on.",
    fix: "Try again in a moment. When it stays, the instructor looks at Cloudflare's status and at the Worker's log.",
  },
} as const satisfies Partial<Record<Reason, Help>>;
