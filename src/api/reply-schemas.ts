import * as z from "zod";
import { FAILURES } from "../failure.ts";
import { PATIENCES, TURN_ENDS } from "../protocol/agent-config.ts";
import { END_REASONS, KEY_SOURCES, type TurnRecord, WAYS_IN } from "../protocol/call-record.ts";
import {
  type BrowserCallReply,
  type CallReply,
  type CallsReply,
  type DoneReply,
  type FailureBody,
  type HealthReply,
  type JoinReply,
  type KeyReply,
  type LegacySaveReply,
  type LegacySettingsReply,
  type MeReply,
  type PromptsReply,
  type RecoverReply,
  type RecoveryPhraseReply,
  SAVERS,
  SHOWN_KEY_STATUSES,
  type ToolRunReply,
  type WebhookSecretReply,
  WORKSHOP_STATES,
} from "../protocol/rest.ts";
import { closing, count, microUsd, success, text, textOrNull, time, timeOrNull } from "./reply-parts.ts";
import { bill, estimate, repricedCall } from "./reply-schemas-bill.ts";

/*
 * What each route answers, for the API's description, and strict: a test parses every reply with these, so that a field
 * nobody meant to send fails it.
 */

const milliseconds = z.number().min(0).nullable();

const keyOpinion = z.strictObject({
  status: z.enum(SHOWN_KEY_STATUSES).nullable(),
  hint: textOrNull.meta({ description: "The key's last four characters" }),
});

const healthChecks = z.strictObject({
  database: z.enum(["ok", "failed", "not-checked"]),
  secrets: z.enum(["ok", "failed", "not-checked"]),
});

export const failureBody = z.strictObject({
  success: z.literal(false),
  error: text.meta({ description: "A sentence for a person" }),
  code: z.string().refine((code) => Object.hasOwn(FAILURES, code)),
  requestId: text,
  field: text.optional().meta({ description: "Bad input: which field, and what is wrong with it" }),
  variable: text.optional().meta({ description: "misconfigured: which variable" }),
  openai: keyOpinion.optional().meta({ description: "key_rejected: what OpenAI thought of the key" }),
  checks: healthChecks.optional(),
  opensAt: time.optional().meta({ description: "workshop_not_open: when it opens" }),
  retryAfterSeconds: count.optional().meta({ description: "too_many_logins: how long to wait" }),
}) satisfies z.ZodType<FailureBody>;

export const healthReply = z.strictObject({ success, checks: healthChecks }) satisfies z.ZodType<HealthReply>;

export const doneReply = z.strictObject({ success }) satisfies z.ZodType<DoneReply>;

export const joinReply = z.strictObject({
  success,
  sessionToken: text,
  name: text.meta({ description: "As it was given, or with a number where somebody has it already" }),
  recoveryPhrase: text.meta({ description: "Four words that bring the student back on any device; shown this once" }),
  websocketUrl: text,
  workshop: z.strictObject({ name: text }),
}) satisfies z.ZodType<JoinReply>;

export const recoverReply = z.strictObject({ success, name: textOrNull }) satisfies z.ZodType<RecoverReply>;

export const recoveryPhraseReply = z.strictObject({
  success,
  recoveryPhrase: text.meta({ description: "Shown this once; the words before stop working" }),
}) satisfies z.ZodType<RecoveryPhraseReply>;

export const promptsReply = z.strictObject({
  success,
  versions: z.array(
    z.strictObject({
      savedAt: time,
      prompt: textOrNull.meta({ description: "null: the default prompt" }),
      savedBy: z.enum(SAVERS),
    }),
  ),
}) satisfies z.ZodType<PromptsReply>;

export const toolRunReply = z.strictObject({
  success,
  outcome: z.enum(["ok", "failed"]),
  durationMs: z.number().min(0),
  request: z
    .strictObject({ url: text, headers: z.record(z.string(), text), body: text })
    .nullable()
    .meta({
      description: "What was sent to the webhook; null for tools without one, and when its URL may not be called",
    }),
  status: z.int().nullable().meta({ description: "HTTP status of the webhook's answer; null: none came" }),
  output: text.meta({ description: "JSON that the model would be given" }),
}) satisfies z.ZodType<ToolRunReply>;

export const legacySaveReply = z.strictObject({
  success,
  message: text,
  websocketUrl: text,
  openai: keyOpinion,
}) satisfies z.ZodType<LegacySaveReply>;

export const legacySettingsReply = z.strictObject({
  success,
  settings: z.strictObject({
    sessionToken: text,
    studentName: textOrNull,
    openaiApiKey: textOrNull,
    systemPrompt: textOrNull,
    greeting: textOrNull,
    voice: textOrNull,
    tools: z.array(z.unknown()),
  }),
  isDefault: z.boolean(),
}) satisfies z.ZodType<LegacySettingsReply>;

const keyView = z.strictObject({
  status: z.enum(SHOWN_KEY_STATUSES),
  hint: textOrNull,
  connectedAt: timeOrNull,
  lastUsedAt: timeOrNull,
});

export const keyReply = z.strictObject({ success, key: keyView }) satisfies z.ZodType<KeyReply>;

export const meReply = z.strictObject({
  success,
  studentId: text.meta({ description: "What the instructor knows the student by; opens nothing" }),
  name: textOrNull,
  email: textOrNull,
  workshop: z
    .strictObject({
      id: text,
      name: text,
      state: z.enum(WORKSHOP_STATES),
      opensAt: timeOrNull,
      closesAt: timeOrNull,
      closing: closing.nullable(),
    })
    .nullable(),
  payer: z
    .enum(KEY_SOURCES)
    .nullable()
    .meta({ description: "Whose key the next call runs on; null: nobody's, so there will be none" }),
  fallback: z.boolean().meta({ description: "Whether there is an instructor's key that this student may use" }),
  recovery: z.strictObject({ set: z.boolean() }),
  phone: z.boolean().meta({ description: "Whether the instructor has set up Twilio" }),
  models: z.strictObject({ text, voice: text }),
  estimates: z
    .strictObject({ browser: estimate, text: estimate, phone: estimate })
    .meta({ description: "What a minute of conversation is likely to cost, by way of calling" }),
  ownCapMicroUsd: microUsd
    .nullable()
    .meta({ description: "The most that calls on the student's own key may cost in all; null: any amount" }),
  config: z.strictObject({
    prompt: textOrNull,
    greeting: textOrNull,
    voice: textOrNull,
    tools: z.array(z.unknown()),
    language: textOrNull,
    turnEnd: z.enum(TURN_ENDS).nullable(),
    patience: z.enum(PATIENCES).nullable(),
  }),
  key: keyView.nullable(),
  webhookSecret: z.strictObject({ set: z.boolean() }),
  websocketUrl: text,
  voiceUrl: text,
  limits: z.strictObject({
    bodyBytes: count,
    promptBytes: count,
    greetingBytes: count,
    nameBytes: count,
    tools: count,
    callMs: count,
    callsAtOnce: count,
    keyChecksPerMinute: count,
  }),
}) satisfies z.ZodType<MeReply>;

export const webhookSecretReply = z.strictObject({
  success,
  webhookSecret: z.string().startsWith("whsec_").meta({ description: "Shown this once" }),
}) satisfies z.ZodType<WebhookSecretReply>;

export const browserCallReply = z.strictObject({
  success,
  callId: text,
  ticket: text.meta({ description: "Opens the socket once, as its subprotocol beside callroom.v1" }),
  url: text.meta({ description: "The call's socket" }),
}) satisfies z.ZodType<BrowserCallReply>;

const usage = z.strictObject({
  responses: count,
  inputTokens: count,
  inputAudioTokens: count,
  cachedInputTokens: count,
  cachedInputAudioTokens: count,
  cacheWriteTokens: count,
  outputTokens: count,
  outputAudioTokens: count,
  reasoningTokens: count,
  transcriptions: count.meta({ description: "Of the caller's speech; billed apart, by tokens or by time" }),
  transcriptionInputTokens: count,
  transcriptionInputAudioTokens: count,
  transcriptionOutputTokens: count,
  transcriptionMs: z.number().min(0),
  estimated: z.boolean(),
});

const speaker: readonly TurnRecord["speaker"][] = ["caller", "agent", "tool"];

const callView = z.strictObject({
  id: text,
  wayIn: z.enum(WAYS_IN),
  startedAt: time,
  endedAt: timeOrNull,
  endReason: z.enum(END_REASONS).nullable(),
  keySource: z.enum(KEY_SOURCES).meta({ description: "Whose key paid" }),
  model: text,
  transcriptionModel: textOrNull.meta({ description: "What wrote down the caller's speech; null for a call in text" }),
  usage,
  costMicroUsd: microUsd.nullable().meta({ description: "On that key, in millionths of a dollar; null: not known" }),
});

const turnView = z.strictObject({
  seq: count,
  speaker: z.enum(speaker),
  startedAt: time,
  text,
  heardText: textOrNull.meta({ description: "What the caller heard of it, when that is less" }),
  toolCall: z
    .strictObject({
      toolCallId: text,
      name: text,
      arguments: text,
      outcome: z.enum(["pending", "ok", "failed"]),
      output: textOrNull,
      durationMs: milliseconds,
    })
    .nullable(),
  timings: z
    .strictObject({
      ttftMs: milliseconds,
      ttfbMs: milliseconds,
      turnLatencyMs: milliseconds,
      heardLatencyMs: milliseconds,
      turnMs: z.number().min(0),
    })
    .nullable(),
  usage: usage.nullable(),
  failure: textOrNull,
});

export const callsReply = z.strictObject({
  success,
  calls: z.array(callView.extend({ turnCount: count })),
  next: textOrNull.meta({ description: "Give it as `before` to see the calls before these; null: there are none" }),
}) satisfies z.ZodType<CallsReply>;

export const callReply = z.strictObject({
  success,
  call: callView,
  turns: z.array(turnView),
  bill: bill.nullable().meta({ description: "null: a call from before there was a ledger" }),
  repriced: z.array(repricedCall).meta({ description: "The same call on other models of its kind" }),
}) satisfies z.ZodType<CallReply>;
