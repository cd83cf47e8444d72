import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { PATIENCES, TURN_ENDS, VOICES } from "../protocol/agent-config.ts";
import { parseCallId, parseJoinCode, parseSessionToken } from "../protocol/ids.ts";
import { parseLanguage } from "../protocol/language.ts";
import type {
  BrowserCallRequest,
  CallsCursor,
  CallsQuery,
  JoinRequest,
  KeyRequest,
  LegacySaveRequest,
  MePatch,
  RecoverRequest,
  ToolRunRequest,
  VoiceSampleRequest,
} from "../protocol/rest.ts";
import { parseTools, type Tool } from "../protocol/tools.ts";

/*
 * What each route takes. Unknown fields are refused, except on the predecessor's routes; a field that may be absent says
 * so, and `null` is never the same as absent. Words of a rule stand here where the library has none that we could use.
 */

const encoder = new TextEncoder();

/** Text of at most so many bytes in UTF-8, which is what storage and the model's window are counted in. */
export const text = (maxBytes: number) =>
  z
    .string()
    .max(maxBytes)
    .refine((value) => encoder.encode(value).byteLength <= maxBytes, `must be at most ${maxBytes} bytes`);

/** A name as it is shown and spoken: one line. */
export const oneLine = (maxBytes: number) =>
  text(maxBytes)
    .trim()
    .min(1)
    .regex(/^\P{Cc}*$/u, "must be one line");

/** An amount that somebody enters, in whole millionths of a dollar, and at least so many. */
export const microUsd = (least = 0) => z.number().max(LIMITS.moneyMaxMicroUsd).int().min(least);

const personName = oneLine(LIMITS.nameBytes);

const email = z
  .string()
  .trim()
  .max(LIMITS.emailCharacters)
  .regex(/^[^\s@]+@[^\s@]+$/, "must be an e-mail address");

/** A text that one of our parsers must take. */
export const readBy = <Parsed extends string>(parse: (value: unknown) => Parsed | undefined, problem: string) =>
  z.string().transform((value, context): Parsed => {
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: problem });
    return z.NEVER;
  });

/** Whether OpenAI could have made it is the vault's to say: `bad_key_shape` is a failure of its own. */
const openaiApiKey = z
  .unknown()
  .meta({ type: "string", description: "An OpenAI API key, sk-…; it is sealed and never shown again." });

/** Tools as they were given, which is how they are stored, and as we understood them. */
export interface GivenTools {
  readonly stored: readonly unknown[];
  readonly tools: readonly Tool[];
}

const tools = z
  .unknown()
  .transform((value, context): GivenTools => {
    const read = parseTools(value, LIMITS);
    if (read.ok && Array.isArray(value)) return { stored: value, tools: read.value };
    // The path begins with the field's own name, which the library puts before it.
    const path = read.ok ? "" : read.path.slice("tools".length);
    context.addIssue({
      code: "custom",
      path: path === "" ? [] : [path],
      message: read.ok ? "must be a list" : read.problem,
    });
    return z.NEVER;
  })
  .meta({
    type: "array",
    maxItems: LIMITS.tools,
    description: "OpenAI function schemas, each with a mode: mock, builtin or webhook (function.webhook_url).",
    items: { type: "object", properties: { type: { const: "function" }, function: { type: "object" } } },
  });

const language = readBy(
  parseLanguage,
  "must be a language's code of ISO 639-1, as en, or with its region, as pt-BR",
).meta({
  description:
    "What callers speak, a hint for the transcript: ISO 639-1, or with script and region; null: it is found out",
  examples: ["en", "pt-BR"],
});
const turnEnd = z.enum(TURN_ENDS).meta({
  description:
    "What ends a caller's spoken turn. pause (the default): silence. meaning: silence where the words seem complete",
});
const patience = z.enum(PATIENCES).meta({
  description: "How long a caller may pause in a turn; null is normal. With long every answer comes later",
});

export const joinRequest = z.strictObject({
  joinCode: readBy(parseJoinCode, "is not a join code").meta({ examples: ["MAPLE-7"] }),
  name: personName,
  email: email.nullable().optional(),
}) satisfies z.ZodType<unknown, JoinRequest>;

export const mePatch = z.strictObject({
  name: personName.nullable().optional(),
  prompt: text(LIMITS.promptBytes).nullable().optional(),
  greeting: text(LIMITS.greetingBytes).nullable().optional(),
  voice: z.enum(VOICES).nullable().optional(),
  tools: tools.nullable().optional(),
  language: language.nullable().optional(),
  turnEnd: turnEnd.nullable().optional(),
  patience: patience.nullable().optional(),
  ownCapMicroUsd: microUsd()
    .nullable()
    .optional()
    .meta({ description: "The most that calls on the student's own key may cost in all, in millionths of a dollar" }),
}) satisfies z.ZodType<unknown, MePatch>;

/** What is none of the words is not a malformed request: `unknown_phrase` says which. */
export const recoverRequest = z.strictObject({
  recoveryPhrase: z.string().meta({ examples: ["maple river candle stone"] }),
}) satisfies z.ZodType<unknown, RecoverRequest>;

/** An object, as large as a model's arguments may be. */
const toolArguments = z
  .record(z.string(), z.unknown())
  .refine((value) => JSON.stringify(value).length <= LIMITS.toolArgumentsCharacters, {
    error: `must be at most ${LIMITS.toolArgumentsCharacters} characters as JSON`,
  })
  .meta({ description: "What the model would give the tool" });

export const toolRunRequest = z.strictObject({ arguments: toolArguments }) satisfies z.ZodType<unknown, ToolRunRequest>;

export const voiceSampleRequest = z.strictObject({
  voice: z.enum(VOICES),
}) satisfies z.ZodType<unknown, VoiceSampleRequest>;

export const keyRequest = z.strictObject({ openaiApiKey }) satisfies z.ZodType<unknown, KeyRequest>;

const sessionToken = readBy(parseSessionToken, "is not a session token").meta({ examples: ["test_session_123"] });

/** The predecessor's: unknown fields are dropped, its voices are those of any provider. */
export const legacySaveRequest = z.object({
  sessionToken,
  studentEmail: text(LIMITS.emailCharacters).nullable().optional(),
  studentName: text(LIMITS.nameBytes).nullable().optional(),
  openaiApiKey: openaiApiKey.nullable().optional(),
  systemPrompt: text(LIMITS.promptBytes).nullable().optional(),
  ivrGreeting: text(LIMITS.greetingBytes).nullable().optional(),
  selectedVoice: text(LIMITS.voiceCharacters).nullable().optional(),
  tools: tools.nullable().optional(),
}) satisfies z.ZodType<unknown, LegacySaveRequest>;

export const legacySettingsQuery = z.object({ sessionToken });

export const browserCallRequest = z.strictObject({}).optional() satisfies z.ZodType<BrowserCallRequest | undefined>;

/** How the phone's sound comes to us; as the student wrote it into Twilio's voice webhook. */
export const voiceQuery = z.object({
  wayIn: z
    .enum(["conversation-relay", "media-streams"])
    .default("conversation-relay")
    .meta({ description: "conversation-relay: Twilio hears and speaks. media-streams: the model does" }),
});

/** Milliseconds since 1970 of an ISO 8601 time. */
export const instant = z.iso
  .datetime({ offset: true, error: "must be a time in ISO 8601" })
  .transform((iso) => Date.parse(iso));

/** Where a page of the history begins: what `next` said on the page before, or any time. */
const cursor = z
  .string()
  .transform((text, context): CallsCursor => {
    const read = readCursor(text);
    if (read) return read;
    context.addIssue({ code: "custom", message: "must be what next was, or a time in ISO 8601" });
    return z.NEVER;
  })
  .meta({ description: "Shows the calls before it: next of the page before, or a time in ISO 8601" });

/** The id in it may be any text: a row of another program's must not end the list. */
function readCursor(text: string): CallsCursor | undefined {
  const end = text.indexOf("_");
  const time = instant.safeParse(end === -1 ? text : text.slice(0, end));
  return time.success ? { startedAtMs: time.data, callId: end === -1 ? null : text.slice(end + 1) } : undefined;
}

export const cursorText = ({ startedAtMs, callId }: CallsCursor): string =>
  `${new Date(startedAtMs).toISOString()}${callId === null ? "" : `_${callId}`}`;

export const callsQuery = z.strictObject({
  before: cursor.optional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.callsPerPageMax).default(LIMITS.callsPerPage),
}) satisfies z.ZodType<CallsQuery>;

export const callIdParameter = readBy(parseCallId, "is not a call's id");
export const sessionTokenParameter = sessionToken;
