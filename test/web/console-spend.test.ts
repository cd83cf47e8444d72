import { describe, expect, it } from "vitest";
import type { WallCall, WallStudent } from "../../src/protocol/live-messages.ts";
import { NO_SPEND, type SpendRow } from "../../src/protocol/rest-workshop.ts";
import { borrowersOf } from "../../src/web/console/borrowers.ts";
import { Paced } from "../../src/web/console/paced.ts";
import { asSum } from "../../src/web/console/spend-sum.ts";
import { byName, costOf, sortRows, studentCosts, usageOf } from "../../src/web/console/spend-table.ts";
import { shortCost, sumCostWords } from "../../src/web/console/words.ts";
import { borrowedWords, borrowerWords, lastUseWords } from "../../src/web/console/words-money.ts";
import { ManualClock } from "../standins/clock.ts";

const NOW_MS = Date.parse("2026-11-22T12:00:00.000Z");
const MINUTE_MS = 60_000;

const row = (name: string | null, change: Partial<SpendRow> = {}): SpendRow => ({
  studentId: name?.toLowerCase() ?? null,
  name,
  payer: "student",
  kind: "response",
  model: "gpt-6-luna",
  charges: 2,
  inputTokens: 100,
  outputTokens: 10,
  lineMs: 0,
  costMicroUsd: 30_000,
  unpriced: 0,
  lastAt: new Date(NOW_MS - MINUTE_MS).toISOString(),
  ...change,
});
const PHONE = { kind: "phone", payer: "instructor", model: "conversation-relay", lineMs: 2 * MINUTE_MS } as const;

const ROWS = [
  row("Bo"),
  row("Bo", { kind: "transcription", model: "gpt-transcribe", costMicroUsd: 1_000 }),
  row("Bo", { ...PHONE, costMicroUsd: 140_000 }),
  row("Cy", { payer: "instructor", costMicroUsd: 50_000 }),
  row("Cy", { model: "gpt-of-tomorrow", costMicroUsd: 0, unpriced: 1 }),
  row(null, { payer: "instructor", costMicroUsd: 7_000 }),
];

describe("the spend", () => {
  it("CONSOLE-25 has a row for each student, with what is on each key and on the phone line apart", () => {
    const costs = studentCosts(ROWS).map(({ name, instructor, student, phone, all }) => [
      name,
      ...[instructor, student, phone, all].map(({ knownMicroUsd }) => knownMicroUsd),
    ]);
    expect(costs).toEqual([
      ["Bo", 0, 31_000, 140_000, 171_000],
      ["Cy", 50_000, 0, 0, 50_000],
      [null, 7_000, 0, 0, 7_000],
    ]);
  });

  it("CONSOLE-37 counts the phone line as the instructor's bill at Twilio, never as lent", () => {
    expect(costOf(ROWS, "instructor").knownMicroUsd).toBe(57_000);
    expect(costOf(ROWS, "phone")).toEqual({ charges: 2, knownMicroUsd: 140_000, isPartial: false });
    expect(usageOf(ROWS, "phone").lineMs).toBe(2 * MINUTE_MS);
    expect(usageOf(ROWS).inputTokens).toBe(600);
    expect(costOf(ROWS).knownMicroUsd).toBe(228_000);
  });

  it("CONSOLE-26 adds up what is known, and says when that is not all: never that it was nothing", () => {
    expect(sumCostWords(costOf(ROWS, "instructor"))).toBe("$0.06");
    expect(sumCostWords(costOf(ROWS, "student"))).toBe("over $0.03");
    expect(sumCostWords(costOf(ROWS.slice(4, 5)))).toBe("price not known");
    const calls = [0, 1, 1, 1];
    const costs = [0, null, 3, 12_000];
    expect(
      calls.map((count, at) =>
        shortCost(asSum({ ...NO_SPEND, calls: count, ms: count * MINUTE_MS, costMicroUsd: costs[at] ?? null })),
      ),
    ).toEqual(["–", "1.0 min", "<$0.01", "$0.01"]);
  });

  it("CONSOLE-25 is sorted by any column, equal rows by name, and an unknown cost stands above the dearest", () => {
    const rows = [row("Dee"), row("ada"), row("Bo", { costMicroUsd: 0, unpriced: 2 }), row("Cy", { charges: 9 })];
    const order = (key: (one: SpendRow) => string | number | ReturnType<typeof costOf>, isDescending: boolean) =>
      sortRows(rows.toSorted(byName), key, isDescending).map(({ name }) => name);
    expect(order(({ name }) => name ?? "", true)).toEqual(["Dee", "Cy", "Bo", "ada"]);
    expect(order(({ charges }) => charges, true)).toEqual(["Cy", "ada", "Bo", "Dee"]);
    expect(order((one) => costOf([one]), true)).toEqual(["Bo", "ada", "Cy", "Dee"]);
    expect(order((one) => costOf([one]), false)).toEqual(["ada", "Cy", "Dee", "Bo"]);
  });
});

describe("who uses the instructor's key", () => {
  const ADA: WallStudent = {
    studentId: "ada",
    name: "Ada",
    keyStatus: null,
    online: true,
    lastSeenAtMs: NOW_MS,
    calls: [],
    lastCall: null,
    failuresInARow: 0,
    turnCount: 0,
    latenciesMs: [],
    spend: { student: NO_SPEND, instructor: NO_SPEND },
    lentMicroUsd: 0,
    heldMicroUsd: 0,
  };
  const call = (keySource: WallCall["keySource"]): WallCall => ({
    callId: "c",
    wayIn: "browser",
    keySource,
    state: "speaking",
    startedAtMs: NOW_MS - MINUTE_MS,
  });
  const said = (students: readonly WallStudent[], rows: readonly SpendRow[] = []) =>
    borrowersOf(students, rows, 500_000).map((borrower) =>
      [borrower.name, borrowerWords(borrower), borrowedWords(borrower), lastUseWords(borrower, NOW_MS)].join(" | "),
    );

  it("CONSOLE-36 is told with the reason, the amount and the last use, and nobody else is", () => {
    const cy: WallStudent = { ...ADA, studentId: "cy", name: "Cy", keyStatus: "connected", lentMicroUsd: 50_000 };
    expect(said([ADA, cy, { ...ADA, studentId: "dee", calls: [call("student")] }], ROWS.slice(0, 5))).toEqual([
      "Cy | has a key of their own now | $0.05 of $0.50 | 1 min ago",
    ]);
    expect(said([{ ...ADA, lentMicroUsd: 500_000 }])).toEqual([
      "Ada | no key of their own yet | $0.50 of $0.50, used up | –",
    ]);
  });

  it.each([
    ["rejected", "own key rejected"],
    ["no_credit", "own key has no credit"],
    ["unreadable", "own key must be entered again"],
    ["restricted", "own key may not use the model"],
    ["unverified", "has a key of their own, not checked yet"],
  ] as const)("CONSOLE-36 is told with what is wrong with their own key: %s", (keyStatus, words) => {
    expect(said([{ ...ADA, keyStatus, lentMicroUsd: 1 }])[0]).toContain(`| ${words} |`);
  });

  it("CONSOLE-36 begins with those who are in a call on it, then goes by the amount", () => {
    const bo: WallStudent = { ...ADA, studentId: "bo", name: "Bo", calls: [call("instructor")], heldMicroUsd: 21_000 };
    const cy: WallStudent = { ...ADA, studentId: "cy", name: "Cy", lentMicroUsd: 90_000 };
    expect(said([{ ...ADA, lentMicroUsd: 20_000 }, cy, bo]).map((line) => line.split(" |")[0])).toEqual([
      "Bo",
      "Cy",
      "Ada",
    ]);
    expect(said([bo])).toEqual(["Bo | no key of their own yet, in a call on yours now | $0.00 of $0.50 | now"]);
  });

  it("CONSOLE-36 knows what students who were erased have used, and no phone line counts", () => {
    expect(said([], ROWS.slice(5))).toEqual([" | not here any more | <$0.01 | 1 min ago"]);
    expect(said([ADA], [row("Ada", PHONE)])).toEqual([]);
  });

  it("CONSOLE-36 takes the later of the ledger and the last call for the last use", () => {
    const lastCall = {
      wayIn: "browser",
      endedAtMs: NOW_MS - 5 * MINUTE_MS,
      endReason: "caller-left",
      failure: null,
      keySource: "instructor",
    } as const;
    expect(said([{ ...ADA, lastCall }])[0]).toMatch(/5 min ago$/);
    expect(said([{ ...ADA, lastCall }], [row("Ada", { payer: "instructor" })])[0]).toMatch(/ 1 min ago$/);
    expect(said([{ ...ADA, lastCall: { ...lastCall, keySource: "student" } }])).toEqual([]);
  });
});

describe("the ledger while money is spent", () => {
  /** What is asked takes until it is answered. */
  class Scene {
    readonly clock = new ManualClock(0);
    asked = 0;
    answer: () => void = () => undefined;
    readonly paced = new Paced(
      () => {
        this.asked += 1;
        return new Promise((resolve) => {
          this.answer = resolve;
        });
      },
      5_000,
      this.clock,
    );

    async answered(): Promise<void> {
      this.answer();
      await Promise.resolve();
      await Promise.resolve();
    }
  }

  it("CONSOLE-38 is read at once, then so often at most, once for all that was spent meanwhile", async () => {
    const scene = new Scene();
    scene.paced.want();
    await scene.answered();
    scene.paced.want();
    scene.paced.want();
    scene.clock.advance(4_999);
    expect(scene.asked).toBe(1);
    scene.clock.advance(1);
    expect(scene.asked).toBe(2);
    await scene.answered();
    scene.clock.advance(60_000);
    expect(scene.asked).toBe(2);
    scene.paced.want();
    expect(scene.asked).toBe(3);
  });

  it("METRICSUI-7 is read without waiting for the pace when there is a hurry, but never twice at once", async () => {
    const scene = new Scene();
    scene.paced.want();
    scene.paced.hurry();
    expect(scene.asked).toBe(1);
    await scene.answered();
    scene.paced.hurry();
    expect(scene.asked).toBe(2);
    await scene.answered();
    scene.clock.advance(5_000);
    expect(scene.asked).toBe(2);
    scene.paced.close();
    scene.paced.hurry();
    expect(scene.asked).toBe(2);
  });

  it("CONSOLE-38 is never read twice at once, however long an answer takes", async () => {
    const scene = new Scene();
    scene.paced.want();
    scene.paced.want();
    scene.clock.advance(60_000);
    expect(scene.asked).toBe(1);
    await scene.answered();
    scene.clock.advance(5_000);
    expect(scene.asked).toBe(2);
  });

  it("CONSOLE-38 is not read any more once the view is left", async () => {
    const scene = new Scene();
    scene.paced.want();
    await scene.answered();
    scene.paced.want();
    scene.paced.close();
    scene.clock.advance(60_000);
    const late = new Scene();
    late.paced.want();
    late.paced.close();
    await late.answered();
    expect([scene.asked, scene.clock.dueMs, late.clock.dueMs]).toEqual([1, [], []]);
  });
});
