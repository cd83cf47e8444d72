import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { type AgentConfig, PATIENCES, TURN_ENDS, voiceOf } from "../protocol/agent-config.ts";
import { KEY_SOURCES, WAYS_IN } from "../protocol/call-record.ts";
import { parseCallId, parseSessionToken, parseStudentId, parseWorkshopId } from "../protocol/ids.ts";
import { parseTools } from "../protocol/tools.ts";
import { LendingShape } from "../workshop/funds.ts";

/**
 * What the Worker hands to a Call object, and what the object keeps of it: everything a call needs, read in one round
 * trip, with the student's key as it lies in the database: sealed. `version`: a deploy may leave an older object
 * running under a newer Worker, so both sides say which form they speak. We write 2; 1 knew no calls with sound.
 */
export const CallStart = z.object({
  version: z.union([z.literal(1), z.literal(2)]),
  callId: z.custom<NonNullable<ReturnType<typeof parseCallId>>>((value) => parseCallId(value) !== undefined),
  sessionToken: z.custom<NonNullable<ReturnType<typeof parseSessionToken>>>(
    (value) => parseSessionToken(value) !== undefined,
  ),
  workshopId: z
    .custom<NonNullable<ReturnType<typeof parseWorkshopId>>>((value) => parseWorkshopId(value) !== undefined)
    .nullable(),
  /** What the workshop's wall knows the student by; null: of a call that began before there were such ids. */
  studentId: z
    .custom<NonNullable<ReturnType<typeof parseStudentId>>>((value) => parseStudentId(value) !== undefined)
    .nullable()
    .default(null),
  studentName: z.string().nullable().default(null),
  /** Asked for by a page of ours, which shows the call by itself. */
  fromPage: z.boolean().default(false),
  wayIn: z.enum(WAYS_IN),
  prompt: z.string().nullable(),
  greeting: z.string().nullable(),
  voice: z.string().nullable(),
  /** As stored; read tool by tool. */
  toolsJson: z.array(z.unknown()),
  keySource: z.enum(KEY_SOURCES),
  sealedKey: z.string().nullable(),
  sealedWebhookSecret: z.string().nullable(),
  /** Answers in text; in a call with sound hears and speaks. */
  model: z.string(),
  /** Writes down what the caller says; null for a call in text. */
  transcriptionModel: z.string().nullable().default(null),
  /** BCP-47, of what the caller speaks: a hint. Null: OpenAI finds out. */
  language: z.string().nullable().default(null),
  turnEnd: z.enum(TURN_ENDS).nullable().default(null),
  patience: z.enum(PATIENCES).nullable().default(null),
  /** What the instructor lends, and the student's own cap: as their rows said last. Null: of a call from before. */
  lending: LendingShape.nullable().default(null),
  ownCapMicroUsd: z.number().nullable().default(null),
  startedAtMs: z.number(),
  callMaxMs: z.number(),
  resumable: z.boolean(),
  carrierGreets: z.boolean(),
  phoneCallId: z.string().nullable(),
  /** Our own public host: no webhook may point at it. */
  ownHost: z.string(),
});

export type CallStart = z.infer<typeof CallStart>;

/** Whoever's money is limited does not pay for an answer of minutes. Tokens; null: as long as the model may. */
export const answerTokensOf = ({ keySource, ownCapMicroUsd }: Pick<CallStart, "keySource" | "ownCapMicroUsd">) =>
  keySource === "instructor" || ownCapMicroUsd !== null ? LIMITS.lentAnswerTokens : null;

/** The agent of a call. A tool that cannot be read is left out: one bad tool must not silence an agent. */
export function agentConfigOf(start: CallStart): AgentConfig {
  const tools = start.toolsJson
    .flatMap((tool) => {
      const read = parseTools([tool], LIMITS);
      return read.ok ? read.value : [];
    })
    .filter(({ name }, at, all) => all.findIndex((other) => other.name === name) === at);
  return {
    prompt: start.prompt,
    greeting: start.greeting,
    voice: voiceOf(start.voice),
    tools: tools.slice(0, LIMITS.tools),
    language: start.language,
    turnEnd: start.turnEnd,
    patience: start.patience,
  };
}
