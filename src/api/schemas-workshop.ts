import * as z from "zod";
import { LIMITS } from "../limits.ts";
import type { CloseRequest } from "../protocol/closing.ts";
import { parseJoinCode } from "../protocol/ids.ts";
import type {
  AnnouncementRequest,
  LoginRequest,
  NewWorkshop,
  PushRequest,
  TopUpRequest,
  WorkshopPatch,
} from "../protocol/rest-workshop.ts";
import { parseTools, type Tool } from "../protocol/tools.ts";
import { instant, microUsd, oneLine, readBy, text } from "./schemas.ts";

/* What the instructor's routes take. The rules of a student's own fields are those of `schemas.ts`. */

export const loginRequest = z.strictObject({
  instructorToken: z.string().trim().min(1).max(LIMITS.urlCharacters),
}) satisfies z.ZodType<LoginRequest>;

const name = oneLine(LIMITS.nameBytes);
const joinCode = readBy(parseJoinCode, "must be 3 to 32 letters, digits and hyphens").meta({
  examples: ["MAPLE-7FKD"],
});

/** More models than there are to lend. */
const MODELS = 16;
/** OpenAI's ids are shorter. */
const MODEL_CHARACTERS = 100;

const lending = z
  .strictObject({
    poolMicroUsd: microUsd().nullable().optional().meta({ description: "All students together; null: no limit" }),
    studentMicroUsd: microUsd().nullable().optional().meta({ description: "Each student; null: no limit" }),
    callMicroUsd: microUsd().nullable().optional().meta({ description: "Each call; null: no limit" }),
    models: z
      .array(z.string().min(1).max(MODEL_CHARACTERS))
      .max(MODELS)
      .transform((models) => [...new Set(models)])
      .nullable()
      .optional()
      .meta({
        type: "array",
        items: { type: "string" },
        description: "Of the configured models those that are lent, an empty list: none; null: all of them",
      }),
  })
  .meta({
    description:
      "How much of the instructor's key may be used, in millionths of a dollar. Calls that go on are told before the reply; " +
      "when that fails the change stands, and the request can be repeated",
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
  lending: lending.optional(),
};

export const newWorkshop = z.strictObject({ name, ...settings }) satisfies z.ZodType<unknown, NewWorkshop>;
export const workshopPatch = z.strictObject({ name: name.optional(), ...settings }) satisfies z.ZodType<
  unknown,
  WorkshopPatch
>;

const orNow = instant.nullable().meta({ description: "Null: now; at most 400 days ahead" });

export const closeRequest = z.strictObject({ keysAt: orNow, eraseAt: orNow }) satisfies z.ZodType<
  unknown,
  CloseRequest
>;

export const topUpRequest = z.strictObject({
  microUsd: microUsd(1).meta({ description: "Millionths of a dollar; a pool without a limit stays without one" }),
}) satisfies z.ZodType<TopUpRequest>;

export const announcementRequest = z.strictObject({
  text: text(LIMITS.announcementBytes).trim().min(1).nullable().meta({ description: "Null takes it away" }),
}) satisfies z.ZodType<AnnouncementRequest>;

/** A month: longer than any class, and what the database sums up in one answer. */
const METRICS_HOURS_MAX = 720;

export const metricsQuery = z.strictObject({
  hours: z.coerce
    .number()
    .int()
    .min(1)
    .max(METRICS_HOURS_MAX)
    .default(24)
    .meta({ description: "Calls that began in so many last hours" }),
}) satisfies z.ZodType<{ readonly hours: number }>;

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
