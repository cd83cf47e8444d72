import { describe, expect, it } from "vitest";
import { billOf } from "../../src/pricing/bill.ts";
import { PRICE_VERSION } from "../../src/pricing/prices.ts";
import type { Bill } from "../../src/protocol/bill.ts";
import type { Usage } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { AT_MS, chargeOf, numbersFrom, phoneOf, sumOf } from "./samples.ts";

const numbered = (charges: readonly Charge[]): readonly Charge[] =>
  charges.map((charge, at) => ({ ...charge, seq: at + 1 }));
const shown = ({ lines }: Bill) => lines.map((line) => [line.layer, line.part, line.quantity, line.costMicroUsd]);

const SPOKEN: Partial<Usage> = { inputTokens: 300, inputAudioTokens: 200, outputTokens: 150, outputAudioTokens: 100 };

describe("the bill of a call", () => {
  it("COST-20 without a charge it is nothing, at the prices of now", () => {
    const nothing = { lines: [], costMicroUsd: 0, phoneMicroUsd: 0, estimated: false };
    expect(billOf([])).toEqual({ ...nothing, priceVersion: PRICE_VERSION });
    expect(billOf([chargeOf({ state: "void", costMicroUsd: 0, priceVersion: "then" })])).toEqual({
      ...nothing,
      priceVersion: "then",
    });
  });

  it("COST-20 charges of one model are lines by layer and part, the phone beside them", () => {
    const model = "gpt-realtime-2.1";
    const bill = billOf(
      numbered([
        phoneOf("media-streams", 61_000),
        phoneOf("carrier-inbound", 61_000),
        chargeOf({ model, usage: SPOKEN }),
        chargeOf({ kind: "transcription", model: "gpt-transcribe", usage: { transcriptionMs: 20_000 } }),
        chargeOf({ model, usage: { ...SPOKEN, cachedInputTokens: 100, cachedInputAudioTokens: 60 } }),
        chargeOf({ kind: "transcription", model: "gpt-transcribe", usage: { transcriptionMs: 10_000 } }),
      ]),
    );
    expect(shown(bill)).toEqual([
      ["text", "input", 160, 640],
      ["text", "cached-input", 40, 16],
      ["text", "output", 100, 2_400],
      ["audio", "input", 340, 10_880],
      ["audio", "cached-input", 60, 24],
      ["audio", "output", 200, 12_800],
      ["transcription", "time", 30_000, 2_250],
      ["phone", "time", 120_000, 8_000],
      ["phone", "time", 120_000, 17_000],
    ]);
    expect([bill.costMicroUsd, bill.phoneMicroUsd, bill.estimated]).toEqual([26_760 + 2_250, 25_000, false]);
  });

  it("COST-21 lines add up to the ledger's rows, also by payer and by model, whatever the fractions are", () => {
    const below = numbersFrom(21);
    const models = ["gpt-6-luna", "gpt-6-sol", "gpt-5.6-luna", "gpt-99"];
    for (let round = 0; round < 150; round += 1) {
      const charges = numbered(
        Array.from({ length: below(40) }, () => {
          const inputTokens = below(300);
          const usage = { inputTokens, cachedInputTokens: below(inputTokens + 1), outputTokens: below(30) };
          if (below(6) === 0) return phoneOf("conversation-relay", below(200_000));
          const payer = below(2) === 0 ? "student" : "instructor";
          return chargeOf({ model: models[below(below(3) === 0 ? 4 : 3)] ?? "", payer, usage });
        }),
      );
      const bill = billOf(charges);
      const groupOf = (row: { readonly payer: string; readonly model: string }) => `${row.payer} ${row.model}`;
      const perGroup = Map.groupBy(bill.lines, groupOf);
      for (const [group, rows] of Map.groupBy(charges, groupOf)) {
        const ledger = rows.reduce((sum, { costMicroUsd }) => sum + (costMicroUsd ?? 0), 0);
        expect([group, sumOf(perGroup.get(group) ?? [])]).toEqual([group, ledger]);
      }
      const onKey = charges.filter(({ kind }) => kind !== "phone");
      const isKnown = onKey.every(({ costMicroUsd }) => costMicroUsd !== null);
      expect(bill.costMicroUsd).toBe(isKnown ? sumOf(bill.lines.filter(({ layer }) => layer !== "phone")) : null);
      expect(bill.phoneMicroUsd).toBe(sumOf(bill.lines.filter(({ layer }) => layer === "phone")));
    }
  });

  it("COST-21 a thousand answers of half a micro-dollar are what their rows say, not what their sum would be", () => {
    const bill = billOf(numbered(Array.from({ length: 1_000 }, () => chargeOf({ usage: { inputTokens: 5 } }))));
    expect([bill.costMicroUsd, shown(bill)]).toEqual([1_000, [["text", "input", 5_000, 1_000]]]);
  });

  it("COST-21 it is the rows' money that counts, not what the table would say of them today", () => {
    const usage = { inputTokens: 1_000, outputTokens: 1_000 };
    const bill = billOf([chargeOf({ usage, costMicroUsd: 1_200 })]);
    expect(shown(bill)).toEqual([
      ["text", "input", 1_000, 200],
      ["text", "output", 1_000, 1_000],
    ]);
    const gone = billOf([chargeOf({ model: "gpt-99", usage, costMicroUsd: 77 })]);
    expect([gone.costMicroUsd, sumOf(gone.lines), gone.lines[0]?.usd]).toEqual([77, 77, null]);
    const mixed = billOf(
      numbered([chargeOf({ model: "gpt-99", usage, costMicroUsd: 77 }), chargeOf({ model: "gpt-99", usage })]),
    );
    expect([mixed.costMicroUsd, sumOf(mixed.lines), mixed.lines.length]).toEqual([null, 77, 4]);
    const odd = billOf([chargeOf({ usage: { inputTokens: -5 }, costMicroUsd: 8 })]);
    expect(odd.lines).toMatchObject([{ layer: "text", quantity: 0, usd: null, costMicroUsd: 8 }]);
  });

  it("COST-22 what is open counts as it stands, what was refused does not, and a guess is said to be one", () => {
    const open = chargeOf({ state: "open", usage: { inputTokens: 1_000, estimated: true } });
    const refused = chargeOf({ state: "void", usage: { inputTokens: 9_000 }, costMicroUsd: 0 });
    const told = chargeOf({ usage: { inputTokens: 2_000 } });
    expect(billOf([refused, open, told])).toMatchObject({ costMicroUsd: 300, estimated: true });
    expect(billOf([refused, told])).toMatchObject({ costMicroUsd: 200, estimated: false });
    expect(billOf([chargeOf({ state: "estimated", usage: { inputTokens: 10 } })]).estimated).toBe(true);
  });

  it("COST-23 of what has no price there are quantities and no sum, and the lines beside it keep theirs", () => {
    const usage = { inputTokens: 1_000, outputTokens: 100 };
    const bill = billOf(
      numbered([chargeOf({ model: "gpt-99", usage }), chargeOf({ usage }), phoneOf("media-streams", 1)]),
    );
    expect([bill.costMicroUsd, bill.phoneMicroUsd]).toEqual([null, 4_000]);
    expect(bill.lines.map(({ model, quantity, costMicroUsd }) => [model, quantity, costMicroUsd])).toEqual([
      ["gpt-99", 1_000, null],
      ["gpt-6-luna", 1_000, 100],
      ["gpt-99", 100, null],
      ["gpt-6-luna", 100, 50],
      ["media-streams", 60_000, 4_000],
    ]);
    const pigeon = billOf([phoneOf("pigeon", 1)]);
    expect([pigeon.costMicroUsd, pigeon.phoneMicroUsd]).toEqual([0, null]);
  });

  it("COST-23 a row that was written without a price stays without one, beside rows of the same model that have it", () => {
    const usage = { inputTokens: 1_000 };
    const bill = billOf(numbered([chargeOf({ usage, costMicroUsd: null }), chargeOf({ usage })]));
    expect(bill.lines).toMatchObject([
      { quantity: 1_000, usd: null, source: null, costMicroUsd: null },
      { quantity: 1_000, usd: 0.1, costMicroUsd: 100 },
    ]);
  });

  it("COST-24 two prices of one thing are two lines: a day on which it changed, a long request", () => {
    const usage = { inputTokens: 1_000 };
    const before = chargeOf({ model: "gpt-5.6-luna", usage, atMs: Date.UTC(2026, 6, 29) });
    const after = chargeOf({ model: "gpt-5.6-luna", usage, atMs: AT_MS });
    const long = chargeOf({ model: "gpt-5.6-luna", usage: { inputTokens: 300_000 }, atMs: AT_MS });
    const bill = billOf(numbered([before, after, after, long]));
    expect(bill.lines.map(({ quantity, usd, costMicroUsd }) => [quantity, usd, costMicroUsd])).toEqual([
      [1_000, 1, 1_000],
      [2_000, 0.2, 400],
      [300_000, 0.4, 120_000],
    ]);
  });

  it("COST-24 a row's lines have the prices of the table that the row names", () => {
    const usage = { inputTokens: 1_000 };
    const older = chargeOf({ usage, priceVersion: "2026-11-21-ffffffff", costMicroUsd: 90 });
    expect(billOf([older]).lines).toMatchObject([{ quantity: 1_000, usd: null, costMicroUsd: 90 }]);
    expect(billOf([{ ...older, priceVersion: PRICE_VERSION }]).lines).toMatchObject([{ usd: 0.1, costMicroUsd: 90 }]);
  });

  it("COST-25 the same key and model of two payers are lines apart", () => {
    const usage = { inputTokens: 1_000 };
    const bill = billOf(numbered([chargeOf({ usage }), chargeOf({ usage, payer: "instructor" })]));
    expect(bill.lines.map(({ payer, costMicroUsd }) => [payer, costMicroUsd])).toEqual([
      ["student", 100],
      ["instructor", 100],
    ]);
  });
});
