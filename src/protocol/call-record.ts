/** A call and its turns as they are kept: in the Call object while it lives, in Postgres afterwards, on the page. */

import type { CallId, SessionToken, WorkshopId } from "./ids.ts";

export const WAYS_IN = ["conversation-relay", "media-streams", "browser"] as const;
export type WayIn = (typeof WAYS_IN)[number];
export const KEY_SOURCES = ["student", "instructor"] as const;
export type KeySource = (typeof KEY_SOURCES)[number];
export const END_REASONS = [
  "caller-left",
  "agent-ended",
  "handed-over",
  "silence",
  "call-cap",
  "key-failed",
  "revoked",
  "paused",
  "budget",
  "refused",
  "policy",
  "lost",
  "upstream-failed",
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** Tokens, summed over the responses of a turn or of a call. Of audio tokens, each is part of the sum above it. */
export interface Usage {
  readonly responses: number;
  readonly inputTokens: number;
  readonly inputAudioTokens: number;
  /** Part of the input tokens. */
  readonly cachedInputTokens: number;
  /** Part of the cached and of the audio input tokens. */
  readonly cachedInputAudioTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly outputAudioTokens: number;
  readonly reasoningTokens: number;
  /** Transcripts of the caller's speech: a bill apart, at another model's price, by tokens or by time. */
  readonly transcriptions: number;
  readonly transcriptionInputTokens: number;
  /** Part of those before. */
  readonly transcriptionInputAudioTokens: number;
  readonly transcriptionOutputTokens: number;
  readonly transcriptionMs: number;
  /** Some of it was counted by us, because a stream was cut before OpenAI told. */
  readonly estimated: boolean;
}

export interface TurnTimings {
  /** Request to OpenAI, or with sound the caller's turn-end → its first text at us. */
  readonly ttftMs: number | null;
  /** Caller's turn-end → first audio byte of the model at us; null without sound. */
  readonly ttfbMs: number | null;
  /** Caller's turn-end at us → first agent text, or with sound first agent audio, left us. */
  readonly turnLatencyMs: number | null;
  /** Caller's turn-end → we know that the first sound was played to the caller; null where nobody tells. */
  readonly heardLatencyMs: number | null;
  /** Caller's turn-end → the turn's last text or sound left us, or it was cut. */
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

/** A tool call as people are shown it: without what only the receiver of a webhook needs. */
export const shownToolCall = (call: ToolCallRecord): Omit<ToolCallRecord, "webhookId"> => ({
  toolCallId: call.toolCallId,
  name: call.name,
  arguments: call.arguments,
  outcome: call.outcome,
  output: call.output,
  durationMs: call.durationMs,
});

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
  /** What wrote down the caller's speech; null for a call in text. */
  readonly transcriptionModel: string | null;
  readonly usage: Usage;
}

export const NO_USAGE: Usage = {
  responses: 0,
  inputTokens: 0,
  inputAudioTokens: 0,
  cachedInputTokens: 0,
  cachedInputAudioTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  outputAudioTokens: 0,
  reasoningTokens: 0,
  transcriptions: 0,
  transcriptionInputTokens: 0,
  transcriptionInputAudioTokens: 0,
  transcriptionOutputTokens: 0,
  transcriptionMs: 0,
  estimated: false,
};

export const addUsage = (a: Usage, b: Usage): Usage => ({
  responses: a.responses + b.responses,
  inputTokens: a.inputTokens + b.inputTokens,
  inputAudioTokens: a.inputAudioTokens + b.inputAudioTokens,
  cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  cachedInputAudioTokens: a.cachedInputAudioTokens + b.cachedInputAudioTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  outputAudioTokens: a.outputAudioTokens + b.outputAudioTokens,
  reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  transcriptions: a.transcriptions + b.transcriptions,
  transcriptionInputTokens: a.transcriptionInputTokens + b.transcriptionInputTokens,
  transcriptionInputAudioTokens: a.transcriptionInputAudioTokens + b.transcriptionInputAudioTokens,
  transcriptionOutputTokens: a.transcriptionOutputTokens + b.transcriptionOutputTokens,
  transcriptionMs: a.transcriptionMs + b.transcriptionMs,
  estimated: a.estimated || b.estimated,
});
