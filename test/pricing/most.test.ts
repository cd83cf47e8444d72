import { describe, expect, it } from "vitest";
import { costOf, type MostTokens, mostItCanCost, mostTimeCanCost } from "../../src/pricing/cost.ts";
import { PRICES } from "../../src/pricing/prices.ts";
import { AT_MS, chargeOf, numbersFrom } from "./samples.ts";

const NONE: MostTokens = { textInput: 0, audioInput: 0, textOutput: 0, audioOutput: 0 };

describe("the most that something can cost", () => {
  it("COST-11 no usage of so many tokens costs more, however much of it is cached, written, or long", () => {
    const below = numbersFrom(11);
    const wrong: unknown[] = [];
    const models = PRICES.filter(({ kind }) => kind === "text" || kind === "realtime");
    for (let round = 0; round < 5_000; round += 1) {
      const { model, audio } = models[below(models.length)] ?? { model: "", audio: null };
      const scale = below(3) === 0 ? 600_000 : 3_000;
      const bound: MostTokens = {
        textInput: below(scale),
        audioInput: audio ? below(scale) : 0,
        textOutput: below(2_000),
        audioOutput: audio ? below(2_000) : 0,
      };
      const text = below(3) === 0 ? bound.textInput : below(bound.textInput + 1);
      const sound = below(bound.audioInput + 1);
      const cachedText = below(text + 1);
      const cachedSound = below(sound + 1);
      const spoken = below(bound.audioOutput + 1);
      const { costMicroUsd } = costOf(
        chargeOf({
          model,
          usage: {
            inputTokens: text + sound,
            inputAudioTokens: sound,
            cachedInputTokens: cachedText + cachedSound,
            cachedInputAudioTokens: cachedSound,
            cacheWriteTokens: below(text - cachedText + 1),
            outputTokens: spoken + below(bound.textOutput + 1),
            outputAudioTokens: spoken,
          },
        }),
      );
      const most = mostItCanCost(model, bound, AT_MS);
      if (costMicroUsd === null || most === null || costMicroUsd > most) wrong.push([model, bound, costMicroUsd, most]);
    }
    expect(wrong).toEqual([]);
  });

  it("COST-11 input counts at the price of a cache write where that is dearer, and fractions are rounded up", () => {
    expect(mostItCanCost("gpt-6-luna", { ...NONE, textInput: 1_000 }, AT_MS)).toBe(125);
    expect(mostItCanCost("gpt-6-luna", { ...NONE, textInput: 1 }, AT_MS)).toBe(1);
    expect(mostItCanCost("gpt-6-luna", { ...NONE, textInput: 272_001, textOutput: 1_000 }, AT_MS)).toBe(68_001 + 750);
    expect(
      mostItCanCost("gpt-realtime-2.1", { textInput: 10, audioInput: 10, textOutput: 10, audioOutput: 10 }, AT_MS),
    ).toBe(40 + 320 + 240 + 640);
    expect(mostItCanCost("gpt-6-luna", NONE, AT_MS)).toBe(0);
  });

  it("COST-11 it is unknown where a price is missing or a count is none", () => {
    expect(mostItCanCost("gpt-99", NONE, AT_MS)).toBeNull();
    expect(mostItCanCost("gpt-6-luna", { ...NONE, audioInput: 1 }, AT_MS)).toBeNull();
    expect(mostItCanCost("gpt-6-luna", { ...NONE, audioOutput: 1 }, AT_MS)).toBeNull();
    expect(mostItCanCost("gpt-transcribe", { ...NONE, textInput: 1 }, AT_MS)).toBeNull();
    for (const count of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expect(mostItCanCost("gpt-6-luna", { ...NONE, textInput: count }, AT_MS)).toBeNull();
    }
  });

  it("COST-12 time is bounded by its price for a minute, rounded up, and unknown where there is none", () => {
    expect(mostTimeCanCost("gpt-transcribe", 30_000, AT_MS)).toBe(2_250);
    expect(mostTimeCanCost("gpt-transcribe", 1, AT_MS)).toBe(1);
    expect(mostTimeCanCost("gpt-transcribe", 0, AT_MS)).toBe(0);
    expect(mostTimeCanCost("gpt-4o-transcribe", 30_000, AT_MS)).toBeNull();
    expect(mostTimeCanCost("gpt-99", 30_000, AT_MS)).toBeNull();
    for (const ms of [-1, 0.5, Number.NaN]) expect(mostTimeCanCost("gpt-transcribe", ms, AT_MS)).toBeNull();
  });
});
