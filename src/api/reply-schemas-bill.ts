import * as z from "zod";
import { BILL_PARTS, type Bill, type Estimate, LAYERS, type Repriced } from "../protocol/bill.ts";
import { KEY_SOURCES } from "../protocol/call-record.ts";
import { microUsd, text, textOrNull } from "./reply-parts.ts";

/* What a call costs, in replies: strict, as in `reply-schemas.ts`. */

const unlessUnpriced = microUsd.nullable().meta({ description: "Millionths of a dollar; null: no price is known" });

export const bill = z.strictObject({
  lines: z.array(
    z.strictObject({
      layer: z.enum(LAYERS),
      part: z.enum(BILL_PARTS),
      model: text,
      payer: z.enum(KEY_SOURCES),
      quantity: z.number().min(0).meta({ description: "Tokens; of time, milliseconds" }),
      usd: z.number().min(0).nullable().meta({ description: "For a million tokens, or for a minute" }),
      source: textOrNull.meta({ description: "Where the price is from" }),
      sourceDate: textOrNull.meta({ description: "The day it was looked up there" }),
      costMicroUsd: unlessUnpriced,
    }),
  ),
  costMicroUsd: unlessUnpriced.meta({ description: "On the key that paid; null: it is more than the lines say" }),
  phoneMicroUsd: unlessUnpriced.meta({ description: "On the instructor's Twilio bill, beside the key" }),
  estimated: z.boolean().meta({ description: "Whether some of it was counted by us" }),
  priceVersion: text,
}) satisfies z.ZodType<Bill>;

export const repricedCall = z.strictObject({ model: text, costMicroUsd: unlessUnpriced }) satisfies z.ZodType<Repriced>;

export const estimate = z.strictObject({
  model: text,
  microUsdPerMinute: unlessUnpriced.meta({ description: "On the key that pays; null: no price is known" }),
  phoneMicroUsdPerMinute: unlessUnpriced.meta({
    description: "On the instructor's Twilio bill; null: no price is known",
  }),
}) satisfies z.ZodType<Estimate>;
