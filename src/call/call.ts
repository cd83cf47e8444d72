import type { CallerEvent } from "../caller/caller-leg.ts";
import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { EndReason, TurnRecord } from "../protocol/call-record.ts";
import type { CallId } from "../protocol/ids.ts";
import type { CallCommand, CallEvent, CallProgress } from "./call-events.ts";
import { type CallFacts, END_OF_REFUSAL } from "./call-facts.ts";
import { nextDeadline, spokenMs } from "./deadlines.ts";
import { Keypad } from "./keypad.ts";
import { Transcript } from "./transcript.ts";
import { Turns } from "./turns.ts";

const CHECK_IN = "Are you still there?";
/** After its last words a phone call stays open this much longer than they are thought to take. */
const GOODBYE_MARGIN_MS = 1_500;

/**
 * One call: `(event, now) → commands`. No clock, no network, no storage: whoever runs it does what the commands say,
 * in their order. Built from what was kept, it goes on where it was, after a sleep as after a crash.
 */
export class Call {
  readonly #facts: CallFacts;
  readonly #transcript: Transcript;
  readonly #turns: Turns;
  readonly #keypad: Keypad;
  #progress: CallProgress;
  /** Since when nobody speaks. */
  #quietSinceMs: number;
  /** Utterances that came before the call was admitted. */
  #early: string[] = [];
  /** Why the call was not let in, until the caller is there to be told. */
  #refusal: Reason | undefined;
  /** When the caller's last utterances came. */
  #utteredAtMs: number[] = [];
  #out: CallCommand[] = [];

  constructor(facts: CallFacts, progress: CallProgress, turns: readonly TurnRecord[]) {
    this.#facts = facts;
    this.#progress = progress;
    this.#transcript = new Transcript(turns);
    this.#turns = new Turns(facts.callId, facts.config, this.#transcript, (command) => this.#out.push(command));
    this.#keypad = new Keypad((command) => this.#out.push(command));
    // The question that a silence is broken by does not break it.
    const { checkedInAtMs } = progress;
    const last = turns
      .toSorted((a, b) => a.seq - b.seq)
      .findLast(({ startedAtMs }) => checkedInAtMs === null || startedAtMs < checkedInAtMs);
    this.#quietSinceMs = last
      ? last.startedAtMs + (last.timings?.turnMs ?? 0) + spokenMs(last.text)
      : facts.startedAtMs;
  }

  get callId(): CallId {
    return this.#facts.callId;
  }

  get progress(): CallProgress {
    return this.#progress;
  }

  get transcript(): Transcript {
    return this.#transcript;
  }

  /** When `alarm` must come at the latest; `undefined`: never again. */
  get alarmAtMs(): number | undefined {
    return this.#nextDeadline()?.atMs;
  }

  handle(event: CallEvent, nowMs: number): readonly CallCommand[] {
    this.#out = [];
    if (this.#progress.endedAtMs === null) this.#take(event, nowMs);
    return this.#out;
  }

  #take(event: CallEvent, nowMs: number): void {
    switch (event.type) {
      case "caller":
        this.#takeCaller(event.event, nowMs);
        return;
      case "leg-end":
        this.#legEnded(event.clean, nowMs);
        return;
      case "admitted":
        if (this.#progress.admitted) return;
        this.#keep({ admitted: true });
        this.#begin(nowMs);
        return;
      case "refused":
        // Before the caller has said who they are, nobody knows whether to speak or to send: it waits for that.
        if (this.#progress.legs === 0 && END_OF_REFUSAL[event.reason] !== "policy") {
          this.#refusal = event.reason;
          return;
        }
        this.#giveUp(event.reason, END_OF_REFUSAL[event.reason] ?? "refused", nowMs);
        return;
      case "key-changed":
        this.#keep({ revision: this.#progress.revision + 1 });
        return;
      case "model": {
        const outcome = this.#turns.model(event.response, event.events, nowMs);
        if (outcome) this.#answered(outcome, nowMs);
        return;
      }
      case "tool-end":
        this.#turns.toolEnded(event.toolCallId, event.result, nowMs);
        return;
      case "timer":
        if (event.timer === "filler") this.#turns.filler(nowMs);
        else this.#utterance(this.#keypad.take(), nowMs);
        return;
      case "alarm":
        this.#alarm(nowMs);
        return;
    }
  }

  #takeCaller(event: CallerEvent, nowMs: number): void {
    switch (event.type) {
      case "leg-start":
        this.#legStarted(event, nowMs);
        return;
      case "utterance":
        this.#utterance(event.text, nowMs);
        return;
      case "utterance-interim":
        this.#callerActive(nowMs);
        return;
      case "dtmf":
        this.#callerActive(nowMs);
        this.#utterance(this.#keypad.press(event.digit), nowMs);
        return;
      case "barge-in":
        this.#callerActive(nowMs);
        if (!this.#progress.closing) this.#turns.bargeIn(event.heardText, nowMs);
        return;
      case "playback":
        if (event.playing) return;
        if (this.#progress.checkedInAtMs === null) this.#quietSinceMs = nowMs;
        if (this.#progress.closing) this.#finish(nowMs);
        return;
      case "carrier-error":
        this.#log({ event: "carrier-error", callId: this.#facts.callId, carrierCode: event.code });
        return;
      case "ignored":
        return;
    }
  }

  #legStarted(event: Extract<CallerEvent, { type: "leg-start" }>, nowMs: number): void {
    // A leg introduces itself once; a new one comes only after the old one has gone.
    if (this.#progress.legs > 0 && this.#progress.legLostAtMs === null) return;
    const known = this.#progress.phoneCallId;
    if (known !== null && event.phoneCallId !== known) {
      this.#giveUp("wrong_call", null, nowMs);
      return;
    }
    const legs = this.#progress.legs + 1;
    this.#keep({
      legs,
      legLostAtMs: null,
      phoneCallId: known ?? event.phoneCallId ?? null,
      fromCarrier: event.fromCarrier,
      greeted: this.#progress.greeted || event.greetedByCarrier || (this.#facts.carrierGreets && event.fromCarrier),
    });
    this.#quietSinceMs = nowMs;
    if (legs > 1) this.#log({ event: "call-resumed", callId: this.#facts.callId, resumes: legs - 1 });
    if (this.#refusal) {
      this.#giveUp(this.#refusal, END_OF_REFUSAL[this.#refusal] ?? "refused", nowMs);
      return;
    }
    this.#begin(nowMs);
  }

  /** Runs when both the caller and the key are there, whichever came last, and again after a resume. */
  #begin(nowMs: number): void {
    if (!this.#progress.admitted || this.#progress.legs === 0) return;
    if (!this.#progress.greeted) {
      this.#keep({ greeted: true });
      const { greeting } = this.#facts.config;
      if (greeting) this.#say(greeting, nowMs);
    }
    const early = this.#early.splice(0);
    for (const text of early) this.#turns.callerSaid(text, nowMs);
    if (this.#transcript.isUnanswered) this.#turns.answer(nowMs);
  }

  #utterance(text: string | undefined, nowMs: number): void {
    if (text === undefined || this.#progress.closing) return;
    this.#callerActive(nowMs);
    this.#utteredAtMs = [...this.#utteredAtMs.filter((atMs) => atMs > nowMs - 60_000), nowMs];
    if (this.#utteredAtMs.length > LIMITS.utterancesPerMinute) {
      this.#giveUp("too_many_frames", "policy", nowMs);
      return;
    }
    if (!this.#progress.admitted || this.#progress.legs === 0) {
      if (this.#early.length < LIMITS.utterancesWhileConnecting) this.#early.push(text);
      return;
    }
    this.#turns.callerSaid(text, nowMs);
    this.#turns.answer(nowMs);
  }

  #callerActive(nowMs: number): void {
    this.#quietSinceMs = nowMs;
    if (this.#progress.checkedInAtMs !== null) this.#keep({ checkedInAtMs: null });
  }

  #answered(outcome: NonNullable<ReturnType<Turns["model"]>>, nowMs: number): void {
    this.#quietSinceMs = nowMs + spokenMs(outcome.text);
    this.#push({ type: "archive" });
    if (outcome.fatal) {
      this.#push({ type: "key-refused", reason: outcome.fatal });
      const error = { type: "error" as const, code: outcome.fatal, sentence: factsOf(outcome.fatal).sentence };
      if (!this.#progress.fromCarrier) this.#push({ type: "caller", command: error });
      this.#close("key-failed", factsOf(outcome.fatal).closeCode, { reason: outcome.fatal }, outcome.text, nowMs);
    } else if (outcome.effect?.type === "hand-over") {
      this.#close("handed-over", 1000, { reason: "hand-over", note: outcome.effect.reason }, outcome.text, nowMs);
    } else if (outcome.effect) {
      this.#close("agent-ended", 1000, { reason: "agent-ended", note: outcome.effect.reason }, outcome.text, nowMs);
    }
  }

  #legEnded(clean: boolean, nowMs: number): void {
    const { closing, legs, legLostAtMs } = this.#progress;
    if (closing) {
      this.#finish(nowMs);
    } else if (clean || !this.#facts.resumable || legs === 0) {
      this.#end(clean ? "caller-left" : "lost", nowMs);
    } else if (legLostAtMs === null) {
      this.#turns.stop(null, nowMs);
      this.#keep({ legLostAtMs: nowMs });
      this.#push({ type: "archive" });
    }
  }

  #alarm(nowMs: number): void {
    const next = this.#nextDeadline();
    if (!next || next.atMs > nowMs) return;
    switch (next.deadline) {
      case "closing":
        this.#finish(nowMs);
        return;
      case "call-cap":
        this.#giveUp("call_cap", "call-cap", nowMs);
        return;
      case "no-setup":
        this.#giveUp(this.#refusal ?? "no_setup", "policy", nowMs);
        return;
      case "leg-lost":
        this.#end("lost", nowMs);
        return;
      case "check-in":
        this.#keep({ checkedInAtMs: nowMs });
        this.#say(CHECK_IN, nowMs, this.#quietSinceMs);
        return;
      case "silence":
        this.#giveUp("silence", "silence", nowMs);
        return;
    }
  }

  #nextDeadline() {
    return nextDeadline({
      startedAtMs: this.#facts.startedAtMs,
      callMaxMs: this.#facts.callMaxMs,
      progress: this.#progress,
      quietSinceMs: this.#turns.isBusy ? null : this.#quietSinceMs,
    });
  }

  /** Ends the call for a reason of `failure.ts`: in words where there are any. `endReason` null: only this socket. */
  #giveUp(reason: Reason, endReason: EndReason | null, nowMs: number): void {
    const { sentence, spoken, closeCode } = factsOf(reason);
    this.#log({ event: "socket-closed", callId: this.#facts.callId, code: reason });
    if (!this.#progress.fromCarrier) this.#push({ type: "caller", command: { type: "error", code: reason, sentence } });
    if (endReason === null) {
      this.#push({ type: "close-leg", closeCode });
      return;
    }
    this.#turns.stop(null, nowMs);
    const isHeard = this.#progress.legs > 0 && spoken !== undefined;
    if (isHeard) this.#say(spoken, nowMs);
    this.#close(endReason, closeCode, { reason }, isHeard ? spoken : "", nowMs);
  }

  /** One whole turn of ours, not the model's. `quietSinceMs`: keep counting a silence that it does not break. */
  #say(text: string, nowMs: number, quietSinceMs?: number): void {
    const turn = this.#transcript.add({ speaker: "agent", startedAtMs: nowMs, text });
    this.#push({ type: "keep-turn", turn });
    this.#push({ type: "caller", command: { type: "speech", text, last: true } });
    this.#quietSinceMs = quietSinceMs ?? nowMs + spokenMs(text);
  }

  /** A phone gets the time to play the last words; a screen has them already. */
  #close(
    endReason: EndReason,
    closeCode: number,
    handoff: Record<string, string>,
    lastWords: string,
    nowMs: number,
  ): void {
    const waitMs = this.#progress.fromCarrier && lastWords !== "" ? spokenMs(lastWords) + GOODBYE_MARGIN_MS : 0;
    this.#keep({ closing: { endReason, closeCode, handoff, atMs: nowMs + waitMs } });
    if (waitMs === 0) this.#finish(nowMs);
  }

  #finish(nowMs: number): void {
    const { closing, legs } = this.#progress;
    if (!closing) return;
    if (legs > 0) this.#push({ type: "caller", command: { type: "end", handoff: closing.handoff } });
    this.#push({ type: "close-leg", closeCode: closing.closeCode });
    this.#end(closing.endReason, nowMs);
  }

  #end(endReason: EndReason, nowMs: number): void {
    this.#turns.stop(null, nowMs);
    this.#keep({ endedAtMs: nowMs, endReason, revision: this.#progress.revision + 1 });
    this.#log({
      event: "call-end",
      callId: this.#facts.callId,
      endReason,
      durationMs: nowMs - this.#facts.startedAtMs,
      turns: this.#transcript.turns.length,
    });
    this.#push({ type: "archive" });
  }

  #keep(fields: Partial<CallProgress>): void {
    this.#progress = { ...this.#progress, ...fields };
    this.#push({ type: "keep-progress", progress: this.#progress });
  }

  #push(command: CallCommand): void {
    this.#out.push(command);
  }

  #log(event: Extract<CallCommand, { type: "log" }>["event"]): void {
    this.#push({ type: "log", event });
  }
}
