import { BUILTINS, type Builtin, type Problem, parseTools, type ToolLimits } from "../../protocol/tools.ts";
import { webhookUrlProblem } from "../../protocol/webhook-url.ts";
import { isRecord, parsedJson } from "./tool-schema.ts";

/**
 * A student's tools while they are edited. The JSON that is stored is the truth, and form and text are two ways to change
 * it: what neither of them knows survives. Pure.
 */

type Json = Readonly<Record<string, unknown>>;

export interface ToolDraft {
  /** In this page only: names change. */
  readonly id: number;
  /** As the server has it, or will with the next save: the last that broke no rule. `undefined`: there was none. */
  readonly kept: unknown;
  /** As it is edited; may break a rule. */
  readonly json: unknown;
  /** The JSON tab as it was typed, perhaps no JSON; `null`: it shows `json`. */
  readonly text: string | null;
}

/** What a tool may hold; the table is `src/limits.ts`, and a test holds these to it. */
export const TOOL_LIMITS: Omit<ToolLimits, "tools"> = {
  toolDefaultMs: 5_000,
  toolMaxMs: 10_000,
  urlCharacters: 2_048,
  schemaDepth: 16,
  schemaCharacters: 8_192,
};

/** A tool that takes longer is talked over in a call: `LIMITS.toolFillerMs`. */
export const FILLER_AFTER_MS = 1_200;

let lastId = 0;

export const draftOf = (json: unknown): ToolDraft => {
  lastId += 1;
  return { id: lastId, kept: json, json, text: null };
};

/** The server's tools as drafts: what did not change there stays the same draft, what was never saved stays too. */
export function draftsOf(stored: readonly unknown[], before: readonly ToolDraft[]): readonly ToolDraft[] {
  const old = before.filter(({ kept }) => kept !== undefined);
  const drafts = stored.map((json) => {
    const text = sorted(json);
    const at = old.findIndex(({ kept }) => sorted(kept) === text);
    return old.splice(at, at < 0 ? 0 : 1)[0] ?? draftOf(json);
  });
  return [...drafts, ...before.filter(({ kept }) => kept === undefined)];
}

/** Alike for values that are the same but for the order of their keys: Postgres' `jsonb` has one of its own. */
const sorted = (json: unknown): string =>
  JSON.stringify(json, (_, value: unknown) =>
    isRecord(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );

/** What a save sends. */
export const keptOf = (drafts: readonly ToolDraft[]): readonly unknown[] =>
  drafts.map(({ kept }) => kept).filter((kept) => kept !== undefined);

export const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

export const nameOf = (json: unknown): string => {
  const name = isRecord(json) && isRecord(json.function) ? json.function.name : undefined;
  return typeof name === "string" ? name : "";
};

/**
 * The first rule that a tool breaks, with the path in its JSON: `function.name`. An empty path is the whole tool's.
 *
 * @param pageHost the page's own, which a webhook may not be on
 */
export function problemOf(draft: ToolDraft, drafts: readonly ToolDraft[], pageHost: string): Problem | null {
  const broken = draft.text === null ? null : jsonProblem(draft.text);
  if (broken !== null) return { path: "", problem: broken };
  const read = parseTools([draft.json], { tools: 1, ...TOOL_LIMITS });
  if (!read.ok) return { path: read.path.replace(/^tools\[0\]\.?/, ""), problem: read.problem };
  const [tool] = read.value;
  const isTaken = drafts.some(
    ({ id, json, kept }) => id !== draft.id && (nameOf(json) === tool?.name || nameOf(kept) === tool?.name),
  );
  if (isTaken) return { path: "function.name", problem: "is used by another tool" };
  if (tool?.answer.mode !== "webhook") return null;
  const problem = webhookUrlProblem(tool.answer.url, {
    urlCharacters: TOOL_LIMITS.urlCharacters,
    ownHost: pageHost,
    standinOrigin: standinOf(tool.answer.url, pageHost),
  });
  return problem === undefined ? null : { path: "function.webhook_url", problem };
}

/** On a developer's machine a webhook may be on it too; whether this one may is the server's to say. */
function standinOf(url: string, pageHost: string): string | undefined {
  const { hostname, origin } = new URL(url);
  return isLoopback(hostname) && isLoopback(pageHost) ? origin : undefined;
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "127.0.0.1" || host === "[::1]";

/** Browsers say it in words of their own; where it is, most of them say alike. `null`: it is an object. */
function jsonProblem(text: string): string | null {
  try {
    // Anything but an object would leave the form nothing to show.
    return isRecord(JSON.parse(text)) ? null : "must be an object";
  } catch (thrown) {
    const line = thrown instanceof SyntaxError ? /\bline (\d+)/.exec(thrown.message)?.[1] : undefined;
    return line === undefined ? "is not JSON yet" : `is not JSON yet: look at line ${line}`;
  }
}

export const textOf = ({ text, json }: ToolDraft): string => text ?? JSON.stringify(json, null, 2);

/** The JSON tab was typed in. */
export function withText(draft: ToolDraft, text: string): ToolDraft {
  const json = parsedJson(text);
  return isRecord(json) ? { ...draft, json, text } : { ...draft, text };
}

/** Nobody types in the JSON tab any more: what can be read is printed as we print it. */
export const tidied = (draft: ToolDraft): ToolDraft =>
  draft.text !== null && jsonProblem(draft.text) === null ? { ...draft, text: null } : draft;

/** The form was typed in: it is written into the last JSON that could be read. */
export const withJson = (draft: ToolDraft, json: Json): ToolDraft => ({ ...draft, json, text: null });

/** The tool as a save will send it, once it breaks no rule. */
export const settled = (draft: ToolDraft, problem: Problem | null): ToolDraft =>
  problem === null ? { ...draft, kept: draft.json } : draft;

/* The form's view of the JSON, and its changes of it. What is of another kind than it should be reads as empty. */

export type Mode = "mock" | "builtin" | "webhook";
export const MODES: readonly Mode[] = ["mock", "builtin", "webhook"];

export interface ToolForm {
  readonly name: string;
  readonly description: string;
  readonly parameters: unknown;
  readonly fillers: readonly string[];
  readonly mode: Mode;
  readonly builtin: Builtin;
  readonly url: string;
  readonly timeoutMs: number;
  readonly reply: unknown;
  readonly delayMs: number;
  readonly fails: boolean;
}

export function formOf(value: unknown): ToolForm {
  const json = recordOf(value);
  const fn = recordOf(json.function);
  const mock = recordOf(json.mock);
  return {
    name: textIn(fn.name),
    description: textIn(fn.description),
    parameters: fn.parameters,
    fillers: Array.isArray(json.fillers) ? json.fillers.map(textIn) : [],
    mode: MODES.find((mode) => mode === json.mode) ?? (fn.webhook_url ? "webhook" : json.builtin ? "builtin" : "mock"),
    builtin: BUILTINS.find((known) => known === json.builtin) ?? "current_time",
    url: textIn(fn.webhook_url),
    timeoutMs: numberIn(json.timeoutMs, TOOL_LIMITS.toolDefaultMs),
    reply: mock.reply === undefined ? { ok: true } : mock.reply,
    delayMs: numberIn(mock.delayMs, 0),
    fails: mock.fails === true,
  };
}

const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});
const textIn = (value: unknown): string => (typeof value === "string" ? value : "");
const numberIn = (value: unknown, standard: number): number => (typeof value === "number" ? value : standard);

/** The JSON with that changed and everything else as it was. */
export function withForm(value: unknown, change: Partial<ToolForm>): Json {
  const json = recordOf(value);
  const { name, description, parameters, url, reply, delayMs, fails, ...rest } = change;
  const fn = defined({ name, description, parameters, webhook_url: url });
  const mock = defined({ reply, delayMs, fails });
  return {
    type: "function",
    ...json,
    ...(Object.keys(fn).length > 0 && { function: { ...recordOf(json.function), ...fn } }),
    ...(Object.keys(mock).length > 0 && { mock: { ...recordOf(json.mock), ...mock } }),
    ...rest,
  };
}

const defined = (fields: Json): Json =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** A name that is not taken: `name`, `name_2` … */
export function freeName(name: string, drafts: readonly ToolDraft[]): string {
  const taken = new Set(drafts.flatMap(({ json, kept }) => [nameOf(json), nameOf(kept)]));
  const stem = name.slice(0, 60);
  for (let number = 1; ; number += 1) {
    const free = number === 1 ? name : `${stem}_${number}`;
    if (!taken.has(free)) return free;
  }
}
