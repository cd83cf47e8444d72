import type { Settings } from "../env.ts";
import type { Database } from "../store/database.ts";
import { storeWebhookSecret } from "../store/sealed-keys.ts";
import { sentinelsIn } from "../store/sentinels.ts";
import { findStudent, type Student } from "../store/students.ts";
import { loadMasterKeys } from "../vault/master-keys.ts";
import { seal } from "../vault/seal.ts";
import { maySeal } from "../vault/sentinel.ts";
import { randomBytes } from "./call-secrets.ts";

/**
 * The sealed webhook secret of a student. One who has webhook tools but has never asked for a secret gets one now, so
 * that no webhook is ever called unsigned; the page can make a new one and show it once.
 */
export async function ensureWebhookSecret(
  database: Database,
  settings: Settings,
  student: Student,
): Promise<string | null> {
  const needsOne = student.config.tools.some((tool) => tool.answer.mode === "webhook");
  if (student.sealedWebhookSecret !== null || !needsOne) return student.sealedWebhookSecret;
  const { newest, previous } = settings.masterKeyHexes;
  const keys = await loadMasterKeys(newest, previous);
  const secret = `whsec_${btoa(String.fromCharCode(...randomBytes(32)))}`;
  const binding = { purpose: "webhook-secret" as const, sessionToken: student.sessionToken };
  try {
    // Under the wrong ENCRYPTION_KEY it would be lost with the mistake.
    if (!(await maySeal(settings.database.url, sentinelsIn(database), keys, randomBytes))) return null;
    const sealed = await seal(keys, binding, secret, randomBytes);
    if (await storeWebhookSecret(database, student.sessionToken, { sealed, onlyIfAbsent: true })) return sealed;
    // Another call was first: its secret is the one.
    return (await findStudent(database, student.sessionToken))?.sealedWebhookSecret ?? null;
  } catch {
    return null;
  }
}
