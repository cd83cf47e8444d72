/** What a call comes to, in lines that a person can check, and how far that is from what it may come to. */

import type { KeySource } from "./call-record.ts";

export const LAYERS = ["text", "audio", "transcription", "phone"] as const;
export type Layer = (typeof LAYERS)[number];

/** `time`: minutes, of what is billed by them. */
export const BILL_PARTS = ["input", "cached-input", "cache-write", "output", "time"] as const;
export type BillPart = (typeof BILL_PARTS)[number];

/** A quantity times a price. */
export interface BillLine {
  readonly layer: Layer;
  readonly part: BillPart;
  readonly model: string;
  readonly payer: KeySource;
  /** Tokens; of `time` milliseconds, of a phone those of started minutes. */
  readonly quantity: number;
  /** For a million tokens, or for a minute; null: nobody knows. For people to read: nothing is computed with it. */
  readonly usd: number | null;
  /** Where the price is from, and the day it was looked up there (`YYYY-MM-DD`). */
  readonly source: string | null;
  readonly sourceDate: string | null;
  /** Its share of the whole micro-dollars of the ledger, so that lines add up; null: unpriced. */
  readonly costMicroUsd: number | null;
}

export interface Bill {
  readonly lines: readonly BillLine[];
  /** On the key that pays for the call; null: of some of it no price is known, and it is more than the lines say. */
  readonly costMicroUsd: number | null;
  /** On the instructor's Twilio bill, beside the key; null as above. */
  readonly phoneMicroUsd: number | null;
  /** Some of it was counted by us. */
  readonly estimated: boolean;
  readonly priceVersion: string;
}

export const NO_BILL: Omit<Bill, "priceVersion"> = { lines: [], costMicroUsd: 0, phoneMicroUsd: 0, estimated: false };

/** A line that is open now, for a meter that goes on between two messages: started minutes at so much each. */
export interface RunningLine {
  readonly model: string;
  readonly sinceMs: number;
  readonly microUsdPerMinute: number;
}

/** The same usage at another model's prices. */
export interface Repriced {
  readonly model: string;
  /** Null: a price that it would need is not known. */
  readonly costMicroUsd: number | null;
}

/** What a minute of conversation is likely to cost, both sides talking half of it, before history adds to it. */
export interface Estimate {
  readonly model: string;
  /** On the key; null: no price is known. */
  readonly microUsdPerMinute: number | null;
  /** On the instructor's Twilio bill, for calls by phone. */
  readonly phoneMicroUsdPerMinute: number | null;
}

/** Whose limit: of one call, of one student, of the class (all on the instructor's key), or a student's own on their own. */
export const BUDGET_OWNERS = ["call", "student", "pool", "own"] as const;
export type BudgetOwner = (typeof BUDGET_OWNERS)[number];

/** `low`: from {@link LOW_SHARE} on. `spent`: nothing more is lent. */
export const BUDGET_STAGES = ["ok", "low", "spent"] as const;
export type BudgetStage = (typeof BUDGET_STAGES)[number];
export const LOW_SHARE = 0.8;

/** The limit that is nearest to being reached, as the workshop's object counts: the number shown is the one that counts. */
export interface Budget {
  readonly of: BudgetOwner;
  readonly limitMicroUsd: number;
  readonly spentMicroUsd: number;
  readonly stage: BudgetStage;
}

/** What the instructor's key may be used for, in whole micro-dollars; null: no limit. */
export interface LendingLimits {
  /** All students together. */
  readonly poolMicroUsd: number | null;
  readonly studentMicroUsd: number | null;
  readonly callMicroUsd: number | null;
  /** Ids; null: whatever is configured. */
  readonly models: readonly string[] | null;
}

export interface Lending extends LendingLimits {
  /** False: the instructor's key is not lent. */
  readonly allowed: boolean;
}
