import type { FunctionTool } from "./realtime-config.ts";
import type { Item } from "./realtime-conversation.ts";

/** What `response.done` says was used, in the form of the API. Cached tokens are part of the same kind's input. */
export interface RealtimeUsage {
  readonly total_tokens: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly input_token_details: {
    readonly text_tokens: number;
    readonly audio_tokens: number;
    readonly image_tokens: number;
    readonly cached_tokens: number;
    readonly cached_tokens_details: {
      readonly text_tokens: number;
      readonly audio_tokens: number;
      readonly image_tokens: number;
    };
  };
  readonly output_token_details: { readonly text_tokens: number; readonly audio_tokens: number };
}

/** 1 token for 100 ms of what the caller says and for 50 ms of what the agent says (OpenAI's guide to realtime costs). */
const USER_AUDIO_MS_PER_TOKEN = 100;
const AGENT_AUDIO_MS_PER_TOKEN = 50;
/** Four characters of English are about one token (OpenAI's rule of thumb). */
const CHARACTERS_PER_TOKEN = 4;
/** What is cached comes in steps; the first recorded answer said 64. */
const CACHE_STEP_TOKENS = 64;

export const textTokens = (characters: number): number => Math.ceil(characters / CHARACTERS_PER_TOKEN);
export const userAudioTokens = (ms: number): number => Math.ceil(ms / USER_AUDIO_MS_PER_TOKEN);
export const agentAudioTokens = (ms: number): number => Math.ceil(ms / AGENT_AUDIO_MS_PER_TOKEN);

/** A stretch of the model's input that either comes unchanged the next time, or is paid anew with all behind it. */
export interface Segment {
  readonly id: string;
  readonly text: number;
  readonly audio: number;
}

/** The input of a response: what it is told to be, then the conversation. */
export const segmentsOf = (
  instructions: string,
  tools: readonly FunctionTool[],
  items: readonly Item[],
): readonly Segment[] => [
  {
    id: `${instructions}\n${JSON.stringify(tools)}`,
    text: textTokens(instructions.length + (tools.length === 0 ? 0 : JSON.stringify(tools).length)),
    audio: 0,
  },
  ...items.map(segmentOf),
];

function segmentOf({ id, body }: Item): Segment {
  switch (body.type) {
    case "function_call":
      return { id, text: textTokens(body.name.length + body.arguments.length), audio: 0 };
    case "function_call_output":
      return { id, text: textTokens(body.output.length), audio: 0 };
    case "message": {
      let text = 0;
      let audio = 0;
      for (const part of body.content) {
        if (part.type === "input_audio") audio += userAudioTokens(part.ms);
        else if (part.type === "output_audio") audio += agentAudioTokens(part.ms);
        else text += textTokens(part.text.length);
      }
      return { id, text, audio };
    }
  }
}

export interface InputTokens {
  readonly text: number;
  readonly audio: number;
  readonly cachedText: number;
  readonly cachedAudio: number;
}

/** The input of a session's answers, each against the one before: what they begin with alike comes from the cache. */
export class InputMeter {
  #previous: readonly Segment[] = [];

  count(segments: readonly Segment[]): InputTokens {
    const changed = segments.findIndex((segment, at) => !isSame(segment, this.#previous[at]));
    const common = sum(changed === -1 ? segments : segments.slice(0, changed));
    this.#previous = segments;
    return { ...sum(segments), cachedText: inSteps(common.text), cachedAudio: inSteps(common.audio) };
  }
}

const isSame = (one: Segment, other: Segment | undefined): boolean =>
  one.id === other?.id && one.text === other.text && one.audio === other.audio;

const inSteps = (tokens: number): number => tokens - (tokens % CACHE_STEP_TOKENS);

const sum = (segments: readonly Segment[]): { text: number; audio: number } => ({
  text: segments.reduce((total, { text }) => total + text, 0),
  audio: segments.reduce((total, { audio }) => total + audio, 0),
});

export function usageOf(input: InputTokens, output: { readonly text: number; readonly audio: number }): RealtimeUsage {
  const inputTokens = input.text + input.audio;
  const outputTokens = output.text + output.audio;
  return {
    total_tokens: inputTokens + outputTokens,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    input_token_details: {
      text_tokens: input.text,
      audio_tokens: input.audio,
      image_tokens: 0,
      cached_tokens: input.cachedText + input.cachedAudio,
      cached_tokens_details: { text_tokens: input.cachedText, audio_tokens: input.cachedAudio, image_tokens: 0 },
    },
    output_token_details: { text_tokens: output.text, audio_tokens: output.audio },
  };
}

/** Models whose transcripts are priced by the minute; the others are priced by the token. */
const BY_DURATION = new Set(["whisper-1", "gpt-transcribe", "gpt-live-transcribe", "gpt-realtime-whisper"]);

type TranscriptionUsage =
  | { readonly type: "duration"; readonly seconds: number }
  | {
      readonly type: "tokens";
      readonly total_tokens: number;
      readonly input_tokens: number;
      readonly input_token_details: { readonly text_tokens: number; readonly audio_tokens: number };
      readonly output_tokens: number;
    };

/** The separate bill of a transcript. */
export function transcriptionUsage(model: string, audioMs: number, transcript: string): TranscriptionUsage {
  if (BY_DURATION.has(model)) return { type: "duration", seconds: audioMs / 1_000 };
  const audio = userAudioTokens(audioMs);
  const output = textTokens(transcript.length);
  return {
    type: "tokens",
    total_tokens: audio + output,
    input_tokens: audio,
    input_token_details: { text_tokens: 0, audio_tokens: audio },
    output_tokens: output,
  };
}
