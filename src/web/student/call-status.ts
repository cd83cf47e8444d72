import { type CallView, isMicrophoneStopped } from "../call-view.ts";
import {
  CANNOT_HEAR_WORDS,
  COSTS_WHILE_MUTED_WORDS,
  HOLD_TO_TALK_WORDS,
  lastMinuteWords,
  MICROPHONE_STOPPED_WORDS,
  MUTED_WORDS,
  PHASE_WORDS,
  STATE_WORDS,
  usingToolWords,
} from "../words.ts";

/** A call in a few words: what goes on, and what its caller should know now. Pure. */

/** Codes with which a call is ended on purpose: said in full, and on the receipt. */
const SAID_IN_FULL: readonly (string | null)[] = ["silence", "call_cap", "revoked", "workshop_paused"];
export const isSaidInFull = (failure: string | null): boolean => SAID_IN_FULL.includes(failure);

/** Of money: said in full too, and then there is something to be done about them. */
const OF_MONEY: readonly (string | null)[] = [
  "budget_low",
  "allowance_used",
  "pool_used",
  "call_budget_used",
  "own_cap_used",
  "fallback_off",
  "model_not_lent",
  "unpriced_model",
  "money_unreachable",
];
/** Whether words are missing from a line of the agent's that has this failure. */
export const isShort = (failure: string | null): boolean =>
  failure !== null && !isSaidInFull(failure) && !OF_MONEY.includes(failure);

const UNHEARD_AFTER_MS = 4_000;
const SECONDS_SHOWN_AFTER_MS = 2_000;
const LAST_MINUTE_MS = 60_000;

/** What goes on, in words that change only when it does: fit to be read aloud. */
export function statusOf({ phase, state, muted, talkMode, talking, hasMicrophone, lines }: CallView): string {
  if (phase !== "live") return PHASE_WORDS[phase];
  if (state === "listening" && hasMicrophone) {
    if (muted) return MUTED_WORDS;
    if (talkMode === "push-to-talk" && !talking) return HOLD_TO_TALK_WORDS;
  }
  const tool = lines.findLast((line) => line.kind === "tool" && line.outcome === "pending");
  if (state === "using-tool" && tool?.kind === "tool") return usingToolWords(tool.name);
  return STATE_WORDS[state];
}

/** The one hint that matters most now. Empty: none. */
export function hintOf(view: CallView): string {
  if (view.phase !== "live") return "";
  if (isMicrophoneStopped(view)) return MICROPHONE_STOPPED_WORDS;
  const leftMs = view.endsAtMs === null ? Number.POSITIVE_INFINITY : view.endsAtMs - view.nowMs;
  if (leftMs <= LAST_MINUTE_MS) return lastMinuteWords(leftMs);
  if (view.unheardSinceMs !== null && view.nowMs - view.unheardSinceMs >= UNHEARD_AFTER_MS) return CANNOT_HEAR_WORDS;
  return view.muted && view.hasMicrophone ? COSTS_WHILE_MUTED_WORDS : "";
}

/** How long the call has been dialling or away; null: it is not, or so shortly that nobody wants to know. */
export function waitedMs({ phase, waitingSinceMs, nowMs }: CallView): number | null {
  if (waitingSinceMs === null) return null;
  const ms = nowMs - waitingSinceMs;
  return phase === "dialling" && ms < SECONDS_SHOWN_AFTER_MS ? null : ms;
}

/** How long the call has lasted, or did; null: it never began. */
export const lastedMs = ({ startedAtMs, endedAtMs, nowMs }: CallView): number | null =>
  startedAtMs === null ? null : (endedAtMs ?? nowMs) - startedAtMs;
