import type {
  ConversationItem,
  RealtimeAudioConfigInput,
  RealtimeAudioFormats,
  RealtimeSessionCreateRequest,
} from "openai/resources/realtime/realtime";
import type { HistoryItem } from "./model-leg.ts";
import { transcriptLanguageOf, turnDetectionOf } from "./realtime-hearing.ts";
import type { ResponseParams } from "./response-queue.ts";
import type { SoundFormat, VoiceRequest } from "./voice-leg.ts";

/** How a session hears, beside what the request says. */
export interface Hearing {
  readonly transcriptionModel: string;
  /** What the caller speaks, BCP 47; `undefined`: the transcript's model finds out. */
  readonly language: string | undefined;
}

/** The longest answer: 3.4 minutes of speech at 20 tokens a second. OpenAI's own end is far behind what anyone listens to. */
const ANSWER_TOKENS = 4_096;

/** One byte of G.711 at 8 kHz; two bytes a sample at 24 kHz. */
export const BYTES_PER_MS: Readonly<Record<SoundFormat, number>> = { "mulaw-8k": 8, "pcm16-24k": 48 };

/** G.711 is refused with a rate, PCM without it. */
const FORMATS: Readonly<Record<SoundFormat, RealtimeAudioFormats>> = {
  "mulaw-8k": { type: "audio/pcmu" },
  "pcm16-24k": { type: "audio/pcm", rate: 24_000 },
};

/** The `session` of `session.update` in the GA form (OpenAI's reference of the Realtime API, 2026-11-22). */
export function sessionOf(request: VoiceRequest, hearing: Hearing): RealtimeSessionCreateRequest {
  return {
    type: "realtime",
    instructions: request.instructions,
    output_modalities: ["audio"],
    audio: {
      input: inputOf(request, hearing, request.pushToTalk),
      output: { format: FORMATS[request.format], voice: request.voice },
    },
    tools: request.tools.map(({ name, description, parameters }) => ({
      type: "function",
      name,
      description,
      parameters,
    })),
    tool_choice: "auto",
    max_output_tokens: request.answerTokens ?? ANSWER_TOKENS,
    // Dropping a fifth at once, and not a little each turn, keeps most of the prompt in the cache.
    truncation: { type: "retention_ratio", retention_ratio: 0.8 },
    tracing: null,
  };
}

/** The change of a session that takes the caller's turns from the vad to a button, or back. */
export const talkModeOf = (
  request: VoiceRequest,
  hearing: Hearing,
  pushToTalk: boolean,
): RealtimeSessionCreateRequest => ({
  type: "realtime",
  audio: { input: inputOf(request, hearing, pushToTalk) },
});

function inputOf(request: VoiceRequest, hearing: Hearing, pushToTalk: boolean): RealtimeAudioConfigInput {
  const language = transcriptLanguageOf(hearing.language);
  return {
    format: FORMATS[request.format],
    // A browser's microphone is near. A phone line has been filtered by the phone and the network; nothing is put on top.
    ...(request.format === "pcm16-24k" ? { noise_reduction: { type: "near_field" } } : {}),
    transcription: { model: hearing.transcriptionModel, ...(language === undefined ? {} : { language }) },
    turn_detection: pushToTalk ? null : turnDetectionOf(request),
  };
}

/** What was said before as items of the conversation. Memos, and outputs whose call was trimmed away, are left out. */
export function itemsOf(history: readonly HistoryItem[]): readonly ConversationItem[] {
  const toolCallIds = new Set(history.flatMap((item) => (item.kind === "tool-call" ? [item.toolCallId] : [])));
  return history.flatMap((item) => {
    const hasCall = item.kind !== "tool-output" || toolCallIds.has(item.toolCallId);
    return item.kind === "memo" || !hasCall ? [] : [itemOf(item)];
  });
}

function itemOf(item: Exclude<HistoryItem, { kind: "memo" }>): ConversationItem {
  switch (item.kind) {
    case "caller":
      return callerItem(item.text);
    case "agent":
      return { type: "message", role: "assistant", content: [{ type: "output_text", text: item.text }] };
    case "tool-call":
      return { type: "function_call", call_id: item.toolCallId, name: item.name, arguments: item.arguments };
    case "tool-output":
      return toolOutputItem(item.toolCallId, item.output);
  }
}

export const callerItem = (text: string): ConversationItem => ({
  type: "message",
  role: "user",
  content: [{ type: "input_text", text }],
});

export const toolOutputItem = (toolCallId: string, output: string): ConversationItem => ({
  type: "function_call_output",
  call_id: toolCallId,
  output,
});

/** A response that says these very words. White space is evened out: a line break would be read as an `n`. */
export const wordsToSay = (text: string): ResponseParams => ({
  instructions: `Say exactly: ${JSON.stringify(text.trim().replace(/\s+/g, " "))}`,
  tool_choice: "none",
});

/** A response of the model's own making; a note goes behind the session's instructions, which it would replace. */
export const answerParams = (
  instructions: string,
  { mayUseTools, note }: { readonly mayUseTools: boolean; readonly note?: string },
): ResponseParams => ({
  ...(mayUseTools ? {} : { tool_choice: "none" }),
  ...(note === undefined ? {} : { instructions: `${instructions}\n\n${note}` }),
});
