import {
  invalidValue,
  missingParameter,
  notPlayed,
  refusal,
  toolsWithEffort,
  unrecognizedArgument,
  unsupportedParameter,
} from "./openai-errors.ts";
import type { Prompt, PromptItem, PromptTool } from "./openai-prompt.ts";
import {
  callIdOf,
  effortOf,
  type FoundModel,
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
  recordOf,
  refuse,
  refuseSampling,
  stringOf,
  toolChoiceOf,
} from "./openai-validate.ts";

/** Parameters of `POST /v1/chat/completions` in npm openai 7.57.0. */
const PARAMETERS = new Set(
  `messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens
  metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options
  prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream
  stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options`.split(/\s+/),
);

const NOT_PLAYED = ["audio", "function_call", "functions", "moderation", "prediction", "web_search_options"];
const ROLES = ["system", "assistant", "user", "tool", "developer"] as const;

/** Reads a body of `POST /v1/chat/completions`; throws `Refused` with what OpenAI would say to it. */
export function readChatRequest(body: Json, nowMs: number): Prompt {
  onlyKeys(body, PARAMETERS, unrecognizedArgument);
  for (const name of NOT_PLAYED) if (body[name]) refuse(notPlayed(name));
  if (typeof body.n === "number" && body.n > 1) refuse(notPlayed("n"));
  if (body.model === undefined) refuse(refusal(400, "you must provide a model parameter"));
  const modelId = stringOf(body.model, "model");
  const items = readMessages(body.messages);
  const tools = readTools(body.tools);
  const isStream = optionalFlag(body.stream, "stream") ?? false;
  const options = isRecord(body.stream_options) ? body.stream_options : undefined;
  if (options !== undefined && !isStream) {
    const message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
    refuse(refusal(400, message, { param: "stream_options" }));
  }

  const model = modelOf(modelId, nowMs);
  const effort = effortOf(body.reasoning_effort, "reasoning_effort", model);
  if (tools.length > 0) refuseToolsWithEffort(model, body.reasoning_effort);
  refuseSampling(body, model, effort);
  const thinks = model.traits.efforts.length > 0;
  const maxTokens = optionalInteger(body.max_tokens, "max_tokens", 1);
  if (maxTokens !== undefined && thinks) refuse(unsupportedParameter("max_tokens", "max_completion_tokens"));
  const maxCompletionTokens = optionalInteger(body.max_completion_tokens, "max_completion_tokens", 1);
  return {
    model: modelId,
    instructions: "",
    items,
    tools,
    toolChoice: toolChoiceOf(body.tool_choice, tools, (choice) => {
      oneOf(choice.type, "tool_choice.type", ["function"]);
      return functionNameOf(recordOf(choice.function, "tool_choice.function").name, "tool_choice.function.name");
    }),
    parallelToolCalls: optionalFlag(body.parallel_tool_calls, "parallel_tool_calls") ?? true,
    maxOutputTokens: maxCompletionTokens ?? maxTokens ?? null,
    effort,
    stream: isStream,
    includeUsage: optionalFlag(options?.include_usage, "stream_options.include_usage") ?? false,
    includeObfuscation: optionalFlag(options?.include_obfuscation, "stream_options.include_obfuscation") ?? true,
    includeReasoning: false,
    stored: optionalFlag(body.store, "store") === true,
  };
}

function refuseToolsWithEffort(model: FoundModel, sent: unknown): void {
  const isOther = sent !== undefined && sent !== null && sent !== "none";
  switch (model.traits.chatTools) {
    case "always":
      return;
    case "unless-effort":
      if (isOther) refuse(toolsWithEffort(model.id, false));
      return;
    case "only-none":
      if (sent !== "none") refuse(toolsWithEffort(model.id, true));
      return;
    case "never":
      refuse(toolsWithEffort(model.id, false));
  }
}

function readTools(value: unknown): PromptTool[] {
  if (value === undefined || value === null) return [];
  return listOf(value, "tools", 128).map((one, index) => {
    const path = `tools[${index}]`;
    const tool = recordOf(one, path);
    oneOf(tool.type, `${path}.type`, ["function"]);
    return functionOf(recordOf(tool.function, `${path}.function`), `${path}.function`);
  });
}

function readMessages(value: unknown): PromptItem[] {
  if (value === undefined) refuse(missingParameter("messages"));
  const messages = listOf(value, "messages");
  const items: PromptItem[] = [];
  /** Calls of the last assistant message that have no answer yet. */
  let open: string[] = [];
  for (const [index, one] of messages.entries()) {
    const path = `messages[${index}]`;
    const message = recordOf(one, path);
    const role = oneOf(message.role, `${path}.role`, ROLES);
    if (role === "tool") {
      const callId = callIdOf(message.tool_call_id, `${path}.tool_call_id`);
      if (!open.includes(callId)) refuse(toolMessageWithoutCall(index));
      open = open.filter((id) => id !== callId);
      items.push({ kind: "tool-output", callId, output: textOf(message.content, `${path}.content`) });
      continue;
    }
    if (open.length > 0) refuse(unansweredCalls(index, open));
    const calls = role === "assistant" ? readCalls(message.tool_calls, path) : [];
    const hasContent = message.content !== undefined && message.content !== null;
    if (hasContent || calls.length === 0) {
      const kind = role === "user" ? "user" : role === "assistant" ? "agent" : "system";
      items.push({ kind, text: textOf(message.content, `${path}.content`) });
    }
    items.push(...calls);
    open = calls.map((call) => call.callId);
  }
  if (open.length > 0) refuse(unansweredCalls(messages.length, open));
  return items;
}

type ToolCallItem = Extract<PromptItem, { kind: "tool-call" }>;

function readCalls(value: unknown, path: string): ToolCallItem[] {
  if (value === undefined || value === null) return [];
  return listOf(value, `${path}.tool_calls`, 128).map((one, index) => {
    const at = `${path}.tool_calls[${index}]`;
    const call = recordOf(one, at);
    oneOf(call.type, `${at}.type`, ["function"]);
    const called = recordOf(call.function, `${at}.function`);
    return {
      kind: "tool-call",
      callId: callIdOf(call.id, `${at}.id`),
      name: functionNameOf(called.name, `${at}.function.name`),
      arguments: stringOf(called.arguments, `${at}.function.arguments`),
    };
  });
}

const toolMessageWithoutCall = (index: number) =>
  refusal(
    400,
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
    { param: `messages.[${index}].role` },
  );

const unansweredCalls = (index: number, ids: readonly string[]) =>
  refusal(
    400,
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${ids.join(", ")}`,
    { param: `messages.[${index}].role` },
  );

function textOf(value: unknown, path: string): string {
  if (typeof value === "string" || !Array.isArray(value)) return stringOf(value, path);
  return value
    .map((one: unknown, index) => {
      const at = `${path}[${index}]`;
      const part = recordOf(one, at);
      const type = stringOf(part.type, `${at}.type`);
      if (type !== "text") refuse(invalidValue(at, type, ["text"]));
      return stringOf(part.text, `${at}.text`);
    })
    .join("");
}
