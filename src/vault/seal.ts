import { base64, fromBase64, lengthPrefixed, utf8 } from "./bytes.ts";
import type { MasterKey, MasterKeys, SealPurpose } from "./master-keys.ts";

export { SEAL_PURPOSES, type SealPurpose } from "./master-keys.ts";

/** Where a sealed value belongs. It opens there and nowhere else. A sentinel belongs to no student. */
export type SealBinding =
  | { readonly purpose: SealPurpose; readonly sessionToken: string }
  | { readonly purpose: "sentinel"; readonly sessionToken: "" };

/** The one error of opening: it does not tell a wrong row from a flipped bit, and carries no length and no cause. */
export class SealedKeyUnreadable extends Error {
  constructor() {
    super("The sealed key cannot be read.");
    this.name = "SealedKeyUnreadable";
  }
}

const IV_BYTES = 12;
const PREDECESSOR_IV_BYTES = [16, 12];
const TAG_BYTES = 16;

/** A sealed value taken apart; every length is already right. */
type SealedParts = {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly authTag: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
} & ({ readonly format: "v2"; readonly kid: string } | { readonly format: "legacy" });

/**
 * Seals a text under the newest master key as `v2:{kid}:{iv}:{authTag}:{ciphertext}`.
 *
 * @param randomBytes cryptographic randomness: `(count) => crypto.getRandomValues(new Uint8Array(count))`.
 * @throws RangeError when `randomBytes` does not give what it was asked for: a weak iv would break the cipher.
 */
export async function seal(
  keys: MasterKeys,
  binding: SealBinding,
  plaintext: string,
  randomBytes: (count: number) => Uint8Array,
): Promise<string> {
  const { kid, sealing } = keys.newest;
  const iv = new Uint8Array(randomBytes(IV_BYTES));
  if (iv.length !== IV_BYTES) throw new RangeError("An iv has 12 bytes.");
  const cipher = { name: "AES-GCM", iv, additionalData: aad(binding, kid), tagLength: 8 * TAG_BYTES };
  const bytes = new Uint8Array(await crypto.subtle.encrypt(cipher, sealing[binding.purpose], utf8(plaintext)));
  const tagAt = bytes.length - TAG_BYTES;
  return ["v2", kid, base64(iv), base64(bytes.subarray(tagAt)), base64(bytes.subarray(0, tagAt))].join(":");
}

/**
 * Opens a sealed value with whichever master key sealed it. `stale` asks the caller to seal it again: it is in the
 * predecessor's format, or under a previous master key.
 *
 * @throws SealedKeyUnreadable for everything else, always with the same text.
 */
export async function unseal(
  keys: MasterKeys,
  binding: SealBinding,
  sealed: string,
): Promise<{ plaintext: string; stale: boolean }> {
  const parts = readParts(sealed);
  // The predecessor sealed OpenAI keys and nothing else.
  if (parts === undefined || (parts.format === "legacy" && binding.purpose !== "openai-key")) {
    throw new SealedKeyUnreadable();
  }
  // A kid is a hint of 32 bits, so two master keys may share one; the predecessor wrote none at all.
  const candidates = parts.format === "v2" ? keys.all.filter(({ kid }) => kid === parts.kid) : keys.all;
  for (const masterKey of candidates) {
    const plaintext = await opened(masterKey, binding, parts);
    if (plaintext !== undefined) return { plaintext, stale: parts.format === "legacy" || masterKey !== keys.newest };
  }
  throw new SealedKeyUnreadable();
}

/** What a stored value looks like from outside, without opening it: `unreadable` is neither of the two formats. */
export function sealedWith(
  sealed: string,
): { format: "v2"; kid: string } | { format: "legacy" } | { format: "unreadable" } {
  const parts = readParts(sealed);
  if (parts === undefined) return { format: "unreadable" };
  return parts.format === "v2" ? { format: "v2", kid: parts.kid } : { format: "legacy" };
}

async function opened(masterKey: MasterKey, binding: SealBinding, parts: SealedParts): Promise<string | undefined> {
  const cipher = { name: "AES-GCM", iv: parts.iv, tagLength: 8 * TAG_BYTES };
  const bytes = new Uint8Array(parts.ciphertext.length + TAG_BYTES);
  bytes.set(parts.ciphertext);
  bytes.set(parts.authTag, parts.ciphertext.length);
  try {
    const plaintext =
      parts.format === "v2"
        ? await crypto.subtle.decrypt(
            { ...cipher, additionalData: aad(binding, parts.kid) },
            masterKey.sealing[binding.purpose],
            bytes,
          )
        : await crypto.subtle.decrypt(cipher, masterKey.predecessor, bytes);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plaintext);
  } catch {
    // The runtime's message states the length of the plaintext.
    return undefined;
  }
}

/** Lengths are checked here, before WebCrypto sees anything: it would accept a tag of 4 bytes, which can be forged. */
function readParts(sealed: string): SealedParts | undefined {
  const fields = sealed.split(":");
  const isV2 = fields.length === 5 && fields[0] === "v2";
  if (!isV2 && fields.length !== 3) return undefined;
  const [iv, authTag, ciphertext] = fields.slice(-3).map(fromBase64);
  if (iv === undefined || authTag?.length !== TAG_BYTES || ciphertext === undefined) return undefined;
  const bytes = { iv, authTag, ciphertext };
  if (!isV2) return PREDECESSOR_IV_BYTES.includes(iv.length) ? { format: "legacy", ...bytes } : undefined;
  const kid = fields[1] ?? "";
  return /^[0-9a-f]{8}$/.test(kid) && iv.length === IV_BYTES ? { format: "v2", kid, ...bytes } : undefined;
}

/** The additional data of a v2 value. Nothing of it is stored: whoever opens must already know it. */
const aad = (binding: SealBinding, kid: string): Uint8Array<ArrayBuffer> =>
  lengthPrefixed(["callroom/v2", binding.purpose, binding.sessionToken, kid]);
