/** Letters a voice reads in a second; of Chinese, Japanese and Korean, one sign is about a syllable. */
const LETTERS_PER_SECOND = 15;
const LETTERS_PER_SIGN = 3;
const SIGNS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/** About how long a text takes when it is said, in whole seconds; 0 for nothing. */
export function spokenSeconds(text: string): number {
  const trimmed = text.trim();
  const signs = trimmed.match(SIGNS)?.length ?? 0;
  const letters = trimmed.length - signs + signs * LETTERS_PER_SIGN;
  return trimmed === "" ? 0 : Math.max(1, Math.round(letters / LETTERS_PER_SECOND));
}

const encoder = new TextEncoder();

/** As the server counts it: UTF-8. */
export const bytesOf = (text: string): number => encoder.encode(text).byteLength;
