import type { ErrorBody } from "./openai-errors.ts";
import type { Plan, Prompt } from "./openai-prompt.ts";
import type { MakeId } from "./openai-responses.ts";
import type { AnswerWriter } from "./openai-stream.ts";
import type { StandinUsage } from "./openai-usage.ts";

type Json = Readonly<Record<string, unknown>>;

const OBFUSCATION = "aN7xQ2mZ9";

/**
 * One answer as Chat Completions writes it: the body without `stream`, the chunks with it. Order and fields of the
 * chunks: OpenAI's chat streaming reference and the types of npm openai 7.57.0.
 */
export class ChatWriter implements AnswerWriter {
  readonly #prompt: Prompt;
  readonly #plan: Plan;
  readonly id: string;
  readonly #created: number;
  /** Of the planned parts that are tool calls, in order. */
  readonly #callIds: readonly string[];
  #announced = 0;

  constructor(prompt: Prompt, plan: Plan, nowMs: number, makeId: MakeId) {
    this.#prompt = prompt;
    this.#plan = plan;
    this.id = makeId("chatcmpl").replace("_", "-");
    this.#created = Math.floor(nowMs / 1_000);
    this.#callIds = plan.parts.filter((part) => part.kind === "tool-call").map(() => makeId("call"));
  }

  begin(): string {
    return this.#delta({ role: "assistant", content: this.#hasText() ? "" : null, refusal: null });
  }

  token(part: number, token: string): string {
    if (this.#plan.parts[part]?.kind !== "tool-call") return this.#delta({ content: token });
    const announcing = this.#announceCalls(part);
    return announcing + this.#delta({ tool_calls: [{ index: this.#callIndex(part), function: { arguments: token } }] });
  }

  complete(usage: StandinUsage): string {
    const calls = this.#announceCalls(this.#plan.parts.length - 1);
    const reason = this.#plan.isCut ? "length" : this.#callIds.length > 0 ? "tool_calls" : "stop";
    return calls + this.#finish(reason, usage);
  }

  incomplete(reason: "max_output_tokens" | "content_filter", usage: StandinUsage): string {
    return this.#finish(reason === "max_output_tokens" ? "length" : "content_filter", usage);
  }

  failed({ code, message }: Pick<ErrorBody, "code" | "message">): string {
    return data({ error: { message, type: "server_error", param: null, code } });
  }

  errorEvent(error: ErrorBody): string {
    return data({ error });
  }

  strange(): string {
    return `event: whisper\n${data({ object: "chat.whisper", choices: [], anything: { at: ["all"] } })}`;
  }

  malformed(): string {
    return `data: {"id":"${this.id}","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"con\n\n`;
  }

  oversized(bytes: number): string {
    return this.#delta({ content: "a".repeat(bytes) });
  }

  deep(depth: number): string {
    const nest = "[".repeat(depth) + "]".repeat(depth);
    return `data: {"id":"${this.id}","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":${nest}}}]}\n\n`;
  }

  whole(usage: StandinUsage): object {
    const texts = this.#plan.parts.filter((part) => part.kind === "text");
    const calls = this.#plan.parts.filter((part) => part.kind === "tool-call");
    const tool_calls = calls.map((part, index) => ({
      id: this.#callIds[index],
      type: "function",
      function: { name: part.name, arguments: part.tokens.join("") },
    }));
    const content = texts.flatMap((part) => part.tokens).join("");
    const finish_reason = this.#plan.isCut ? "length" : calls.length > 0 ? "tool_calls" : "stop";
    return {
      ...this.#envelope("chat.completion"),
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: content === "" && calls.length > 0 ? null : content,
            ...(calls.length > 0 ? { tool_calls } : {}),
            refusal: null,
            annotations: [],
          },
          logprobs: null,
          finish_reason,
        },
      ],
      usage: usageJson(usage),
    };
  }

  #hasText(): boolean {
    return this.#plan.parts.length === 0 || this.#plan.parts.some((part) => part.kind === "text");
  }

  #callIndex(part: number): number {
    return this.#plan.parts.slice(0, part).filter((earlier) => earlier.kind === "tool-call").length;
  }

  /** The first fragment of every call up to this part: the only one with id and name. */
  #announceCalls(part: number): string {
    let text = "";
    for (; this.#announced <= part; this.#announced += 1) {
      const planned = this.#plan.parts[this.#announced];
      if (planned?.kind !== "tool-call") continue;
      const index = this.#callIndex(this.#announced);
      const call = {
        index,
        id: this.#callIds[index],
        type: "function",
        function: { name: planned.name, arguments: "" },
      };
      text += this.#delta({ tool_calls: [call] });
      if (planned.twice) text += this.#delta({ tool_calls: [call] });
    }
    return text;
  }

  #finish(finish_reason: string, usage: StandinUsage): string {
    const last = this.#chunk({ choices: [{ index: 0, delta: {}, logprobs: null, finish_reason }] });
    const billed = this.#prompt.includeUsage ? this.#chunk({ choices: [], usage: usageJson(usage) }) : "";
    return `${last}${billed}data: [DONE]\n\n`;
  }

  #delta(delta: Json): string {
    const obfuscation = this.#prompt.includeObfuscation ? { obfuscation: OBFUSCATION } : {};
    return this.#chunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason: null }], ...obfuscation });
  }

  #chunk(fields: Json): string {
    const usage = this.#prompt.includeUsage ? { usage: null } : {};
    return data({ ...this.#envelope("chat.completion.chunk"), ...usage, ...fields });
  }

  #envelope(object: string): Json {
    return {
      id: this.id,
      object,
      created: this.#created,
      model: this.#prompt.model,
      service_tier: "default",
      system_fingerprint: null,
    };
  }
}

const data = (json: Json): string => `data: ${JSON.stringify(json)}\n\n`;

const usageJson = (usage: StandinUsage): Json => ({
  prompt_tokens: usage.inputTokens,
  completion_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  prompt_tokens_details: { cached_tokens: usage.cachedTokens, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: usage.reasoningTokens,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});
