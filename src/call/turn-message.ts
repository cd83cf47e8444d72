import type { TurnMessage } from "../protocol/call-messages.ts";
import type { TurnRecord } from "../protocol/call-record.ts";

/** A turn as a screen is shown it: without what only the receiver of a webhook needs. */
export function turnMessage({ revision: _, toolCall, ...turn }: TurnRecord): TurnMessage {
  return {
    type: "turn",
    ...turn,
    toolCall: toolCall && {
      toolCallId: toolCall.toolCallId,
      name: toolCall.name,
      arguments: toolCall.arguments,
      outcome: toolCall.outcome,
      output: toolCall.output,
      durationMs: toolCall.durationMs,
    },
  };
}
