import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { estimateUsage, type HistoryItem, type ModelEvent, type ModelRequest } from "../model/model-leg.ts";
import { DEFAULT_PROMPT } from "../protocol/agent-config.ts";
import type { CallState } from "../protocol/call-messages.ts";
import type { ToolCallRecord, Usage } from "../protocol/call-record.ts";
import type { UsageSource } from "../protocol/charge.ts";
import { Answer } from "./answer.ts";
import type { CallCommand, ToolResult } from "./call-events.ts";
import { type CallFacts, FATAL } from "./call-facts.ts";
import { spokenMs } from "./deadlines.ts";
import { historyOf } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import { cut, ToolDesk } from "./tool-desk.ts";
import type { Transcript } from "./transcript.ts";
import type { AnswerOutcome, TurnMaker, UnfinishedTurn } from "./turn-maker.ts";

/**
 * Whose turn it is, and the making of the agent's. There is at most one answer; each request to the model has a
 * number, and whatever an older one still reports is dropped here.
 */
export class Turns implements TurnMaker {
  readonly #facts: CallFacts;
  readonly #transcript: Transcript;
  readonly #ledger: Ledger;
  readonly #emit: (command: CallCommand) => void;
  #answer: Answer | undefined;
  #request: ModelRequest | undefined;
  /** Its row in the ledger. */
  #charge = 0;
  #response = 0;
  readonly #tools: ToolDesk;
  /** The carrier says so. */
  #isPlaying = false;

  constructor(facts: CallFacts, transcript: Transcript, ledger: Ledger, emit: (command: CallCommand) => void) {
    this.#facts = facts;
    this.#transcript = transcript;
    this.#ledger = ledger;
    this.#emit = emit;
    const { callId, config } = facts;
    this.#tools = new ToolDesk(callId, config.tools, transcript, (turn) => emit({ type: "keep-turn", turn }), emit);
  }

  /** The agent is thinking, speaking or waiting for a tool. */
  get isBusy(): boolean {
    return this.#answer !== undefined;
  }

  get state(): CallState {
    if (!this.#answer) return this.#isPlaying ? "speaking" : "listening";
    if (this.#tools.running.size > 0) return "using-tool";
    return this.#answer.responseText === "" ? "thinking" : "speaking";
  }

  /** It takes its place when it is over: whatever comes before it moves it on. */
  get unfinished(): UnfinishedTurn | undefined {
    const text = this.#answer?.text ?? "";
    return text === "" ? undefined : { seq: (this.#transcript.last?.seq ?? 0) + 1, text };
  }

  /** Whether what was said so far is being spoken. */
  playback(playing: boolean): void {
    this.#isPlaying = playing;
  }

  /** Text comes whole, and what an answer cost is counted when it is broken off. */
  get awaitsRecord(): boolean {
    return false;
  }

  /** A request is made for each answer: there is nothing to open. */
  open(): void {}

  close(): void {}

  /** One whole turn of ours, not the model's. */
  say(text: string, nowMs: number): void {
    const turn = this.#transcript.add({ speaker: "agent", startedAtMs: nowMs, text });
    this.#emit({ type: "keep-turn", turn });
    this.#emit({ type: "caller", command: { type: "speech", text, last: true } });
  }

  announce(reason: Reason, nowMs: number): void {
    const { spoken } = factsOf(reason);
    if (spoken !== undefined) this.say(spoken, nowMs);
  }

  unheardMs(text: string): number {
    return spokenMs(text);
  }

  /** Keeps what the caller said; an answer under way is given up, since this replaces what it answers. */
  callerSaid(text: string, nowMs: number): void {
    this.stop(null, nowMs);
    const turn = this.#transcript.add({
      speaker: "caller",
      startedAtMs: nowMs,
      text: cut(text, LIMITS.utteranceCharacters),
    });
    this.#emit({ type: "keep-turn", turn });
  }

  /** Begins the agent's turn. Tool calls that a crash left open are run again first, under their old ids. */
  answer(nowMs: number): void {
    this.stop(null, nowMs);
    const answer = new Answer(nowMs);
    this.#answer = answer;
    this.#tools.beginTurn();
    const callerSeq = this.#transcript.lastOf("caller")?.seq ?? 0;
    for (const turn of this.#transcript.turns) {
      if (turn.seq > callerSeq && turn.toolCall?.outcome === "pending") this.#run(turn.toolCall, nowMs);
    }
    if (this.#tools.running.size === 0) this.#respond(answer, nowMs);
  }

  catchUp(nowMs: number): void {
    if (this.#transcript.isUnanswered) this.answer(nowMs);
  }

  /** Takes what the model reports; returns the outcome when that finishes the turn. */
  model(response: number, events: readonly ModelEvent[], nowMs: number): AnswerOutcome | undefined {
    let outcome: AnswerOutcome | undefined;
    for (const event of events) {
      const answer = this.#answer;
      if (!answer || response !== this.#response) return outcome;
      outcome = this.#take(answer, event, nowMs);
    }
    return outcome;
  }

  #take(answer: Answer, event: ModelEvent, nowMs: number): AnswerOutcome | undefined {
    switch (event.type) {
      case "text-delta":
        this.#say(answer, answer.heardFromModel(event.text, nowMs), nowMs);
        return undefined;
      case "memo":
        answer.items.push({ kind: "memo", memo: event.memo });
        return undefined;
      case "tool-call":
        if (!answer.toolCalls.some((call) => call.toolCallId === event.toolCallId)) answer.toolCalls.push(event);
        return undefined;
      case "response-done":
        this.#used(answer, event.usage, event.source);
        if (answer.toolCalls.length === 0) {
          return answer.text === "" && !answer.effect
            ? this.#fail(answer, "upstream_unreadable", nowMs)
            : this.#finish(answer, null, nowMs);
        }
        this.#runTools(answer, nowMs);
        return undefined;
      case "response-failed":
        this.#used(answer, event.usage, event.source);
        this.#emit({
          type: "log",
          event: {
            event: "upstream-failed",
            callId: this.#facts.callId,
            code: event.reason,
            status: event.status,
            upstreamRequestId: event.upstreamRequestId,
          },
        });
        return this.#fail(answer, event.reason, nowMs);
    }
  }

  /** A tool gave back. Kept in any case; the answer goes on when it was the last it waited for. */
  toolEnded(toolCallId: string, result: ToolResult, nowMs: number): void {
    const ended = this.#tools.ended(toolCallId, result);
    const answer = this.#answer;
    if (ended !== "awaited" || !answer) return;
    if (answer.base) answer.items.push({ kind: "tool-output", toolCallId, output: result.output });
    answer.effect ??= result.effect;
    if (this.#tools.running.size === 0) this.#respond(answer, nowMs);
  }

  /** A tool takes long: something is said meanwhile. */
  filler(nowMs: number): void {
    const answer = this.#answer;
    const line = answer && this.#tools.fillerLine();
    if (!answer || line === undefined) return;
    this.#say(answer, answer.text === "" || /\s$/.test(answer.text) ? `${line} ` : ` ${line} `, nowMs);
  }

  /**
   * The caller spoke over the agent. Nothing of the answer is sent any more, and the model will be told only what was
   * heard: `heardText`, which may be empty. After the last word has left, it is the played part that is cut.
   */
  bargeIn(heardText: string, nowMs: number): void {
    if (this.#answer && this.#answer.text !== "") {
      this.stop(heardText, nowMs);
      this.#emit({ type: "archive" });
      return;
    }
    this.stop(null, nowMs);
    const playing = this.#transcript.turns.findLast((turn) => turn.speaker === "agent" && turn.text !== "");
    if (!playing || playing.heardText !== null) return;
    const changed = this.#transcript.change(playing.seq, { heardText });
    if (changed) this.#emit({ type: "keep-turn", turn: changed });
    this.#emit({ type: "archive" });
  }

  /** Gives up the answer under way; what left us of it is kept, with `heardText` if that is known. */
  stop(heardText: string | null, nowMs: number): void {
    const answer = this.#answer;
    if (!answer) return;
    if (this.#request && this.#tools.running.size === 0) {
      const called = answer.toolCalls.map((call) => call.name + call.arguments).join("");
      this.#used(answer, estimateUsage(this.#request, answer.responseText + called));
    }
    this.#emit({ type: "cancel-response" });
    this.#keepTurn(answer, heardText, null, nowMs);
    this.#forget();
  }

  #respond(answer: Answer, nowMs: number): void {
    answer.base ??= historyOf(this.#transcript.turns, {
      items: LIMITS.historyItems,
      characters: LIMITS.historyCharacters,
    });
    answer.requested(nowMs);
    const mayUseTools = answer.rounds <= LIMITS.toolRoundsPerTurn && answer.effect === null;
    this.#request = {
      instructions: this.#facts.config.prompt ?? DEFAULT_PROMPT,
      history: [...answer.base, ...answer.items],
      tools: mayUseTools
        ? this.#facts.config.tools.map(({ name, description, parameters }) => ({ name, description, parameters }))
        : [],
    };
    this.#response += 1;
    this.#charge = 0;
    this.#emit({ type: "respond", response: this.#response, request: this.#request });
  }

  /** A request has left. One that waits for money has not: nothing is billed for it, also if it never comes to that. */
  asked(response: number, nowMs: number): void {
    if (response !== this.#response || !this.#request) return;
    const { model, payer } = this.#facts;
    const guess = { ...estimateUsage(this.#request, ""), outputTokens: LIMITS.responseOutputTokens };
    this.#charge = this.#ledger.begin({ kind: "response", model, payer }, guess, nowMs);
  }

  /** What a response has come to; `null`: it was refused. */
  #used(answer: Answer, usage: Usage | null, source?: UsageSource): void {
    if (this.#ledger.settle(this.#charge, usage, source) && usage) answer.used(usage);
  }

  #runTools(answer: Answer, nowMs: number): void {
    this.#request = undefined;
    if (answer.responseText !== "") answer.items.push({ kind: "agent", text: answer.responseText });
    const calls: HistoryItem[] = answer.toolCalls.map((call) => ({ ...call, kind: "tool-call" }));
    answer.items.push(...calls);
    const starting = answer.toolCalls.splice(0).map((call) => this.#tools.keep(call, answer.takeUsage(), nowMs));
    for (const record of starting) if (record.outcome === "pending") this.#tools.running.add(record.toolCallId);
    for (const record of starting) {
      if (record.outcome === "pending") this.#run(record, nowMs);
      else answer.items.push({ kind: "tool-output", toolCallId: record.toolCallId, output: record.output ?? "null" });
    }
    if (this.#tools.running.size === 0 && this.#request === undefined) this.#respond(answer, nowMs);
  }

  #run(toolCall: ToolCallRecord, nowMs: number): void {
    const refused = this.#tools.run(toolCall);
    if (refused) this.toolEnded(toolCall.toolCallId, refused, nowMs);
  }

  /** Says the fixed sentence of a failure: what OpenAI wrote never reaches a caller. */
  #fail(answer: Answer, reason: Reason, nowMs: number): AnswerOutcome {
    const sentence = factsOf(reason).spoken ?? factsOf("internal").spoken ?? "";
    this.#say(answer, answer.text === "" ? sentence : ` ${sentence}`, nowMs);
    return this.#finish(answer, reason, nowMs);
  }

  #finish(answer: Answer, failure: Reason | null, nowMs: number): AnswerOutcome {
    this.#keepTurn(answer, null, failure, nowMs);
    this.#emit({ type: "caller", command: { type: "speech", text: "", last: true } });
    const { text, effect } = answer;
    this.#forget();
    return { text, effect, fatal: failure && FATAL.has(failure) ? failure : undefined };
  }

  #keepTurn(answer: Answer, heardText: string | null, failure: Reason | null, nowMs: number): void {
    const usage = answer.takeUsage();
    if (answer.text === "" && usage === null) return;
    const timings = answer.timings(nowMs);
    const turn = this.#transcript.add({
      speaker: "agent",
      startedAtMs: answer.turnEndedAtMs + (timings.turnLatencyMs ?? 0),
      text: answer.text,
      heardText: answer.text === "" ? null : heardText,
      timings,
      usage,
      failure,
    });
    this.#emit({ type: "keep-turn", turn });
    this.#emit({
      type: "log",
      event: { event: "turn-end", callId: this.#facts.callId, seq: turn.seq, ...timings, code: failure },
    });
  }

  #forget(): void {
    this.#answer = undefined;
    this.#request = undefined;
    this.#response += 1;
    this.#tools.beginTurn();
  }

  #say(answer: Answer, text: string, nowMs: number): void {
    answer.said(text, nowMs);
    this.#emit({ type: "caller", command: { type: "speech", text, last: false } });
  }
}
