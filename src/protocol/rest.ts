/**
 * Bodies of every REST route, shared by the page, the terminal and the Worker. Times are ISO 8601 in UTC. The fields of
 * a reply are all there is: a route builds its reply from them one by one, so nothing of a row slips out. Ids are plain
 * text here: JSON has no brands, and whoever receives one parses it.
 */

import type { Patience, TurnEnd } from "./agent-config.ts";
import type { EndReason, KeySource, TurnRecord, Usage, WayIn } from "./call-record.ts";

/** What OpenAI thought of a key when it was last asked. Only `connected` proves that it authenticates and may be used. */
export const KEY_STATUSES = ["connected", "rejected", "restricted", "no_credit", "unverified"] as const;
export type KeyStatus = (typeof KEY_STATUSES)[number];

/** What a student is shown: also `unreadable`, a stored key that no master key opens and that must be entered again. */
export const SHOWN_KEY_STATUSES = [...KEY_STATUSES, "unreadable"] as const;
export type ShownKeyStatus = (typeof SHOWN_KEY_STATUSES)[number];

/** A failure's whole body. `code` is a reason of `failure.ts`; the sentence is fixed and quotes nothing. */
export interface FailureBody {
  readonly success: false;
  readonly error: string;
  readonly code: string;
  readonly requestId: string;
  /** Bad input: which field, and what is wrong with it. */
  readonly field?: string | undefined;
  /** `misconfigured`: the variable that is missing or malformed. */
  readonly variable?: string | undefined;
  /** `key_rejected`: what OpenAI thought of the key that was not stored. */
  readonly openai?: KeyOpinion | undefined;
  /** `GET /healthz` only. */
  readonly checks?: HealthChecks | undefined;
}

export interface KeyOpinion {
  readonly status: ShownKeyStatus | null;
  /** The key's last four characters. */
  readonly hint: string | null;
}

export type HealthCheck = "ok" | "failed" | "not-checked";

export interface HealthChecks {
  readonly database: HealthCheck;
  readonly secrets: HealthCheck;
}

export interface HealthReply {
  readonly success: true;
  readonly checks: HealthChecks;
}

export interface JoinRequest {
  readonly joinCode: string;
  readonly name: string;
  readonly email?: string | null | undefined;
}

export interface JoinReply {
  readonly success: true;
  readonly sessionToken: string;
  readonly name: string;
  /** Where the agent answers over ConversationRelay. */
  readonly websocketUrl: string;
  readonly workshop: { readonly name: string };
}

/** The predecessor's save. An absent field is left as it is, `null` clears it, an unknown field is ignored. */
export interface LegacySaveRequest {
  readonly sessionToken: string;
  readonly studentEmail?: string | null | undefined;
  readonly studentName?: string | null | undefined;
  readonly openaiApiKey?: unknown;
  readonly systemPrompt?: string | null | undefined;
  readonly ivrGreeting?: string | null | undefined;
  readonly selectedVoice?: string | null | undefined;
  readonly tools?: unknown;
}

export interface LegacySaveReply {
  readonly success: true;
  readonly message: string;
  readonly websocketUrl: string;
  readonly openai: KeyOpinion;
}

/** The one reply that holds a key; only a server of the instructor's gets it. */
export interface LegacySettingsReply {
  readonly success: true;
  readonly settings: {
    readonly sessionToken: string;
    readonly studentName: string | null;
    readonly openaiApiKey: string | null;
    readonly systemPrompt: string | null;
    readonly greeting: string | null;
    readonly voice: string | null;
    readonly tools: readonly unknown[];
  };
  /** Nobody has saved anything for this token: these are the defaults. */
  readonly isDefault: boolean;
}

export interface KeyView {
  readonly status: ShownKeyStatus;
  readonly hint: string | null;
  readonly connectedAt: string | null;
  readonly lastUsedAt: string | null;
}

/** What the page must know to warn before it saves. */
export interface StudentLimits {
  readonly bodyBytes: number;
  readonly promptBytes: number;
  readonly greetingBytes: number;
  readonly nameBytes: number;
  readonly tools: number;
  readonly callMs: number;
  readonly callsAtOnce: number;
  readonly keyChecksPerMinute: number;
}

export interface MeReply {
  readonly success: true;
  readonly name: string | null;
  readonly email: string | null;
  readonly workshop: {
    readonly name: string;
    readonly opensAt: string | null;
    readonly closesAt: string | null;
  } | null;
  readonly config: {
    readonly prompt: string | null;
    readonly greeting: string | null;
    readonly voice: string | null;
    /** As they were saved. */
    readonly tools: readonly unknown[];
    readonly language: string | null;
    readonly turnEnd: TurnEnd | null;
    readonly patience: Patience | null;
  };
  readonly key: KeyView | null;
  readonly webhookSecret: { readonly set: boolean };
  /** Where the agent answers: over ConversationRelay, and for Twilio's voice webhook. */
  readonly websocketUrl: string;
  readonly voiceUrl: string;
  readonly limits: StudentLimits;
}

/** An absent field is left as it is, `null` clears it. */
export interface MePatch {
  readonly name?: string | null | undefined;
  readonly prompt?: string | null | undefined;
  readonly greeting?: string | null | undefined;
  readonly voice?: string | null | undefined;
  readonly tools?: unknown;
  readonly language?: string | null | undefined;
  readonly turnEnd?: TurnEnd | null | undefined;
  readonly patience?: Patience | null | undefined;
}

export interface KeyRequest {
  readonly openaiApiKey?: unknown;
}

export interface KeyReply {
  readonly success: true;
  readonly key: KeyView;
}

export interface DoneReply {
  readonly success: true;
}

export interface WebhookSecretReply {
  readonly success: true;
  /** `whsec_…`, shown this once. */
  readonly webhookSecret: string;
}

/** `POST /api/calls`: nothing yet, so the body may also be absent. */
export type BrowserCallRequest = Readonly<Record<string, never>>;

/** A call that waits for its caller, `LIMITS.ticketMs` long. */
export interface BrowserCallReply {
  readonly success: true;
  readonly callId: string;
  /** Opens the call's socket once: given as its second subprotocol, beside `CALL_PROTOCOL` of `call-messages.ts`. */
  readonly ticket: string;
  /** The socket, `wss://…/call/…`. */
  readonly url: string;
}

/** Query of the call history: newest first, `before` the time of the last one seen. */
export interface CallsQuery {
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface CallView {
  readonly id: string;
  readonly wayIn: WayIn;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly endReason: EndReason | null;
  /** Whose key paid. */
  readonly keySource: KeySource;
  readonly model: string;
  /** What wrote down the caller's speech; `null` for a call in text. */
  readonly transcriptionModel: string | null;
  readonly usage: Usage;
  /** Millionths of a dollar; `null`: not known. */
  readonly costMicroUsd: number | null;
}

export interface CallsReply {
  readonly success: true;
  readonly calls: readonly (CallView & { readonly turnCount: number })[];
  /** Give it as `before` to see the calls before these; `null`: there are none. */
  readonly next: string | null;
}

export interface TurnView extends Omit<TurnRecord, "revision" | "startedAtMs" | "toolCall"> {
  readonly startedAt: string;
  readonly toolCall: Omit<NonNullable<TurnRecord["toolCall"]>, "webhookId"> | null;
}

export interface CallReply {
  readonly success: true;
  readonly call: CallView;
  readonly turns: readonly TurnView[];
}

/** The fields of the requests, for pages and tools that have no schema library. */
export const JOIN_FIELDS = ["joinCode", "name", "email"] as const satisfies readonly (keyof JoinRequest)[];
export const ME_PATCH_FIELDS = [
  "name",
  "prompt",
  "greeting",
  "voice",
  "tools",
  "language",
  "turnEnd",
  "patience",
] as const satisfies readonly (keyof MePatch)[];
export const KEY_FIELDS = ["openaiApiKey"] as const satisfies readonly (keyof KeyRequest)[];
export const LEGACY_SAVE_FIELDS = [
  "sessionToken",
  "studentEmail",
  "studentName",
  "openaiApiKey",
  "systemPrompt",
  "ivrGreeting",
  "selectedVoice",
  "tools",
] as const satisfies readonly (keyof LegacySaveRequest)[];
