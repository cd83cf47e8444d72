import type { Reason } from "../failure.ts";
import type { CallState } from "../protocol/call-messages.ts";
import type { ToolResult } from "./call-events.ts";

/** A finished turn of the agent, for the call to act on. */
export interface AnswerOutcome {
  readonly text: string;
  /** A failure after which no further turn can succeed. */
  readonly fatal: Reason | undefined;
  readonly effect: ToolResult["effect"];
}

/** The agent's turn that is being said: its place in the transcript, and its words so far. */
export interface UnfinishedTurn {
  readonly seq: number;
  readonly text: string;
}

/**
 * Who makes the turns of a call: in text one request for each answer, with sound one session with the model. The call
 * around it is the same.
 */
export interface TurnMaker {
  /** A turn is being made or spoken: no silence is counted. */
  readonly isBusy: boolean;
  /** What is going on, in a word. */
  readonly state: CallState;
  readonly unfinished: UnfinishedTurn | undefined;
  /** Something that belongs into the record is still to come: words of the caller, or the bill of a broken answer. */
  readonly awaitsRecord: boolean;
  /** Caller and key are there; also when a lost caller is back. */
  open(nowMs: number): void;
  /** The agent says these words, as a turn of its own. */
  say(text: string, nowMs: number): void;
  /** The fixed sentence of a failure, as a turn of its own; also without OpenAI. */
  announce(reason: Reason, nowMs: number): void;
  /** How long the caller will still be hearing the agent, whose last words were `text`. An estimate, in milliseconds. */
  unheardMs(text: string): number;
  /** Whole words of the caller, typed or written down by the carrier. */
  callerSaid(text: string, nowMs: number): void;
  answer(nowMs: number): void;
  /** What the caller has not been told by now is told: to one who is back, or who spoke before all was ready. */
  catchUp(nowMs: number): void;
  toolEnded(toolCallId: string, result: ToolResult, nowMs: number): void;
  filler(nowMs: number): void;
  /** Gives up what is being made; `heardText`: what was heard of it, if that is known. */
  stop(heardText: string | null, nowMs: number): void;
  /** Nothing more is asked of the model in this call. `drain`: what it still owes to the record may come. */
  close(drain: boolean, nowMs: number): void;
}
