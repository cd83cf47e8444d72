/** A call and its turns as they are kept: in the Call object while it lives, in Postgres afterwards, on the page. */

import type { CallId, SessionToken, WorkshopId } from "./ids.ts";

export type WayIn = "conversation-relay" | "media-streams" | "browser";
export type KeySource = "student" | "instructor";
export const END_REASONS = [
  "caller-left",
  "agent-ended",
  "handed-over",
  "silence",
  "call-cap",
  "key-failed",
  "revoked",
  "refused",
  "policy",
  "lost",
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** Tokens, summed over the responses of a turn or of a call. */
export interface Usage {
  readonly responses: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** Some of it was counted by us, because a stream was cut before OpenAI told. */
  readonly estimated: boolean;
}

export interface TurnTimings {
  /** Request to OpenAI → its first text at us. */
  readonly ttftMs: number | null;
  /** Caller's turn-end at us → first agent text left us. */
  readonly turnLatencyMs: number | null;
  /** Caller's turn-end → the turn's last text left us, or it was cut. */
  readonly turnMs: number;
}

export interface ToolCallRecord {
  readonly toolCallId: string;
  readonly name: string;
  /** JSON text as the model wrote it. */
  readonly arguments: string;
  /** Sent as `webhook-id`; the same on every retry. */
  readonly webhookId: string;
  readonly outcome: "pending" | "ok" | "failed";
  /** JSON text given to the model. */
  readonly output: string | null;
  readonly durationMs: number | null;
}

export interface TurnRecord {
  /** From 1, without gaps, in the order in which turns began. */
  readonly seq: number;
  /** Grows with each change of this turn; the archive never goes back. */
  readonly revision: number;
  readonly speaker: "caller" | "agent" | "tool";
  readonly startedAtMs: number;
  /** What was said; of an agent's turn all that left us. */
  readonly text: string;
  /** What the caller heard of it, when that is less. */
  readonly heardText: string | null;
  readonly toolCall: ToolCallRecord | null;
  readonly timings: TurnTimings | null;
  readonly usage: Usage | null;
  /** Why the model's answer is missing or short: a code of `failure.ts`. */
  readonly failure: string | null;
}

export interface CallRecord {
  readonly id: CallId;
  readonly revision: number;
  readonly sessionToken: SessionToken;
  readonly workshopId: WorkshopId | null;
  readonly wayIn: WayIn;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly endReason: EndReason | null;
  readonly keySource: KeySource;
  readonly model: string;
  readonly usage: Usage;
}

export const NO_USAGE: Usage = {
  responses: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  estimated: false,
};

export const addUsage = (a: Usage, b: Usage): Usage => ({
  responses: a.responses + b.responses,
  inputTokens: a.inputTokens + b.inputTokens,
  cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  estimated: a.estimated || b.estimated,
});
