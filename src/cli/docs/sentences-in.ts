/**
 * The sentences that a source text has for a person: the text of each literal in the arguments of `new <thrown>(…)`, or,
 * without a name, every literal that reads like a sentence. What is put in later is `…`. Parts that are added up are one.
 */
export function sentencesIn(source: string, thrown?: string): readonly string[] {
  if (thrown === undefined) return literalsIn(source).filter(isSentence);
  return source
    .split(`new ${thrown}(`)
    .slice(1)
    .flatMap((rest) => literalsIn(argumentOf(rest)));
}

const isQuote = (character: string | undefined): boolean => character === '"' || character === "`";

/** Quotes inside of a regular expression or of words begin no literal. */
const BEFORE_A_LITERAL = /(?:^|[([{,:?+=>]|\breturn)\s*$/;

/** Begins as a sentence, ends as one, and has some words in it. */
const isSentence = (text: string): boolean => /^[A-Z…][^\n]*[.?]$/.test(text) && text.split(" ").length >= 4;

/** Up to the parenthesis that closes what was opened before. */
function argumentOf(rest: string): string {
  let depth = 1;
  for (let at = 0; at < rest.length; at += 1) {
    const character = rest[at];
    if (isQuote(character)) at = endOfLiteral(rest, at);
    else if (character === "(") depth += 1;
    else if (character === ")" && --depth === 0) return rest.slice(0, at);
  }
  return rest;
}

/** In order; not those that something is compared with. */
function literalsIn(code: string): readonly string[] {
  const found: string[] = [];
  let isAdded = false;
  for (let at = 0; at < code.length; at += 1) {
    const character = code[at];
    if (character === "/" && (code[at + 1] === "/" || code[at + 1] === "*")) {
      const end = code.indexOf(code[at + 1] === "/" ? "\n" : "*/", at);
      at = end === -1 ? code.length : end;
    } else if (isQuote(character) && BEFORE_A_LITERAL.test(code.slice(Math.max(0, at - 40), at))) {
      const end = endOfLiteral(code, at);
      const text = textOf(code.slice(at + 1, end));
      const isCompared = /[=!]==\s*$/.test(code.slice(0, at));
      if (isAdded) found.push(`${found.pop() ?? ""}${text}`);
      else if (!isCompared) found.push(text);
      at = end;
      isAdded = /^\s*\+/.test(code.slice(end + 1));
    }
  }
  return found;
}

/** Where the literal ends that begins at `from`; a template's `${…}` may hold others. */
function endOfLiteral(code: string, from: number): number {
  const quote = code[from];
  for (let at = from + 1; at < code.length; at += 1) {
    if (code[at] === "\\") at += 1;
    else if (code[at] === quote) return at;
    else if (quote === "`" && code.startsWith("${", at)) at = endOfInsert(code, at + 2);
  }
  return code.length;
}

function endOfInsert(code: string, from: number): number {
  let depth = 1;
  for (let at = from; at < code.length; at += 1) {
    const character = code[at];
    if (isQuote(character)) at = endOfLiteral(code, at);
    else if (character === "{") depth += 1;
    else if (character === "}" && --depth === 0) return at;
  }
  return code.length;
}

function textOf(inside: string): string {
  let text = "";
  for (let at = 0; at < inside.length; at += 1) {
    if (inside.startsWith("${", at)) {
      at = endOfInsert(inside, at + 2);
      text += "…";
    } else if (inside[at] === "\\") {
      at += 1;
      text += inside[at] === "n" ? " " : (inside[at] ?? "");
    } else {
      text += inside[at];
    }
  }
  return text;
}
