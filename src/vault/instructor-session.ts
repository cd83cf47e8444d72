import { base64Url, fromBase64Url, lengthPrefixed, utf8 } from "./bytes.ts";
import type { MasterKeys } from "./master-keys.ts";

/** Longer texts are not looked at. Ours have about 60 characters. */
const MAX_CHARACTERS = 256;

/**
 * What the console's cookie holds: `{expiresAtMs}.{mac}`, the mac in base64url. Signed with HMAC-SHA-256 under a key
 * derived from the newest master key, over the end and over a digest of the instructor's token. So it ends by itself, and
 * a new token or a new master key ends every one there is; nothing of the token is in it.
 */
export async function mintInstructorSession(
  keys: MasterKeys,
  instructorToken: string,
  expiresAtMs: number,
): Promise<string> {
  const end = String(Math.trunc(expiresAtMs));
  const mac = await crypto.subtle.sign("HMAC", keys.instructorSessions, await signedBytes(end, instructorToken));
  return `${end}.${base64Url(new Uint8Array(mac))}`;
}

/**
 * Whether a text is a session that we made for this very token and that has not ended. The runtime compares the MAC in
 * constant time, and nothing is believed before that.
 */
export async function isInstructorSession(
  keys: MasterKeys,
  instructorToken: string,
  text: string,
  nowMs: number,
): Promise<boolean> {
  if (text.length > MAX_CHARACTERS) return false;
  const [, end, macText] = /^(\d{1,15})\.([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  const mac = macText === undefined ? undefined : fromBase64Url(macText);
  if (end === undefined || mac === undefined) return false;
  const signed = await signedBytes(end, instructorToken);
  return (await crypto.subtle.verify("HMAC", keys.instructorSessions, mac, signed)) && nowMs < Number(end);
}

async function signedBytes(end: string, instructorToken: string): Promise<Uint8Array<ArrayBuffer>> {
  const digest = await crypto.subtle.digest("SHA-256", utf8(instructorToken));
  return lengthPrefixed([end, base64Url(new Uint8Array(digest))]);
}
