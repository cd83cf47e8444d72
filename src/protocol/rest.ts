/**
 * Bodies of every REST route, shared by the page, the terminal and the Worker. Times are ISO 8601 in UTC. The fields of
 * a reply are all there is: a route builds its reply from them one by one, so nothing of a row slips out. Ids are plain
 * text here: JSON has no brands, and whoever receives one parses it.
 */

import type { Patience, TurnEnd } from "./agent-config.ts";
import type { Bill, Estimate, Repriced } from "./bill.ts";
import type { EndReason, KeySource, TurnRecord, Usage, WayIn } from "./call-record.ts";
import type { Closing } from "./closing.ts";

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
  /** `misconfigured`: the variable that is missing, malformed or not the right one. */
  readonly variable?: string | undefined;
  /** `key_rejected`: what OpenAI thought of the key that was not stored. */
  readonly openai?: KeyOpinion | undefined;
  /** `GET /healthz` only. */
  readonly checks?: HealthChecks | undefined;
  /** `workshop_not_open`: when it opens. */
  readonly opensAt?: string | undefined;
  /** `too_many_logins`: how long to wait. */
  readonly retryAfterSeconds?: number | undefined;
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
  /** As it was given, or where somebody of the workshop has it already, with a number behind it. */
  readonly name: string;
  /** Four words that bring the student back on any device; shown this once. */
  readonly recoveryPhrase: string;
  /** Where the agent answers over ConversationRelay. */
  readonly websocketUrl: string;
  readonly workshop: { readonly name: string };
}

export interface RecoverRequest {
  /** In any case, with any spaces or hyphens between the words. */
  readonly recoveryPhrase: string;
}

/** The reply's cookie signs the browser in. */
export interface RecoverReply {
  readonly success: true;
  readonly name: string | null;
}

export interface RecoveryPhraseReply {
  readonly success: true;
  /** Shown this once; the words before it stop working. */
  readonly recoveryPhrase: string;
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

/** Whether a workshop may be called, by its dates. */
export const WORKSHOP_STATES = ["not-open", "open", "ended"] as const;
export type WorkshopState = (typeof WORKSHOP_STATES)[number];

export interface MeReply {
  readonly success: true;
  readonly studentId: string;
  readonly name: string | null;
  readonly email: string | null;
  readonly workshop: {
    readonly id: string;
    readonly name: string;
    readonly state: WorkshopState;
    readonly opensAt: string | null;
    readonly closesAt: string | null;
    /** `null`: it has not been closed for good. */
    readonly closing: Closing | null;
  } | null;
  /** Whose key the next call runs on; `null`: nobody's, so there will be none. */
  readonly payer: KeySource | null;
  /** Whether there is an instructor's key that this student may use. */
  readonly fallback: boolean;
  /** Whether there are words that bring the student back. */
  readonly recovery: { readonly set: boolean };
  /** Whether the instructor has set up Twilio (`TWILIO_AUTH_TOKEN`). */
  readonly phone: boolean;
  readonly models: { readonly text: string; readonly voice: string };
  /** What a minute is likely to cost on the key that pays, by way of calling; `text` is a call in writing. */
  readonly estimates: { readonly browser: Estimate; readonly text: Estimate; readonly phone: Estimate };
  /** The most that the student's calls on their own key may cost in all; `null`: any amount. Micro-dollars. */
  readonly ownCapMicroUsd: number | null;
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
  readonly ownCapMicroUsd?: number | null | undefined;
}

/** Newest first. */
export interface PromptsReply {
  readonly success: true;
  readonly versions: readonly PromptVersion[];
}

/** Who wrote something of a student's agent. */
export const SAVERS = ["student", "instructor"] as const;
export type Saver = (typeof SAVERS)[number];

export interface PromptVersion {
  readonly savedAt: string;
  /** `null`: the default prompt. */
  readonly prompt: string | null;
  readonly savedBy: Saver;
}

/** Runs a saved tool once, as a call would. */
export interface ToolRunRequest {
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface ToolRunReply {
  readonly success: true;
  readonly outcome: "ok" | "failed";
  readonly durationMs: number;
  /** What was sent to the webhook; `null` for tools without one. Its secrets are left out. */
  readonly request: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  } | null;
  /** HTTP status of the webhook's answer; `null`: none came, or there is no webhook. */
  readonly status: number | null;
  /** JSON text that the model would be given. */
  readonly output: string;
}

/** Answered with `audio/wav`: the student's greeting in that voice, on the key that pays for their calls. */
export interface VoiceSampleRequest {
  readonly voice: string;
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

/** Query of the call history: newest first, those before the last one seen. */
export interface CallsQuery {
  readonly before?: CallsCursor | undefined;
  readonly limit: number;
}

/** A place in the history. Calls of one millisecond are told apart by their ids; `null`: before all of them. */
export interface CallsCursor {
  readonly startedAtMs: number;
  readonly callId: string | null;
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
  /** On that key, in millionths of a dollar; `null`: not known. */
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
  /** From the rows of the ledger; `null`: a call from before there was one. */
  readonly bill: Bill | null;
  /** The same call on other models of its kind, cheapest first. */
  readonly repriced: readonly Repriced[];
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
  "ownCapMicroUsd",
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
