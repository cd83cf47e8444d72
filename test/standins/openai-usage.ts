import type { Prompt, PromptItem } from "./openai-prompt.ts";

/** Tokens of one answer. `cachedTokens` are part of the input, `reasoningTokens` part of the output. */
export interface StandinUsage {
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** Four characters of English are about one token (OpenAI's rule of thumb). */
const CHARACTERS_PER_TOKEN = 4;
/** OpenAI caches prompts of 1,024 tokens and more, in steps of 128 (its prompt-caching guide). */
const CACHE_FROM_TOKENS = 1_024;
const CACHE_STEP_TOKENS = 128;

/** All that counts as input: the instructions and then every item, in order. */
export const inputTextOf = (prompt: Prompt): string =>
  [prompt.instructions, ...prompt.items.map(textOf)].filter((text) => text !== "").join("\n");

export const inputTokensOf = (inputText: string): number => Math.ceil(inputText.length / CHARACTERS_PER_TOKEN);

/** What the cache saves of a prompt, given the last one of the same key: the common beginning, in whole steps. */
export function cachedTokensOf(inputText: string, previousText: string): number {
  const shorter = Math.min(inputText.length, previousText.length);
  let common = 0;
  while (common < shorter && inputText.charCodeAt(common) === previousText.charCodeAt(common)) common += 1;
  const tokens = Math.floor(common / CHARACTERS_PER_TOKEN);
  return tokens < CACHE_FROM_TOKENS ? 0 : tokens - (tokens % CACHE_STEP_TOKENS);
}

function textOf(item: PromptItem): string {
  switch (item.kind) {
    case "tool-call":
      return `${item.name}(${item.arguments})`;
    case "tool-output":
      return item.output;
    default:
      return item.text;
  }
}

/** The cached beginning of every key's prompts. */
export class PromptCache {
  readonly #previous = new Map<string, string>();

  /** Counts a prompt and remembers it for the key's next one. */
  count(key: string, prompt: Prompt): { readonly inputTokens: number; readonly cachedTokens: number } {
    const text = inputTextOf(prompt);
    const cachedTokens = cachedTokensOf(text, this.#previous.get(key) ?? "");
    this.#previous.set(key, text);
    return { inputTokens: inputTokensOf(text), cachedTokens };
  }
}
