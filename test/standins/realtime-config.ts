import { invalidValue, missingParameter, notPlayed, unsupportedParameter } from "./openai-errors.ts";
import {
  functionNameOf,
  functionOf,
  isRecord,
  type Json,
  listOf,
  oneOf,
  optionalFlag,
  optionalInteger,
  optionalString,
  recordOf,
  refuse,
  stringOf,
  toolChoiceOf,
} from "./openai-validate.ts";
import { type AudioConfig, DEFAULT_AUDIO, keys, numberIn, only, readAudio } from "./realtime-audio.ts";
import { aboveMaximum, bothModalities, invalid, voiceIsFixed } from "./realtime-errors.ts";

export type Modality = (typeof MODALITIES)[number];

/** What a session is set to, in the form in which the API shows it. */
export interface SessionConfig {
  readonly output_modalities: readonly [Modality];
  readonly instructions: string;
  readonly audio: AudioConfig;
  readonly tools: readonly FunctionTool[];
  readonly tool_choice: FunctionChoice;
  readonly max_output_tokens: number | "inf";
  readonly truncation: Truncation;
  readonly tracing: Tracing | null;
  readonly reasoning: { readonly effort: (typeof EFFORTS)[number] } | null;
  readonly parallel_tool_calls: boolean | null;
  readonly include: readonly (typeof INCLUDABLE)[number][] | null;
  readonly prompt: null;
}

export interface FunctionTool {
  readonly type: "function";
  readonly name: string;
  readonly description: string;
  readonly parameters: Json;
}

type FunctionChoice = "auto" | "none" | "required" | { readonly type: "function"; readonly name: string };
type Truncation =
  | "auto"
  | "disabled"
  | { readonly type: "retention_ratio"; readonly retention_ratio: number; readonly token_limits?: Limits };
interface Limits {
  readonly post_instructions?: number;
}
type Tracing = "auto" | { readonly workflow_name?: string; readonly group_id?: string; readonly metadata?: Json };

const MODALITIES = ["audio", "text"] as const;
const EFFORTS = ["minimal", "low", "medium", "high", "xhigh"] as const;
const TRUNCATIONS = ["auto", "disabled"] as const;
const TRACINGS = ["auto"] as const;
const INCLUDABLE = ["item.input_audio_transcription.logprobs"] as const;

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
  const choice = readToolChoice(change.tool_choice ?? now.tool_choice, tools);
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
    oneOf(one, `${path}.output_modalities[${index}]`, MODALITIES),
  );
  const [only, ...more] = new Set(listed);
  return only === undefined || more.length > 0 ? refuse(bothModalities()) : [only];
}

const TOOL_KEYS = keys("type", "name", "description", "parameters");

function readTools(value: unknown, path: string): readonly FunctionTool[] {
  return listOf(value, path, 128).map((one, index) => {
    const at = `${path}[${index}]`;
    const tool = recordOf(one, at);
    if (oneOf(tool.type, `${at}.type`, ["function", "mcp"]) === "mcp") refuse(notPlayed(at));
    only(tool, at, TOOL_KEYS);
    return { type: "function", ...functionOf(tool, at) };
  });
}

function readToolChoice(value: unknown, tools: readonly FunctionTool[]): FunctionChoice {
  const choice = toolChoiceOf(value, tools, ({ type, name }) => {
    oneOf(type, "tool_choice.type", ["function"]);
    return functionNameOf(name, "tool_choice.name");
  });
  return typeof choice === "string" ? choice : { type: "function", name: choice.name };
}

/** 1 to 4,096 or `"inf"`. */
function readMaximum(value: unknown, path: string): number | "inf" | undefined {
  if (value === undefined || value === "inf") return value;
  if (typeof value === "string") return refuse(invalidValue(path, value, ["inf"]));
  const tokens = optionalInteger(value, path, 1);
  return tokens !== undefined && tokens > 4_096 ? refuse(aboveMaximum(path, 4_096, tokens)) : tokens;
}

function readReasoning(value: unknown, path: string): SessionConfig["reasoning"] {
  if (value === null) return null;
  const reasoning = recordOf(value, path);
  only(reasoning, path, keys("effort"));
  return { effort: oneOf(reasoning.effort, `${path}.effort`, EFFORTS) };
}

/** Taken and shown; conversations here never grow so long that it would matter. */
function readTruncation(value: unknown): Truncation {
  const path = "session.truncation";
  if (!isRecord(value)) return oneOf(value, path, TRUNCATIONS);
  only(value, path, keys("type", "retention_ratio", "token_limits"));
  const type = oneOf(value.type, `${path}.type`, ["retention_ratio"]);
  const ratio = numberIn(value.retention_ratio, `${path}.retention_ratio`, 0, 1);
  if (ratio === undefined) return refuse(missingParameter(`${path}.retention_ratio`));
  if (value.token_limits === undefined) return { type, retention_ratio: ratio };
  const limits = recordOf(value.token_limits, `${path}.token_limits`);
  only(limits, `${path}.token_limits`, keys("post_instructions"));
  const after = optionalInteger(limits.post_instructions, `${path}.token_limits.post_instructions`, 0);
  return { type, retention_ratio: ratio, token_limits: after === undefined ? {} : { post_instructions: after } };
}

function readTracing(value: unknown, now: Tracing | null): Tracing | null {
  if (now !== null && JSON.stringify(value) !== JSON.stringify(now)) {
    refuse(invalid("session.tracing", "tracing cannot be changed once it is enabled."));
  }
  if (value === null) return null;
  const path = "session.tracing";
  if (!isRecord(value)) return oneOf(value, path, TRACINGS);
  only(value, path, keys("workflow_name", "group_id", "metadata"));
  const workflow = optionalString(value.workflow_name, `${path}.workflow_name`);
  const group = optionalString(value.group_id, `${path}.group_id`);
  return {
    ...(workflow === undefined ? {} : { workflow_name: workflow }),
    ...(group === undefined ? {} : { group_id: group }),
    ...(value.metadata === undefined ? {} : { metadata: recordOf(value.metadata, `${path}.metadata`) }),
  };
}

const readInclude = (value: unknown): SessionConfig["include"] =>
  value === null
    ? null
    : listOf(value, "session.include").map((one, index) => oneOf(one, `session.include[${index}]`, INCLUDABLE));
