import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import type { SessionToken, StudentId } from "../../src/protocol/ids.ts";
import type { StudentMoney, WorkshopMoney } from "../../src/protocol/live-messages.ts";
import { type Account, accountKey } from "../../src/workshop/allowance.ts";
import { MoneyDesk } from "../../src/workshop/money-desk.ts";
import { ManualClock } from "../standins/clock.ts";
import { callId, studentId, token } from "./class.ts";
import { asking, HOLD_MS, NOTHING_KEPT, UNLIMITED } from "./funding.ts";

/** A desk with pages and consoles that are a number, and what each of them was told. */
class Counter {
  readonly clock = new ManualClock(1_000_000);
  readonly kept = new Map<string, Account>();
  readonly walls: WorkshopMoney[] = [];
  readonly pages: [SessionToken, StudentMoney][] = [];
  readonly tiles: StudentId[] = [];
  openWalls = 0;
  readonly openPages: SessionToken[] = [];
  timers = 0;
  isOver = false;
  readonly desk = new MoneyDesk({
    nowMs: this.clock.now,
    startTimer: (run, afterMs) => {
      this.timers += 1;
      this.clock.startTimer(run, afterMs);
    },
    storage: {
      read: () => NOTHING_KEPT,
      keep: (accounts) => {
        for (const account of accounts) this.kept.set(accountKey(account), account);
      },
      keepUnread: () => {},
      keepLending: () => {},
      keepCap: () => {},
      dropCap: () => {},
      open: () => {},
    },
    isOver: () => this.isOver,
    isWatched: () => this.openWalls + this.openPages.length > 0,
    pages: () => this.openPages,
    tellPages: (to, money) => this.pages.push([to, money]),
    walls: () => this.openWalls,
    tellWalls: (money) => this.walls.push(money),
    changedOnWall: (id) => this.tiles.push(id),
  });

  constructor() {
    this.desk.lendingChanged({ ...UNLIMITED, poolMicroUsd: 1_000, studentMicroUsd: 100 });
  }

  openWall(): WorkshopMoney {
    this.openWalls += 1;
    return this.desk.forWall();
  }

  openPage(student: number): StudentMoney {
    this.openPages.push(token(student));
    return this.desk.forPage(token(student));
  }
}

describe("what consoles and pages are told of money", () => {
  it("FUNDS-30 is few messages of a storm, and the last of them is how it is", () => {
    const counter = new Counter();
    counter.openWall();
    counter.openPage(1);
    for (let each = 1; each <= 400; each += 1) {
      counter.desk.ask(asking(each, 2 + (each % 20), { spentMicroUsd: 1, needMicroUsd: 1 }));
      counter.clock.advance(5);
    }
    counter.clock.advance(LIMITS.wallPaceMs);
    expect(counter.walls.length).toBeLessThanOrEqual(2_000 / LIMITS.wallPaceMs + 1);
    expect(counter.walls.at(-1)).toMatchObject({ spentMicroUsd: 400, heldMicroUsd: 400 });
    expect(counter.pages.length).toBeLessThanOrEqual(2_000 / LIMITS.wallPaceMs + 1);
    expect(counter.pages.at(-1)?.[1].lent).toMatchObject({ of: "pool", spentMicroUsd: 400 });
  });

  it("FUNDS-31 reaches a console and a page also when another one comes just before it is told", () => {
    const counter = new Counter();
    counter.openWall();
    counter.openPage(1);
    counter.clock.advance(LIMITS.wallPaceMs);
    counter.desk.ask(asking(1, 1, { spentMicroUsd: 40 }));
    expect(counter.openWall().spentMicroUsd).toBe(40);
    expect(counter.openPage(1).lent?.spentMicroUsd).toBe(40);
    counter.clock.advance(LIMITS.wallPaceMs);
    expect(counter.walls.map(({ spentMicroUsd }) => spentMicroUsd)).toEqual([40]);
    expect(counter.pages.map(([to, { lent }]) => [to, lent?.spentMicroUsd])).toEqual([[token(1), 40]]);
  });

  it("FUNDS-31 is not said again to whoever was told it first", () => {
    const counter = new Counter();
    counter.openWall();
    counter.openPage(1);
    counter.openPage(2);
    counter.clock.advance(LIMITS.wallPaceMs);
    counter.desk.ask(asking(1, 1, { needMicroUsd: 5 }));
    counter.clock.advance(LIMITS.wallPaceMs);
    // What is held is the class's and the tile's: no page shows it.
    expect([counter.walls.length, counter.pages]).toEqual([1, []]);
  });

  it("FUNDS-32 shows what nobody gave back as free when it is, on the tile too", () => {
    const counter = new Counter();
    counter.openWall();
    counter.desk.ask(asking(1, 1, { needMicroUsd: 50 }));
    counter.clock.advance(HOLD_MS / 2);
    counter.desk.ask(asking(2, 2, { needMicroUsd: 20 }));
    counter.clock.advance(LIMITS.wallPaceMs);
    expect(counter.walls.at(-1)?.heldMicroUsd).toBe(70);
    counter.tiles.length = 0;
    counter.clock.advance(HOLD_MS / 2);
    expect(counter.walls.at(-1)?.heldMicroUsd).toBe(20);
    expect(counter.tiles).toEqual([studentId(1)]);
    expect(counter.desk.onWall(token(1)).heldMicroUsd).toBe(0);
    counter.clock.advance(HOLD_MS);
    expect(counter.walls.at(-1)?.heldMicroUsd).toBe(0);
    expect(counter.tiles).toEqual([studentId(1), studentId(2)]);
    expect([...counter.kept.values()].map(({ heldMicroUsd }) => heldMicroUsd)).toEqual([0, 0]);
  });

  it("FUNDS-32 shows it to a console that came while it was held", () => {
    const counter = new Counter();
    counter.desk.ask(asking(1, 1, { needMicroUsd: 50 }));
    expect(counter.timers).toBe(0);
    expect(counter.openWall().heldMicroUsd).toBe(50);
    counter.clock.advance(HOLD_MS + LIMITS.wallPaceMs);
    expect(counter.walls.map(({ heldMicroUsd }) => heldMicroUsd)).toEqual([0]);
  });

  it("FUNDS-33 shows on the tile what a call that leaves gives back", () => {
    const counter = new Counter();
    counter.openWall();
    counter.desk.ask(asking(1, 1, { needMicroUsd: 50 }));
    counter.tiles.length = 0;
    counter.desk.release(callId(1));
    expect(counter.tiles).toEqual([studentId(1)]);
    expect(counter.desk.onWall(token(1))).toEqual({ lentMicroUsd: 0, heldMicroUsd: 0 });
  });

  it("FUNDS-34 keeps nobody awake: where nobody looks there is no timer", () => {
    const counter = new Counter();
    for (let call = 0; call < 10; call += 1) counter.desk.ask(asking(call, call, { needMicroUsd: 5 }));
    counter.desk.release(callId(1));
    expect(counter.timers).toBe(0);
    expect(counter.kept.size).toBe(10);
  });
});
