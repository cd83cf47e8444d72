import { describe, expect, it } from "vitest";
import type { TurnMessage } from "../../src/protocol/call-messages.ts";
import type { ArchivedCall } from "../../src/web/student/call-record-view.ts";
import { receiptOf } from "../../src/web/student/receipt-of.ts";
import { advanced, callMsAt, lastViewOf, pauseAt, playerOf, replayOf, stepFrom } from "../../src/web/student/replay.ts";
import { BILL } from "../journeys/page-money.ts";
import {
  CALL,
  CALL_REPLY,
  CONVERSATION,
  STARTED_AT_MS,
  TIMINGS,
  tool,
  turn,
  turnViews,
} from "../journeys/page-world.ts";

/** Turns at so many milliseconds after the beginning of the call. */
function archived(turns: readonly (readonly [atMs: number, turn: TurnMessage])[], call = CALL): ArchivedCall {
  const views = turnViews(turns.map(([atMs, it]) => ({ ...it, startedAtMs: STARTED_AT_MS + atMs })));
  return { call, turns: views, bill: BILL, repriced: [] };
}

const TALK = archived([
  [0, turn(1, "agent", "Hello!")],
  [2_000, turn(2, "caller", "Is my order ready?")],
  [5_000, tool(3, "ok")],
  [
    5_100,
    { ...turn(4, "agent", "Yes, it is. Shall I read it to you now?"), heardText: "Yes, it is.", timings: TIMINGS },
  ],
  [6_500, turn(5, "caller", "Stop.")],
  [30_000, { ...turn(6, "agent", "Goodbye!"), timings: TIMINGS }],
]);

describe("a replay", () => {
  const replay = replayOf(TALK);
  const at = playerOf(replay);
  /** The last line, when the call has lasted so long. */
  const lineAt = (callMs: number) => at(positionOf(callMs)).lines.at(-1);
  const positionOf = (callMs: number): number => {
    const later = replay.events.find((event) => event.callMs > callMs);
    return later ? later.atMs - 0.001 : replay.durationMs;
  };

  it("HISTORY-2 shows at each moment what the screen showed, in the words of its state", () => {
    expect(at(0).phase).toBe("live");
    expect(lineAt(2_100)).toMatchObject({ speaker: "caller", text: "", isFinal: false });
    expect(at(positionOf(2_100)).state).toBe("listening");
    expect(lineAt(4_999)).toMatchObject({ speaker: "caller", text: "Is my order ready?" });
    expect(lineAt(5_010)).toMatchObject({ kind: "tool", name: "check_orders", outcome: "pending", output: null });
    expect(at(positionOf(5_010)).state).toBe("using-tool");
    expect(at(positionOf(5_088)).lines).toContainEqual(expect.objectContaining({ kind: "tool", outcome: "ok" }));
    expect(lineAt(5_400)).toMatchObject({ speaker: "agent", text: "", notHeard: "" });
    expect(lineAt(5_400)).toHaveProperty("interim", expect.stringMatching(/^Yes,/));
    expect(at(positionOf(5_400)).state).toBe("speaking");
  });

  it("HISTORY-2 what was not heard is struck out when the caller breaks in, and not before", () => {
    expect(lineAt(6_490)).toMatchObject({ seq: 4, notHeard: "" });
    expect(at(positionOf(6_600)).lines).toContainEqual(
      expect.objectContaining({ seq: 4, text: "Yes, it is.", notHeard: " Shall I read it to you now?" }),
    );
  });

  it("HISTORY-2 ends with the whole call, as it is listed", () => {
    const last = at(replay.durationMs);
    expect(last).toMatchObject({ phase: "ended", endReason: "caller-left", keySource: "instructor" });
    expect(last.lines).toEqual(lastViewOf(TALK).lines);
    expect(receiptOf(last)).toEqual(receiptOf(lastViewOf(TALK)));
    expect(receiptOf(last)).toMatchObject({ durationMs: 42_000, bill: { total: { microUsd: BILL.costMicroUsd } } });
  });

  it("HISTORY-2 a call from before there were bills has its tokens and no money", () => {
    const receipt = receiptOf(lastViewOf({ ...TALK, bill: null }));
    expect(receipt).toMatchObject({ usage: CALL.usage, bill: null });
  });

  it("HISTORY-3 the same position shows the same, whatever was looked at before", () => {
    const positions = Array.from({ length: 60 }, (_, step) => (step * 7_919) % replay.durationMs);
    for (const positionMs of positions) expect(at(positionMs)).toEqual(playerOf(replay)(positionMs));
  });

  it("HISTORY-3 goes on by the time that is watched, as fast as asked, to its end and no further", () => {
    expect(advanced(replay, 1_000, 100, 4)).toBe(1_400);
    expect(advanced(replay, 1_000, 1_000_000, 16)).toBe(replay.durationMs);
  });

  it("HISTORY-3 a step goes to where the next turn begins, or the one before", () => {
    const second = stepFrom(replay, 0, 1);
    expect(at(second).lines.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(callMsAt(replay, second)).toBe(2_000);
    expect(stepFrom(replay, second, 1)).toBe(5_000);
    expect(stepFrom(replay, second, -1)).toBe(0);
    expect(stepFrom(replay, replay.durationMs, 1)).toBe(replay.durationMs);
  });

  it("HISTORY-4 a silence over five seconds takes one, says how long it was, and the call's clock runs on", () => {
    expect(replay.pauses.map(({ fromMs, toMs }) => toMs - fromMs)).toEqual([1_000, 1_000]);
    const [pause] = replay.pauses;
    if (!pause) throw new Error("nobody was silent");
    expect(pause.callMs).toBeGreaterThan(20_000);
    expect(pauseAt(replay, pause.fromMs + 500)).toBe(pause);
    expect(pauseAt(replay, pause.toMs)).toBeUndefined();
    expect(callMsAt(replay, pause.fromMs + 500)).toBeCloseTo(callMsAt(replay, pause.fromMs) + pause.callMs / 2);
    expect(callMsAt(replay, replay.durationMs)).toBe(42_000);
    expect(replay.durationMs).toBeLessThan(15_000);
  });

  it("HISTORY-4 a silence of five seconds is kept", () => {
    const quiet = archived([
      [0, turn(1, "caller", "a")],
      [5_999, turn(2, "caller", "b")],
    ]);
    const typed = { ...quiet, call: { ...CALL, transcriptionModel: null, endedAt: null } };
    expect(replayOf(typed).pauses.map(({ callMs }) => callMs)).toEqual([5_999]);
    const shorter = { ...typed, turns: turnViews([{ ...turn(1, "caller", "a"), startedAtMs: STARTED_AT_MS + 5_000 }]) };
    expect(replayOf(shorter)).toMatchObject({ pauses: [], durationMs: 5_000 });
  });

  it("HISTORY-2 of typed words there is no waiting for a transcript", () => {
    const typed = { ...TALK, call: { ...CALL, transcriptionModel: null } };
    const player = playerOf(replayOf(typed));
    expect(player(2_000).lines.at(-1)).toMatchObject({ speaker: "caller", text: "Is my order ready?" });
  });

  it("HISTORY-2 a call without turns, one that has not ended and clocks that disagree are replayed too", () => {
    expect(replayOf(archived([]))).toMatchObject({ durationMs: 1_000 });
    const open = replayOf(archived([[0, turn(1, "agent", "Hi")]], { ...CALL, endedAt: null, endReason: null }));
    expect(playerOf(open)(open.durationMs)).toMatchObject({ phase: "ended", endReason: null });
    const early = archived([
      [-500, turn(1, "agent", "Hi")],
      [-900, turn(2, "caller", "Hello")],
    ]);
    const times = replayOf(early).events.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(times[0]).toBe(0);
  });

  it("HISTORY-2 the words of every turn come in their order and none is lost", () => {
    const events = replayOf(CALL_REPLY).events.map(({ change }) => change);
    for (const { seq, text, timings } of CONVERSATION.filter((it) => it.speaker === "agent")) {
      const deltas = events.flatMap((change) =>
        change.type === "message" && change.message.type === "caption" && change.message.seq === seq
          ? [change.message.delta]
          : [],
      );
      expect(deltas.join("")).toBe(timings ? text : "");
    }
  });
});
