import { type BillLine, LAYERS, type Layer } from "../../protocol/bill.ts";
import type { CallView } from "../call-view.ts";

/** What a meter and a receipt add up: lines of a bill, and what runs on between two messages. Pure, in whole micro-dollars. */

const MINUTE_MS = 60_000;
const MICRO_USD = 1_000_000;

/** A sum of lines. Not `isWhole`: some have no price, and it comes to more than this. */
export interface Sum {
  readonly microUsd: number;
  readonly isWhole: boolean;
}

export interface LayerSum extends Sum {
  readonly layer: Layer;
  /** What has no price, by model. */
  readonly unpriced: readonly { readonly model: string; readonly tokens: number }[];
}

/** Time on a line as it is billed: each minute from its first moment on. */
export const startedMinutes = (ms: number): number => Math.max(1, Math.ceil(ms / MINUTE_MS));

/** How long a line has been open, in milliseconds, until now or the end of the call; null: none is. */
export const runningMs = ({ meter, endedAtMs, nowMs }: CallView): number | null =>
  meter?.running ? Math.max(0, (endedAtMs ?? nowMs) - meter.running.sinceMs) : null;

/** Everything that the call is billed for up to this moment, a line for each price. */
export function linesOf(view: CallView): readonly BillLine[] {
  const lines = view.meter?.bill?.lines ?? [];
  const running = view.meter?.running;
  const ms = runningMs(view);
  if (!running || ms === null) return lines;
  const minutes = startedMinutes(ms);
  const { model, microUsdPerMinute } = running;
  const usd = microUsdPerMinute / MICRO_USD;
  const more = { quantity: minutes * MINUTE_MS, costMicroUsd: minutes * microUsdPerMinute };
  const same = lines.find((line) => line.layer === "phone" && line.model === model && line.usd === usd);
  if (same) {
    const quantity = same.quantity + more.quantity;
    const grown = { ...same, quantity, costMicroUsd: (same.costMicroUsd ?? 0) + more.costMicroUsd };
    return lines.map((line) => (line === same ? grown : line));
  }
  const line = { layer: "phone", part: "time", payer: "instructor", source: null, sourceDate: null } as const;
  return [...lines, { ...line, model, usd, ...more }];
}

export const sumOf = (lines: readonly BillLine[]): Sum => ({
  microUsd: lines.reduce((sum, { costMicroUsd }) => sum + (costMicroUsd ?? 0), 0),
  isWhole: lines.every(({ costMicroUsd }) => costMicroUsd !== null),
});

/** The phone is the instructor's Twilio bill; everything else is on the key that pays. */
export const isOnKey = ({ layer }: BillLine): boolean => layer !== "phone";

/** What the call is made of, in the order of {@link LAYERS}; only layers that were used. */
export function layersOf(lines: readonly BillLine[]): readonly LayerSum[] {
  return LAYERS.flatMap((layer) => {
    const own = lines.filter((line) => line.layer === layer);
    if (own.length === 0) return [];
    const tokens = new Map<string, number>();
    for (const { costMicroUsd, part, model, quantity } of own)
      if (costMicroUsd === null) tokens.set(model, (tokens.get(model) ?? 0) + (part === "time" ? 0 : quantity));
    return [{ layer, ...sumOf(own), unpriced: [...tokens].map(([model, count]) => ({ model, tokens: count })) }];
  });
}
