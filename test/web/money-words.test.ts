import { describe, expect, it } from "vitest";
import { isRounded } from "../../src/web/student/receipt-of.ts";
import {
  aboutWords,
  costWords,
  digitsOf,
  estimateWords,
  exactWords,
  leftWords,
  phoneEstimateWords,
  priceWords,
  productWords,
  quantityWords,
  repricedWords,
  sourceWords,
  unitPriceWords,
} from "../../src/web/words.ts";
import { billLine, budgetOf, ESTIMATES } from "../journeys/page-money.ts";

describe("an amount of money in words", () => {
  it("SCREEN-26 is rounded for reading, and what costs something is never shown as nothing", () => {
    expect([0, 1, 49, 50, 9_999, 10_000, 184_400].map(costWords)).toEqual([
      "$0.00",
      "under $0.0001",
      "under $0.0001",
      "$0.0001",
      "$0.0100",
      "$0.01",
      "$0.18",
    ]);
    expect(costWords(null)).toBe("price not known");
    expect([exactWords(102_400, 4), exactWords(1), exactWords(12_345_678)]).toEqual([
      "$0.1024",
      "$0.000001",
      "$12.345678",
    ]);
  });

  it("SCREEN-27 of a column has as few digits as show all of them exactly, from 4 to 6", () => {
    expect([[], [100, 2_500], [100, 2_510], [100, 2_511], [0]].map(digitsOf)).toEqual([4, 4, 5, 6, 4]);
  });

  it("SCREEN-35 that is only likely has two digits that count", () => {
    expect([19_500, 480_000, 1_480, 330, 70_000, 1_200_000, 50].map(aboutWords)).toEqual([
      "1.9¢",
      "48¢",
      "0.15¢",
      "0.03¢",
      "7¢",
      "$1.20",
      "less than 0.01¢",
    ]);
  });

  it("SCREEN-32 that is left is rounded down, and used up when nothing is lent any more", () => {
    const left = [120_000, 119_999, 495_000, 499_999, 500_000, 700_000].map((spent) =>
      leftWords(budgetOf("student", spent)),
    );
    expect(left).toEqual(["$0.38 left", "$0.38 left", "less than 1¢ left", "less than 1¢ left", "used up", "used up"]);
    expect(leftWords({ ...budgetOf("pool", 100_000), stage: "spent" })).toBe("used up");
  });
});

describe("the arithmetic of a line", () => {
  const audio = billLine("audio", "output", 10_240, 10, 102_400);

  it("SCREEN-34 says how many, at which price, comes to what, and where the price is from", () => {
    expect(productWords(audio, isRounded(audio))).toBe("10,240 tokens × $10.00 per million = $0.1024");
    expect(sourceWords(audio)).toBe("genai-prices, 2026-09-23");
    const time = billLine("transcription", "time", 90_500, 0.0045, 6_788);
    expect(productWords(time, isRounded(time))).toBe("90.5 s × $0.0045 per minute ≈ $0.006788");
    const phone = billLine("phone", "time", 180_000, 0.07, 210_000, { sourceDate: null });
    expect(productWords(phone, isRounded(phone))).toBe("3 started minutes × $0.07 per minute = $0.2100");
    expect(sourceWords(phone)).toBe("genai-prices");
    expect(quantityWords({ ...phone, quantity: 60_000 })).toBe("1 started minute");
    expect(quantityWords({ ...audio, quantity: 1 })).toBe("1 token");
  });

  it("SCREEN-34 says so when rounding makes a product another amount, and not when a float does", () => {
    expect([445, 446].map((cost) => isRounded(billLine("text", "input", 742, 0.6, cost)))).toEqual([true, true]);
    expect(isRounded(billLine("text", "input", 3_000, 0.1, 300))).toBe(false);
    expect(isRounded(billLine("text", "input", 7, 0.6, 0, { usd: null, costMicroUsd: null }))).toBe(false);
  });

  it("SCREEN-30 is no more than how many where no price is known", () => {
    const unpriced = billLine("text", "output", 1_234, 0, 0, {
      usd: null,
      costMicroUsd: null,
      source: null,
      sourceDate: null,
    });
    expect([productWords(unpriced, false), unitPriceWords(unpriced), sourceWords(unpriced)]).toEqual([
      "1,234 tokens",
      null,
      "",
    ]);
  });

  it("SCREEN-34 shows a price with all its digits, and at least cents", () => {
    expect([10, 0.6, 0.0045, 0.0085, 0.075, 2.5, 20, 0].map(priceWords)).toEqual([
      "$10.00",
      "$0.60",
      "$0.0045",
      "$0.0085",
      "$0.075",
      "$2.50",
      "$20.00",
      "$0.00",
    ]);
  });

  it("SCREEN-31 says what the same call would have been elsewhere, or that nobody knows", () => {
    expect(repricedWords("gpt-realtime-2.1", 184_400)).toBe("On gpt-realtime-2.1 this would have been $0.18");
    expect(repricedWords("gpt-realtime-2", 31_240)).toBe("On gpt-realtime-2 this would have been $0.0312");
    expect(repricedWords("gpt-live-1.1", null)).toBe("On gpt-live-1.1: price not known");
  });
});

describe("what a call is likely to cost", () => {
  const { browser, text, phone } = ESTIMATES;

  it("SCREEN-35 is said for whoever pays, before the call", () => {
    expect(estimateWords("student", browser, text)).toBe("About 1.9¢ a minute on your key; typed, about 0.15¢");
    expect(estimateWords("instructor", browser, { ...text, microUsdPerMinute: null })).toBe(
      "About 1.9¢ a minute on your instructor's key",
    );
    expect(estimateWords("student", { ...browser, microUsdPerMinute: null }, text)).toBe(
      "Price not known for gpt-realtime-2.1-mini. Calls run on your key.",
    );
  });

  it("SCREEN-35 is two bills by phone, each with its payer", () => {
    expect(phoneEstimateWords("student", phone)).toBe(
      "A call by phone costs about 1.9¢ a minute on your key. The line: about 1.3¢ for each started minute, on your instructor's Twilio bill, not on the key.",
    );
    expect(phoneEstimateWords("student", { ...phone, phoneMicroUsdPerMinute: null })).not.toContain("Twilio");
    expect(phoneEstimateWords("student", { ...phone, microUsdPerMinute: null })).toContain("Price not known for");
  });
});
