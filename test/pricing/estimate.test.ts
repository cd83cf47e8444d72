import { describe, expect, it } from "vitest";
import { estimateOf } from "../../src/pricing/estimate.ts";
import { AT_MS } from "./samples.ts";

const MODELS = { text: "gpt-6-luna", voice: "gpt-realtime-2.1-mini", transcribe: "gpt-transcribe" };

describe("what a minute is likely to cost", () => {
  it("COST-30 with sound: 30 s of each side at the model's prices, and 30 s written down", () => {
    expect(estimateOf("browser", MODELS, AT_MS)).toEqual({
      model: "gpt-realtime-2.1-mini",
      microUsdPerMinute: 3_000 + 12_000 + 2_250,
      phoneMicroUsdPerMinute: 0,
    });
    expect(estimateOf("browser", { ...MODELS, voice: "gpt-realtime-2.1" }, AT_MS).microUsdPerMinute).toBe(
      9_600 + 38_400 + 2_250,
    );
  });

  it("COST-30 a transcript that is billed by tokens is estimated by tokens", () => {
    const { microUsdPerMinute } = estimateOf("browser", { ...MODELS, transcribe: "gpt-4o-transcribe" }, AT_MS);
    expect(microUsdPerMinute).toBe(15_000 + 300 * 6 + 100 * 10);
  });

  it("COST-31 in text: four exchanges; by phone the line comes beside it, on another bill", () => {
    const written = 4 * 625 * 0.1 + 4 * 40 * 0.5;
    expect(estimateOf("text", MODELS, AT_MS)).toEqual({
      model: "gpt-6-luna",
      microUsdPerMinute: written,
      phoneMicroUsdPerMinute: 0,
    });
    expect(estimateOf("phone", MODELS, AT_MS)).toEqual({
      model: "gpt-6-luna",
      microUsdPerMinute: written,
      phoneMicroUsdPerMinute: 78_500,
    });
  });

  it("COST-32 without a price there is no estimate, of a voice without one for its transcripts neither", () => {
    const unknown = { text: "gpt-99", voice: "gpt-99", transcribe: "gpt-99" };
    expect(estimateOf("text", unknown, AT_MS).microUsdPerMinute).toBeNull();
    expect(estimateOf("phone", unknown, AT_MS)).toMatchObject({
      microUsdPerMinute: null,
      phoneMicroUsdPerMinute: 78_500,
    });
    expect(estimateOf("browser", unknown, AT_MS).microUsdPerMinute).toBeNull();
    expect(estimateOf("browser", { ...MODELS, transcribe: "gpt-99" }, AT_MS).microUsdPerMinute).toBeNull();
    expect(estimateOf("browser", { ...MODELS, voice: "gpt-6-luna" }, AT_MS).microUsdPerMinute).toBeNull();
  });
});
