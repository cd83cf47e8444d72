import { describe, expect, it } from "vitest";
import type { CallMessage, TurnMessage } from "../../src/protocol/call-messages.ts";
import { NO_USAGE, type TurnTimings } from "../../src/protocol/call-record.ts";
import { type CallView, foldCall, NO_CALL } from "../../src/web/call-view.ts";
import { receiptOf } from "../../src/web/student/receipt-of.ts";
import { barsOf, median, segmentsOf } from "../../src/web/student/turn-segments.ts";
import { BILL, billOf } from "../journeys/page-money.ts";
import { turnMessage } from "./messages.ts";

const timed = (
  ttftMs: number | null,
  ttfbMs: number | null,
  turnLatencyMs: number | null,
  heardLatencyMs: number | null,
): TurnTimings => ({ ttftMs, ttfbMs, turnLatencyMs, heardLatencyMs, turnMs: 3_000 });

const answer = (seq: number, timings: TurnTimings | null): TurnMessage =>
  turnMessage(seq, "agent", { text: "Four.", timings });

/** As text: name, from, to. */
const segments = (timings: TurnTimings): string[] =>
  segmentsOf(timings).map(({ name, startMs, endMs }) => `${name} ${startMs}-${endMs}`);

function viewAfter(...messages: readonly CallMessage[]): CallView {
  const start: CallMessage = {
    type: "call-start",
    callId: "c",
    resumed: false,
    keySource: "student",
    model: "gpt-realtime",
    voice: "marin",
    startedAtMs: 0,
    endsAtMs: 900_000,
    resumeTicket: "r",
    turns: [],
  };
  const dialled = foldCall(NO_CALL, { type: "dial", hasMicrophone: true }, 0);
  return [start, ...messages].reduce(
    (view, message, at) => foldCall(view, { type: "message", message }, 1_000 * (at + 1)),
    dialled,
  );
}

describe("where the time of a turn goes", () => {
  it("SCREEN-10 is one stretch after the other, from the caller's last word to the caller's ear", () => {
    expect(segments(timed(300, 450, 460, 700))).toEqual([
      "first-word 0-300",
      "first-sound 300-450",
      "sent 450-460",
      "heard 460-700",
    ]);
  });

  it("SCREEN-11 leaves out what nobody measured, and loses no time with it", () => {
    expect(segments(timed(300, null, 320, null))).toEqual(["first-word 0-300", "sent 300-320"]);
    expect(segments(timed(null, null, null, 700))).toEqual(["heard 0-700"]);
    expect(segments(timed(null, null, null, null))).toEqual([]);
    expect(segments(timed(Number.NaN, 200, null, null))).toEqual(["first-sound 0-200"]);
  });

  it("SCREEN-11 takes no time for what came before its forerunner", () => {
    expect(segments(timed(500, 400, 410, 600))).toEqual([
      "first-word 0-500",
      "first-sound 500-500",
      "sent 500-500",
      "heard 500-600",
    ]);
    expect(segments(timed(-20, 100, null, null))).toEqual(["first-word 0-0", "first-sound 0-100"]);
  });

  it("SCREEN-12 has a bar for each turn that was answered and timed, and marks the slowest of several", () => {
    const { lines } = viewAfter(
      answer(1, null),
      turnMessage(2, "caller", { text: "Hi.", timings: timed(1, 1, 1, 1) }),
      answer(3, timed(300, 450, 460, 700)),
      answer(5, timed(900, 950, 960, 1_400)),
    );
    expect(barsOf(lines).map(({ seq, totalMs, isSlowest }) => [seq, totalMs, isSlowest])).toEqual([
      [3, 700, false],
      [5, 1_400, true],
    ]);
    expect(barsOf(lines.slice(0, 3)).map(({ isSlowest }) => isSlowest)).toEqual([false]);
  });

  it("SCREEN-13 has a middle, also of an even number, and none of nothing", () => {
    expect([median([]), median([7]), median([9, 1]), median([5, 100, 1])]).toEqual([null, 7, 5, 5]);
  });
});

describe("the receipt", () => {
  it("SCREEN-14 says how the call ended, how long it was, whose key paid, and what was used", () => {
    const usage = { ...NO_USAGE, inputTokens: 868, inputAudioTokens: 126, outputTokens: 238, outputAudioTokens: 205 };
    const tool = (seq: number): TurnMessage =>
      turnMessage(seq, "tool", {
        toolCall: {
          toolCallId: `t${seq}`,
          name: "roll_dice",
          arguments: "",
          outcome: "ok",
          output: "6",
          durationMs: 4,
        },
      });
    const view = viewAfter(
      turnMessage(1, "caller", { text: "Hi." }),
      tool(2),
      tool(3),
      answer(4, timed(300, 450, 460, 700)),
      answer(5, timed(null, null, 900, null)),
      { type: "meter", usage, bill: billOf("student"), running: null },
    );
    expect(receiptOf(view)).toBeNull();
    const ended = foldCall(view, { type: "message", message: { type: "call-end", endReason: "silence" } }, 65_000);
    expect(receiptOf(ended)).toEqual({
      endReason: "silence",
      durationMs: 64_000,
      keySource: "student",
      model: "gpt-realtime",
      turns: 3,
      usage,
      bill: expect.objectContaining({ total: { microUsd: BILL.costMicroUsd, isWhole: true } }),
      medianMs: 800,
      slowestMs: 900,
      tools: [{ name: "roll_dice", calls: 2 }],
    });
  });

  it("SCREEN-14 is not given for a call that never began", () => {
    const refused = foldCall(NO_CALL, { type: "failed", failure: { code: "no_key", sentence: "No." } }, 10);
    expect(receiptOf(refused)).toBeNull();
  });
});
