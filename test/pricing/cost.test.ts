import { describe, expect, it } from "vitest";
import { costOf, isPriced, kindOf, priceOf } from "../../src/pricing/cost.ts";
import { GENAI_PRICES } from "../../src/pricing/overrides.ts";
import { PRICE_VERSION, PRICES } from "../../src/pricing/prices.ts";
import type { Usage } from "../../src/protocol/call-record.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { AT_MS, chargeOf, numbersFrom, phoneOf, sumOf, usageOf } from "./samples.ts";

/** 1000 in, of them 800 sound; cached 100 text and 200 sound; 500 out, of them 400 sound. */
const SPOKEN: Partial<Usage> = {
  inputTokens: 1_000,
  inputAudioTokens: 800,
  cachedInputTokens: 300,
  cachedInputAudioTokens: 200,
  outputTokens: 500,
  outputAudioTokens: 400,
};
const WRITTEN: Partial<Usage> = { inputTokens: 2_000, cachedInputTokens: 1_024, outputTokens: 150 };

const microUsd = (model: string, usage: Partial<Usage>, kind: Charge["kind"] = "response", atMs = AT_MS) =>
  costOf(chargeOf({ kind, model, usage, atMs })).costMicroUsd;

describe("what a charge comes to", () => {
  it.each([
    ["gpt-realtime-2.1", SPOKEN, 47_720],
    ["gpt-realtime-2.1-mini", SPOKEN, 14_366],
    // 182.84 and 195.34 micro-dollars.
    ["gpt-6-luna", WRITTEN, 183],
    ["gpt-6-luna", { ...WRITTEN, cacheWriteTokens: 500 }, 195],
  ] as const)("COST-1 the known bills hold to the micro-dollar: %s", (model, usage, expected) => {
    expect(microUsd(model, usage)).toBe(expected);
  });

  it("COST-1 90 s of a transcript are 1.5 minutes, and no ms is rounded", () => {
    expect(microUsd("gpt-transcribe", { transcriptionMs: 90_000 }, "transcription")).toBe(6_750);
    // 4,500 a minute are 75 a second: 13.3 ms make one micro-dollar.
    expect(microUsd("gpt-transcribe", { transcriptionMs: 6 }, "transcription")).toBe(0);
    expect(microUsd("gpt-transcribe", { transcriptionMs: 7 }, "transcription")).toBe(1);
    expect(microUsd("gpt-transcribe", { transcriptionMs: 20_027 }, "transcription")).toBe(1_502);
  });

  it("COST-1 a transcript by tokens has the prices of its sound, its words in and its words out", () => {
    const usage = { transcriptionInputTokens: 330, transcriptionInputAudioTokens: 300, transcriptionOutputTokens: 40 };
    // 300 × 3 + 30 × 1.25 + 40 × 5
    expect(microUsd("gpt-4o-mini-transcribe", usage, "transcription")).toBe(1_138);
    expect(costOf(chargeOf({ kind: "transcription", model: "gpt-4o-mini-transcribe", usage })).lines).toMatchObject([
      { layer: "transcription", part: "input", quantity: 30, usd: 1.25 },
      { layer: "transcription", part: "input", quantity: 300, usd: 3 },
      { layer: "transcription", part: "output", quantity: 40, usd: 5 },
    ]);
  });

  it("COST-2 half a micro-dollar is rounded up, once a charge, and without floating point", () => {
    expect(microUsd("gpt-6-luna", { inputTokens: 5 })).toBe(1);
    expect(microUsd("gpt-6-luna", { inputTokens: 4 })).toBe(0);
    expect(microUsd("gpt-6-luna", { inputTokens: 4, outputTokens: 1 })).toBe(1);
    // A sum that a double cannot hold: 1e9 tokens × $12.50, $1 and $75.
    const usage = { inputTokens: 999_999_999, cachedInputTokens: 333_333_333, outputTokens: 999_999_999 };
    expect(microUsd("gpt-6-astra", usage)).toBe(666_666_666 * 20 + 333_333_333 * 2 + 999_999_999 * 75);
  });

  it("COST-3 reasoning is part of the output, and billed with it", () => {
    const usage = { inputTokens: 1_000, outputTokens: 1_000, reasoningTokens: 900 };
    expect(microUsd("gpt-6-luna", usage)).toBe(600);
  });

  it("COST-3 its lines are what is told apart, each with its price, source and day, and add up", () => {
    const { costMicroUsd, lines } = costOf(chargeOf({ model: "gpt-realtime-2.1", usage: SPOKEN }));
    expect(
      lines.map(({ layer, part, quantity, usd, costMicroUsd: cost }) => [layer, part, quantity, usd, cost]),
    ).toEqual([
      ["text", "input", 100, 4, 400],
      ["text", "cached-input", 100, 0.4, 40],
      ["text", "output", 100, 24, 2_400],
      ["audio", "input", 600, 32, 19_200],
      ["audio", "cached-input", 200, 0.4, 80],
      ["audio", "output", 400, 64, 25_600],
    ]);
    expect(sumOf(lines)).toBe(costMicroUsd);
    for (const { source, sourceDate, payer, model } of lines) {
      expect([source, sourceDate]).toEqual([`npm @pydantic/genai-prices ${GENAI_PRICES.version}`, GENAI_PRICES.date]);
      expect([payer, model]).toEqual(["student", "gpt-realtime-2.1"]);
    }
  });

  it("COST-3 shares of a charge add up to it whatever the fractions are", () => {
    const below = numbersFrom(7);
    for (let round = 0; round < 500; round += 1) {
      const inputTokens = below(50);
      const cachedInputTokens = below(inputTokens + 1);
      const cacheWriteTokens = below(inputTokens - cachedInputTokens + 1);
      const usage = { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens: below(20) };
      const { costMicroUsd, lines } = costOf(chargeOf({ usage }));
      expect(sumOf(lines)).toBe(costMicroUsd);
      for (const { costMicroUsd: share, quantity, usd } of lines) {
        expect(Math.abs((share ?? Number.NaN) - quantity * (usd ?? Number.NaN))).toBeLessThan(1.5);
      }
    }
  });

  it("COST-4 a request longer than the threshold is dearer as a whole, one of just that length is not", () => {
    expect(microUsd("gpt-6-luna", { inputTokens: 272_000, outputTokens: 1_000 })).toBe(27_200 + 500);
    expect(microUsd("gpt-6-luna", { inputTokens: 272_001, outputTokens: 1_000 })).toBe(54_400 + 750);
    expect(microUsd("gpt-5.6-luna", { inputTokens: 271_999 })).toBe(54_400);
    expect(microUsd("gpt-5.6-luna", { inputTokens: 272_000 })).toBe(108_800);
    const usage = { inputTokens: 300_000, cachedInputTokens: 100_000, cacheWriteTokens: 100_000 };
    expect(microUsd("gpt-6-luna", usage)).toBe(20_000 + 2_000 + 25_000);
  });

  it("COST-5 prices are those of the day of the charge, which changes at midnight UTC", () => {
    const changeMs = Date.UTC(2026, 6, 30);
    const usage = { inputTokens: 1_000, outputTokens: 1_000 };
    expect(microUsd("gpt-5.6-luna", usage, "response", Date.UTC(2026, 6, 20))).toBe(7_000);
    expect(microUsd("gpt-5.6-luna", usage, "response", changeMs - 1)).toBe(7_000);
    expect(microUsd("gpt-5.6-luna", usage, "response", changeMs)).toBe(1_400);
    expect(microUsd("gpt-5.6-luna", usage, "response", AT_MS)).toBe(1_400);
    // A clock that is far behind does not make it free.
    expect(microUsd("gpt-5.6-luna", usage, "response", 0)).toBe(7_000);
  });

  it("COST-14 with the version that a row names it is computed by that table: what was looked up later is not in it", () => {
    const charge = chargeOf({ usage: { inputTokens: 1_000 } });
    const [first] = PRICES.map(({ addedOn }) => addedOn).sort();
    expect(costOf(charge, `${first}-00000000`).costMicroUsd).toBe(100);
    expect(costOf(charge, PRICE_VERSION).costMicroUsd).toBe(100);
    expect(costOf(charge, "2026-11-21-ffffffff")).toMatchObject({ costMicroUsd: null, lines: [{ usd: null }] });
    expect(priceOf("gpt-6-luna", AT_MS, "2026-11-21-ffffffff")).toBeUndefined();
  });

  it("COST-6 cached and written input without a price of its own is billed as any other input", () => {
    // gpt-4.1 has no price for writing, gpt-4o-transcribe none for cached sound.
    expect(microUsd("gpt-4.1", { inputTokens: 100, cacheWriteTokens: 40 })).toBe(200);
    const [line] = costOf(chargeOf({ model: "gpt-4.1", usage: { inputTokens: 40, cacheWriteTokens: 40 } })).lines;
    expect(line).toMatchObject({ part: "cache-write", quantity: 40, usd: 2 });
  });

  it.each<[string, Partial<Charge>]>([
    ["a model that nobody knows", { model: "gpt-99" }],
    ["a model that nobody knows, and nothing used", { model: "gpt-99", usage: NO_USAGE }],
    ["sound on a text model", { model: "gpt-6-luna", usage: usageOf({ inputTokens: 9, inputAudioTokens: 4 }) }],
    [
      "spoken answers of a text model",
      { model: "gpt-6-luna", usage: usageOf({ outputTokens: 9, outputAudioTokens: 4 }) },
    ],
    [
      "minutes of a model with token prices",
      {
        kind: "transcription",
        model: "gpt-4o-transcribe",
        usage: usageOf({ transcriptionMs: 60_000 }),
      },
    ],
    [
      "tokens of a model with a minute's price",
      {
        kind: "transcription",
        model: "gpt-transcribe",
        usage: usageOf({ transcriptionInputTokens: 9 }),
      },
    ],
    ["an answer of a model that only listens", { model: "gpt-transcribe", usage: usageOf({ outputTokens: 9 }) }],
    ["an unknown phone line", { kind: "phone", model: "pigeon", lineMs: 60_000, payer: "instructor" }],
  ])("COST-7 %s is unpriced, which is not zero", (_what, charge) => {
    const usage = usageOf({ inputTokens: 10, outputTokens: 10 });
    const whole = chargeOf({ ...(charge.kind === "phone" ? {} : { usage }), ...charge });
    const { costMicroUsd, lines } = costOf(whole);
    expect(costMicroUsd).toBeNull();
    expect(lines.filter((line) => line.costMicroUsd !== null || line.usd !== null || line.source !== null)).toEqual([]);
  });

  it("COST-8 nonsense has no cost: it is never negative and never throws", () => {
    const odd = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1_000_000_001, 2 ** 60];
    const fields = Object.keys(NO_USAGE).filter((name) => name !== "estimated");
    for (const kind of ["response", "transcription", "sample", "phone"] as const) {
      for (const value of odd) {
        const model =
          kind === "phone" ? "media-streams" : kind === "transcription" ? "gpt-transcribe" : "gpt-realtime-2.1";
        for (const field of fields) {
          const charge = chargeOf({ kind, model, usage: { [field]: value } });
          expect([field, value, costOf(charge)]).toEqual([field, value, { costMicroUsd: null, lines: [] }]);
        }
        expect(costOf(chargeOf({ kind, model, lineMs: value }))).toEqual({ costMicroUsd: null, lines: [] });
      }
      expect(costOf(chargeOf({ kind, atMs: Number.NaN, usage: {} })).costMicroUsd).toBeNull();
    }
  });

  it.each<[string, Partial<Usage>]>([
    ["more sound than input", { inputTokens: 10, inputAudioTokens: 11 }],
    ["more cached than input", { inputTokens: 10, cachedInputTokens: 11 }],
    [
      "more cached sound than sound",
      { inputTokens: 10, inputAudioTokens: 2, cachedInputTokens: 5, cachedInputAudioTokens: 3 },
    ],
    ["more cached text than text", { inputTokens: 10, inputAudioTokens: 8, cachedInputTokens: 3 }],
    [
      "more cached sound than cached",
      { inputTokens: 10, inputAudioTokens: 8, cachedInputTokens: 2, cachedInputAudioTokens: 3 },
    ],
    ["cached and written more than input", { inputTokens: 10, cachedInputTokens: 6, cacheWriteTokens: 5 }],
    ["more spoken than output", { outputTokens: 10, outputAudioTokens: 11 }],
    ["a transcript beside an answer", { inputTokens: 10, transcriptionMs: 1_000 }],
  ])("COST-8 what does not add up has no cost: %s", (_what, usage) => {
    expect(microUsd("gpt-realtime-2.1", usage)).toBeNull();
    expect(microUsd("gpt-6-luna", usage)).toBeNull();
  });

  it("COST-8 a transcript with more sound than input, an answer beside it or time on the phone has no cost", () => {
    const more = { transcriptionInputTokens: 5, transcriptionInputAudioTokens: 6 };
    expect(microUsd("gpt-4o-transcribe", more, "transcription")).toBeNull();
    expect(microUsd("gpt-transcribe", { transcriptionMs: 1_000, outputTokens: 1 }, "transcription")).toBeNull();
    expect(costOf(chargeOf({ usage: { inputTokens: 1 }, lineMs: 1 })).costMicroUsd).toBeNull();
    expect(costOf({ ...phoneOf("media-streams", 1), usage: usageOf({ inputTokens: 1 }) }).costMicroUsd).toBeNull();
  });

  it.each([
    ["conversation-relay", 0, 0, 0],
    ["conversation-relay", 1, 60_000, 70_000],
    ["conversation-relay", 60_000, 60_000, 70_000],
    ["conversation-relay", 60_001, 120_000, 140_000],
    ["media-streams", 179_999, 180_000, 12_000],
    ["carrier-inbound", 61_000, 120_000, 17_000],
  ])("COST-9 a phone's minute is paid for when it has begun: %s for %i ms", (model, lineMs, quantity, expected) => {
    const { costMicroUsd, lines } = costOf(phoneOf(model, lineMs));
    expect(costMicroUsd).toBe(expected);
    expect(lines.map((line) => [line.layer, line.part, line.payer, line.quantity])).toEqual(
      quantity === 0 ? [] : [["phone", "time", "instructor", quantity]],
    );
  });

  it("COST-10 a model is known by its snapshots and other names, and only by those", () => {
    expect(priceOf("gpt-6-luna-2026-09-22", AT_MS)?.model).toBe("gpt-6-luna");
    expect(priceOf("gpt-5.6", AT_MS)?.model).toBe("gpt-5.6-sol");
    expect(priceOf("gpt-realtime-mini-2025-12-15", AT_MS)?.model).toBe("gpt-realtime-mini");
    expect(priceOf("gpt-realtime-2025-08-28", AT_MS)?.model).toBe("gpt-realtime");
    expect(priceOf("gpt-5-nano-2025-08-07", AT_MS)?.model).toBe("gpt-5-nano");
    for (const name of ["", "gpt-6", "gpt-6-luna-2026-9-22", "gpt-6-luna-2026-09-22x", "xgpt-6-luna", "GPT-6-LUNA"]) {
      expect([name, isPriced(name, AT_MS), kindOf(name)]).toEqual([name, false, undefined]);
    }
    expect([kindOf("gpt-6-luna"), kindOf("gpt-realtime-2.1"), kindOf("whisper-1"), kindOf("media-streams")]).toEqual([
      "text",
      "realtime",
      "transcribe",
      "phone",
    ]);
  });
});
