import { priceOf } from "../pricing/cost.ts";
import type { Charge } from "../protocol/charge.ts";

/** What both sides count. Of cached tokens and of sound, each is part of the sum before it. */
export const MEASURES = [
  "requests",
  "inputTokens",
  "cachedInputTokens",
  "cacheWriteTokens",
  "inputAudioTokens",
  "cachedInputAudioTokens",
  "outputTokens",
  "outputAudioTokens",
  "transcriptionMs",
  "microUsd",
] as const;
export type Measure = (typeof MEASURES)[number];

/** Null: it is not told, which is not the same as nothing. */
export type Measures = Readonly<Record<Measure, number | null>>;

export const eachMeasure = <Value>(value: (measure: Measure) => Value): Readonly<Record<Measure, Value>> => ({
  requests: value("requests"),
  inputTokens: value("inputTokens"),
  cachedInputTokens: value("cachedInputTokens"),
  cacheWriteTokens: value("cacheWriteTokens"),
  inputAudioTokens: value("inputAudioTokens"),
  cachedInputAudioTokens: value("cachedInputAudioTokens"),
  outputTokens: value("outputTokens"),
  outputAudioTokens: value("outputAudioTokens"),
  transcriptionMs: value("transcriptionMs"),
  microUsd: value("microUsd"),
});

export const NOTHING: Measures = eachMeasure<number | null>(() => 0);
export const NOT_TOLD: Measures = eachMeasure<number | null>(() => null);

/** Of what is not told of one, the sum is not known. */
export const sumOf = (a: Measures, b: Measures): Measures =>
  eachMeasure((measure) => {
    const [one, other] = [a[measure], b[measure]];
    return one === null || other === null ? null : one + other;
  });

/** What a row of the ledger counts: one request, and tokens or time, as OpenAI has told them. */
export function measuresOf({ kind, usage, costMicroUsd }: Charge): Measures {
  const rest = { requests: 1, microUsd: costMicroUsd };
  if (kind !== "transcription") {
    return {
      ...rest,
      inputTokens: usage.inputTokens,
      cachedInputTokens: usage.cachedInputTokens,
      cacheWriteTokens: usage.cacheWriteTokens,
      inputAudioTokens: usage.inputAudioTokens,
      cachedInputAudioTokens: usage.cachedInputAudioTokens,
      outputTokens: usage.outputTokens,
      outputAudioTokens: usage.outputAudioTokens,
      transcriptionMs: null,
    };
  }
  // A transcript is told by tokens or by time, never both; of what is neither, nothing was used.
  const isByTime = usage.transcriptionMs > 0;
  const isByTokens = usage.transcriptionInputTokens > 0 || usage.transcriptionOutputTokens > 0;
  const tokens = (count: number): number | null => (isByTime ? null : count);
  return {
    ...rest,
    inputTokens: tokens(usage.transcriptionInputTokens),
    cachedInputTokens: tokens(0),
    cacheWriteTokens: tokens(0),
    inputAudioTokens: tokens(usage.transcriptionInputAudioTokens),
    cachedInputAudioTokens: tokens(0),
    outputTokens: tokens(usage.transcriptionOutputTokens),
    outputAudioTokens: tokens(0),
    transcriptionMs: isByTokens ? null : usage.transcriptionMs,
  };
}

/** One name for a model and its dated snapshots: that of the table of prices, else the name without its date. */
export function modelOf(name: string): string {
  return priceOf(name, Number.POSITIVE_INFINITY)?.model ?? name.replace(/-\d{4}-\d{2}-\d{2}$/, "");
}
