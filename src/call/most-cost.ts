import { LIMITS } from "../limits.ts";
import { bytesOf, type ModelRequest, requestBytes } from "../model/model-leg.ts";
import { mostItCanCost, mostTimeCanCost } from "../pricing/cost.ts";
import { NO_USAGE } from "../protocol/call-record.ts";
import type { Call } from "./call.ts";

/*
 * The most that what comes next can cost, in whole micro-dollars: what is reserved before it is asked for. Null: no price is
 * known. No text has more tokens than bytes, so nothing here is ever too little, whatever the language.
 */

/** What OpenAI puts around our words: roles, separators, the frame of tools. */
const FRAME_TOKENS = 512;
/** Of a caller, by the second (OpenAI's guide to Realtime costs). */
export const CALLER_TOKENS_PER_S = 10;
const FUNDED_S = LIMITS.fundedSoundMs / 1_000;
/** Words in half a minute, in any language. */
const TRANSCRIPT_TOKENS = 500;

/** One answer in text. */
export function mostOfAnswer(model: string, request: ModelRequest, nowMs: number): number | null {
  const textInput = requestBytes(request) + FRAME_TOKENS;
  return mostItCanCost(
    model,
    { textInput, audioInput: 0, textOutput: LIMITS.responseOutputTokens, audioOutput: 0 },
    nowMs,
  );
}

export interface SoundTerms {
  readonly model: string;
  readonly transcriptionModel: string | null;
  readonly answerTokens: number | null;
}

/**
 * The next answer of a call with sound, half a minute of its caller before it with the transcript of that, and the answer
 * that is being made now.
 */
export function mostOfSound(call: Call, terms: SoundTerms, nowMs: number): number | null {
  const { charges } = call.ledger;
  const responses = charges.filter(({ kind }) => kind === "response");
  const known = responses.findLast(({ state }) => state === "told" || state === "estimated");
  const isAnswering = responses.some(({ state }) => state === "open");
  const usage = known?.usage ?? NO_USAGE;
  const sinceMs = known?.atMs ?? Number.NEGATIVE_INFINITY;
  const answer = terms.answerTokens ?? LIMITS.lentAnswerTokens;
  const input = {
    textInput:
      FRAME_TOKENS +
      (known ? 0 : requestBytes(call.voice?.request ?? NO_REQUEST)) +
      usage.inputTokens -
      usage.inputAudioTokens +
      wordsSince(call, sinceMs),
    audioInput: usage.inputAudioTokens + usage.outputTokens + FUNDED_S * CALLER_TOKENS_PER_S,
  };
  const next = mostItCanCost(terms.model, { ...input, textOutput: 0, audioOutput: answer }, nowMs);
  const later = { ...input, audioInput: input.audioInput + answer + FUNDED_S * CALLER_TOKENS_PER_S };
  const after = isAnswering ? mostItCanCost(terms.model, { ...later, textOutput: 0, audioOutput: answer }, nowMs) : 0;
  const words = transcriptCost(terms.transcriptionModel, nowMs);
  return next === null || after === null || words === null ? null : next + after + words;
}

const NO_REQUEST: ModelRequest = { instructions: "", history: [], tools: [] };

/** What was typed, and what tools gave back, since the last answer was asked for: in bytes. */
const wordsSince = (call: Call, sinceMs: number): number =>
  call.transcript.turns
    .filter(({ startedAtMs }) => startedAtMs >= sinceMs)
    .reduce((sum, { text, toolCall }) => sum + bytesOf(text) + bytesOf(toolCall?.output ?? ""), 0);

/** By time or by tokens, as the model is priced. */
function transcriptCost(model: string | null, nowMs: number): number | null {
  if (model === null) return 0;
  const audioInput = FUNDED_S * CALLER_TOKENS_PER_S;
  return (
    mostTimeCanCost(model, LIMITS.fundedSoundMs, nowMs) ??
    mostItCanCost(model, { textInput: FRAME_TOKENS, audioInput, textOutput: TRANSCRIPT_TOKENS, audioOutput: 0 }, nowMs)
  );
}
