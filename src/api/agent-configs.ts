import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { MeReply } from "../protocol/rest.ts";
import { webhookUrlProblem } from "../protocol/webhook-url.ts";
import { eraseStudent, patchStudent, type Student } from "../store/students.ts";
import { keyView } from "./api-keys.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { signOut } from "./identity.ts";
import { publicOrigin, voiceUrl, websocketUrl } from "./public-address.ts";
import { isoTimeOrNull, noteThrown, succeeded } from "./replies.ts";
import { doneReply, meReply } from "./reply-schemas.ts";
import { type GivenTools, mePatch } from "./schemas.ts";

export const getMe = endpoint("student", {
  summary: "The student's agent, the state of their key, and the limits.",
  reply: meReply,
  fails: [],
  handle: async (c, { asker: student }) => succeeded(c, await meOf(c, student)),
});

export const patchMe = endpoint("student", {
  summary: "Changes the agent. An absent field is left as it is, null clears it.",
  body: mePatch,
  reply: meReply,
  fails: ["bad_config"],
  handle: async (c, { asker, body }) => {
    const { tools, ...rest } = body;
    checkWebhooks(c, tools);
    const patch = { ...rest, toolsJson: tools?.stored ?? tools };
    const student = await patchStudent(c.env.database, asker.sessionToken, patch);
    if (!student) throw new Failure("unknown_session");
    return succeeded(c, await meOf(c, student));
  },
});

/** Calls are ended before and after: one that began in between must not live on without its student. */
export const deleteMe = endpoint("student", {
  summary: "Erases the student: row, key, history, live calls.",
  reply: doneReply,
  fails: [],
  handle: async (c, { asker: student }) => {
    const { calls, database, waitUntil } = c.env;
    const revoke = () => calls.tell(student.workshop?.id ?? null, student.sessionToken, "revoked");
    await revoke();
    await eraseStudent(database, student.sessionToken);
    waitUntil(revoke().catch(noteThrown));
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

async function meOf(c: ApiContext, student: Student): Promise<MeReply> {
  const { sessionToken, name, email, workshop, config, toolsJson } = student;
  return {
    success: true,
    name,
    email,
    workshop: workshop && {
      name: workshop.name,
      opensAt: isoTimeOrNull(workshop.opensAtMs),
      closesAt: isoTimeOrNull(workshop.closesAtMs),
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
