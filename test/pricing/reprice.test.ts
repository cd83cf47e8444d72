import { describe, expect, it } from "vitest";
import { PRICES } from "../../src/pricing/prices.ts";
import { repriced } from "../../src/pricing/reprice.ts";
import type { Usage } from "../../src/protocol/call-record.ts";
import { AT_MS, chargeOf, phoneOf } from "./samples.ts";

const SPOKEN: Partial<Usage> = {
  inputTokens: 1_000,
  inputAudioTokens: 800,
  cachedInputTokens: 300,
  cachedInputAudioTokens: 200,
  outputTokens: 500,
  outputAudioTokens: 400,
};
const transcript = chargeOf({ kind: "transcription", model: "gpt-transcribe", usage: { transcriptionMs: 60_000 } });
const costs = (all: ReturnType<typeof repriced>) => Object.fromEntries(all.map((one) => [one.model, one.costMicroUsd]));

describe("the same call on another model", () => {
  it("COST-40 is priced by the same tokens, with its transcripts at what they cost, the cheapest first", () => {
    const spoken = chargeOf({ model: "gpt-realtime-2.1-mini", usage: SPOKEN });
    expect(repriced([spoken, transcript, phoneOf("media-streams", 60_000)], AT_MS)).toEqual([
      { model: "gpt-realtime-mini", costMicroUsd: 14_366 + 4_500 },
      { model: "gpt-realtime", costMicroUsd: 46_920 + 4_500 },
      { model: "gpt-realtime-1.5", costMicroUsd: 46_920 + 4_500 },
      { model: "gpt-realtime-2", costMicroUsd: 47_720 + 4_500 },
      { model: "gpt-realtime-2.1", costMicroUsd: 47_720 + 4_500 },
    ]);
  });

  it("COST-41 is of its own kind, not the one it had, under any of its names, and none that has ended", () => {
    const written = chargeOf({ model: "gpt-6-luna-2026-09-22", usage: { inputTokens: 10_000, outputTokens: 1_000 } });
    const now = costs(repriced([written], AT_MS));
    expect(now).toMatchObject({ "gpt-6-sol": 30_000, "gpt-5.6-luna": 3_200, "gpt-6.1-terra": 15_000 });
    expect(Object.keys(now)).not.toContain("gpt-6-luna");
    // Ended on 2026-10-23, on 2026-12-11 and on 2027-01-14.
    const days = [Date.UTC(2026, 9, 22), AT_MS, Date.UTC(2026, 11, 10), Date.UTC(2026, 11, 11), Date.UTC(2027, 0, 14)];
    const offered = days.map((atMs) => Object.keys(costs(repriced([written], atMs))));
    expect(offered.map((models) => models.includes("gpt-4.1-nano"))).toEqual([true, false, false, false, false]);
    expect(offered.map((models) => models.includes("gpt-5"))).toEqual([true, true, true, false, false]);
    expect(offered.map((models) => models.includes("gpt-4o"))).toEqual([true, true, true, true, false]);
    const text = new Set(PRICES.filter(({ kind }) => kind === "text").map(({ model }) => model));
    expect(offered.flat().filter((model) => !text.has(model))).toEqual([]);
  });

  it("COST-41 what was refused does not count, and each row is rounded by itself", () => {
    const small = chargeOf({ usage: { inputTokens: 5 } });
    const refused = chargeOf({ state: "void", costMicroUsd: 0, usage: { inputTokens: 100_000 } });
    const odd = costs(repriced([small, refused, small], AT_MS));
    // 5 tokens of $0.15 are 0.75 of a micro-dollar each time.
    expect(odd["gpt-4o-mini"]).toBe(2);
  });

  it("COST-42 a call on a model without a price is compared too, by what it was used for", () => {
    const spoken = chargeOf({ model: "gpt-99", usage: SPOKEN });
    expect(costs(repriced([spoken], AT_MS))).toMatchObject({
      "gpt-realtime-2.1": 47_720,
      "gpt-realtime-2.1-mini": 14_366,
    });
    const written = chargeOf({ model: "gpt-99", usage: { inputTokens: 1_000 } });
    expect(costs(repriced([written], AT_MS))).toMatchObject({ "gpt-6-luna": 100 });
  });

  it("COST-42 there is nothing to compare without an answer, or with transcripts that have no price", () => {
    expect(repriced([], AT_MS)).toEqual([]);
    expect(repriced([transcript, phoneOf("media-streams", 1)], AT_MS)).toEqual([]);
    const unknown = chargeOf({ kind: "transcription", model: "gpt-99", usage: { transcriptionMs: 1_000 } });
    expect(repriced([chargeOf({ model: "gpt-realtime-2.1", usage: SPOKEN }), unknown], AT_MS)).toEqual([]);
    expect(repriced([chargeOf({ usage: { inputTokens: -1 }, costMicroUsd: 5 })], AT_MS)).toEqual([]);
  });
});
