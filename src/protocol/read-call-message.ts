import { CALL_STATES, type CallMessage, type TurnMessage } from "./call-messages.ts";
import { END_REASONS, KEY_SOURCES, type NO_USAGE, type TurnTimings, type Usage } from "./call-record.ts";
import { readBill, readBudget, readRunningLine } from "./read-bill.ts";
import { type Fields, fields, flag, list, number, oneOf, orNull, readFrame, words } from "./read-fields.ts";

/**
 * Reads a message of the call, for a page or a terminal: field by field, so that nothing else of it gets in. `undefined`:
 * a newer server's message, or none at all; to be passed over.
 */
export const parseCallMessage = (text: string): CallMessage | undefined => readFrame(text, readCallMessage);

/** As {@link parseCallMessage}, of a message within another. Throws `Unreadable`. */
export function readCallMessage(message: Fields): CallMessage | undefined {
  switch (message.type) {
    case "call-start":
      return {
        type: "call-start",
        callId: words(message.callId),
        resumed: flag(message.resumed),
        keySource: oneOf(KEY_SOURCES, message.keySource),
        model: words(message.model),
        voice: words(message.voice),
        startedAtMs: number(message.startedAtMs),
        endsAtMs: number(message.endsAtMs),
        resumeTicket: words(message.resumeTicket),
        turns: list(message.turns).map((turn) => readTurn(fields(turn))),
      };
    case "state":
      return { type: "state", state: oneOf(CALL_STATES, message.state) };
    case "caption": {
      const speaker = oneOf(["caller", "agent"], message.speaker);
      return { type: "caption", seq: number(message.seq), speaker, delta: words(message.delta) };
    }
    case "turn":
      return readTurn(message);
    case "meter":
      return {
        type: "meter",
        usage: readUsage(message.usage),
        bill: readBill(message.bill),
        running: orNull(readRunningLine, message.running),
      };
    case "budget":
      return { type: "budget", budget: readBudget(message.budget) };
    case "error":
      return { type: "error", code: words(message.code), error: words(message.error) };
    case "call-end":
      return { type: "call-end", endReason: oneOf(END_REASONS, message.endReason) };
    case "clear":
    case "pong":
      return { type: message.type };
    default:
      return undefined;
  }
}

function readTurn(turn: Fields): TurnMessage {
  return {
    type: "turn",
    seq: number(turn.seq),
    speaker: oneOf(["caller", "agent", "tool"], turn.speaker),
    startedAtMs: number(turn.startedAtMs),
    text: words(turn.text),
    heardText: orNull(words, turn.heardText),
    toolCall: orNull(readToolCall, turn.toolCall),
    timings: orNull(readTimings, turn.timings),
    usage: orNull(readUsage, turn.usage),
    failure: orNull(words, turn.failure),
  };
}

function readToolCall(value: unknown): NonNullable<TurnMessage["toolCall"]> {
  const call = fields(value);
  return {
    toolCallId: words(call.toolCallId),
    name: words(call.name),
    arguments: words(call.arguments),
    outcome: oneOf(["pending", "ok", "failed"], call.outcome),
    output: orNull(words, call.output),
    durationMs: orNull(number, call.durationMs),
  };
}

function readTimings(value: unknown): TurnTimings {
  const timings = fields(value);
  return {
    ttftMs: orNull(number, timings.ttftMs),
    ttfbMs: orNull(number, timings.ttfbMs),
    turnLatencyMs: orNull(number, timings.turnLatencyMs),
    heardLatencyMs: orNull(number, timings.heardLatencyMs),
    turnMs: number(timings.turnMs),
  };
}

/** @throws Unreadable */
export function readUsage(value: unknown): Usage {
  const { estimated, ...counts } = fields(value);
  const count = (name: keyof typeof NO_USAGE): number => number(counts[name]);
  return {
    responses: count("responses"),
    inputTokens: count("inputTokens"),
    inputAudioTokens: count("inputAudioTokens"),
    cachedInputTokens: count("cachedInputTokens"),
    cachedInputAudioTokens: count("cachedInputAudioTokens"),
    cacheWriteTokens: count("cacheWriteTokens"),
    outputTokens: count("outputTokens"),
    outputAudioTokens: count("outputAudioTokens"),
    reasoningTokens: count("reasoningTokens"),
    transcriptions: count("transcriptions"),
    transcriptionInputTokens: count("transcriptionInputTokens"),
    transcriptionInputAudioTokens: count("transcriptionInputAudioTokens"),
    transcriptionOutputTokens: count("transcriptionOutputTokens"),
    transcriptionMs: count("transcriptionMs"),
    estimated: flag(estimated),
  };
}
