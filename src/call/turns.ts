import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { estimateUsage, type HistoryItem, type ModelEvent, type ModelRequest } from "../model/model-leg.ts";
import { type AgentConfig, DEFAULT_PROMPT } from "../protocol/agent-config.ts";
import type { ToolCallRecord } from "../protocol/call-record.ts";
import type { CallId } from "../protocol/ids.ts";
import { Answer, type ToolCallEvent } from "./answer.ts";
import type { CallCommand, ToolResult } from "./call-events.ts";
import { historyOf } from "./history.ts";
import type { Transcript } from "./transcript.ts";

/** A finished turn of the agent, for the call to act on. */
export interface AnswerOutcome {
  readonly text: string;
  /** A failure after which no further turn can succeed. */
  readonly fatal: Reason | undefined;
  readonly effect: ToolResult["effect"];
}

/** Failures that the next turn would meet again: the key, its money, its permissions, its model. */
const FATAL: ReadonlySet<Reason> = new Set<Reason>([
  "key_rejected",
  "key_restricted",
  "no_credit",
  "model_not_available",
  "region_unsupported",
]);

const FILLERS = ["One moment, please.", "Let me check that.", "Just a second."];

/**
 * Whose turn it is, and the making of the agent's. There is at most one answer; each request to the model has a
 * number, and whatever an older one still reports is dropped here.
 */
export class Turns {
  readonly #callId: CallId;
  readonly #config: AgentConfig;
  readonly #transcript: Transcript;
  readonly #emit: (command: CallCommand) => void;
  #answer: Answer | undefined;
  #request: ModelRequest | undefined;
  #response = 0;
  #fillers = 0;

  constructor(callId: CallId, config: AgentConfig, transcript: Transcript, emit: (command: CallCommand) => void) {
    this.#callId = callId;
    this.#config = config;
    this.#transcript = transcript;
    this.#emit = emit;
  }

  /** The agent is thinking, speaking or waiting for a tool. */
  get isBusy(): boolean {
    return this.#answer !== undefined;
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
    const callerSeq = this.#transcript.lastOf("caller")?.seq ?? 0;
    for (const turn of this.#transcript.turns) {
      if (turn.seq > callerSeq && turn.toolCall?.outcome === "pending") this.#run(answer, turn.toolCall, nowMs);
    }
    if (answer.running.size === 0) this.#respond(answer, nowMs);
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
        answer.used(event.usage);
        if (answer.toolCalls.length === 0) {
          return answer.text === "" && !answer.effect
            ? this.#fail(answer, "upstream_unreadable", nowMs)
            : this.#finish(answer, null, nowMs);
        }
        this.#runTools(answer, nowMs);
        return undefined;
      case "response-failed":
        if (event.usage) answer.used(event.usage);
        this.#emit({
          type: "log",
          event: {
            event: "upstream-failed",
            callId: this.#callId,
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
    const turn = this.#transcript.toolTurn(toolCallId);
    if (turn?.toolCall?.outcome !== "pending") return;
    const toolCall: ToolCallRecord = {
      ...turn.toolCall,
      outcome: result.outcome,
      output: result.output,
      durationMs: result.durationMs,
    };
    const changed = this.#transcript.change(turn.seq, { toolCall });
    if (changed) this.#emit({ type: "keep-turn", turn: changed });
    const answer = this.#answer;
    if (!answer?.running.delete(toolCallId)) return;
    if (answer.base) answer.items.push({ kind: "tool-output", toolCallId, output: result.output });
    answer.effect ??= result.effect;
    if (answer.running.size > 0) return;
    this.#emit({ type: "timer", timer: "filler", afterMs: null });
    this.#respond(answer, nowMs);
  }

  /** A tool takes long: something is said meanwhile. */
  filler(nowMs: number): void {
    const answer = this.#answer;
    if (!answer || answer.running.size === 0) return;
    const [toolCallId] = answer.running;
    const name = this.#transcript.toolTurn(toolCallId ?? "")?.toolCall?.name;
    const own = this.#config.tools.find((tool) => tool.name === name)?.fillers ?? [];
    const lines = own.length > 0 ? own : FILLERS;
    const line = lines[this.#fillers++ % lines.length] ?? "";
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
    if (this.#request && answer.running.size === 0) answer.used(estimateUsage(this.#request, answer.responseText));
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
      instructions: this.#config.prompt ?? DEFAULT_PROMPT,
      history: [...answer.base, ...answer.items],
      tools: mayUseTools
        ? this.#config.tools.map(({ name, description, parameters }) => ({ name, description, parameters }))
        : [],
    };
    this.#response += 1;
    this.#emit({ type: "respond", response: this.#response, request: this.#request });
  }

  #runTools(answer: Answer, nowMs: number): void {
    this.#request = undefined;
    if (answer.responseText !== "") answer.items.push({ kind: "agent", text: answer.responseText });
    const calls: HistoryItem[] = answer.toolCalls.map((call) => ({ ...call, kind: "tool-call" }));
    answer.items.push(...calls);
    const starting = answer.toolCalls.splice(0).map((call) => this.#keepToolCall(answer, call, nowMs));
    for (const record of starting) if (record.outcome === "pending") answer.running.add(record.toolCallId);
    for (const record of starting) {
      if (record.outcome === "pending") this.#run(answer, record, nowMs);
      else answer.items.push({ kind: "tool-output", toolCallId: record.toolCallId, output: record.output ?? "null" });
    }
    if (answer.running.size === 0 && this.#request === undefined) this.#respond(answer, nowMs);
  }

  /**
   * Keeps a tool call before it is run: after a crash it is sent again under the same id, and the receiver can tell.
   * A call that the model announces again is the call it was, not a second one.
   */
  #keepToolCall(answer: Answer, call: ToolCallEvent, nowMs: number): ToolCallRecord {
    const known = this.#transcript.toolTurn(call.toolCallId)?.toolCall;
    if (known) return known;
    const toolCall: ToolCallRecord = {
      toolCallId: call.toolCallId,
      name: call.name,
      arguments: cut(call.arguments, LIMITS.toolArgumentsCharacters),
      webhookId: `msg_${this.#callId}_${this.#transcript.turns.length + 1}`,
      outcome: "pending",
      output: null,
      durationMs: null,
    };
    const usage = answer.takeUsage();
    const turn = this.#transcript.add({ speaker: "tool", startedAtMs: nowMs, text: call.name, toolCall, usage });
    this.#emit({ type: "keep-turn", turn });
    return toolCall;
  }

  #run(answer: Answer, toolCall: ToolCallRecord, nowMs: number): void {
    answer.running.add(toolCall.toolCallId);
    answer.toolsUsed += 1;
    const tool = this.#config.tools.find((candidate) => candidate.name === toolCall.name);
    const refusal = !tool
      ? "there is no such tool"
      : answer.toolsUsed > LIMITS.toolsPerTurn || this.#transcript.toolCalls > LIMITS.toolsPerCall
        ? "too many tool calls"
        : undefined;
    if (!tool || refusal) {
      const output = JSON.stringify({ error: refusal });
      this.toolEnded(toolCall.toolCallId, { outcome: "failed", output, durationMs: 0, effect: null }, nowMs);
      return;
    }
    this.#emit({ type: "run-tool", toolCall, tool });
    this.#emit({ type: "timer", timer: "filler", afterMs: LIMITS.toolFillerMs });
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
      event: { event: "turn-end", callId: this.#callId, seq: turn.seq, ...timings, code: failure },
    });
  }

  #forget(): void {
    this.#answer = undefined;
    this.#request = undefined;
    this.#response += 1;
    this.#emit({ type: "timer", timer: "filler", afterMs: null });
  }

  #say(answer: Answer, text: string, nowMs: number): void {
    answer.said(text, nowMs);
    this.#emit({ type: "caller", command: { type: "speech", text, last: false } });
  }
}

/** Cuts to so many characters, not within one. */
const cut = (text: string, characters: number): string =>
  text.length <= characters ? text : text.slice(0, characters).replace(/[\uD800-\uDBFF]$/, "");
