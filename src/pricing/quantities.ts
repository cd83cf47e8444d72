import type { BillPart, Layer } from "../protocol/bill.ts";
import type { Usage } from "../protocol/call-record.ts";
import type { Charge } from "../protocol/charge.ts";

/** So much of one thing that has one price. */
export interface Quantity {
  readonly layer: Layer;
  readonly part: BillPart;
  /** Which prices of the model: those of its text, of its sound, or of a minute. */
  readonly of: "text" | "audio" | "minute";
  /** Tokens; milliseconds of `minute`. */
  readonly amount: number;
}

export type Used = Pick<Charge, "kind" | "usage" | "lineMs">;

const MINUTE_MS = 60_000;
/** More of anything than this in one charge is nonsense. */
const ABSURD = 1_000_000_000;

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= ABSURD;

/** What was used, in the order of a bill, without what is nothing. Null: the numbers are nonsense, or do not add up. */
export function quantitiesOf({ kind, usage, lineMs }: Used): readonly Quantity[] | null {
  const { estimated: _, ...counts } = usage;
  if (!isCount(lineMs) || !Object.values(counts).every(isCount)) return null;
  // A charge holds one thing: what would stand beside it would be billed by nobody.
  if (kind !== "phone" && lineMs > 0) return null;
  if (kind !== "transcription" && isTranscribed(usage)) return null;
  if ((kind === "phone" || kind === "transcription") && isAnswered(usage)) return null;
  const all = kind === "phone" ? ofLine(lineMs) : kind === "transcription" ? ofTranscription(usage) : ofResponse(usage);
  if (!all.every(({ amount }) => isCount(amount))) return null;
  return all.filter(({ amount }) => amount > 0);
}

const isAnswered = (usage: Usage): boolean => usage.inputTokens > 0 || usage.outputTokens > 0;
const isTranscribed = (usage: Usage): boolean =>
  usage.transcriptionInputTokens > 0 || usage.transcriptionOutputTokens > 0 || usage.transcriptionMs > 0;

/** Sums hold their parts: cached tokens and sound are taken out of them, and a part larger than its sum shows as negative. */
function ofResponse(usage: Usage): readonly Quantity[] {
  const { inputAudioTokens, cachedInputAudioTokens, cacheWriteTokens, outputAudioTokens } = usage;
  const cachedText = usage.cachedInputTokens - cachedInputAudioTokens;
  const text = usage.inputTokens - inputAudioTokens - cachedText - cacheWriteTokens;
  return [
    { layer: "text", part: "input", of: "text", amount: text },
    { layer: "text", part: "cached-input", of: "text", amount: cachedText },
    { layer: "text", part: "cache-write", of: "text", amount: cacheWriteTokens },
    { layer: "text", part: "output", of: "text", amount: usage.outputTokens - outputAudioTokens },
    { layer: "audio", part: "input", of: "audio", amount: inputAudioTokens - cachedInputAudioTokens },
    { layer: "audio", part: "cached-input", of: "audio", amount: cachedInputAudioTokens },
    { layer: "audio", part: "output", of: "audio", amount: outputAudioTokens },
  ];
}

/** By tokens or by time, as the model is priced. */
function ofTranscription(usage: Usage): readonly Quantity[] {
  const { transcriptionInputTokens, transcriptionInputAudioTokens } = usage;
  const text = transcriptionInputTokens - transcriptionInputAudioTokens;
  return [
    { layer: "transcription", part: "input", of: "text", amount: text },
    { layer: "transcription", part: "input", of: "audio", amount: transcriptionInputAudioTokens },
    { layer: "transcription", part: "output", of: "text", amount: usage.transcriptionOutputTokens },
    { layer: "transcription", part: "time", of: "minute", amount: usage.transcriptionMs },
  ];
}

/** A minute is paid for when it has begun. */
const ofLine = (lineMs: number): readonly Quantity[] => [
  { layer: "phone", part: "time", of: "minute", amount: Math.ceil(lineMs / MINUTE_MS) * MINUTE_MS },
];
