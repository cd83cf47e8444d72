import type { CallState } from "../protocol/call-messages.ts";
import type { EndReason, KeySource, ToolCallRecord, TurnTimings } from "../protocol/call-record.ts";

/** Everything the page says by itself, in plain English and in one place, so that a class can translate it. */

export const STATE_WORDS: Readonly<Record<CallState, string>> = {
  connecting: "Connecting",
  listening: "Listening",
  thinking: "Thinking",
  "using-tool": "Using a tool",
  speaking: "Speaking",
};

export const PHASE_WORDS = {
  idle: "Ready when you are",
  dialling: "Connecting",
  lost: "Connection lost. Getting it back",
  ended: "Call ended",
} as const;

export const ASKING_WORDS = "Allow the microphone when your browser asks";
export const BUTTON_WORDS = { mute: "Mute", unmute: "Unmute", end: "End call", cancel: "Cancel" } as const;
export const MUTED_WORDS = "Muted: your agent cannot hear you";
export const HOLD_TO_TALK_WORDS = "Hold the button, or Space, and talk";

export const END_WORDS: Readonly<Record<EndReason, string>> = {
  "caller-left": "You hung up.",
  "agent-ended": "The agent hung up.",
  "handed-over": "The call was handed over.",
  silence: "Nothing was heard for a minute.",
  "call-cap": "The call reached its longest time.",
  "key-failed": "The OpenAI key of this agent was not accepted.",
  revoked: "The workshop ended this call.",
  refused: "The call was refused.",
  policy: "The call was ended for what was sent in it.",
  lost: "The connection was lost and did not come back.",
  "upstream-failed": "OpenAI did not answer any more.",
};

export const KEY_WORDS: Readonly<Record<KeySource, string>> = {
  student: "Your own OpenAI key pays",
  instructor: "The workshop's OpenAI key pays",
};

export const SPEAKER_WORDS = { caller: "You", agent: "Agent" } as const;
export const SHORT_ANSWER_WORDS = "(this answer is missing or short)";
export const NOT_HEARD_WORDS = "not heard:";
export const WAITING_WORDS = "…";
export const CANNOT_HEAR_WORDS = "We cannot hear you. Does the bar move when you speak?";
export const NO_SERVER_WORDS = "The server cannot be reached. Check your network, then try again.";
export const BAD_REPLY_WORDS = "The server's answer could not be read. Try again in a moment.";
export const NO_COOKIE_WORDS = "This browser did not keep your sign-in. Allow cookies for this page, then join again.";
export const NO_SOUND_WORDS = "This browser cannot play the call's sound. Try Chrome, Edge or Safari.";

export const gapWords = (lostMs: number): string => `connection lost for ${seconds(lostMs)}`;
export function toolWords(outcome: ToolCallRecord["outcome"], durationMs: number | null): string {
  const took = durationMs === null ? "" : ` after ${milliseconds(durationMs)}`;
  return { pending: "is being asked", ok: `answered${took}`, failed: `failed${took}` }[outcome];
}

/** How long the caller waited for the first sound, or where nobody can tell, for it to leave the server. */
export function latencyWords(timings: TurnTimings | null): string {
  const heardMs = timings?.heardLatencyMs ?? null;
  if (heardMs !== null) return `heard after ${milliseconds(heardMs)}`;
  const sentMs = timings?.turnLatencyMs ?? null;
  return sentMs === null ? "" : `answered after ${milliseconds(sentMs)}`;
}

export const seconds = (ms: number): string => `${Math.max(0, Math.round(ms / 1_000))} s`;
export const milliseconds = (ms: number): string => `${Math.round(ms)} ms`;

/** Millionths of a dollar; null is not nothing: no price is known. */
export function costWords(costMicroUsd: number | null): string {
  if (costMicroUsd === null) return "price not known";
  const dollars = costMicroUsd / 1_000_000;
  return dollars < 0.01 ? `$${dollars.toFixed(4)}` : `$${dollars.toFixed(2)}`;
}
