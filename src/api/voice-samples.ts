import { payerOf } from "../call/payer.ts";
import { Failure, type Reason } from "../failure.ts";
import { dialRealtime } from "../model/realtime-dial.ts";
import { recordSample } from "../model/voice-sample.ts";
import { DEFAULT_GREETING } from "../protocol/agent-config.ts";
import { SOUND_HZ } from "../protocol/call-messages.ts";
import type { KeySource } from "../protocol/call-record.ts";
import type { KeyStatus } from "../protocol/rest.ts";
import { noteKeyUse } from "../store/sealed-keys.ts";
import type { Student } from "../store/students.ts";
import type { ApiKey } from "../vault/api-key.ts";
import { stateOf } from "../workshop/dates.ts";
import { ownKey } from "./api-keys.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { noteThrown } from "./replies.ts";
import { SampleMoney } from "./sample-money.ts";
import { voiceSampleRequest } from "./schemas.ts";
import { meChanged, studentChanged } from "./tell-workshop.ts";
import { wavOf } from "./wav.ts";

/** As a call of this student would sound, and paid by whom it would be: with the same refusals. */
export const makeVoiceSample = endpoint("student", {
  summary:
    "The student's greeting in a voice, at most 12 s of it, as PCM16 at 24 kHz. Each one is a Realtime response that OpenAI " +
    "bills, as sound that is put out, to the key that pays for the student's calls, within the same limits; it is no call and " +
    "stands in no history.",
  body: voiceSampleRequest,
  reply: "audio/wav",
  fails: [
    "bad_config",
    "too_many_requests",
    "workshop_not_open",
    "workshop_closed",
    "workshop_paused",
    "no_key",
    "key_unreadable",
    "allowance_used",
    "pool_used",
    "call_budget_used",
    "own_cap_used",
    "fallback_off",
    "model_not_lent",
    "unpriced_model",
    "money_unreachable",
    "key_rejected",
    "key_restricted",
    "no_credit",
    "model_not_available",
    "region_unsupported",
    "upstream_rate_limited",
    "upstream_bad_request",
    "upstream_unavailable",
    "upstream_timeout",
    "upstream_unreadable",
    "upstream_lost",
  ],
  handle: async (c, { asker: student, body: { voice } }) => {
    const { calls, settings, fetch, now } = c.env;
    const { payer, apiKey } = await payingKey(c, student);
    if (!(await calls.voiceSampleAllowed(student.studentId))) throw new Failure("too_many_requests");
    const words = student.config.greeting?.trim() || DEFAULT_GREETING;
    const money = new SampleMoney(c, student, payer, words);
    await money.reserve();
    c.env.waitUntil(money.begin());
    const sample = await recordSample({
      dial: (signal) => dialRealtime(apiKey, settings.openaiBaseUrl, settings.voiceModel, fetch, signal),
      voice,
      words,
      transcriptionModel: settings.transcribeModel,
      startTimer: (run, afterMs) => {
        const timer = setTimeout(run, afterMs);
        return () => clearTimeout(timer);
      },
      nowMs: now,
    });
    c.env.waitUntil(money.settle(sample));
    const { sound } = sample;
    noteUse(c, student, typeof sound === "string" ? sound : undefined);
    if (typeof sound === "string") throw new Failure(sound);
    return c.body(wavOf(sound, SOUND_HZ), 200, { "content-type": "audio/wav" });
  },
});

/** @throws Failure for whatever would keep the student from calling. */
async function payingKey(
  c: ApiContext,
  student: Student,
): Promise<{ readonly payer: KeySource; readonly apiKey: ApiKey }> {
  const { settings, now, workshops } = c.env;
  const state = student.workshop ? stateOf(student.workshop, now()) : "open";
  if (state !== "open") throw new Failure(state === "ended" ? "workshop_closed" : "workshop_not_open");
  if (await workshops.isPaused(student.workshop?.id ?? null)) throw new Failure("workshop_paused");
  const payer = payerOf(student, settings);
  const apiKey = payer === "student" ? await ownKey(c, student) : (settings.instructorApiKey ?? "none");
  if (payer === undefined || apiKey === "none") throw new Failure("no_key");
  if (apiKey === "unreadable") throw new Failure("key_unreadable");
  return { payer, apiKey };
}

/** What the sample has shown of the student's own key; of the instructor's nothing is kept. */
function noteUse(c: ApiContext, student: Student, reason: Reason | undefined): void {
  const { sessionToken, sealedKey, keyStatus } = student;
  const status = reason === undefined ? "connected" : STATUS_OF_REASON[reason];
  if (sealedKey === null || status === undefined) return;
  const use = { status, atMs: c.env.now(), ifSealed: sealedKey };
  const noted = noteKeyUse(c.env.database, sessionToken, use).then(() => {
    if (status === keyStatus) return;
    meChanged(c, student);
    studentChanged(c, student, status);
  });
  c.env.waitUntil(noted.catch(noteThrown));
}

const STATUS_OF_REASON: Partial<Record<Reason, KeyStatus>> = {
  key_rejected: "rejected",
  key_restricted: "restricted",
  no_credit: "no_credit",
};
