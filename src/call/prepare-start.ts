import type { Settings } from "../env.ts";
import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { log } from "../log.ts";
import type { CallId } from "../protocol/ids.ts";
import type { Database } from "../store/database.ts";
import type { Student } from "../store/students.ts";
import { lendingOf } from "../store/workshops.ts";
import { stateOf } from "../workshop/dates.ts";
import type { CallStart } from "./call-start.ts";
import { ensureWebhookSecret } from "./first-webhook-secret.ts";
import { messageOf, payerOf } from "./payer.ts";

/** What a call's start says that does not come from its student. */
export interface Way
  extends Pick<CallStart, "wayIn" | "phoneCallId" | "ownHost" | "resumable" | "carrierGreets" | "fromPage"> {
  readonly callId: CallId;
}

/**
 * All that a call of this student needs. Says in the log whose key it is. Asks the database only for the first webhook
 * secret of a student who needs one.
 *
 * @throws Failure `workshop_not_open` or `workshop_closed`; `no_key` when nobody pays.
 */
export async function prepareStart(
  database: Database,
  settings: Settings,
  student: Student,
  way: Way,
  nowMs: number,
): Promise<CallStart> {
  const state = student.workshop === null ? "open" : stateOf(student.workshop, nowMs);
  if (state !== "open") throw new Failure(state === "not-open" ? "workshop_not_open" : "workshop_closed");
  const payer = payerOf(student, settings);
  log({ event: "key-chosen", callId: payer ? way.callId : null, message: messageOf(payer) });
  if (!payer) throw new Failure("no_key");
  const isText = way.wayIn === "conversation-relay";
  return {
    version: 2,
    ...way,
    sessionToken: student.sessionToken,
    workshopId: student.workshop?.id ?? null,
    studentId: student.studentId,
    studentName: student.name,
    prompt: student.config.prompt,
    greeting: student.config.greeting,
    voice: student.config.voice,
    toolsJson: Array.isArray(student.toolsJson) ? student.toolsJson : [],
    keySource: payer,
    sealedKey: student.sealedKey,
    sealedWebhookSecret: await ensureWebhookSecret(database, settings, student),
    model: isText ? settings.textModel : settings.voiceModel,
    transcriptionModel: isText ? null : settings.transcribeModel,
    language: student.config.language,
    turnEnd: student.config.turnEnd,
    patience: student.config.patience,
    lending: lendingOf(student.workshop),
    ownCapMicroUsd: student.ownCapMicroUsd,
    startedAtMs: nowMs,
    callMaxMs: Math.min(student.workshop?.callMaxMs ?? LIMITS.callDefaultMs, LIMITS.callMaxMs),
  };
}
