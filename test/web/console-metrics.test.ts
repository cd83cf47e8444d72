import { describe, expect, it } from "vitest";
import { Unreadable } from "../../src/protocol/read-fields.ts";
import {
  barsOf,
  CALLS_HEIGHT,
  ERRORS_HEIGHT,
  roundUp,
  stepLine,
  topMs,
  WIDTH,
  withoutMorning,
} from "../../src/web/console/metrics-chart-points.ts";
import { readMetrics, readPhoneNumbers } from "../../src/web/console/read-observed.ts";
import { readReport } from "../../src/web/console/read-replies.ts";
import { latencyWords, numberDetailWords, spanWords, traceCommand } from "../../src/web/console/words-metrics.ts";
import { REPORT } from "../journeys/closing-world.ts";
import { METRICS, NUMBERS } from "../journeys/observed-world.ts";

const span = (calls: number, errors = 0, p50Ms: number | null = null, p95Ms: number | null = null) => ({
  at: "2026-11-23T09:00:00.000Z",
  calls,
  errors,
  p50Ms,
  p95Ms,
});

describe("replies about how it runs", () => {
  it("METRICSUI-1 are read field by field, and what is not one is refused", () => {
    const { success: _, ...metrics } = METRICS;
    expect(readMetrics({ ...METRICS, more: 1 })).toEqual(metrics);
    const wrong = [
      { calls: "12" },
      { byWayIn: { browser: METRICS.byWayIn.browser } },
      { ends: [{ endReason: "sleepy", calls: 1 }] },
      { errors: [{ code: "x", count: null, lastAt: "" }] },
      { spans: [{ ...METRICS.spans[0], p50Ms: undefined }] },
      { turnLatency: { count: 1, p50Ms: Number.NaN, p95Ms: null } },
    ];
    for (const change of wrong) expect(() => readMetrics({ ...METRICS, ...change })).toThrow(Unreadable);
  });

  it("NUMBERSUI-1 and about phone numbers and what a workshop came to are too", () => {
    const { success: _, ...numbers } = NUMBERS;
    expect(readPhoneNumbers({ ...NUMBERS })).toEqual(numbers);
    const [first] = NUMBERS.numbers;
    expect(() => readPhoneNumbers({ ...NUMBERS, numbers: [{ ...first, target: "moon" }] })).toThrow(Unreadable);
    expect(() => readPhoneNumbers({ ...NUMBERS, twilio: "perhaps" })).toThrow(Unreadable);
    const { success: __, ...report } = REPORT;
    expect(readReport({ ...REPORT })).toEqual(report);
    expect(() => readReport({ ...REPORT, rows: [{ ...REPORT.rows[0], ms: null }] })).toThrow(Unreadable);
    expect(() => readReport({ ...REPORT, closing: { ...REPORT.closing, keysAt: "never" } })).toThrow(Unreadable);
  });
});

describe("the charts", () => {
  it("METRICSUI-2 have a top that is a round number, and does not move with every turn", () => {
    expect([0, 1, 2, 3, 480, 501, 1_390, 2_000, 2_001, 99_000].map(roundUp)).toEqual([
      1, 1, 2, 5, 500, 1_000, 2_000, 2_000, 5_000, 100_000,
    ]);
    expect(topMs([span(1, 0, 480, 1_300), span(0)])).toBe(2_000);
    expect(topMs([span(0), span(0)])).toBe(0);
  });

  it("METRICSUI-2 begin with the first thing that happened, and are never a few blocks", () => {
    const quiet = Array.from({ length: 20 }, () => span(0));
    expect(withoutMorning([...quiet, ...quiet])).toHaveLength(40);
    expect(withoutMorning([...quiet, span(1), ...quiet])).toHaveLength(21);
    expect(withoutMorning([...quiet, span(0, 1)])).toHaveLength(12);
    expect(withoutMorning([span(0), span(1)])).toHaveLength(2);
    expect(withoutMorning([])).toEqual([]);
  });

  it("METRICSUI-2 draw a step for each value, and nothing where there is none", () => {
    expect(stepLine([null, 50, 100, null, 0], 100, 200)).toBe("M120.0,100.0H240.0V0.0H360.0M480.0,200.0H600.0");
    expect(stepLine([], 0, 200)).toBe("");
    expect(stepLine([null], 0, 200)).toBe("");
  });

  it("METRICSUI-2 draw calls up and errors down at one scale, within their room", () => {
    const bars = barsOf([span(10, 1), span(5, 10), span(0)]);
    const unit = ERRORS_HEIGHT / 10;
    expect(bars.map(({ callsHeight, errorsHeight }) => [callsHeight, errorsHeight])).toEqual([
      [10 * unit, unit],
      [5 * unit, 10 * unit],
      [0, 0],
    ]);
    expect(Math.max(...bars.map(({ callsHeight }) => callsHeight))).toBeLessThanOrEqual(CALLS_HEIGHT);
    const last = bars.at(-1);
    expect((last?.x ?? 0) + (last?.width ?? 0)).toBeLessThan(WIDTH);
    expect(barsOf([])).toEqual([]);
  });
});

describe("words of how it runs", () => {
  it("METRICSUI-3 say a wait in the unit that is read, and none as a dash", () => {
    expect([null, 0, 419.6, 999, 1_000, 1_390].map(latencyWords)).toEqual([
      "–",
      "0 ms",
      "420 ms",
      "999 ms",
      "1.0 s",
      "1.4 s",
    ]);
    expect(spanWords("2026-11-23T09:30:00.000Z", 24)).toMatch(/^\d\d:30$/);
    expect(spanWords("2026-11-23T09:30:00.000Z", 168)).toMatch(/^\w{3} \d+ Nov, \d\d:30$|^\w{3}, \d+ Nov, \d\d:30$/);
    expect(traceCommand("c-1")).toBe("npm run trace -- c-1");
  });

  it("NUMBERSUI-2 say of a number who answers it, and of nobody what to do", () => {
    expect(numberDetailWords("here", "callroom.example", true)).toContain("student's agent");
    expect(numberDetailWords("here", "callroom.example", false)).toContain("no student");
    expect(numberDetailWords("elsewhere", "old.example", false)).toBe("old.example answers it.");
    expect(numberDetailWords("elsewhere", null, false)).toContain("app or a SIP address");
    expect(numberDetailWords("nothing", null, false)).toContain("A call comes in");
  });
});
