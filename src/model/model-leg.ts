import type { Reason } from "../failure.ts";

/** One thing the model is told, in our words; a leg turns it into its vendor's form. */
export type HistoryItem =
  | { readonly kind: "caller"; readonly text: string }
  | { readonly kind: "agent"; readonly text: string }
  | { readonly kind: "tool-call"; readonly toolCallId: string; readonly name: string; readonly arguments: string }
  | { readonly kind: "tool-output"; readonly toolCallId: string; readonly output: string };

/** Tokens of one response. `estimated`: the stream was cut before OpenAI told, so counted by us from the text. */
export interface ModelUsage {
  readonly model: string;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly estimated: boolean;
}

export interface ModelTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** One answer asked for. */
export interface ModelRequest {
  readonly instructions: string;
  readonly history: readonly HistoryItem[];
  readonly tools: readonly ModelTool[];
}

/** What the model's leg tells the call about a response. A response ends with exactly one `done` or `failed`. */
export type ModelEvent =
  /** Text that arrived together; goes out together. */
  | { readonly type: "text-delta"; readonly text: string }
  | { readonly type: "tool-call"; readonly toolCallId: string; readonly name: string; readonly arguments: string }
  | { readonly type: "response-done"; readonly usage: ModelUsage; readonly cut: boolean }
  | { readonly type: "response-failed"; readonly reason: Reason; readonly usage: ModelUsage | undefined };

/** The model's side of a call. */
export interface ModelLeg {
  /**
   * Asks for one answer and reports it through `onEvent`, synchronously as bytes arrive. Never throws; nothing is
   * reported any more after `signal` aborted, and the usage of an aborted response is the returned promise's value.
   */
  respond(
    request: ModelRequest,
    signal: AbortSignal,
    onEvent: (event: ModelEvent) => void,
  ): Promise<ModelUsage | undefined>;
}
