import { describe, expect, it } from "vitest";
import { FAILURES } from "../../src/failure.ts";
import type {
  ConsoleLiveMessage,
  WallCall,
  WallLastCall,
  WallStudent,
  WorkshopMoney,
} from "../../src/protocol/live-messages.ts";
import { NO_SPEND } from "../../src/protocol/rest-workshop.ts";
import { FILTERS, isBehind, type Need, type NeedWorld, needOf, stepsOf } from "../../src/web/console/need.ts";
import { arrange, byNeed } from "../../src/web/console/wall-order.ts";
import { EMPTY_WALL, foldWall, type WallView } from "../../src/web/console/wall-view.ts";
import { failureWords, stuckWords } from "../../src/web/console/words-wall.ts";

const NOW_MS = 1_800_000_000_000;
const MINUTE_MS = 60_000;

const ADA: WallStudent = {
  studentId: "ada",
  name: "Ada",
  keyStatus: "connected",
  online: true,
  lastSeenAtMs: NOW_MS - 1_000,
  calls: [],
  lastCall: null,
  failuresInARow: 0,
  turnCount: 0,
  latenciesMs: [],
  spend: { student: NO_SPEND, instructor: NO_SPEND },
  lentMicroUsd: 0,
  heldMicroUsd: 0,
};

const LAST: WallLastCall = {
  wayIn: "browser",
  endedAtMs: NOW_MS - MINUTE_MS,
  endReason: "caller-left",
  failure: null,
  keySource: "student",
};

const call = (state: WallCall["state"], keySource: WallCall["keySource"] = "student"): WallCall => ({
  callId: "c",
  wayIn: "browser",
  keySource,
  state,
  startedAtMs: NOW_MS - MINUTE_MS,
});

const WORLD: NeedWorld = { nowMs: NOW_MS, joinedAtMs: NOW_MS - MINUTE_MS, hasFallback: true, studentMicroUsd: 500_000 };

const need = (student: Partial<WallStudent>, world: Partial<NeedWorld> = {}): Need =>
  needOf({ ...ADA, ...student }, { ...WORLD, ...world });

const said = (found: Need): string => (found.reason ? `${found.kind}: ${stuckWords(found.reason)}` : found.kind);

const fold = (messages: readonly ConsoleLiveMessage[]): WallView =>
  messages.reduce((view, message) => foldWall(view, message).view, EMPTY_WALL);

const MONEY: WorkshopMoney = {
  limits: { poolMicroUsd: 10_000_000, studentMicroUsd: 500_000, callMicroUsd: null, models: null },
  spentMicroUsd: 1_000,
  heldMicroUsd: 0,
};

const start = (...students: WallStudent[]): ConsoleLiveMessage => ({
  type: "wall-start",
  workshopId: "w",
  nowMs: NOW_MS,
  students,
  money: MONEY,
  announcement: null,
  paused: false,
});

describe("the wall's messages", () => {
  it("CONSOLE-1 are folded into one student each, and only those that are named have changed", () => {
    const bo = { ...ADA, studentId: "bo", name: "Bo" };
    const before = fold([start(ADA, bo)]);
    const { view, changed, gone } = foldWall(before, {
      type: "wall",
      nowMs: NOW_MS + 1,
      students: [{ ...bo, turnCount: 3 }],
      gone: [],
    });
    expect([changed, gone]).toEqual([["bo"], []]);
    expect(view.students.get("bo")?.turnCount).toBe(3);
    expect(view.students.get("ada")).toBe(before.students.get("ada"));
    expect(view.nowMs).toBe(NOW_MS + 1);
  });

  it("CONSOLE-1 take away who is gone, and only once", () => {
    const message = { type: "wall", nowMs: NOW_MS, students: [], gone: ["ada", "nobody"] } as const;
    const { view, gone } = foldWall(fold([start(ADA)]), message);
    expect([gone, view.students.size]).toEqual([["ada"], 0]);
    expect(foldWall(view, message).gone).toEqual([]);
  });

  it("CONSOLE-2 begin anew after a lost line: whom the new socket does not name is gone", () => {
    const bo = { ...ADA, studentId: "bo" };
    const { view, changed, gone } = foldWall(fold([start(ADA, bo)]), start(bo));
    expect([[...view.students.keys()], changed, gone]).toEqual([["bo"], ["bo"], ["ada"]]);
  });

  it("CONSOLE-1 of the workshop change its facts and no student", () => {
    const before = fold([start(ADA)]);
    const { view, changed } = foldWall(before, { type: "workshop", announcement: "Lunch", paused: true });
    expect(view.facts).toEqual({ announcement: "Lunch", paused: true });
    expect([changed, view.students]).toEqual([[], before.students]);
  });

  it("CONSOLE-39 of money tell what is lent, and change no student", () => {
    const before = fold([start(ADA)]);
    expect([EMPTY_WALL.money, before.money]).toEqual([null, MONEY]);
    const money = { ...MONEY, spentMicroUsd: 2_000, heldMicroUsd: 500 };
    const { view, changed, gone } = foldWall(before, { type: "money", money });
    expect([view.money, changed, gone, view.students]).toEqual([money, [], [], before.students]);
    expect(foldWall(view, { type: "workshop", announcement: null, paused: true }).view.money).toBe(money);
  });
});

describe("what a student needs", () => {
  it.each([
    ["rejected", "stuck: key rejected"],
    ["restricted", "stuck: key may not use the model"],
    ["no_credit", "stuck: no credit"],
    ["unreadable", "stuck: key must be entered again"],
    ["unverified", "fine"],
  ] as const)("CONSOLE-3 is told by their key: %s is %s", (keyStatus, words) => {
    expect(said(need({ keyStatus }))).toBe(words);
  });

  it("CONSOLE-3 is told by two calls that failed in a row, one is bad luck", () => {
    const lastCall = { ...LAST, failure: "upstream_timeout" };
    expect(said(need({ lastCall, failuresInARow: 1 }))).toBe("fine");
    expect(said(need({ lastCall, failuresInARow: 2 }))).toBe("stuck: 2 calls failed: OpenAI took too long");
    const unknown = { ...LAST, failure: "a_newer_servers" };
    expect(said(need({ lastCall: unknown, failuresInARow: 3 }))).toBe("stuck: 3 calls failed: something went wrong");
  });

  it("CONSOLE-3 is a payer when there is neither a key nor a fallback", () => {
    expect(said(need({ keyStatus: null }, { hasFallback: false }))).toBe("stuck: no key and no fallback");
    expect(said(need({ keyStatus: null }))).toBe("fine");
  });

  it("CONSOLE-3 is a first call after ten minutes with the page open", () => {
    const world = { joinedAtMs: NOW_MS - 10 * MINUTE_MS };
    expect(said(need({}, world))).toBe("stuck: joined 10 min ago, no call yet");
    expect(said(need({}, { joinedAtMs: world.joinedAtMs + 1 }))).toBe("fine");
    expect(said(need({ lastCall: LAST }, world))).toBe("fine");
    expect(said(need({ online: false }, world))).toBe("fine");
    expect(said(need({}, { joinedAtMs: null }))).toBe("fine");
  });

  it("CONSOLE-4 is nothing while they talk with their agent, whatever failed before", () => {
    const before = { failuresInARow: 2, lastCall: { ...LAST, failure: "no_credit" } };
    expect(need({ ...before, calls: [call("speaking")] }).kind).toBe("in-call");
    expect(need({ ...before, calls: [call("connecting")] }).kind).toBe("stuck");
  });

  it("CONSOLE-4 is nothing when they have gone, but the reason is kept for their sheet", () => {
    const away = { online: false, lastSeenAtMs: NOW_MS - 11 * MINUTE_MS };
    const world = { joinedAtMs: NOW_MS - 60 * MINUTE_MS };
    expect(need({ ...away, keyStatus: "rejected" }, world)).toMatchObject({ kind: "quiet", reason: { why: "key" } });
  });

  it("CONSOLE-5 shows who calls on the instructor's key, in a call and after it", () => {
    expect(need({ keyStatus: null, calls: [call("listening", "instructor")] })).toMatchObject({
      kind: "fallback",
      isInCall: true,
      isOnFallback: true,
    });
    const after = { keyStatus: null, lastCall: { ...LAST, keySource: "instructor" } } as const;
    expect(need(after).kind).toBe("fallback");
    expect(need(after, { hasFallback: false }).isOnFallback).toBe(false);
    expect(need({ ...after, keyStatus: "connected" }).isOnFallback).toBe(false);
  });

  it("CONSOLE-33 is more of what is lent, or a key, when most of it or all of it is used", () => {
    const kindAt = (lentMicroUsd: number, student: Partial<WallStudent> = {}, world: Partial<NeedWorld> = {}) =>
      need({ keyStatus: null, lentMicroUsd, ...student }, world).kind;
    expect([kindAt(0), kindAt(399_999), kindAt(400_000), kindAt(500_000)]).toEqual([
      "fine",
      "fine",
      "near-limit",
      "used-up",
    ]);
    expect(kindAt(500_000, {}, { studentMicroUsd: null })).toBe("fine");
    expect(kindAt(400_000, { calls: [call("speaking", "instructor")] })).toBe("near-limit");
  });

  it("CONSOLE-33 is nothing of the instructor's for whoever pays by themselves, once the call on that key is over", () => {
    const own = { keyStatus: "connected", lentMicroUsd: 500_000 } as const;
    expect(need(own).kind).toBe("fine");
    expect(need({ ...own, calls: [call("speaking", "instructor")] }).kind).toBe("used-up");
    expect(said(need({ ...own, keyStatus: null }, { hasFallback: false }))).toBe("stuck: no key and no fallback");
  });

  it("CONSOLE-33 is told of the limit, not as calls that failed, and is over when the limit grows", () => {
    const lastCall = { ...LAST, keySource: "instructor", endReason: "budget", failure: "allowance_used" } as const;
    const refused = { keyStatus: null, lentMicroUsd: 450_000, lastCall, failuresInARow: 2 };
    expect(need(refused)).toMatchObject({ kind: "used-up", reason: null, stage: "spent" });
    expect(need(refused, { studentMicroUsd: 1_000_000 })).toMatchObject({ kind: "fallback", stage: "ok" });
    const long = { ...refused, lentMicroUsd: 100_000, lastCall: { ...lastCall, failure: "call_budget_used" } };
    expect(need(long)).toMatchObject({ kind: "fallback", reason: null });
  });

  it("CONSOLE-33 stays with the page open, and is quiet when they have gone", () => {
    const idle = { keyStatus: null, lentMicroUsd: 500_000, lastSeenAtMs: NOW_MS - 11 * MINUTE_MS } as const;
    const world = { joinedAtMs: NOW_MS - 60 * MINUTE_MS };
    const lastCall = { ...LAST, endedAtMs: NOW_MS - 11 * MINUTE_MS };
    expect(need({ ...idle, lastCall }, world).kind).toBe("used-up");
    expect(need({ ...idle, lastCall, online: false }, world).kind).toBe("quiet");
  });

  it("CONSOLE-5 is quiet after ten minutes without a sign of them", () => {
    const lastSeenAtMs = NOW_MS - 10 * MINUTE_MS;
    const world = { joinedAtMs: NOW_MS - 60 * MINUTE_MS };
    expect(need({ lastSeenAtMs, lastCall: { ...LAST, endedAtMs: lastSeenAtMs } }, world).kind).toBe("quiet");
    expect(need({ lastSeenAtMs, lastCall: LAST }, world).kind).toBe("fine");
    expect(need({ lastSeenAtMs, calls: [call("listening")] }, world).kind).toBe("in-call");
    expect(need({ lastSeenAtMs: null, online: false }, { joinedAtMs: null }).kind).toBe("quiet");
    expect(need({ lastSeenAtMs: null, online: false }, { joinedAtMs: NOW_MS - MINUTE_MS }).kind).toBe("fine");
  });

  it("CONSOLE-6 puts them behind every filter that is true of them", () => {
    const found = need({ keyStatus: null, calls: [call("listening", "instructor")] });
    expect(FILTERS.filter((filter) => isBehind(filter, found))).toEqual(["all", "in-call", "fallback"]);
    const low = need({ keyStatus: null, lentMicroUsd: 400_000, failuresInARow: 2, lastCall: LAST });
    expect(FILTERS.filter((filter) => isBehind(filter, low))).toEqual(["all", "stuck", "limit"]);
  });

  it("CONSOLE-7 ticks the steps from facts", () => {
    expect(stepsOf(ADA)).toEqual({ joined: true, called: false, key: true });
    expect(stepsOf({ ...ADA, keyStatus: "rejected", calls: [call("connecting")] })).toEqual({
      joined: true,
      called: true,
      key: false,
    });
  });

  it("CONSOLE-3 has words of its own for whatever a caller is told, and for a newer server's code some that fit all", () => {
    const told = Object.entries(FAILURES).flatMap(([code, facts]) => ("spoken" in facts ? [code] : []));
    const any = failureWords(null);
    expect(told.filter((code) => failureWords(code) === any)).toEqual(["internal", "unknown_session"]);
    expect([failureWords("constructor"), failureWords("a_newer_servers")]).toEqual([any, any]);
  });
});

describe("the order of the wall", () => {
  const ranked = (studentId: string, kind: Need["kind"], name = studentId) => ({ studentId, kind, name });

  it("CONSOLE-8 is by need, then by name, and the same names always stand the same", () => {
    const students = [
      ranked("5", "fine", "Ada"),
      ranked("4", "quiet", "Bo"),
      ranked("3", "in-call", "Student 10"),
      ranked("6", "in-call", "student 9"),
      ranked("2", "fallback", "Zoë"),
      ranked("8", "near-limit", "Ada"),
      ranked("7", "used-up", "Zoë"),
      ranked("9", "stuck", "Ada"),
      ranked("1", "stuck", "Ada"),
    ];
    const ids = students.toSorted(byNeed).map(({ studentId }) => studentId);
    expect(ids).toEqual(["1", "9", "7", "8", "2", "6", "3", "4", "5"]);
    expect(
      students
        .toReversed()
        .toSorted(byNeed)
        .map(({ studentId }) => studentId),
    ).toEqual(ids);
  });

  it("CONSOLE-9 leaves the tile that is held where it is", () => {
    expect(arrange(["a", "b", "c", "d"], ["d", "c", "b", "a"], "b")).toEqual(["d", "b", "c", "a"]);
    expect(arrange(["a", "b"], ["c", "b", "a"], "a")).toEqual(["a", "c", "b"]);
    expect(arrange(["a", "b", "c"], ["a"], "c")).toEqual(["a", "c"]);
    expect(arrange(["a", "b"], ["b", "a"], "new")).toEqual(["b", "a"]);
    expect(arrange(["a", "b"], ["b", "a"], null)).toEqual(["b", "a"]);
  });

  it("CONSOLE-9 that stays the same is the same list, so nothing is drawn", () => {
    const current = ["a", "b"];
    expect(arrange(current, ["a", "b"], null)).toBe(current);
  });
});
