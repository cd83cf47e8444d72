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
  /** The caller's words of a finished turn. */
  | { readonly type: "utterance"; readonly text: string }
  /** Interim words: evidence that the caller is speaking, never a turn. */
  | { readonly type: "utterance-interim" }
  | { readonly type: "dtmf"; readonly digit: string }
  /** The caller spoke over the agent and heard only `heardText` of what was being said. */
  | { readonly type: "barge-in"; readonly heardText: string; readonly heardMs: number | undefined }
  /** The carrier says whether our speech is playing. */
  | { readonly type: "playback"; readonly playing: boolean }
  /** The carrier did not understand something of ours; the call goes on. `code`: five digits, or `unknown`. */
  | { readonly type: "carrier-error"; readonly code: string }
  /** Known to mean nothing to us, or unknown: ignored. */
  | { readonly type: "ignored" };

/** Read from the wire: an event, or nothing readable. */
export type CallerRead = { readonly ok: true; readonly event: CallerEvent } | { readonly ok: false };

/** What the call sends to its caller. */
export type CallerCommand =
  /** A piece of the agent's speech; `last` closes the turn and may carry no text. */
  | { readonly type: "speech"; readonly text: string; readonly last: boolean }
  /** A failure in words, for clients with a screen. */
  | { readonly type: "error"; readonly code: string; readonly sentence: string }
  /** The agent leaves; `handoff` travels to whoever takes over. */
  | { readonly type: "end"; readonly handoff: Readonly<Record<string, string>> };
