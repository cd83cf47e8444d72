import type { BillLine } from "../../protocol/bill.ts";
import { type EndReason, type KeySource, NO_USAGE, type Usage } from "../../protocol/call-record.ts";
import type { CallView } from "../call-view.ts";
import { digitsOf } from "../words.ts";
import { lastedMs } from "./call-status.ts";
import { isOnKey, linesOf, type Sum, sumOf } from "./meter-of.ts";
import { barsOf, median } from "./turn-segments.ts";

/** What one payer is billed for. */
export interface ReceiptGroup extends Sum {
  readonly payer: KeySource | "twilio";
  readonly lines: readonly BillLine[];
}

/** What a call was, once it is over. */
export interface Receipt {
  /** Null: it ended without saying why. */
  readonly endReason: EndReason | null;
  readonly durationMs: number;
  /** Whose key paid. */
  readonly keySource: KeySource | null;
  readonly model: string | null;
  /** Stretches of speech of either side. */
  readonly turns: number;
  readonly usage: Usage;
  /** Null: from before there were bills. */
  readonly bill: ReceiptBill | null;
  /** From the end of the caller's turn until the answer was heard; null: nobody was answered, or nobody measured. */
  readonly medianMs: number | null;
  readonly slowestMs: number | null;
  readonly tools: readonly { readonly name: string; readonly calls: number }[];
}

/** Lines that add up to their subtotals, and these to the total, to the micro-dollar and in what is shown of them. */
export interface ReceiptBill {
  /** By payer; none without a line. */
  readonly groups: readonly ReceiptGroup[];
  readonly total: Sum;
  /** Behind the point, the same for all amounts. */
  readonly digits: number;
  /** Null: some of it has no price, or it was over too soon to say. */
  readonly perMinuteMicroUsd: number | null;
  readonly estimated: boolean;
}

const MINUTE_MS = 60_000;
/** What a minute costs is not known from less than this. */
const TELLING_MS = 5_000;
const MICRO_USD = 1_000_000;

/** Null: no call has begun, or it is not over. */
export function receiptOf(view: CallView): Receipt | null {
  const durationMs = lastedMs(view);
  if (view.phase !== "ended" || durationMs === null) return null;
  const { endReason, keySource, model, meter, lines } = view;
  const totals = barsOf(lines).map(({ totalMs }) => totalMs);
  const tools = new Map<string, number>();
  for (const line of lines) if (line.kind === "tool") tools.set(line.name, (tools.get(line.name) ?? 0) + 1);
  return {
    endReason,
    durationMs,
    keySource,
    model,
    turns: lines.filter(({ kind }) => kind === "turn").length,
    usage: meter?.usage ?? NO_USAGE,
    bill: meter?.bill === null ? null : billOf(view, keySource ?? "student", durationMs),
    medianMs: median(totals),
    slowestMs: totals.length === 0 ? null : Math.max(...totals),
    tools: [...tools].map(([name, calls]) => ({ name, calls })),
  };
}

function billOf(view: CallView, keySource: KeySource, durationMs: number): ReceiptBill {
  const lines = linesOf(view);
  const total = sumOf(lines);
  const groups = [
    { payer: keySource, lines: lines.filter(isOnKey) },
    { payer: "twilio" as const, lines: lines.filter((line) => !isOnKey(line)) },
  ].filter((group) => group.lines.length > 0);
  return {
    groups: groups.map((group) => ({ ...group, ...sumOf(group.lines) })),
    total,
    digits: digitsOf(lines.map(({ costMicroUsd }) => costMicroUsd ?? 0)),
    perMinuteMicroUsd:
      total.isWhole && total.microUsd > 0 && durationMs >= TELLING_MS
        ? Math.round((total.microUsd * MINUTE_MS) / durationMs)
        : null,
    estimated: view.meter?.bill?.estimated ?? false,
  };
}

/** What tells a line from the others of its bill. */
export const lineKey = ({ layer, part, model, usd, sourceDate }: BillLine): string =>
  [layer, part, model, usd, sourceDate].join(" ");

/**
 * Whether a line's quantity times its price is another amount than its share of the ledger, where every answer is rounded by
 * itself.
 */
export function isRounded({ quantity, usd, part, costMicroUsd }: BillLine): boolean {
  if (usd === null || costMicroUsd === null) return false;
  const exactMicroUsd = part === "time" ? (quantity * usd * MICRO_USD) / MINUTE_MS : quantity * usd;
  return Math.abs(exactMicroUsd - costMicroUsd) > 1e-6;
}
