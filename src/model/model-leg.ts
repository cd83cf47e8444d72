import type { Reason } from "../failure.ts";
import { NO_USAGE, type Usage } from "../protocol/call-record.ts";
import type { UsageSource } from "../protocol/charge.ts";

/** One thing the model is told, in our words; a leg turns it into its vendor's form. */
export type HistoryItem =
  | { readonly kind: "caller"; readonly text: string }
  | { readonly kind: "agent"; readonly text: string }
  | { readonly kind: "tool-call"; readonly toolCallId: string; readonly name: string; readonly arguments: string }
  | { readonly kind: "tool-output"; readonly toolCallId: string; readonly output: string }
  /** What a reasoning model wants back unchanged beside its tool calls, within the same turn. Opaque to us. */
  | { readonly kind: "memo"; readonly memo: string };

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

/** What the model's leg tells the call about a response, which ends with exactly one `response-done` or `-failed`. */
export type ModelEvent =
  | { readonly type: "text-delta"; readonly text: string }
  | { readonly type: "tool-call"; readonly toolCallId: string; readonly name: string; readonly arguments: string }
  | { readonly type: "memo"; readonly memo: string }
  /** `cut`: the answer stopped at a limit before the model was through. */
  | {
      readonly type: "response-done";
      readonly usage: Usage;
      /** What OpenAI wrote of it; absent: it was counted by us. */
      readonly source?: UsageSource | undefined;
      readonly cut: boolean;
    }
  | {
      readonly type: "response-failed";
      readonly reason: Reason;
      /** HTTP status, 0 when none arrived. */
      readonly status: number;
      readonly upstreamRequestId: string | null;
      /** Null: it was refused, and is not billed. */
      readonly usage: Usage | null;
      readonly source?: UsageSource | undefined;
    };

/** The model's side of a call. */
export interface ModelLeg {
  /**
   * Asks for one answer. What arrives together is reported together, synchronously with its arrival; after `signal`
   * is aborted nothing is reported any more. Never rejects.
   */
  respond(request: ModelRequest, signal: AbortSignal, onEvents: (events: readonly ModelEvent[]) => void): Promise<void>;
}

/** Four characters of English are about one token (OpenAI's own rule of thumb); a guess at a bill is rather too high. */
const BYTES_PER_TOKEN = 3;

/** Usage of a response that was cut before OpenAI told: counted from the text, rather too high, and marked as estimated. */
export const estimateUsage = (request: ModelRequest, outputText: string): Usage => ({
  ...NO_USAGE,
  responses: 1,
  inputTokens: Math.ceil(requestBytes(request) / BYTES_PER_TOKEN),
  outputTokens: Math.ceil(bytesOf(outputText) / BYTES_PER_TOKEN),
  estimated: true,
});

/** What the model is shown, in bytes of UTF-8: no request has more tokens than that. */
export const requestBytes = ({ instructions, tools, history }: ModelRequest): number =>
  bytesOf(instructions) + bytesOf(JSON.stringify([tools, history]));

const encoder = new TextEncoder();
export const bytesOf = (text: string): number => encoder.encode(text).length;
