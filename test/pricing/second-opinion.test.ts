import { calcPrice } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { costOf } from "../../src/pricing/cost.ts";
import { PICKED } from "../../src/pricing/overrides.ts";
import { PRICES } from "../../src/pricing/prices.ts";
import { AT_MS, chargeOf, numbersFrom } from "./samples.ts";

const ROUNDS = 60;
/** Before, between and after the changes of price that the table knows. */
const DAYS_MS = [
  Date.UTC(2026, 6, 29, 23),
  Date.UTC(2026, 6, 30, 1),
  Date.UTC(2026, 7, 20),
  Date.UTC(2026, 7, 21, 1),
  AT_MS,
];

/** Half of ours is rounding, the rest their floating point. */
const NEAR = 0.5001;

const theirs = (model: string, usage: Record<string, number>, atMs: number): number =>
  (calcPrice(usage, model, { providerId: "openai", timestamp: new Date(atMs) })?.total_price ?? Number.NaN) * 1e6;

const modelsOf = (kind: string) => PICKED.filter((pick) => pick.kind === kind).map(({ model }) => model);

describe("against genai-prices' own arithmetic", () => {
  it.each(modelsOf("text"))("COST-13 answers of %s", (model) => {
    const below = numbersFrom(model.length);
    for (let round = 0; round < ROUNDS; round += 1) {
      const atMs = DAYS_MS[round % DAYS_MS.length] ?? AT_MS;
      const inputTokens = round % 3 === 0 ? 271_990 + below(20) : below(20_000);
      const cachedInputTokens = below(inputTokens);
      const canWrite = PRICES.some((price) => price.model === model && price.text?.cacheWrite !== null);
      const cacheWriteTokens = canWrite ? below(inputTokens - cachedInputTokens) : 0;
      const outputTokens = below(4_000);
      const ours = costOf(
        chargeOf({ model, atMs, usage: { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens } }),
      ).costMicroUsd;
      const usage = {
        input_tokens: inputTokens,
        cache_read_tokens: cachedInputTokens,
        ...(canWrite ? { cache_write_tokens: cacheWriteTokens } : {}),
        output_tokens: outputTokens,
      };
      expect(Math.abs((ours ?? Number.NaN) - theirs(model, usage, atMs))).toBeLessThan(NEAR);
    }
  });

  it.each(modelsOf("realtime"))("COST-13 spoken answers of %s", (model) => {
    const below = numbersFrom(model.length);
    for (let round = 0; round < ROUNDS; round += 1) {
      const [text, sound, written, spoken] = [below(5_000), below(9_000), below(900), below(3_000)];
      const [cachedText, cachedSound] = [below(text + 1), below(sound + 1)];
      const ours = costOf(
        chargeOf({
          model,
          usage: {
            inputTokens: text + sound,
            inputAudioTokens: sound,
            cachedInputTokens: cachedText + cachedSound,
            cachedInputAudioTokens: cachedSound,
            outputTokens: written + spoken,
            outputAudioTokens: spoken,
          },
        }),
      ).costMicroUsd;
      const usage = {
        input_tokens: text + sound,
        input_audio_tokens: sound,
        cache_read_tokens: cachedText + cachedSound,
        cache_audio_read_tokens: cachedSound,
        output_tokens: written + spoken,
        output_audio_tokens: spoken,
      };
      expect(Math.abs((ours ?? Number.NaN) - theirs(model, usage, AT_MS))).toBeLessThan(NEAR);
    }
  });

  it.each(modelsOf("transcribe"))("COST-13 transcripts of %s", (model) => {
    const below = numbersFrom(model.length);
    const byTime = PRICES.some((price) => price.model === model && price.microUsdPerMinute !== null);
    for (let round = 0; round < ROUNDS; round += 1) {
      const [ms, text, sound, output] = [below(600_000), below(500), below(9_000), below(2_000)];
      const ours = costOf(
        chargeOf({
          kind: "transcription",
          model,
          usage: byTime
            ? { transcriptionMs: ms }
            : {
                transcriptionInputTokens: text + sound,
                transcriptionInputAudioTokens: sound,
                transcriptionOutputTokens: output,
              },
        }),
      ).costMicroUsd;
      const usage: Record<string, number> = byTime
        ? { audio_seconds: ms / 1_000 }
        : { input_tokens: text + sound, input_audio_tokens: sound, output_tokens: output };
      expect(Math.abs((ours ?? Number.NaN) - theirs(model, usage, AT_MS))).toBeLessThan(NEAR);
    }
  });

  it("COST-13 every price that is said to be theirs was asked of them", () => {
    const named = new Set(PRICES.filter(({ source }) => source.includes("genai-prices")).map(({ model }) => model));
    expect([...named].sort()).toEqual(PICKED.map(({ model }) => model).sort());
  });
});
