import * as z from "zod";
import { END_REASONS, KEY_SOURCES, WAYS_IN } from "../protocol/call-record.ts";
import { CHARGE_KINDS, CHARGE_STATES } from "../protocol/charge.ts";
import type { TraceReply } from "../protocol/observed.ts";

const atMs = z.number();
const seq = z.number();
const msOrNull = z.number().nullable();

/** What is asked for, as far as it is shown. A server that is newer than this command may answer more. */
export const TraceShape: z.ZodType<TraceReply> = z.object({
  success: z.literal(true),
  call: z.object({
    callId: z.string(),
    workshopId: z.string().nullable(),
    studentId: z.string().nullable(),
    wayIn: z.enum(WAYS_IN),
    keySource: z.enum(KEY_SOURCES),
    model: z.string(),
    transcriptionModel: z.string().nullable(),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
    costMicroUsd: z.number().nullable(),
  }),
  events: z.array(
    z.discriminatedUnion("kind", [
      z.object({ atMs, kind: z.literal("start") }),
      z.object({
        atMs,
        kind: z.literal("turn"),
        seq,
        speaker: z.enum(["caller", "agent", "tool"]),
        characters: z.number(),
        cutOff: z.boolean(),
        ttftMs: msOrNull,
        ttfbMs: msOrNull,
        turnLatencyMs: msOrNull,
        heardLatencyMs: msOrNull,
        failure: z.string().nullable(),
      }),
      z.object({
        atMs,
        kind: z.literal("tool"),
        seq,
        name: z.string(),
        outcome: z.enum(["pending", "ok", "failed"]),
        durationMs: msOrNull,
      }),
      z.object({
        atMs,
        kind: z.literal("charge"),
        seq,
        charge: z.enum(CHARGE_KINDS),
        state: z.enum(CHARGE_STATES),
        model: z.string(),
        costMicroUsd: z.number().nullable(),
        upstreamId: z.string().nullable(),
      }),
      z.object({ atMs, kind: z.literal("end"), endReason: z.enum(END_REASONS).nullable() }),
    ]),
  ),
});
