import type { Settings } from "../env.ts";
import { Failure } from "../failure.ts";
import { ApiKey } from "../vault/api-key.ts";
import { loadMasterKeys } from "../vault/master-keys.ts";
import { seal, sealedWith, unseal } from "../vault/seal.ts";
import type { CallStart } from "./call-start.ts";

/** A value sealed anew under the newest master key, for the row it came from. */
export interface Resealed {
  readonly from: string;
  readonly to: string;
}

export const randomBytes = (count: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(count));

/**
 * Opens the key that pays for a call. The student's when it is the student's call, else the instructor's: never one in
 * place of the other.
 *
 * @throws Failure `key_unreadable` or `no_key`
 */
export async function openApiKey(
  settings: Settings,
  start: CallStart,
  onStale: (resealed: Resealed) => void,
): Promise<ApiKey> {
  if (start.keySource === "instructor") {
    if (!settings.instructorApiKey) throw new Failure("no_key");
    return settings.instructorApiKey;
  }
  const sealed = start.sealedKey;
  if (sealed === null) throw new Failure("no_key");
  const binding = { purpose: "openai-key" as const, sessionToken: start.sessionToken };
  const keys = await loadMasterKeys(settings.masterKeyHexes.newest, settings.masterKeyHexes.previous);
  const { plaintext, stale } = await unseal(keys, binding, sealed).catch(() => {
    throw new Failure("key_unreadable");
  });
  if (stale) onStale({ from: sealed, to: await seal(keys, binding, plaintext, randomBytes) });
  const apiKey = ApiKey.parse(plaintext);
  if (!apiKey) throw new Failure("key_unreadable");
  return apiKey;
}

/** The master key that the student's key names, when it is none of those here; else `undefined`. */
export async function strangeKid(settings: Settings, { sealedKey }: CallStart): Promise<string | undefined> {
  const keys = await loadMasterKeys(settings.masterKeyHexes.newest, settings.masterKeyHexes.previous);
  const shape = sealedWith(sealedKey ?? "");
  return shape.format === "v2" && keys.all.every(({ kid }) => kid !== shape.kid) ? shape.kid : undefined;
}

/** The student's webhook signing secret; `undefined` when there is none or it cannot be read. */
export async function openWebhookSecret(settings: Settings, start: CallStart): Promise<string | undefined> {
  const sealed = start.sealedWebhookSecret;
  if (sealed === null) return undefined;
  const keys = await loadMasterKeys(settings.masterKeyHexes.newest, settings.masterKeyHexes.previous);
  const binding = { purpose: "webhook-secret" as const, sessionToken: start.sessionToken };
  return unseal(keys, binding, sealed).then(
    ({ plaintext }) => plaintext,
    () => undefined,
  );
}

/** A whole number from 0 up to `below`, excluded, without the bias of a remainder. */
export function randomBelow(below: number): number {
  const range = Math.floor(2 ** 32 / below) * below;
  for (;;) {
    const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (drawn < range) return drawn % below;
  }
}
