import * as z from "zod";
import { NUMBER_TARGETS, type PhoneNumbersReply } from "../protocol/observed.ts";
import { success, text, textOrNull } from "./reply-parts.ts";

export const phoneNumbersReply = z.strictObject({
  success,
  twilio: z.enum(["ok", "off", "failed"]).meta({ description: "off: no credentials of Twilio's are set" }),
  numbers: z.array(
    z.strictObject({
      number: text,
      name: text,
      target: z.enum(NUMBER_TARGETS),
      host: textOrNull.meta({ description: "Where it leads, without the path; null: an app, a trunk, or nowhere" }),
      studentId: textOrNull,
    }),
  ),
}) satisfies z.ZodType<PhoneNumbersReply>;
