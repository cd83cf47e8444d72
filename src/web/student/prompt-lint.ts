/**
 * What is known to sound wrong aloud, found by looking at the words; costs nothing and sends nothing anywhere. Rules about
 * what is missing ask only texts that seem to be English.
 */

export const LINT_RULES = [
  "api-key",
  "chatgpt",
  "placeholder",
  "markup",
  "speech-tags",
  "emoji",
  "web-address",
  "screen",
  "two-languages",
  "other-language",
  "long-answers",
  "too-long",
  "no-name",
  "no-ending",
  "no-brevity",
] as const;
export type LintRule = (typeof LINT_RULES)[number];

export interface LintFinding {
  readonly rule: LintRule;
  /** The text after the fix; `null`: only its author can tell how. */
  readonly fixed: string | null;
}

export interface LintFacts {
  /** What callers speak, as the agent has it: `en` of `en-GB`. */
  readonly languageCode: string | null;
}

const MOST_FINDINGS = 3;
const LONG_CHARACTERS = 6_000;
export const SUGGESTED_NAME = "Juno";

const KEY =
  /\b(?:sk-[\w-]{16,}|whsec_[\w+/=]{16,}|gh[pousr]_\w{20,}|AKIA[A-Z0-9]{16}|AIza[\w-]{30,}|xox[abprs]-[\w-]{10,})/g;
/** With what may follow one: a colour of skin, a joiner. Signs like © are written as letters and are none. */
const EMOJI =
  /(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F)(?:\p{Emoji_Modifier}|\u200D\p{Extended_Pictographic}|\uFE0F)*/gu;
const TAG = /<\/?(?:speak|break|prosody|emphasis|say-as|phoneme|voice|audio|p|s|b|i)\b[^<>]*>/gi;
const ADDRESS = /\bhttps?:\/\/|\bwww\.\w/i;
/** `{{name}}`, `[company name]`, `<your name>`: blanks of a template. A tool's schema and a link are none. */
const BLANK =
  /\{\{[^{}]{1,60}\}\}|\[(?:[A-Za-z][\w' -]{1,40})\](?!\()|<(?:your|the|insert|name|company)\b[^<>]{0,40}>/i;
const WRITTEN = new RegExp(
  "\\b(?:bullet(?:ed)?(?:[ -]points?)?|numbered (?:list|points|steps)|lists?\\b(?! of)|markdown|tables?\\b(?! for)|headings?|" +
    "bold|italics?|code blocks?|json|html)\\b",
  "i",
);
const FORMATS = /\b(?:use|using|write|reply|answer|respond|format|present|give|output|return|show|make|put|as|in)\b/i;
const READS =
  /\b(?:click(?: on)?|tap(?: on)?|scroll|see below|as shown|on (?:the|your) screen|link below|copy and paste)\b/i;
const LONG = new RegExp(
  "\\b(?:in (?:great |full )?detail|detailed|comprehensive|thorough(?:ly)?|exhaustive|elaborate|as long as possible|essays?|" +
    "(?:at least|minimum of) (?:\\d+|three|four|five|six|ten) (?:words|sentences|paragraphs)|" +
    "(?:three|four|five|several|[3-9]|\\d\\d+) paragraphs|long (?:answers?|replies|responses?|explanations?))\\b",
  "i",
);
const NOT = /\b(?:no|not|never|without|avoid|nor|skip|don['’]?t|doesn['’]?t|rather than|instead of)\b/i;

/** By capital letters, so the case of the rest is written out. */
const NAMED =
  /\b(?:[Yy]our name(?: is|'s|:)|(?:named|called) (?=[\p{Lu}"'])|(?:[Yy]ou are|[Yy]ou're|I am|I'm|[Aa]ct as) (?=\p{Lu}\p{Ll}))/u;
const ENDS =
  /\b(?:good-?\s?bye|bye|farewell|hang(?:s|ing)?[ -]up|(?:end|close|finish)(?:s|ing)? (?:the|this|every|each) (?:call|conversation)|end_call)\b/i;
const BRIEF =
  /\b(?:short(?:er|ly)?|brief(?:ly)?|concise(?:ly)?|terse|succinct|few words|(?:one|two|1|2|a single|three)(?: or \w+)? (?:short )?sentences?)\b/i;
const ENGLISH = /\b(?:you|your|you're)\b/i;

const LANGUAGES: Readonly<Record<string, string>> = {
  english: "en",
  german: "de",
  french: "fr",
  spanish: "es",
  italian: "it",
  portuguese: "pt",
  dutch: "nl",
  polish: "pl",
  turkish: "tr",
  arabic: "ar",
  japanese: "ja",
  chinese: "zh",
  mandarin: "zh",
  korean: "ko",
  hindi: "hi",
  russian: "ru",
  ukrainian: "uk",
  swedish: "sv",
};
const SPEAKS = new RegExp(
  `\\b(?:speak|answer|reply|respond|talk)\\b[^.!?\\n]{0,24}?\\b(${Object.keys(LANGUAGES).join("|")})\\b`,
  "gi",
);
const EITHER = /\b(?:or|and|if|when|unless|also|either|both|whichever|switch)\b/i;

/** Sentences and lines, which is as far as a "never" reaches. */
const clauses = (text: string): string[] => text.split(/[.!?;]\s|\n+/);
const asks = (text: string, ...patterns: readonly RegExp[]): boolean =>
  clauses(text).some((clause) => patterns.every((pattern) => pattern.test(clause)) && !NOT.test(clause));
const has = (text: string, pattern: RegExp): boolean => text.search(pattern) >= 0;
const without = (text: string, pattern: RegExp): string => tidied(text.replace(pattern, ""));
const tidied = (text: string): string =>
  text
    .replace(/[ \t]{2,}/g, " ")
    .replace(/[ \t]+(?=\n|$)/g, "")
    .trim();
const withLine = (text: string, line: string): string => `${text.trimEnd()}\n${line}`;

interface Check {
  readonly rule: LintRule;
  readonly found: (text: string, facts: LintFacts) => boolean;
  readonly fix?: (text: string) => string;
}

/** What is wrong with anything that is said, however it is written. */
const ALOUD: readonly Check[] = [
  { rule: "api-key", found: holdsKey, fix: (text) => without(text, KEY) },
  { rule: "placeholder", found: (text) => has(text, BLANK) },
  { rule: "speech-tags", found: (text) => has(text, TAG), fix: (text) => without(text, TAG) },
  { rule: "emoji", found: (text) => has(text, EMOJI), fix: (text) => without(text, EMOJI) },
  { rule: "web-address", found: (text) => has(text, ADDRESS) },
];

/** Instructions may be written as their author likes; what they ask for is heard. */
const PROMPT: readonly Check[] = [
  ...ALOUD,
  {
    rule: "chatgpt",
    found: (text) =>
      asks(text, /\b(?:you are|you're|act as) (?:chat ?gpt|gpt-?\d|an? (?:ai )?(?:large )?language model)/i),
    fix: (text) =>
      text.replace(
        /\b(you are|you're|act as) (?:chat ?gpt|gpt-?\d\S*|an? (?:ai )?(?:large )?language model)/gi,
        `$1 ${SUGGESTED_NAME}, a voice agent on a phone call`,
      ),
  },
  {
    rule: "markup",
    found: (text) => asks(text, WRITTEN, FORMATS),
    fix: (text) => withLine(text, "Speak in plain sentences, without lists or markup."),
  },
  { rule: "screen", found: (text) => asks(text, READS) },
  { rule: "two-languages", found: (text) => languagesIn(text).size > 1 },
  {
    rule: "other-language",
    found: (text, { languageCode }) => {
      const [only, ...more] = languagesIn(text);
      return languageCode !== null && only !== undefined && more.length === 0 && only !== languageCode;
    },
  },
  { rule: "long-answers", found: (text) => asks(text, LONG) },
  { rule: "too-long", found: (text) => text.length > LONG_CHARACTERS },
  {
    rule: "no-name",
    found: (text) => has(text, ENGLISH) && !has(text, NAMED),
    fix: (text) => `Your name is ${SUGGESTED_NAME}.\n${text.trimStart()}`,
  },
  {
    rule: "no-ending",
    found: (text) => has(text, ENGLISH) && !has(text, ENDS),
    fix: (text) => withLine(text, "When the caller has what they need, say goodbye and end the call."),
  },
  {
    rule: "no-brevity",
    found: (text) => has(text, ENGLISH) && !has(text, BRIEF),
    fix: (text) => withLine(text, "Answer in one or two short sentences."),
  },
];

/** A greeting is read out as it stands. */
const GREETING: readonly Check[] = [
  ...ALOUD,
  {
    rule: "markup",
    found: (text) => has(text, MARKUP),
    fix: (text) => tidied(text.replace(/\*+|`+|^#+ |^[-•] /gm, "").replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")),
  },
];
const MARKUP = /\*[^*\s]|`|^#+ |^[-•] |\]\(/m;

/** Something that opens an account somewhere, from its looks. */
export function holdsKey(text: string): boolean {
  return has(text, KEY);
}

/** At most the three findings that matter most, the worst first. Nothing for an empty text: the default is used. */
export const lintPrompt = (prompt: string, facts: LintFacts): readonly LintFinding[] => lint(prompt, facts, PROMPT);
export const lintGreeting = (greeting: string): readonly LintFinding[] =>
  lint(greeting, { languageCode: null }, GREETING);

function lint(text: string, facts: LintFacts, checks: readonly Check[]): readonly LintFinding[] {
  if (text.trim() === "") return [];
  return checks
    .filter(({ found }) => found(text, facts))
    .sort((one, other) => LINT_RULES.indexOf(one.rule) - LINT_RULES.indexOf(other.rule))
    .slice(0, MOST_FINDINGS)
    .map(({ rule, fix }) => ({ rule, fixed: fix?.(text) ?? null }));
}

/** Languages that the agent is told to speak, whatever the caller does. */
function languagesIn(text: string): Set<string> {
  const firm = clauses(text).filter((clause) => !EITHER.test(clause) && !NOT.test(clause));
  const names = firm.flatMap((clause) => [...clause.matchAll(SPEAKS)].map(([, name = ""]) => name.toLowerCase()));
  return new Set(names.flatMap((name) => LANGUAGES[name] ?? []));
}
