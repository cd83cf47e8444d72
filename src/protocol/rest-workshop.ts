/**
 * Bodies of the instructor's routes, `/api/workshop/*`. As in `rest.ts`: times are ISO 8601 in UTC, ids are plain text,
 * and the fields of a reply are all there is. No reply holds a key, a session token or a word of a call.
 */

import type { LendingLimits } from "./bill.ts";
import type { KeySource, WayIn } from "./call-record.ts";
import type { ChargeKind } from "./charge.ts";
import type { Closing } from "./closing.ts";
import type { ShownKeyStatus, WorkshopState } from "./rest.ts";
import type { ToolJson } from "./tools.ts";

export interface LoginRequest {
  readonly instructorToken: string;
}

export interface WorkshopView {
  readonly id: string;
  readonly name: string;
  readonly joinCode: string;
  /** The page with the code in it: what the QR code says. */
  readonly joinUrl: string;
  readonly state: WorkshopState;
  readonly opensAt: string | null;
  readonly closesAt: string | null;
  /** How many may join; `null`: any number. */
  readonly seats: number | null;
  readonly studentCount: number;
  /** Longest call in milliseconds; `null`: the default. */
  readonly callMaxMs: number | null;
  /** Whether students without a key may call on the instructor's. */
  readonly fallbackAllowed: boolean;
  /** How much of it they may use. */
  readonly lending: LendingLimits;
  /** `null`: it has not been closed for good. */
  readonly closing: Closing | null;
}

export interface WorkshopsReply {
  readonly success: true;
  readonly workshops: readonly WorkshopView[];
  /** Whether there is an instructor's key at all. */
  readonly fallbackKey: boolean;
  /** The configured models, which the instructor may lend. */
  readonly models: readonly string[];
}

export interface WorkshopReply {
  readonly success: true;
  readonly workshop: WorkshopView;
}

/** Of a new workshop all but the name may be absent; without a join code one is made. */
export interface NewWorkshop extends WorkshopPatch {
  readonly name: string;
}

/** An absent field is left as it is, `null` clears it. */
export interface WorkshopPatch {
  readonly name?: string | undefined;
  readonly joinCode?: string | undefined;
  readonly opensAt?: string | null | undefined;
  readonly closesAt?: string | null | undefined;
  readonly seats?: number | null | undefined;
  readonly callMaxMs?: number | null | undefined;
  readonly fallbackAllowed?: boolean | undefined;
  /** Only what is given of it changes. */
  readonly lending?: { readonly [Limit in keyof LendingLimits]?: LendingLimits[Limit] | undefined } | undefined;
}

/** Adds to the pool, beside whatever else changes it; a pool without a limit stays without one. */
export interface TopUpRequest {
  /** Whole micro-dollars, more than 0. */
  readonly microUsd: number;
}

/** What one student has used of one model at one payer's cost. */
export interface SpendRow {
  readonly studentId: string | null;
  /** `null`: no name, or a student who was erased. */
  readonly name: string | null;
  readonly payer: KeySource;
  readonly kind: ChargeKind;
  readonly model: string;
  readonly charges: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly lineMs: number;
  /** What is known of it. */
  readonly costMicroUsd: number;
  /** Charges among them that have no price. */
  readonly unpriced: number;
  readonly lastAt: string;
}

/** From the ledger: calls that go on are in it up to their last turn or so. */
export interface SpendReply {
  readonly success: true;
  readonly rows: readonly SpendRow[];
  /** Charges that nobody can read: more was spent than the rows say. */
  readonly unreadable: number;
}

/** What calls of one payer have used. */
export interface Spend {
  readonly calls: number;
  readonly ms: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Millionths of a dollar; `null`: of some of it no price is known. */
  readonly costMicroUsd: number | null;
}

export const NO_SPEND: Spend = { calls: 0, ms: 0, inputTokens: 0, outputTokens: 0, costMicroUsd: 0 };

/** A student as Postgres knows them; what goes on right now is on `/live`. */
export interface StudentSummary {
  readonly studentId: string;
  readonly name: string | null;
  readonly joinedAt: string | null;
  readonly keyStatus: ShownKeyStatus | null;
  readonly keyHint: string | null;
  readonly spend: Readonly<Record<KeySource, Spend>>;
  readonly turnCount: number;
  readonly lastCall: {
    readonly wayIn: WayIn;
    readonly startedAt: string;
    readonly endReason: string | null;
    readonly keySource: KeySource;
  } | null;
}

export interface StudentsReply {
  readonly success: true;
  readonly students: readonly StudentSummary[];
}

/** `null` takes the announcement away. */
export interface AnnouncementRequest {
  readonly text: string | null;
}

/** What every student of the workshop gets; an absent field is left as theirs is. A tool of the same name is replaced. */
export interface PushRequest {
  readonly prompt?: string | undefined;
  readonly greeting?: string | undefined;
  readonly tool?: ToolJson | undefined;
}

/** `skipped`: students whose agent could not take it, e.g. with the most tools there may be. */
export interface PushReply {
  readonly success: true;
  readonly students: number;
  readonly skipped: number;
}

export interface CountReply {
  readonly success: true;
  readonly count: number;
}

/** `off`: not set up, which is fine. */
export const CHECK_STATUSES = ["ok", "warning", "failed", "off"] as const;
export type CheckStatus = (typeof CHECK_STATUSES)[number];

export const CHECKS = [
  "secrets",
  "master-key",
  "sealed-rows",
  "database",
  "migrations",
  "openai",
  "fallback-key",
  "models",
  "prices",
  "twilio-signature",
  "public-origin",
  "clock",
] as const;
export type CheckName = (typeof CHECKS)[number];

export interface Check {
  readonly name: CheckName;
  readonly status: CheckStatus;
  /** What was found, and what to do about it; empty when there is nothing to do. */
  readonly found: string;
  readonly fix: string;
}

export interface ChecksReply {
  readonly success: true;
  /** Number of the newest master key, which tells it from others and nothing about it; `null` while none can be used. */
  readonly masterKey: string | null;
  /** Numbers of the older ones that can still open. */
  readonly olderMasterKeys: readonly string[];
  readonly checks: readonly Check[];
}
