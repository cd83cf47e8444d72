import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { parseJoinCode } from "../protocol/ids.ts";
import type {
  AnnouncementRequest,
  LoginRequest,
  NewWorkshop,
  PushRequest,
  WorkshopPatch,
} from "../protocol/rest-workshop.ts";
import { parseTools, type Tool } from "../protocol/tools.ts";
import { instant, oneLine, readBy, text } from "./schemas.ts";

/* What the instructor's routes take. The rules of a student's own fields are those of `schemas.ts`. */

export const loginRequest = z.strictObject({
  instructorToken: z.string().trim().min(1).max(LIMITS.urlCharacters),
}) satisfies z.ZodType<LoginRequest>;

const name = oneLine(LIMITS.nameBytes);
const joinCode = readBy(parseJoinCode, "must be 3 to 32 letters, digits and hyphens").meta({
  examples: ["MAPLE-7FKD"],
});

const settings = {
  joinCode: joinCode.optional().meta({ description: "What students type to come in; made up when a new one has none" }),
  opensAt: instant.nullable().optional().meta({ description: "Null: open from the beginning" }),
  closesAt: instant.nullable().optional().meta({ description: "Null: it has no end" }),
  seats: z
    .int()
    .min(1)
    .max(LIMITS.seats)
    .nullable()
    .optional()
    .meta({ description: "How many may join; null: any number" }),
  callMaxMs: z
    .int()
    .min(60_000)
    .max(LIMITS.callMaxMs)
    .nullable()
    .optional()
    .meta({ description: "Longest call in milliseconds; null: the default" }),
  fallbackAllowed: z
    .boolean()
    .optional()
    .meta({ description: "Whether students without a key may call on the instructor's" }),
};

export const newWorkshop = z.strictObject({ name, ...settings }) satisfies z.ZodType<unknown, NewWorkshop>;
export const workshopPatch = z.strictObject({ name: name.optional(), ...settings }) satisfies z.ZodType<
  unknown,
  WorkshopPatch
>;

export const announcementRequest = z.strictObject({
  text: text(LIMITS.announcementBytes).trim().min(1).nullable().meta({ description: "Null takes it away" }),
}) satisfies z.ZodType<AnnouncementRequest>;

/** A tool as it was given, which is how it is stored, and as we understood it. */
export interface GivenTool {
  readonly stored: unknown;
  readonly tool: Tool;
}

/** By the very rules of a student's own tools; what is wrong is said of `tool` and not of a list. */
const pushedTool = z
  .unknown()
  .transform((stored, context): GivenTool => {
    const read = parseTools([stored], LIMITS);
    const [tool] = read.ok ? read.value : [];
    if (tool) return { stored, tool };
    const path = read.ok ? "" : read.path.slice("tools[0].".length);
    context.addIssue({
      code: "custom",
      path: path === "" ? [] : [path],
      message: read.ok ? "is not valid" : read.problem,
    });
    return z.NEVER;
  })
  .meta({
    type: "object",
    description: "One tool, in the form that PATCH /api/me takes; one of the same name is replaced.",
    properties: { type: { const: "function" }, function: { type: "object" } },
  });

export const pushRequest = z
  .strictObject({
    prompt: text(LIMITS.promptBytes).optional(),
    greeting: text(LIMITS.greetingBytes).optional(),
    tool: pushedTool.optional(),
  })
  .refine(
    ({ prompt, greeting, tool }) => (prompt ?? greeting ?? tool) !== undefined,
    "must hold a prompt, a greeting or a tool",
  ) satisfies z.ZodType<unknown, { readonly [Field in keyof PushRequest]: unknown }>;
