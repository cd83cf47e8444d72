import { base64Url, fromBase64Url, utf8 } from "./bytes.ts";
import type { MasterKey, MasterKeys } from "./master-keys.ts";

/** What a ticket promises: whoever brings it may open one socket of this call until then. It holds no secret. */
export interface TicketClaims {
  /** Unique per ticket; the Call object remembers it and takes it once. */
  readonly id: string;
  readonly callId: string;
  /** Twilio's CallSid that the ticket was made for; `null` for a browser. */
  readonly phoneCallId: string | null;
  readonly expiresAtMs: number;
}

/** Longer texts are not looked at. Ours have about 200 characters. */
const MAX_CHARACTERS = 1_024;
const CALL_ID_BYTES = 16;

/**
 * A ticket as `{claims}.{mac}`, both base64url: fits a URL path and `Sec-WebSocket-Protocol`. Signed with HMAC-SHA-256
 * under a key derived from the newest master key. Anyone can read it, nobody else can make one.
 */
export async function mintTicket(keys: MasterKeys, claims: TicketClaims): Promise<string> {
  const { id, callId, phoneCallId, expiresAtMs } = claims;
  const body = base64Url(utf8(JSON.stringify([id, callId, phoneCallId, expiresAtMs])));
  const mac = await crypto.subtle.sign("HMAC", keys.newest.tickets, utf8(body));
  return `${body}.${base64Url(new Uint8Array(mac))}`;
}

/**
 * The claims of a ticket that we made and that has not expired; `undefined` for every other text. One made under a previous
 * master key is good: a browser finds the way back to its call with it, however often the master key was renewed meanwhile.
 * The runtime compares the MAC in constant time, and nothing is parsed before that.
 */
export async function readTicket(keys: MasterKeys, text: string, nowMs: number): Promise<TicketClaims | undefined> {
  if (text.length > MAX_CHARACTERS) return undefined;
  const [body, macText, ...more] = text.split(".");
  if (body === undefined || macText === undefined || more.length > 0) return undefined;
  const mac = fromBase64Url(macText);
  if (mac === undefined || !(await isOurs(keys, utf8(body), mac))) return undefined;
  const claims = parseClaims(body);
  return claims !== undefined && nowMs < claims.expiresAtMs ? claims : undefined;
}

/**
 * 16 bytes that stand for a phone call: the same for every request about one CallSid, so that a second session finds
 * the call of the first, and unguessable for whoever knows the CallSid.
 */
export const callIdBytesFor = (keys: MasterKeys, phoneCallId: string): Promise<Uint8Array<ArrayBuffer>> =>
  callIdBytesUnder(keys.newest, phoneCallId);

/** What it would have been called when it began under a previous master key, the latest first. */
export const olderCallIdBytesFor = (keys: MasterKeys, phoneCallId: string): Promise<Uint8Array<ArrayBuffer>[]> =>
  Promise.all(keys.all.slice(1).map((masterKey) => callIdBytesUnder(masterKey, phoneCallId)));

async function callIdBytesUnder({ callIds }: MasterKey, phoneCallId: string): Promise<Uint8Array<ArrayBuffer>> {
  const digest = await crypto.subtle.sign("HMAC", callIds, utf8(phoneCallId));
  return new Uint8Array(digest).slice(0, CALL_ID_BYTES);
}

async function isOurs(keys: MasterKeys, body: Uint8Array<ArrayBuffer>, mac: Uint8Array<ArrayBuffer>): Promise<boolean> {
  for (const { tickets } of keys.all) {
    if (await crypto.subtle.verify("HMAC", tickets, mac, body)) return true;
  }
  return false;
}

/** A signed body may still be another version's: it is parsed like everything from outside. */
function parseClaims(body: string): TicketClaims | undefined {
  const bytes = fromBase64Url(body);
  if (bytes === undefined) return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields) || fields.length !== 4) return undefined;
  const [id, callId, phoneCallId, expiresAtMs]: unknown[] = fields;
  if (typeof id !== "string" || typeof callId !== "string" || typeof expiresAtMs !== "number") return undefined;
  return phoneCallId === null || typeof phoneCallId === "string" ? { id, callId, phoneCallId, expiresAtMs } : undefined;
}
