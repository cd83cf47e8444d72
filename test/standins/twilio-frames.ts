import * as z from "zod";

/**
 * What ConversationRelay takes from an application, by Twilio's "WebSocket messages" page. Unknown keys are refused too:
 * we have no reason to send any.
 */
const When = z.union([z.boolean(), z.enum(["none", "dtmf", "speech", "any"])]);

const Outbound = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("text"),
    token: z.string(),
    last: z.boolean().optional(),
    lang: z.string().min(2).optional(),
    interruptible: When.optional(),
    preemptible: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal("play"),
    source: z.url(),
    loop: z.int().min(0).optional(),
    preemptible: z.boolean().optional(),
    interruptible: When.optional(),
  }),
  z.strictObject({ type: z.literal("sendDigits"), digits: z.string().regex(/^[0-9w#*]+$/) }),
  z
    .strictObject({
      type: z.literal("language"),
      ttsLanguage: z.string().min(2).optional(),
      transcriptionLanguage: z.string().min(2).optional(),
    })
    .refine((frame) => frame.ttsLanguage !== undefined || frame.transcriptionLanguage !== undefined, "no language"),
  z.strictObject({ type: z.literal("end"), handoffData: z.string().optional() }),
]);

/** What is wrong with a frame of ours, or undefined. */
export function outboundProblem(text: string, isBinary: boolean): string | undefined {
  if (isBinary) return "a binary frame";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  const read = Outbound.safeParse(value);
  return read.success
    ? undefined
    : read.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
}
