import type { Estimate } from "../protocol/bill.ts";
import { NO_USAGE, type Usage } from "../protocol/call-record.ts";
import type { ChargeKind } from "../protocol/charge.ts";
import { costOf } from "./cost.ts";

export interface Models {
  readonly text: string;
  readonly voice: string;
  readonly transcribe: string;
}

/** Each side talks half of a minute. */
const TALK_SECONDS = 30;
/** OpenAI's token rates of sound: one for 100 ms of a caller's, one for 50 ms of an agent's. */
const CALLER_TOKENS_PER_SECOND = 10;
const AGENT_TOKENS_PER_SECOND = 20;
/** 150 words a minute, four tokens to three words. */
const TRANSCRIPT_TOKENS = 100;

/** In writing, or with words made sound by others: exchanges a minute, and what one sends and gets back. */
const EXCHANGES = 4;
/** A prompt of some 400 words, the names of a few tools, and the caller's sentence. */
const EXCHANGE_INPUT_TOKENS = 625;
/** Two short sentences. */
const EXCHANGE_OUTPUT_TOKENS = 40;

const PHONE_LINES = ["conversation-relay", "carrier-inbound"] as const;

/**
 * What a minute is likely to cost, at the prices of a moment and before history adds to it: 30 s of each side's sound with
 * the caller's written down, or four exchanges of 625 tokens in and 40 out, none of them cached. By phone the time on the
 * line comes beside it.
 */
export function estimateOf(way: "browser" | "text" | "phone", models: Models, atMs: number): Estimate {
  const model = way === "browser" ? models.voice : models.text;
  return {
    model,
    microUsdPerMinute: way === "browser" ? soundMicroUsd(models, atMs) : textMicroUsd(models.text, atMs),
    phoneMicroUsdPerMinute: way === "phone" ? phoneMicroUsd(atMs) : 0,
  };
}

function soundMicroUsd(models: Models, atMs: number): number | null {
  const input = TALK_SECONDS * CALLER_TOKENS_PER_SECOND;
  const output = TALK_SECONDS * AGENT_TOKENS_PER_SECOND;
  const sound = { inputTokens: input, inputAudioTokens: input, outputTokens: output, outputAudioTokens: output };
  const byTime = { transcriptionMs: TALK_SECONDS * 1_000 };
  const byTokens = {
    transcriptionInputTokens: input,
    transcriptionInputAudioTokens: input,
    transcriptionOutputTokens: TRANSCRIPT_TOKENS,
  };
  const transcript =
    microUsd("transcription", models.transcribe, byTime, atMs) ??
    microUsd("transcription", models.transcribe, byTokens, atMs);
  return sum([microUsd("response", models.voice, sound, atMs), transcript]);
}

function textMicroUsd(model: string, atMs: number): number | null {
  const inputTokens = EXCHANGES * EXCHANGE_INPUT_TOKENS;
  return microUsd("response", model, { inputTokens, outputTokens: EXCHANGES * EXCHANGE_OUTPUT_TOKENS }, atMs);
}

const phoneMicroUsd = (atMs: number): number | null =>
  sum(PHONE_LINES.map((line) => microUsd("phone", line, {}, atMs, 60_000)));

function microUsd(kind: ChargeKind, model: string, used: Partial<Usage>, atMs: number, lineMs = 0): number | null {
  return costOf({ kind, model, usage: { ...NO_USAGE, ...used }, lineMs, atMs, payer: "instructor" }).costMicroUsd;
}

const sum = (all: readonly (number | null)[]): number | null =>
  all.reduce((a, b) => (a === null || b === null ? null : a + b), 0);
