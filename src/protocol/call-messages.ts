import type { Bill, Budget, RunningLine } from "./bill.ts";
import type { EndReason, KeySource, ToolCallRecord, TurnTimings, Usage } from "./call-record.ts";

/**
 * The browser's wire of a call, both directions. Binary frames are sound: PCM16 little-endian, mono, 24 kHz, either way.
 * Text frames are one JSON message each, as below. The socket is opened with two subprotocols, {@link CALL_PROTOCOL} and
 * the ticket; the server answers with the first.
 */

export const CALL_PROTOCOL = "callroom.v1";
/** Samples a second, and bytes of a millisecond, of the sound in binary frames. */
export const SOUND_HZ = 24_000;
export const SOUND_BYTES_PER_MS = 48;

/** What the page, or any client, sends. */
export type CallerMessage =
  /** Words typed instead of spoken: a whole turn. */
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "digit"; readonly digit: string }
  /** While muted nothing the microphone brings is used, whoever sends it. */
  | { readonly type: "mute"; readonly muted: boolean }
  /** `push-to-talk`: a turn is what is said while `talk` is pressed. `open`: the agent hears when a turn is over. */
  | { readonly type: "talk-mode"; readonly mode: TalkMode }
  | { readonly type: "talk"; readonly pressed: boolean }
  /**
   * How far the caller has heard: milliseconds of all sound received since this socket opened, less what still waits to
   * be played. Sound dropped at a `clear` counts as passed over: the position at the `clear` is sent first.
   * `receivedMs`: all sound received since then; what was sent and not received shows how slow the connection is.
   */
  | { readonly type: "played"; readonly positionMs: number; readonly receivedMs: number }
  /** A sign of life; answered by `pong`. */
  | { readonly type: "ping" }
  /** The caller hangs up. */
  | { readonly type: "end" };

export type TalkMode = "open" | "push-to-talk";

export const CALL_STATES = ["connecting", "listening", "thinking", "using-tool", "speaking"] as const;
export type CallState = (typeof CALL_STATES)[number];

/** A turn as a screen shows it; a later one with the same `seq` replaces it. */
export interface TurnMessage {
  readonly type: "turn";
  /** From 1, in the order in which turns began. */
  readonly seq: number;
  readonly speaker: "caller" | "agent" | "tool";
  readonly startedAtMs: number;
  /** Empty for a caller's turn whose transcript is still to come. */
  readonly text: string;
  /** What was heard of an agent's turn, when that is less than its text. */
  readonly heardText: string | null;
  readonly toolCall: Omit<ToolCallRecord, "webhookId"> | null;
  readonly timings: TurnTimings | null;
  readonly usage: Usage | null;
  /** A code of `failure.ts`. */
  readonly failure: string | null;
}

/** What the call sends. */
export type CallMessage =
  /** First on every socket. `turns`: what was said so far, when the caller has come back. */
  | {
      readonly type: "call-start";
      readonly callId: string;
      readonly resumed: boolean;
      readonly keySource: KeySource;
      readonly model: string;
      readonly voice: string;
      readonly startedAtMs: number;
      readonly endsAtMs: number;
      /** Opens one further socket of this call, when this one is lost. */
      readonly resumeTicket: string;
      readonly turns: readonly TurnMessage[];
    }
  | { readonly type: "state"; readonly state: CallState }
  /** Words that belong to the turn `seq` and are not final; the next `turn` of that `seq` replaces them. */
  | { readonly type: "caption"; readonly seq: number; readonly speaker: "caller" | "agent"; readonly delta: string }
  | TurnMessage
  /** All sound that was received and is not played yet is void. */
  | { readonly type: "clear" }
  /** What the call has used so far, and what that comes to. `running`: what is billed by time and goes on. */
  | { readonly type: "meter"; readonly usage: Usage; readonly bill: Bill; readonly running: RunningLine | null }
  /** How far the call is from a limit: told when there is one, and when it has changed. */
  | { readonly type: "budget"; readonly budget: Budget }
  | { readonly type: "error"; readonly code: string; readonly error: string }
  | { readonly type: "pong" }
  /** The last message: the socket closes after it. */
  | { readonly type: "call-end"; readonly endReason: EndReason };

/** Reads a message of the caller; `undefined`: not one of these. Unknown fields mean nothing. */
export function parseCallerMessage(text: string): CallerMessage | undefined {
  const message = parseObject(text);
  switch (message?.type) {
    case "text":
      return typeof message.text === "string" ? { type: "text", text: message.text } : undefined;
    case "digit":
      return typeof message.digit === "string" && /^[0-9*#A-D]$/.test(message.digit)
        ? { type: "digit", digit: message.digit }
        : undefined;
    case "mute":
      return typeof message.muted === "boolean" ? { type: "mute", muted: message.muted } : undefined;
    case "talk-mode":
      return message.mode === "open" || message.mode === "push-to-talk"
        ? { type: "talk-mode", mode: message.mode }
        : undefined;
    case "talk":
      return typeof message.pressed === "boolean" ? { type: "talk", pressed: message.pressed } : undefined;
    case "played": {
      const { positionMs, receivedMs } = message;
      return isMs(positionMs) && isMs(receivedMs) ? { type: "played", positionMs, receivedMs } : undefined;
    }
    case "ping":
    case "end":
      return { type: message.type };
    default:
      return undefined;
  }
}

const isMs = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
