import { LIMITS } from "../limits.ts";
import { requestBytes } from "../model/model-leg.ts";
import { guessOfTranscript } from "../model/realtime-usage.ts";
import { priceOf } from "../pricing/cost.ts";
import type { Usage } from "../protocol/call-record.ts";
import type { CallFacts } from "./call-facts.ts";
import type { Ledger } from "./ledger.ts";
import { CALLER_TOKENS_PER_S } from "./most-cost.ts";
import type { Transcript } from "./transcript.ts";
import { voiceRequestOf } from "./voice-request.ts";

/*
 * What a call with sound has used and nobody tells. A guess at a bill errs high: what is lent is counted by it.
 */

const BYTES_PER_TOKEN = 3;

export type Shown = Pick<Usage, "inputTokens" | "inputAudioTokens">;

/**
 * What the model is shown for an answer that begins now: all words so far, as much sound as for the answer before with what
 * that said, and what the caller may have said since.
 */
export function shownNow(facts: CallFacts, transcript: Transcript, ledger: Ledger, nowMs: number): Shown {
  const before = ledger.charges.findLast(
    ({ kind, state }) => kind === "response" && (state === "told" || state === "estimated"),
  );
  const sinceMs = Math.min(nowMs - (before?.atMs ?? facts.startedAtMs), LIMITS.fundedSoundMs);
  const callerTokens = Math.ceil((Math.max(0, sinceMs) / 1_000) * CALLER_TOKENS_PER_S);
  const inputAudioTokens =
    (before?.usage.inputAudioTokens ?? 0) + (before?.usage.outputAudioTokens ?? 0) + callerTokens;
  const words = requestBytes(voiceRequestOf(facts, transcript, false));
  return { inputTokens: Math.ceil(words / BYTES_PER_TOKEN) + inputAudioTokens, inputAudioTokens };
}

/** What a transcript of these words comes to, by time or by tokens as its model is priced. */
export function transcriptNow({ transcriptionModel }: CallFacts, text: string, nowMs: number): Usage {
  const isByTime = priceOf(transcriptionModel ?? "", nowMs)?.microUsdPerMinute != null;
  return guessOfTranscript(text, isByTime);
}
