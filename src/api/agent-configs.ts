import { payerOf } from "../call/payer.ts";
import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { estimateOf } from "../pricing/estimate.ts";
import type { MeReply } from "../protocol/rest.ts";
import { webhookUrlProblem } from "../protocol/webhook-url.ts";
import { eraseStudent, findStudent, patchStudent, type Student } from "../store/students.ts";
import { isKnownDigest } from "../vault/recovery-phrase.ts";
import { stateOf } from "../workshop/dates.ts";
import { keyView } from "./api-keys.ts";
import { closingView } from "./closing-view.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { signOut } from "./identity.ts";
import { publicOrigin, voiceUrl, websocketUrl } from "./public-address.ts";
import { isoTimeOrNull, succeeded } from "./replies.ts";
import { doneReply, meReply } from "./reply-schemas.ts";
import { type GivenTools, mePatch } from "./schemas.ts";
import { meChanged, studentChanged, studentGone } from "./tell-workshop.ts";
import { toldAsStored } from "./told-as-stored.ts";

export const getMe = endpoint("student", {
  summary: "The student's agent, the state of their key, and the limits.",
  reply: meReply,
  fails: [],
  handle: async (c, { asker: student }) => succeeded(c, await meOf(c, student)),
});

export const patchMe = endpoint("student", {
  summary:
    "Changes the agent, from the next call on, and the student's own cap, at once. An absent field is left as it is, null " +
    "clears it. A prompt that is replaced is kept.",
  body: mePatch,
  reply: meReply,
  fails: ["bad_config"],
  handle: async (c, { asker, body }) => {
    const { tools, ...rest } = body;
    checkWebhooks(c, tools);
    const patch = { ...rest, toolsJson: tools?.stored ?? tools };
    const patched = await patchStudent(c.env.database, asker.sessionToken, patch, c.env.now());
    if (!patched) throw new Failure("unknown_session");
    const student = body.ownCapMicroUsd === undefined ? patched : await ownCapTold(c, patched);
    // A call that nobody limited asks nobody: it must hear of a cap that is set while it goes on.
    const { sessionToken, workshop } = student;
    if (body.ownCapMicroUsd !== undefined) await c.env.calls.tell(workshop?.id ?? null, sessionToken, "key-changed");
    const me = await meOf(c, student);
    meChanged(c, student);
    if (student.name !== asker.name) studentChanged(c, student, me.key?.status ?? null);
    return succeeded(c, me);
  },
});

/** Calls that go on are counted by it from now on. */
function ownCapTold(c: ApiContext, student: Student): Promise<Student> {
  const { database, workshops } = c.env;
  const { sessionToken, workshop } = student;
  return toldAsStored(
    student,
    ({ ownCapMicroUsd }) => ownCapMicroUsd,
    (ownCapMicroUsd) => workshops.ownCapChanged(workshop?.id ?? null, sessionToken, ownCapMicroUsd),
    () => findStudent(database, sessionToken),
  );
}

/** Calls are ended before and after: one that began in between must not live on without its student. */
export const deleteMe = endpoint("student", {
  summary: "Erases the student: row, key, history, live calls.",
  reply: doneReply,
  fails: [],
  handle: async (c, { asker: student }) => {
    const { calls, database } = c.env;
    await calls.tell(student.workshop?.id ?? null, student.sessionToken, "revoked");
    await eraseStudent(database, student.sessionToken);
    studentGone(c, student);
    signOut(c);
    return succeeded(c, { success: true });
  },
});

/** @throws Failure `bad_config` naming the tool whose webhook would not be called. */
export function checkWebhooks(c: ApiContext, given: GivenTools | null | undefined): void {
  const rules = {
    urlCharacters: LIMITS.urlCharacters,
    ownHost: new URL(publicOrigin(c)).hostname,
    standinOrigin: c.env.settings.webhookStandinOrigin,
  };
  for (const [index, { answer }] of given?.tools.entries() ?? []) {
    const problem = answer.mode === "webhook" ? webhookUrlProblem(answer.url, rules) : undefined;
    if (problem) throw new Failure("bad_config", `tools[${index}].function.webhook_url: ${problem}`);
  }
}

/** Whether there are words that bring them back: those whose master key was dropped do not any more. */
async function canComeBack(c: ApiContext, { recoveryDigest }: Student): Promise<boolean> {
  return recoveryDigest !== null && isKnownDigest(await c.env.masterKeys(), recoveryDigest);
}

async function meOf(c: ApiContext, student: Student): Promise<MeReply> {
  const { sessionToken, studentId, name, email, workshop, config, toolsJson } = student;
  const { settings } = c.env;
  const atMs = c.env.now();
  const models = { text: settings.textModel, voice: settings.voiceModel, transcribe: settings.transcribeModel };
  return {
    success: true,
    studentId,
    name,
    email,
    workshop: workshop && {
      id: workshop.id,
      name: workshop.name,
      state: stateOf(workshop, atMs),
      opensAt: isoTimeOrNull(workshop.opensAtMs),
      closesAt: isoTimeOrNull(workshop.closesAtMs),
      closing: closingView(workshop.closing),
    },
    config: {
      prompt: config.prompt,
      greeting: config.greeting,
      voice: config.voice,
      tools: Array.isArray(toolsJson) ? toolsJson : [],
      language: config.language,
      turnEnd: config.turnEnd,
      patience: config.patience,
    },
    key: await keyView(c, student),
    payer: payerOf(student, settings) ?? null,
    // Who would pay for a student without a key of their own.
    fallback: payerOf({ sealedKey: null, workshop }, settings) === "instructor",
    recovery: { set: await canComeBack(c, student) },
    phone: settings.twilioAuthToken !== undefined,
    models: { text: settings.textModel, voice: settings.voiceModel },
    estimates: {
      browser: estimateOf("browser", models, atMs),
      text: estimateOf("text", models, atMs),
      phone: estimateOf("phone", models, atMs),
    },
    ownCapMicroUsd: student.ownCapMicroUsd,
    webhookSecret: { set: student.sealedWebhookSecret !== null },
    websocketUrl: websocketUrl(c, sessionToken),
    voiceUrl: voiceUrl(c, sessionToken),
    limits: {
      bodyBytes: LIMITS.bodyBytes,
      promptBytes: LIMITS.promptBytes,
      greetingBytes: LIMITS.greetingBytes,
      nameBytes: LIMITS.nameBytes,
      tools: LIMITS.tools,
      callMs: Math.min(workshop?.callMaxMs ?? LIMITS.callDefaultMs, LIMITS.callMaxMs),
      callsAtOnce: LIMITS.callsPerStudent,
      keyChecksPerMinute: LIMITS.keyChecksPerMinute,
    },
  };
}
