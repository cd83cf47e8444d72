import * as z from "zod";
import {
  type CallRecord,
  END_REASONS,
  type KeySource,
  type ToolCallRecord,
  type TurnRecord,
  type TurnTimings,
  type Usage,
  type WayIn,
} from "../protocol/call-record.ts";
import { parseCallId, parseSessionToken, parseWorkshopId } from "../protocol/ids.ts";

/*
 * Rows of `calls` and `turns` as records. Each list of words is complete by its type: a word added to the record and not
 * here does not compile.
 */

type Words<Word extends string> = { readonly [Each in Word]: Each };

const WAYS_IN: Words<WayIn> = {
  "conversation-relay": "conversation-relay",
  "media-streams": "media-streams",
  browser: "browser",
};
const KEY_SOURCES: Words<KeySource> = { student: "student", instructor: "instructor" };
export const SPEAKERS: Words<TurnRecord["speaker"]> = { caller: "caller", agent: "agent", tool: "tool" };
export const OUTCOMES: Words<ToolCallRecord["outcome"]> = { pending: "pending", ok: "ok", failed: "failed" };

const count = z.int().nonnegative();
/** Counted only since there are calls with sound: rows written before have none of it. */
const countOfSound = count.default(0);
export const UsageShape: z.ZodType<Usage> = z.object({
  responses: count,
  inputTokens: count,
  inputAudioTokens: countOfSound,
  cachedInputTokens: count,
  cachedInputAudioTokens: countOfSound,
  cacheWriteTokens: count,
  outputTokens: count,
  outputAudioTokens: countOfSound,
  reasoningTokens: count,
  transcriptions: countOfSound,
  transcriptionInputTokens: countOfSound,
  transcriptionInputAudioTokens: countOfSound,
  transcriptionOutputTokens: countOfSound,
  transcriptionMs: z.number().nonnegative().default(0),
  estimated: z.boolean(),
});

const durationMs = z.number();
export const TimingsShape: z.ZodType<TurnTimings> = z.object({
  ttftMs: durationMs.nullable(),
  ttfbMs: durationMs.nullable().default(null),
  turnLatencyMs: durationMs.nullable(),
  heardLatencyMs: durationMs.nullable().default(null),
  turnMs: durationMs,
});

const toolCall: z.ZodType<ToolCallRecord> = z.object({
  toolCallId: z.string(),
  name: z.string(),
  arguments: z.string(),
  webhookId: z.string(),
  outcome: z.enum(OUTCOMES),
  output: z.string().nullable(),
  durationMs: durationMs.nullable(),
});

const callRow = z.object({
  id: z.string(),
  revision: z.int(),
  sessionToken: z.string(),
  workshopId: z.string().nullable(),
  wayIn: z.enum(WAYS_IN),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  endReason: z.enum(END_REASONS).nullable(),
  keySource: z.enum(KEY_SOURCES),
  model: z.string(),
  transcriptionModel: z.string().nullable(),
  usage: UsageShape,
});

const turnRow: z.ZodType<TurnRecord> = z.object({
  seq: z.int(),
  revision: z.int(),
  speaker: z.enum(SPEAKERS),
  startedAtMs: z.number(),
  text: z.string(),
  heardText: z.string().nullable(),
  // What was said is worth showing even when something about it cannot be read.
  toolCall: toolCall.nullable().catch(null),
  timings: TimingsShape.nullable().catch(null),
  usage: UsageShape.nullable().catch(null),
  failure: z.string().nullable(),
});

/** `undefined`: the row is not one of ours or cannot be read. A usage that cannot be read is not taken for none. */
export function callOf(row: unknown): CallRecord | undefined {
  const read = callRow.safeParse(row);
  const id = parseCallId(read.data?.id);
  const sessionToken = parseSessionToken(read.data?.sessionToken);
  if (!read.success || !id || !sessionToken) return undefined;
  return { ...read.data, id, sessionToken, workshopId: parseWorkshopId(read.data.workshopId) ?? null };
}

export function turnOf(row: unknown): TurnRecord | undefined {
  return turnRow.safeParse(row).data;
}
