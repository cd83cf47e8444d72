import { createCipheriv, randomBytes as nodeRandomBytes } from "node:crypto";
import { SealedKeyUnreadable } from "../../src/vault/seal.ts";

/** Master keys for tests; nothing here is secret. */
export const HEX_A = "036e35153f09e98fd24e6a732546a17a99676870aea4f199634fdbb6eee31da3";
export const HEX_B = "b5c1f0a2d3e4958677061524334251607f8e9dacbbcad9e8f70615243342516b";
export const HEX_C = "11d0c0ffee11d0c0ffee22d0c0ffee33d0c0ffee44d0c0ffee55d0c0ffee66d0";

export const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));

/** A repeatable source of numbers from 0 up to 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Seals as the predecessor did, by another implementation of the cipher than the one under test. */
export function sealAsPredecessor(masterKeyHex: string, plaintext: string, ivBytes = 16): string {
  const iv = nodeRandomBytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(masterKeyHex, "hex"), iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
  return [iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString("base64")).join(":");
}

/** What went wrong, as everything a stranger could see of it. */
export async function refusalOf(opening: Promise<unknown>): Promise<string> {
  try {
    await opening;
  } catch (thrown) {
    if (!(thrown instanceof SealedKeyUnreadable)) throw thrown;
    return JSON.stringify([thrown.name, thrown.message, thrown.cause ?? null, Object.keys(thrown)]);
  }
  return "opened";
}

export const THE_REFUSAL = JSON.stringify(["SealedKeyUnreadable", "The sealed key cannot be read.", null, ["name"]]);
