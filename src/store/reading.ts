import { LIMITS } from "../limits.ts";
import { parseTools, type Tool } from "../protocol/tools.ts";

/*
 * Reads single values of a row. Whatever a column holds, nothing here throws: other programs have written into these
 * tables, and one bad row must break nothing else.
 */

export const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** Milliseconds since 1970; `null` for what is no finite time. */
export const msOf = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? Math.round(value) : null;

export const countOf = (value: unknown): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;

/** Money that may be spent; `null`: any amount. What is no amount lets nothing be spent. */
export const limitOf = (value: unknown): number | null => (value === null ? null : (countOf(value) ?? 0));

export function oneOf<Known extends string>(known: readonly Known[], value: unknown): Known | null {
  return known.find((each) => each === value) ?? null;
}

/** A `json` column's value; of a `text` column, which some predecessors have, the JSON in it. */
export function jsonOf(value: unknown): unknown {
  if (typeof value !== "string") return value ?? null;
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}

/** The tools that can be used: the unreadable, those of a name already taken and those over the limit are left out. */
export function toolsOf(value: unknown): readonly Tool[] {
  const tools = new Map<string, Tool>();
  for (const entry of Array.isArray(value) ? value : []) {
    const read = parseTools([entry], LIMITS);
    const tool = read.ok ? read.value[0] : undefined;
    if (tool && !tools.has(tool.name) && tools.size < LIMITS.tools) tools.set(tool.name, tool);
  }
  return [...tools.values()];
}
