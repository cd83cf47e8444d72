import type { Reason } from "../../failure.ts";
import { LIMITS } from "../../limits.ts";
import type { Help } from "./failure-help.ts";

/** What OpenAI did, seen by who calls. */
export const OF_OPENAI = {
  model_not_available: {
    who: "student",
    cause:
      "OpenAI knows the key, but has no such model for it: the account is new, or the model has been switched off.",
    fix: "One student: the account may need its first payment, or another project. Everybody: the instructor looks at `models` on the check page and sets `TEXT_MODEL` or `VOICE_MODEL`.",
  },
  region_unsupported: {
    who: "instructor",
    cause:
      "OpenAI does not serve the place from which Cloudflare asked. It is where the Worker runs, not where the student is.",
    fix: "Call again: another place may be chosen. When it stays, OpenAI's list of supported countries and Cloudflare's [placement](https://developers.cloudflare.com/workers/configuration/placement/) say more.",
  },
  upstream_rate_limited: {
    who: "student",
    cause: "The account of this key asks more per minute than its tier at OpenAI allows. One more try was made.",
    fix: "Wait a minute. New accounts are in a low tier: <https://platform.openai.com/settings/organization/limits>. On the instructor's key a whole class shares one tier: let students connect their own.",
  },
  upstream_bad_request: {
    who: "developer",
    cause:
      "OpenAI refused the request itself: often a tool's JSON schema that it does not take, or a setting that the chosen model does not know.",
    fix: "Take the last tool out and try again. `npm run trace -- <callId>` has OpenAI's request id.",
  },
  upstream_unavailable: {
    who: "student",
    cause: "OpenAI could not be reached, or answered with an error of its own.",
    fix: "Say it again. When it stays: <https://status.openai.com>. The instructor's check page asks it too.",
  },
  upstream_timeout: {
    who: "student",
    cause: `No first word came for ${LIMITS.firstTokenMs / 1_000} s, or no next one for ${LIMITS.upstreamPauseMs / 1_000} s; or OpenAI's socket did not open within ${LIMITS.voiceConnectMs / 1_000} s.`,
    fix: "Say it again. A slow model, a very long prompt or a busy hour at OpenAI make it likely.",
  },
  upstream_unreadable: {
    who: "student",
    cause: "An answer was empty, broken off in a way nobody can read, or far too long.",
    fix: "Say it again. When it comes with one prompt only, shorten the prompt; else keep the call's id for whoever runs this.",
  },
  upstream_lost: {
    who: "student",
    cause: "The connection to OpenAI broke in mid-call. It is made again by itself, twice, with all that was said.",
    fix: "Wait for the agent's next words. If the call ends, call again.",
  },
  transcript_missing: {
    who: "student",
    cause: "OpenAI answered, but did not write down what the caller had said. Only the transcript misses it.",
    fix: "Nothing. Clearer speech and less noise make it rarer.",
  },
} as const satisfies Partial<Record<Reason, Help>>;
