/** Text frames of callers, before anybody knows what they say. */

/** One frame as JSON that is an object; `undefined` for everything else. Never throws. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Postgres stores neither NUL nor half a surrogate pair in text; JSON escapes carry both. */
export const storable = (text: string): string => text.replaceAll("\u0000", "").toWellFormed();

/** Counts brackets outside strings, without parsing: JSON.parse would first build what a nesting bomb asks for. */
export function nestsDeeperThan(text: string, levels: number): boolean {
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
