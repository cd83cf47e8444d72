import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { lendableModels, NEW_LENDING, readLimit, withModel } from "../../src/web/console/lending-draft.ts";
import { lentOf } from "../../src/web/console/lent.ts";
import { addedWords, addWords, dollarWords, lentRestWords, lentWords } from "../../src/web/console/words-money.ts";
import { dollarField, MONEY_MAX_MICRO_USD, readDollars } from "../../src/web/dollars.ts";

const DOLLAR = 1_000_000;

describe("what is lent", () => {
  const lent = (spentMicroUsd: number, limitMicroUsd: number | null, { heldMicroUsd = 0, isRefused = false } = {}) =>
    lentOf({ spentMicroUsd, heldMicroUsd }, limitMicroUsd, isRefused);

  it.each([
    [0, "ok"],
    [0.8 * DOLLAR - 1, "ok"],
    [0.8 * DOLLAR, "low"],
    [DOLLAR - 1, "low"],
    [DOLLAR, "spent"],
    [DOLLAR + 1, "spent"],
  ] as const)("CONSOLE-32 of one dollar is at %i micro-dollars %s", (spentMicroUsd, stage) => {
    expect(lent(spentMicroUsd, DOLLAR).stage).toBe(stage);
  });

  it("CONSOLE-32 is used up once a call was refused for it, unless the limit has grown since", () => {
    expect(lent(970_000, DOLLAR, { isRefused: true }).stage).toBe("spent");
    expect(lent(970_000, 2 * DOLLAR, { isRefused: true }).stage).toBe("ok");
  });

  it("CONSOLE-32 has no stage without a limit, and nothing is left of a limit of nothing", () => {
    expect(lent(9 * DOLLAR, null, { isRefused: true })).toMatchObject({ stage: "ok", leftMicroUsd: null });
    expect(lent(0, 0)).toMatchObject({ stage: "spent", leftMicroUsd: 0 });
  });

  it("CONSOLE-32 leaves what is neither spent nor held, and never less than nothing", () => {
    expect(lent(300_000, DOLLAR, { heldMicroUsd: 20_000 }).leftMicroUsd).toBe(680_000);
    expect(lent(990_000, DOLLAR, { heldMicroUsd: 20_000 }).leftMicroUsd).toBe(0);
  });

  it.each([
    [lent(120_000, 500_000), "$0.12 of $0.50", "$0.38 left"],
    [lent(120_000, 500_000, { heldMicroUsd: 4_000 }), "$0.12 of $0.50", "<$0.01 held for calls, $0.38 left"],
    [lent(8_350_000, 10 * DOLLAR), "$8.35 of $10.00", "83 % used · $1.65 left"],
    [lent(8_375_000, 10 * DOLLAR), "$8.38 of $10.00", "83 % used · $1.62 left"],
    [lent(995_000, DOLLAR), "$1.00 of $1.00", "99 % used · <$0.01 left"],
    [lent(DOLLAR, DOLLAR), "$1.00 of $1.00", "used up"],
    [lent(0, 0), "$0.00 of $0.00", "used up"],
    [lent(1_234_560_000, null), "$1,234.56, no limit", ""],
    [lent(0, null, { heldMicroUsd: 50_000 }), "$0.00, no limit", "$0.05 held for calls"],
  ])("CONSOLE-32 is told in words, never in colour alone: %#", (shown, words, rest) => {
    expect([lentWords(shown), lentRestWords(shown)]).toEqual([words, rest]);
  });

  it("CONSOLE-32 is told in cents, and a part of a cent is not nothing", () => {
    expect([0, 1, 9_999, 10_000, 14_999, 15_000, 999_999].map(dollarWords)).toEqual([
      "$0.00",
      "<$0.01",
      "<$0.01",
      "$0.01",
      "$0.01",
      "$0.02",
      "$1.00",
    ]);
  });
});

describe("an amount in dollars", () => {
  it.each([
    ["5", 5 * DOLLAR],
    ["0.50", 500_000],
    ["0,5", 500_000],
    [" $2.05 ", 2_050_000],
    ["2,05 $", 2_050_000],
    [".07", 70_000],
    ["3.", 3 * DOLLAR],
    ["0", 0],
    ["0.29", 290_000],
    ["10000", 10_000 * DOLLAR],
    ["", null],
    ["  ", null],
  ] as const)("CONSOLE-34 %j is read as whole micro-dollars: %j", (text, microUsd) => {
    expect(readDollars(text)).toEqual({ ok: true, microUsd });
  });

  it.each([
    ["-1", "negative"],
    ["−0.50", "negative"],
    ["10000.01", "too-much"],
    ["99999999999999999999", "too-much"],
    ["0.005", "too-fine"],
    ["1,005", "too-fine"],
    ["five", "not-dollars"],
    ["1e3", "not-dollars"],
    ["1.000,50", "not-dollars"],
    ["$", "not-dollars"],
    [".", "not-dollars"],
    ["5 €", "not-dollars"],
    ["NaN", "not-dollars"],
  ] as const)("CONSOLE-34 %j is refused while it is typed: %s", (text, problem) => {
    expect(readDollars(text)).toEqual({ ok: false, problem });
  });

  it("CONSOLE-34 stands in its field so that it is read as what it is", () => {
    for (const microUsd of [0, 10_000, 290_000, 500_000, 12_340_000, MONEY_MAX_MICRO_USD, null]) {
      expect(readDollars(dollarField(microUsd))).toEqual({ ok: true, microUsd });
    }
    expect([dollarField(500_000), dollarField(123_456), dollarField(1_000_001)]).toEqual([
      "0.50",
      "0.123456",
      "1.000001",
    ]);
  });

  it("CONSOLE-34 has the limits of the server", () => {
    expect(MONEY_MAX_MICRO_USD).toBe(LIMITS.moneyMaxMicroUsd);
    expect(NEW_LENDING).toEqual({
      studentMicroUsd: LIMITS.studentAllowanceMicroUsd,
      poolMicroUsd: LIMITS.poolMicroUsd,
    });
  });
});

describe("what may be lent", () => {
  it("CONSOLE-35 is changed one limit at a time, and an empty one is no limit", () => {
    expect(readLimit("poolMicroUsd", "12,50")).toMatchObject({ patch: { lending: { poolMicroUsd: 12_500_000 } } });
    expect(readLimit("callMicroUsd", "")).toMatchObject({ patch: { lending: { callMicroUsd: null } } });
    expect(readLimit("studentMicroUsd", "-1")).toEqual({ ok: false, problem: "negative" });
  });

  it("CONSOLE-35 for all models is a list that grows by itself, and only these is one that does not", () => {
    const configured = ["text", "voice"];
    expect(withModel(configured, null, "voice", false)).toEqual(["text"]);
    expect(withModel(configured, ["text"], "voice", true)).toBeNull();
    expect(withModel(configured, ["text"], "text", false)).toEqual([]);
    expect(withModel(configured, [], "text", true)).toEqual(["text"]);
  });

  it("CONSOLE-35 keeps a model that is lent although calls do not run on it any more", () => {
    const configured = ["text", "voice"];
    expect(lendableModels(configured, ["old"])).toEqual(["text", "voice", "old"]);
    expect(withModel(configured, ["old"], "text", true)).toEqual(["text", "old"]);
    expect(withModel(configured, ["old"], "old", false)).toEqual([]);
  });

  it("CONSOLE-35 says what is added while it is typed, and what the class may use afterwards", () => {
    expect([addWords(null), addWords(5 * DOLLAR), addWords(250_000)]).toEqual(["Add", "Add $5.00", "Add $0.25"]);
    expect(addedWords(5 * DOLLAR, 15 * DOLLAR)).toContain("$5.00 added. The class may use $15.00 in all now.");
    expect(addedWords(5 * DOLLAR, null)).toContain("no limit to add to");
  });
});
