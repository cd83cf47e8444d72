import * as z from "zod";
import { NO_USAGE, type Usage } from "../protocol/call-record.ts";

/** No response is billed for so many tokens, no transcript for so much sound: then the bill is wrong. */
const MOST_TOKENS = 10_000_000;
const MOST_SECONDS = 7_200;

const tokens = z.number().int().nonnegative().max(MOST_TOKENS);

const ResponseUsage = z.object({
  input_tokens: tokens,
  output_tokens: tokens,
  // Without them sound would be billed as text, at a tenth of its price.
  input_token_details: z.object({
    audio_tokens: tokens,
    cached_tokens: tokens.optional(),
    cached_tokens_details: z.object({ audio_tokens: tokens }).nullish(),
  }),
  output_token_details: z.object({ audio_tokens: tokens }),
});

/**
 * What a response is billed for, from `response.done`. Cached tokens are part of the same kind's input, and sound is part
 * of each sum (OpenAI's reference of the Realtime API, 2026-11-22). Null when it is missing or does not add up.
 */
export function readResponseUsage(value: unknown): Usage | null {
  const read = ResponseUsage.safeParse(value);
  if (!read.success) return null;
  const { input_tokens, output_tokens, input_token_details: input, output_token_details: output } = read.data;
  const cached = input.cached_tokens ?? 0;
  const cachedAudio = cached === 0 ? 0 : input.cached_tokens_details?.audio_tokens;
  if (cachedAudio === undefined) return null;
  const addsUp =
    input.audio_tokens <= input_tokens &&
    output.audio_tokens <= output_tokens &&
    cached <= input_tokens &&
    cachedAudio <= Math.min(cached, input.audio_tokens) &&
    cached - cachedAudio <= input_tokens - input.audio_tokens;
  if (!addsUp) return null;
  return {
    ...NO_USAGE,
    responses: 1,
    inputTokens: input_tokens,
    inputAudioTokens: input.audio_tokens,
    cachedInputTokens: cached,
    cachedInputAudioTokens: cachedAudio,
    outputTokens: output_tokens,
    outputAudioTokens: output.audio_tokens,
  };
}

const TranscriptionUsage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("tokens"),
    input_tokens: tokens,
    output_tokens: tokens,
    // What is not said to be text is sound, which is dearer.
    input_token_details: z.object({ audio_tokens: tokens }).nullish().catch(null),
  }),
  z.object({ type: z.literal("duration"), seconds: z.number().nonnegative().max(MOST_SECONDS) }),
]);

/** The separate bill of a transcript, by tokens or by time as its model is priced; null when it is missing or absurd. */
export function readTranscriptionUsage(value: unknown): Usage | null {
  const { data: bill } = TranscriptionUsage.safeParse(value);
  if (bill === undefined) return null;
  const counted =
    bill.type === "tokens"
      ? {
          transcriptionInputTokens: bill.input_tokens,
          transcriptionInputAudioTokens: Math.min(
            bill.input_token_details?.audio_tokens ?? bill.input_tokens,
            bill.input_tokens,
          ),
          transcriptionOutputTokens: bill.output_tokens,
        }
      : { transcriptionMs: Math.round(bill.seconds * 1_000) };
  return { ...NO_USAGE, transcriptions: 1, ...counted };
}

/** Somebody who speaks slowly, with a pause before and after. */
const MS_PER_CHARACTER = 200;
const PAUSES_MS = 2_000;
const MS_PER_TOKEN = 100;
const CHARACTERS_PER_TOKEN = 3;

/** What a transcript of these words comes to when its bill cannot be read: reckoned from them, rather too much. */
export function guessOfTranscript(text: string, isByTime: boolean): Usage {
  const soundMs = PAUSES_MS + text.length * MS_PER_CHARACTER;
  const soundTokens = Math.ceil(soundMs / MS_PER_TOKEN);
  const counted = isByTime
    ? { transcriptionMs: soundMs }
    : {
        transcriptionInputTokens: soundTokens,
        transcriptionInputAudioTokens: soundTokens,
        transcriptionOutputTokens: Math.ceil(text.length / CHARACTERS_PER_TOKEN),
      };
  return { ...NO_USAGE, transcriptions: 1, ...counted, estimated: true };
}
