import type { CallerEvent } from "../caller/caller-leg.ts";
import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { SoundFormat } from "../model/voice-leg.ts";
import type { TurnRecord } from "../protocol/call-record.ts";
import type { Charge } from "../protocol/charge.ts";
import type { CallId } from "../protocol/ids.ts";
import { CallBook } from "./call-book.ts";
import { CallEnding } from "./call-ending.ts";
import type { CallCommand, CallEvent, CallProgress } from "./call-events.ts";
import { type CallFacts, END_OF_REFUSAL } from "./call-facts.ts";
import { CallMoney } from "./call-money.ts";
import { nextDeadline, spokenMs } from "./deadlines.ts";
import { Keypad } from "./keypad.ts";
import { Ledger } from "./ledger.ts";
import { Silence } from "./silence.ts";
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
  readonly ledger: Ledger;
  readonly #turns: TurnMaker;
  /** One of both: what makes the turns of a call in text, or of one with sound. */
  readonly #text: Turns | undefined;
  readonly voice: VoiceTurns | undefined;
  readonly #keypad: Keypad;
  readonly #book: CallBook;
  readonly #ending: CallEnding;
  readonly money: CallMoney;
  readonly #silence: Silence;
  readonly #utterances = new Utterances();
  /** Why the call was not let in, until the caller is there to be told. */
  #refusal: Reason | undefined;
  /** When the caller's leg must have begun. */
  #firstLegAtMs: number;
  #out: CallCommand[] = [];

  constructor(facts: CallFacts, progress: CallProgress, turns: readonly TurnRecord[], charges: readonly Charge[] = []) {
    this.#facts = facts;
    this.#transcript = new Transcript(turns);
    const emit = (command: CallCommand): void => this.#push(command);
    this.ledger = new Ledger(charges, emit);
    this.#book = new CallBook(progress, emit);
    if (facts.sound === null) {
      const text = new Turns(facts, this.#transcript, this.ledger, emit);
      this.#text = text;
      this.#turns = text;
    } else {
      const voice = new VoiceTurns(facts, this.#transcript, this.ledger, emit);
      this.voice = voice;
      this.#turns = voice;
    }
    this.#ending = new CallEnding(facts, this.#book, this.#transcript, this.#turns, this.ledger, emit);
    this.money = new CallMoney(facts, this.#book, this.#turns, this.voice, this.#ending, emit);
    this.#keypad = new Keypad(emit);
    this.#firstLegAtMs = facts.startedAtMs + facts.firstLegMs;
    this.#silence = new Silence(this.#book, turns, facts.startedAtMs);
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
    if (this.progress.endedAtMs !== null) return this.#out;
    this.ledger.wake();
    this.#take(event, nowMs);
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
        this.voice?.renew(nowMs);
        return;
      case "budget":
        this.money.told(event.budget, nowMs);
        return;
      case "funds-refused":
        this.money.refused(event.reason, nowMs);
        return;
      case "asked":
        this.#text?.asked(event.response, nowMs);
        return;
      case "model": {
        const outcome = this.#text?.model(event.response, event.events, nowMs);
        if (!outcome) return;
        this.#answered(outcome, nowMs);
        this.money.goOn(nowMs);
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
        else if (event.timer === "sound-gap") this.voice?.microphone.fillGap(nowMs);
        else if (event.timer === "goodbye") this.money.goodbye(nowMs);
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
        this.#silence.broken(nowMs);
        return;
      case "dtmf":
        this.#silence.broken(nowMs);
        this.#utterance(this.#keypad.press(event.digit), nowMs);
        return;
      case "barge-in":
        this.#silence.broken(nowMs);
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
        if (event.type === "talk") this.#silence.broken(nowMs);
        if (!this.progress.closing) this.voice?.microphone.do(event, nowMs);
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
    if (isSpeech && !this.progress.closing) this.#silence.broken(nowMs);
    const outcome = this.voice?.voice(session, event, nowMs);
    if (outcome && !this.progress.closing) this.#answered(outcome, nowMs);
    // Between a caller's last word and the answer nobody speaks, and nobody is to.
    if (event.type === "response-end" || event.type === "lost") this.money.goOn(nowMs);
    if (this.#ending.isDraining && !this.voice?.awaitsRecord) this.#ending.finish(nowMs);
  }

  #playedOut(nowMs: number): void {
    this.#silence.fromUnlessAsked(nowMs);
    this.money.goOn(nowMs);
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
      firstLegAtMs: this.progress.firstLegAtMs ?? nowMs,
      phoneCallId: known ?? event.phoneCallId ?? null,
      fromCarrier: event.fromCarrier,
      greeted: this.progress.greeted || event.greetedByCarrier || (this.#facts.carrierGreets && event.fromCarrier),
    });
    this.#silence.from(nowMs);
    if (legs > 1) this.#log({ event: "call-resumed", callId: this.#facts.callId, resumes: legs - 1 });
    if (this.#refusal) {
      this.#ending.giveUp(this.#refusal, END_OF_REFUSAL[this.#refusal] ?? "refused", nowMs);
      return;
    }
    this.#begin(nowMs);
  }

  /** Runs when both the caller and the key are there, whichever came last, and again after a resume. */
  #begin(nowMs: number): void {
    const { admitted, legs, legLostAtMs } = this.progress;
    if (!admitted || legs === 0 || legLostAtMs !== null) return;
    this.#turns.open(nowMs);
    if (!this.progress.greeted) {
      this.#book.keep({ greeted: true });
      const { greeting } = this.#facts.config;
      if (greeting) this.#say(greeting, nowMs);
    }
    for (const text of this.#utterances.takeEarly()) this.#turns.callerSaid(text, nowMs);
    this.#turns.catchUp(nowMs);
    if (legs > 1) this.money.goOn(nowMs);
  }

  #utterance(text: string | undefined, nowMs: number): void {
    if (text === undefined || this.progress.closing) return;
    this.#silence.broken(nowMs);
    if (this.#utterances.isTooFast(nowMs)) {
      this.#ending.giveUp("too_many_frames", "policy", nowMs);
    } else if (!this.progress.admitted || this.progress.legs === 0) {
      this.#utterances.keep(text);
    } else {
      this.#turns.callerSaid(text, nowMs);
      this.#turns.answer(nowMs);
    }
  }

  #answered(outcome: AnswerOutcome, nowMs: number): void {
    const heardAtMs = nowMs + this.#turns.unheardMs(outcome.text);
    if (this.#text) this.#silence.from(heardAtMs);
    else this.#silence.fromUnlessAsked(heardAtMs);
    this.#push({ type: "archive" });
    this.#ending.answered(outcome, nowMs);
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
        this.#say(CHECK_IN, nowMs, this.#silence.sinceMs);
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
      quietSinceMs: this.#turns.isBusy ? null : this.#silence.sinceMs,
      firstLegAtMs: this.#firstLegAtMs,
      handOverAtMs: this.voice?.handOverAtMs ?? null,
    });
  }

  /** Words of ours, not the model's. `quietSinceMs`: keep counting a silence that they do not break. */
  #say(text: string, nowMs: number, quietSinceMs?: number): void {
    this.#turns.say(text, nowMs);
    this.#silence.from(quietSinceMs ?? nowMs + spokenMs(text));
  }

  #push(command: CallCommand): void {
    this.#out.push(command);
  }

  #log(event: Extract<CallCommand, { type: "log" }>["event"]): void {
    this.#push({ type: "log", event });
  }
}
