/** ISO 639-1, without the codes that were withdrawn. */
const CODES = new Set(
  (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo " +
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka " +
    "kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng " +
    "nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su " +
    "sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
  ).split(" "),
);

/** What of BCP 47 says which language it is: variants and extensions say nothing about that. */
const TAG = /^([a-z]{2})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?$/i;

/**
 * A language that people speak, `en`, or as they speak it somewhere, `pt-BR` or `zh-Hant-TW` (BCP 47 with a code of ISO
 * 639-1), in the case that is usual for it. `undefined` for anything else, a country's code like `jp` too. `Intl` is not
 * asked: what it knows differs between Node, workerd and browsers.
 */
export function parseLanguage(value: unknown): string | undefined {
  const [, code = "", script = "", region = ""] = (typeof value === "string" && TAG.exec(value.trim())) || [];
  const language = code.toLowerCase();
  if (!CODES.has(language)) return undefined;
  const writtenIn = script && `-${script.charAt(0).toUpperCase()}${script.slice(1).toLowerCase()}`;
  return `${language}${writtenIn}${region && `-${region.toUpperCase()}`}`;
}

/** `pt` of `pt-BR`. */
export const languageCodeOf = (language: string): string => language.split("-", 1)[0] ?? language;
