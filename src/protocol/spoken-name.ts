/**
 * Where the recording of a sentence lies among the static assets. The name comes from the words: whoever has the sentence
 * finds its sound without a list, sentences that two failures share are one file, and changed words never find old sound.
 */
export const spokenPath = (sentence: string): string => `/spoken/${spokenName(sentence)}.ulaw`;

const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/** FNV-1a of 64 bits over UTF-8, as 16 hexadecimal digits (RFC 9923). Names; it protects nothing. */
export function spokenName(sentence: string): string {
  let hash = OFFSET_BASIS;
  for (const byte of new TextEncoder().encode(sentence)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  return hash.toString(16).padStart(16, "0");
}
