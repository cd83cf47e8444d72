/**
 * Bytes as text and back. Decoding is strict: every value has exactly one spelling, so that nothing sealed or signed
 * can be changed in a way that goes unnoticed.
 */

const encoder = new TextEncoder();

/** UTF-8. A lone surrogate becomes U+FFFD; neither JSON nor Postgres can bring one here. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(encoder.encode(text));

/** Standard base64 with padding. */
export function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** `undefined` for everything but what `base64` writes: no white space, no missing padding, no stray last bits. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  // atob is lenient; writing the bytes again shows whether this was the one spelling.
  if (btoa(binary) !== text) return undefined;
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** The URL-safe alphabet without padding. */
export const base64Url = (bytes: Uint8Array): string =>
  base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** `undefined` for everything but what `base64Url` writes. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/") + padding);
}

/** Each field behind its length (4 bytes, big-endian), so that no field can imitate the border between two others. */
export function lengthPrefixed(fields: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoded = fields.map(utf8);
  const bytes = new Uint8Array(encoded.reduce((sum, field) => sum + 4 + field.length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const field of encoded) {
    view.setUint32(offset, field.length);
    bytes.set(field, offset + 4);
    offset += 4 + field.length;
  }
  return bytes;
}
