import * as z from "zod";
import type { ReceiptReply, ReportReply } from "../protocol/closing.ts";
import { closing, count, microUsd, success, text, textOrNull, timeOrNull } from "./reply-parts.ts";

/* What is answered at the end of a workshop: strict, as in `reply-schemas.ts`. */

const paid = microUsd.nullable().meta({ description: "Millionths of a dollar; null: of some of it no price is known" });

const takeaway = {
  key: z
    .strictObject({
      hint: textOrNull.meta({ description: "The key's last four characters" }),
      deletedAt: timeOrNull.meta({ description: "null: it is still here" }),
    })
    .nullable()
    .meta({ description: "The key that was here last; null: there was none" }),
  calls: count,
  ms: count.meta({ description: "Of all calls" }),
  ownMicroUsd: paid,
  lentMicroUsd: paid,
};

export const receiptReply = z.strictObject({
  success,
  receipt: z
    .strictObject({ workshop: text, closing, ...takeaway })
    .nullable()
    .meta({ description: "null: the workshop has not been closed" }),
}) satisfies z.ZodType<ReceiptReply>;

export const reportReply = z.strictObject({
  success,
  workshop: text,
  closing: closing.nullable(),
  rows: z.array(
    z.strictObject({
      studentId: textOrNull.meta({ description: "null: students who were erased, all together" }),
      name: textOrNull,
      ...takeaway,
    }),
  ),
}) satisfies z.ZodType<ReportReply>;
