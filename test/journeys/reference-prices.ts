import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Usage } from "../../src/protocol/call-record.ts";

/** What things cost by the project's reference, reckoned in this file alone: no price and no sum of it is `src`'s. */

const FILE = join(import.meta.dirname, "../../../shared/reference/pricing.json");

const usd = z.number().nullable();
const Rates = z.object({ input: usd, cached_input: usd.optional(), cache_write: usd.optional(), output: usd });
const Reference = z.object({
  models: z.array(
    z.object({
      id: z.string(),
      text: Rates.nullable(),
      audio: Rates.nullable(),
      per_minute_audio: usd,
      long_context: z.object({ threshold_input_tokens: z.number() }).nullable(),
    }),
  ),
});
type Rates = z.infer<typeof Rates>;

export const hasReference = existsSync(FILE);
const models = hasReference ? Reference.parse(JSON.parse(readFileSync(FILE, "utf8"))).models : [];

/** Dollars for a started minute: ConversationRelay's and the line's by `features.md`, Media Streams' as Twilio's list has it. */
const PHONE_USD: Readonly<Record<string, number>> = {
  "conversation-relay": 0.07,
  "media-streams": 0.004,
  "carrier-inbound": 0.0085,
};
const MINUTE_MS = 60_000;

/** Whole micro-dollars, half a one rounded up, of one answer or one transcript. */
export function referenceMicroUsd(model: string, usage: Usage): number {
  const price = models.find(({ id }) => id === model);
  if (!price) throw new Error(`the reference has no ${model}`);
  if ((price.long_context?.threshold_input_tokens ?? Number.POSITIVE_INFINITY) < usage.inputTokens) {
    throw new Error("no journey has so long a conversation");
  }
  const of = (rates: Rates | null, name: keyof Rates): number => {
    const rate = rates?.[name] ?? (name === "cached_input" || name === "cache_write" ? rates?.input : null);
    if (rate == null) throw new Error(`the reference has no price of ${name} of ${model}`);
    return rate;
  };
  const audioIn = usage.inputAudioTokens - usage.cachedInputAudioTokens;
  const cachedText = usage.cachedInputTokens - usage.cachedInputAudioTokens;
  const textIn = usage.inputTokens - usage.inputAudioTokens - cachedText - usage.cacheWriteTokens;
  const parts: [number, Rates | null, keyof Rates][] = [
    [textIn, price.text, "input"],
    [cachedText, price.text, "cached_input"],
    [usage.cacheWriteTokens, price.text, "cache_write"],
    [usage.outputTokens - usage.outputAudioTokens, price.text, "output"],
    [audioIn, price.audio, "input"],
    [usage.cachedInputAudioTokens, price.audio, "cached_input"],
    [usage.outputAudioTokens, price.audio, "output"],
    [usage.transcriptionInputTokens - usage.transcriptionInputAudioTokens, price.text, "input"],
    [usage.transcriptionInputAudioTokens, price.audio, "input"],
    [usage.transcriptionOutputTokens, price.text, "output"],
  ];
  // A dollar for a million tokens is a micro-dollar for one. In billionths of a dollar every price is whole.
  const tokens = parts.reduce(
    (sum, [count, rates, name]) => (count === 0 ? sum : sum + count * Math.round(of(rates, name) * 1_000)),
    0,
  );
  const time =
    usage.transcriptionMs === 0 ? 0 : usage.transcriptionMs * Math.round((price.per_minute_audio ?? Number.NaN) * 1e6);
  return halfUp(BigInt(tokens) * BigInt(MINUTE_MS) + BigInt(time) * 1_000n, 1_000n * BigInt(MINUTE_MS));
}

export const phoneMicroUsd = (model: string, lineMs: number): number =>
  Math.ceil(lineMs / MINUTE_MS) * Math.round((PHONE_USD[model] ?? Number.NaN) * 1e6);

const halfUp = (amount: bigint, by: bigint): number => Number((2n * amount + by) / (2n * by));
