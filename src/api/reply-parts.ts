import * as z from "zod";

/** What replies are put together from. */

export const text = z.string();
export const textOrNull = text.nullable();
export const success = z.literal(true);
export const time = z.iso.datetime().meta({ description: "ISO 8601, UTC" });
export const timeOrNull = time.nullable();
export const count = z.int().min(0);
export const microUsd = count.meta({ description: "Millionths of a dollar" });
