import { NUMBER_WORDS, STOP_WORDS, TIME_ZONES } from "./openai-brain-words.ts";
import type { PromptTool } from "./openai-prompt.ts";

type Json = Readonly<Record<string, unknown>>;

export interface ToolIdea {
  readonly name: string;
  /** JSON text, as the model gives it. */
  readonly arguments: string;
}

/** What a tool is for, as far as the brain can tell from its name and description. */
export type Purpose = "time" | "dice" | "end-call" | "hand-over" | "other";

const PURPOSES: readonly (readonly [purpose: Purpose, name: RegExp, description: RegExp])[] = [
  [
    "end-call",
    /(end|hang|finish|close)_?(call|up)|goodbye|hangup/,
    /\b(ends?|hangs? up|finish(es)?) (the|this)? ?call\b/,
  ],
  [
    "hand-over",
    /hand_?(over|off)|transfer|escalate|operator/,
    /\b(hands?|transfers?|connects?) .*(human|person|operator|agent|colleague)\b/,
  ],
  ["dice", /dice|\bdie\b|roll/, /\bdice\b/],
  ["time", /(^|_)(time|clock|now)(_|$)/, /\b(current|local) (date and )?time\b|\bclock\b/],
];

/** What a caller says who wants that. */
const WISHES: Readonly<Record<Exclude<Purpose, "other">, RegExp>> = {
  "end-call": /\b(good ?bye|bye|bye-bye|hang up|end (the|this) call|that('s| is| will be) all)\b/,
  "hand-over":
    /\b(human|real person|operator|representative|supervisor|(speak|talk) (to|with) (a |some)?(person|body|one))\b/,
  dice: /\b(dice|die|roll)\b/,
  time: /\bwhat('s| is)? (the )?time\b|\btime is it\b|\bthe time\b|\bwhat time\b|\bo'?clock\b|\bwhat('s| is) the date\b|\bwhat day\b/,
};

export function purposeOf(tool: PromptTool): Purpose {
  const name = snake(tool.name);
  const description = tool.description.toLowerCase();
  const byName = PURPOSES.find(([, pattern]) => pattern.test(name));
  return (byName ?? PURPOSES.find(([, , pattern]) => pattern.test(description)))?.[0] ?? "other";
}

/** What the caller seems to want, whether or not there is a tool for it. */
export const wishesOf = (utterance: string): readonly Purpose[] => {
  const said = utterance.toLowerCase();
  const purposes: readonly Exclude<Purpose, "other">[] = ["time", "dice", "hand-over", "end-call"];
  return purposes.filter((purpose) => WISHES[purpose].test(said));
};

/** The tools that fit what was said, each with its arguments filled in: usually none or one, more for several wishes. */
export function toolIdeas(utterance: string, tools: readonly PromptTool[]): ToolIdea[] {
  const wishes = wishesOf(utterance);
  const fitting = wishes.flatMap((wish) => tools.find((tool) => purposeOf(tool) === wish) ?? []);
  const other = bestByWords(
    utterance,
    tools.filter((tool) => purposeOf(tool) === "other"),
  );
  // Goodbye comes last, whatever else was asked for.
  const chosen = [...(other === undefined ? [] : [other]), ...fitting];
  return chosen.map((tool) => callOf(tool, utterance));
}

export const callOf = (tool: PromptTool, utterance: string): ToolIdea => ({
  name: tool.name,
  arguments: JSON.stringify(argumentsFor(tool.parameters, utterance)),
});

/** A word of its name counts three, one of its description one. The most wins, the first of equals; none is no tool. */
function bestByWords(utterance: string, tools: readonly PromptTool[]): PromptTool | undefined {
  const said = wordsOf(utterance);
  let best: PromptTool | undefined;
  let bestScore = 0;
  for (const tool of tools) {
    const inName = wordsOf(snake(tool.name).replaceAll("_", " "));
    const inDescription = wordsOf(tool.description);
    let score = 0;
    for (const word of said) score += inName.has(word) ? 3 : inDescription.has(word) ? 1 : 0;
    if (score > bestScore) [best, bestScore] = [tool, score];
  }
  return best;
}

/** Words that mean something, without endings: "bookings" and "booked" are "book". */
const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(
    (text.toLowerCase().match(/[\p{L}\d]+/gu) ?? [])
      .filter((word) => word.length > 2 && !STOP_WORDS.has(word))
      .map((word) => (word.length > 4 ? word.replace(/(ings?|ed|es|s)$/, "") : word)),
  );

const snake = (name: string): string =>
  name
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toLowerCase();

/** Deeper objects are left empty. */
const DEPTH = 4;

/** Arguments that a schema asks for, read out of what was said. Optional ones only when something was said for them. */
export function argumentsFor(schema: Json, utterance: string, depth = 0): Json {
  const properties = recordIn(schema.properties);
  const required = Array.isArray(schema.required) ? schema.required : [];
  const numbers = numbersIn(utterance);
  const filled = Object.entries(properties).map(([name, property]) => {
    const isRequired = required.includes(name);
    return [name, valueFor(name, recordIn(property), { utterance, numbers, isRequired, depth })] as const;
  });
  return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
}

interface Said {
  readonly utterance: string;
  /** Numbers that were said and not used yet. */
  readonly numbers: number[];
  readonly isRequired: boolean;
  readonly depth: number;
}

function valueFor(name: string, property: Json, said: Said): unknown {
  if (property.const !== undefined) return property.const;
  if (Array.isArray(property.enum)) return chosen(property.enum, said);
  const types = Array.isArray(property.type) ? property.type : [property.type];
  const type = types.find((one) => one !== "null");
  switch (type) {
    case "integer":
    case "number":
      return numberFor(name, property, said);
    case "boolean":
      return said.isRequired ? !/\b(no|not|don't|without)\b/i.test(said.utterance) : undefined;
    case "array": {
      const item = valueFor(name, recordIn(property.items), { ...said, isRequired: true });
      return said.isRequired ? (item === undefined ? [] : [item]) : undefined;
    }
    case "object":
      if (!said.isRequired || said.depth >= DEPTH) return said.isRequired ? {} : undefined;
      return argumentsFor(property, said.utterance, said.depth + 1);
    default:
      return textFor(name, said);
  }
}

function chosen(values: readonly unknown[], { utterance, isRequired }: Said): unknown {
  const lower = utterance.toLowerCase();
  const named = values.find(
    (value) => typeof value === "string" && lower.includes(value.toLowerCase().replaceAll("_", " ")),
  );
  return named ?? (isRequired ? values[0] : undefined);
}

function numberFor(name: string, property: Json, { utterance, numbers, isRequired }: Said): number | undefined {
  const sides = /\b(?:d(\d{1,4})\b|(\d{1,4})[- ]?sided)/i.exec(utterance);
  const isSides = /side|face/i.test(name);
  const stated = isSides ? Number(sides?.[1] ?? sides?.[2] ?? Number.NaN) : (numbers.shift() ?? Number.NaN);
  const low = typeof property.minimum === "number" ? property.minimum : Number.NEGATIVE_INFINITY;
  const high = typeof property.maximum === "number" ? property.maximum : Number.POSITIVE_INFINITY;
  if (Number.isNaN(stated)) return isRequired ? Math.max(low, Math.min(high, 1)) : undefined;
  const within = Math.max(low, Math.min(high, stated));
  return property.type === "integer" ? Math.round(within) : within;
}

/** Which part of what was said a text argument is about, by the argument's name. */
const TEXTS: readonly (readonly [name: RegExp, find: (utterance: string) => string | undefined])[] = [
  [/time_?zone|^tz$/i, (utterance) => placeIn(utterance)?.timeZone],
  [
    /city|place|location|town|destination|country|where/i,
    (utterance) => placeIn(utterance)?.name ?? afterPreposition(utterance),
  ],
  [/e_?mail/i, (utterance) => /[^\s@]+@[^\s@]+\.[a-z]{2,}/i.exec(utterance)?.[0]],
  [/phone|mobile/i, (utterance) => /\+?\d[\d ()-]{5,}\d/.exec(utterance)?.[0]],
  [/date|day|when/i, (utterance) => DAY.exec(utterance)?.[0].toLowerCase()],
  [/^(caller_?|customer_?|full_?|first_?)?name$/i, (utterance) => nameIn(utterance)],
];

const DAY = /\b(\d{4}-\d{2}-\d{2}|today|tomorrow|tonight|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b/i;

function textFor(name: string, { utterance, isRequired }: Said): string | undefined {
  const special = TEXTS.find(([pattern]) => pattern.test(name));
  const found = special?.[1](utterance);
  if (found !== undefined) return found;
  if (special !== undefined && /zone|tz/i.test(name)) return isRequired ? "UTC" : undefined;
  const quoted = /["\u201c]([^"\u201d]+)["\u201d]/.exec(utterance)?.[1];
  return isRequired ? (quoted ?? utterance.trim()) : undefined;
}

/** The place a caller named, as it is written, with its time zone. */
export function placeIn(utterance: string): { readonly name: string; readonly timeZone: string } | undefined {
  const lower = utterance.toLowerCase();
  const found = TIME_ZONES.find(([place]) => new RegExp(`(^|[^\\p{L}])${place}($|[^\\p{L}])`, "u").test(lower));
  if (found === undefined) return undefined;
  const [place, timeZone] = found;
  const name = timeZone === "UTC" ? "UTC" : place.replace(/(^|\s)\p{L}/gu, (letter) => letter.toUpperCase());
  return { name, timeZone };
}

/** The name a caller gave: "my name is Ana", "I'm Ana", "this is Ana". Capitals decide, so that "I'm fine" gives none. */
export const nameIn = (utterance: string): string | undefined =>
  /\b(?:[Mm]y name is|[Mm]y name's|I am|I'm|[Tt]his is|[Cc]all me)\s+(\p{Lu}[\p{L}'-]+(?:\s\p{Lu}[\p{L}'-]+)?)/u.exec(
    utterance,
  )?.[1];

const afterPreposition = (utterance: string): string | undefined =>
  /\b(?:in|at|to|from|near|for)\s+(?:the\s+)?(\p{Lu}[\p{L}'-]+(?:\s\p{Lu}[\p{L}'-]+)*)/u.exec(utterance)?.[1];

/** Numbers in the order in which they were said, as digits or words; the sides of a die are none of them. */
export function numbersIn(utterance: string): number[] {
  const plain = utterance.toLowerCase().replace(/\bd\d+\b|\b\d+[- ]?sided\b/g, " ");
  const pattern = new RegExp(`-?\\d+(?:\\.\\d+)?|\\b(?:${NUMBER_WORDS.join("|")})\\b`, "g");
  return (plain.match(pattern) ?? []).map((text) => {
    const word = NUMBER_WORDS.indexOf(text);
    return word === -1 ? Number(text) : word;
  });
}

const recordIn = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
