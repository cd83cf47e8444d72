import {
  BILL_PARTS,
  type Bill,
  type BillLine,
  BUDGET_OWNERS,
  BUDGET_STAGES,
  type Budget,
  type Estimate,
  LAYERS,
  type LendingLimits,
  type Repriced,
  type RunningLine,
} from "./bill.ts";
import { KEY_SOURCES } from "./call-record.ts";
import { fields, flag, list, number, oneOf, orNull, words } from "./read-fields.ts";

/** Readers of what `bill.ts` says, for pages and terminals. @throws Unreadable, each of them. */

export function readBill(value: unknown): Bill {
  const bill = fields(value);
  return {
    lines: list(bill.lines).map(readBillLine),
    costMicroUsd: orNull(number, bill.costMicroUsd),
    phoneMicroUsd: orNull(number, bill.phoneMicroUsd),
    estimated: flag(bill.estimated),
    priceVersion: words(bill.priceVersion),
  };
}

function readBillLine(value: unknown): BillLine {
  const line = fields(value);
  return {
    layer: oneOf(LAYERS, line.layer),
    part: oneOf(BILL_PARTS, line.part),
    model: words(line.model),
    payer: oneOf(KEY_SOURCES, line.payer),
    quantity: number(line.quantity),
    usd: orNull(number, line.usd),
    source: orNull(words, line.source),
    sourceDate: orNull(words, line.sourceDate),
    costMicroUsd: orNull(number, line.costMicroUsd),
  };
}

export function readRunningLine(value: unknown): RunningLine {
  const line = fields(value);
  return {
    model: words(line.model),
    sinceMs: number(line.sinceMs),
    microUsdPerMinute: number(line.microUsdPerMinute),
  };
}

export function readRepriced(value: unknown): Repriced {
  const { model, costMicroUsd } = fields(value);
  return { model: words(model), costMicroUsd: orNull(number, costMicroUsd) };
}

export function readEstimate(value: unknown): Estimate {
  const estimate = fields(value);
  return {
    model: words(estimate.model),
    microUsdPerMinute: orNull(number, estimate.microUsdPerMinute),
    phoneMicroUsdPerMinute: orNull(number, estimate.phoneMicroUsdPerMinute),
  };
}

export function readBudget(value: unknown): Budget {
  const budget = fields(value);
  return {
    of: oneOf(BUDGET_OWNERS, budget.of),
    limitMicroUsd: number(budget.limitMicroUsd),
    spentMicroUsd: number(budget.spentMicroUsd),
    stage: oneOf(BUDGET_STAGES, budget.stage),
  };
}

export function readLendingLimits(value: unknown): LendingLimits {
  const limits = fields(value);
  return {
    poolMicroUsd: orNull(number, limits.poolMicroUsd),
    studentMicroUsd: orNull(number, limits.studentMicroUsd),
    callMicroUsd: orNull(number, limits.callMicroUsd),
    models: orNull((models) => list(models).map(words), limits.models),
  };
}
