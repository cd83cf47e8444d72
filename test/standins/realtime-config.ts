import { invalidValue, notPlayed, unsupportedParameter } from "./openai-errors.ts";
import type { PromptTool, ToolChoice } from "./openai-prompt.ts";
import {
  functionNameOf,
  functionOf,
  isRecord,
  type Json,
  listOf,
  oneOf,
  optionalFlag,
  optionalInteger,
  recordOf,
  refuse,
  stringOf,
  toolChoiceOf,
} from "./openai-validate.ts";
import { type AudioConfig, DEFAULT_AUDIO, keys, numberIn, only, readAudio } from "./realtime-audio.ts";
import { aboveMaximum, bothModalities, invalid, voiceIsFixed } from "./realtime-errors.ts";

export type Modality = "audio" | "text";

/** What a session is set to, in the form in which the API shows it. */
export interface SessionConfig {
  readonly output_modalities: readonly [Modality];
  readonly instructions: string;
  readonly audio: AudioConfig;
  readonly tools: readonly Json[];
  readonly tool_choice: unknown;
  readonly max_output_tokens: number | "inf";
  readonly truncation: unknown;
  readonly tracing: unknown;
  readonly reasoning: unknown;
  readonly parallel_tool_calls: boolean | null;
  readonly include: unknown;
  readonly prompt: null;
}

export const DEFAULT_CONFIG: SessionConfig = {
  output_modalities: ["audio"],
  instructions: "Your voice and personality should be warm and engaging, with a lively tone.",
  audio: DEFAULT_AUDIO,
  tools: [],
  tool_choice: "auto",
  max_output_tokens: "inf",
  truncation: "auto",
  tracing: null,
  reasoning: null,
  parallel_tool_calls: null,
  include: null,
  prompt: null,
};

/** What else of a session decides whether an update is taken. */
export interface SessionFacts {
  readonly model: string;
  readonly isReasoningModel: boolean;
  /** The agent has been heard: the voice stays. */
  readonly hasSpoken: boolean;
  readonly isResponding: boolean;
}

const SESSION_KEYS = keys("type", "model", ...Object.keys(DEFAULT_CONFIG));

/** The session after an update; throws `Refused`, and then nothing of the update holds. */
export function updateConfig(value: unknown, now: SessionConfig, facts: SessionFacts): SessionConfig {
  const change = recordOf(value, "session");
  const type = oneOf(change.type, "session.type", ["realtime", "transcription"]);
  if (type === "transcription") refuse(invalid("session.type", "the session is a 'realtime' session."));
  only(change, "session", SESSION_KEYS);
  if (change.model !== undefined && change.model !== facts.model) {
    refuse(invalid("session.model", "the model of a session cannot be changed."));
  }
  const audio = change.audio === undefined ? now.audio : readAudio(change.audio, "session.audio", now.audio);
  if (facts.hasSpoken && JSON.stringify(audio.output.voice) !== JSON.stringify(now.audio.output.voice)) {
    refuse(voiceIsFixed());
  }
  if (facts.isResponding && audio.output.speed !== now.audio.output.speed) {
    refuse(invalid("session.audio.output.speed", "it cannot be changed while a response is in progress."));
  }
  const shared = readShared(change, "session", now, facts);
  return {
    ...now,
    ...shared,
    audio,
    truncation: change.truncation === undefined ? now.truncation : readTruncation(change.truncation),
    tracing: change.tracing === undefined ? now.tracing : readTracing(change.tracing, now.tracing),
    include: change.include === undefined ? now.include : readInclude(change.include),
  };
}

type Shared = Pick<
  SessionConfig,
  | "output_modalities"
  | "instructions"
  | "tools"
  | "tool_choice"
  | "max_output_tokens"
  | "reasoning"
  | "parallel_tool_calls"
>;

/** The settings that `session.update` and `response.create` have in common. */
export function readShared(change: Json, path: string, now: Shared, facts: SessionFacts): Shared {
  if (change.prompt !== undefined && change.prompt !== null) refuse(notPlayed(`${path}.prompt`));
  for (const name of ["reasoning", "parallel_tool_calls"]) {
    if (change[name] !== undefined && !facts.isReasoningModel) refuse(unsupportedParameter(`${path}.${name}`));
  }
  const tools = change.tools === undefined ? now.tools : readTools(change.tools, `${path}.tools`);
  const choice = change.tool_choice === undefined ? now.tool_choice : change.tool_choice;
  readToolChoice(choice, tools);
  return {
    output_modalities:
      change.output_modalities === undefined ? now.output_modalities : readModalities(change.output_modalities, path),
    instructions:
      change.instructions === undefined ? now.instructions : stringOf(change.instructions, `${path}.instructions`),
    tools,
    tool_choice: choice,
    max_output_tokens: readMaximum(change.max_output_tokens, `${path}.max_output_tokens`) ?? now.max_output_tokens,
    reasoning: change.reasoning === undefined ? now.reasoning : readReasoning(change.reasoning, `${path}.reasoning`),
    parallel_tool_calls:
      optionalFlag(change.parallel_tool_calls, `${path}.parallel_tool_calls`) ?? now.parallel_tool_calls,
  };
}

function readModalities(value: unknown, path: string): readonly [Modality] {
  const listed = listOf(value, `${path}.output_modalities`).map((one, index) =>
    oneOf(one, `${path}.output_modalities[${index}]`, ["audio", "text"]),
  );
  const [only, ...more] = new Set(listed);
  return only === undefined || more.length > 0 ? refuse(bothModalities()) : [only];
}

const TOOL_KEYS = keys("type", "name", "description", "parameters");

function readTools(value: unknown, path: string): readonly Json[] {
  return listOf(value, path, 128).map((one, index) => {
    const at = `${path}[${index}]`;
    const tool = recordOf(one, at);
    if (oneOf(tool.type, `${at}.type`, ["function", "mcp"]) === "mcp") refuse(notPlayed(at));
    only(tool, at, TOOL_KEYS);
    functionOf(tool, at);
    return tool;
  });
}

/** Tools as the brain wants them; they were found valid before. */
export const promptTools = (tools: readonly Json[]): readonly PromptTool[] =>
  tools.map((tool) => functionOf(tool, "tools"));

export const readToolChoice = (value: unknown, tools: readonly Json[]): ToolChoice =>
  toolChoiceOf(value, promptTools(tools), (choice) => functionNameOf(choice.name, "tool_choice.name"));

/** 1 to 4,096 or `"inf"`. */
function readMaximum(value: unknown, path: string): number | "inf" | undefined {
  if (value === undefined || value === "inf") return value;
  if (typeof value === "string") return refuse(invalidValue(path, value, ["inf"]));
  const tokens = optionalInteger(value, path, 1);
  return tokens !== undefined && tokens > 4_096 ? refuse(aboveMaximum(path, 4_096, tokens)) : tokens;
}

function readReasoning(value: unknown, path: string): unknown {
  if (value === null) return null;
  const reasoning = recordOf(value, path);
  only(reasoning, path, keys("effort"));
  oneOf(reasoning.effort, `${path}.effort`, ["minimal", "low", "medium", "high", "xhigh"]);
  return reasoning;
}

/** Taken and shown; conversations here never grow so long that it would matter. */
function readTruncation(value: unknown): unknown {
  if (!isRecord(value)) return oneOf(value, "session.truncation", ["auto", "disabled"]);
  only(value, "session.truncation", keys("type", "retention_ratio", "token_limits"));
  oneOf(value.type, "session.truncation.type", ["retention_ratio"]);
  numberIn(value.retention_ratio, "session.truncation.retention_ratio", 0, 1);
  return value;
}

function readTracing(value: unknown, now: unknown): unknown {
  if (now !== null && JSON.stringify(value) !== JSON.stringify(now)) {
    refuse(invalid("session.tracing", "tracing cannot be changed once it is enabled."));
  }
  if (value === null) return null;
  if (!isRecord(value)) return oneOf(value, "session.tracing", ["auto"]);
  only(value, "session.tracing", keys("workflow_name", "group_id", "metadata"));
  return value;
}

const readInclude = (value: unknown): unknown =>
  value === null
    ? null
    : listOf(value, "session.include").map((one, index) =>
        oneOf(one, `session.include[${index}]`, ["item.input_audio_transcription.logprobs"]),
      );
