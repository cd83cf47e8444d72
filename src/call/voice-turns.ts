import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { VoiceCommand, VoiceEvent } from "../model/voice-leg.ts";
import type { CallCommand, ToolResult } from "./call-events.ts";
import { type CallFacts, FATAL } from "./call-facts.ts";
import { CallerSound } from "./caller-sound.ts";
import { CallerTurns } from "./caller-turns.ts";
import { spokenMs } from "./deadlines.ts";
import { Screen } from "./screen.ts";
import { cut, ToolDesk } from "./tool-desk.ts";
import type { Transcript } from "./transcript.ts";
import type { AnswerOutcome, TurnMaker } from "./turn-maker.ts";
import type { VoiceAnswer } from "./voice-answer.ts";
import { stateOf, VoiceAnswers } from "./voice-answers.ts";
import { VoiceLink } from "./voice-link.ts";
import { instructionsOf, voiceRequestOf } from "./voice-request.ts";

/** Told to the model when a loss of the session has cut its answer. */
const GO_ON = "Your last answer was cut off by a lost connection. Finish it in few words, without repeating yourself.";
/** Recorded sentences take about so much longer than reckoned from their letters, with their loading. */
const SENTENCE_MARGIN_MS = 2_500;

type OfResponse<Type extends VoiceEvent["type"]> = Extract<VoiceEvent, { type: Type; responseId: string }>;

/**
 * Whose turn it is in a call with sound. The model hears by itself when a turn of the caller is over and begins to
 * answer; what is decided here is what of that the caller gets to hear, what both sides are told was heard, which tools
 * run, and what happens when the line to the model is lost. Sound does not come here: see {@link VoiceTurns.takesSound}.
 */
export class VoiceTurns implements TurnMaker {
  readonly sound = new CallerSound();
  readonly answers: VoiceAnswers;
  readonly #facts: CallFacts;
  readonly #transcript: Transcript;
  readonly #emit: (command: CallCommand) => void;
  readonly #tools: ToolDesk;
  readonly #caller: CallerTurns;
  readonly #link: VoiceLink;
  readonly #screen: Screen;
  /** Of the caller's turn that is being answered. */
  #turnEndedAtMs: number | undefined;
  /** The model owes an answer and has not begun it. */
  #isDue = false;
  /** A response has called tools: once they have given back, the model is asked to go on. */
  #owesWords = false;
  #rounds = 0;
  #effect: ToolResult["effect"] = null;
  #isAnnouncing = false;
  #isClosed = false;

  constructor(facts: CallFacts, transcript: Transcript, emit: (command: CallCommand) => void) {
    this.#facts = facts;
    this.#transcript = transcript;
    this.#emit = emit;
    this.#screen = new Screen(emit);
    const keep = this.#screen.keep.bind(this.#screen);
    this.answers = new VoiceAnswers(transcript, keep);
    this.#tools = new ToolDesk(facts.callId, facts.config.tools, transcript, keep, emit);
    this.#caller = new CallerTurns(transcript, keep);
    this.#link = new VoiceLink(emit);
  }

  get isBusy(): boolean {
    return this.sound.isSpeech || this.#isDue || this.answers.current !== undefined || this.#tools.running.size > 0;
  }

  /** Frame path: whether the caller's sound is for the model now. */
  takesSound(nowMs: number): boolean {
    return this.sound.takes(nowMs) && !this.#isClosed;
  }

  /** Frame path: whether sound of this response is for the caller. */
  passesSound(responseId: string): boolean {
    return !this.#isClosed && this.answers.passesSound(responseId);
  }

  /** When the session must be exchanged for a fresh one; in a pause sooner than in mid-sentence. */
  get handOverAtMs(): number | null {
    if (!this.#link.isReady || this.#isClosed) return null;
    const isPause = !this.isBusy && !this.#caller.awaitsWords;
    return this.#link.openedAtMs + (isPause ? LIMITS.voiceHandOverMs : LIMITS.voiceHandOverLatestMs);
  }

  /** Words of the caller are still being written down. */
  get awaitsWords(): boolean {
    return this.#caller.awaitsWords;
  }

  /** Nothing that is to be heard is still on its way. */
  get isPlayedOut(): boolean {
    return !this.answers.current && !this.#isAnnouncing && this.answers.playback.isPlayedOut;
  }

  open(nowMs: number): void {
    this.answers.playback.restart();
    this.#screen.begin();
    if (this.#link.isOpen || this.#isClosed) return;
    const callerSeq = this.#transcript.lastOf("caller")?.seq ?? 0;
    for (const { seq, toolCall } of this.#transcript.turns) {
      if (seq > callerSeq && toolCall?.outcome === "pending") this.#run(toolCall.toolCallId, nowMs);
    }
    this.#openLink(nowMs);
  }

  say(text: string): void {
    this.#voice({ type: "say", text });
  }

  announce(reason: Reason, nowMs: number): void {
    const { spoken } = factsOf(reason);
    if (spoken === undefined) return;
    this.#screen.keep(this.#transcript.add({ speaker: "agent", startedAtMs: nowMs, text: spoken, failure: reason }));
    this.#isAnnouncing = true;
    this.#screen.show("speaking");
    this.#emit({ type: "play-sentence", reason });
  }

  sentenceEnded(): void {
    this.#isAnnouncing = false;
    this.#emit({ type: "caller", command: { type: "sound-end" } });
  }

  unheardMs(text: string): number {
    const announcedMs = this.#isAnnouncing ? spokenMs(text) + SENTENCE_MARGIN_MS : 0;
    return Math.max(this.answers.playback.unplayedMs, announcedMs);
  }

  callerSaid(text: string, nowMs: number): void {
    this.#interrupt(true, nowMs);
    const said = cut(text, LIMITS.utteranceCharacters);
    this.#screen.keep(this.#transcript.add({ speaker: "caller", startedAtMs: nowMs, text: said }));
    this.#turnOver(nowMs);
    this.#voice({ type: "caller-text", text: said });
  }

  answer(nowMs: number): void {
    this.#turnEndedAtMs ??= nowMs;
    if (this.#tools.running.size === 0) this.#ask();
  }

  talkMode(pushToTalk: boolean): void {
    if (this.sound.setPushToTalk(pushToTalk)) this.#voice({ type: "push-to-talk", on: pushToTalk });
  }

  talk(pressed: boolean, nowMs: number): void {
    if (pressed) {
      if (!this.sound.press(nowMs)) return;
      this.#interrupt(true, nowMs);
      this.#voice({ type: "discard-input" });
      this.#screen.show("listening");
      return;
    }
    const heldMs = this.sound.release(nowMs);
    if (heldMs === undefined) return;
    if (heldMs < LIMITS.talkMinMs) {
      this.#voice({ type: "discard-input" });
      return;
    }
    this.#turnOver(nowMs);
    this.#voice({ type: "turn-end" });
    this.#expect();
  }

  played(positionMs: number, nowMs: number): void {
    this.answers.played(positionMs, nowMs);
    if (this.isPlayedOut && this.#screen.state === "speaking") this.#screen.show(stateOf(undefined, true, this.#isDue));
  }

  toolEnded(toolCallId: string, result: ToolResult, nowMs: number): void {
    const ended = this.#tools.ended(toolCallId, result);
    if (ended === "unknown") return;
    this.#voice({ type: "tool-output", toolCallId, output: result.output });
    if (ended === "late") return;
    this.#effect ??= result.effect;
    if (this.#tools.running.size > 0) return;
    // A session that was lost meanwhile is replaced only now, when its history is complete.
    if (!this.#link.isOpen && !this.#isClosed) this.#openLink(nowMs);
    this.#owesWords = true;
    this.#goOn();
  }

  filler(): void {
    const isQuiet = !this.answers.current && this.answers.playback.isPlayedOut;
    const line = isQuiet ? this.#tools.fillerLine() : undefined;
    if (line !== undefined) this.say(line);
  }

  /** A caller who stopped sending in mid-speech gets silence, so that the model can hear the end of the turn. */
  soundGap(nowMs: number): void {
    if (!this.sound.isSpeech) return;
    if (this.sound.isGap(nowMs)) this.#emit({ type: "fill-silence", ms: LIMITS.soundGapFillMs });
    this.#emit({ type: "timer", timer: "sound-gap", afterMs: LIMITS.soundGapMs });
  }

  stop(_heardText: string | null, nowMs: number): void {
    this.#interrupt(true, nowMs);
    this.#tools.beginTurn();
    this.#isDue = false;
    this.#owesWords = false;
    this.sound.release(nowMs);
  }

  close(drain: boolean): void {
    this.#isClosed = true;
    this.#speech(false);
    this.#link.close(drain && this.#caller.awaitsWords);
  }

  /** The session is exchanged for a fresh one: it is getting old, or the key has changed. */
  renew(nowMs: number): void {
    if (!this.#link.isOpen || this.#isClosed) return;
    const wasMaking = this.#giveUpSession(nowMs);
    this.#link.close(false);
    this.#openLink(nowMs);
    if (wasMaking) this.#ask(GO_ON);
  }

  /** Takes what a session reports; returns the outcome when that finishes a turn of the agent. */
  voice(session: number, event: VoiceEvent, nowMs: number): AnswerOutcome | undefined {
    if (!this.#link.isCurrent(session)) return undefined;
    switch (event.type) {
      case "caller-text":
        this.#caller.words(event.itemId, cut(event.text, LIMITS.utteranceCharacters), event.usage);
        if (event.usage) this.#screen.meter(this.#transcript.usage);
        return undefined;
      case "caller-text-failed":
        this.#caller.wordsFailed(event.itemId);
        return undefined;
      case "lost":
        return this.#lost(event, nowMs);
      default:
        return this.#isClosed ? undefined : this.#take(event, nowMs);
    }
  }

  #take(
    event: Exclude<VoiceEvent, { type: "caller-text" | "caller-text-failed" | "lost" }>,
    nowMs: number,
  ): AnswerOutcome | undefined {
    switch (event.type) {
      case "ready":
        this.#link.ready();
        if (this.#screen.state === "connecting") this.#screen.show(stateOf(undefined, true, this.#isDue));
        return undefined;
      case "speech-start":
        this.#interrupt(false, nowMs);
        this.#caller.begin(event.itemId, nowMs);
        this.#speech(true);
        this.#screen.show("listening");
        return undefined;
      case "speech-end":
        this.#speech(false);
        this.#turnOver(nowMs);
        return undefined;
      case "caller-turn":
        this.#caller.over(event.itemId, nowMs);
        if (!this.answers.current) this.#expect();
        return undefined;
      case "caller-delta": {
        const seq = this.#caller.seqOf(event.itemId);
        if (seq !== undefined) this.#screen.caption(seq, "caller", event.text);
        return undefined;
      }
      case "response-start":
        this.#isDue = false;
        this.answers.begin(event.responseId, this.#turnEndedAtMs, nowMs);
        if (this.#screen.state !== "speaking") this.#screen.show("thinking");
        return undefined;
      default: {
        const answer = this.answers.of(event.responseId);
        return answer && this.#takeAnswer(answer, event, nowMs);
      }
    }
  }

  #takeAnswer(
    answer: VoiceAnswer,
    event: OfResponse<"sound-start" | "agent-delta" | "agent-text" | "tool-call" | "response-end">,
    nowMs: number,
  ): AnswerOutcome | undefined {
    if (event.type === "response-end") return this.#answerEnded(answer, event, nowMs);
    if (answer.isCut) return undefined;
    switch (event.type) {
      case "sound-start":
        this.answers.soundStarted(answer, event.itemId, nowMs);
        this.#screen.show("speaking");
        return undefined;
      case "agent-delta":
        answer.addText(event.itemId, event.text, nowMs);
        this.#screen.caption(this.answers.place(answer), "agent", event.text);
        return undefined;
      case "agent-text":
        answer.setText(event.itemId, cut(event.text, LIMITS.answerCharacters));
        return undefined;
      case "tool-call": {
        if (this.#tools.isKnown(event.toolCallId)) return undefined;
        // What was said before the call comes before it.
        this.answers.keep(answer, {}, nowMs);
        answer.firstToolCallId ??= event.toolCallId;
        this.#owesWords = true;
        this.#screen.show("using-tool");
        this.#tools.keep(event, null, nowMs);
        this.#run(event.toolCallId, nowMs);
        return undefined;
      }
    }
  }

  #run(toolCallId: string, nowMs: number): void {
    const toolCall = this.#transcript.toolTurn(toolCallId)?.toolCall;
    const refused = toolCall && this.#tools.run(toolCall);
    if (refused) this.toolEnded(toolCallId, refused, nowMs);
  }

  #answerEnded(
    answer: VoiceAnswer,
    { responseId, outcome, reason, usage }: OfResponse<"response-end">,
    nowMs: number,
  ): AnswerOutcome | undefined {
    if (outcome === "cancelled") answer.isCut = true;
    else if (outcome !== "failed") this.#link.proven();
    // A response that was cancelled before its first word may cost nothing, and then has no usage.
    const isUncounted = usage === null && answer.seq !== undefined;
    const spent = isUncounted ? answer.estimatedUsage(this.answers.playback, this.#seenCharacters) : usage;
    const failure = outcome === "failed" ? (reason ?? "upstream_unavailable") : null;
    this.answers.end(responseId, answer, spent, failure, nowMs);
    this.#log(answer, failure, nowMs);
    if (spent) this.#screen.meter(this.#transcript.usage);
    if (answer.hasSound && !answer.isCut) this.#emit({ type: "caller", command: { type: "sound-end" } });
    if (failure) return this.#failed(failure, nowMs);
    if (answer.isCut) return undefined;
    if (this.#owesWords) {
      this.#goOn();
      return undefined;
    }
    this.#turnEndedAtMs = undefined;
    if (this.isPlayedOut) this.#screen.show("listening");
    const effect = this.#effect;
    this.#effect = null;
    return { text: answer.text, effect, fatal: undefined };
  }

  #failed(reason: Reason, nowMs: number): AnswerOutcome {
    const { callId } = this.#facts;
    this.#emit({ type: "log", event: { event: "upstream-failed", callId, code: reason, status: 0, upstreamRequestId: null } });
    this.#turnEndedAtMs = undefined;
    this.#owesWords = false;
    this.announce(reason, nowMs);
    return { text: factsOf(reason).spoken ?? "", effect: null, fatal: FATAL.has(reason) ? reason : undefined };
  }

  #lost(lost: Extract<VoiceEvent, { type: "lost" }>, nowMs: number): AnswerOutcome | undefined {
    const { reason, mayReconnect, upstreamCode } = lost;
    this.#emit({ type: "log", event: { event: "voice-lost", callId: this.#facts.callId, code: reason, upstreamCode } });
    const wasMaking = this.#giveUpSession(nowMs);
    const mayTryAgain = this.#link.lost() && mayReconnect;
    if (this.#isClosed) return undefined;
    if (!mayTryAgain) {
      const fatal = FATAL.has(reason) ? reason : "upstream_unavailable";
      this.announce(fatal, nowMs);
      return { text: factsOf(fatal).spoken ?? "", effect: null, fatal };
    }
    const isTooSlow = reason === "upstream_timeout";
    if (wasMaking) this.announce(isTooSlow ? reason : "upstream_lost", nowMs);
    this.#openLink(nowMs);
    if (wasMaking && !isTooSlow) this.#ask(GO_ON);
    return undefined;
  }

  /** A session will report nothing any more; returns whether it owed or was making an answer. */
  #giveUpSession(nowMs: number): boolean {
    const wasDue = this.#isDue;
    this.#isDue = false;
    const answer = this.answers.lose(this.#seenCharacters, nowMs);
    if (answer?.hasSound && !answer.isCut) this.#emit({ type: "caller", command: { type: "sound-end" } });
    this.#caller.lost();
    this.#speech(false);
    return wasDue || answer !== undefined;
  }

  #openLink(nowMs: number): void {
    if (this.#tools.running.size > 0) return;
    if (!this.#isAnnouncing) this.#screen.show("connecting");
    this.#link.open(voiceRequestOf(this.#facts, this.#transcript, this.sound.pushToTalk), nowMs);
  }

  /** The caller's turn is over; what the agent did in the one before is over too. */
  #turnOver(nowMs: number): void {
    this.#turnEndedAtMs = nowMs;
    this.#rounds = 0;
    this.#effect = null;
    this.#owesWords = false;
    this.#tools.beginTurn();
  }

  #expect(): void {
    this.#isDue = true;
    if (this.isPlayedOut) this.#screen.show("thinking");
  }

  #ask(note?: string): void {
    const mayUseTools = this.#rounds < LIMITS.toolRoundsPerTurn && this.#effect === null;
    this.#voice({ type: "answer", mayUseTools, ...(note === undefined ? {} : { note }) });
    this.#expect();
  }

  /** Once all tools have given back and nothing is being said, the model says what came of it. */
  #goOn(): void {
    if (!this.#owesWords || this.#tools.running.size > 0 || this.answers.current) return;
    this.#owesWords = false;
    this.#rounds += 1;
    this.#ask();
  }

  /**
   * Stops the agent, and tells the model what was heard. `isOurs`: the model does not know of it yet; when it has heard
   * the caller begin, it has stopped by itself.
   */
  #interrupt(isOurs: boolean, nowMs: number): void {
    if (!this.answers.playback.isPlayedOut) this.#emit({ type: "caller", command: { type: "clear" } });
    const isOwed = this.answers.current !== undefined || this.#isDue;
    const { cuts, wasSpeaking } = this.answers.cut(nowMs);
    if (isOurs && isOwed) this.#voice({ type: "cancel" });
    for (const { itemId, heardMs } of cuts) this.#voice({ type: "truncate", itemId, heardMs });
    this.#isAnnouncing = false;
    this.#isDue = false;
    if (wasSpeaking) this.#emit({ type: "archive" });
  }

  #speech(isSpeech: boolean): void {
    this.sound.isSpeech = isSpeech;
    this.#emit({ type: "timer", timer: "sound-gap", afterMs: isSpeech ? LIMITS.soundGapMs : null });
  }

  /** What the model has been shown so far, in characters: the input of a response that nobody counted. */
  get #seenCharacters(): number {
    const said = this.#transcript.turns.reduce((sum, { text }) => sum + text.length, 0);
    return said + instructionsOf(this.#facts).length;
  }

  #log(answer: VoiceAnswer, code: Reason | null, nowMs: number): void {
    const timings = answer.timings(nowMs);
    if (!timings || answer.seq === undefined) return;
    const { callId } = this.#facts;
    this.#emit({ type: "log", event: { event: "turn-end", callId, seq: answer.seq, ...timings, code } });
  }

  #voice(command: VoiceCommand): void {
    if (this.#link.isOpen && !this.#isClosed) this.#emit({ type: "voice", command });
  }
}
