/**
 * A student's tool: an OpenAI function schema plus what answers it. The stored and sent form is the predecessor's
 * (`{"type":"function","function":{…,"webhook_url"}}`) with our fields beside it, so its tools are read unchanged.
 */

/** What a tool without webhook answers, slow and failing on wish: to learn on, before owning a server. */
export interface MockTool {
  readonly mode: "mock";
  /** JSON given to the model as the tool's output. */
  readonly reply: unknown;
  readonly delayMs: number;
  readonly fails: boolean;
}

export const BUILTINS = ["current_time", "roll_dice", "end_call", "hand_over"] as const;
export type Builtin = (typeof BUILTINS)[number];

export interface BuiltinTool {
  readonly mode: "builtin";
  readonly builtin: Builtin;
}

export interface WebhookTool {
  readonly mode: "webhook";
  readonly url: string;
  readonly timeoutMs: number;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, sent to the model as it is. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Lines said while the tool takes long; ours when empty. */
  readonly fillers: readonly string[];
  readonly answer: MockTool | BuiltinTool | WebhookTool;
}

/** The JSON form in the database, in REST bodies and in the predecessor's. */
export interface ToolJson {
  type: "function";
  function: { name: string; description?: string; parameters?: Record<string, unknown>; webhook_url?: string };
  mode?: "mock" | "builtin" | "webhook";
  builtin?: Builtin;
  mock?: { reply?: unknown; delayMs?: number; fails?: boolean };
  timeoutMs?: number;
  fillers?: string[];
}

export interface ToolLimits {
  readonly tools: number;
  readonly toolDefaultMs: number;
  readonly toolMaxMs: number;
  readonly urlCharacters: number;
  readonly schemaDepth: number;
  readonly schemaCharacters: number;
}

/** A rule that was broken, as a path and a sentence of ours: never a value from outside. */
export interface Problem {
  readonly path: string;
  readonly problem: string;
}

type Read<Value> = { readonly ok: true; readonly value: Value } | ({ readonly ok: false } & Problem);

/** Lower case first: OpenAI allows more, but `__proto__` and `constructor` then never meet a JavaScript object. */
const TOOL_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const RESERVED = new Set(["constructor", "prototype", "__proto__"]);

/** Reads a list of tools; the first broken rule is returned, with the path of the field that broke it. */
export function parseTools(value: unknown, limits: ToolLimits): Read<readonly Tool[]> {
  if (!Array.isArray(value)) return bad("tools", "must be a list");
  if (value.length > limits.tools) return bad("tools", `may hold at most ${limits.tools} tools`);
  const tools: Tool[] = [];
  const names = new Set<string>();
  for (const [index, entry] of value.entries()) {
    const path = `tools[${index}]`;
    const read = parseTool(entry, path, limits);
    if (!read.ok) return read;
    if (names.has(read.value.name)) return bad(`${path}.function.name`, "is used by another tool");
    names.add(read.value.name);
    tools.push(read.value);
  }
  return { ok: true, value: tools };
}

function parseTool(value: unknown, path: string, limits: ToolLimits): Read<Tool> {
  if (!isRecord(value)) return bad(path, "must be an object");
  if (value.type !== undefined && value.type !== "function") return bad(`${path}.type`, 'must be "function"');
  const fn = value.function;
  if (!isRecord(fn)) return bad(`${path}.function`, "must be an object");
  const { name, description = "", parameters = { type: "object", properties: {} } } = fn;
  if (typeof name !== "string" || !TOOL_NAME.test(name) || RESERVED.has(name)) {
    return bad(`${path}.function.name`, "must be a letter, then letters, digits, _ or -, at most 64");
  }
  if (typeof description !== "string" || description.length > 1_024) {
    return bad(`${path}.function.description`, "must be text of at most 1024 characters");
  }
  const schema = checkSchema(parameters, `${path}.function.parameters`, limits);
  if (!schema.ok) return schema;
  const fillers = value.fillers ?? [];
  if (!isStrings(fillers) || fillers.length > 5 || fillers.some((line) => line.length > 200)) {
    return bad(`${path}.fillers`, "must be at most 5 lines of at most 200 characters");
  }
  const answer = parseAnswer(value, fn, path, limits);
  if (!answer.ok) return answer;
  return { ok: true, value: { name, description, parameters: schema.value, fillers, answer: answer.value } };
}

function parseAnswer(
  value: Record<string, unknown>,
  fn: Record<string, unknown>,
  path: string,
  limits: ToolLimits,
): Read<Tool["answer"]> {
  const url = fn.webhook_url;
  const mode = value.mode ?? (url ? "webhook" : value.builtin ? "builtin" : "mock");
  switch (mode) {
    case "builtin": {
      const builtin = BUILTINS.find((known) => known === value.builtin);
      if (!builtin) return bad(`${path}.builtin`, `must be one of ${BUILTINS.join(", ")}`);
      return { ok: true, value: { mode: "builtin", builtin } };
    }
    case "webhook": {
      const timeoutMs = value.timeoutMs ?? limits.toolDefaultMs;
      if (!isBetween(timeoutMs, 100, limits.toolMaxMs)) {
        return bad(`${path}.timeoutMs`, `must be 100 to ${limits.toolMaxMs} ms`);
      }
      if (typeof url !== "string" || url.length > limits.urlCharacters || !URL.canParse(url)) {
        return bad(`${path}.function.webhook_url`, `must be a URL of at most ${limits.urlCharacters} characters`);
      }
      return { ok: true, value: { mode: "webhook", url, timeoutMs } };
    }
    case "mock": {
      const mock = value.mock ?? {};
      if (!isRecord(mock)) return bad(`${path}.mock`, "must be an object");
      const { reply = { ok: true }, delayMs = 0, fails = false } = mock;
      if (!isBetween(delayMs, 0, 30_000)) return bad(`${path}.mock.delayMs`, "must be 0 to 30000 ms");
      if (typeof fails !== "boolean") return bad(`${path}.mock.fails`, "must be true or false");
      if (JSON.stringify(reply).length > limits.schemaCharacters) return bad(`${path}.mock.reply`, "is too large");
      return { ok: true, value: { mode: "mock", reply, delayMs, fails } };
    }
    default:
      return bad(`${path}.mode`, "must be mock, builtin or webhook");
  }
}

/** Bounds a schema's size and depth and refuses `pattern`: no regular expression of a student is ever run. */
function checkSchema(value: unknown, path: string, limits: ToolLimits): Read<Record<string, unknown>> {
  if (!isRecord(value)) return bad(path, "must be a JSON Schema object");
  if (value.type !== undefined && value.type !== "object") return bad(`${path}.type`, 'must be "object"');
  const open: { node: unknown; depth: number; isNameMap: boolean }[] = [{ node: value, depth: 1, isNameMap: false }];
  for (let next = open.pop(); next; next = open.pop()) {
    if (next.depth > limits.schemaDepth) return bad(path, `is nested deeper than ${limits.schemaDepth}`);
    if (Array.isArray(next.node)) {
      for (const node of next.node) open.push({ node, depth: next.depth + 1, isNameMap: false });
    } else if (isRecord(next.node)) {
      for (const [key, node] of Object.entries(next.node)) {
        if (!next.isNameMap && (key === "pattern" || key === "patternProperties")) {
          return bad(path, "may not contain regular expressions");
        }
        open.push({ node, depth: next.depth + 1, isNameMap: !next.isNameMap && key === "properties" });
      }
    }
  }
  if (JSON.stringify(value).length > limits.schemaCharacters) return bad(path, "is too large");
  return { ok: true, value };
}

const bad = (path: string, problem: string): { ok: false } & Problem => ({ ok: false, path, problem });
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((line) => typeof line === "string");
const isBetween = (value: unknown, low: number, high: number): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= low && value <= high;
