import { Failure } from "../failure.ts";
import { log } from "../log.ts";
import { checkKey } from "../model/key-check.ts";
import type { SessionToken } from "../protocol/ids.ts";
import type { KeyReply, KeyStatus, KeyView } from "../protocol/rest.ts";
import { forgetKey, replaceKey, reseal } from "../store/sealed-keys.ts";
import { findStudent, type Student } from "../store/students.ts";
import { ApiKey } from "../vault/api-key.ts";
import { type SealBinding, SealedKeyUnreadable, seal, unseal } from "../vault/seal.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { failed, isoTimeOrNull, noteThrown, succeeded } from "./replies.ts";
import { doneReply, keyReply } from "./reply-schemas.ts";
import { keyRequest } from "./schemas.ts";
import { sealingKeys } from "./sealing-keys.ts";
import { meChanged, studentChanged } from "./tell-workshop.ts";

/** A key that OpenAI rejects is not stored: the one that worked stays. Every other outcome is stored with its status. */
export const putKey = endpoint("student", {
  summary: "Connects an OpenAI key, or replaces the connected one; OpenAI is asked about it first.",
  body: keyRequest,
  reply: keyReply,
  fails: ["bad_key_shape", "key_rejected", "too_many_requests", "workshop_closed"],
  handle: async (c, { asker: student, body }) => {
    if (student.workshop?.closing) throw new Failure("workshop_closed");
    const apiKey = givenKey(body.openaiApiKey);
    const status = await askAbout(c, student, apiKey);
    if (status === "not-asked") throw new Failure("too_many_requests");
    if (status === "rejected") return failed(c, "key_rejected", { openai: { status, hint: apiKey.hint } });
    const stored = await sealed(c, student.sessionToken, apiKey, status);
    if (!(await replaceKey(c.env.database, student.sessionToken, stored)))
      throw await notTaken(c, student.sessionToken);
    await keyChanged(c, student, status);
    const connectedAt = isoTimeOrNull(stored.atMs);
    return succeeded<KeyReply>(c, {
      success: true,
      key: { status, hint: stored.hint, connectedAt, lastUsedAt: null },
    });
  },
});

/** Live calls are told even when there was nothing to forget: the first try may have ended between the two. */
export const deleteKey = endpoint("student", {
  summary: "Forgets the OpenAI key. Live calls stop using it.",
  reply: doneReply,
  fails: [],
  handle: async (c, { asker: student }) => {
    await forgetKey(c.env.database, student.sessionToken);
    await keyChanged(c, student, null);
    return succeeded(c, { success: true });
  },
});

/** @throws Failure `bad_key_shape` for what is no OpenAI key from its looks. */
export function givenKey(text: unknown): ApiKey {
  const apiKey = ApiKey.parse(text);
  if (!apiKey) throw new Failure("bad_key_shape", "openaiApiKey: must begin with sk- and be printable ASCII");
  return apiKey;
}

/** What OpenAI thinks of a key; `not-asked` when this student has asked too often within the last minute. */
export async function askAbout(
  c: ApiContext,
  student: Pick<Student, "sessionToken" | "workshop">,
  apiKey: ApiKey,
): Promise<KeyStatus | "not-asked"> {
  const { calls, settings, fetch } = c.env;
  const isAllowed = await calls.keyCheckAllowed(student.workshop?.id ?? null, student.sessionToken);
  const status = isAllowed ? await checkKey({ apiKey, baseUrl: settings.openaiBaseUrl, fetch }) : "not-asked";
  log({ event: "key-checked", requestId: c.var.requestId, status });
  return status;
}

/**
 * A key ready to be stored.
 *
 * @throws what {@link sealingKeys} throws.
 */
export async function sealed(c: ApiContext, sessionToken: string, apiKey: ApiKey, status: KeyStatus) {
  const keys = await sealingKeys(c);
  const text = await apiKey.use((clear) => seal(keys, keyBinding(sessionToken), clear, c.env.randomBytes));
  return { sealed: text, hint: apiKey.hint, status, atMs: c.env.now() };
}

/** Why a row took no key: it is gone, or its workshop was closed meanwhile. */
export const notTaken = async (c: ApiContext, sessionToken: SessionToken): Promise<Failure> =>
  new Failure((await findStudent(c.env.database, sessionToken)) ? "workshop_closed" : "unknown_session");

/** Live calls must know before the reply; pages and the wall will. */
async function keyChanged(c: ApiContext, student: Student, status: KeyStatus | null): Promise<void> {
  await callsMustKnow(c, student);
  meChanged(c, student);
  studentChanged(c, student, status);
}

/** Tells live calls that there is another key, or none. */
export function callsMustKnow(c: ApiContext, { workshop, sessionToken }: Student): Promise<void> {
  return c.env.calls.tell(workshop?.id ?? null, sessionToken, "key-changed");
}

/** The student's own key, as calls would use it. A stored text that is no key is as good as unreadable. */
export async function ownKey(c: ApiContext, student: Student): Promise<ApiKey | "none" | "unreadable"> {
  if (student.sealedKey === null) return "none";
  const clear = await unsealed(c, student, student.sealedKey);
  return ApiKey.parse(clear?.plaintext) ?? "unreadable";
}

/** The key as a student sees it: never more of it than its hint. */
export async function keyView(c: ApiContext, student: Student): Promise<KeyView | null> {
  const apiKey = await ownKey(c, student);
  if (apiKey === "none") return null;
  const isReadable = apiKey !== "unreadable";
  return {
    // The predecessor noted neither: its keys were never checked.
    status: isReadable ? (student.keyStatus ?? "unverified") : "unreadable",
    hint: student.keyHint ?? (isReadable ? apiKey.hint : null),
    connectedAt: isoTimeOrNull(student.keyConnectedAtMs),
    lastUsedAt: isoTimeOrNull(student.keyLastUsedAtMs),
  };
}

/**
 * The clear key for the one reply that may hold it, `null` when there is none that can be read. A key in an old seal is
 * sealed anew; should that fail, the next use tries again.
 */
export async function clearKeyForService(c: ApiContext, student: Student): Promise<string | null> {
  const { sealedKey, sessionToken } = student;
  const clear = sealedKey === null ? undefined : await unsealed(c, student, sealedKey);
  if (sealedKey === null || clear === undefined) return null;
  if (clear.stale) {
    const to = await seal(await c.env.masterKeys(), keyBinding(sessionToken), clear.plaintext, c.env.randomBytes);
    await reseal(c.env.database, sessionToken, { from: sealedKey, to }).then(
      () => log({ event: "key-resealed", callId: null }),
      noteThrown,
    );
  }
  return clear.plaintext;
}

async function unsealed(c: ApiContext, { sessionToken }: Student, sealedKey: string) {
  try {
    return await unseal(await c.env.masterKeys(), keyBinding(sessionToken), sealedKey);
  } catch (thrown) {
    if (!(thrown instanceof SealedKeyUnreadable)) throw thrown;
    log({ event: "key-unreadable", callId: null });
    // Under the wrong ENCRYPTION_KEY every key is: nobody shall enter theirs again for that.
    await sealingKeys(c);
    return undefined;
  }
}

const keyBinding = (sessionToken: string): SealBinding => ({ purpose: "openai-key", sessionToken });
