import { wordlist } from "@scure/bip39/wordlists/english.js";
import { base64Url, utf8 } from "./bytes.ts";
import type { MasterKey, MasterKeys } from "./master-keys.ts";

/**
 * Words that bring a student back on another device: four of the BIP-39 English list, 44 random bits, easy to write
 * down and to say. A phrase is a credential: it is kept only as a digest that nobody can compute without a master key.
 */

const WORDS = 4;
/** 2^11 words. */
const BITS_PER_WORD = 11;
const RANDOM_BYTES = 6;
/** Longer texts are not looked at; four words of the list have at most 35 characters. */
const MAX_CHARACTERS = 200;

/** The list is made so that the first four letters tell every word from the others. */
const TELLING_LETTERS = 4;
const beginningOf = (word: string): string => word.slice(0, TELLING_LETTERS);
const WORD_BY_BEGINNING: ReadonlyMap<string, string> = new Map(wordlist.map((word) => [beginningOf(word), word]));

/**
 * A new phrase, its words apart by one space.
 *
 * @param randomBytes cryptographic randomness, as for `seal`.
 * @throws RangeError when it does not give what it was asked for.
 */
export function newRecoveryPhrase(randomBytes: (count: number) => Uint8Array): string {
  const bytes = randomBytes(RANDOM_BYTES);
  if (bytes.length !== RANDOM_BYTES) throw new RangeError("A phrase is made of 6 bytes.");
  let bits = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const words = Array.from({ length: WORDS }, () => {
    const word = wordlist[Number(bits & 2_047n)] ?? "";
    bits >>= BigInt(BITS_PER_WORD);
    return word;
  });
  return words.join(" ");
}

/** A phrase as it was made; or what is wrong with it: another number of words, or the one (from 1) that is not in the list. */
export type ReadPhrase =
  | { readonly phrase: string }
  | { readonly problem: "not-four-words" }
  | { readonly problem: "unknown-word"; readonly position: number };

/**
 * Reads what a person typed: in any case, with anything but letters between the words, and with any letters after the
 * first four of each, which is where most slips are.
 */
export function readRecoveryPhrase(text: string): ReadPhrase {
  if (text.length > MAX_CHARACTERS) return { problem: "not-four-words" };
  // Full-width letters and ligatures of some keyboards become plain ones.
  const given =
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/\p{L}+/gu) ?? [];
  if (given.length !== WORDS) return { problem: "not-four-words" };
  const words = given.map((word) => WORD_BY_BEGINNING.get(beginningOf(word)));
  const unknown = words.indexOf(undefined);
  return unknown === -1 ? { phrase: words.join(" ") } : { problem: "unknown-word", position: unknown + 1 };
}

/** What is kept of a phrase: `{kid}:{mac}`, under the newest master key. */
export const recoveryDigest = (keys: MasterKeys, phrase: string): Promise<string> => digestUnder(keys.newest, phrase);

/** What may have been kept of a phrase: one digest for each master key, the newest first. */
export const recoveryDigests = (keys: MasterKeys, phrase: string): Promise<readonly string[]> =>
  Promise.all(keys.all.map((masterKey) => digestUnder(masterKey, phrase)));

/**
 * Whether the phrase of this digest can still be told: its master key is here. A digest cannot be renewed without its
 * phrase; once its master key is dropped, the student needs new words.
 */
export const isKnownDigest = (keys: MasterKeys, digest: string): boolean =>
  keys.all.some(({ kid }) => digest.startsWith(`${kid}:`));

async function digestUnder({ kid, recovery }: MasterKey, phrase: string): Promise<string> {
  const mac = await crypto.subtle.sign("HMAC", recovery, utf8(phrase));
  return `${kid}:${base64Url(new Uint8Array(mac))}`;
}
