import { describe, expect, it } from "vitest";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { parseCallMessage } from "../../src/protocol/read-call-message.ts";
import { BILL, BUDGET, RUNNING } from "./bills.ts";

const TURN = {
  type: "turn",
  seq: 1,
  speaker: "tool",
  startedAtMs: 5,
  text: "dice",
  heardText: null,
  toolCall: { toolCallId: "c", name: "dice", arguments: "{}", outcome: "ok", output: "4", durationMs: 3 },
  timings: { ttftMs: 1, ttfbMs: null, turnLatencyMs: 2, heardLatencyMs: null, turnMs: 9 },
  usage: { ...NO_USAGE, responses: 1 },
  failure: null,
};
const read = (message: object): unknown => parseCallMessage(JSON.stringify(message));

describe("a message of the call", () => {
  it("WIRE-108 is read to its last field, and unknown fields do not get in", () => {
    expect(read({ ...TURN, secret: 1, toolCall: { ...TURN.toolCall, webhookId: "msg_1" } })).toEqual(TURN);
    const meter = { type: "meter", usage: NO_USAGE, bill: BILL, running: RUNNING };
    expect(read({ ...meter, costMicroUsd: 5, running: { ...RUNNING, secret: 1 } })).toEqual(meter);
    expect(read({ ...meter, running: null })).toEqual({ ...meter, running: null });
    expect(read({ type: "budget", budget: { ...BUDGET, secret: 1 } })).toEqual({ type: "budget", budget: BUDGET });
  });

  it.each([
    ["a field missing", { ...TURN, text: undefined }],
    ["a speaker nobody knows", { ...TURN, speaker: "bot" }],
    ["a time that is words", { ...TURN, timings: { ...TURN.timings, turnMs: "9" } }],
    ["usage with a hole", { ...TURN, usage: { responses: 1 } }],
    ["a tool call with another outcome", { ...TURN, toolCall: { ...TURN.toolCall, outcome: "maybe" } }],
    ["an end for no reason of ours", { type: "call-end", endReason: "boredom" }],
    ["a type of tomorrow", { type: "hologram" }],
    [
      "a bill without its lines",
      { type: "meter", usage: NO_USAGE, bill: { ...BILL, lines: undefined }, running: null },
    ],
    ["a cost that is words", { type: "meter", usage: NO_USAGE, bill: { ...BILL, costMicroUsd: "5" }, running: null }],
    ["a limit that is nobody's", { type: "budget", budget: { ...BUDGET, of: "moon" } }],
    ["a list", []],
  ])("WIRE-109 is passed over with %s", (_what, message) => {
    expect(read(message)).toBeUndefined();
  });

  it("WIRE-109 is passed over when it is no JSON", () => {
    expect(parseCallMessage("{")).toBeUndefined();
  });
});
