import * as z from "zod";
import { KEY_SOURCES, WAYS_IN } from "../protocol/call-record.ts";
import { SHOWN_KEY_STATUSES, WORKSHOP_STATES } from "../protocol/rest.ts";
import {
  CHECK_STATUSES,
  CHECKS,
  type ChecksReply,
  type CountReply,
  type PushReply,
  type Spend,
  type StudentsReply,
  type WorkshopReply,
  type WorkshopsReply,
} from "../protocol/rest-workshop.ts";
import { count, success, text, textOrNull, time, timeOrNull } from "./reply-parts.ts";

/* What the instructor's routes answer: strict, as in `reply-schemas.ts`. */

const workshopView = z.strictObject({
  id: text,
  name: text,
  joinCode: text,
  joinUrl: text.meta({ description: "The page with the code in it" }),
  state: z.enum(WORKSHOP_STATES),
  opensAt: timeOrNull,
  closesAt: timeOrNull,
  seats: count.nullable(),
  studentCount: count,
  callMaxMs: count.nullable(),
  fallbackAllowed: z.boolean(),
});

export const workshopsReply = z.strictObject({
  success,
  workshops: z.array(workshopView),
  fallbackKey: z.boolean().meta({ description: "Whether there is an instructor's key at all" }),
}) satisfies z.ZodType<WorkshopsReply>;

export const workshopReply = z.strictObject({ success, workshop: workshopView }) satisfies z.ZodType<WorkshopReply>;

const spend = z.strictObject({
  calls: count,
  ms: count,
  inputTokens: count,
  outputTokens: count,
  costMicroUsd: count.nullable().meta({ description: "Millionths of a dollar; null: of some of it no price is known" }),
}) satisfies z.ZodType<Spend>;

export const studentsReply = z.strictObject({
  success,
  students: z.array(
    z.strictObject({
      studentId: text,
      name: textOrNull,
      joinedAt: timeOrNull,
      keyStatus: z.enum(SHOWN_KEY_STATUSES).nullable(),
      keyHint: textOrNull,
      spend: z.strictObject({ student: spend, instructor: spend }).meta({ description: "By whose key paid" }),
      turnCount: count,
      lastCall: z
        .strictObject({
          wayIn: z.enum(WAYS_IN),
          startedAt: time,
          endReason: textOrNull,
          keySource: z.enum(KEY_SOURCES),
        })
        .nullable(),
    }),
  ),
}) satisfies z.ZodType<StudentsReply>;

export const pushReply = z.strictObject({
  success,
  students: count,
  skipped: count.meta({ description: "Students who could not take the tool" }),
}) satisfies z.ZodType<PushReply>;

export const countReply = z.strictObject({ success, count }) satisfies z.ZodType<CountReply>;

export const checksReply = z.strictObject({
  success,
  checks: z.array(z.strictObject({ name: z.enum(CHECKS), status: z.enum(CHECK_STATUSES), found: text, fix: text })),
}) satisfies z.ZodType<ChecksReply>;
