import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { VoiceCommand, VoiceEvent } from "../model/voice-leg.ts";
import type { CallCommand, ToolResult } from "./call-events.ts";
import { type CallFacts, FATAL } from "./call-facts.ts";
import { spokenMs } from "./deadlines.ts";
import type { Ledger } from "./ledger.ts";
import type { Screen } from "./screen.ts";
import { cut, ToolDesk } from "./tool-desk.ts";
import { ToolRounds } from "./tool-rounds.ts";
import type { Transcript } from "./transcript.ts";
import type { AnswerOutcome } from "./turn-maker.ts";
import type { VoiceAnswer } from "./voice-answer.ts";
import { stateOf, VoiceAnswers } from "./voice-answers.ts";

/** Recorded sentences take about so much longer than reckoned from their letters, with their loading. */
const SENTENCE_MARGIN_MS = 2_500;

/** Told to the model whose answer was cut off by a loss, of its session or of its caller. */
const GO_ON = "Your last answer was cut off by a lost connection. Finish it in few words, without repeating yourself.";

export type AnswerEvent = Extract<
  VoiceEvent,
  { type: "sound-start" | "agent-delta" | "agent-text" | "tool-call" | "response-end" }
>;

/** The agent's side of the conversation: its answers, its tools, its recorded sentences, and how it is stopped. */
export class AgentVoice {
  readonly answers: VoiceAnswers;
  readonly tools: ToolRounds;
  readonly #facts: CallFacts;
  readonly #transcript: Transcript;
  readonly #ledger: Ledger;
  readonly #screen: Screen;
  readonly #emit: (command: CallCommand) => void;
  readonly #tell: (command: VoiceCommand) => void;
  /** When the caller's turn was over that is being answered. */
  #turnEndedAtMs: number | undefined;
  /** The model owes an answer and has not begun it. */
  #isDue = false;
  #isAnnouncing = false;

  /** `tell`: to the model, as long as there is a line to it. */
  constructor(
    facts: CallFacts,
    transcript: Transcript,
    ledger: Ledger,
    screen: Screen,
    emit: (command: CallCommand) => void,
    tell: (command: VoiceCommand) => void,
  ) {
    this.#facts = facts;
    this.#transcript = transcript;
    this.#ledger = ledger;
    this.#screen = screen;
    this.#emit = emit;
    this.#tell = tell;
    const keep = screen.keep.bind(screen);
    this.answers = new VoiceAnswers(facts, transcript, ledger, keep);
    this.tools = new ToolRounds(new ToolDesk(facts.callId, facts.config.tools, transcript, keep, emit));
  }

  get isBusy(): boolean {
    return this.#isDue || this.answers.current !== undefined || this.tools.isRunning;
  }

  get isDue(): boolean {
    return this.#isDue;
  }

  /** There is an answer to come, or one being made that is heard. */
  get isAnswering(): boolean {
    const { current } = this.answers;
    return this.#isDue || this.tools.isRunning || (current !== undefined && !current.isCut);
  }

  get isAnnouncing(): boolean {
    return this.#isAnnouncing;
  }

  /** Nothing that is to be heard is still on its way. */
  get isPlayedOut(): boolean {
    return !this.answers.current && !this.#isAnnouncing && this.answers.playback.isPlayedOut;
  }

  unheardMs(text: string): number {
    const announcedMs = this.#isAnnouncing ? spokenMs(text) + SENTENCE_MARGIN_MS : 0;
    return Math.max(this.answers.playback.unplayedMs, announcedMs);
  }

  /** The fixed sentence of a failure, recorded: it needs no model. */
  announce(reason: Reason, nowMs: number): void {
    const { spoken } = factsOf(reason);
    if (spoken === undefined) return;
    this.#screen.keep(this.#transcript.add({ speaker: "agent", startedAtMs: nowMs, text: spoken, failure: reason }));
    this.#isAnnouncing = true;
    this.#screen.show("speaking");
    this.#emit({ type: "play-sentence", reason });
  }

  announced(): void {
    this.#isAnnouncing = false;
    this.#emit({ type: "caller", command: { type: "sound-end" } });
  }

  /** The caller's turn is over; what the agent did in the one before is over too. */
  turnOver(nowMs: number): void {
    this.#turnEndedAtMs = nowMs;
    this.tools.beginTurn();
  }

  /** The caller is lost: what the turn still waits for is for another day, but what a tool does to the call. */
  leave(nowMs: number): void {
    this.interrupt(true, nowMs);
    this.tools.pause();
  }

  /** The caller is back, and the turn goes on; what it takes is counted from now. */
  goOnWithTurn(nowMs: number): void {
    this.#turnEndedAtMs = nowMs;
    this.tools.resume();
  }

  /** The model answers by itself now. */
  expect(): void {
    const { current } = this.answers;
    if (current && !current.isCut) return;
    this.#isDue = true;
    if (this.isPlayedOut) this.#screen.show("thinking");
  }

  /** The model is asked to answer. */
  ask(nowMs: number, note?: string): void {
    this.#turnEndedAtMs ??= nowMs;
    const { mayUseTools } = this.tools;
    this.#tell({ type: "answer", mayUseTools, ...(note === undefined ? {} : { note }) });
    this.expect();
  }

  /** The model is asked for the rest of an answer that was cut off. */
  finish(nowMs: number): void {
    this.ask(nowMs, GO_ON);
  }

  begin(responseId: string, nowMs: number): void {
    this.#isDue = false;
    this.answers.begin(responseId, this.#turnEndedAtMs, nowMs);
    if (this.#screen.state !== "speaking") this.#screen.show("thinking");
  }

  /** Takes what is reported of a response; returns the outcome when that finishes a turn of the agent. */
  take(event: AnswerEvent, nowMs: number): AnswerOutcome | undefined {
    const answer = this.answers.of(event.responseId);
    if (!answer) return undefined;
    if (event.type === "response-end") return this.#ended(answer, event, nowMs);
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
      case "tool-call":
        if (this.tools.isKnown(event.toolCallId)) return undefined;
        // What was said before the call comes before it.
        this.answers.keep(answer, {}, nowMs);
        answer.called(event);
        this.#screen.show("using-tool");
        this.tools.keep(event, nowMs);
        this.run(event.toolCallId, nowMs);
        return undefined;
    }
  }

  run(toolCallId: string, nowMs: number): void {
    const refused = this.tools.run(toolCallId);
    if (refused && this.toolEnded(toolCallId, refused)) this.goOn(nowMs);
  }

  /** A caller who is back waits for a tool from before: it runs still, or again. */
  awaitAgain(toolCallId: string, nowMs: number): void {
    const refused = this.tools.run(toolCallId);
    if (refused) this.toolEnded(toolCallId, refused);
    if (!this.tools.isRunning) return;
    this.#turnEndedAtMs = nowMs;
    this.#screen.show("using-tool");
  }

  /** A tool gave back. Returns whether the model can go on. */
  toolEnded(toolCallId: string, result: ToolResult): boolean {
    const ended = this.tools.ended(toolCallId, result);
    if (ended !== "unknown") this.#tell({ type: "tool-output", toolCallId, output: result.output });
    return ended === "awaited" && !this.tools.isRunning;
  }

  /** Once all tools have given back and nothing is being said, the model says what came of it. */
  goOn(nowMs: number): void {
    const { current } = this.answers;
    if ((!current || current.isCut) && this.tools.takeRound()) this.ask(nowMs);
  }

  filler(): void {
    const isQuiet = !this.answers.current && this.answers.playback.isPlayedOut;
    const line = isQuiet ? this.tools.fillerLine : undefined;
    if (line !== undefined) this.#tell({ type: "say", text: line });
  }

  played(positionMs: number, nowMs: number): void {
    this.answers.played(positionMs, nowMs);
    if (this.isPlayedOut && this.#screen.state === "speaking") this.#screen.show(stateOf(undefined, true, this.#isDue));
  }

  /**
   * Stops the agent, and tells the model what was heard. `isOurs`: the model does not know of it yet; when it has heard
   * the caller begin, it has stopped by itself.
   */
  interrupt(isOurs: boolean, nowMs: number): void {
    if (!this.answers.playback.isPlayedOut) this.#emit({ type: "caller", command: { type: "clear" } });
    const isOwed = this.answers.current !== undefined || this.#isDue;
    const { cuts, wasSpeaking } = this.answers.cut(nowMs);
    if (isOurs && isOwed) this.#tell({ type: "cancel" });
    for (const { itemId, heardMs } of cuts) this.#tell({ type: "truncate", itemId, heardMs });
    this.#isAnnouncing = false;
    this.#isDue = false;
    this.#turnEndedAtMs = undefined;
    if (wasSpeaking) this.#emit({ type: "archive" });
  }

  /** The session is gone, and with it what it owed or was making: returns whether there was any such thing. */
  lose(nowMs: number): boolean {
    const wasDue = this.#isDue;
    this.#isDue = false;
    const answer = this.answers.lose(nowMs);
    if (answer?.hasSound && !answer.isCut) this.#emit({ type: "caller", command: { type: "sound-end" } });
    return wasDue || answer !== undefined;
  }

  /** The bill of an answer that nobody waits for any more. */
  settle(event: Extract<AnswerEvent, { type: "response-end" }>, nowMs: number): void {
    const answer = this.answers.of(event.responseId);
    if (answer) this.#bill(answer, event, null, nowMs);
  }

  /** Nobody will tell what the answer has cost that is being made. */
  abandon(nowMs: number): void {
    this.answers.abandon(nowMs);
  }

  #bill(
    answer: VoiceAnswer,
    { responseId, outcome, usage, source }: Extract<AnswerEvent, { type: "response-end" }>,
    failure: Reason | null,
    nowMs: number,
  ): void {
    // A response that was ended before its first word may cost nothing, and then has no usage.
    const hasBegun = answer.seq !== undefined || answer.firstToolCallId !== undefined || outcome === "complete";
    const spent = usage ?? (hasBegun ? this.answers.estimated(answer, false) : null);
    // Told once more it is known by its id, also where its bill could not be read.
    const told = source ?? (spent ? { upstreamId: responseId, rawUsage: null } : undefined);
    this.answers.end(responseId, answer, { usage: spent, source: told }, failure, nowMs);
    this.#log(answer, failure, nowMs);
    if (spent) this.#screen.meter(this.#ledger);
  }

  #ended(
    answer: VoiceAnswer,
    event: Extract<AnswerEvent, { type: "response-end" }>,
    nowMs: number,
  ): AnswerOutcome | undefined {
    if (event.outcome === "cancelled") answer.isCut = true;
    const failure = event.outcome === "failed" ? (event.reason ?? "upstream_unavailable") : null;
    this.#bill(answer, event, failure, nowMs);
    if (answer.hasSound && !answer.isCut) this.#emit({ type: "caller", command: { type: "sound-end" } });
    if (failure && (!answer.isCut || FATAL.has(failure))) return this.#failed(failure, nowMs);
    if (answer.isCut) return undefined;
    if (this.tools.owesWords) {
      this.goOn(nowMs);
      return undefined;
    }
    this.#turnEndedAtMs = undefined;
    if (this.isPlayedOut) this.#screen.show("listening");
    return { text: answer.text, effect: this.tools.takeEffect(), fatal: undefined };
  }

  #failed(reason: Reason, nowMs: number): AnswerOutcome {
    const { callId } = this.#facts;
    const event = { event: "upstream-failed", callId, code: reason, status: 0, upstreamRequestId: null } as const;
    this.#emit({ type: "log", event });
    this.#turnEndedAtMs = undefined;
    this.tools.beginTurn();
    this.announce(reason, nowMs);
    return { text: factsOf(reason).spoken ?? "", effect: null, fatal: FATAL.has(reason) ? reason : undefined };
  }

  #log(answer: VoiceAnswer, code: Reason | null, nowMs: number): void {
    const timings = answer.timings(nowMs);
    if (!timings || answer.seq === undefined) return;
    const { callId } = this.#facts;
    this.#emit({ type: "log", event: { event: "turn-end", callId, seq: answer.seq, ...timings, code } });
  }
}
