import type { Bill, Budget, RunningLine } from "../protocol/bill.ts";
import type { CallMessage, CallState, TalkMode } from "../protocol/call-messages.ts";
import type { EndReason, KeySource, Usage } from "../protocol/call-record.ts";
import { type Line, withCaption, withGap, withTurn } from "./call-lines.ts";
import type { CallConnection } from "./call-socket.ts";

/** What the page shows of a call: a fold of what the call sent and of what happened here. Pure: time is given. */

/** Why something went wrong: a code of `failure.ts` where there is one, and a sentence for the person. */
export interface CallFailure {
  readonly code: string | null;
  readonly sentence: string;
}

/** What was used so far, and what that comes to. */
export interface Metered {
  readonly usage: Usage;
  /** Null: a call from before there were bills. What is running is not in it. */
  readonly bill: Bill | null;
  /** Its time, too, is by the clock of `nowMs`. */
  readonly running: RunningLine | null;
}

export interface CallView {
  readonly phase: "idle" | "dialling" | "live" | "lost" | "ended";
  readonly state: CallState;
  readonly lines: readonly Line[];
  readonly keySource: KeySource | null;
  readonly model: string | null;
  /** Null: nothing was used yet. */
  readonly meter: Metered | null;
  /** Null: no limit is near, or there is none. */
  readonly budget: Budget | null;
  /** Null: nothing is wrong. */
  readonly failure: CallFailure | null;
  /** The last one, also when the call went on after it. */
  readonly lastFailure: CallFailure | null;
  readonly endReason: EndReason | null;
  /** By the clock of `nowMs`, as is every time here: when the call began, may last until, and ended. */
  readonly startedAtMs: number | null;
  readonly endsAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Take it from a time of the server's, and you have that by the clock of `nowMs`; null: nobody knows yet. */
  readonly aheadMs: number | null;
  readonly muted: boolean;
  readonly talkMode: TalkMode;
  readonly talking: boolean;
  readonly hasMicrophone: boolean;
  /** Of the microphone, in decibels below full scale. */
  readonly levelDbfs: number;
  /** When the microphone last brought anything at all. */
  readonly frameAtMs: number | null;
  /** The microphone hears the loudspeaker. */
  readonly hearsItself: boolean;
  /** The device does not play the call's sound now: a phone call came in, or the page was put away. */
  readonly isSoundPaused: boolean;
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
  /** Somebody else's call to the same agent is looked at; it has lasted `sinceMs`, and began at the server's `beganAtMs`. */
  | {
      readonly type: "watch";
      readonly keySource: KeySource;
      readonly model: string;
      readonly sinceMs: number;
      readonly beganAtMs: number;
    }
  /** All that an old call is known to have used: nobody wrote its bill. */
  | { readonly type: "usage"; readonly usage: Usage }
  | { readonly type: "message"; readonly message: CallMessage }
  | { readonly type: "connection"; readonly connection: CallConnection; readonly failure?: CallFailure | undefined }
  | { readonly type: "level"; readonly levelDbfs: number }
  | { readonly type: "mute"; readonly muted: boolean }
  | { readonly type: "talk-mode"; readonly mode: TalkMode }
  | { readonly type: "talk"; readonly pressed: boolean }
  | { readonly type: "echo"; readonly isLoud: boolean }
  | { readonly type: "sound"; readonly isPaused: boolean }
  | { readonly type: "microphone-lost"; readonly sentence: string }
  /** The call was ended from here. */
  | { readonly type: "hung-up" }
  /** Something here went wrong, and with it the call. */
  | { readonly type: "failed"; readonly failure: CallFailure }
  | { readonly type: "tick" };

export const NO_CALL: CallView = {
  phase: "idle",
  state: "connecting",
  lines: [],
  keySource: null,
  model: null,
  meter: null,
  budget: null,
  failure: null,
  lastFailure: null,
  endReason: null,
  startedAtMs: null,
  endsAtMs: null,
  endedAtMs: null,
  aheadMs: null,
  muted: false,
  talkMode: "open",
  talking: false,
  hasMicrophone: false,
  levelDbfs: Number.NEGATIVE_INFINITY,
  frameAtMs: null,
  hearsItself: false,
  isSoundPaused: false,
  waitingSinceMs: null,
  wasHeard: false,
  unheardSinceMs: null,
  nowMs: 0,
};

/** A microphone that brings more than this is not dead: a quiet voice at arm's length, after gain control, is louder. */
const HEARD_DBFS = -50;
/** Frames come each 40 ms. Away for so long, the browser holds them back: its page is hidden, or a phone call came in. */
const FRAMES_STOPPED_MS = 4_000;
/** The call had an orderly end: what went wrong before is over. */
const ORDERLY_ENDS: readonly EndReason[] = ["caller-left", "agent-ended", "handed-over"];

export const isUp = ({ phase }: CallView): boolean => phase === "dialling" || phase === "live" || phase === "lost";

/** The microphone is on, and yet nothing comes of it. */
export const isMicrophoneStopped = ({ phase, hasMicrophone, frameAtMs, nowMs }: CallView): boolean =>
  phase === "live" && hasMicrophone && frameAtMs !== null && nowMs - frameAtMs >= FRAMES_STOPPED_MS;

/** @param nowMs of any clock that does not go back */
export function foldCall(before: CallView, change: ViewChange, nowMs: number): CallView {
  const view = { ...before, nowMs };
  switch (change.type) {
    case "dial":
      return { ...NO_CALL, phase: "dialling", hasMicrophone: change.hasMicrophone, waitingSinceMs: nowMs, nowMs };
    case "watch": {
      const { keySource, model, sinceMs, beganAtMs } = change;
      const startedAtMs = nowMs - sinceMs;
      const times = { startedAtMs, aheadMs: beganAtMs - startedAtMs, nowMs };
      return { ...NO_CALL, phase: "live", state: "listening", keySource, model, ...times };
    }
    case "usage":
      return { ...view, meter: { usage: change.usage, bill: null, running: null } };
    case "message":
      return listening(foldMessage(view, change.message), before);
    case "connection":
      return foldConnection(view, change);
    case "level":
      return listening(foldLevel(view, change.levelDbfs), before);
    case "mute":
      return listening({ ...view, muted: change.muted }, before);
    case "talk-mode":
      return listening({ ...view, talkMode: change.mode, talking: false, hearsItself: false }, before);
    case "talk":
      return { ...view, talking: change.pressed };
    case "echo":
      return { ...view, hearsItself: change.isLoud };
    case "sound":
      return { ...view, isSoundPaused: change.isPaused };
    case "microphone-lost": {
      const failure = { code: null, sentence: change.sentence };
      return listening({ ...view, hasMicrophone: false, levelDbfs: Number.NEGATIVE_INFINITY, failure }, before);
    }
    case "hung-up":
      return ended({ ...view, endReason: "caller-left" });
    case "failed":
      return ended({ ...view, failure: change.failure, lastFailure: change.failure });
    case "tick":
      return view;
  }
}

const ended = (view: CallView): CallView => ({
  ...view,
  phase: "ended",
  waitingSinceMs: null,
  hearsItself: false,
  isSoundPaused: false,
  endedAtMs: view.endedAtMs ?? view.nowMs,
});

function foldMessage(view: CallView, message: CallMessage): CallView {
  switch (message.type) {
    case "call-start": {
      const { keySource, model } = message;
      const gaps = message.resumed ? view.lines.filter((line) => line.kind === "gap") : [];
      const lines = message.turns.reduce<readonly Line[]>((kept, turn) => withTurn(kept, turn, view.lines), gaps);
      const startedAtMs = view.startedAtMs ?? view.nowMs;
      // The server's clock is another: only how long the call may last is taken from it.
      const endsAtMs = startedAtMs + message.endsAtMs - message.startedAtMs;
      const aheadMs = view.aheadMs ?? message.startedAtMs - startedAtMs;
      const times = { startedAtMs, endsAtMs, aheadMs, waitingSinceMs: null };
      return { ...view, phase: "live", failure: null, keySource, model, lines, ...times };
    }
    case "state":
      return { ...view, state: message.state };
    case "caption":
      return { ...view, lines: withCaption(view.lines, message.seq, message.speaker, message.delta) };
    case "turn":
      // Words that came through show that what went wrong before is over.
      return {
        ...view,
        failure: message.failure === null && message.text !== "" ? null : view.failure,
        lines: withTurn(view.lines, message, view.lines),
      };
    case "meter": {
      const { usage, bill, running } = message;
      return { ...view, meter: { usage, bill, running: running && lineHere(running, view) } };
    }
    case "budget":
      return { ...view, budget: message.budget };
    case "error": {
      // It is a notice: the budget says the same, and the call goes on.
      if (message.code === "budget_low") return view;
      const failure = { code: message.code, sentence: message.error };
      return { ...view, failure, lastFailure: failure };
    }
    case "call-end": {
      const { endReason } = message;
      // The last words of a call that failed came through too, and took its failure back.
      const failure = ORDERLY_ENDS.includes(endReason) ? view.failure : view.lastFailure;
      return ended({ ...view, endReason, failure });
    }
    case "clear":
    case "pong":
      return view;
  }
}

/** By the page's clock. What the server's clock saw begin later than now has just begun. */
function lineHere(running: RunningLine, { aheadMs, nowMs }: CallView): RunningLine {
  return { ...running, sinceMs: aheadMs === null ? nowMs : Math.min(nowMs, running.sinceMs - aheadMs) };
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
      const lostMs = view.nowMs - (view.waitingSinceMs ?? view.nowMs);
      const lines = withGap(view.lines, "connection", lostMs);
      return { ...view, phase: "live", waitingSinceMs: null, lines };
    }
    case "closed": {
      const failure = change.failure ?? view.failure;
      return ended({ ...view, failure, lastFailure: failure ?? view.lastFailure });
    }
  }
}

function foldLevel(view: CallView, levelDbfs: number): CallView {
  const frameAtMs = view.nowMs;
  if (!isMicrophoneStopped(view)) return { ...view, levelDbfs, frameAtMs };
  const lostMs = view.nowMs - (view.frameAtMs ?? view.nowMs);
  return { ...view, levelDbfs, frameAtMs, lines: withGap(view.lines, "microphone", lostMs) };
}

/** Keeps the time since which somebody should be heard and never was. */
function listening(view: CallView, before: CallView): CallView {
  const wasHeard = view.wasHeard || view.levelDbfs >= HEARD_DBFS;
  const isOpen = view.phase === "live" && view.state === "listening" && view.talkMode === "open";
  const isUnheard = isOpen && view.hasMicrophone && !view.muted && !wasHeard;
  return { ...view, wasHeard, unheardSinceMs: isUnheard ? (before.unheardSinceMs ?? view.nowMs) : null };
}
