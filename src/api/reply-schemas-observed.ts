import * as z from "zod";
import { END_REASONS, KEY_SOURCES, WAYS_IN } from "../protocol/call-record.ts";
import { CHARGE_KINDS, CHARGE_STATES } from "../protocol/charge.ts";
import type { MetricsReply, TraceReply } from "../protocol/observed.ts";
import { count, microUsd, success, text, textOrNull, time, timeOrNull } from "./reply-parts.ts";

/* How it runs, in numbers and codes: strict, as in `reply-schemas.ts`. */

const millisecondsOrNull = count.nullable();

const turnLatency = z
  .strictObject({ count, p50Ms: millisecondsOrNull, p95Ms: millisecondsOrNull })
  .meta({ description: "End of what the caller said to the first word or sound of the answer, in milliseconds" });
const wayIn = z.strictObject({ calls: count, turnLatency });

export const metricsReply = z.strictObject({
  success,
  from: time,
  to: time,
  calls: count.meta({ description: "That began in this time" }),
  byWayIn: z.strictObject({ browser: wayIn, "conversation-relay": wayIn, "media-streams": wayIn }),
  turnLatency,
  ends: z.array(z.strictObject({ endReason: z.enum(END_REASONS), calls: count })),
  errors: z
    .array(z.strictObject({ code: text, count, lastAt: time }))
    .meta({ description: "What turns failed with, and ends that no turn explains; the most frequent first" }),
  spans: z
    .array(
      z.strictObject({ at: time, calls: count, p50Ms: millisecondsOrNull, p95Ms: millisecondsOrNull, errors: count }),
    )
    .meta({ description: "Equal spans of time, oldest first, without gaps" }),
}) satisfies z.ZodType<MetricsReply>;

const atMs = z.int().meta({ description: "Milliseconds after the call's beginning" });
const seq = z.int();

const traceEvent = z.discriminatedUnion("kind", [
  z.strictObject({ atMs, kind: z.literal("start") }),
  z.strictObject({
    atMs,
    kind: z.literal("turn"),
    seq,
    speaker: z.enum(["caller", "agent", "tool"]),
    characters: count.meta({ description: "How much was said; what was said is not told" }),
    cutOff: z.boolean().meta({ description: "Only part of it was heard" }),
    ttftMs: z.int().nullable(),
    ttfbMs: z.int().nullable(),
    turnLatencyMs: z.int().nullable(),
    heardLatencyMs: z.int().nullable(),
    failure: textOrNull,
  }),
  z.strictObject({
    atMs,
    kind: z.literal("tool"),
    seq,
    name: text,
    outcome: z.enum(["pending", "ok", "failed"]),
    durationMs: z.int().nullable(),
  }),
  z.strictObject({
    atMs,
    kind: z.literal("charge"),
    seq,
    charge: z.enum(CHARGE_KINDS),
    state: z.enum(CHARGE_STATES),
    model: text,
    costMicroUsd: microUsd.nullable(),
    upstreamId: textOrNull.meta({ description: "OpenAI's id, for its support" }),
  }),
  z.strictObject({ atMs, kind: z.literal("end"), endReason: z.enum(END_REASONS).nullable() }),
]);

export const traceReply = z.strictObject({
  success,
  call: z.strictObject({
    callId: text,
    workshopId: textOrNull,
    studentId: textOrNull,
    wayIn: z.enum(WAYS_IN),
    keySource: z.enum(KEY_SOURCES),
    model: text,
    transcriptionModel: textOrNull,
    startedAt: time,
    endedAt: timeOrNull.meta({ description: "null: it goes on, or nobody has told yet" }),
    costMicroUsd: microUsd.nullable(),
  }),
  events: z.array(traceEvent).meta({ description: "In the order of their times" }),
}) satisfies z.ZodType<TraceReply>;
