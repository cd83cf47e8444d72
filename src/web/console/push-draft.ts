import type { PushRequest } from "../../protocol/rest-workshop.ts";
import { parseTools, type ToolJson, type ToolLimits } from "../../protocol/tools.ts";

/** A broadcast as it is sent: of the tool the JSON as it was written, which the parser has found to be one. */
export type Push = { readonly [Kind in keyof PushRequest]: unknown };

export const PUSH_KINDS = ["prompt", "greeting", "tool"] as const;
export type PushKind = (typeof PUSH_KINDS)[number];

/** The server's own (`limits.ts`); a test holds them equal. */
export const PUSH_TOOL_LIMITS: ToolLimits = {
  tools: 16,
  toolDefaultMs: 5_000,
  toolMaxMs: 10_000,
  urlCharacters: 2_048,
  schemaDepth: 16,
  schemaCharacters: 8 * 1_024,
};
export const PUSH_BYTES = { prompt: 16 * 1_024, greeting: 1_024 } as const;

export type PushDraft =
  | { readonly ok: true; readonly push: Push; readonly toolName: string | null }
  | { readonly ok: false; readonly problem: "empty" | "too-long" | "not-json" }
  /** A rule of tools that is broken, in words of ours. */
  | { readonly ok: false; readonly problem: "tool"; readonly path: string; readonly rule: string };

/** What would be sent to every student, or why it cannot be. */
export function pushOf(kind: PushKind, text: string): PushDraft {
  if (text.trim() === "") return { ok: false, problem: "empty" };
  if (kind !== "tool") {
    const isTooLong = new TextEncoder().encode(text).length > PUSH_BYTES[kind];
    return isTooLong ? { ok: false, problem: "too-long" } : { ok: true, push: { [kind]: text }, toolName: null };
  }
  const json = jsonOf(text);
  if (json === undefined) return { ok: false, problem: "not-json" };
  const read = parseTools([json], PUSH_TOOL_LIMITS);
  if (!read.ok)
    return { ok: false, problem: "tool", path: read.path.replace(/^tools\[0\]\.?/, ""), rule: read.problem };
  return { ok: true, push: { tool: json }, toolName: read.value[0]?.name ?? null };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** To begin with: a mock, which works for everybody at once. */
export const EXAMPLE_TOOL = JSON.stringify(
  {
    type: "function",
    function: {
      name: "check_orders",
      description: "Looks up the caller's order by its number.",
      parameters: {
        type: "object",
        properties: { number: { type: "string", description: "The order's number" } },
        required: ["number"],
      },
    },
    mode: "mock",
    mock: { reply: { status: "on its way", arrives: "tomorrow" }, delayMs: 800 },
  } satisfies ToolJson,
  null,
  2,
);
