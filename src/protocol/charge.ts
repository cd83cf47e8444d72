/** The ledger of a call: one row for everything that somebody is billed for. A bill can be computed again from its rows. */

import type { KeySource, Usage } from "./call-record.ts";

/**
 * `response`: an answer of the model, also one that was cancelled or broke off. `transcription`: the caller's words
 * written down. `sample`: a voice tried out, in no call. `phone`: time on a line, which Twilio bills to the instructor.
 */
export const CHARGE_KINDS = ["response", "transcription", "sample", "phone"] as const;
export type ChargeKind = (typeof CHARGE_KINDS)[number];

/**
 * `open`: it goes on, and what it comes to is a guess. `told`: OpenAI or the clock said what was used. `estimated`: it broke
 * off before anybody told, and was counted by us, rather too high. `void`: it was refused, and nothing was used.
 */
export const CHARGE_STATES = ["open", "told", "estimated", "void"] as const;
export type ChargeState = (typeof CHARGE_STATES)[number];

export interface Charge {
  /** From 1, in the order in which they began. */
  readonly seq: number;
  /** Grows with each change: from open to what it came to. */
  readonly revision: number;
  readonly atMs: number;
  readonly kind: ChargeKind;
  readonly state: ChargeState;
  /** Whose key, or of a phone whose Twilio account: always the instructor's. */
  readonly payer: KeySource;
  /** As OpenAI was asked for it; of a phone the name of its price, e.g. `conversation-relay`. */
  readonly model: string;
  readonly usage: Usage;
  /** Milliseconds on the phone; 0 for everything else. */
  readonly lineMs: number;
  /** The usage as OpenAI wrote it, JSON text; null: it wrote none, or none that could be used. */
  readonly rawUsage: string | null;
  /** OpenAI's id of the response or of the caller's item: what is told twice is billed once. */
  readonly upstreamId: string | null;
  /** Which table of prices this was computed with. */
  readonly priceVersion: string;
  /** Whole millionths of a dollar; null: no price is known, which is not the same as nothing. */
  readonly costMicroUsd: number | null;
}

/** Beside a usage: what OpenAI itself wrote. */
export interface UsageSource {
  readonly upstreamId: string | null;
  /** JSON text; null: none that could be used. */
  readonly rawUsage: string | null;
}
