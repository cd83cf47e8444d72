/** Ids as they cross a boundary: branded, so that one cannot be passed for another, and made only by a parser. */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One call; 26 characters, 128 random bits or a keyed digest of Twilio's CallSid. Never chosen by a caller. */
export type CallId = Branded<"CallId">;
/** A student's login, `wst_` + 43 base64url characters; the predecessor's tokens had any shape. */
export type SessionToken = Branded<"SessionToken">;
/** What a class types to come in, e.g. `MAPLE-7`; upper case. */
export type JoinCode = Branded<"JoinCode">;
export type WorkshopId = Branded<"WorkshopId">;
/** What the instructor knows a student by: opens nothing. A UUID, made by the database. */
export type StudentId = Branded<"StudentId">;

/** 32 symbols without i, l, o and u: nothing to misread aloud, and no words. */
const BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";

/** 16 bytes as 26 base32 characters. */
export function callIdFrom(bytes: Uint8Array): CallId {
  return base32(bytes.subarray(0, 16)) as CallId;
}

export function workshopIdFrom(bytes: Uint8Array): WorkshopId {
  return base32(bytes.subarray(0, 10)) as WorkshopId;
}

/** 32 random bytes as a session token. */
export function sessionTokenFrom(bytes: Uint8Array): SessionToken {
  const base64url = btoa(String.fromCharCode(...bytes.subarray(0, 32)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  return `wst_${base64url}` as SessionToken;
}

export const parseCallId = (text: unknown): CallId | undefined => matching(/^[0-9a-hjkmnp-tv-z]{26}$/, text);
export const parseWorkshopId = (text: unknown): WorkshopId | undefined => matching(/^[0-9a-z]{1,26}$/, text);
export const parseStudentId = (text: unknown): StudentId | undefined => matching(/^[0-9a-f-]{36}$/, text);
export const parseSessionToken = (text: unknown): SessionToken | undefined =>
  matching(/^[A-Za-z0-9._~-]{1,200}$/, text);
/** Upper-cases and trims: students type codes by hand. */
export const parseJoinCode = (text: unknown): JoinCode | undefined =>
  matching(/^[A-Z0-9][A-Z0-9-]{2,31}$/, typeof text === "string" ? text.trim().toUpperCase() : text);

function matching<Id extends string>(shape: RegExp, text: unknown): Id | undefined {
  return typeof text === "string" && shape.test(text) ? (text as Id) : undefined;
}

function base32(bytes: Uint8Array): string {
  let bits = 0;
  let held = 0;
  let out = "";
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += BASE32[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? out + BASE32[(held << (5 - bits)) & 31] : out;
}
