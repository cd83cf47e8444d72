import { LIMITS } from "../limits.ts";
import type { ToolFailure } from "../log.ts";
import type { ToolCallRecord } from "../protocol/call-record.ts";
import type { CallId } from "../protocol/ids.ts";
import type { Tool } from "../protocol/tools.ts";
import { type BuiltinWorld, runBuiltin } from "./builtins.ts";
import type { ToolResult } from "./call-events.ts";
import { callWebhook, type WebhookAnswer, type WebhookWorld } from "./webhook.ts";

export interface ToolWorld {
  readonly nowMs: () => number;
  readonly randomBelow: BuiltinWorld["randomBelow"];
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
  /** `undefined`: the student has no signing secret, so no webhook is called. */
  readonly webhook: () => Promise<WebhookWorld | undefined>;
}

type Answer = WebhookAnswer & { readonly effect?: ToolResult["effect"] };

/** A result, and for the log why there is none. */
export interface ToolRun extends ToolResult {
  readonly failure: { readonly code: ToolFailure; readonly status: number | null } | null;
}

/**
 * Runs a student's tools under the limits: so many at once, so long, so large. It never fails: whatever goes wrong
 * becomes a short error for the model, which then tells the caller the truth.
 */
export class ToolRunner {
  readonly #callId: CallId;
  readonly #world: ToolWorld;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(callId: CallId, world: ToolWorld) {
    this.#callId = callId;
    this.#world = world;
  }

  async run(tool: Tool, toolCall: ToolCallRecord): Promise<ToolRun> {
    await this.#slot();
    const startedAtMs = this.#world.nowMs();
    try {
      const answer = await this.#answer(tool, toolCall);
      const output = answer.ok ? JSON.stringify(answer.reply) : JSON.stringify({ error: answer.error });
      return {
        outcome: answer.ok ? "ok" : "failed",
        output: shortened(output ?? "null"),
        durationMs: this.#world.nowMs() - startedAtMs,
        effect: answer.effect ?? null,
        failure: answer.ok ? null : { code: answer.code, status: answer.status ?? null },
      };
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  }

  async #slot(): Promise<void> {
    if (this.#running >= LIMITS.toolsAtOnce) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#running += 1;
  }

  async #answer(tool: Tool, toolCall: ToolCallRecord): Promise<Answer> {
    const args = parseArguments(toolCall.arguments);
    if (!args) return { ok: false, error: "the arguments are not a JSON object", code: "arguments" };
    const { answer } = tool;
    switch (answer.mode) {
      case "builtin": {
        const { nowMs, randomBelow } = this.#world;
        const ran = runBuiltin(answer.builtin, new Map(Object.entries(args)), { nowMs: nowMs(), randomBelow });
        return ran.ok ? ran : { ...ran, code: "builtin" };
      }
      case "mock":
        await this.#world.wait(Math.min(answer.delayMs, LIMITS.toolMaxMs));
        if (answer.delayMs > LIMITS.toolMaxMs) return { ok: false, error: "the tool took too long", code: "timeout" };
        if (answer.fails) return { ok: false, error: "the tool failed", code: "mock" };
        return { ok: true, reply: answer.reply };
      case "webhook": {
        const world = await this.#world.webhook();
        if (!world) return { ok: false, error: "the webhook has no signing secret", code: "no-secret" };
        const { url, timeoutMs } = answer;
        const request = { url, timeoutMs, webhookId: toolCall.webhookId, callId: this.#callId };
        return callWebhook({ ...request, tool: tool.name, arguments: args }, world);
      }
    }
  }
}

const shortened = (output: string): string =>
  output.length <= LIMITS.toolOutputCharacters
    ? output
    : `${output.slice(0, LIMITS.toolOutputCharacters)} … (cut: the output was longer)`;

function parseArguments(text: string): Record<string, unknown> | undefined {
  if (text.trim() === "") return {};
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null && !Array.isArray(json) ? { ...json } : undefined;
  } catch {
    return undefined;
  }
}
