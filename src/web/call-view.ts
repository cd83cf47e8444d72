import type { CallMessage, CallState, TalkMode, TurnMessage } from "../protocol/call-messages.ts";
import { END_REASONS, type EndReason, type KeySource, type TurnTimings } from "../protocol/call-record.ts";
import type { CallConnection } from "./call-socket.ts";
import { CANNOT_HEAR_WORDS, END_WORDS, HOLD_TO_TALK_WORDS, MUTED_WORDS, PHASE_WORDS, STATE_WORDS } from "./words.ts";

/** What the page shows of a call: a fold of what the call sent and of what happened here. Pure: time is given. */

/** A line of the transcript. Lines that did not change stay the same object, so that only changed ones are drawn. */
export type Line = TurnLine | ToolLine | GapLine;

export interface TurnLine {
  readonly kind: "turn";
  readonly seq: number;
  readonly speaker: "caller" | "agent";
  /** Final words; of an agent's turn those that were heard. Empty: they are still to come. */
  readonly text: string;
  /** Words after `text` that may still change. */
  readonly interim: string;
  /** Words of the agent that never came to be heard, because the caller spoke over them. */
  readonly notHeard: string;
  readonly isFinal: boolean;
  readonly timings: TurnTimings | null;
  readonly failure: string | null;
}

export interface ToolLine {
  readonly kind: "tool";
  readonly seq: number;
  readonly name: string;
  readonly outcome: "pending" | "ok" | "failed";
  readonly durationMs: number | null;
}

/** The connection was away for a while, after the turn `seq`. */
export interface GapLine {
  readonly kind: "gap";
  readonly seq: number;
  readonly lostMs: number;
}

export interface CallView {
  readonly phase: "idle" | "dialling" | "live" | "lost" | "ended";
  readonly state: CallState;
  readonly lines: readonly Line[];
  readonly keySource: KeySource | null;
  readonly model: string | null;
  /** Null: nothing was used yet. */
  readonly meter: { readonly costMicroUsd: number | null } | null;
  /** A sentence for the person; null: nothing is wrong. */
  readonly error: string | null;
  readonly endReason: EndReason | null;
  readonly muted: boolean;
  readonly talkMode: TalkMode;
  readonly talking: boolean;
  readonly hasMicrophone: boolean;
  /** Of the microphone, in decibels below full scale. */
  readonly levelDbfs: number;
  /** Since when the call waits for something: dialling, or a lost connection. */
  readonly waitingSinceMs: number | null;
  /** The microphone has brought more than noise, so it works. */
  readonly wasHeard: boolean;
  /** Since when the call listens to a microphone that has brought nothing yet. */
  readonly unheardSinceMs: number | null;
  readonly nowMs: number;
}

export type ViewChange =
  | { readonly type: "dial"; readonly hasMicrophone: boolean }
  | { readonly type: "message"; readonly message: CallMessage }
  | { readonly type: "connection"; readonly connection: CallConnection; readonly sentence?: string | undefined }
  | { readonly type: "level"; readonly levelDbfs: number }
  | { readonly type: "mute"; readonly muted: boolean }
  | { readonly type: "talk-mode"; readonly mode: TalkMode }
  | { readonly type: "talk"; readonly pressed: boolean }
  | { readonly type: "microphone-lost"; readonly sentence: string }
  /** The call was ended from here. */
  | { readonly type: "hung-up" }
  /** Something here went wrong, and with it the call. */
  | { readonly type: "failed"; readonly sentence: string }
  | { readonly type: "tick" };

export const NO_CALL: CallView = {
  phase: "idle",
  state: "connecting",
  lines: [],
  keySource: null,
  model: null,
  meter: null,
  error: null,
  endReason: null,
  muted: false,
  talkMode: "open",
  talking: false,
  hasMicrophone: false,
  levelDbfs: Number.NEGATIVE_INFINITY,
  waitingSinceMs: null,
  wasHeard: false,
  unheardSinceMs: null,
  nowMs: 0,
};

/** A microphone that brings more than this is not dead: a quiet voice at arm's length, after gain control, is louder. */
const HEARD_DBFS = -50;
const UNHEARD_AFTER_MS = 4_000;
const SECONDS_SHOWN_AFTER_MS = 2_000;

/** @param nowMs of any clock that does not go back */
export function foldCall(before: CallView, change: ViewChange, nowMs: number): CallView {
  const view = { ...before, nowMs };
  switch (change.type) {
    case "dial":
      return { ...NO_CALL, phase: "dialling", hasMicrophone: change.hasMicrophone, waitingSinceMs: nowMs, nowMs };
    case "message":
      return listening(foldMessage(view, change.message), before);
    case "connection":
      return foldConnection(view, change);
    case "level":
      return listening({ ...view, levelDbfs: change.levelDbfs }, before);
    case "mute":
      return listening({ ...view, muted: change.muted }, before);
    case "talk-mode":
      return listening({ ...view, talkMode: change.mode, talking: false }, before);
    case "talk":
      return { ...view, talking: change.pressed };
    case "microphone-lost":
      return listening(
        { ...view, hasMicrophone: false, levelDbfs: Number.NEGATIVE_INFINITY, error: change.sentence },
        before,
      );
    case "hung-up":
      return { ...view, phase: "ended", waitingSinceMs: null, endReason: "caller-left" };
    case "failed":
      return { ...view, phase: "ended", waitingSinceMs: null, error: change.sentence };
    case "tick":
      return view;
  }
}

function foldMessage(view: CallView, message: CallMessage): CallView {
  switch (message.type) {
    case "call-start": {
      const { keySource, model } = message;
      const gaps = message.resumed ? view.lines.filter((line) => line.kind === "gap") : [];
      const lines = message.turns.reduce<readonly Line[]>((kept, turn) => withTurn(kept, turn, view.lines), gaps);
      return { ...view, phase: "live", waitingSinceMs: null, error: null, keySource, model, lines };
    }
    case "state":
      return { ...view, state: message.state };
    case "caption":
      return { ...view, lines: withCaption(view.lines, message.seq, message.speaker, message.delta) };
    case "turn":
      // Words that came through show that what went wrong before is over.
      return {
        ...view,
        error: message.failure === null && message.text !== "" ? null : view.error,
        lines: withTurn(view.lines, message, view.lines),
      };
    case "meter":
      return { ...view, meter: { costMicroUsd: message.costMicroUsd } };
    case "error":
      return { ...view, error: message.error };
    case "call-end": {
      const endReason = END_REASONS.find((reason) => reason === message.endReason) ?? null;
      return { ...view, phase: "ended", waitingSinceMs: null, endReason };
    }
    case "clear":
    case "pong":
      return view;
  }
}

function foldConnection(view: CallView, change: Extract<ViewChange, { type: "connection" }>): CallView {
  if (view.phase === "ended" || view.phase === "idle") return view;
  switch (change.connection) {
    case "connecting":
      return view;
    case "reconnecting":
      return view.phase === "live" ? { ...view, phase: "lost", waitingSinceMs: view.nowMs } : view;
    case "open": {
      if (view.phase !== "lost") return view;
      const seq = Math.max(0, ...view.lines.map((line) => line.seq));
      const gap: GapLine = { kind: "gap", seq, lostMs: view.nowMs - (view.waitingSinceMs ?? view.nowMs) };
      return { ...view, phase: "live", waitingSinceMs: null, lines: [...view.lines, gap] };
    }
    case "closed":
      return { ...view, phase: "ended", waitingSinceMs: null, error: change.sentence ?? view.error };
  }
}

/** In the order of `seq`; what is not a turn stands after the turn whose number it has. */
function inserted(lines: readonly Line[], line: Line): readonly Line[] {
  const isTurn = line.kind !== "gap";
  const at = lines.findIndex((other) => other.seq > line.seq || (other.seq === line.seq && isTurn));
  if (at < 0) return [...lines, line];
  const replaces = isTurn && lines[at]?.seq === line.seq && lines[at]?.kind !== "gap";
  return lines.toSpliced(at, replaces ? 1 : 0, line);
}

function withTurn(lines: readonly Line[], turn: TurnMessage, shown: readonly Line[]): readonly Line[] {
  const line = lineOf(turn);
  const same = shown.find((other) => JSON.stringify(other) === JSON.stringify(line));
  return inserted(lines, same ?? line);
}

function lineOf({ seq, speaker, text, heardText, toolCall, timings, failure }: TurnMessage): Line {
  if (speaker === "tool") {
    const name = typeof toolCall?.name === "string" ? toolCall.name : "tool";
    const outcome = toolCall?.outcome === "ok" || toolCall?.outcome === "failed" ? toolCall.outcome : "pending";
    return { kind: "tool", seq, name, outcome, durationMs: toolCall?.durationMs ?? null };
  }
  const [heard, notHeard] = heardText === null ? [text, ""] : partOf(text, heardText);
  return { kind: "turn", seq, speaker, text: heard, notHeard, interim: "", isFinal: text !== "", timings, failure };
}

/** The heard text is the beginning of the text, but for spaces around it. */
function partOf(text: string, heardText: string): readonly [heard: string, notHeard: string] {
  const heard = heardText.trimEnd();
  return text.startsWith(heard) ? [heard, text.slice(heard.length)] : [heard, text];
}

function withCaption(lines: readonly Line[], seq: number, speaker: "caller" | "agent", delta: string): readonly Line[] {
  const line = lines.find((other) => other.kind === "turn" && other.seq === seq);
  if (line?.kind === "turn") return inserted(lines, { ...line, interim: line.interim + delta, isFinal: false });
  const fresh = { kind: "turn", seq, speaker, text: "", notHeard: "", interim: delta } as const;
  return inserted(lines, { ...fresh, isFinal: false, timings: null, failure: null });
}

/** Keeps the time since which somebody should be heard and never was. */
function listening(view: CallView, before: CallView): CallView {
  const wasHeard = view.wasHeard || view.levelDbfs >= HEARD_DBFS;
  const isOpen = view.phase === "live" && view.state === "listening" && view.talkMode === "open";
  const isUnheard = isOpen && view.hasMicrophone && !view.muted && !wasHeard;
  return { ...view, wasHeard, unheardSinceMs: isUnheard ? (before.unheardSinceMs ?? view.nowMs) : null };
}

/** What goes on, in words that change only when it does: fit to be read aloud. */
export function statusOf({ phase, state, muted, talkMode, talking, hasMicrophone }: CallView): string {
  if (phase !== "live") return PHASE_WORDS[phase];
  if (state === "listening" && hasMicrophone) {
    if (muted) return MUTED_WORDS;
    if (talkMode === "push-to-talk" && !talking) return HOLD_TO_TALK_WORDS;
  }
  return STATE_WORDS[state];
}

/** What stands below it: why it ended, or a hint. Empty: nothing. */
export function detailOf({ phase, endReason, unheardSinceMs, nowMs }: CallView): string {
  if (phase === "ended") return endReason === null ? "" : END_WORDS[endReason];
  return unheardSinceMs !== null && nowMs - unheardSinceMs >= UNHEARD_AFTER_MS ? CANNOT_HEAR_WORDS : "";
}

/** How long the call has been dialling or away; null: it is not, or so shortly that nobody wants to know. */
export function waitedMs({ phase, waitingSinceMs, nowMs }: CallView): number | null {
  if (waitingSinceMs === null) return null;
  const ms = nowMs - waitingSinceMs;
  return phase === "dialling" && ms < SECONDS_SHOWN_AFTER_MS ? null : ms;
}
