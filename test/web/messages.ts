import type { TurnMessage } from "../../src/protocol/call-messages.ts";

/** A turn as a call sends it, in which nothing is but what is given. */
export const turnMessage = (
  seq: number,
  speaker: TurnMessage["speaker"],
  more: Partial<TurnMessage> = {},
): TurnMessage => ({
  type: "turn",
  seq,
  speaker,
  startedAtMs: seq,
  text: "",
  heardText: null,
  toolCall: null,
  timings: null,
  usage: null,
  failure: null,
  ...more,
});
