import * as z from "zod";
import { KEY_SOURCES, WAYS_IN } from "../protocol/call-record.ts";
import { CHARGE_KINDS } from "../protocol/charge.ts";
import { SHOWN_KEY_STATUSES, WORKSHOP_STATES } from "../protocol/rest.ts";
import {
  CHECK_STATUSES,
  CHECKS,
  type ChecksReply,
  type CountReply,
  type PushReply,
  type Spend,
  type SpendReply,
  type StudentsReply,
  type WorkshopReply,
  type WorkshopsReply,
} from "../protocol/rest-workshop.ts";
import { closing, count, microUsd, success, text, textOrNull, time, timeOrNull } from "./reply-parts.ts";

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
  lending: z
    .strictObject({
      poolMicroUsd: microUsd.nullable(),
      studentMicroUsd: microUsd.nullable(),
      callMicroUsd: microUsd.nullable(),
      models: z.array(text).nullable().meta({ description: "null: all that are configured" }),
    })
    .meta({ description: "How much of the instructor's key may be used; null: any amount" }),
  closing: closing.nullable(),
});

export const workshopsReply = z.strictObject({
  success,
  workshops: z.array(workshopView),
  fallbackKey: z.boolean().meta({ description: "Whether there is an instructor's key at all" }),
  models: z.array(text).meta({ description: "What calls run on, and may be lent" }),
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

export const spendReply = z.strictObject({
  success,
  rows: z.array(
    z.strictObject({
      studentId: textOrNull.meta({ description: "null: students who were erased" }),
      name: textOrNull,
      payer: z.enum(KEY_SOURCES),
      kind: z.enum(CHARGE_KINDS),
      model: text,
      charges: count,
      inputTokens: count,
      outputTokens: count,
      lineMs: count,
      costMicroUsd: microUsd,
      unpriced: count.meta({ description: "Charges among them whose cost is not known: it is more than that" }),
      lastAt: time,
    }),
  ),
  unreadable: count.meta({ description: "Charges that nobody can read: more was spent than the rows say" }),
}) satisfies z.ZodType<SpendReply>;

export const pushReply = z.strictObject({
  success,
  students: count,
  skipped: count.meta({ description: "Students who could not take the tool" }),
}) satisfies z.ZodType<PushReply>;

export const countReply = z.strictObject({ success, count }) satisfies z.ZodType<CountReply>;

export const checksReply = z.strictObject({
  success,
  masterKey: textOrNull.meta({ description: "Number of the newest master key" }),
  olderMasterKeys: z.array(text).meta({ description: "Numbers of the older ones that can still open" }),
  checks: z.array(z.strictObject({ name: z.enum(CHECKS), status: z.enum(CHECK_STATUSES), found: text, fix: text })),
}) satisfies z.ZodType<ChecksReply>;
