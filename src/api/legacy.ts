import { Failure } from "../failure.ts";
import { DEFAULT_GREETING, DEFAULT_PROMPT, DEFAULT_VOICE } from "../protocol/agent-config.ts";
import type { SessionToken } from "../protocol/ids.ts";
import type { KeyOpinion, LegacySaveReply, LegacySettingsReply, ShownKeyStatus } from "../protocol/rest.ts";
import { findStudent, type StoredKey, type Student, saveLegacyConfig } from "../store/students.ts";
import type { Workshop } from "../store/workshops.ts";
import { checkWebhooks } from "./agent-configs.ts";
import { askAbout, callsMustKnow, clearKeyForService, givenKey, keyView, notTaken, sealed } from "./api-keys.ts";
import { defaultWorkshop } from "./default-workshop.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { websocketUrl } from "./public-address.ts";
import { succeeded } from "./replies.ts";
import { legacySaveReply, legacySettingsReply } from "./reply-schemas.ts";
import { legacySaveRequest, legacySettingsQuery } from "./schemas.ts";
import { meChanged, studentChanged } from "./tell-workshop.ts";

/** The predecessor's save. A key is stored whatever OpenAI thinks of it, and the reply says what that is. */
export const saveConfig = endpoint("anyone", {
  summary: "Saves a student's agent and key. An absent field is left as it is, null clears it, others are ignored.",
  body: legacySaveRequest,
  reply: legacySaveReply,
  fails: ["bad_config", "bad_key_shape", "unknown_session", "workshop_not_open", "workshop_closed"],
  handle: async (c, { body }) => {
    const { sessionToken, tools } = body;
    const apiKey = body.openaiApiKey == null ? body.openaiApiKey : givenKey(body.openaiApiKey);
    checkWebhooks(c, tools);
    const { student, workshop } = await saver(c, sessionToken);
    if (apiKey && workshop?.closing) throw new Failure("workshop_closed");
    const key = apiKey && (await sealedWithOpinion(c, { sessionToken, workshop }, apiKey));
    const patch = {
      name: body.studentName,
      email: body.studentEmail,
      prompt: body.systemPrompt,
      greeting: body.ivrGreeting,
      voice: body.selectedVoice,
      toolsJson: tools?.stored ?? tools,
      key,
    };
    const enrolment = { enrol: student === undefined, workshopId: workshop?.id };
    const saved = await saveLegacyConfig(c.env.database, sessionToken, patch, enrolment);
    if (!saved) throw await notTaken(c, sessionToken);
    if (student && key !== undefined) await callsMustKnow(c, student);
    const openai = await opinion(c, student, key);
    meChanged(c, { sessionToken, workshop });
    const name = body.studentName === undefined ? (student?.name ?? null) : body.studentName;
    studentChanged(c, { sessionToken, workshop, studentId: saved.studentId, name }, openai.status);
    return succeeded<LegacySaveReply>(c, {
      success: true,
      message: MESSAGES[openai.status ?? "none"],
      websocketUrl: websocketUrl(c, sessionToken),
      openai,
    });
  },
});

/** The one route that can return a key, to a server that shows the `SERVICE_TOKEN`. */
export const getSettings = endpoint("service", {
  summary: "A student's agent with the clear key, for a server of the instructor's.",
  query: legacySettingsQuery,
  reply: legacySettingsReply,
  fails: [],
  handle: async (c, { query: { sessionToken } }) => {
    const student = await findStudent(c.env.database, sessionToken);
    return succeeded(c, student ? await settingsOf(c, student) : defaultsFor(sessionToken));
  },
});

const MESSAGES: Readonly<Record<ShownKeyStatus | "none", string>> = {
  none: "Saved. There is no OpenAI key yet.",
  connected: "Saved. OpenAI accepts the key.",
  rejected: "Saved, but OpenAI does not accept the key.",
  restricted: "Saved. OpenAI accepts the key, but its permissions are restricted.",
  no_credit: "Saved, but the OpenAI account of the key has no credit left.",
  unverified: "Saved. The key could not be checked with OpenAI.",
  unreadable: "Saved, but the stored OpenAI key cannot be read: it needs to be entered again.",
};

/** Who saves; with open enrolment an unknown token becomes a student of the default workshop. */
async function saver(
  c: ApiContext,
  sessionToken: SessionToken,
): Promise<{ student: Student | undefined; workshop: Workshop | null }> {
  const student = await findStudent(c.env.database, sessionToken);
  if (student) return { student, workshop: student.workshop };
  if (c.env.settings.enrollment !== "open") throw new Failure("unknown_session");
  return { student: undefined, workshop: await defaultWorkshop(c) };
}

async function sealedWithOpinion(
  c: ApiContext,
  student: Pick<Student, "sessionToken" | "workshop">,
  apiKey: ReturnType<typeof givenKey>,
): Promise<StoredKey> {
  const status = await askAbout(c, student, apiKey);
  return sealed(c, student.sessionToken, apiKey, status === "not-asked" ? "unverified" : status);
}

/** Of the key that was given, of none when it was cleared, else of the one that was there. */
async function opinion(
  c: ApiContext,
  before: Student | undefined,
  given: StoredKey | null | undefined,
): Promise<KeyOpinion> {
  const key = given === undefined && before ? await keyView(c, before) : given;
  return { status: key?.status ?? null, hint: key?.hint ?? null };
}

async function settingsOf(c: ApiContext, student: Student): Promise<LegacySettingsReply> {
  const { sessionToken, name, config, toolsJson } = student;
  return {
    success: true,
    settings: {
      sessionToken,
      studentName: name,
      openaiApiKey: await clearKeyForService(c, student),
      systemPrompt: config.prompt,
      greeting: config.greeting,
      voice: config.voice,
      tools: Array.isArray(toolsJson) ? toolsJson : [],
    },
    isDefault: false,
  };
}

const defaultsFor = (sessionToken: SessionToken): LegacySettingsReply => ({
  success: true,
  settings: {
    sessionToken,
    studentName: null,
    openaiApiKey: null,
    systemPrompt: DEFAULT_PROMPT,
    greeting: DEFAULT_GREETING,
    voice: DEFAULT_VOICE,
    tools: [],
  },
  isDefault: true,
});
