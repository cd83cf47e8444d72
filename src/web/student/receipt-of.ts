import { type EndReason, type KeySource, NO_USAGE, type Usage } from "../../protocol/call-record.ts";
import type { CallView } from "../call-view.ts";
import { lastedMs } from "./call-status.ts";
import { barsOf, median } from "./turn-segments.ts";

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
  readonly costMicroUsd: number | null;
  /** From the end of the caller's turn until the answer was heard; null: nobody was answered, or nobody measured. */
  readonly medianMs: number | null;
  readonly slowestMs: number | null;
  readonly tools: readonly { readonly name: string; readonly calls: number }[];
}

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
    costMicroUsd: meter?.costMicroUsd ?? null,
    medianMs: median(totals),
    slowestMs: totals.length === 0 ? null : Math.max(...totals),
    tools: [...tools].map(([name, calls]) => ({ name, calls })),
  };
}
