import type { TurnMessage } from "../protocol/call-messages.ts";
import { shownToolCall, type TurnRecord } from "../protocol/call-record.ts";

/** A turn as a screen is shown it. */
export function turnMessage({ revision: _, toolCall, ...turn }: TurnRecord): TurnMessage {
  return {
    type: "turn",
    ...turn,
    toolCall: toolCall && shownToolCall(toolCall),
  };
}
