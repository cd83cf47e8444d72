/** Languages that OpenAI's transcription knows, as ISO 639-1 has them. */
export const LANGUAGE_CODES: readonly string[] = (
  "af ar hy az be bs bg ca zh hr cs da nl en et fi fr gl de el he hi hu is id it ja kn kk ko lv lt mk ms mr mi ne no fa " +
  "pl pt ro ru sr sk sl es sw sv tl ta th tr uk ur vi cy"
).split(" ");

export interface LanguageChoice {
  readonly code: string;
  /** In the language itself, for whoever speaks it, and in English. */
  readonly label: string;
}

/** What can be chosen, by its English name; what is saved is among it, whatever it is. */
export function languageChoices(saved: string | null): readonly LanguageChoice[] {
  const codes = saved === null || LANGUAGE_CODES.includes(saved) ? LANGUAGE_CODES : [saved, ...LANGUAGE_CODES];
  return codes
    .map((code) => ({ code, english: nameOf(code, "en"), own: nameOf(code, code) }))
    .sort((one, other) => one.english.localeCompare(other.english, "en"))
    .map(({ code, english, own }) => ({ code, label: own === english ? english : `${english} · ${own}` }));
}

function nameOf(code: string, within: string): string {
  try {
    return new Intl.DisplayNames([within], { type: "language" }).of(code) ?? code;
  } catch {
    // Another browser's list of languages is shorter.
    return code;
  }
}
