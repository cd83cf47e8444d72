import { think } from "./openai-brain.ts";
import { invalidType } from "./openai-errors.ts";
import type { Answer, Prompt } from "./openai-prompt.ts";
import type { MakeId } from "./openai-responses.ts";
import { oneOf, recordOf, refuse, stringOf } from "./openai-validate.ts";
import { type AudioConfig, keys, only, readFormat, readVoice } from "./realtime-audio.ts";
import { readShared, type SessionConfig, type SessionFacts } from "./realtime-config.ts";
import { type Conversation, type Item, promptItemsOf } from "./realtime-conversation.ts";
import { voiceIsFixed } from "./realtime-errors.ts";
import { readInput } from "./realtime-items.ts";

/** A response asked for: the session's settings with what this one response changes of them. */
export interface ResponseRequest {
  readonly config: Pick<
    SessionConfig,
    "output_modalities" | "instructions" | "tools" | "tool_choice" | "max_output_tokens" | "parallel_tool_calls"
  >;
  readonly output: AudioConfig["output"];
  readonly metadata: Readonly<Record<string, string>> | null;
  /** It joins no conversation, and may run beside one that does. */
  readonly isOutOfBand: boolean;
  /** What the model is shown: the conversation so far, or the response's own input. */
  readonly items: readonly Item[];
  /** What this one response was told, `undefined` when it follows the session's instructions. */
  readonly ownInstructions: string | undefined;
}

const RESPONSE_KEYS = keys(
  "instructions",
  "output_modalities",
  "audio",
  "tools",
  "tool_choice",
  "max_output_tokens",
  "metadata",
  "conversation",
  "input",
  "reasoning",
  "parallel_tool_calls",
  "prompt",
);

/** Reads `response` of `response.create`; throws `Refused`. */
export function readResponseRequest(
  value: unknown,
  session: { readonly config: SessionConfig; readonly facts: SessionFacts; readonly conversation: Conversation },
  makeId: MakeId,
): ResponseRequest {
  const params = value === undefined || value === null ? {} : recordOf(value, "response");
  only(params, "response", RESPONSE_KEYS);
  const { config, facts, conversation } = session;
  const target = params.conversation ?? "auto";
  const isOutOfBand = oneOf(target, "response.conversation", ["auto", "none"]) === "none";
  const output = readOutput(params.audio, config.audio.output);
  if (facts.hasSpoken && !isOutOfBand && JSON.stringify(output.voice) !== JSON.stringify(config.audio.output.voice)) {
    refuse(voiceIsFixed());
  }
  return {
    config: readShared(params, "response", config, facts),
    output,
    metadata: readMetadata(params.metadata),
    isOutOfBand,
    items:
      params.input === undefined
        ? [...conversation.items]
        : readInput(params.input, "response.input", conversation, makeId),
    ownInstructions: typeof params.instructions === "string" ? params.instructions : undefined,
  };
}

/** What a response of the server's own asks for: after a turn of the caller's, or after a long silence. */
export const plainRequest = (config: SessionConfig, conversation: Conversation): ResponseRequest => ({
  config,
  output: config.audio.output,
  metadata: null,
  isOutOfBand: false,
  items: [...conversation.items],
  ownInstructions: undefined,
});

function readOutput(value: unknown, now: AudioConfig["output"]): AudioConfig["output"] {
  if (value === undefined) return now;
  const audio = recordOf(value, "response.audio");
  only(audio, "response.audio", keys("output"));
  const output = recordOf(audio.output, "response.audio.output");
  only(output, "response.audio.output", keys("format", "voice"));
  return {
    format: output.format === undefined ? now.format : readFormat(output.format, "response.audio.output.format"),
    voice: output.voice === undefined ? now.voice : readVoice(output.voice, "response.audio.output.voice"),
    speed: now.speed,
  };
}

/** 16 pairs of strings at most, keys to 64 characters and values to 512. */
function readMetadata(value: unknown): ResponseRequest["metadata"] {
  if (value === undefined || value === null) return null;
  const pairs = Object.entries(recordOf(value, "response.metadata"));
  if (pairs.length > 16) refuse(invalidType("response.metadata", "at most 16 pairs", String(pairs.length)));
  return Object.fromEntries(
    pairs.map(([name, one]) => [
      stringOf(name, "response.metadata", 64),
      stringOf(one, `response.metadata.${name}`, 512),
    ]),
  );
}

/** What is answered when nothing was scripted. */
export function answerTo({ config, items, ownInstructions }: ResponseRequest): Answer {
  const told = ownInstructions === undefined ? undefined : wordsToSay(ownInstructions);
  if (told !== undefined) return { text: told, toolCalls: [] };
  const asked: Pick<Prompt, "instructions" | "items" | "tools" | "toolChoice" | "parallelToolCalls"> = {
    instructions: config.instructions,
    items: promptItemsOf(items),
    tools: config.tools,
    toolChoice: config.tool_choice,
    parallelToolCalls: config.parallel_tool_calls ?? true,
  };
  return think(asked);
}

/**
 * The very words that a response was told to say, as a greeting is: "Greet the caller with: …", "Say exactly: "…"". The
 * brain does not read instructions; a model would do as it is told.
 */
export function wordsToSay(instructions: string): string | undefined {
  const order = /\b(?:say|speak|greet|repeat|answer|tell)\b[^:"\u201c]*/i.exec(instructions);
  if (order === null) return undefined;
  const rest = instructions.slice(order.index + order[0].length);
  const quoted = /^:?\s*["\u201c]((?:\\.|[^"\u201d\\])+)["\u201d]/s.exec(rest)?.[1]?.replace(/\\(.)/gs, "$1");
  const words = quoted ?? /^:\s*(\S.*)$/s.exec(rest)?.[1];
  return words?.trim();
}
