import type { Repriced } from "../protocol/bill.ts";
import type { Charge } from "../protocol/charge.ts";
import { costOf, kindOf } from "./cost.ts";
import type { PriceKind } from "./price.ts";
import { isShutDown, priceOf } from "./price-of.ts";
import { PRICES } from "./prices.ts";

/**
 * The same call on other models of its kind that OpenAI still runs then, at the prices of then, the cheapest first. The same
 * tokens, although another model would answer in other words. Transcripts stay what they cost; the phone is beside it.
 *
 * @returns nothing for a call whose transcripts have no known price, or that nothing answered.
 */
export function repriced(charges: readonly Charge[], atMs: number): readonly Repriced[] {
  const billed = charges.filter(({ state, kind }) => state !== "void" && kind !== "phone");
  const answers = billed.filter(({ kind }) => kind !== "transcription");
  const transcripts = sum(billed.filter(({ kind }) => kind === "transcription").map((charge) => charge.costMicroUsd));
  const [first] = answers;
  if (!first || transcripts === null) return [];
  const used = new Set(answers.map(({ model }) => priceOf(model, atMs)?.model ?? model));
  return modelsOf(kindOfCall(first, answers), atMs)
    .filter((model) => !used.has(model))
    .flatMap((model) => {
      const cost = sum(answers.map((charge) => costOf({ ...charge, model, atMs }).costMicroUsd));
      return cost === null ? [] : [{ model, costMicroUsd: cost + transcripts }];
    })
    .sort((a, b) => a.costMicroUsd - b.costMicroUsd || (a.model < b.model ? -1 : 1));
}

/** A model without a price is told by what it was used for. */
const kindOfCall = (first: Charge, answers: readonly Charge[]): PriceKind =>
  kindOf(first.model) ??
  (answers.some(({ usage }) => usage.inputAudioTokens > 0 || usage.outputAudioTokens > 0) ? "realtime" : "text");

const modelsOf = (kind: PriceKind, atMs: number): readonly string[] =>
  [...new Set(PRICES.filter((price) => price.kind === kind).map(({ model }) => model))].filter((model) => {
    const price = priceOf(model, atMs);
    return price !== undefined && !isShutDown(price, atMs);
  });

const sum = (all: readonly (number | null)[]): number | null =>
  all.reduce((a, b) => (a === null || b === null ? null : a + b), 0);
