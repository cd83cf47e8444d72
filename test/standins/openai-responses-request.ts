import {
  callWithoutOutput,
  invalidValue,
  missingParameter,
  movedParameter,
  noPreviousResponse,
  notPlayed,
  outputWithoutCall,
  refusal,
  unknownParameter,
  unsupportedParameter,
} from "./openai-errors.ts";
import type { Prompt, PromptItem, PromptTool } from "./openai-prompt.ts";
import {
  callIdOf,
  effortOf,
  functionNameOf,
  functionOf,
  isRecord,
  type Json,
  listOf,
  modelOf,
  oneOf,
  onlyKeys,
  optionalFlag,
  optionalInteger,
  optionalString,
  recordOf,
  refuse,
  refuseSampling,
  stringOf,
  toolChoiceOf,
} from "./openai-validate.ts";

/** Parameters of `POST /v1/responses` in npm openai 7.57.0. */
const PARAMETERS = new Set(
  `access_programs background context_management conversation image include input instructions max_output_tokens
  max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key
  prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options
  temperature text tool_choice tools top_logprobs top_p truncation user`.split(/\s+/),
);

/** Chat Completions parameters that Responses knows under another name. */
const MOVED: Readonly<Record<string, string>> = {
  messages: "input",
  max_tokens: "max_output_tokens",
  max_completion_tokens: "max_output_tokens",
  reasoning_effort: "reasoning.effort",
  response_format: "text.format",
  verbosity: "text.verbosity",
};

const NOT_PLAYED = ["background", "context_management", "conversation", "image", "moderation", "prompt"];

const ITEM_TYPES = ["message", "function_call", "function_call_output", "reasoning"] as const;
const ITEM_KEYS: Readonly<Record<(typeof ITEM_TYPES)[number], ReadonlySet<string>>> = {
  message: new Set(["type", "role", "content", "id", "status", "phase"]),
  function_call: new Set(["type", "call_id", "name", "arguments", "id", "status", "async", "caller", "namespace"]),
  function_call_output: new Set(["type", "call_id", "output", "id", "status", "caller"]),
  reasoning: new Set(["type", "id", "summary", "content", "encrypted_content", "status"]),
};
const TOOL_KEYS = new Set(
  "type name description parameters strict allowed_callers async defer_loading output_schema".split(" "),
);
const REASONING_KEYS = new Set(["effort", "summary", "generate_summary", "context", "mode"]);
const ROLES = ["assistant", "system", "developer", "user"] as const;
const INPUT_PARTS = ["input_text", "input_image", "input_file"] as const;
const OUTPUT_PARTS = ["output_text", "refusal"] as const;

/** Reads a body of `POST /v1/responses`; throws `Refused` with what OpenAI would say to it. */
export function readResponsesRequest(body: Json, nowMs: number): Prompt {
  onlyKeys(body, PARAMETERS, (name) => {
    const moved = Object.hasOwn(MOVED, name) ? MOVED[name] : undefined;
    return moved === undefined ? unknownParameter(name) : movedParameter(name, moved);
  });
  for (const name of NOT_PLAYED) if (body[name]) refuse(notPlayed(name));
  const modelId = stringOf(body.model, "model");
  const previous = optionalString(body.previous_response_id, "previous_response_id");
  if (previous !== undefined) refuse(noPreviousResponse(previous));
  const stored = optionalFlag(body.store, "store") !== false;
  const { items, pairing } = readInput(body.input, stored);
  const tools = readTools(body.tools);
  const reasoning =
    body.reasoning === undefined || body.reasoning === null ? {} : recordOf(body.reasoning, "reasoning");
  onlyKeys(reasoning, REASONING_KEYS, (name) => unknownParameter(`reasoning.${name}`));
  const streamOptions = isRecord(body.stream_options) ? body.stream_options : {};
  onlyKeys(streamOptions, new Set(["include_obfuscation"]), (name) => unknownParameter(`stream_options.${name}`));
  optionalString(body.prompt_cache_key, "prompt_cache_key", 64);
  optionalString(body.safety_identifier, "safety_identifier", 64);

  const model = modelOf(modelId, nowMs);
  const effort = effortOf(reasoning.effort, "reasoning.effort", model);
  const thinks = model.traits.efforts.length > 0;
  if (reasoning.summary && !thinks) refuse(unsupportedParameter("reasoning.summary"));
  refuseSampling(body, model, effort);
  const includeReasoning = readInclude(body.include);
  if (includeReasoning && !thinks) {
    refuse(refusal(400, "Encrypted content is not supported with this model.", { param: "include" }));
  }
  pairing();
  return {
    model: modelId,
    instructions: optionalString(body.instructions, "instructions") ?? "",
    items,
    tools,
    toolChoice: toolChoiceOf(body.tool_choice, tools, (choice) => {
      oneOf(choice.type, "tool_choice.type", ["function"]);
      return functionNameOf(choice.name, "tool_choice.name");
    }),
    parallelToolCalls: optionalFlag(body.parallel_tool_calls, "parallel_tool_calls") ?? true,
    maxOutputTokens: optionalInteger(body.max_output_tokens, "max_output_tokens", 16) ?? null,
    effort,
    stream: optionalFlag(body.stream, "stream") ?? false,
    includeUsage: true,
    includeObfuscation: optionalFlag(streamOptions.include_obfuscation, "stream_options.include_obfuscation") ?? true,
    includeReasoning,
    stored,
  };
}

function readTools(value: unknown): PromptTool[] {
  if (value === undefined || value === null) return [];
  return listOf(value, "tools", 128).map((one, index) => {
    const path = `tools[${index}]`;
    const tool = recordOf(one, path);
    const type = stringOf(tool.type, `${path}.type`);
    if (type !== "function") refuse(notPlayed(`${path}.type`));
    // Chat's nested form has no name here: "Missing required parameter: 'tools[0].name'."
    const read = functionOf(tool, path);
    onlyKeys(tool, TOOL_KEYS, (name) => unknownParameter(`${path}.${name}`));
    return read;
  });
}

function readInclude(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return listOf(value, "include").some((one, index) => stringOf(one, `include[${index}]`) === REASONING_CONTENT);
}

const REASONING_CONTENT = "reasoning.encrypted_content";

/** The conversation, and a check that every tool call has its output and the other way round, to run at the end. */
function readInput(value: unknown, stored: boolean): { items: PromptItem[]; pairing: () => void } {
  if (value === undefined || value === null) refuse(missingParameter("input"));
  if (typeof value === "string") return { items: [{ kind: "user", text: value }], pairing: () => {} };
  const items: PromptItem[] = [];
  let awaitsItem: string | undefined;
  for (const [index, one] of listOf(value, "input").entries()) {
    const path = `input[${index}]`;
    const item = recordOf(one, path);
    const type =
      item.type === undefined && item.role !== undefined ? "message" : oneOf(item.type, `${path}.type`, ITEM_TYPES);
    onlyKeys(item, ITEM_KEYS[type], (name) => unknownParameter(`${path}.${name}`));
    if (type === "function_call_output" || item.role === "user") noLoneReasoning(awaitsItem);
    awaitsItem = undefined;
    switch (type) {
      case "message":
        items.push(readMessage(item, path));
        break;
      case "function_call":
        prefixed(item.id, `${path}.id`, "fc");
        items.push({
          kind: "tool-call",
          callId: callIdOf(item.call_id, `${path}.call_id`),
          name: functionNameOf(item.name, `${path}.name`),
          arguments: stringOf(item.arguments, `${path}.arguments`),
        });
        break;
      case "function_call_output":
        items.push({
          kind: "tool-output",
          callId: callIdOf(item.call_id, `${path}.call_id`),
          output: textOfContent(item.output, `${path}.output`, INPUT_PARTS),
        });
        break;
      case "reasoning": {
        const id = stringOf(item.id, `${path}.id`);
        prefixed(id, `${path}.id`, "rs");
        listOf(item.summary, `${path}.summary`);
        // Without its content OpenAI looks the item up, and keeps none of an answer that was not stored.
        if (!optionalString(item.encrypted_content, `${path}.encrypted_content`) && !stored) refuse(itemNotFound(id));
        awaitsItem = id;
      }
    }
  }
  noLoneReasoning(awaitsItem);
  return { items, pairing: () => checkPairs(items) };
}

const itemNotFound = (id: string) =>
  refusal(
    404,
    `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
    { param: "input" },
  );

function noLoneReasoning(id: string | undefined): void {
  if (id === undefined) return;
  const message = `Item '${id}' of type 'reasoning' was provided without its required following item.`;
  refuse(refusal(400, message, { param: "input" }));
}

function prefixed(id: unknown, path: string, prefix: string): void {
  const text = optionalString(id, path);
  if (text === undefined || text.startsWith(prefix)) return;
  const message = `Invalid '${path}': '${text}'. Expected an ID that begins with '${prefix}'.`;
  refuse(refusal(400, message, { param: path, code: "invalid_value" }));
}

function readMessage(item: Json, path: string): PromptItem {
  const role = oneOf(item.role, `${path}.role`, ROLES);
  const isAgent = role === "assistant";
  const text = textOfContent(item.content, `${path}.content`, isAgent ? OUTPUT_PARTS : INPUT_PARTS);
  return { kind: isAgent ? "agent" : role === "user" ? "user" : "system", text };
}

/** A string, or parts of the kinds that fit: an assistant's words are output, all others' input. */
function textOfContent(value: unknown, path: string, parts: readonly string[]): string {
  if (typeof value === "string" || !Array.isArray(value)) return stringOf(value, path);
  return value
    .map((one: unknown, index) => {
      const at = `${path}[${index}]`;
      const part = recordOf(one, at);
      const type = stringOf(part.type, `${at}.type`);
      if (!parts.includes(type)) refuse(invalidValue(at, type, parts));
      return type.endsWith("_text") ? stringOf(part.text, `${at}.text`) : "";
    })
    .join("");
}

function checkPairs(items: readonly PromptItem[]): void {
  const calls = new Set<string>();
  const open = new Set<string>();
  for (const item of items) {
    if (item.kind === "tool-call") {
      calls.add(item.callId);
      open.add(item.callId);
    }
    if (item.kind === "tool-output") {
      if (!calls.has(item.callId)) refuse(outputWithoutCall(item.callId));
      open.delete(item.callId);
    }
  }
  for (const callId of open) refuse(callWithoutOutput(callId));
}
