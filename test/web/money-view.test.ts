import { describe, expect, it } from "vitest";
import type { BillLine, RunningLine } from "../../src/protocol/bill.ts";
import type { CallMessage } from "../../src/protocol/call-messages.ts";
import type { StudentMoney } from "../../src/protocol/live-messages.ts";
import { type CallView, foldCall, NO_CALL } from "../../src/web/call-view.ts";
import { chipOf, isTooLittle, leftOf } from "../../src/web/student/chip-of.ts";
import { layersOf, linesOf, runningMs, startedMinutes, sumOf } from "../../src/web/student/meter-of.ts";
import { type ReceiptBill, receiptOf } from "../../src/web/student/receipt-of.ts";
import { exactWords } from "../../src/web/words.ts";
import { BILL, billLine, billOf, budgetOf, METER, meterOf } from "../journeys/page-money.ts";
import { CALL_START, OWN_KEY } from "../journeys/page-world.ts";

type Step = readonly [atMs: number, message: CallMessage];

/** A call that began at 1,000 of the page's clock, after these messages. */
const live = (...steps: readonly Step[]): CallView =>
  ([[1_000, CALL_START], ...steps] as const).reduce(
    (view, [nowMs, message]) => foldCall(view, { type: "message", message }, nowMs),
    NO_CALL,
  );
const at = (view: CallView, nowMs: number): CallView => foldCall(view, { type: "tick" }, nowMs);

const PER_MINUTE = 12_500;
/** A line that has been open since so many milliseconds after the call began, by the server's clock. */
const lineSince = (afterMs: number): RunningLine => ({
  model: "media-streams",
  sinceMs: CALL_START.startedAtMs + afterMs,
  microUsdPerMinute: PER_MINUTE,
});
const UNPRICED: Partial<BillLine> = { usd: null, costMicroUsd: null };

describe("the money of a call that goes on", () => {
  it("SCREEN-28 is parted by layer, and the parts add up to all of it", () => {
    const lines = linesOf(live([2_000, METER]));
    const layers = layersOf(lines);
    expect(layers.map(({ layer, microUsd }) => [layer, microUsd])).toEqual([
      ["text", 524],
      ["audio", 5_360],
      ["transcription", 900],
    ]);
    expect(layers.reduce((sum, { microUsd }) => sum + microUsd, 0)).toBe(BILL.costMicroUsd);
    expect(sumOf(lines)).toEqual({ microUsd: BILL.costMicroUsd, isWhole: true });
    expect(linesOf(live())).toEqual([]);
  });

  it("SCREEN-29 grows on the phone with each started minute, without a message", () => {
    const view = live([2_000, meterOf(BILL, lineSince(500))]);
    const phone = (nowMs: number) =>
      layersOf(linesOf(at(view, nowMs))).find(({ layer }) => layer === "phone")?.microUsd;
    // It was opened at 1,500 of the page's clock.
    expect([1_500, 2_000, 61_500, 61_501, 121_500, 121_501].map(phone)).toEqual([
      PER_MINUTE,
      PER_MINUTE,
      PER_MINUTE,
      2 * PER_MINUTE,
      2 * PER_MINUTE,
      3 * PER_MINUTE,
    ]);
    expect([2_000, 2_999, 3_500].map((nowMs) => runningMs(at(view, nowMs)))).toEqual([500, 1_499, 2_000]);
    const onKey = linesOf(at(view, 300_000)).filter(({ layer }) => layer !== "phone");
    expect(sumOf(onKey).microUsd).toBe(BILL.costMicroUsd);
  });

  it("SCREEN-29 stands still when the call is over, and is not counted again once it is billed", () => {
    const open = live([2_000, meterOf(BILL, lineSince(0))]);
    const over = foldCall(open, { type: "message", message: { type: "call-end", endReason: "caller-left" } }, 62_000);
    expect(linesOf(at(over, 900_000)).at(-1)).toMatchObject({ quantity: 120_000, costMicroUsd: 2 * PER_MINUTE });
    const billed = billOf("student", [billLine("phone", "time", 120_000, 0.0125, 25_000)]);
    const settled = foldCall(over, { type: "message", message: meterOf(billed) }, 62_100);
    expect(linesOf(settled)).toEqual(billed.lines);
  });

  it("SCREEN-29 of a second line is added to the first", () => {
    const first = billOf("student", [billLine("phone", "time", 60_000, 0.0125, 12_500)]);
    const view = live([70_000, meterOf(first, lineSince(69_000))]);
    expect(linesOf(view)).toEqual([{ ...first.lines[0], quantity: 120_000, costMicroUsd: 25_000 }]);
  });

  it("SCREEN-29 is never more than a minute off by a server's clock that is ahead", () => {
    const view = live([2_000, meterOf(BILL, lineSince(3_600_000))]);
    expect(runningMs(view)).toBe(0);
    expect(startedMinutes(0)).toBe(1);
    const watched = foldCall(
      NO_CALL,
      { type: "watch", keySource: "student", model: "m", sinceMs: 30_000, beganAtMs: CALL_START.startedAtMs },
      1_000,
    );
    const phone = foldCall(watched, { type: "message", message: meterOf(BILL, lineSince(0)) }, 1_000);
    expect(runningMs(phone)).toBe(30_000);
  });

  it("SCREEN-30 names what has no price, with its tokens, and is more than what has one", () => {
    const lines = [
      billLine("text", "input", 1_000, 0, 0, UNPRICED),
      billLine("text", "output", 234, 0, 0, UNPRICED),
      billLine("text", "output", 100, 2.4, 240, { model: "other" }),
      billLine("transcription", "time", 12_000, 0, 0, UNPRICED),
    ];
    expect(layersOf(linesOf(live([2_000, meterOf(billOf("student", lines))])))).toEqual([
      {
        layer: "text",
        microUsd: 240,
        isWhole: false,
        unpriced: [{ model: "gpt-realtime-2.1-mini", tokens: 1_234 }],
      },
      { layer: "transcription", microUsd: 0, isWhole: false, unpriced: [{ model: "gpt-transcribe", tokens: 0 }] },
    ]);
  });
});

/** The bill of a call with these lines that lasted a minute. */
function receiptBill(lines: readonly BillLine[], durationMs = 60_000): ReceiptBill {
  const view = live([2_000, meterOf(billOf("student", lines))]);
  const over: CallMessage = { type: "call-end", endReason: "agent-ended" };
  const receipt = receiptOf(foldCall(view, { type: "message", message: over }, 1_000 + durationMs));
  if (!receipt?.bill) throw new Error("there is no bill");
  return receipt.bill;
}

/** Millionths of what is written, whatever the digits. */
const written = (words: string): bigint =>
  BigInt(words.replace("$", "").split(".")[0] ?? 0) * 1_000_000n + BigInt((words.split(".")[1] ?? "").padEnd(6, "0"));

describe("the money of a receipt", () => {
  it("SCREEN-31 is parted into the key and the instructor's Twilio bill, each with its sum", () => {
    const bill = receiptBill([...billOf("student").lines, billLine("phone", "time", 60_000, 0.0125, 12_500)]);
    expect(bill.groups.map(({ payer, microUsd, isWhole, lines }) => [payer, microUsd, isWhole, lines.length])).toEqual([
      ["instructor", 6_784, true, 5],
      ["twilio", 12_500, true, 1],
    ]);
    expect(bill.total).toEqual({ microUsd: 19_284, isWhole: true });
    expect(bill.perMinuteMicroUsd).toBe(19_284);
  });

  it("SCREEN-27 adds up as it is shown, whatever the amounts", () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 500; round++) {
      const step = [1, 10, 100][random(3)] ?? 1;
      const lines = Array.from({ length: 1 + random(12) }, (_, nth) =>
        billLine(nth % 4 === 3 ? "phone" : "text", "input", nth, nth, random(3_000_000) * step),
      );
      const { groups, total, digits } = receiptBill(lines);
      const shown = (microUsd: number): bigint => written(exactWords(microUsd, digits));
      const sum = (all: readonly bigint[]): bigint => all.reduce((one, other) => one + other, 0n);
      for (const group of groups)
        expect(sum(group.lines.map(({ costMicroUsd }) => shown(costMicroUsd ?? 0)))).toBe(shown(group.microUsd));
      expect(sum(groups.map(({ microUsd }) => shown(microUsd)))).toBe(shown(total.microUsd));
      expect(total.microUsd).toBe(lines.reduce((all, { costMicroUsd }) => all + (costMicroUsd ?? 0), 0));
    }
  });

  it("SCREEN-31 has no cost per minute of a moment, of nothing, or of what has no price", () => {
    const perMinute = (lines: readonly BillLine[], durationMs: number) =>
      receiptBill(lines, durationMs).perMinuteMicroUsd;
    expect(perMinute(BILL.lines, 30_000)).toBe(13_568);
    expect(perMinute(BILL.lines, 4_999)).toBeNull();
    expect(perMinute([], 60_000)).toBeNull();
    expect(perMinute([...BILL.lines, billLine("text", "input", 9, 0, 0, UNPRICED)], 60_000)).toBeNull();
    expect(receiptBill([]).groups).toEqual([]);
  });
});

describe("a limit", () => {
  const money: StudentMoney = { lent: budgetOf("student", 120_000), own: budgetOf("own", 900_000, 1_000_000) };
  const NOBODY = { keySource: null, budget: null };

  it("SCREEN-32 stands on the chip beside who pays for the next call", () => {
    expect(chipOf({ payer: "instructor", key: null }, money, NOBODY)).toEqual({
      payer: "instructor",
      words: "Instructor pays",
      budget: money.lent,
    });
    expect(chipOf({ payer: "student", key: OWN_KEY }, money, NOBODY)).toEqual({
      payer: "student",
      words: "Your key ···a1b2",
      budget: money.own,
    });
    expect(chipOf({ payer: "student", key: OWN_KEY }, null, NOBODY).budget).toBeNull();
    expect(chipOf({ payer: null, key: null }, money, NOBODY)).toEqual({
      payer: "none",
      words: "No key yet",
      budget: null,
    });
  });

  it("SCREEN-32 is what the call was told, while one goes on, and of the key that it runs on", () => {
    const told = budgetOf("call", 90_000, 100_000);
    const me = { payer: "student", key: OWN_KEY } as const;
    expect(chipOf(me, money, { keySource: "instructor", budget: told })).toMatchObject({
      payer: "instructor",
      budget: told,
    });
    expect(chipOf(me, money, { keySource: "instructor", budget: null }).budget).toEqual(money.lent);
  });

  it("METRICSUI-8 has too little left for a call when one was refused for it, until there is more", () => {
    const chip = { payer: "instructor", budget: money.lent } as const;
    const leftMicroUsd = money.lent === null ? 0 : leftOf(money.lent);
    expect(isTooLittle(chip, null)).toBe(false);
    expect(isTooLittle(chip, { payer: "instructor", leftMicroUsd })).toBe(true);
    expect(isTooLittle(chip, { payer: "instructor", leftMicroUsd: leftMicroUsd - 1 })).toBe(false);
    expect(isTooLittle(chip, { payer: "student", leftMicroUsd })).toBe(false);
    expect(isTooLittle({ ...chip, budget: null }, { payer: "instructor", leftMicroUsd })).toBe(false);
  });

  it("SCREEN-33 that is near is told, and is no failure of the call", () => {
    const low: CallMessage = { type: "budget", budget: budgetOf("student", 420_000) };
    const said: CallMessage = { type: "error", code: "budget_low", error: "A sentence." };
    const view = live([2_000, low], [2_001, said]);
    expect(view).toMatchObject({ phase: "live", failure: null, lastFailure: null, budget: { stage: "low" } });
    const spent: CallMessage = { type: "error", code: "allowance_used", error: "A sentence." };
    const over = foldCall(view, { type: "message", message: spent }, 3_000);
    const ended = foldCall(over, { type: "message", message: { type: "call-end", endReason: "budget" } }, 3_100);
    expect(ended).toMatchObject({ phase: "ended", endReason: "budget", failure: { code: "allowance_used" } });
  });
});
