import { LIMITS } from "../limits.ts";
import type { ToolResult } from "./call-events.ts";
import type { AnnouncedToolCall, ToolDesk } from "./tool-desk.ts";

/**
 * Tools within one turn of a call with sound: they run while the model may still be speaking, and once all have given
 * back and it is silent, it is asked to go on.
 */
export class ToolRounds {
  readonly #desk: ToolDesk;
  #owesWords = false;
  #rounds = 0;
  #effect: ToolResult["effect"] = null;
  /** The caller is lost: nobody waits for a tool, but what it does to the call is done when they are back. */
  #isPaused = false;

  constructor(desk: ToolDesk) {
    this.#desk = desk;
  }

  get isRunning(): boolean {
    return this.#desk.running.size > 0;
  }

  /** A response has called tools, and the model has not been asked yet to go on. */
  get owesWords(): boolean {
    return this.#owesWords;
  }

  /** After many rounds, and after a tool that ends the call, the answer is asked for in words only. */
  get mayUseTools(): boolean {
    return this.#rounds < LIMITS.toolRoundsPerTurn && this.#effect === null;
  }

  get fillerLine(): string | undefined {
    return this.#desk.fillerLine();
  }

  beginTurn(): void {
    this.resume();
    this.#effect = null;
  }

  pause(): void {
    this.resume();
    this.#isPaused = true;
  }

  /** The same turn from its beginning, as far as its limits go. */
  resume(): void {
    this.#isPaused = false;
    this.#owesWords = false;
    this.#rounds = 0;
    this.#desk.beginTurn();
  }

  isKnown(toolCallId: string): boolean {
    return this.#desk.isKnown(toolCallId);
  }

  keep(call: AnnouncedToolCall, nowMs: number): void {
    this.#owesWords = true;
    this.#desk.keep(call, null, nowMs);
  }

  /** Runs what was kept. Returns the result of what may not be run. */
  run(toolCallId: string): ToolResult | undefined {
    return this.#desk.runKept(toolCallId);
  }

  ended(toolCallId: string, result: ToolResult): "awaited" | "late" | "unknown" {
    const ended = this.#desk.ended(toolCallId, result);
    if (ended === "awaited") this.#owesWords = true;
    if (ended === "awaited" || this.#isPaused) this.#effect ??= result.effect;
    return ended;
  }

  /** True once for each round of tools, when all of it has given back: the model is to go on now. */
  takeRound(): boolean {
    if (!this.#owesWords || this.isRunning) return false;
    this.#owesWords = false;
    this.#rounds += 1;
    return true;
  }

  /** What the call does after the words that were just said; only once. */
  takeEffect(): ToolResult["effect"] {
    const effect = this.#effect;
    this.#effect = null;
    return effect;
  }
}
