import * as z from "zod";
import type { Closing } from "../protocol/closing.ts";

/** What replies are put together from. */

export const text = z.string();
export const textOrNull = text.nullable();
export const success = z.literal(true);
export const time = z.iso.datetime().meta({ description: "ISO 8601, UTC" });
export const timeOrNull = time.nullable();
export const count = z.int().min(0);
export const microUsd = count.meta({ description: "Millionths of a dollar" });

export const closing = z
  .strictObject({
    closedAt: time,
    keysAt: time.meta({ description: "When the students' keys are deleted" }),
    keysDeletedAt: timeOrNull.meta({ description: "null: not yet" }),
    eraseAt: time.meta({ description: "When the students are erased" }),
    erasedAt: timeOrNull.meta({ description: "null: not yet" }),
  })
  .meta({ description: "How the workshop ends for good" }) satisfies z.ZodType<Closing>;
