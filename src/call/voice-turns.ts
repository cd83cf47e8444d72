import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { VoiceCommand, VoiceEvent, VoiceRequest } from "../model/voice-leg.ts";
import type { CallState } from "../protocol/call-messages.ts";
import type { Usage } from "../protocol/call-record.ts";
import type { UsageSource } from "../protocol/charge.ts";
import { AgentVoice } from "./agent-voice.ts";
import type { CallCommand, ToolResult } from "./call-events.ts";
import { type CallFacts, FATAL } from "./call-facts.ts";
import type { CallerSound } from "./caller-sound.ts";
import { CallerTurns } from "./caller-turns.ts";
import type { Ledger } from "./ledger.ts";
import { Microphone } from "./microphone.ts";
import { owedBy } from "./owed.ts";
import { Screen } from "./screen.ts";
import { cut } from "./tool-desk.ts";
import type { Transcript } from "./transcript.ts";
import type { AnswerOutcome, TurnMaker, UnfinishedTurn } from "./turn-maker.ts";
import type { VoiceAnswer } from "./voice-answer.ts";
import { stateOf, type VoiceAnswers } from "./voice-answers.ts";
import { transcriptNow } from "./voice-guess.ts";
import { VoiceLink } from "./voice-link.ts";
import { voiceRequestOf } from "./voice-request.ts";

/**
 * Whose turn it is in a call with sound. The model hears by itself when a turn of the caller is over and begins to
 * answer; what is decided here is whose sound counts, what the caller is shown, and what happens when the line to the
 * model is lost. What the agent says is {@link AgentVoice}'s. Sound does not come here: see {@link takesSound}.
 */
export class VoiceTurns implements TurnMaker {
  readonly microphone: Microphone;
  readonly #facts: CallFacts;
  readonly #transcript: Transcript;
  readonly #ledger: Ledger;
  readonly #emit: (command: CallCommand) => void;
  readonly #screen: Screen;
  readonly #agent: AgentVoice;
  readonly #caller: CallerTurns;
  readonly #link: VoiceLink;
  readonly #sound: CallerSound;
  #isClosed = false;
  /** The caller is lost, and may come back: nobody hears what is said now. */
  #isAway = false;
  /** Nothing more may be asked of the model: there is no money for it. */
  isUnfunded = false;
  /** Words of ours that the model was told to say, and has not begun to. */
  #unsaid: string | undefined;

  constructor(facts: CallFacts, transcript: Transcript, ledger: Ledger, emit: (command: CallCommand) => void) {
    this.#facts = facts;
    this.#transcript = transcript;
    this.#ledger = ledger;
    this.#emit = emit;
    this.#screen = new Screen(emit);
    const tell = (command: VoiceCommand): void => this.#tell(command);
    this.#agent = new AgentVoice(facts, transcript, ledger, this.#screen, emit, tell);
    this.microphone = new Microphone(transcript, this.#screen, this.#agent, emit, tell);
    this.#sound = this.microphone.sound;
    this.#caller = new CallerTurns(transcript, this.#screen.keep.bind(this.#screen));
    this.#link = new VoiceLink(emit);
  }

  /** What a session that is opened now begins with. */
  get request(): VoiceRequest {
    return voiceRequestOf(this.#facts, this.#transcript, this.#sound.pushToTalk);
  }

  get answers(): VoiceAnswers {
    return this.#agent.answers;
  }

  get isBusy(): boolean {
    return this.#sound.isSpeech || this.#agent.isBusy;
  }

  get state(): CallState {
    return this.#screen.state;
  }

  get unfinished(): UnfinishedTurn | undefined {
    const { current } = this.answers;
    return current?.seq === undefined || current.isCut ? undefined : { seq: current.seq, text: current.text };
  }

  /** Frame path: whether the caller's sound is for the model now. */
  takesSound(nowMs: number): boolean {
    return this.#sound.takes(nowMs) && !this.#isClosed && !this.isUnfunded;
  }

  /** Frame path: the answer that sound of this response is for; `undefined`: the caller is not to hear it. */
  audible(responseId: string): VoiceAnswer | undefined {
    return this.#isClosed ? undefined : this.answers.audible(responseId);
  }

  /** When the session must be exchanged for a fresh one; in a pause sooner than in mid-sentence. */
  get handOverAtMs(): number | null {
    if (!this.#link.isReady || this.#isClosed) return null;
    const isPause = !this.isBusy && !this.#caller.awaitsWords;
    return this.#link.openedAtMs + (isPause ? LIMITS.voiceHandOverMs : LIMITS.voiceHandOverLatestMs);
  }

  get awaitsRecord(): boolean {
    return this.#caller.awaitsWords || this.answers.current !== undefined;
  }

  get isPlayedOut(): boolean {
    return this.#agent.isPlayedOut;
  }

  open(nowMs: number): void {
    this.#isAway = false;
    this.answers.playback.restart();
    this.#screen.begin(this.#link.isReady ? stateOf(undefined, true, this.#agent.isDue) : "connecting");
    if (this.#isClosed) return;
    const callerSeq = this.#transcript.lastOf("caller")?.seq ?? 0;
    for (const { seq, toolCall } of this.#transcript.turns) {
      if (seq > callerSeq && toolCall) this.#agent.awaitAgain(toolCall.toolCallId, nowMs);
    }
    if (!this.#link.isOpen) this.#openLink(nowMs);
  }

  say(text: string): void {
    this.#unsaid = text;
    this.#tell({ type: "say", text });
  }

  announce(reason: Reason, nowMs: number): void {
    this.#agent.announce(reason, nowMs);
  }

  sentenceEnded(): void {
    this.#agent.announced();
  }

  unheardMs(text: string): number {
    return this.#agent.unheardMs(text);
  }

  callerSaid(text: string, nowMs: number): void {
    this.#agent.interrupt(true, nowMs);
    const said = cut(text, LIMITS.utteranceCharacters);
    this.#screen.keep(this.#transcript.add({ speaker: "caller", startedAtMs: nowMs, text: said }));
    this.#agent.turnOver(nowMs);
    // A session that was to wait for a tool is waited for no longer; its history has these words.
    if (this.#link.isOpen || this.#isClosed) this.#tell({ type: "caller-text", text: said });
    else this.#openLink(nowMs);
  }

  answer(nowMs: number): void {
    this.#agent.ask(nowMs);
  }

  catchUp(nowMs: number): void {
    if (this.isUnfunded || this.#sound.isSpeech || this.#agent.isAnswering) return;
    const owed = owedBy(this.#transcript.turns);
    switch (owed.what) {
      case "greeting": {
        const { greeting } = this.#facts.config;
        if (greeting !== null && this.#unsaid === undefined) this.say(greeting);
        return;
      }
      case "answer":
        this.#agent.goOnWithTurn(nowMs);
        this.#agent.ask(nowMs);
        return;
      case "rest":
        if (this.microphone.hasSilenced(owed.seq)) return;
        this.#agent.goOnWithTurn(nowMs);
        this.#agent.finish(nowMs);
        return;
      case "nothing":
        return;
    }
  }

  played(positionMs: number, nowMs: number): void {
    this.#agent.played(positionMs, nowMs);
  }

  toolEnded(toolCallId: string, result: ToolResult, nowMs: number): void {
    const mayGoOn = this.#agent.toolEnded(toolCallId, result);
    // A session that was lost meanwhile is replaced only now, when its history is complete.
    if (!this.#link.isOpen && !this.#isClosed && !this.#isAway) this.#openLink(nowMs);
    if (mayGoOn) this.#agent.goOn(nowMs);
  }

  filler(): void {
    this.#agent.filler();
  }

  stop(_heardText: string | null, nowMs: number): void {
    this.#isAway = true;
    if (this.#unsaid !== undefined) this.#tell({ type: "cancel" });
    this.#unsaid = undefined;
    this.#agent.leave(nowMs);
    this.#sound.release(nowMs);
  }

  close(drain: boolean, nowMs: number): void {
    this.#isClosed = true;
    this.microphone.speech(false);
    const isOwed = drain && this.awaitsRecord;
    if (!isOwed) this.#agent.abandon(nowMs);
    this.#link.close(isOwed);
  }

  /** The session is exchanged for a fresh one: it is getting old, or the key has changed. */
  renew(nowMs: number): void {
    if (!this.#link.isOpen || this.#isClosed) return;
    const wasMaking = this.#giveUpSession(nowMs);
    this.#link.close(false);
    this.#openLink(nowMs);
    if (wasMaking) this.#agent.finish(nowMs);
  }

  /** Takes what a session reports; returns the outcome when that finishes a turn of the agent. */
  voice(session: number, event: VoiceEvent, nowMs: number): AnswerOutcome | undefined {
    if (!this.#link.isCurrent(session)) return undefined;
    switch (event.type) {
      case "caller-text": {
        const usage = event.usage ?? transcriptNow(this.#facts, event.text, nowMs);
        this.#caller.words(event.itemId, cut(event.text, LIMITS.utteranceCharacters), usage);
        // Told once more it is known by its item, also where its bill could not be read.
        this.#billTranscript(usage, event.source ?? { upstreamId: event.itemId, rawUsage: null }, nowMs);
        return undefined;
      }
      case "caller-text-failed":
        this.#caller.wordsFailed(event.itemId);
        return undefined;
      case "stray-usage":
        this.answers.addStray(event.usage, event.source, nowMs);
        this.#screen.meter(this.#ledger);
        return undefined;
      case "lost":
        return this.#lost(event, nowMs);
      case "response-end":
        if (!this.#isClosed) return this.#take(event, nowMs);
        this.#agent.settle(event, nowMs);
        return undefined;
      default:
        return this.#isClosed ? undefined : this.#take(event, nowMs);
    }
  }

  #billTranscript(usage: Usage, source: UsageSource | undefined, nowMs: number): void {
    const { payer, transcriptionModel } = this.#facts;
    this.#ledger.add({ kind: "transcription", model: transcriptionModel ?? "", payer }, usage, source, nowMs);
    this.#screen.meter(this.#ledger);
  }

  #take(
    event: Exclude<VoiceEvent, { type: "caller-text" | "caller-text-failed" | "stray-usage" | "lost" }>,
    nowMs: number,
  ): AnswerOutcome | undefined {
    switch (event.type) {
      case "ready":
        this.#link.ready();
        if (this.#screen.state === "connecting") this.#screen.show(stateOf(undefined, true, this.#agent.isDue));
        return undefined;
      case "speech-start":
        if (this.answers.current) this.#unsaid = undefined;
        this.#agent.interrupt(false, nowMs);
        this.#caller.begin(event.itemId, nowMs);
        this.microphone.speech(true);
        this.#screen.show("listening");
        return undefined;
      case "speech-end":
        this.microphone.speech(false);
        this.#agent.turnOver(nowMs);
        return undefined;
      case "caller-turn":
        this.#caller.over(event.itemId, nowMs);
        this.#agent.expect();
        return undefined;
      case "caller-delta": {
        const seq = this.#caller.seqOf(event.itemId);
        if (seq !== undefined) this.#screen.caption(seq, "caller", event.text);
        return undefined;
      }
      case "response-start":
        this.#agent.begin(event.responseId, nowMs);
        // It is asked for again when somebody is there to hear it.
        if (this.#isAway) this.#agent.interrupt(true, nowMs);
        return undefined;
      case "response-end":
        if (event.outcome === "complete" || event.outcome === "cut") this.#link.proven();
        // Of one that was cut when the caller was lost, the words may have been asked for anew.
        if (!this.answers.of(event.responseId)?.isCut) this.#unsaid = undefined;
        return this.#agent.take(event, nowMs);
      default:
        if (event.type === "sound-start") this.#unsaid = undefined;
        return this.#agent.take(event, nowMs);
    }
  }

  #lost(lost: Extract<VoiceEvent, { type: "lost" }>, nowMs: number): AnswerOutcome | undefined {
    const { reason, mayReconnect, upstreamCode } = lost;
    this.#emit({ type: "log", event: { event: "voice-lost", callId: this.#facts.callId, code: reason, upstreamCode } });
    // Words of ours are said again; only an answer that the caller waits for is asked for anew.
    const isOurs = this.#unsaid !== undefined && !this.#agent.isDue;
    const wasConnecting = !this.#link.isReady;
    const wasMaking = this.#giveUpSession(nowMs);
    const mayTryAgain = this.#link.lost() && mayReconnect;
    if (this.#isClosed) return undefined;
    if (!mayTryAgain) {
      const fatal = FATAL.has(reason) ? reason : "upstream_unavailable";
      this.announce(fatal, nowMs);
      return { text: factsOf(fatal).spoken ?? "", effect: null, fatal };
    }
    const isTooSlow = reason === "upstream_timeout";
    // A caller who has waited for nothing to say again is told all the same that something is wrong.
    const isSilence = isTooSlow && !this.#isAway && (wasConnecting || isOurs);
    if (wasMaking || isSilence) this.announce(isTooSlow && wasMaking && !isOurs ? reason : "upstream_lost", nowMs);
    this.#openLink(nowMs);
    if (wasMaking && !isTooSlow && !isOurs) this.#agent.finish(nowMs);
    return undefined;
  }

  /** A session will report nothing any more; returns whether it owed or was making an answer that is waited for. */
  #giveUpSession(nowMs: number): boolean {
    const wasMaking = this.#agent.lose(nowMs);
    this.#caller.lost();
    this.microphone.speech(false);
    return wasMaking && !this.#isAway;
  }

  #openLink(nowMs: number): void {
    if (this.#agent.tools.isRunning) return;
    if (!this.#agent.isAnnouncing) this.#screen.show("connecting");
    this.#link.open(this.request, nowMs);
    if (this.#unsaid !== undefined) this.#tell({ type: "say", text: this.#unsaid });
  }

  #tell(command: VoiceCommand): void {
    const asks = command.type === "answer" || command.type === "say" || command.type === "turn-end";
    if (asks && this.isUnfunded) return;
    if (this.#link.isOpen && !this.#isClosed) this.#emit({ type: "voice", command });
  }
}
