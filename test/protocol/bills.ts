import type { Bill, Budget } from "../../src/protocol/bill.ts";

/** A bill with a line of each kind, as a call would send it. */
export const BILL: Bill = {
  lines: [
    {
      layer: "audio",
      part: "cached-input",
      model: "gpt-realtime-2.1-mini",
      payer: "student",
      quantity: 200,
      usd: 0.3,
      source: "genai-prices",
      sourceDate: "2026-09-23",
      costMicroUsd: 60,
    },
    {
      layer: "phone",
      part: "time",
      model: "media-streams",
      payer: "instructor",
      quantity: 60_000,
      usd: null,
      source: null,
      sourceDate: null,
      costMicroUsd: null,
    },
  ],
  costMicroUsd: 60,
  phoneMicroUsd: null,
  estimated: true,
  priceVersion: "2026-11-22",
};

export const RUNNING = { model: "media-streams", sinceMs: 1_000, microUsdPerMinute: 12_500 } as const;

export const BUDGET: Budget = { of: "student", limitMicroUsd: 500_000, spentMicroUsd: 400_000, stage: "low" };
