/** What every reader of text frames does before it believes anything. */

export type Frame = Readonly<Record<string, unknown>>;

/** The JSON object that a text is; `undefined` when it is none. */
export function parseObject(text: string): Frame | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Postgres stores neither NUL nor half a surrogate pair in text; JSON escapes carry both. */
export const storable = (text: string): string => text.replaceAll("\u0000", "").toWellFormed();

/** One key of a telephone. */
export const isDigit = (value: unknown): value is string => typeof value === "string" && /^[0-9*#A-D]$/.test(value);

/**
 * Whether JSON of this text would be nested deeper than so many levels, found without parsing it: JSON.parse would first
 * build what a nesting bomb asks for.
 */
export function nestsDeeperThan(text: string, levels: number): boolean {
  return opensMoreThan(text, levels) && depthExceeds(text, levels);
}

/** Counts every opening bracket, also in strings. Frames of sound have two: they need not be read character by character. */
function opensMoreThan(text: string, levels: number): boolean {
  let opened = 0;
  for (const bracket of "{[") {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      opened += 1;
      if (opened > levels) return true;
    }
  }
  return false;
}

/** Counts brackets outside strings. */
function depthExceeds(text: string, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        inString = !inString;
        break;
      case 0x5c: // a backslash hides the next character
        at++;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (!inString && ++depth > levels) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        if (!inString) depth--;
        break;
      default:
    }
  }
  return false;
}
