import { describe, expect, it } from "vitest";
import { asking, newAllowance, UNLIMITED, verdict } from "./funding.ts";
import { FundingWorld } from "./funding-world.ts";

const SEQUENCES = 2_000;
const STEPS = 120;
const lending = { ...UNLIMITED, poolMicroUsd: 900, studentMicroUsd: 400, callMicroUsd: 250 };
const OWN_CAP = 300;

describe("what is lent, whatever is lost, comes twice or late, or dies", () => {
  it(`FUNDS-35 stays below every limit in ${SEQUENCES} random sequences, and each answer is the reckoning's`, () => {
    let granted = 0;
    let refused = 0;
    for (let seed = 1; seed <= SEQUENCES; seed += 1) {
      const world = new FundingWorld({
        seed,
        students: 3,
        callsPerStudent: 3,
        lending,
        ownCapMicroUsd: OWN_CAP,
        mostNeedMicroUsd: 250,
      });
      for (let step = 0; step < STEPS; step += 1) world.step();
      world.settle();
      const { spentMicroUsd, heldMicroUsd } = world.shown;
      expect({ odd: world.odd, passed: world.passed, spentMicroUsd, heldMicroUsd }, `seed ${seed}`).toEqual({
        odd: [],
        passed: [],
        spentMicroUsd: world.billedMicroUsd,
        heldMicroUsd: 0,
      });
      granted += world.granted;
      refused += world.refused;
    }
    // Neither was rare.
    expect(granted).toBeGreaterThan(20_000);
    expect(refused).toBeGreaterThan(5_000);
  });

  it("FUNDS-15 is the pool of 50 students with 500 calls in the end, and not a micro-dollar more", () => {
    const POOL = 1_000_000;
    const world = new FundingWorld({
      seed: 7,
      students: 50,
      callsPerStudent: 10,
      lending: { ...UNLIMITED, poolMicroUsd: POOL },
      ownCapMicroUsd: 20_000,
      mostNeedMicroUsd: 12_000,
    });
    for (let step = 0; step < 20_000; step += 1) world.step();
    world.settle();
    expect(world.odd).toEqual([]);
    expect(world.passed).toEqual([]);
    expect(world.billedMicroUsd).toBeGreaterThan(0.9 * POOL);
  });

  it("FUNDS-19 of ten calls of each of 50 students that begin at once, as many begin as a dollar covers", () => {
    const NEED = 7_919;
    const allowance = newAllowance({ poolMicroUsd: 1_000_000, studentMicroUsd: 3 * NEED });
    const answers = Array.from({ length: 500 }, (_, call) =>
      verdict(allowance.ask(asking(call, call % 50, { needMicroUsd: NEED }), 1_000_000)),
    );
    const count = (answer: string): number => answers.filter((each) => each === answer).length;
    expect([count("granted"), count("pool_used") + count("allowance_used")]).toEqual([126, 374]);
    expect(allowance.classMoney(1_000_000).heldMicroUsd).toBe(126 * NEED);
  });
});
