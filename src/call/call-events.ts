import type { CallerCommand, CallerEvent } from "../caller/caller-leg.ts";
import type { Reason } from "../failure.ts";
import type { LogEvent } from "../log.ts";
import type { ModelEvent, ModelRequest } from "../model/model-leg.ts";
import type { VoiceCommand, VoiceEvent, VoiceRequest } from "../model/voice-leg.ts";
import type { Budget } from "../protocol/bill.ts";
import type { EndReason, ToolCallRecord, TurnRecord } from "../protocol/call-record.ts";
import type { Charge } from "../protocol/charge.ts";
import type { Tool } from "../protocol/tools.ts";

/** Everything that can happen to a call. */
export type CallEvent =
  | { readonly type: "caller"; readonly event: CallerEvent }
  /** The caller's socket is gone; `clean`: on purpose; `sinceMs`: since when, if it is noticed only now. */
  | { readonly type: "leg-end"; readonly clean: boolean; readonly sinceMs?: number | undefined }
  /** The workshop has let the call in and the key is there. */
  | { readonly type: "admitted" }
  | { readonly type: "refused"; readonly reason: Reason }
  /** The caller's socket is open, and has said nothing yet. */
  | { readonly type: "leg-open" }
  /** Another key of the same payer's from here on. */
  | { readonly type: "key-changed" }
  /** The request has left: from now on somebody is billed for it. */
  | { readonly type: "asked"; readonly response: number }
  | { readonly type: "model"; readonly response: number; readonly events: readonly ModelEvent[] }
  | { readonly type: "voice"; readonly session: number; readonly event: VoiceEvent }
  /** The whole of a recorded sentence has left us; `sent` false: there was none to be had. */
  | { readonly type: "sentence-end"; readonly sent: boolean }
  | { readonly type: "tool-end"; readonly toolCallId: string; readonly result: ToolResult }
  | { readonly type: "timer"; readonly timer: TimerName }
  /** How far the call is from a limit of somebody's money. */
  | { readonly type: "budget"; readonly budget: Budget }
  /** Nothing more may be spent: what is being said may be finished. */
  | { readonly type: "funds-refused"; readonly reason: Reason }
  | { readonly type: "alarm" };

/** Everything a call can want done, in this order within one event: kept first, then sent. */
export type CallCommand =
  | { readonly type: "keep-turn"; readonly turn: TurnRecord }
  | { readonly type: "keep-charge"; readonly charge: Charge }
  | { readonly type: "keep-progress"; readonly progress: CallProgress }
  | { readonly type: "caller"; readonly command: CallerCommand }
  | { readonly type: "close-leg"; readonly closeCode: number }
  | { readonly type: "respond"; readonly response: number; readonly request: ModelRequest }
  | { readonly type: "cancel-response" }
  /** A session with the model, in place of the one before; `session` counts them. */
  | { readonly type: "open-voice"; readonly session: number; readonly request: VoiceRequest; readonly afterMs: number }
  | { readonly type: "voice"; readonly command: VoiceCommand }
  /** `drain`: a last transcript may still come, for `LIMITS.voiceDrainMs`. */
  | { readonly type: "close-voice"; readonly drain: boolean }
  /** The caller has stopped sending in mid-speech: silence in place of the sound that does not come. */
  | { readonly type: "fill-silence"; readonly ms: number }
  /** What a failure says, as recorded sound: for when the agent has no voice. */
  | { readonly type: "play-sentence"; readonly reason: Reason }
  | { readonly type: "run-tool"; readonly toolCall: ToolCallRecord; readonly tool: Tool }
  | { readonly type: "timer"; readonly timer: TimerName; readonly afterMs: number | null }
  /** Something worth archiving is complete. */
  | { readonly type: "archive" }
  /** OpenAI refused the key: the student should see it. */
  | { readonly type: "key-refused"; readonly reason: Reason }
  | { readonly type: "log"; readonly event: LogEvent };

/** Timers shorter than any sleep; everything longer is a deadline of the alarm. */
export type TimerName = "filler" | "dtmf" | "sound-gap" | "goodbye";

/** What a tool gave back. `effect`: what the call does after the agent's next words. */
export interface ToolResult {
  readonly outcome: "ok" | "failed";
  /** JSON text for the model. */
  readonly output: string;
  readonly durationMs: number;
  readonly effect: { readonly type: "end-call" | "hand-over"; readonly reason: string } | null;
}

/** What a call must remember through a sleep or a crash beside its turns; everything else is derived from them. */
export interface CallProgress {
  /** Grows with each change of what the archive shows of the call. */
  readonly revision: number;
  readonly admitted: boolean;
  /** Set before the first greeting leaves. */
  readonly greeted: boolean;
  /** Caller legs that have begun: 1, and one more for each resume. */
  readonly legs: number;
  /** Twilio's CallSid, when the caller is on a phone. */
  readonly phoneCallId: string | null;
  readonly fromCarrier: boolean;
  /** When the caller first came: the line is billed from then on. */
  readonly firstLegAtMs: number | null;
  /** The caller has been told that the money comes to its end. */
  readonly toldLow: boolean;
  /** Since when the caller's leg is gone, while it may come back. */
  readonly legLostAtMs: number | null;
  /** The "are you still there?" of the present silence. */
  readonly checkedInAtMs: number | null;
  readonly closing: Closing | null;
  readonly endedAtMs: number | null;
  readonly endReason: EndReason | null;
}

/** The agent has said its last words; the call ends when they have been heard. */
export interface Closing {
  readonly endReason: EndReason;
  readonly closeCode: number;
  readonly handoff: Readonly<Record<string, string>>;
  readonly atMs: number;
}
