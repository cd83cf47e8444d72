import type { UsageSource } from "../protocol/charge.ts";

/** Usage has about ten numbers, at most three deep; what is much larger is something else. */
const MOST_FIELDS = 64;
const DEEPEST = 4;
/** A word of the API's, such as `tokens`. Anything longer, or with other signs, could be anybody's text. */
const WORD = /^[a-z][a-z0-9_.-]{0,39}$/;

/**
 * A usage as OpenAI wrote it, for the record: numbers, and words of the API. Whatever else may stand in it is left out,
 * since no text of OpenAI's is kept.
 */
export function usageSource(usage: unknown, upstreamId: string | null): UsageSource {
  let fields = 0;
  const copy = (value: unknown, depth: number): unknown => {
    if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
    if (typeof value === "string") return WORD.test(value) ? value : undefined;
    if (typeof value !== "object" || value === undefined || depth === DEEPEST) return undefined;
    const entries = Object.entries(value).flatMap(([name, inner]) => {
      fields += 1;
      return fields <= MOST_FIELDS && WORD.test(name) ? [[name, copy(inner, depth + 1)] as const] : [];
    });
    return Object.fromEntries(entries);
  };
  return { upstreamId, rawUsage: JSON.stringify(copy(usage, 0) ?? null) };
}
