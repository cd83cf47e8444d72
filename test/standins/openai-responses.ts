import type { ErrorBody } from "./openai-errors.ts";
import type { Plan, Prompt } from "./openai-prompt.ts";
import type { AnswerWriter } from "./openai-stream.ts";
import type { StandinUsage } from "./openai-usage.ts";

/** Makes the ids of one answer, e.g. `makeId("resp")`. */
export type MakeId = (prefix: string) => string;

type Json = Readonly<Record<string, unknown>>;
/** Anything; without it nothing is told. */
type Told = { readonly usage?: unknown };
type ItemEnd = "completed" | "incomplete";

/** The output item being written. */
interface OpenItem {
  readonly place: Json;
  delta(token: string): string;
  close(status: ItemEnd): string;
}

/** OpenAI adds such a text to every delta, unless asked not to, so that the length of the words does not show. */
const OBFUSCATION = "aN7xQ2mZ9";

/**
 * One answer as the Responses API writes it: the body without `stream`, the server-sent events with it. Order and fields
 * of the events: OpenAI's Responses streaming reference and the types of npm openai 7.57.0.
 */
export class ResponsesWriter implements AnswerWriter {
  readonly #request: Json;
  readonly #prompt: Prompt;
  readonly #plan: Plan;
  readonly #makeId: MakeId;
  readonly id: string;
  readonly #createdAt: number;
  readonly #told: Told | undefined;
  readonly #output: Json[] = [];
  #open: OpenItem | undefined;
  #part = -1;
  #sequence = 0;

  /**
   * @param request the request's body, whose settings are echoed in every `response`.
   * @param told what is told of the usage instead of what was used.
   */
  constructor(request: Json, prompt: Prompt, plan: Plan, nowMs: number, makeId: MakeId, told?: Told) {
    this.#request = request;
    this.#prompt = prompt;
    this.#plan = plan;
    this.#makeId = makeId;
    this.id = makeId("resp");
    this.#createdAt = Math.floor(nowMs / 1_000);
    this.#told = told;
  }

  begin(): string {
    const response = this.#response("in_progress", null);
    const opening = this.#event("response.created", { response }) + this.#event("response.in_progress", { response });
    return this.#plan.reasoningTokens > 0 ? opening + this.#openReasoning() : opening;
  }

  token(part: number, token: string): string {
    const opening = this.#turnTo(part);
    return opening + (this.#open?.delta(token) ?? "");
  }

  complete(usage: StandinUsage): string {
    if (this.#plan.isCut) return this.incomplete("max_output_tokens", usage);
    // A part without tokens, such as an empty message, has not been opened by one.
    const rest = this.#turnTo(this.#plan.parts.length - 1);
    const closing = this.#close("completed");
    return rest + closing + this.#event("response.completed", { response: this.#response("completed", usage) });
  }

  incomplete(reason: "max_output_tokens" | "content_filter", usage: StandinUsage): string {
    const closing = this.#close("incomplete");
    return closing + this.#event("response.incomplete", { response: this.#incompleteResponse(reason, usage) });
  }

  failed({ code, message }: Pick<ErrorBody, "code" | "message">): string {
    return this.#event("response.failed", {
      response: { ...this.#response("failed", null), error: { code, message } },
    });
  }

  errorEvent(error: ErrorBody, shape: "nested" | "flat"): string {
    const { code, message, param } = error;
    return this.#event("error", shape === "nested" ? { error } : { code, message, param });
  }

  strange(): string {
    return (
      this.#event("response.whisper.delta", { item_id: "wh_1", output_index: 7, delta: "not for the caller" }) +
      this.#event("x", { anything: { at: ["all"] } })
    );
  }

  malformed(): string {
    this.#sequence += 1;
    return 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"half a th\n\n';
  }

  oversized(bytes: number): string {
    const delta = "a".repeat(bytes);
    return this.#event("response.output_text.delta", { ...this.#open?.place, delta, logprobs: [] });
  }

  deep(depth: number): string {
    const head = `{"type":"response.output_text.delta","sequence_number":${this.#sequence++}`;
    // Written by hand: JSON.stringify would recurse as deep.
    return `event: response.output_text.delta\ndata: ${head},"delta":${"[".repeat(depth)}${"]".repeat(depth)}}\n\n`;
  }

  whole(usage: StandinUsage): object {
    this.begin();
    for (const [index, part] of this.#plan.parts.entries()) for (const token of part.tokens) this.token(index, token);
    this.complete(usage);
    return this.#plan.isCut ? this.#incompleteResponse("max_output_tokens", usage) : this.#response("completed", usage);
  }

  /** Closes and opens items until the given part is being written. */
  #turnTo(part: number): string {
    let text = "";
    while (this.#part < part) {
      text += this.#close("completed");
      this.#part += 1;
      const planned = this.#plan.parts[this.#part];
      if (planned?.kind === "text") text += this.#openMessage();
      if (planned?.kind === "tool-call") text += this.#openCall(planned.name, planned.twice);
    }
    return text;
  }

  #close(status: ItemEnd): string {
    const closing = this.#open?.close(status) ?? "";
    this.#open = undefined;
    return closing;
  }

  #openMessage(): string {
    const id = this.#makeId("msg");
    const output_index = this.#output.length;
    const place = { item_id: id, output_index, content_index: 0 };
    let text = "";
    const part = () => ({ type: "output_text", annotations: [], logprobs: [], text });
    const item = (status: string, content: readonly Json[]) => ({
      id,
      type: "message",
      status,
      content,
      role: "assistant",
    });
    this.#open = {
      place,
      delta: (token) => {
        text += token;
        return this.#event("response.output_text.delta", {
          ...place,
          delta: token,
          logprobs: [],
          ...this.#obfuscation(),
        });
      },
      close: (status) => {
        const done = item(status, [part()]);
        this.#output.push(done);
        return (
          this.#event("response.output_text.done", { ...place, text, logprobs: [] }) +
          this.#event("response.content_part.done", { ...place, part: part() }) +
          this.#event("response.output_item.done", { output_index, item: done })
        );
      },
    };
    return (
      this.#event("response.output_item.added", { output_index, item: item("in_progress", []) }) +
      this.#event("response.content_part.added", { ...place, part: part() })
    );
  }

  #openCall(name: string, twice: boolean): string {
    const id = this.#makeId("fc");
    const call_id = this.#makeId("call");
    const output_index = this.#output.length;
    const place = { item_id: id, output_index };
    let sent = "";
    const item = (status: string) => ({ id, type: "function_call", status, arguments: sent, call_id, name });
    this.#open = {
      place,
      delta: (token) => {
        sent += token;
        return this.#event("response.function_call_arguments.delta", {
          ...place,
          delta: token,
          ...this.#obfuscation(),
        });
      },
      close: (status) => {
        const done = item(status);
        this.#output.push(done);
        const announce = (): string =>
          (status === "completed"
            ? this.#event("response.function_call_arguments.done", { ...place, arguments: sent })
            : "") + this.#event("response.output_item.done", { output_index, item: done });
        return announce() + (twice ? announce() : "");
      },
    };
    return this.#event("response.output_item.added", { output_index, item: item("in_progress") });
  }

  #openReasoning(): string {
    const id = this.#makeId("rs");
    const output_index = this.#output.length;
    const item = { id, type: "reasoning", summary: [] };
    const encrypted = this.#prompt.includeReasoning ? { encrypted_content: `gAAAA-standin-${id}` } : {};
    this.#open = {
      place: { item_id: id, output_index },
      delta: () => "",
      close: () => {
        const done = { ...item, ...encrypted };
        this.#output.push(done);
        return this.#event("response.output_item.done", { output_index, item: done });
      },
    };
    return this.#event("response.output_item.added", { output_index, item });
  }

  #event(type: string, fields: Json): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence++, ...fields })}\n\n`;
  }

  #obfuscation(): Json {
    return this.#prompt.includeObfuscation ? { obfuscation: OBFUSCATION } : {};
  }

  #incompleteResponse(reason: string, usage: StandinUsage): Json {
    return { ...this.#response("incomplete", usage), incomplete_details: { reason } };
  }

  /** The `response` object, with the request's settings echoed as OpenAI does: instructions and tools too. */
  #response(status: string, usage: StandinUsage | null): Json {
    const asked = (name: string, otherwise: unknown): unknown => this.#request[name] ?? otherwise;
    const isThinking = this.#prompt.effort !== "none";
    return {
      id: this.id,
      object: "response",
      created_at: this.#createdAt,
      status,
      background: false,
      completed_at: status === "completed" ? this.#createdAt : null,
      error: null,
      incomplete_details: null,
      instructions: asked("instructions", null),
      max_output_tokens: this.#prompt.maxOutputTokens,
      max_tool_calls: null,
      model: this.#prompt.model,
      output: status === "in_progress" || status === "failed" ? [] : [...this.#output],
      parallel_tool_calls: this.#prompt.parallelToolCalls,
      previous_response_id: null,
      prompt_cache_key: asked("prompt_cache_key", null),
      reasoning: { effort: isThinking ? this.#prompt.effort : "none", summary: null },
      safety_identifier: asked("safety_identifier", null),
      service_tier: status === "in_progress" ? "auto" : "default",
      store: this.#prompt.stored,
      temperature: asked("temperature", 1),
      text: asked("text", { format: { type: "text" }, verbosity: "medium" }),
      tool_choice: asked("tool_choice", "auto"),
      tools: asked("tools", []),
      top_logprobs: 0,
      top_p: asked("top_p", 1),
      truncation: asked("truncation", "disabled"),
      usage: usage === null ? null : this.#told ? this.#told.usage : usageJson(usage),
      user: null,
      metadata: asked("metadata", {}),
    };
  }
}

const usageJson = (usage: StandinUsage): Json => ({
  input_tokens: usage.inputTokens,
  input_tokens_details: {
    cached_tokens: usage.cachedTokens,
    cache_write_tokens: 0,
    cache_write_tokens_details: { ttl_30m_tokens: 0, ttl_12h_tokens: 0 },
  },
  output_tokens: usage.outputTokens,
  output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  total_tokens: usage.inputTokens + usage.outputTokens,
});
