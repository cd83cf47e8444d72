import { describe, expect, it } from "vitest";
import { type Account, Allowance, accountKey } from "../../src/workshop/allowance.ts";
import { FundsRequest } from "../../src/workshop/funds.ts";
import { callId, token } from "./class.ts";
import { asking, HOLD_MS, newAllowance, UNLIMITED, verdict } from "./funding.ts";

const NOW_MS = 1_000_000;

describe("what is lent", () => {
  it("FUNDS-1 is reserved before it is spent, and what was not spent is free again", () => {
    const allowance = newAllowance({ poolMicroUsd: 100 });
    expect(allowance.ask(asking(1, 1, { needMicroUsd: 80 }), NOW_MS)).toMatchObject({
      granted: true,
      untilMs: NOW_MS + HOLD_MS,
    });
    expect(verdict(allowance.ask(asking(2, 2, { needMicroUsd: 21 }), NOW_MS))).toBe("pool_used");
    allowance.ask(asking(1, 1, { spentMicroUsd: 30 }), NOW_MS);
    expect(allowance.classMoney(NOW_MS)).toMatchObject({ spentMicroUsd: 30, heldMicroUsd: 0 });
    expect(verdict(allowance.ask(asking(2, 2, { needMicroUsd: 70 }), NOW_MS))).toBe("granted");
    expect(verdict(allowance.ask(asking(3, 3, { needMicroUsd: 1 }), NOW_MS))).toBe("pool_used");
  });

  it.each([
    [{ callMicroUsd: 50 }, "call_budget_used", "call"],
    [{ studentMicroUsd: 50 }, "allowance_used", "student"],
    [{ poolMicroUsd: 50 }, "pool_used", "pool"],
  ] as const)("FUNDS-2 stays below each limit, and the refusal names it: %j", (limits, reason, of) => {
    const allowance = newAllowance(limits);
    expect(verdict(allowance.ask(asking(1, 1, { spentMicroUsd: 20, needMicroUsd: 30 }), NOW_MS))).toBe("granted");
    const refused = allowance.ask(asking(1, 1, { spentMicroUsd: 20, needMicroUsd: 31 }), NOW_MS);
    expect(refused).toEqual({
      granted: false,
      reason,
      isHeld: false,
      budget: { of, limitMicroUsd: 50, spentMicroUsd: 20, stage: "spent" },
    });
  });

  it("FUNDS-16 is not called used while others only hold it", () => {
    const allowance = newAllowance({ poolMicroUsd: 100 });
    allowance.ask(asking(1, 1, { spentMicroUsd: 10, needMicroUsd: 60 }), NOW_MS);
    expect(allowance.ask(asking(2, 2, { needMicroUsd: 40 }), NOW_MS)).toEqual({
      granted: false,
      reason: "pool_used",
      isHeld: true,
      budget: { of: "pool", limitMicroUsd: 100, spentMicroUsd: 10, stage: "ok" },
    });
    expect(allowance.ask(asking(2, 2, { needMicroUsd: 91 }), NOW_MS)).toMatchObject({ isHeld: false });
  });

  it("FUNDS-17 stays held for what goes on when more is refused, less what was spent of it, and no longer than that", () => {
    const allowance = newAllowance({ poolMicroUsd: 100 });
    allowance.ask(asking(1, 1, { needMicroUsd: 60 }), NOW_MS);
    const more = asking(1, 1, { spentMicroUsd: 20, needMicroUsd: 90 });
    expect(verdict(allowance.ask(more, NOW_MS + 1_000))).toBe("pool_used");
    expect(allowance.classMoney(NOW_MS + 1_000)).toMatchObject({ spentMicroUsd: 20, heldMicroUsd: 40 });
    expect(verdict(allowance.ask(asking(2, 2, { needMicroUsd: 41 }), NOW_MS + 1_000))).toBe("pool_used");
    expect(verdict(allowance.ask(asking(2, 2, { needMicroUsd: 40 }), NOW_MS + 1_000))).toBe("granted");
    allowance.ask(asking(2, 2), NOW_MS + 1_000);
    expect(allowance.classMoney(NOW_MS + 1_000 + HOLD_MS)).toMatchObject({ heldMicroUsd: 0 });
    expect(verdict(allowance.ask(more, NOW_MS + 1_000 + HOLD_MS))).toBe("pool_used");
    expect(allowance.classMoney(NOW_MS + 1_000 + HOLD_MS)).toMatchObject({ heldMicroUsd: 0 });
  });

  it("FUNDS-3 is one student's over all their calls, and another's is their own", () => {
    const allowance = newAllowance({ studentMicroUsd: 100 });
    allowance.ask(asking(1, 1, { spentMicroUsd: 60 }), NOW_MS);
    expect(verdict(allowance.ask(asking(2, 1, { needMicroUsd: 41 }), NOW_MS))).toBe("allowance_used");
    expect(verdict(allowance.ask(asking(3, 2, { needMicroUsd: 100 }), NOW_MS))).toBe("granted");
    expect(allowance.lentTo(token(1), NOW_MS)).toEqual({ lentMicroUsd: 60, heldMicroUsd: 0 });
    expect(allowance.lentTo(token(2), NOW_MS)).toEqual({ lentMicroUsd: 0, heldMicroUsd: 100 });
  });

  it("FUNDS-4 is nothing when the key is not lent, and only for the models that are", () => {
    const off = newAllowance({ allowed: false });
    expect(verdict(off.ask(asking(1, 1, { needMicroUsd: 1 }), NOW_MS))).toBe("fallback_off");
    const some = newAllowance({ models: ["gpt-6-luna"] });
    expect(verdict(some.ask(asking(1, 1, { needMicroUsd: 1 }), NOW_MS))).toBe("granted");
    const other = asking(2, 1, { needMicroUsd: 1, model: "gpt-6-astra" });
    expect(verdict(some.ask(other, NOW_MS))).toBe("model_not_lent");
  });

  it("FUNDS-5 is settled also where nothing is lent any more", () => {
    const allowance = newAllowance({ poolMicroUsd: 100 });
    allowance.ask(asking(1, 1, { needMicroUsd: 50 }), NOW_MS);
    allowance.lending = { ...UNLIMITED, allowed: false };
    expect(verdict(allowance.ask(asking(1, 1, { spentMicroUsd: 40 }), NOW_MS))).toBe("granted");
    expect(allowance.classMoney(NOW_MS)).toMatchObject({ spentMicroUsd: 40, heldMicroUsd: 0 });
  });

  it("FUNDS-6 counts the highest sum, whatever comes twice, late or out of order", () => {
    const allowance = newAllowance({ poolMicroUsd: 100 });
    for (const spentMicroUsd of [10, 40, 40, 20]) allowance.ask(asking(1, 1, { spentMicroUsd }), NOW_MS);
    expect(allowance.classMoney(NOW_MS).spentMicroUsd).toBe(40);
  });

  it("FUNDS-7 is free again after 120 s without a word, and what comes late counts", () => {
    const allowance = newAllowance({ poolMicroUsd: 100 });
    allowance.ask(asking(1, 1, { needMicroUsd: 100 }), NOW_MS);
    expect(verdict(allowance.ask(asking(2, 2, { needMicroUsd: 1 }), NOW_MS + HOLD_MS - 1))).toBe("pool_used");
    expect(verdict(allowance.ask(asking(2, 2, { needMicroUsd: 60 }), NOW_MS + HOLD_MS))).toBe("granted");
    allowance.ask(asking(1, 1, { spentMicroUsd: 30 }), NOW_MS + HOLD_MS + 5);
    expect(allowance.classMoney(NOW_MS + HOLD_MS + 5)).toMatchObject({ spentMicroUsd: 30, heldMicroUsd: 60 });
  });

  it("FUNDS-8 is held no longer than that by a clock that is set back, and no shorter", () => {
    const allowance = newAllowance({ poolMicroUsd: 100 });
    allowance.ask(asking(1, 1, { needMicroUsd: 100 }), NOW_MS + 3_600_000);
    expect(verdict(allowance.ask(asking(2, 2, { needMicroUsd: 1 }), NOW_MS))).toBe("pool_used");
    expect(verdict(allowance.ask(asking(2, 2, { needMicroUsd: 1 }), NOW_MS + HOLD_MS - 1))).toBe("pool_used");
    expect(verdict(allowance.ask(asking(2, 2, { needMicroUsd: 1 }), NOW_MS + HOLD_MS))).toBe("granted");
  });

  it("FUNDS-9 takes its limits from the request only while the object was never told any", () => {
    const allowance = new Allowance({ accounts: [], lending: undefined, ownCaps: new Map() });
    const one = asking(1, 1, { needMicroUsd: 60, lending: { ...UNLIMITED, poolMicroUsd: 50 } });
    expect(verdict(allowance.ask(one, NOW_MS))).toBe("pool_used");
    expect(verdict(allowance.ask({ ...one, lending: null }, NOW_MS))).toBe("fallback_off");
    allowance.lending = { ...UNLIMITED, poolMicroUsd: 60 };
    expect(verdict(allowance.ask(one, NOW_MS))).toBe("granted");
  });

  it("FUNDS-10 goes on counting for a student who was erased, under no name", () => {
    const allowance = newAllowance({ poolMicroUsd: 100, studentMicroUsd: 50 });
    allowance.ask(asking(1, 1, { spentMicroUsd: 50 }), NOW_MS);
    allowance.ask(asking(2, 1, { payer: "student", spentMicroUsd: 9 }), NOW_MS);
    allowance.takeChanges();
    allowance.forget(token(1));
    expect(allowance.classMoney(NOW_MS).spentMicroUsd).toBe(50);
    expect(allowance.account(accountKey({ payer: "instructor", callId: callId(1) }))).toMatchObject({
      sessionToken: null,
      studentId: null,
      spentMicroUsd: 50,
    });
    expect(allowance.account(accountKey({ payer: "student", callId: callId(2) }))).toBeUndefined();
    expect(allowance.takeChanges().size).toBe(2);
    // A last word of a call of theirs counts too, and brings no name back.
    allowance.ask(asking(1, 1, { spentMicroUsd: 55 }), NOW_MS);
    expect(allowance.classMoney(NOW_MS).spentMicroUsd).toBe(55);
    expect(allowance.lentTo(token(1), NOW_MS).lentMicroUsd).toBe(0);
  });
});

describe("what is asked", () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, "5", null])(
    "FUNDS-22 is no request with %s micro-dollars",
    (microUsd) => {
      const whole = asking(1, 1);
      expect(FundsRequest.safeParse(whole).success).toBe(true);
      expect(FundsRequest.safeParse({ ...whole, spentMicroUsd: microUsd }).success).toBe(false);
      expect(FundsRequest.safeParse({ ...whole, needMicroUsd: microUsd }).success).toBe(false);
    },
  );
});

describe("a student's own cap", () => {
  it("FUNDS-11 bounds their own key and nothing of the instructor's, nor the other way round", () => {
    const allowance = newAllowance({ poolMicroUsd: 10 });
    const own = asking(1, 1, { payer: "student", ownCapMicroUsd: 100, needMicroUsd: 60 });
    expect(verdict(allowance.ask(own, NOW_MS))).toBe("granted");
    const more = { ...asking(2, 1, { payer: "student", ownCapMicroUsd: 100, needMicroUsd: 41 }) };
    expect(verdict(allowance.ask(more, NOW_MS))).toBe("own_cap_used");
    expect(allowance.classMoney(NOW_MS)).toMatchObject({ spentMicroUsd: 0, heldMicroUsd: 0 });
    expect(verdict(allowance.ask(asking(3, 1, { needMicroUsd: 10 }), NOW_MS))).toBe("granted");
  });

  it("FUNDS-12 is the newest that was told, and can be taken away", () => {
    const allowance = newAllowance();
    const own = asking(1, 1, { payer: "student", ownCapMicroUsd: 100, needMicroUsd: 60 });
    allowance.setCap(token(1), 50);
    expect(verdict(allowance.ask(own, NOW_MS))).toBe("own_cap_used");
    allowance.setCap(token(1), null);
    expect(allowance.ask(own, NOW_MS)).toMatchObject({ granted: true, budget: null });
  });
});

describe("the budget that is shown", () => {
  it("FUNDS-13 is the limit that is nearest, low from 80 % on and spent at 100 %", () => {
    const allowance = newAllowance({ poolMicroUsd: 1_000, studentMicroUsd: 100 });
    const budget = (spentMicroUsd: number) => allowance.ask(asking(1, 1, { spentMicroUsd }), NOW_MS).budget;
    expect(budget(79)).toEqual({ of: "student", limitMicroUsd: 100, spentMicroUsd: 79, stage: "ok" });
    expect(budget(80)).toMatchObject({ stage: "low" });
    expect(budget(100)).toMatchObject({ stage: "spent" });
    for (let student = 2; student <= 9; student += 1) {
      allowance.ask(asking(student, student, { spentMicroUsd: 100 }), NOW_MS);
    }
    expect(allowance.studentMoney(token(10), NOW_MS).lent).toMatchObject({
      of: "pool",
      spentMicroUsd: 900,
      stage: "low",
    });
  });

  it("FUNDS-14 says when nothing limits", () => {
    const allowance = newAllowance();
    expect(allowance.ask(asking(1, 1, { needMicroUsd: 5 }), NOW_MS).budget).toBeNull();
    expect(allowance.studentMoney(token(1), NOW_MS)).toEqual({ lent: null, own: null });
  });
});

/** A small random generator, so that a failure can be repeated. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

describe("500 calls at once", () => {
  it.each([1, 2, 3, 4, 5])(
    "FUNDS-15 of 50 students never spend more than the pool, whatever is lost or dies: %i",
    (seed) => {
      const random = randomOf(seed);
      const POOL = 1_000_000;
      let allowance = newAllowance({ poolMicroUsd: POOL, studentMicroUsd: 100_000 });
      const kept = new Map<string, Account>();
      const keep = (): void => {
        for (const key of allowance.takeChanges()) {
          const account = allowance.account(key);
          if (account) kept.set(key, account);
        }
      };
      const calls = Array.from({ length: 500 }, (_, at) => ({
        at,
        spent: 0,
        told: 0,
        held: 0,
        untilMs: 0,
        dead: false,
      }));
      let nowMs = NOW_MS;
      let granted = 0;
      let refused = 0;
      for (let step = 0; step < 20_000; step += 1) {
        // Whoever did not come to tell does so within the time of a reservation, with the next thing they ask.
        nowMs += random(20);
        const call = calls[random(calls.length)];
        if (!call || call.dead) continue;
        const roll = random(100);
        if (roll < 2) {
          // It dies with what it has spent; it wakes within the time of a reservation, and tells then.
          call.dead = true;
          const wakesMs = random(30);
          setDead(call, wakesMs);
          continue;
        }
        if (roll < 5) {
          // The object itself dies, and is built from what it kept.
          const lending = allowance.lending;
          allowance = new Allowance({ accounts: [...kept.values()], lending, ownCaps: new Map() });
        }
        const needMicroUsd = 1 + random(9_000);
        const student = call.at % 50;
        const reply = allowance.ask(asking(call.at, student, { spentMicroUsd: call.spent, needMicroUsd }), nowMs);
        keep();
        if (!reply.granted) {
          refused += 1;
          call.held = 0;
          continue;
        }
        granted += 1;
        call.held = needMicroUsd;
        call.untilMs = reply.untilMs;
        // It spends at most what was granted, and may not come to tell.
        call.spent += random(call.held + 1);
        if (random(10) > 0) {
          allowance.ask(asking(call.at, student, { spentMicroUsd: call.spent }), nowMs);
          keep();
        }
      }
      function setDead(call: (typeof calls)[number], afterMs: number): void {
        allowance.ask(asking(call.at, call.at % 50, { spentMicroUsd: call.spent }), nowMs + afterMs);
        keep();
        call.dead = false;
      }
      const spent = calls.reduce((sum, call) => sum + call.spent, 0);
      expect(spent).toBeLessThanOrEqual(POOL);
      for (let student = 0; student < 50; student += 1) {
        const theirs = calls.filter(({ at }) => at % 50 === student).reduce((sum, call) => sum + call.spent, 0);
        expect(theirs).toBeLessThanOrEqual(100_000);
      }
      // It was not refused for no reason: the pool is nearly used, and all of it is free to be held again.
      expect(spent).toBeGreaterThan(0.9 * POOL);
      expect(granted).toBeGreaterThan(100);
      expect(refused).toBeGreaterThan(100);
      expect(allowance.classMoney(nowMs + HOLD_MS).heldMicroUsd).toBe(0);
    },
  );
});
