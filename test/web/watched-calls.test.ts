import { describe, expect, it } from "vitest";
import type { StudentLiveMessage, WatchedCall } from "../../src/protocol/live-messages.ts";
import { lastedMs, statusOf } from "../../src/web/student/call-status.ts";
import { foldWatched, tickWatched, type Watched } from "../../src/web/student/watched-calls.ts";
import { turnMessage } from "./messages.ts";

const FACTS = { announcement: null, paused: false, money: { lent: null, own: null } };
const EPOCH_MS = 1_800_000_000_000;
const phone = (callId: string, agoMs = 0): WatchedCall => ({
  callId,
  wayIn: "media-streams",
  keySource: "student",
  model: "gpt-realtime",
  startedAtMs: EPOCH_MS - agoMs,
});
const said = (callId: string, seq: number, text: string): StudentLiveMessage => ({
  type: "call-messages",
  callId,
  messages: [{ type: "state", state: "speaking" }, turnMessage(seq, "agent", { text })],
});
const over = (callId: string): StudentLiveMessage => ({
  type: "call-messages",
  callId,
  messages: [{ type: "call-end", endReason: "caller-left" }],
});

/** One second between messages; `own` is a call of this page. */
const told = (...messages: readonly StudentLiveMessage[]): readonly Watched[] =>
  messages.reduce<readonly Watched[]>(
    (before, message, at) =>
      foldWatched(before, message, { nowMs: 1_000 * at, sinceEpochMs: EPOCH_MS + 1_000 * at }, (id) => id === "own"),
    [],
  );
/** Which calls there are, how each is, and what was said in it. */
const shown = (calls: readonly Watched[]): string[] =>
  calls.map(
    ({ call, view }) =>
      `${call.callId} ${view.phase}: ${view.lines.map((line) => (line.kind === "turn" ? line.text : line.kind)).join("|")}`,
  );

describe("calls to the agent that are not this page's", () => {
  it("SCREEN-17 are followed word by word, each by itself, to their end", () => {
    const calls = told(
      { type: "live-start", calls: [], ...FACTS },
      { type: "call", call: phone("one") },
      { type: "call", call: phone("two") },
      said("one", 1, "Hello, one."),
      said("two", 1, "Hello, two."),
      said("nobody's", 1, "Hello?"),
      over("one"),
    );
    expect(shown(calls)).toEqual(["one ended: Hello, one.", "two live: Hello, two."]);
    expect(calls.map(({ view }) => statusOf(view))).toEqual(["Call ended", "Speaking"]);
    expect(calls[0]?.view).toMatchObject({ endReason: "caller-left", keySource: "student", hasMicrophone: false });
  });

  it("SCREEN-18 leave out the page's own call, which is shown already", () => {
    expect(told({ type: "call", call: phone("own") }, said("own", 1, "Hello."))).toEqual([]);
    expect(shown(told({ type: "live-start", calls: [phone("own"), phone("one")], ...FACTS }))).toEqual(["one live: "]);
  });

  it("SCREEN-19 that went on when the page came have lasted as long as they have", () => {
    const calls = told({ type: "live-start", calls: [phone("one", 90_000), phone("early", -5_000)], ...FACTS });
    expect(calls.map(({ view }) => lastedMs(view))).toEqual([90_000, 0]);
    const later = tickWatched(calls, 10_000);
    expect(later.map(({ view }) => lastedMs(view))).toEqual([100_000, 10_000]);
  });

  it("SCREEN-20 that ended while no news came are over, and those that go on keep their words", () => {
    const calls = told(
      { type: "live-start", calls: [phone("one"), phone("two")], ...FACTS },
      said("two", 1, "Still here."),
      { type: "live-start", calls: [phone("two")], ...FACTS },
      { type: "call", call: phone("two") },
    );
    expect(shown(calls)).toEqual(["one ended: ", "two live: Still here."]);
    expect(tickWatched(calls, 99_000)[0]).toEqual(calls[0]);
  });

  it("SCREEN-20 that are over make room for the next one", () => {
    const calls = told({ type: "call", call: phone("one") }, over("one"), { type: "call", call: phone("two") });
    expect(shown(calls)).toEqual(["two live: "]);
    expect(tickWatched(told({ type: "call", call: phone("one") }, over("one")), 5_000)).toHaveLength(1);
  });

  it("SCREEN-20 are not changed by other news", () => {
    const calls = told({ type: "call", call: phone("one") });
    const time = { nowMs: 5_000, sinceEpochMs: EPOCH_MS };
    expect(foldWatched(calls, { type: "workshop", ...FACTS }, time, () => false)).toBe(calls);
    expect(foldWatched(calls, { type: "me-changed", by: "instructor" }, time, () => false)).toBe(calls);
  });
});
