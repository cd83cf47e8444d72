import { describe, expect, it } from "vitest";
import { Purse, type PurseTerms } from "../../src/call/purse.ts";
import { LIMITS } from "../../src/limits.ts";
import type { Budget } from "../../src/protocol/bill.ts";
import type { FundsReply } from "../../src/workshop/funds.ts";
import { ManualClock } from "../standins/clock.ts";

const BUDGET: Budget = { of: "student", limitMicroUsd: 1_000, spentMicroUsd: 100, stage: "ok" };

class World {
  readonly clock = new ManualClock();
  readonly asked: { spentMicroUsd: number; needMicroUsd: number }[] = [];
  readonly budgets: Budget[] = [];
  spentMicroUsd = 0;
  terms: PurseTerms = "lent";
  answer: () => Promise<FundsReply> = async () => this.granted();
  readonly purse = new Purse({
    nowMs: () => this.clock.now(),
    startTimer: (run, afterMs) => this.clock.startTimer(run, afterMs),
    terms: () => this.terms,
    ask: (sums) => {
      this.asked.push(sums);
      return this.answer();
    },
    spentMicroUsd: () => this.spentMicroUsd,
    onBudget: (budget) => this.budgets.push(budget),
  });

  granted(): FundsReply {
    return { granted: true, untilMs: this.clock.now() + LIMITS.reservationMs, budget: BUDGET };
  }
}

const asked = (spentMicroUsd: number, needMicroUsd: number) => ({ spentMicroUsd, needMicroUsd });

describe("the purse of a call", () => {
  it("PURSE-1 reserves before it spends, and asks again only when what is held does not reach", async () => {
    const world = new World();
    expect(world.purse.holds(1)).toBe(false);
    expect(await world.purse.cover(100)).toBeUndefined();
    expect(world.purse.holds(100)).toBe(true);
    world.spentMicroUsd = 60;
    expect(await world.purse.cover(40)).toBeUndefined();
    expect(world.asked).toEqual([asked(0, 100)]);
    expect(await world.purse.cover(41)).toBeUndefined();
    expect(world.asked).toEqual([asked(0, 100), asked(60, 41)]);
    expect(world.budgets).toEqual([BUDGET, BUDGET]);
  });

  it("PURSE-2 gives back what was not spent, once, and needs a new reservation after", async () => {
    const world = new World();
    await world.purse.cover(100);
    world.spentMicroUsd = 30;
    await world.purse.settle();
    await world.purse.settle();
    expect(world.asked).toEqual([asked(0, 100), asked(30, 0)]);
    expect(world.purse.holds(1)).toBe(false);
  });

  it("PURSE-3 does not spend what has been held too long", async () => {
    const world = new World();
    await world.purse.cover(100);
    world.clock.advance(LIMITS.reservationMs - 20_000);
    expect(world.purse.holds(1)).toBe(false);
    // A workshop whose clock is ahead does not make it last longer.
    world.answer = async () => ({ granted: true, untilMs: world.clock.now() + 3_600_000, budget: null });
    await world.purse.cover(100);
    world.clock.advance(LIMITS.reservationMs);
    expect(world.purse.holds(1)).toBe(false);
  });

  it("PURSE-4 says why it is refused, and shows how much there was", async () => {
    const world = new World();
    const spent: Budget = { ...BUDGET, stage: "spent" };
    world.answer = async () => ({ granted: false, reason: "allowance_used", isHeld: false, budget: spent });
    expect(await world.purse.cover(100)).toBe("allowance_used");
    expect(world.budgets).toEqual([spent]);
  });

  it("PURSE-5 spends nothing of the instructor's when nobody can say, or nobody answers in time", async () => {
    const world = new World();
    world.answer = () => Promise.reject(new Error("gone"));
    expect(await world.purse.cover(100)).toBe("money_unreachable");
    world.answer = () => new Promise(() => {});
    const waiting = world.purse.cover(100);
    await world.clock.advanceAsync(LIMITS.workshopMs);
    expect(await waiting).toBe("money_unreachable");
    expect(world.purse.holds(1)).toBe(false);
  });

  it("PURSE-6 keeps nobody from their own key when nobody can say, but holds to their cap when somebody can", async () => {
    const world = new World();
    world.terms = "capped";
    world.answer = () => Promise.reject(new Error("gone"));
    expect(await world.purse.cover(100)).toBeUndefined();
    world.answer = async () => ({ granted: false, reason: "own_cap_used", isHeld: false, budget: null });
    expect(await world.purse.cover(100)).toBe("own_cap_used");
  });

  it("PURSE-7 lends nothing for what has no price, and leaves a student's own key alone with it", async () => {
    const world = new World();
    expect(await world.purse.cover(null)).toBe("unpriced_model");
    world.terms = "capped";
    expect(await world.purse.cover(null)).toBeUndefined();
    expect(world.asked).toEqual([]);
  });

  it("PURSE-8 asks nobody when nobody limits the call, and tells what it cost at its end", async () => {
    const world = new World();
    world.terms = "free";
    expect(await world.purse.cover(1_000_000)).toBeUndefined();
    await world.purse.settle();
    expect(world.asked).toEqual([]);
    world.spentMicroUsd = 70;
    expect(await world.purse.close()).toBe(true);
    expect(await world.purse.close()).toBe(true);
    expect(world.asked).toEqual([asked(70, 0)]);
  });

  it("PURSE-9 is not closed before the workshop knows all that was spent", async () => {
    const world = new World();
    world.spentMicroUsd = 70;
    world.answer = () => Promise.reject(new Error("gone"));
    expect(await world.purse.close()).toBe(false);
    world.answer = async () => world.granted();
    expect(await world.purse.close()).toBe(true);
    expect(world.asked).toEqual([asked(70, 0), asked(70, 0)]);
  });

  it("PURSE-10 has one question on its way at a time, and the second is not asked when the first was enough", async () => {
    const world = new World();
    const replies: ((reply: FundsReply) => void)[] = [];
    world.answer = () => new Promise((resolve) => replies.push(resolve));
    const covers = [world.purse.cover(100), world.purse.cover(80)];
    await Promise.resolve();
    expect(replies).toHaveLength(1);
    replies[0]?.(world.granted());
    expect(await Promise.all(covers)).toEqual([undefined, undefined]);
    expect(world.asked).toEqual([asked(0, 100)]);
  });

  it("PURSE-11 tells what was spent as soon as it is known, though enough is held for what comes next", async () => {
    const world = new World();
    await world.purse.cover(100);
    expect(await world.purse.renew(50)).toBeUndefined();
    world.spentMicroUsd = 30;
    expect(await world.purse.renew(50)).toBeUndefined();
    expect(await world.purse.renew(50)).toBeUndefined();
    expect(world.asked).toEqual([asked(0, 100), asked(30, 50)]);
  });

  it("PURSE-12 waits a moment for what others hold and have not spent, and no longer", async () => {
    const world = new World();
    const held: FundsReply = { granted: false, reason: "pool_used", isHeld: true, budget: BUDGET };
    world.answer = async () => held;
    const waiting = world.purse.cover(100);
    await world.clock.advanceAsync(1_400);
    world.answer = async () => world.granted();
    await world.clock.advanceAsync(100);
    expect(await waiting).toBeUndefined();
    expect(world.asked).toHaveLength(4);

    world.answer = async () => held;
    const inVain = world.purse.cover(200);
    await world.clock.advanceAsync(LIMITS.fundsPatienceMs);
    expect(await inVain).toBe("pool_used");
  });

  it("PURSE-13 is closed after what is on its way, gives that back, and waits for nothing more", async () => {
    const world = new World();
    const replies: ((reply: FundsReply) => void)[] = [];
    world.answer = () => new Promise((resolve) => replies.push(resolve));
    void world.purse.cover(100);
    await world.clock.advanceAsync(0);
    const closed = world.purse.close();
    await world.clock.advanceAsync(0);
    replies[0]?.(world.granted());
    world.answer = async () => world.granted();
    expect(await closed).toBe(true);
    expect(world.asked).toEqual([asked(0, 100), asked(0, 0)]);

    const waiting = new World();
    waiting.spentMicroUsd = 30;
    waiting.answer = async () => ({ granted: false, reason: "pool_used", isHeld: true, budget: null });
    const refused = waiting.purse.cover(100);
    await waiting.clock.advanceAsync(0);
    const closing = waiting.purse.close();
    // By now there would be enough.
    waiting.answer = async () => waiting.granted();
    await waiting.clock.advanceAsync(500);
    expect(await refused).toBe("pool_used");
    expect(await closing).toBe(true);
    expect(waiting.asked.at(-1)).toEqual(asked(30, 0));
    expect(await waiting.purse.cover(100)).toBe("pool_used");
    expect(waiting.asked.filter(({ needMicroUsd }) => needMicroUsd > 0)).toHaveLength(1);
  });

  it("PURSE-14 spends no more than is held in any case when an answer is lost, and goes on as long as that reaches", async () => {
    const world = new World();
    await world.purse.cover(100);
    world.answer = () => Promise.reject(new Error("gone"));
    world.spentMicroUsd = 20;
    // It may hold 60 now, or still what is left of 100.
    expect(await world.purse.renew(60, true)).toBeUndefined();
    expect(world.purse.holds(60)).toBe(true);
    expect(world.purse.holds(61)).toBe(false);
    world.spentMicroUsd = 50;
    expect(await world.purse.renew(60)).toBe("money_unreachable");
    expect(world.purse.holds(30)).toBe(true);
    expect(world.purse.holds(31)).toBe(false);
  });

  it("PURSE-15 tells again what it has spent until it is heard, also when nothing comes next", async () => {
    const world = new World();
    await world.purse.cover(100);
    world.spentMicroUsd = 60;
    world.answer = () => Promise.reject(new Error("lost"));
    await world.purse.settle();
    await world.clock.advanceAsync(LIMITS.reservationMs);
    const lost = world.asked.length - 1;
    expect(lost).toBeGreaterThan(4);
    expect(world.asked.slice(1)).toEqual(Array.from({ length: lost }, () => asked(60, 0)));
    world.answer = async () => world.granted();
    await world.clock.advanceAsync(60_000);
    await world.clock.advanceAsync(600_000);
    expect(world.asked).toHaveLength(lost + 2);
  });

  it("PURSE-16 gives nothing back behind the back of what has come next", async () => {
    const world = new World();
    await world.purse.cover(100);
    world.spentMicroUsd = 60;
    world.answer = () => Promise.reject(new Error("lost"));
    await world.purse.settle();
    world.answer = async () => world.granted();
    expect(await world.purse.cover(50)).toBeUndefined();
    await world.clock.advanceAsync(60_000);
    expect(world.asked).toEqual([asked(0, 100), asked(60, 0), asked(60, 50)]);
    expect(world.purse.holds(50)).toBe(true);
    // Also what is only on its way.
    world.spentMicroUsd = 100;
    world.answer = () => Promise.reject(new Error("lost"));
    await world.purse.settle();
    const slow = Promise.withResolvers<FundsReply>();
    world.answer = () => slow.promise;
    await world.clock.advanceAsync(1_900);
    const next = world.purse.cover(30);
    await world.clock.advanceAsync(200);
    world.answer = async () => world.granted();
    slow.resolve(world.granted());
    expect(await next).toBeUndefined();
    await world.clock.advanceAsync(60_000);
    expect(world.asked.at(-1)).toEqual(asked(100, 30));
    // Nor after the call.
    world.answer = () => Promise.reject(new Error("lost"));
    await world.purse.settle();
    expect(await world.purse.close()).toBe(false);
    const { length } = world.asked;
    await world.clock.advanceAsync(600_000);
    expect(world.asked).toHaveLength(length);
  });
});
