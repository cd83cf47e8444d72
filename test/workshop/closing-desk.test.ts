import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { parseWorkshopId } from "../../src/protocol/ids.ts";
import { ClosingDesk, type ClosingRow } from "../../src/workshop/closing-desk.ts";
import { type ClosingDates, ClosingPlan } from "../../src/workshop/closing-plan.ts";

const ID =
  parseWorkshopId("w1") ??
  (() => {
    throw new Error("not an id");
  })();
const START_MS = 1_000_000_000_000;
const DAY_MS = 24 * 3_600_000;

const closedAt = (keysAtMs: number, eraseAtMs: number): ClosingDates => ({
  closedAtMs: START_MS,
  keysAtMs,
  keysDeletedAtMs: null,
  eraseAtMs,
  erasedAtMs: null,
});

/** A crash: the object is gone in the middle of what it did, and nothing after it happens. */
class Crash extends Error {}

/** One workshop: its row, its object's storage and alarm, its calls; and the object itself, which may die and come back. */
class World {
  nowMs = START_MS;
  row: ClosingRow = { closing: null };
  keys = 3;
  students = 3;
  calls = 2;
  /** Calls that cannot be told. */
  deaf = 0;
  plan: string | undefined;
  alarmAtMs: number | null = null;
  isDatabaseAway = false;
  /** What the class was told, in order. */
  readonly deeds: string[] = [];
  readonly retriesMs: number[] = [];
  /** Lets something else happen just before this step, or a crash just after it. */
  before: (step: string) => Promise<void> | void = () => {};
  after: (step: string) => void = () => {};
  #isDead = false;
  desk = this.#wake();

  #wake(): ClosingDesk {
    this.#isDead = false;
    const alive = <Value>(value: Value): Value => {
      if (this.#isDead) throw new Crash("dead");
      return value;
    };
    const step = async (name: string, run: () => void): Promise<ClosingRow> => {
      alive(undefined);
      await this.before(name);
      if (this.isDatabaseAway) throw new Failure("database_unavailable");
      run();
      this.after(name);
      return alive(this.row);
    };
    const done = (name: string): void => {
      alive(undefined);
      this.deeds.push(name);
      this.after(name);
    };
    const isDue = (atMs: number | undefined, nowMs: number): boolean => atMs !== undefined && atMs <= nowMs;
    const write = (changes: Partial<ClosingDates>): void => {
      if (this.row?.closing) this.row = { closing: { ...this.row.closing, ...changes } };
    };
    return new ClosingDesk({
      nowMs: () => this.nowMs,
      storage: {
        readPlan: () => (this.plan === undefined ? undefined : ClosingPlan.parse(JSON.parse(this.plan))),
        keepPlan: (plan) => {
          this.plan = alive(plan) && JSON.stringify(plan);
        },
      },
      setAlarm: async (atMs) => {
        this.alarmAtMs = alive(atMs);
      },
      rows: {
        find: () => step("find", () => {}),
        deleteKeys: (_id, nowMs, isDone) =>
          step("keys", () => {
            const { closing } = this.row ?? {};
            if (!isDue(closing?.keysAtMs, nowMs)) return;
            this.keys = 0;
            if (isDone) write({ keysDeletedAtMs: closing?.keysDeletedAtMs ?? nowMs });
          }),
        erase: (_id, nowMs) =>
          step("erase", () => {
            const { closing } = this.row ?? {};
            if (!isDue(closing?.eraseAtMs, nowMs)) return;
            this.students = 0;
            write({ keysDeletedAtMs: closing?.keysDeletedAtMs ?? nowMs, erasedAtMs: closing?.erasedAtMs ?? nowMs });
          }),
      },
      endCalls: async (notice) => {
        if (this.calls > this.deaf) done(`calls ${notice}`);
        this.calls = this.deaf;
        return this.deaf;
      },
      changed: () => done("changed"),
      keysDeleted: () => done("keys deleted"),
      clear: async (keepsSums) => {
        this.plan = undefined;
        this.alarmAtMs = null;
        done(keepsSums ? "cleared" : "emptied");
      },
      failed: (_code, retryMs) => this.retriesMs.push(retryMs),
    });
  }

  die(): never {
    this.#isDead = true;
    throw new Crash("dead");
  }

  /** The object comes back, as an alarm or a request would make it. */
  wake(): void {
    this.desk = this.#wake();
  }

  /** Lets time pass, alarms included; never more than `most` of them. */
  async until(atMs: number, most = 1_000): Promise<void> {
    for (let rung = 0; this.alarmAtMs !== null && this.alarmAtMs <= atMs; rung += 1) {
      if (rung > most) throw new Error("the alarm rings for ever");
      this.nowMs = Math.max(this.nowMs, this.alarmAtMs);
      this.alarmAtMs = null;
      await this.desk.alarm();
    }
    this.nowMs = Math.max(this.nowMs, atMs);
  }

  close(keysAtMs: number, eraseAtMs: number): void {
    const closing = this.row?.closing;
    this.row = { closing: { ...(closing ?? closedAt(0, 0)), keysAtMs, eraseAtMs } };
  }

  get isDone(): boolean {
    return this.row?.closing?.erasedAtMs != null && this.keys === 0 && this.students === 0 && this.calls === 0;
  }
}

describe("the end of a workshop", () => {
  it("CLOSE-3 does each step when its row says so: calls at once, keys and students at their dates", async () => {
    const world = new World();
    world.close(START_MS + DAY_MS, START_MS + 30 * DAY_MS);
    await world.desk.look(ID);
    expect([world.calls, world.keys, world.students, world.desk.isClosed]).toEqual([0, 3, 3, true]);
    await world.until(START_MS + DAY_MS - LIMITS.closingEarlyMs - 1);
    expect(world.keys).toBe(3);
    await world.until(START_MS + DAY_MS);
    expect([world.keys, world.students, world.desk.isErased]).toEqual([0, 3, false]);
    await world.until(START_MS + 30 * DAY_MS);
    expect([world.isDone, world.desk.isErased, world.deeds.at(-1)]).toEqual([true, true, "cleared"]);
    // Once more for what was on its way, then never again.
    await world.until(START_MS + 31 * DAY_MS);
    expect([world.deeds.filter((deed) => deed === "cleared").length, world.alarmAtMs]).toEqual([2, null]);
  });

  it("CLOSE-4 tries again while the database is away, after 2 s, then ever longer up to 10 min, and never gives up", async () => {
    const world = new World();
    world.close(START_MS + 60_000, START_MS + 60_000);
    await world.desk.look(ID);
    world.isDatabaseAway = true;
    await world.until(START_MS + 3 * DAY_MS, 100_000);
    expect(world.retriesMs.slice(0, 11)).toEqual([
      ...[2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 600_000, 600_000],
    ]);
    expect([world.students, world.retriesMs.length > 400]).toEqual([3, true]);
    world.isDatabaseAway = false;
    await world.until(world.nowMs + LIMITS.closingRetryMaxMs);
    expect(world.isDone).toBe(true);
    // A trouble that is over is forgotten.
    expect(ClosingPlan.parse(JSON.parse(world.plan ?? "")).failures).toBe(0);
  });

  it("CLOSE-5 says that a step failed to whoever asked for it, and does it all the same", async () => {
    const world = new World();
    world.close(START_MS, START_MS);
    world.isDatabaseAway = true;
    await expect(world.desk.look(ID)).rejects.toMatchObject({ reason: "database_unavailable" });
    world.isDatabaseAway = false;
    await world.until(START_MS + 10_000);
    expect(world.isDone).toBe(true);
  });

  it.each(["find", "calls closed", "keys", "keys deleted", "erase", "changed", "cleared"])(
    "CLOSE-6 survives a crash right after: %s",
    async (where) => {
      const world = new World();
      world.close(START_MS, START_MS);
      world.after = (step) => {
        if (step !== where) return;
        world.after = () => {};
        world.die();
      };
      await expect(world.desk.look(ID)).rejects.toThrow();
      world.wake();
      // Cleared, it has no alarm of its own any more: there is nothing left to wake up for.
      await world.until(START_MS + DAY_MS);
      expect(world.isDone).toBe(true);
      if (where !== "cleared") expect(world.deeds).toContain("cleared");
    },
  );

  it("CLOSE-7 does what the row says last, whichever of two consoles was told of first", async () => {
    const world = new World();
    world.close(START_MS, START_MS);
    // While the first console's word is on its way, the second one takes it back.
    world.before = (step) => {
      if (step !== "keys") return;
      world.before = () => {};
      world.row = { closing: null };
    };
    const first = world.desk.look(ID);
    const second = world.desk.look(ID);
    await Promise.all([first, second]);
    expect([world.keys, world.students, world.desk.isClosed, world.alarmAtMs]).toEqual([3, 3, false, null]);
    // And the other way round: whoever asks meanwhile is not answered by a look that began before.
    world.before = (step) => {
      if (step !== "find") return;
      world.before = () => {};
      world.close(START_MS, START_MS + DAY_MS);
    };
    await Promise.all([world.desk.look(ID), world.desk.look(ID)]);
    expect([world.keys, world.students, world.desk.isClosed]).toEqual([0, 3, true]);
  });

  it("CLOSE-8 deletes the keys while a call cannot be told, and says so only when it has been", async () => {
    const world = new World();
    world.close(START_MS, START_MS + 60_000);
    world.deaf = 1;
    await expect(world.desk.look(ID)).rejects.toMatchObject({ reason: "internal" });
    expect([world.keys, world.row?.closing?.keysDeletedAtMs]).toEqual([0, null]);
    await world.until(START_MS + 120_000);
    // Their rows are gone, and what is kept here of a call that may still go on is not.
    expect([world.students, world.deeds.includes("cleared")]).toEqual([0, false]);
    world.deaf = 0;
    await world.until(START_MS + 30 * 60_000);
    expect([world.isDone, world.deeds.at(-1)]).toEqual([true, "cleared"]);
  });

  it("CLOSE-9 of a workshop that is deleted keeps whoever could not be told, until they are", async () => {
    const world = new World();
    world.row = undefined;
    world.deaf = 1;
    await expect(world.desk.look(ID)).rejects.toMatchObject({ reason: "internal" });
    await expect(world.desk.look(ID)).rejects.toMatchObject({ reason: "internal" });
    expect([world.desk.isClosed, world.deeds.includes("emptied")]).toEqual([true, false]);
    world.deaf = 0;
    await world.desk.look(ID);
    expect(world.deeds.filter((deed) => deed === "emptied")).toHaveLength(1);
    // A while later also the note that there was one is gone.
    await world.until(START_MS + DAY_MS);
    expect([world.deeds.filter((deed) => deed === "emptied").length, world.plan, world.alarmAtMs]).toEqual([
      2,
      undefined,
      null,
    ]);
  });

  it("CLOSE-32 is not forgotten when one student is erased before, and the storage is written anew", async () => {
    const world = new World();
    world.close(START_MS + DAY_MS, START_MS + DAY_MS);
    await world.desk.look(ID);
    world.plan = undefined;
    world.alarmAtMs = null;
    await world.desk.rewrite();
    world.wake();
    expect(world.desk.isClosed).toBe(true);
    await world.until(START_MS + DAY_MS);
    expect(world.isDone).toBe(true);
  });

  it("CLOSE-10 that was never told of asks the row when somebody who knows it comes here", async () => {
    const world = new World();
    world.close(START_MS, START_MS);
    world.desk.learn(ID, world.row?.closing ?? null);
    await world.until(START_MS + 1);
    expect(world.isDone).toBe(true);
    // What they knew may be older than what is known here: it is only a reason to ask.
    const other = new World();
    other.close(START_MS + DAY_MS, START_MS + DAY_MS);
    await other.desk.look(ID);
    other.desk.learn(ID, null);
    await other.until(START_MS + 1);
    expect(other.desk.isClosed).toBe(true);
    // Dates that it was not told of it finds out within a day.
    other.close(START_MS + 1_000, START_MS + 1_000);
    await other.until(START_MS + DAY_MS);
    expect(other.isDone).toBe(true);
  });
});
