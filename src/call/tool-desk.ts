import { LIMITS } from "../limits.ts";
import type { ToolCallRecord, TurnRecord, Usage } from "../protocol/call-record.ts";
import type { CallId } from "../protocol/ids.ts";
import type { Tool } from "../protocol/tools.ts";
import type { CallCommand, ToolResult } from "./call-events.ts";
import type { Transcript } from "./transcript.ts";

/** A tool call as the model announces it. */
export interface AnnouncedToolCall {
  readonly toolCallId: string;
  readonly name: string;
  readonly arguments: string;
}

const FILLERS = ["One moment, please.", "Let me check that.", "Just a second."];

/** The agent's tools at work: each call is kept before it is run, runs once, and stays within the limits. */
export class ToolDesk {
  /** Ids of the calls that the present turn waits for. */
  readonly running = new Set<string>();
  /** Ids of all calls that were begun here: one that has not given back is still at it. */
  readonly #begun = new Set<string>();
  readonly #callId: CallId;
  readonly #tools: readonly Tool[];
  readonly #transcript: Transcript;
  readonly #keepTurn: (turn: TurnRecord) => void;
  readonly #emit: (command: CallCommand) => void;
  #usedInTurn = 0;
  #fillers = 0;

  constructor(
    callId: CallId,
    tools: readonly Tool[],
    transcript: Transcript,
    keepTurn: (turn: TurnRecord) => void,
    emit: (command: CallCommand) => void,
  ) {
    this.#callId = callId;
    this.#tools = tools;
    this.#transcript = transcript;
    this.#keepTurn = keepTurn;
    this.#emit = emit;
  }

  /** A new turn waits for nothing that an earlier one began, and has its tools all to itself. */
  beginTurn(): void {
    this.running.clear();
    this.#usedInTurn = 0;
    this.#emit({ type: "timer", timer: "filler", afterMs: null });
  }

  isKnown(toolCallId: string): boolean {
    return this.#transcript.toolTurn(toolCallId) !== undefined;
  }

  /**
   * Keeps a tool call before it is run: after a crash it is sent again under the same id, and the receiver can tell.
   * A call that the model announces again is the call it was, not a second one.
   */
  keep(call: AnnouncedToolCall, usage: Usage | null, nowMs: number): ToolCallRecord {
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
    this.#keepTurn(this.#transcript.add({ speaker: "tool", startedAtMs: nowMs, text: call.name, toolCall, usage }));
    return toolCall;
  }

  /** Runs a call that was kept, or waits for it if it runs already. Returns the result of one that may not be run. */
  run(toolCall: ToolCallRecord): ToolResult | undefined {
    this.running.add(toolCall.toolCallId);
    this.#usedInTurn += 1;
    const tool = this.#tools.find((candidate) => candidate.name === toolCall.name);
    const isTooMany = this.#usedInTurn > LIMITS.toolsPerTurn || this.#transcript.toolCalls > LIMITS.toolsPerCall;
    if (!tool || isTooMany) {
      const output = JSON.stringify({ error: tool ? "too many tool calls" : "there is no such tool" });
      return { outcome: "failed", output, durationMs: 0, effect: null };
    }
    if (!this.#begun.has(toolCall.toolCallId)) this.#emit({ type: "run-tool", toolCall, tool });
    this.#begun.add(toolCall.toolCallId);
    this.#emit({ type: "timer", timer: "filler", afterMs: LIMITS.toolFillerMs });
    return undefined;
  }

  /** As {@link run}, by the id of a call that was kept and has not given back. */
  runKept(toolCallId: string): ToolResult | undefined {
    const toolCall = this.#transcript.toolTurn(toolCallId)?.toolCall;
    return toolCall?.outcome === "pending" ? this.run(toolCall) : undefined;
  }

  /** A tool gave back: kept in any case. `late`: the turn that asked for it is over. */
  ended(toolCallId: string, result: ToolResult): "awaited" | "late" | "unknown" {
    const turn = this.#transcript.toolTurn(toolCallId);
    if (turn?.toolCall?.outcome !== "pending") return "unknown";
    const { outcome, output, durationMs } = result;
    const changed = this.#transcript.change(turn.seq, { toolCall: { ...turn.toolCall, outcome, output, durationMs } });
    if (changed) this.#keepTurn(changed);
    const isAwaited = this.running.delete(toolCallId);
    if (isAwaited && this.running.size === 0) this.#emit({ type: "timer", timer: "filler", afterMs: null });
    return isAwaited ? "awaited" : "late";
  }

  /** Something to say while a tool takes long: the tool's own lines in turn, or ours. */
  fillerLine(): string | undefined {
    const [toolCallId] = this.running;
    if (toolCallId === undefined) return undefined;
    const name = this.#transcript.toolTurn(toolCallId)?.toolCall?.name;
    const own = this.#tools.find((tool) => tool.name === name)?.fillers ?? [];
    const lines = own.length > 0 ? own : FILLERS;
    return lines[this.#fillers++ % lines.length];
  }
}

/** Cuts to so many characters, not within one. */
export const cut = (text: string, characters: number): string =>
  text.length <= characters ? text : text.slice(0, characters).replace(/[\uD800-\uDBFF]$/, "");
