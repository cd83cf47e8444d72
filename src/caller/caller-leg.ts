import type { CallMessage, CallState, TurnMessage } from "../protocol/call-messages.ts";
import type { EndReason } from "../protocol/call-record.ts";

/** The caller's side of a call: what a caller can do, and what a caller can be sent, whatever the wire. */

export type CallerEvent =
  /**
   * First message of a leg. `phoneCallId` is Twilio's CallSid as the leg claims it; `greetedByCarrier`: the TwiML spoke
   * the greeting; `fromCarrier`: it says it is Twilio's, which only the handshake's signature can prove.
   */
  | {
      readonly type: "leg-start";
      readonly phoneCallId: string | undefined;
      readonly greetedByCarrier: boolean;
      readonly fromCarrier: boolean;
    }
  /** The caller's words of a finished turn, as text. */
  | { readonly type: "utterance"; readonly text: string }
  /** Interim words: evidence that the caller is speaking, never a turn. */
  | { readonly type: "utterance-interim" }
  | { readonly type: "dtmf"; readonly digit: string }
  /** The caller spoke over the agent and heard only `heardText` of what was being said. */
  | { readonly type: "barge-in"; readonly heardText: string; readonly heardMs: number | undefined }
  /** The carrier says whether our speech is playing. */
  | { readonly type: "playback"; readonly playing: boolean }
  /** All sound sent on this leg up to here, in milliseconds, has been played or cleared. */
  | { readonly type: "played"; readonly positionMs: number }
  | { readonly type: "mute"; readonly muted: boolean }
  | { readonly type: "talk-mode"; readonly pushToTalk: boolean }
  | { readonly type: "talk"; readonly pressed: boolean }
  /** The caller leaves on purpose. */
  | { readonly type: "hang-up" }
  /** The carrier did not understand something of ours; the call goes on. `code`: five digits, or `unknown`. */
  | { readonly type: "carrier-error"; readonly code: string }
  /** Known to mean nothing to us, or unknown: ignored. */
  | { readonly type: "ignored" };

/** Read from the wire: an event, or nothing readable. */
export type CallerRead = { readonly ok: true; readonly event: CallerEvent } | { readonly ok: false };

/** What the call sends to its caller. A wire that has no words for one leaves it out. */
export type CallerCommand =
  /** A piece of the agent's speech; `last` closes the turn and may carry no text. */
  | { readonly type: "speech"; readonly text: string; readonly last: boolean }
  /** A failure in words, for clients with a screen. */
  | { readonly type: "error"; readonly code: string; readonly sentence: string }
  /** What was sent of the agent's sound and not played yet is void. */
  | { readonly type: "clear" }
  /** The agent has said for now what it has to say: the last sound of it has been sent. */
  | { readonly type: "sound-end" }
  | { readonly type: "start"; readonly message: Extract<CallMessage, { type: "call-start" }> }
  | { readonly type: "state"; readonly state: CallState }
  | { readonly type: "caption"; readonly seq: number; readonly speaker: "caller" | "agent"; readonly delta: string }
  | { readonly type: "turn"; readonly turn: TurnMessage }
  | Extract<CallMessage, { readonly type: "meter" | "budget" }>
  /** The agent leaves; `handoff` travels to whoever takes over. */
  | { readonly type: "end"; readonly handoff: Readonly<Record<string, string>>; readonly endReason: EndReason };

/** What a frame of a wire with sound is: sound as base64 in the wire's format, something else, or nothing readable. */
export type SoundRead =
  | { readonly ok: true; readonly sound: string }
  | { readonly ok: true; readonly sound?: undefined; readonly event: CallerEvent }
  /** To be sent back as it is; nothing else happens. */
  | { readonly ok: true; readonly sound?: undefined; readonly reply: string }
  | { readonly ok: false };

/** A wire with sound, for one socket: it remembers what it has sent. Pure: no clock, no network. */
export interface SoundWire {
  readonly format: "mulaw-8k" | "pcm16-24k";
  /** Longest frame it takes, in bytes. */
  readonly maxFrameBytes: number;
  read(frame: string | ArrayBuffer): SoundRead;
  /** The frame that carries this sound; empty for what is none. Frame path: no parse, no stringify. */
  writeSound(audioBase64: string): string | ArrayBuffer | Uint8Array;
  /** A frame that is due after the sound just written, to learn when it was played; usually none. */
  mark(): string | undefined;
  write(command: CallerCommand): string | undefined;
  /** Milliseconds of sound written so far. */
  readonly sentMs: number;
  /** Bytes of sound written that the caller has not said to have received; `undefined`: this wire's callers do not say. */
  readonly unreceivedBytes: number | undefined;
}
