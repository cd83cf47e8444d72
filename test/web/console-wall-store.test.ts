import { effect } from "@preact/signals";
import { describe, expect, it } from "vitest";
import type { WallStudent, WorkshopMoney } from "../../src/protocol/live-messages.ts";
import { NO_SPEND } from "../../src/protocol/rest-workshop.ts";
import { ARRANGE_MS, SHOW_MS, SLICE_STUDENTS, WallStore } from "../../src/web/console/wall-store.ts";
import { ManualClock } from "../standins/clock.ts";

const SERVER_AHEAD_MS = 5_000;
const MINUTE_MS = 60_000;

const MONEY: WorkshopMoney = {
  limits: { poolMicroUsd: 10_000_000, studentMicroUsd: 500_000, callMicroUsd: null, models: null },
  spentMicroUsd: 1_000_000,
  heldMicroUsd: 20_000,
};

class Scene {
  readonly clock = new ManualClock(1_800_000_000_000);
  asked = 0;
  readonly wall = new WallStore({
    nowMs: this.clock.now,
    startTimer: this.clock.startTimer,
    onUnknownStudents: () => {
      this.asked += 1;
    },
  });

  /** The server's clock is ahead of the page's. */
  get serverMs(): number {
    return this.clock.now() + SERVER_AHEAD_MS;
  }

  student(name: string, change: Partial<WallStudent> = {}): WallStudent {
    return {
      studentId: name.toLowerCase(),
      name,
      keyStatus: "connected",
      online: true,
      lastSeenAtMs: this.serverMs,
      calls: [],
      lastCall: null,
      failuresInARow: 0,
      turnCount: 0,
      latenciesMs: [],
      spend: { student: NO_SPEND, instructor: NO_SPEND },
      lentMicroUsd: 0,
      heldMicroUsd: 0,
      ...change,
    };
  }

  start(...students: WallStudent[]): void {
    const facts = { announcement: null, paused: false };
    this.wall.apply({ type: "wall-start", workshopId: "w", nowMs: this.serverMs, students, money: MONEY, ...facts });
  }

  tell(...students: WallStudent[]): void {
    this.wall.apply({ type: "wall", nowMs: this.serverMs, students, gone: [] });
    this.clock.advance(SHOW_MS);
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.wall.tick();
  }

  get shown(): string[] {
    return this.wall.shown.value.map(({ studentId }) => studentId);
  }
}

describe("the wall as signals", () => {
  it("CONSOLE-10 draws one student for a change of that student, and none for a message that says the same", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada"), scene.student("Bo"));
    const drawn = { ada: 0, bo: 0, list: 0 };
    for (const id of ["ada", "bo"] as const) {
      const entry = scene.wall.entries.value.get(id);
      effect(() => {
        drawn[id] += entry?.student.value && entry.need.value ? 1 : 0;
      });
    }
    effect(() => {
      drawn.list += scene.wall.shown.value.length > 0 ? 1 : 0;
    });
    scene.tell(scene.student("Bo", { turnCount: 1 }));
    expect(drawn).toEqual({ ada: 1, bo: 2, list: 1 });
    scene.pass(ARRANGE_MS);
    expect(drawn).toEqual({ ada: 1, bo: 2, list: 1 });
  });

  it("CONSOLE-11 sorts at most each two seconds, however fast needs change", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada"), scene.student("Bo"));
    scene.tell(scene.student("Bo", { keyStatus: "rejected" }));
    expect(scene.shown).toEqual(["ada", "bo"]);
    scene.pass(ARRANGE_MS - SHOW_MS - 1);
    expect(scene.shown).toEqual(["ada", "bo"]);
    scene.pass(1);
    expect(scene.shown).toEqual(["bo", "ada"]);
  });

  it("CONSOLE-9 does not move the tile under the pointer, and the pointer comes before the keyboard", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada"), scene.student("Bo"), scene.student("Cy"));
    scene.wall.hold("focus", "ada");
    scene.wall.hold("pointer", "bo");
    scene.tell(scene.student("Cy", { keyStatus: "rejected" }));
    scene.pass(ARRANGE_MS);
    expect(scene.shown).toEqual(["cy", "bo", "ada"]);
    scene.wall.hold("pointer", null);
    scene.wall.hold("focus", null);
    scene.pass(ARRANGE_MS);
    expect(scene.shown).toEqual(["cy", "ada", "bo"]);
  });

  it("CONSOLE-6 shows who is behind the filter and matches the search, with counts of all", () => {
    const scene = new Scene();
    scene.start(
      scene.student("Ada", { keyStatus: "no_credit" }),
      scene.student("Adam"),
      scene.student("Bo", { keyStatus: "rejected" }),
    );
    scene.wall.choose("stuck");
    expect(scene.shown).toEqual(["ada", "bo"]);
    scene.wall.look(" AD ");
    expect(scene.shown).toEqual(["ada"]);
    expect(scene.wall.totals.value.counts).toEqual({
      all: 3,
      stuck: 2,
      limit: 0,
      "in-call": 0,
      fallback: 0,
      quiet: 0,
    });
    scene.wall.look("nobody");
    expect(scene.shown).toEqual([]);
  });

  it("CONSOLE-12 adds up calls and what each payer pays", () => {
    const scene = new Scene();
    const spent = { calls: 1, ms: 60_000, inputTokens: 10, outputTokens: 5, costMicroUsd: 20_000 };
    const call = {
      callId: "c",
      wayIn: "browser",
      keySource: "instructor",
      state: "listening",
      startedAtMs: 0,
    } as const;
    scene.start(
      scene.student("Ada", { calls: [call, { ...call, callId: "d" }], spend: { student: spent, instructor: spent } }),
      scene.student("Bo", { spend: { student: { ...spent, costMicroUsd: null }, instructor: spent } }),
    );
    const { calls, students, counts, spend } = scene.wall.totals.value;
    expect([calls, students, counts["in-call"]]).toEqual([2, 2, 1]);
    expect(spend.instructor).toMatchObject({ calls: 2, knownMicroUsd: 40_000, isPartial: false });
    expect(spend.student).toMatchObject({ calls: 2, knownMicroUsd: 20_000, isPartial: true });
  });

  it("CONSOLE-13 grows old from the moment the line is lost, and is new with the next message", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada"));
    scene.pass(60_000);
    expect(scene.wall.staleMs.value).toBeNull();
    scene.wall.lose();
    expect(scene.wall.staleMs.value).toBe(0);
    scene.pass(12_000);
    scene.wall.lose();
    expect(scene.wall.staleMs.value).toBe(12_000);
    scene.start(scene.student("Ada"));
    expect(scene.wall.staleMs.value).toBeNull();
  });

  it("CONSOLE-13 stands still while the line is lost: nobody falls quiet for want of news", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada"));
    scene.wall.lose();
    const lostAtMs = scene.serverMs;
    scene.pass(30 * MINUTE_MS);
    expect(scene.wall.entries.value.get("ada")?.need.value.kind).toBe("fine");
    expect(scene.wall.nowMs.value).toBe(lostAtMs);
  });

  it("CONSOLE-31 shows a class in which all changes in slices, nobody twice and nobody forgotten", () => {
    const scene = new Scene();
    const names = Array.from({ length: 60 }, (_, at) => `S${at}`);
    scene.start(...names.map((name) => scene.student(name)));
    const turnsShown = (): number[] =>
      [...scene.wall.entries.value.values()].map(({ student }) => student.value.turnCount);
    const shown = (turns: number): number => turnsShown().filter((count) => count === turns).length;
    scene.wall.apply({
      type: "wall",
      nowMs: scene.serverMs,
      students: names.map((name) => scene.student(name, { turnCount: 1 })),
      gone: [],
    });
    expect(shown(1)).toBe(0);
    scene.clock.advance(SHOW_MS);
    expect(shown(1)).toBe(SLICE_STUDENTS);
    // Whoever changes again while waiting is shown once, as they are then.
    scene.tell(scene.student("S59", { turnCount: 2 }));
    scene.clock.advance(SHOW_MS);
    expect([shown(1), shown(2)]).toEqual([59, 1]);
    expect(scene.clock.dueMs).toEqual([]);
  });

  it("CONSOLE-31 shows nothing more once it is left, and nobody who has gone", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada"), scene.student("Bo"));
    const ada = scene.student("Ada", { turnCount: 1 });
    scene.wall.apply({ type: "wall", nowMs: scene.serverMs, students: [ada], gone: [] });
    scene.wall.apply({ type: "wall", nowMs: scene.serverMs, students: [], gone: ["ada"] });
    scene.clock.advance(SHOW_MS);
    expect(scene.shown).toEqual(["bo"]);
    scene.wall.apply({ type: "wall", nowMs: scene.serverMs, students: [scene.student("Bo")], gone: [] });
    scene.wall.close();
    expect(scene.clock.dueMs).toEqual([]);
  });

  it("CONSOLE-14 counts ages by the server's clock", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada"));
    expect(scene.wall.nowMs.value).toBe(scene.serverMs);
    scene.pass(10 * MINUTE_MS);
    expect(scene.wall.nowMs.value).toBe(scene.serverMs);
    expect(scene.wall.entries.value.get("ada")?.need.value.kind).toBe("quiet");
  });

  it("CONSOLE-15 asks for join times once somebody unknown is on the wall, and knows then who waits", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada"));
    expect(scene.asked).toBe(1);
    scene.wall.learn({ joinedAtMs: new Map([["ada", scene.serverMs - 10 * MINUTE_MS]]) });
    expect(scene.wall.entries.value.get("ada")?.need.value.reason?.why).toBe("no-call");
    scene.tell(scene.student("Ada", { turnCount: 1 }));
    scene.start(scene.student("Ada"));
    expect(scene.asked).toBe(1);
    scene.tell(scene.student("Bo"));
    expect([scene.asked, scene.shown.length]).toEqual([2, 2]);
  });

  it("CONSOLE-5 learns whether the instructor's key may pay", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada", { keyStatus: null }));
    expect(scene.wall.totals.value.counts.stuck).toBe(0);
    scene.wall.learn({ hasFallback: false });
    expect(scene.wall.totals.value.counts.stuck).toBe(1);
  });

  it("CONSOLE-39 shows what is lent as it was told last, by the line or by an answer", () => {
    const scene = new Scene();
    expect(scene.wall.money.value).toBeNull();
    scene.wall.learn({ limits: { ...MONEY.limits, poolMicroUsd: 1 } });
    expect(scene.wall.money.value).toBeNull();
    scene.start(scene.student("Ada"));
    expect(scene.wall.money.value).toEqual(MONEY);
    const limits = { ...MONEY.limits, poolMicroUsd: 15_000_000 };
    scene.wall.learn({ limits });
    expect(scene.wall.money.value).toEqual({ ...MONEY, limits });
    scene.tell(scene.student("Bo"));
    expect(scene.wall.money.value?.limits).toEqual(limits);
    const pushed = { ...MONEY, spentMicroUsd: 3_000_000 };
    scene.wall.apply({ type: "money", money: pushed });
    expect(scene.wall.money.value).toEqual(pushed);
  });

  it("CONSOLE-33 looks at everybody anew when the limit of a student changes, and at nobody when it does not", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada", { keyStatus: null, lentMicroUsd: 450_000 }));
    const ada = scene.wall.entries.value.get("ada");
    expect([ada?.need.value.kind, scene.wall.totals.value.counts.limit]).toEqual(["near-limit", 1]);
    const { totals } = scene.wall;
    const before = totals.value;
    scene.wall.apply({ type: "money", money: { ...MONEY, spentMicroUsd: 1_000_001 } });
    expect(totals.value).toBe(before);
    const limits = { ...MONEY.limits, studentMicroUsd: 1_000_000 };
    scene.wall.apply({ type: "money", money: { ...MONEY, limits } });
    expect([ada?.need.value.kind, scene.wall.totals.value.counts.limit]).toEqual(["fine", 0]);
  });

  it("CONSOLE-32 knows when a call was refused the class's money", () => {
    const scene = new Scene();
    scene.start(scene.student("Ada"));
    expect(scene.wall.totals.value.isPoolRefused).toBe(false);
    const lastCall = {
      wayIn: "browser",
      endedAtMs: scene.serverMs,
      endReason: "budget",
      failure: "pool_used",
      keySource: "instructor",
    } as const;
    scene.tell(scene.student("Ada", { lastCall }));
    expect(scene.wall.totals.value.isPoolRefused).toBe(true);
  });
});
