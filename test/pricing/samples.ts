import { costOf } from "../../src/pricing/cost.ts";
import { PRICE_VERSION } from "../../src/pricing/prices.ts";
import type { BillLine } from "../../src/protocol/bill.ts";
import { NO_USAGE, type Usage } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";

export const AT_MS = Date.UTC(2026, 10, 22, 12);

export const usageOf = (used: Partial<Usage>): Usage => ({ ...NO_USAGE, ...used });

/** A row of the ledger: an answer on the student's key unless told otherwise, at what it costs. */
export function chargeOf(charge: Omit<Partial<Charge>, "usage"> & { readonly usage?: Partial<Usage> }): Charge {
  const whole: Charge = {
    seq: 1,
    revision: 1,
    atMs: AT_MS,
    kind: "response",
    state: "told",
    payer: "student",
    model: "gpt-6-luna",
    lineMs: 0,
    rawUsage: null,
    upstreamId: null,
    priceVersion: PRICE_VERSION,
    costMicroUsd: null,
    ...charge,
    usage: usageOf(charge.usage ?? {}),
  };
  return charge.costMicroUsd === undefined ? { ...whole, costMicroUsd: costOf(whole).costMicroUsd } : whole;
}

export const phoneOf = (model: string, lineMs: number): Charge =>
  chargeOf({ kind: "phone", payer: "instructor", model, lineMs });

export const sumOf = (lines: readonly BillLine[]): number =>
  lines.reduce((sum, { costMicroUsd }) => sum + (costMicroUsd ?? 0), 0);

/** Numbers of a seed, the same each time. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
