import type { HistoryItem, ModelEvent } from "../model/model-leg.ts";
import { addUsage, NO_USAGE, type TurnTimings, type Usage } from "../protocol/call-record.ts";
import type { ToolResult } from "./call-events.ts";

export type ToolCallEvent = Extract<ModelEvent, { type: "tool-call" }>;

/** The agent's turn while it is being made: from the end of the caller's turn to the agent's last word. */
export class Answer {
  readonly turnEndedAtMs: number;
  /** Conversation before this turn; fixed at the first request, so that our own tool turns do not come twice. */
  base: readonly HistoryItem[] | undefined;
  /** What this turn added for the model: words, tool calls, outputs. */
  readonly items: HistoryItem[] = [];
  /** All that left us in this turn, fillers included. */
  text = "";
  /** What the model said in the response under way. */
  responseText = "";
  /** Tool calls of the response under way, run when it is done. */
  readonly toolCalls: ToolCallEvent[] = [];
  rounds = 0;
  effect: ToolResult["effect"] = null;
  #usage: Usage = NO_USAGE;
  #requestedAtMs: number | undefined;
  #ttftMs: number | null = null;
  #turnLatencyMs: number | null = null;

  constructor(turnEndedAtMs: number) {
    this.turnEndedAtMs = turnEndedAtMs;
  }

  requested(nowMs: number): void {
    this.rounds += 1;
    this.responseText = "";
    this.toolCalls.length = 0;
    this.#requestedAtMs = nowMs;
  }

  get isFirstText(): boolean {
    return this.responseText === "";
  }

  /** The model said something. Returns what leaves: words after a filler or an earlier round keep their distance. */
  heardFromModel(delta: string, nowMs: number): string {
    if (this.#ttftMs === null && this.#requestedAtMs !== undefined) this.#ttftMs = nowMs - this.#requestedAtMs;
    const joint = this.isFirstText && this.text !== "" && !/\s$/.test(this.text) && !/^\s/.test(delta) ? " " : "";
    this.responseText += delta;
    return joint + delta;
  }

  said(text: string, nowMs: number): void {
    this.#turnLatencyMs ??= nowMs - this.turnEndedAtMs;
    this.text += text;
  }

  used(usage: Usage): void {
    this.#usage = addUsage(this.#usage, usage);
  }

  /** Usage not yet kept with a turn; taking it empties it, so that none is counted twice. */
  takeUsage(): Usage | null {
    const usage = this.#usage;
    this.#usage = NO_USAGE;
    return usage.responses === 0 ? null : usage;
  }

  timings(nowMs: number): TurnTimings {
    return {
      ttftMs: this.#ttftMs,
      ttfbMs: null,
      turnLatencyMs: this.#turnLatencyMs,
      heardLatencyMs: null,
      turnMs: nowMs - this.turnEndedAtMs,
    };
  }
}
