import type { CallerEvent } from "../caller/caller-leg.ts";
import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { SoundFormat } from "../model/voice-leg.ts";
import type { TurnRecord } from "../protocol/call-record.ts";
import type { CallId } from "../protocol/ids.ts";
import { CallBook } from "./call-book.ts";
import { CallEnding } from "./call-ending.ts";
import type { CallCommand, CallEvent, CallProgress } from "./call-events.ts";
import { type CallFacts, END_OF_REFUSAL, FATAL } from "./call-facts.ts";
import { nextDeadline, spokenMs } from "./deadlines.ts";
import { Keypad } from "./keypad.ts";
import { Transcript } from "./transcript.ts";
import type { AnswerOutcome, TurnMaker } from "./turn-maker.ts";
import { Turns } from "./turns.ts";
import { Utterances } from "./utterances.ts";
import { VoiceTurns } from "./voice-turns.ts";

const CHECK_IN = "Are you still there?";

/**
 * One call: `(event, now) → commands`. No clock, no network, no storage: whoever runs it does what the commands say,
 * in their order. Built from what was kept, it goes on where it was, after a sleep as after a crash.
 */
export class Call {
  readonly #facts: CallFacts;
  readonly #transcript: Transcript;
  readonly #turns: TurnMaker;
  /** One of both: what makes the turns of a call in text, or of one with sound. */
  readonly #text: Turns | undefined;
  readonly voice: VoiceTurns | undefined;
  readonly #keypad: Keypad;
  readonly #book: CallBook;
  readonly #ending: CallEnding;
  /** Since when nobody speaks. */
  #quietSinceMs: number;
  readonly #utterances = new Utterances();
  /** Why the call was not let in, until the caller is there to be told. */
  #refusal: Reason | undefined;
  /** When the caller's leg must have begun. */
  #firstLegAtMs: number;
  #out: CallCommand[] = [];

  constructor(facts: CallFacts, progress: CallProgress, turns: readonly TurnRecord[]) {
    this.#facts = facts;
    this.#transcript = new Transcript(turns);
    const emit = (command: CallCommand): void => this.#push(command);
    this.#book = new CallBook(progress, emit);
    if (facts.sound === null) {
      const text = new Turns(facts.callId, facts.config, this.#transcript, emit);
      this.#text = text;
      this.#turns = text;
    } else {
      const voice = new VoiceTurns(facts, this.#transcript, emit);
      this.voice = voice;
      this.#turns = voice;
    }
    this.#ending = new CallEnding(facts, this.#book, this.#transcript, this.#turns, emit);
    this.#keypad = new Keypad(emit);
    this.#firstLegAtMs = facts.startedAtMs + facts.firstLegMs;
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

  /** The form of the sound, of a call that has any. */
  get voiceFormat(): SoundFormat {
    return this.#facts.sound ?? "pcm16-24k";
  }

  get progress(): CallProgress {
    return this.#book.progress;
  }

  get transcript(): Transcript {
    return this.#transcript;
  }

  get turns(): TurnMaker {
    return this.#turns;
  }

  /** When `alarm` must come at the latest; `undefined`: never again. */
  get alarmAtMs(): number | undefined {
    return this.#nextDeadline()?.atMs;
  }

  handle(event: CallEvent, nowMs: number): readonly CallCommand[] {
    this.#out = [];
    if (this.progress.endedAtMs === null) this.#take(event, nowMs);
    return this.#out;
  }

  #take(event: CallEvent, nowMs: number): void {
    switch (event.type) {
      case "caller":
        this.#takeCaller(event.event, nowMs);
        return;
      case "leg-end":
        this.#legEnded(event.clean, nowMs, event.sinceMs);
        return;
      case "admitted":
        if (this.progress.admitted) return;
        this.#book.keep({ admitted: true });
        this.#begin(nowMs);
        return;
      case "refused":
        // Before the caller has said who they are, nobody knows whether to speak or to send: it waits for that.
        if (this.progress.legs === 0 && END_OF_REFUSAL[event.reason] !== "policy") {
          this.#refusal = event.reason;
          return;
        }
        this.#ending.giveUp(event.reason, END_OF_REFUSAL[event.reason] ?? "refused", nowMs);
        return;
      case "leg-open":
        this.#firstLegAtMs = Math.min(this.#firstLegAtMs, nowMs + LIMITS.firstMessageMs);
        return;
      case "key-changed":
        if (event.isOtherPayer) this.#book.keep({ revision: this.progress.revision + 1 });
        this.voice?.renew(nowMs);
        return;
      case "model": {
        const outcome = this.#text?.model(event.response, event.events, nowMs);
        if (outcome) this.#answered(outcome, nowMs);
        return;
      }
      case "voice":
        this.#takeVoice(event, nowMs);
        return;
      case "sentence-end":
        this.voice?.sentenceEnded();
        if (this.progress.closing && !event.sent) this.#ending.finish(nowMs);
        return;
      case "tool-end":
        this.#turns.toolEnded(event.toolCallId, event.result, nowMs);
        return;
      case "timer":
        if (event.timer === "filler") this.#turns.filler(nowMs);
        else if (event.timer === "sound-gap") this.voice?.soundGap(nowMs);
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
        if (!this.progress.closing) this.#text?.bargeIn(event.heardText, nowMs);
        return;
      case "playback":
        this.#text?.playback(event.playing);
        if (!event.playing) this.#playedOut(nowMs);
        return;
      case "played":
        this.voice?.played(event.positionMs, nowMs);
        if (this.voice?.isPlayedOut) this.#playedOut(nowMs);
        return;
      case "mute":
      case "talk-mode":
      case "talk":
        if (event.type === "talk") this.#callerActive(nowMs);
        if (!this.progress.closing) this.voice?.microphone(event, nowMs);
        return;
      case "hang-up":
        this.#legEnded(true, nowMs);
        return;
      case "carrier-error":
        this.#log({ event: "carrier-error", callId: this.#facts.callId, carrierCode: event.code });
        return;
      case "ignored":
        return;
    }
  }

  #takeVoice({ session, event }: Extract<CallEvent, { type: "voice" }>, nowMs: number): void {
    const isSpeech = event.type === "speech-start" || event.type === "speech-end" || event.type === "caller-turn";
    if (isSpeech && !this.progress.closing) this.#callerActive(nowMs);
    const outcome = this.voice?.voice(session, event, nowMs);
    if (outcome && !this.progress.closing) this.#answered(outcome, nowMs);
    if (this.#ending.isDraining && !this.voice?.awaitsRecord) this.#ending.finish(nowMs);
  }

  #playedOut(nowMs: number): void {
    if (this.progress.checkedInAtMs === null) this.#quietSinceMs = nowMs;
    if (this.progress.closing && !this.#ending.isDraining) this.#ending.finish(nowMs);
  }

  #legStarted(event: Extract<CallerEvent, { type: "leg-start" }>, nowMs: number): void {
    // A leg introduces itself once; a new one comes only after the old one has gone.
    if (this.progress.legs > 0 && this.progress.legLostAtMs === null) return;
    const known = this.progress.phoneCallId;
    if (known !== null && event.phoneCallId !== known) {
      this.#ending.giveUp("wrong_call", null, nowMs);
      return;
    }
    const legs = this.progress.legs + 1;
    this.#book.keep({
      legs,
      legLostAtMs: null,
      phoneCallId: known ?? event.phoneCallId ?? null,
      fromCarrier: event.fromCarrier,
      greeted: this.progress.greeted || event.greetedByCarrier || (this.#facts.carrierGreets && event.fromCarrier),
    });
    this.#quietSinceMs = nowMs;
    if (legs > 1) this.#log({ event: "call-resumed", callId: this.#facts.callId, resumes: legs - 1 });
    if (this.#refusal) {
      this.#ending.giveUp(this.#refusal, END_OF_REFUSAL[this.#refusal] ?? "refused", nowMs);
      return;
    }
    this.#begin(nowMs);
  }

  /** Runs when both the caller and the key are there, whichever came last, and again after a resume. */
  #begin(nowMs: number): void {
    if (!this.progress.admitted || this.progress.legs === 0) return;
    this.#turns.open(nowMs);
    if (!this.progress.greeted) {
      this.#book.keep({ greeted: true });
      const { greeting } = this.#facts.config;
      if (greeting) this.#say(greeting, nowMs);
    }
    for (const text of this.#utterances.takeEarly()) this.#turns.callerSaid(text, nowMs);
    if (this.#transcript.isUnanswered) this.#turns.answer(nowMs);
  }

  #utterance(text: string | undefined, nowMs: number): void {
    if (text === undefined || this.progress.closing) return;
    this.#callerActive(nowMs);
    if (this.#utterances.isTooFast(nowMs)) {
      this.#ending.giveUp("too_many_frames", "policy", nowMs);
    } else if (!this.progress.admitted || this.progress.legs === 0) {
      this.#utterances.keep(text);
    } else {
      this.#turns.callerSaid(text, nowMs);
      this.#turns.answer(nowMs);
    }
  }

  #callerActive(nowMs: number): void {
    this.#quietSinceMs = nowMs;
    if (this.progress.checkedInAtMs !== null) this.#book.keep({ checkedInAtMs: null });
  }

  #answered(outcome: AnswerOutcome, nowMs: number): void {
    // A question about a silence does not break it.
    if (this.#text || this.progress.checkedInAtMs === null) {
      this.#quietSinceMs = nowMs + this.#turns.unheardMs(outcome.text);
    }
    this.#push({ type: "archive" });
    if (outcome.fatal) {
      const isOfKey = FATAL.has(outcome.fatal);
      if (isOfKey) this.#push({ type: "key-refused", reason: outcome.fatal });
      this.#ending.tell(outcome.fatal);
      const { closeCode } = factsOf(outcome.fatal);
      const endReason = isOfKey ? "key-failed" : "upstream-failed";
      this.#ending.close(endReason, closeCode, { reason: outcome.fatal }, outcome.text, nowMs);
    } else if (outcome.effect) {
      const { type, reason: note } = outcome.effect;
      const isHandOver = type === "hand-over";
      const handoff = { reason: isHandOver ? "hand-over" : "agent-ended", note };
      this.#ending.close(isHandOver ? "handed-over" : "agent-ended", 1000, handoff, outcome.text, nowMs);
    }
  }

  #legEnded(clean: boolean, nowMs: number, sinceMs: number = nowMs): void {
    const { closing, legs, legLostAtMs } = this.progress;
    if (closing) {
      if (!this.#ending.isDraining) this.#ending.finish(nowMs);
    } else if (clean || !this.#facts.resumable || legs === 0) {
      this.#ending.left(clean ? "caller-left" : "lost", nowMs);
    } else if (legLostAtMs === null) {
      this.#turns.stop(null, nowMs);
      this.#book.keep({ legLostAtMs: sinceMs });
      this.#push({ type: "archive" });
    }
  }

  #alarm(nowMs: number): void {
    const next = this.#nextDeadline();
    if (!next || next.atMs > nowMs) return;
    switch (next.deadline) {
      case "closing":
        this.#ending.finish(nowMs);
        return;
      case "call-cap":
        this.#ending.giveUp("call_cap", "call-cap", nowMs);
        return;
      case "no-setup":
        this.#ending.giveUp(this.#refusal ?? "no_setup", "policy", nowMs);
        return;
      case "leg-lost":
        this.#ending.end("lost", nowMs);
        return;
      case "check-in":
        this.#book.keep({ checkedInAtMs: nowMs });
        this.#say(CHECK_IN, nowMs, this.#quietSinceMs);
        return;
      case "hand-over":
        this.voice?.renew(nowMs);
        return;
      case "silence":
        this.#ending.giveUp("silence", "silence", nowMs);
        return;
    }
  }

  #nextDeadline() {
    return nextDeadline({
      startedAtMs: this.#facts.startedAtMs,
      callMaxMs: this.#facts.callMaxMs,
      progress: this.progress,
      quietSinceMs: this.#turns.isBusy ? null : this.#quietSinceMs,
      firstLegAtMs: this.#firstLegAtMs,
      handOverAtMs: this.voice?.handOverAtMs ?? null,
    });
  }

  /** Words of ours, not the model's. `quietSinceMs`: keep counting a silence that they do not break. */
  #say(text: string, nowMs: number, quietSinceMs?: number): void {
    this.#turns.say(text, nowMs);
    this.#quietSinceMs = quietSinceMs ?? nowMs + spokenMs(text);
  }

  #push(command: CallCommand): void {
    this.#out.push(command);
  }

  #log(event: Extract<CallCommand, { type: "log" }>["event"]): void {
    this.#push({ type: "log", event });
  }
}
