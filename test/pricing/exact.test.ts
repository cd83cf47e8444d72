import { describe, expect, it } from "vitest";
import { ofTime, ofTokens, rounded, roundedUp, shareOut } from "../../src/pricing/exact.ts";

describe("exact money", () => {
  it("COST-2 tokens and time have one measure: a million of the one, a minute of the other", () => {
    expect([rounded(ofTokens(1_000_000, 17)), rounded(ofTime(60_000, 17))]).toEqual([17, 17]);
    expect(ofTokens(1_000_000, 1)).toBe(ofTime(60_000, 1));
    expect([rounded(ofTime(29_999, 1)), rounded(ofTime(30_000, 1)), roundedUp(ofTime(1, 1))]).toEqual([0, 1, 1]);
    expect([rounded(0n), roundedUp(0n)]).toEqual([0, 0]);
  });

  it.each<[number, number[], number[]]>([
    [10, [1, 1, 1], [4, 3, 3]],
    [10, [26, 25, 49], [3, 2, 5]],
    [3, [1, 2, 4], [0, 1, 2]],
    [1, [1, 9], [0, 1]],
    [7, [0, 5, 0], [0, 7, 0]],
    [5, [0, 0], [5, 0]],
    [0, [3, 4], [0, 0]],
    [9, [], []],
  ])(
    "COST-3 %i shared out by %j: whole parts, and one more for the largest remainders",
    (microUsd, weights, shares) => {
      expect(shareOut(microUsd, weights.map(BigInt))).toEqual(shares);
    },
  );
});
