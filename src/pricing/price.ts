/** What is billed how: `text` and `realtime` models by tokens, `transcribe` by tokens or by time, `phone` by started minutes. */
export const PRICE_KINDS = ["text", "realtime", "transcribe", "phone"] as const;
export type PriceKind = (typeof PRICE_KINDS)[number];

/**
 * Whole micro-dollars for a million tokens: $0.10 is 100,000. Null: there is no such price, which never means free. What is
 * cached or written to the cache costs as much as other input then.
 */
export interface MicroUsdPerMillion {
  readonly input: number | null;
  readonly cachedInput: number | null;
  readonly cacheWrite: number | null;
  readonly output: number | null;
}

/** What a model costs from a day on. */
export interface Price {
  readonly model: string;
  readonly kind: PriceKind;
  /** Other names that OpenAI knows it by; `#` stands for a digit, `*` at the end for anything. */
  readonly aliases: readonly string[];
  /** `YYYY-MM-DD`, from midnight UTC; null: from its beginning. */
  readonly effectiveFrom: string | null;
  /** `YYYY-MM-DD`: the day on which OpenAI ends it; null: none is known. */
  readonly shutdownDate: string | null;
  readonly text: MicroUsdPerMillion | null;
  readonly audio: MicroUsdPerMillion | null;
  /** Whole micro-dollars. */
  readonly microUsdPerMinute: number | null;
  /** Of a request with more input tokens than this, all of it costs so much instead. */
  readonly longContext: (MicroUsdPerMillion & { readonly overInputTokens: number }) | null;
  readonly source: string;
  /** `YYYY-MM-DD`: when the source said so. */
  readonly sourceDate: string;
  /** `YYYY-MM-DD`: the day of the table that first had it. A bill of an older table is computed without it. */
  readonly addedOn: string;
  /** For who reviews it; empty: nothing is special. */
  readonly note: string;
}
