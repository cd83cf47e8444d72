import * as z from "zod";
import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { Usage } from "../protocol/call-record.ts";
import type { UsageSource } from "../protocol/charge.ts";
import { usageSource } from "./raw-usage.ts";
import { readResponseUsage, readTranscriptionUsage } from "./realtime-usage.ts";
import { reasonOfStreamError } from "./upstream-failure.ts";

/** An event of a Realtime session as we use it; ids are OpenAI's. */
export type RealtimeEvent =
  | { readonly type: "sound"; readonly responseId: string; readonly itemId: string; readonly audioBase64: string }
  /** `hasVad`: the caller's turns end by themselves; `undefined`: it does not say. */
  | { readonly type: "session-updated"; readonly hasVad: boolean | undefined }
  | { readonly type: "speech-start"; readonly itemId: string }
  | { readonly type: "speech-end"; readonly itemId: string }
  | { readonly type: "turn-committed"; readonly itemId: string }
  | { readonly type: "caller-text-failed"; readonly itemId: string }
  | { readonly type: "caller-delta"; readonly itemId: string; readonly text: string }
  | {
      readonly type: "caller-text";
      readonly itemId: string;
      readonly text: string;
      readonly usage: Usage | null;
      readonly source: UsageSource | undefined;
    }
  | { readonly type: "item-added"; readonly itemId: string }
  /** `askId`: which `response.create` of ours it answers; null for one that the server made by itself. */
  | { readonly type: "response-created"; readonly responseId: string; readonly askId: string | null }
  | {
      readonly type: "agent-delta" | "agent-text";
      readonly responseId: string;
      readonly itemId: string;
      readonly text: string;
    }
  | {
      readonly type: "tool-call";
      readonly responseId: string;
      readonly toolCallId: string;
      readonly name: string;
      readonly arguments: string;
    }
  | {
      readonly type: "response-done";
      readonly responseId: string;
      readonly askId: string | null;
      readonly outcome: "complete" | "cancelled" | "cut" | "failed";
      readonly reason: Reason | null;
      readonly usage: Usage | null;
      readonly source: UsageSource | undefined;
    }
  /** Empty where OpenAI says nothing. `clientEventId`: the event of ours that it is about. */
  | {
      readonly type: "error";
      readonly code: string;
      readonly errorType: string;
      readonly clientEventId: string | null;
    }
  /** Of no use to us, but a sign that a response goes on. */
  | { readonly type: "response-progress" }
  /** `ignored` is known and of no use; `unknown` is new; `unreadable` is broken, too large or nested too deep. */
  | { readonly type: "ignored" | "unknown" | "unreadable" };

const PROGRESS: RealtimeEvent = { type: "response-progress" };
const IGNORED: RealtimeEvent = { type: "ignored" };
const UNKNOWN: RealtimeEvent = { type: "unknown" };
const UNREADABLE: RealtimeEvent = { type: "unreadable" };

/** OpenAI's ids have about 30 characters. */
const ID_CHARACTERS = 200;
/** Events of the API are about 6 deep. */
const DEPTH = 64;

const isId = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= ID_CHARACTERS;
/** A word of the API's, such as an error's code. */
const wordOf = (value: unknown): string => (typeof value === "string" && value.length <= ID_CHARACTERS ? value : "");

const id = z.string().min(1).max(ID_CHARACTERS);
/** Read on its own, so that what is wrong with it spoils nothing else. */
const anything = z.unknown().optional();
const OfItem = z.object({ item_id: id });
const CallerText = z.object({ item_id: id, transcript: z.string(), usage: anything });
const TextDelta = z.object({ item_id: id, delta: z.string() });
const AgentDelta = z.object({ response_id: id, item_id: id, delta: z.string() });
const AgentText = z.object({ response_id: id, item_id: id, transcript: z.string() });
const Call = z.object({ call_id: id, name: id, arguments: z.string() });
const CallArguments = Call.extend({ response_id: id });
const CallItem = z.object({ response_id: id, item: Call.extend({ status: z.string().optional() }) });
const ItemAdded = z.object({ item: z.object({ id }) });
/** That it came is what counts: a session whose description we cannot read is set up all the same. */
const SessionUpdated = z
  .object({ session: z.object({ audio: z.object({ input: z.record(z.string(), z.unknown()) }) }) })
  .catch({ session: { audio: { input: {} } } });
const metadata = z
  .object({ ask: id })
  .nullish()
  .catch(null)
  .transform((pairs) => pairs?.ask ?? null);
const ResponseCreated = z.object({ response: z.object({ id, metadata }) });
const ResponseDone = z.object({
  response: z.object({
    id,
    metadata,
    status: z.string(),
    status_details: z
      .object({ error: z.object({ code: anything, type: anything }).nullish() })
      .nullish()
      .catch(null),
    usage: anything,
  }),
});
const ErrorEvent = z.object({
  error: z.object({ code: anything, type: anything, event_id: id.nullish().catch(null) }),
});

/**
 * A piece of sound up to the sound itself, as the live API writes it; its reference has the first two fields the other way
 * round. A message that begins like this and ends with a string without escapes is read without a parse; any other is
 * parsed.
 */
const USUAL_SOUND =
  /^\{(?:"type":"response\.output_audio\.delta","event_id":"[\w-]{1,200}"|"event_id":"[\w-]{1,200}","type":"response\.output_audio\.delta"),"response_id":"([\w-]{1,200})","item_id":"([\w-]{1,200})","output_index":(?:0|[1-9]\d{0,5}),"content_index":(?:0|[1-9]\d{0,5}),"delta":"/;

const END_OF_SOUND = '"}';

/** Frame path. `undefined`: to be parsed. */
function readUsualSound(text: string): RealtimeEvent | undefined {
  if (text.length > LIMITS.upstreamEventCharacters || !text.endsWith(END_OF_SOUND)) return undefined;
  const head = USUAL_SOUND.exec(text);
  if (head === null) return undefined;
  const [{ length: from }, responseId = "", itemId = ""] = head;
  const to = text.length - END_OF_SOUND.length;
  // A string ends at its first quote, if none of it is escaped. What is in it is looked at where it is sent on.
  if (text.indexOf('"', from) !== to || text.includes("\\", from)) return undefined;
  return { type: "sound", responseId, itemId: detached(itemId), audioBase64: text.slice(from, to) };
}

/** A copy. A part of a text that is kept keeps all of that text, and an id is kept longer than the sound it came with. */
const detached = (part: string): string => ` ${part}`.slice(1);

/** Reads one message of OpenAI's. Never throws; event shapes: OpenAI's reference of the Realtime API (GA). */
export function readRealtimeEvent(text: string): RealtimeEvent {
  const sound = readUsualSound(text);
  if (sound !== undefined) return sound;
  const json = parseObject(text);
  if (json === undefined) return UNREADABLE;
  if (json.type === "response.output_audio.delta") {
    const { response_id: responseId, item_id: itemId, delta: audioBase64 } = json;
    if (!isId(responseId) || !isId(itemId) || typeof audioBase64 !== "string") return UNREADABLE;
    return { type: "sound", responseId, itemId, audioBase64 };
  }
  if (typeof json.type !== "string" || isTooDeep(text)) return UNREADABLE;
  return readOther(json.type, json);
}

function readOther(type: string, json: Record<string, unknown>): RealtimeEvent {
  switch (type) {
    case "response.output_audio_transcript.delta":
      return read(AgentDelta, json, ({ response_id: responseId, item_id: itemId, delta }) =>
        delta === "" ? PROGRESS : { type: "agent-delta", responseId, itemId, text: delta },
      );
    case "response.output_audio_transcript.done":
      return read(AgentText, json, ({ response_id: responseId, item_id: itemId, transcript }) => ({
        type: "agent-text",
        responseId,
        itemId,
        text: transcript.slice(0, LIMITS.answerCharacters),
      }));
    case "response.created":
      return read(ResponseCreated, json, ({ response }) => ({
        type: "response-created",
        responseId: response.id,
        askId: response.metadata,
      }));
    case "response.output_item.done":
      return readItem(json);
    case "response.function_call_arguments.done":
      return read(CallArguments, json, (call) => toolCall(call.response_id, call));
    case "response.done":
      return read(ResponseDone, json, ({ response }) => responseDone(response));
    case "input_audio_buffer.speech_started":
      return read(OfItem, json, ({ item_id: itemId }) => ({ type: "speech-start", itemId }));
    case "input_audio_buffer.speech_stopped":
      return read(OfItem, json, ({ item_id: itemId }) => ({ type: "speech-end", itemId }));
    case "input_audio_buffer.committed":
      return read(OfItem, json, ({ item_id: itemId }) => ({ type: "turn-committed", itemId }));
    case "conversation.item.input_audio_transcription.delta":
      return read(TextDelta, json, ({ item_id: itemId, delta }) => ({ type: "caller-delta", itemId, text: delta }));
    case "conversation.item.input_audio_transcription.completed":
      return read(CallerText, json, ({ item_id: itemId, transcript, usage }) => ({
        type: "caller-text",
        itemId,
        text: transcript.slice(0, LIMITS.utteranceCharacters),
        ...billed(usage, itemId, readTranscriptionUsage),
      }));
    case "conversation.item.input_audio_transcription.failed":
      return read(OfItem, json, ({ item_id: itemId }) => ({ type: "caller-text-failed", itemId }));
    case "conversation.item.added":
      return read(ItemAdded, json, ({ item }) => ({ type: "item-added", itemId: item.id }));
    case "session.updated":
      return read(SessionUpdated, json, ({ session }) => {
        const { turn_detection: detection } = session.audio.input;
        return { type: "session-updated", hasVad: detection === undefined ? undefined : detection !== null };
      });
    case "error":
      return read(ErrorEvent, json, ({ error }) => ({
        type: "error",
        code: wordOf(error.code),
        errorType: wordOf(error.type),
        clientEventId: error.event_id ?? null,
      }));
    default:
      if (OF_RESPONSE.has(type)) return PROGRESS;
      return OF_NO_USE.has(type) ? IGNORED : UNKNOWN;
  }
}

const OF_RESPONSE: ReadonlySet<string> = new Set([
  "response.output_item.added",
  "response.content_part.added",
  "response.content_part.done",
  "response.output_audio.done",
  "response.output_text.delta",
  "response.output_text.done",
  "response.function_call_arguments.delta",
]);

const OF_NO_USE: ReadonlySet<string> = new Set([
  "session.created",
  "conversation.created",
  "conversation.item.created",
  "conversation.item.done",
  "conversation.item.retrieved",
  "conversation.item.deleted",
  "conversation.item.truncated",
  "conversation.item.input_audio_transcription.segment",
  "input_audio_buffer.cleared",
  "input_audio_buffer.timeout_triggered",
  "input_audio_buffer.dtmf_event_received",
  "rate_limits.updated",
]);

/** A tool call that was cut off is not complete, and is not run. */
function readItem(json: Record<string, unknown>): RealtimeEvent {
  const { item } = json;
  if (typeof item !== "object" || item === null || !("type" in item) || item.type !== "function_call") return PROGRESS;
  return read(CallItem, json, ({ response_id: responseId, item: call }) =>
    call.status === undefined || call.status === "completed" ? toolCall(responseId, call) : PROGRESS,
  );
}

const toolCall = (responseId: string, call: z.output<typeof Call>): RealtimeEvent => ({
  type: "tool-call",
  responseId,
  toolCallId: call.call_id,
  name: call.name,
  arguments: call.arguments,
});

/** A usage as we read it, with what it was read from. */
function billed(json: unknown, upstreamId: string, readUsage: (json: unknown) => Usage | null) {
  const usage = readUsage(json);
  return { usage, source: usage ? usageSource(json, upstreamId) : undefined };
}

function responseDone(response: z.output<typeof ResponseDone>["response"]): RealtimeEvent {
  const { id: responseId, metadata: askId, status, status_details: details } = response;
  const bill = billed(response.usage, responseId, readResponseUsage);
  const done = { type: "response-done", responseId, askId, ...bill } as const;
  switch (status) {
    case "completed":
      return { ...done, outcome: "complete", reason: null };
    case "cancelled":
      return { ...done, outcome: "cancelled", reason: null };
    case "failed":
      return {
        ...done,
        outcome: "failed",
        reason: reasonOfStreamError(wordOf(details?.error?.code), wordOf(details?.error?.type)),
      };
    // `incomplete`, at the longest answer or by a filter; and whatever else OpenAI may call an end.
    default:
      return { ...done, outcome: "cut", reason: null };
  }
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  json: unknown,
  take: (parsed: z.output<Schema>) => RealtimeEvent,
): RealtimeEvent {
  const parsed = schema.safeParse(json);
  return parsed.success ? take(parsed.data) : UNREADABLE;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (text.length > LIMITS.upstreamEventCharacters) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    return isRecord(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a JSON text nests deeper than any event does. Brackets within strings do not count. */
function isTooDeep(json: string): boolean {
  let depth = 0;
  let isString = false;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (isString && character === "\\") at += 1;
    else if (character === '"') isString = !isString;
    else if (!isString && (character === "{" || character === "[")) depth += 1;
    else if (!isString && (character === "}" || character === "]")) depth -= 1;
    if (depth > DEPTH) return true;
  }
  return false;
}
