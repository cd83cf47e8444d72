import type { Bill, BillLine, Budget, Repriced } from "../../src/protocol/bill.ts";
import type { CallMessage } from "../../src/protocol/call-messages.ts";
import type { KeySource } from "../../src/protocol/call-record.ts";
import { NO_USAGE, type Usage } from "../../src/protocol/call-record.ts";
import type { StudentMoney } from "../../src/protocol/live-messages.ts";
import type { MeReply } from "../../src/protocol/rest.ts";

/** What a scripted server has to tell of money. */

const MODEL = "gpt-realtime-2.1-mini";

export const ESTIMATES: MeReply["estimates"] = {
  browser: { model: MODEL, microUsdPerMinute: 19_500, phoneMicroUsdPerMinute: null },
  text: { model: "gpt-6-luna", microUsdPerMinute: 1_480, phoneMicroUsdPerMinute: null },
  phone: { model: MODEL, microUsdPerMinute: 19_500, phoneMicroUsdPerMinute: 12_500 },
};

export const NO_MONEY: StudentMoney = { lent: null, own: null };

export const budgetOf = (of: Budget["of"], spentMicroUsd: number, limitMicroUsd = 500_000): Budget => ({
  of,
  limitMicroUsd,
  spentMicroUsd,
  stage: spentMicroUsd >= limitMicroUsd ? "spent" : spentMicroUsd >= limitMicroUsd * 0.8 ? "low" : "ok",
});

/** With a price and a cost, unless those are changed. */
export const billLine = (
  layer: BillLine["layer"],
  part: BillLine["part"],
  quantity: number,
  usd: number,
  costMicroUsd: number,
  change: Partial<BillLine> = {},
): BillLine => ({
  layer,
  part,
  model: layer === "transcription" ? "gpt-transcribe" : layer === "phone" ? "media-streams" : MODEL,
  payer: "instructor",
  quantity,
  usd,
  source: "genai-prices",
  sourceDate: "2026-09-23",
  costMicroUsd,
  ...change,
});

export const USAGE: Usage = {
  ...NO_USAGE,
  responses: 2,
  inputTokens: 868,
  inputAudioTokens: 126,
  outputTokens: 238,
  outputAudioTokens: 205,
  transcriptions: 2,
  transcriptionMs: 12_000,
};

/** Of {@link USAGE}: 742 × $0.60, 33 × $2.40, 126 × $10 and 205 × $20 for a million, 12 s of $0.0045 for a minute. */
const LINES: readonly BillLine[] = [
  billLine("text", "input", 742, 0.6, 445),
  billLine("text", "output", 33, 2.4, 79),
  billLine("audio", "input", 126, 10, 1_260),
  billLine("audio", "output", 205, 20, 4_100),
  billLine("transcription", "time", 12_000, 0.0045, 900),
];

export const billOf = (payer: KeySource, lines: readonly BillLine[] = LINES, estimated = false): Bill => {
  const sum = (isPhone: boolean): number | null => {
    const costs = lines.filter(({ layer }) => (layer === "phone") === isPhone).map(({ costMicroUsd }) => costMicroUsd);
    return costs.reduce<number | null>((all, cost) => (all === null || cost === null ? null : all + cost), 0);
  };
  return {
    lines: lines.map((line) => (line.layer === "phone" ? line : { ...line, payer })),
    costMicroUsd: sum(false),
    phoneMicroUsd: sum(true),
    estimated,
    priceVersion: "2026-11-22",
  };
};

type Meter = Extract<CallMessage, { readonly type: "meter" }>;

export const meterOf = (bill: Bill, running: Meter["running"] = null): Meter => ({
  type: "meter",
  usage: USAGE,
  bill,
  running,
});

export const BILL: Bill = billOf("instructor");
export const METER: Meter = meterOf(BILL);

export const REPRICED: readonly Repriced[] = [
  { model: "gpt-realtime-2.1", costMicroUsd: 21_812 },
  { model: "gpt-live-1.1", costMicroUsd: null },
];
