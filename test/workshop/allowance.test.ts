import { describe, expect, it } from "vitest";
import { Allowance } from "../../src/workshop/allowance.ts";
import { FundsRequest } from "../../src/workshop/funds.ts";
import { token } from "./class.ts";
import { asking, HOLD_MS, NOTHING_KEPT, newAllowance, UNLIMITED, verdict } from "./funding.ts";

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
    const allowance = new Allowance(NOTHING_KEPT);
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
    const nobody = { sessionToken: null, studentId: null };
    expect(allowance.takeChanges()).toMatchObject([
      { payer: "instructor", spentMicroUsd: 50, ...nobody },
      { payer: "student", spentMicroUsd: 9, ...nobody },
    ]);
    // A last word of a call of theirs counts too, and brings no name back. Nothing more is lent to it.
    expect(verdict(allowance.ask(asking(1, 1, { spentMicroUsd: 55, needMicroUsd: 1 }), NOW_MS))).toBe("fallback_off");
    allowance.ask(asking(2, 1, { payer: "student", spentMicroUsd: 10 }), NOW_MS);
    expect(allowance.takeChanges()).toMatchObject([nobody, nobody]);
    expect(allowance.classMoney(NOW_MS).spentMicroUsd).toBe(55);
    expect(allowance.lentTo(token(1), NOW_MS).lentMicroUsd).toBe(0);
  });

  it.each([
    ["an older sum", { spentMicroUsd: 0 }],
    ["an older time", { spentMicroUsd: 10, askedAtMs: 1 }],
  ])("FUNDS-18 is not given back by a request that comes late, with %s", (_, late) => {
    const allowance = newAllowance({ poolMicroUsd: 100 });
    allowance.ask(asking(1, 1, { spentMicroUsd: 10, needMicroUsd: 90, askedAtMs: 2 }), NOW_MS);
    for (const needMicroUsd of [0, 30]) {
      allowance.ask(asking(1, 1, { ...late, needMicroUsd }), NOW_MS);
      expect(allowance.classMoney(NOW_MS)).toMatchObject({ spentMicroUsd: 10, heldMicroUsd: 90 });
    }
    allowance.ask(asking(1, 1, { spentMicroUsd: 10, askedAtMs: 3 }), NOW_MS);
    expect(allowance.classMoney(NOW_MS).heldMicroUsd).toBe(0);
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
