import type { Reason } from "../failure.ts";
import type { Patience, TurnEnd } from "../protocol/agent-config.ts";
import type { Usage } from "../protocol/call-record.ts";
import type { UsageSource } from "../protocol/charge.ts";
import type { HistoryItem, ModelTool } from "./model-leg.ts";

/** The model's side of a call with sound: one session that hears the caller and speaks, for as long as it lasts. */

/** Both directions of a session have the same form, the caller's: nothing is decoded or resampled on the way. */
export type SoundFormat = "mulaw-8k" | "pcm16-24k";

/** What a session is opened with. */
export interface VoiceRequest {
  readonly instructions: string;
  readonly voice: string;
  readonly tools: readonly ModelTool[];
  readonly format: SoundFormat;
  /** How the model hears that a turn of the caller's is over, while no button says so. */
  readonly turnEnd: TurnEnd;
  readonly patience: Patience;
  /** The caller's turns end when a button is released, not when the model hears their end. */
  readonly pushToTalk: boolean;
  /** The longest answer, in tokens of both kinds; absent: as long as the model may. */
  readonly answerTokens?: number;
  /** What was said before this session: told to the model as text. */
  readonly history: readonly HistoryItem[];
}

/** What the call wants of an open session. Everything is kept until the session is ready, and then done in order. */
export type VoiceCommand =
  /** The agent says these very words. */
  | { readonly type: "say"; readonly text: string }
  /**
   * An answer to what is there by now: typed words, outputs of tools. `mayUseTools` false: in words only. `note` is
   * added to the instructions of this one answer.
   */
  | { readonly type: "answer"; readonly mayUseTools: boolean; readonly note?: string }
  | { readonly type: "caller-text"; readonly text: string }
  | { readonly type: "tool-output"; readonly toolCallId: string; readonly output: string }
  /** Stops the response under way, if there is one, and forgets those that wait. */
  | { readonly type: "cancel" }
  /** Of this item the caller heard only so much. */
  | { readonly type: "truncate"; readonly itemId: string; readonly heardMs: number }
  /** The caller's turn is over: with push-to-talk on only. Asks for an answer too. */
  | { readonly type: "turn-end" }
  /** What the caller began to say is void: with push-to-talk on only. */
  | { readonly type: "discard-input" }
  | { readonly type: "push-to-talk"; readonly on: boolean };

/**
 * What a session reports, in the order of its arrival. Sound does not come this way: see {@link VoiceSession}. After
 * `lost` nothing comes any more.
 */
export type VoiceEvent =
  /** The session is set up: what waited has been sent. */
  | { readonly type: "ready" }
  /** Vad: evidence of speech. `itemId` names the caller's turn that it will be. */
  | { readonly type: "speech-start"; readonly itemId: string }
  | { readonly type: "speech-end"; readonly itemId: string }
  /** The caller's turn is over; without vad the first that is heard of it. */
  | { readonly type: "caller-turn"; readonly itemId: string }
  | { readonly type: "caller-delta"; readonly itemId: string; readonly text: string }
  /** The transcript of a caller's turn, often after the answer. `usage` is a bill of its own. */
  | {
      readonly type: "caller-text";
      readonly itemId: string;
      readonly text: string;
      readonly usage: Usage | null;
      readonly source?: UsageSource | undefined;
    }
  | { readonly type: "caller-text-failed"; readonly itemId: string }
  | { readonly type: "response-start"; readonly responseId: string }
  /** The first sound of an item has come; it follows at once. */
  | { readonly type: "sound-start"; readonly responseId: string; readonly itemId: string }
  /** Words of what the agent speaks; usually ahead of the sound. */
  | { readonly type: "agent-delta"; readonly responseId: string; readonly itemId: string; readonly text: string }
  | { readonly type: "agent-text"; readonly responseId: string; readonly itemId: string; readonly text: string }
  /** Once per tool call, however often it was announced. */
  | {
      readonly type: "tool-call";
      readonly responseId: string;
      readonly toolCallId: string;
      readonly name: string;
      readonly arguments: string;
    }
  /** `usage` null: OpenAI told none, as for a response that was cancelled before its first word. */
  | {
      readonly type: "response-end";
      readonly responseId: string;
      readonly outcome: "complete" | "cancelled" | "cut" | "failed";
      /** Of a failed one. */
      readonly reason: Reason | null;
      readonly usage: Usage | null;
      readonly source?: UsageSource | undefined;
    }
  /** What a response has cost that nobody was told of: it was made after it had been cancelled. */
  | { readonly type: "stray-usage"; readonly usage: Usage; readonly source?: UsageSource | undefined }
  /**
   * The session is gone. `mayReconnect`: another one may work. `upstreamCode`: the code of the close, or the HTTP status of
   * a handshake that was refused; 0 for neither.
   */
  | {
      readonly type: "lost";
      readonly reason: Reason;
      readonly mayReconnect: boolean;
      readonly upstreamCode: number;
    };

/** Where a session reports to. Each is called synchronously with the arrival of what it tells of. */
export interface VoiceListener {
  readonly onEvent: (event: VoiceEvent) => void;
  /** A piece of the agent's sound, base64 in the session's format. Nothing else is done for it: the frame path. */
  readonly onSound: (responseId: string, itemId: string, audioBase64: string) => void;
}

/** One session with the model. It never throws. */
export interface VoiceSession {
  /** A piece of the caller's sound, base64 in the session's format; kept until the session is ready. The frame path. */
  append(audioBase64: string): void;
  do(command: VoiceCommand): void;
  /** The sound that it has not sent yet, once: of a session that was never ready, for the one after it. */
  takeUnsent(): readonly string[];
  /** Closes the socket; nothing is reported any more. May be called at any time, more than once. */
  close(): void;
}
