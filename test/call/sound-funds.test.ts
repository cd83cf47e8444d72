import { describe, expect, it } from "vitest";
import { Purse } from "../../src/call/purse.ts";
import { SoundFunds } from "../../src/call/sound-funds.ts";
import type { Reason } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import type { FundsReply } from "../../src/workshop/funds.ts";
import { ManualClock } from "../standins/clock.ts";

class World {
  readonly clock = new ManualClock();
  readonly needs: number[] = [];
  readonly refused: Reason[] = [];
  needMicroUsd: number | null = 100;
  spentMicroUsd = 0;
  answer: () => Promise<FundsReply> = async () => this.granted();
  readonly funds = new SoundFunds(
    new Purse({
      nowMs: this.clock.now,
      startTimer: this.clock.startTimer,
      terms: () => "lent",
      ask: ({ needMicroUsd }) => {
        this.needs.push(needMicroUsd);
        return this.answer();
      },
      spentMicroUsd: () => this.spentMicroUsd,
      onBudget: () => {},
    }),
    {
      nowMs: this.clock.now,
      startTimer: this.clock.startTimer,
      needMicroUsd: () => this.needMicroUsd,
      onRefused: (reason) => this.refused.push(reason),
    },
  );

  granted(): FundsReply {
    return { granted: true, untilMs: this.clock.now() + LIMITS.reservationMs, budget: null };
  }
}

describe("money for a call with sound", () => {
  it("SFUNDS-1 is reserved before a session begins, or there is none", async () => {
    const world = new World();
    expect(await world.funds.open()).toBeUndefined();
    expect(world.needs).toEqual([100]);
    world.needMicroUsd = null;
    expect(await world.funds.open()).toBe("unpriced_model");
  });

  it("SFUNDS-2 is asked for again when an answer has begun that uses up what was held", async () => {
    const world = new World();
    await world.funds.open();
    world.funds.changed();
    expect(world.needs).toEqual([100]);
    world.needMicroUsd = 250;
    world.funds.changed();
    world.funds.changed();
    await world.clock.advanceAsync(0);
    expect(world.needs).toEqual([100, 250]);
    expect(world.funds.passes).toBe(true);
  });

  it("SFUNDS-3 lets the model hear nothing while the next answer is granted to nobody", async () => {
    const world = new World();
    await world.funds.open();
    world.answer = () => new Promise(() => {});
    world.needMicroUsd = 250;
    world.funds.changed();
    expect(world.funds.passes).toBe(true);
    await world.clock.advanceAsync(400);
    expect(world.funds.passes).toBe(false);
    await world.clock.advanceAsync(LIMITS.workshopMs);
    expect(world.refused).toEqual(["money_unreachable"]);
    expect(world.funds.passes).toBe(false);
  });

  it("SFUNDS-4 says once that there is no more, and why", async () => {
    const world = new World();
    await world.funds.open();
    world.answer = async () => ({ granted: false, reason: "pool_used", isHeld: false, budget: null });
    world.spentMicroUsd = 50;
    world.funds.changed();
    await world.clock.advanceAsync(LIMITS.reservationMs);
    expect(world.refused).toEqual(["pool_used"]);
    expect(world.funds.passes).toBe(false);
  });

  it("SFUNDS-5 is held on to while nobody speaks, and let go of with the session", async () => {
    const world = new World();
    await world.funds.open();
    await world.clock.advanceAsync(4 * LIMITS.reservationMs);
    expect(world.needs.length).toBeGreaterThanOrEqual(4);
    expect(world.refused).toEqual([]);
    world.funds.close();
    const before = world.needs.length;
    await world.clock.advanceAsync(4 * LIMITS.reservationMs);
    expect(world.needs).toHaveLength(before);
  });

  it("SFUNDS-6 is held for long enough, at any moment, that a call which dies can wake and tell what it has spent", async () => {
    const world = new World();
    let untilMs = 0;
    world.answer = async () => {
      untilMs = world.clock.now() + LIMITS.reservationMs;
      return world.granted();
    };
    await world.funds.open();
    for (let second = 0; second < 300; second += 1) {
      await world.clock.advanceAsync(1_000);
      expect(untilMs - world.clock.now()).toBeGreaterThan(LIMITS.deadCallerMs + LIMITS.resumeWindowMs);
    }
  });

  it("SFUNDS-7 is told as spent by a call that woke without its session, which reserves nothing", async () => {
    const world = new World();
    world.spentMicroUsd = 70;
    world.funds.changed();
    await world.clock.advanceAsync(0);
    expect(world.needs).toEqual([0]);
    // While a session is being opened, what is reserved for it is not given back.
    const opening = world.funds.open();
    world.funds.changed();
    expect(await opening).toBeUndefined();
    expect(world.needs).toEqual([0, 100]);
  });
});
