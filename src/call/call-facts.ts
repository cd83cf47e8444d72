import type { Reason } from "../failure.ts";
import type { SoundFormat } from "../model/voice-leg.ts";
import type { AgentConfig } from "../protocol/agent-config.ts";
import type { EndReason, KeySource } from "../protocol/call-record.ts";
import type { CallId } from "../protocol/ids.ts";
import type { CallProgress } from "./call-events.ts";

/** What is fixed for a call from its first moment. */
export interface CallFacts {
  readonly callId: CallId;
  readonly config: AgentConfig;
  /** Whose key it runs on, from its beginning to its end. */
  readonly payer: KeySource;
  /** Answers in text, or with sound hears and speaks. */
  readonly model: string;
  /** Writes down what the caller says; null: a call in text. */
  readonly transcriptionModel: string | null;
  /** The longest answer of a call with sound, in tokens; null: as long as the model may. */
  readonly answerTokens: number | null;
  readonly startedAtMs: number;
  readonly callMaxMs: number;
  /** The form of the sound on both legs; null: a call in text. */
  readonly sound: SoundFormat | null;
  /** The caller's leg must have begun so long after the call was made. */
  readonly firstLegMs: number;
  /** Whether a lost caller can find the way back to this call. */
  readonly resumable: boolean;
  /** TwiML of the predecessor speaks the greeting itself when it is Twilio who calls. */
  readonly carrierGreets: boolean;
}

export const NEW_PROGRESS: CallProgress = {
  revision: 1,
  admitted: false,
  greeted: false,
  legs: 0,
  phoneCallId: null,
  fromCarrier: false,
  firstLegAtMs: null,
  toldLow: false,
  legLostAtMs: null,
  checkedInAtMs: null,
  closing: null,
  endedAtMs: null,
  endReason: null,
};

/** Why a call ended that was not let in, or not let go on. */
export const END_OF_REFUSAL: Partial<Record<Reason, EndReason>> = {
  revoked: "revoked",
  workshop_paused: "paused",
  workshop_closed: "revoked",
  no_key: "key-failed",
  key_unreadable: "key-failed",
  bad_frame: "policy",
  frame_too_large: "policy",
  too_many_frames: "policy",
  slow_listener: "lost",
  allowance_used: "budget",
  pool_used: "budget",
  call_budget_used: "budget",
  own_cap_used: "budget",
  fallback_off: "budget",
  model_not_lent: "budget",
  unpriced_model: "budget",
  money_unreachable: "budget",
};

/** Nothing more may be spent: by whose limit, or because nobody can say. */
const MONEY: readonly Reason[] = [
  "allowance_used",
  "pool_used",
  "call_budget_used",
  "own_cap_used",
  "fallback_off",
  "model_not_lent",
  "unpriced_model",
  "money_unreachable",
];

/** Failures that the next turn would meet again: the key, its money, its permissions, its model. */
export const FATAL: ReadonlySet<Reason> = new Set<Reason>([
  "key_rejected",
  "key_restricted",
  "no_credit",
  "model_not_available",
  "region_unsupported",
  ...MONEY,
]);
