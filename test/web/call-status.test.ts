import { describe, expect, it } from "vitest";
import type { CallMessage } from "../../src/protocol/call-messages.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { type CallView, foldCall, NO_CALL, type ViewChange } from "../../src/web/call-view.ts";
import { hintOf, isShort, lastedMs, statusOf } from "../../src/web/student/call-status.ts";
import { BILL } from "../journeys/page-money.ts";
import { turnMessage } from "./messages.ts";

const DIAL: ViewChange = { type: "dial", hasMicrophone: true };
const START: CallMessage = {
  type: "call-start",
  callId: "c",
  resumed: false,
  keySource: "instructor",
  model: "gpt-realtime",
  voice: "marin",
  startedAtMs: 1_700_000_000_000,
  endsAtMs: 1_700_000_900_000,
  resumeTicket: "r",
  turns: [],
};
const LISTENING: CallMessage = { type: "state", state: "listening" };
const FRAME: ViewChange = { type: "level", levelDbfs: -30 };
const TICK: ViewChange = { type: "tick" };
const told = (message: CallMessage): ViewChange => ({ type: "message", message });

/** Each change at its time; the view at the end. */
const viewAfter = (...steps: readonly (readonly [atMs: number, change: ViewChange])[]): CallView =>
  steps.reduce((view, [atMs, change]) => foldCall(view, change, atMs), NO_CALL);
const live = (...steps: readonly (readonly [atMs: number, change: ViewChange])[]): CallView =>
  viewAfter([0, DIAL], [1_000, told(START)], [1_000, told(LISTENING)], ...steps);

it("BILLJ-27 a sentence about money is whole, and not marked as an answer that is missing or short", () => {
  const whole = [null, "silence", "budget_low", "allowance_used", "own_cap_used", "money_unreachable"];
  expect(whole.filter(isShort)).toEqual([]);
  expect(["upstream_lost", "upstream_timeout", "internal"].map(isShort)).toEqual([true, true, true]);
});

describe("the words above a call", () => {
  it("SCREEN-1 name the tool that is being used", () => {
    const toolCall = { toolCallId: "t", name: "check_orders", arguments: "{}", outcome: "pending" } as const;
    const asked = turnMessage(1, "tool", { toolCall: { ...toolCall, output: null, durationMs: null } });
    const using: CallMessage = { type: "state", state: "using-tool" };
    expect(statusOf(live([2_000, told(asked)], [2_000, told(using)]))).toBe("Using check_orders");
    expect(statusOf(live([2_000, told(using)]))).toBe("Using a tool");
  });

  it("SCREEN-2 warn in the last minute of the longest time, by the page's own clock", () => {
    expect(hintOf(live([840_000, FRAME]))).toBe("");
    expect(hintOf(live([841_500, FRAME]))).toMatch(/^This call may last 60 s more\./);
    expect(hintOf(live([896_000, FRAME]))).toMatch(/^This call may last 5 s more\./);
  });

  it("SCREEN-3 say while muted that the call goes on and can cost", () => {
    const muted = live([2_000, { type: "mute", muted: true }]);
    expect(hintOf(muted)).toBe("The call goes on, and can still cost. End it if you are done.");
    expect(hintOf(foldCall(muted, { type: "mute", muted: false }, 2_500))).toBe("");
  });

  it("SCREEN-4 say that the browser holds the microphone back, and the transcript keeps for how long", () => {
    const stopped = live([2_000, FRAME], [6_100, TICK]);
    expect(hintOf(stopped)).toBe("Paused because your browser stopped the microphone.");
    const back = foldCall(stopped, FRAME, 14_000);
    expect(hintOf(back)).toBe("");
    expect(back.lines).toEqual([{ kind: "gap", seq: 0, cause: "microphone", lostMs: 12_000 }]);
    expect(live([2_000, FRAME], [5_900, FRAME]).lines).toEqual([]);
    const typed = viewAfter([0, { type: "dial", hasMicrophone: false }], [1_000, told(START)], [60_000, TICK]);
    expect(hintOf(typed)).toBe("");
  });

  it("SCREEN-5 count from the call's beginning to its end, over a loss of the connection", () => {
    expect(lastedMs(viewAfter([0, DIAL], [900, TICK]))).toBeNull();
    const resumed = live(
      [10_000, { type: "connection", connection: "reconnecting" }],
      [12_000, { type: "connection", connection: "open" }],
      [12_000, told({ ...START, resumed: true })],
    );
    expect(lastedMs(foldCall(resumed, TICK, 31_000))).toBe(30_000);
    const ended = foldCall(resumed, { type: "hung-up" }, 21_000);
    expect(lastedMs(foldCall(ended, TICK, 99_000))).toBe(20_000);
  });
});

describe("what the page shows of a call besides", () => {
  it("SCREEN-6 a failure that ended the call is told also after its last words, an orderly end tells none", () => {
    const failure: CallMessage = { type: "error", code: "no_credit", error: "No credit." };
    const goodbye = turnMessage(1, "agent", { text: "I'm sorry, there is no credit left. Goodbye." });
    const spoken = live([2_000, told(failure)], [3_000, told(goodbye)]);
    expect(spoken.failure).toBeNull();
    const end = (endReason: "key-failed" | "agent-ended"): CallView =>
      foldCall(spoken, told({ type: "call-end", endReason }), 5_000);
    expect(end("key-failed").failure).toEqual({ code: "no_credit", sentence: "No credit." });
    expect(end("agent-ended").failure).toBeNull();
  });

  it("SCREEN-7 a microphone that hears the loudspeaker is told until that is answered", () => {
    const heard = live([2_000, { type: "echo", isLoud: true }]);
    expect(heard.hearsItself).toBe(true);
    expect(foldCall(heard, { type: "echo", isLoud: false }, 3_000).hearsItself).toBe(false);
    expect(foldCall(heard, { type: "talk-mode", mode: "push-to-talk" }, 3_000).hearsItself).toBe(false);
    expect(foldCall(heard, { type: "hung-up" }, 3_000).hearsItself).toBe(false);
  });

  it("SCREEN-8 a sound that the device has paused is told until it goes on, or the call is over", () => {
    const paused = live([2_000, { type: "sound", isPaused: true }]);
    expect(paused.isSoundPaused).toBe(true);
    expect(foldCall(paused, { type: "sound", isPaused: false }, 3_000).isSoundPaused).toBe(false);
    expect(foldCall(paused, { type: "hung-up" }, 3_000).isSoundPaused).toBe(false);
  });

  it("SCREEN-9 the meter has the tokens and the money so far, and no price is not nothing", () => {
    const usage = { ...NO_USAGE, inputTokens: 12, outputTokens: 3 };
    expect(live().meter).toBeNull();
    const bill = { ...BILL, costMicroUsd: null };
    const view = live([2_000, told({ type: "meter", usage, bill, running: null })]);
    expect(view.meter).toEqual({ usage, bill, running: null });
  });
});
