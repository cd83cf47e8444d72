import * as z from "zod";
import type { Reason } from "../failure.ts";
import { NO_USAGE, type Usage } from "../protocol/call-record.ts";
import type { UsageSource } from "../protocol/charge.ts";
import { usageSource } from "./raw-usage.ts";
import { reasonOfStreamError } from "./upstream-failure.ts";

/** An event of the Responses stream as we use it. Unknown events are `ignored`; broken ones `unreadable`. */
export type ResponseEvent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool-call"; readonly toolCallId: string; readonly name: string; readonly arguments: string }
  | { readonly type: "memo"; readonly memo: string }
  | ({ readonly type: "done"; readonly cut: boolean } & Billed)
  | ({ readonly type: "failed"; readonly reason: Reason } & Billed)
  | { readonly type: "ignored" }
  | { readonly type: "unreadable" };

/** `usage` null: none was told, or none that can be so; `source`: what was told. */
interface Billed {
  readonly usage: Usage | null;
  readonly source: UsageSource | undefined;
}

const UNBILLED: Billed = { usage: null, source: undefined };

const IGNORED: ResponseEvent = { type: "ignored" };
const UNREADABLE: ResponseEvent = { type: "unreadable" };

/** No response is billed for so many tokens: then the bill is wrong. */
const MOST_TOKENS = 10_000_000;

const count = z.number().int().nonnegative().max(MOST_TOKENS);
const UsageJson = z.object({
  input_tokens: count,
  input_tokens_details: z.object({ cached_tokens: count.optional(), cache_write_tokens: count.optional() }).optional(),
  output_tokens: count,
  output_tokens_details: z.object({ reasoning_tokens: count.optional() }).optional(),
});
const FunctionCall = z.object({
  type: z.literal("function_call"),
  call_id: z.string().min(1).max(200),
  name: z.string().min(1).max(200),
  arguments: z.string(),
});
const Reasoning = z.object({
  type: z.literal("reasoning"),
  id: z.string(),
  summary: z.array(z.unknown()),
  encrypted_content: z.string(),
});
const Terminal = z.object({
  response: z.object({
    id: z.string().max(200).nullish().catch(null),
    // Read on its own: a bill that cannot be read must not spoil the rest.
    usage: z.unknown().optional(),
    error: z.object({ code: z.string().nullish(), type: z.string().nullish() }).nullish(),
  }),
});
const StreamError = z.object({ code: z.string().nullish(), type: z.string().nullish() });

/** Reads the `data` of one server-sent event. Event shapes: OpenAI's Responses streaming reference. */
export function readResponseEvent(data: string): ResponseEvent {
  const json = parseObject(data);
  if (json === undefined) return UNREADABLE;
  switch (json.type) {
    // Both are spoken; the hot path, so checked by hand.
    case "response.output_text.delta":
    case "response.refusal.delta":
      return typeof json.delta === "string" ? { type: "text", text: json.delta } : UNREADABLE;
    case "response.output_item.done":
      return readItem(json.item);
    case "response.completed":
    case "response.incomplete":
      return readTerminal(json, (response) => ({
        type: "done",
        ...billed(response),
        cut: json.type === "response.incomplete",
      }));
    case "response.failed":
      return readTerminal(json, (response) => ({
        type: "failed",
        reason: reasonOfStreamError(response.error?.code ?? "", response.error?.type ?? ""),
        ...billed(response),
      }));
    case "error": {
      const nested = parseWith(z.object({ error: StreamError }), json)?.error;
      const error = nested ?? parseWith(StreamError, { ...json, type: null });
      return { type: "failed", reason: reasonOfStreamError(error?.code ?? "", error?.type ?? ""), ...UNBILLED };
    }
    default:
      return typeof json.type === "string" ? IGNORED : UNREADABLE;
  }
}

function readItem(item: unknown): ResponseEvent {
  const call = parseWith(FunctionCall, item);
  if (call) return { type: "tool-call", toolCallId: call.call_id, name: call.name, arguments: call.arguments };
  const reasoning = parseWith(Reasoning, item);
  return reasoning ? { type: "memo", memo: JSON.stringify(reasoning) } : IGNORED;
}

function readTerminal(
  json: Record<string, unknown>,
  build: (response: z.infer<typeof Terminal>["response"]) => ResponseEvent,
): ResponseEvent {
  const terminal = parseWith(Terminal, json);
  if (terminal) return build(terminal.response);
  // The response is over whatever its details look like; without usage it is estimated.
  return build({});
}

function billed({ id, usage }: z.infer<typeof Terminal>["response"]): Billed {
  const read = usageOf(usage);
  return read ? { usage: read, source: usageSource(usage, id ?? null) } : UNBILLED;
}

/** Cached and written tokens are parts of the input that do not overlap. Null when it does not add up. */
function usageOf(json: unknown): Usage | null {
  const usage = parseWith(UsageJson, json);
  if (!usage) return null;
  const cached = usage.input_tokens_details?.cached_tokens ?? 0;
  const written = usage.input_tokens_details?.cache_write_tokens ?? 0;
  const reasoning = usage.output_tokens_details?.reasoning_tokens ?? 0;
  if (cached + written > usage.input_tokens || reasoning > usage.output_tokens) return null;
  return {
    ...NO_USAGE,
    responses: 1,
    inputTokens: usage.input_tokens,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    outputTokens: usage.output_tokens,
    reasoningTokens: reasoning,
  };
}

function parseObject(data: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(data);
    return isRecord(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parseWith = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> | undefined =>
  schema.safeParse(value).data;
