import type { Effort } from "./openai-models.ts";

/** A request of either endpoint, read and found valid, in words of our own. */
export interface Prompt {
  readonly model: string;
  readonly instructions: string;
  readonly items: readonly PromptItem[];
  readonly tools: readonly PromptTool[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  readonly maxOutputTokens: number | null;
  readonly effort: Effort;
  readonly stream: boolean;
  /** Chat Completions sends no usage with a stream unless asked; Responses always does. */
  readonly includeUsage: boolean;
  readonly includeObfuscation: boolean;
  /** Whether the reasoning item comes with its `encrypted_content`, to be given back in the next request. */
  readonly includeReasoning: boolean;
  /** Whether OpenAI would keep the answer: `store` was not false (Responses), or was true (Chat Completions). */
  readonly stored: boolean;
}

export type PromptItem =
  | { readonly kind: "user" | "agent" | "system"; readonly text: string }
  | { readonly kind: "tool-call"; readonly callId: string; readonly name: string; readonly arguments: string }
  | { readonly kind: "tool-output"; readonly callId: string; readonly output: string };

export interface PromptTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type ToolChoice = "auto" | "none" | "required" | { readonly name: string };

/** What the brain, or a script, wants answered. */
export interface Answer {
  readonly text: string;
  /** As the answer is to be split; the text is split into words when absent. */
  readonly tokens?: readonly string[] | undefined;
  readonly toolCalls: readonly { readonly name: string; readonly arguments: string }[];
  /** Each finished call is announced twice, as a faulty proxy does. */
  readonly duplicated?: boolean;
}

/** An answer cut into what is sent, one token after the other. */
export interface Plan {
  readonly reasoningTokens: number;
  readonly parts: readonly PlanPart[];
  /** The answer ended at `maxOutputTokens`. */
  readonly isCut: boolean;
}

export type PlanPart =
  | { readonly kind: "text"; readonly tokens: readonly string[] }
  | { readonly kind: "tool-call"; readonly name: string; readonly tokens: readonly string[]; readonly twice: boolean };

export const tokenCountOf = (plan: Plan): number => plan.parts.reduce((sum, part) => sum + part.tokens.length, 0);

/**
 * Text as it is streamed: words with the space before them, longer ones in pieces of eight characters. Nothing is
 * lost: the tokens joined are the text. No token splits a character.
 */
export const tokensOf = (text: string): string[] => text.match(/\s*[^\s]{1,8}|\s+/gu) ?? [];

/** Cuts an answer into tokens and ends it at the cap, which counts hidden reasoning too. */
export function planAnswer(answer: Answer, reasoningTokens: number, maxOutputTokens: number | null): Plan {
  const textTokens = answer.tokens ?? tokensOf(answer.text);
  const parts: PlanPart[] = textTokens.length === 0 ? [] : [{ kind: "text", tokens: textTokens }];
  for (const call of answer.toolCalls) {
    parts.push({
      kind: "tool-call",
      name: call.name,
      tokens: tokensOf(call.arguments),
      twice: answer.duplicated === true,
    });
  }
  // An empty answer is still a message, as it is at OpenAI.
  if (parts.length === 0) parts.push({ kind: "text", tokens: [] });
  const cap = maxOutputTokens ?? Number.POSITIVE_INFINITY;
  if (reasoningTokens >= cap) return { reasoningTokens: cap, parts: [], isCut: true };
  const kept: PlanPart[] = [];
  let left = cap - reasoningTokens;
  for (const part of parts) {
    if (part.tokens.length > left) {
      if (left > 0) kept.push({ ...part, tokens: part.tokens.slice(0, left) });
      return { reasoningTokens, parts: kept, isCut: true };
    }
    kept.push(part);
    left -= part.tokens.length;
  }
  return { reasoningTokens, parts: kept, isCut: false };
}
