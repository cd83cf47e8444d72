import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { NO_SPEND } from "../../src/protocol/rest-workshop.ts";
import { isOpen } from "../../src/workshop/dates.ts";
import { isStale, mayEnter, Roster } from "../../src/workshop/roster.ts";
import { LiveCall, Seat } from "../../src/workshop/seat.ts";
import { callId, entry, seeded, status, studentId, summary, token } from "./class.ts";

const places = (count: number, studentOf: (call: number) => number) =>
  Array.from({ length: count }, (_, call) => entry(call, studentOf(call)));

describe("the roster", () => {
  it("ROSTER-1 lets a student into so many calls at once", () => {
    const calls = places(LIMITS.callsPerStudent, () => 1);
    expect(mayEnter(calls.slice(1), entry(99, 1), 60)).toBe(true);
    expect(mayEnter(calls, entry(99, 1), 60)).toBe(false);
    expect(mayEnter(calls, entry(99, 2), 60)).toBe(true);
  });

  it("ROSTER-2 lets a class have so many", () => {
    const calls = places(60, (call) => call);
    expect(mayEnter(calls, entry(99, 99), 60)).toBe(false);
    expect(mayEnter(calls.slice(1), entry(99, 99), 60)).toBe(true);
  });

  it("ROSTER-3 knows a call that asks again", () => {
    expect(
      mayEnter(
        places(2, () => 1),
        entry(1, 1),
        2,
      ),
    ).toBe(true);
  });

  it("ROSTER-4 forgets a call that never said it had ended", () => {
    expect(isStale({ enteredAtMs: 0 }, LIMITS.callMaxMs)).toBe(false);
    expect(isStale({ enteredAtMs: 0 }, LIMITS.callMaxMs + 5 * 60_000 + 1)).toBe(true);
    const roster = new Roster();
    roster.enter(entry(1, 1), 0);
    roster.enter(entry(2, 2), 60_000);
    roster.dropStale(LIMITS.callMaxMs + 5 * 60_000 + 1);
    expect(roster.calls.map((call) => call.callId)).toEqual([callId(2)]);
  });

  it("ROSTER-6 knows which calls with sound may give way: those whose caller has not come, oldest first", () => {
    const roster = new Roster();
    roster.enter(entry(1, 1, { wayIn: "browser" }), 20);
    roster.enter(entry(2, 1, { wayIn: "browser" }), 10);
    roster.enter(entry(3, 1), 5);
    roster.enter(entry(4, 2, { wayIn: "browser" }), 1);
    expect(roster.mayGiveWay(entry(5, 1)).map((call) => call.callId)).toEqual([callId(2), callId(1)]);
    expect([roster.join(callId(2)), roster.join(callId(2)), roster.join(callId(9))]).toEqual([true, false, false]);
    expect(roster.mayGiveWay(entry(5, 1)).map((call) => call.callId)).toEqual([callId(1)]);
  });
});

describe("a student's place on the wall", () => {
  it("ROSTER-8 shows a call that goes on, and nothing of one that nobody has come to", () => {
    const roster = new Roster();
    roster.enter(entry(1, 1, { wayIn: "browser", keySource: "instructor" }), 5_000);
    expect(roster.onWall(studentId(1), false)).toMatchObject({ calls: [], lastSeenAtMs: 5_000, online: false });
    roster.join(callId(1));
    const moneyOf = () => ({ lentMicroUsd: 5, heldMicroUsd: 2 });
    expect(roster.onWall(studentId(1), true, moneyOf)).toEqual({
      ...moneyOf(),
      studentId: studentId(1),
      name: "Student 1",
      keyStatus: null,
      online: true,
      lastSeenAtMs: 5_000,
      calls: [
        { callId: callId(1), wayIn: "browser", keySource: "instructor", state: "connecting", startedAtMs: 1_000 },
      ],
      lastCall: null,
      failuresInARow: 0,
      turnCount: 0,
      latenciesMs: [],
      spend: { student: NO_SPEND, instructor: NO_SPEND },
    });
    roster.report(callId(1), status({ state: "speaking", keySource: "student", costMicroUsd: 7 }), 6_000);
    expect(roster.onWall(studentId(1), true)).toMatchObject({
      lastSeenAtMs: 6_000,
      calls: [{ state: "speaking", keySource: "student" }],
      turnCount: 2,
      latenciesMs: [300],
      spend: {
        student: { calls: 1, ms: 0, inputTokens: 100, outputTokens: 10, costMicroUsd: 7 },
        instructor: NO_SPEND,
      },
    });
  });

  it("ROSTER-9 counts a call that has ended once, for who paid, however often it is told", () => {
    const roster = new Roster();
    roster.enter(entry(1, 1), 1_000);
    roster.report(callId(1), status(), 2_000);
    const last = summary({ turnCount: 4, inputTokens: 150, outputTokens: 30, latenciesMs: [300, 400] });
    roster.leave(entry(1, 1), last);
    roster.leave(entry(1, 1), last);
    expect(roster.onWall(studentId(1), false)).toMatchObject({
      calls: [],
      lastCall: { wayIn: "conversation-relay", endedAtMs: 61_000, endReason: "caller-left", failure: null },
      turnCount: 4,
      latenciesMs: [300, 400],
      spend: {
        student: { calls: 1, ms: 60_000, inputTokens: 150, outputTokens: 30, costMicroUsd: null },
        instructor: NO_SPEND,
      },
    });
    roster.enter(entry(2, 1, { keySource: "instructor" }), 1_000);
    roster.leave(entry(2, 1), summary({ keySource: "instructor", costMicroUsd: 40 }));
    expect(roster.onWall(studentId(1), false)?.spend.instructor).toEqual({
      calls: 1,
      ms: 60_000,
      inputTokens: 100,
      outputTokens: 10,
      costMicroUsd: 40,
    });
  });

  it("ROSTER-9 leaves out a call that nobody ever came to", () => {
    const roster = new Roster();
    roster.enter(entry(1, 1, { wayIn: "browser" }), 1_000);
    roster.leave(entry(1, 1), null);
    expect(roster.calls).toEqual([]);
    expect(roster.onWall(studentId(1), false)).toMatchObject({ lastCall: null, spend: { student: NO_SPEND } });
  });

  it("ROSTER-10 counts what failed one after the other, until a call goes well", () => {
    const roster = new Roster();
    roster.know({ studentId: studentId(1), sessionToken: token(1), name: "Ada", keyStatus: "connected" });
    const inARow = (call: number, failure: string | null): number | undefined => {
      // Refused at the door or ended in the middle: the student is as stuck.
      if (call % 2 === 0) roster.enter(entry(call, 1), 1_000);
      roster.leave(entry(call, 1), summary({ failure, endReason: failure === null ? "caller-left" : "refused" }));
      return roster.onWall(studentId(1), false)?.failuresInARow;
    };
    expect(inARow(1, "too_many_calls")).toBe(1);
    expect(inARow(2, "upstream_timeout")).toBe(2);
    expect(roster.onWall(studentId(1), false)?.lastCall).toMatchObject({ failure: "upstream_timeout" });
    expect(inARow(3, "key_rejected")).toBe(3);
    expect(inARow(4, null)).toBe(0);
  });

  it("ROSTER-18 what the instructor ended or paused is no failure of the student's", () => {
    const roster = new Roster();
    roster.know({ studentId: studentId(1), sessionToken: token(1), name: "Ada", keyStatus: "connected" });
    const stops = [
      ["revoked", "revoked"],
      ["workshop_paused", "paused"],
      ["workshop_paused", "refused"],
    ] as const;
    for (const [at, [failure, endReason]] of stops.entries()) {
      roster.enter(entry(at, 1), 1_000);
      roster.leave(entry(at, 1), summary({ failure, endReason }));
      expect(roster.onWall(studentId(1), false)).toMatchObject({ failuresInARow: 0, lastCall: { failure } });
    }
  });

  it("ROSTER-11 shows what OpenAI thought of the student's own key in a call, and not of the instructor's", () => {
    const roster = new Roster();
    roster.know({ studentId: studentId(1), sessionToken: token(1), name: "Ada", keyStatus: "connected" });
    const keyAfter = (call: number, failure: string, keySource: "student" | "instructor") => {
      roster.leave(entry(call, 1), summary({ failure, keySource }));
      return roster.onWall(studentId(1), false)?.keyStatus;
    };
    expect(keyAfter(1, "key_rejected", "instructor")).toBe("connected");
    expect(keyAfter(2, "upstream_timeout", "student")).toBe("connected");
    expect(keyAfter(3, "no_credit", "student")).toBe("no_credit");
    expect(keyAfter(4, "key_unreadable", "student")).toBe("unreadable");
  });

  it("ROSTER-12 keeps the latencies of the last turns, of calls that ended and of those that go on", () => {
    const roster = new Roster();
    const many = Array.from({ length: 10 }, (_, at) => at);
    roster.enter(entry(1, 1), 0);
    roster.leave(entry(1, 1), summary({ latenciesMs: many }));
    roster.enter(entry(2, 1), 0);
    roster.report(callId(2), status({ latenciesMs: [100, 101, 102, 103] }), 0);
    const { latenciesMs } = roster.onWall(studentId(1), false) ?? {};
    expect(latenciesMs).toEqual([...many.slice(2), 100, 101, 102, 103]);
    expect(latenciesMs).toHaveLength(LIMITS.wallLatencies);
  });
});

describe("what Postgres knows of a class", () => {
  const spent = { calls: 3, ms: 9_000, inputTokens: 1_000, outputTokens: 100, costMicroUsd: null };
  const archived = seeded(1, { turnCount: 20, spend: { student: spent, instructor: NO_SPEND } });

  it("ROSTER-13 is where the wall begins: everybody is there, and who is in nobody's rows is gone", () => {
    const roster = new Roster();
    roster.enter(entry(1, 7), 0);
    roster.leave(entry(1, 7), summary());
    const lastCall = { wayIn: "browser", keySource: "instructor", startedAtMs: 5, endReason: "silence" } as const;
    roster.seed([archived, seeded(2, { lastCall, keyStatus: null })], true);
    expect(roster.studentIds.toSorted()).toEqual([studentId(1), studentId(2)]);
    expect(roster.onWall(studentId(1), false)).toMatchObject({ turnCount: 20, spend: { student: spent } });
    expect(roster.onWall(studentId(2), false)?.lastCall).toEqual({
      wayIn: "browser",
      keySource: "instructor",
      endedAtMs: 5,
      endReason: "silence",
      failure: null,
    });
  });

  it("ROSTER-17 keeps who is here and has joined since Postgres was asked", () => {
    const roster = new Roster();
    for (const number of [2, 3]) {
      roster.know({ studentId: studentId(number), sessionToken: token(number), name: "New", keyStatus: null });
    }
    roster.seed([archived], true, (id) => id === studentId(2));
    expect(roster.studentIds.toSorted()).toEqual([studentId(1), studentId(2)]);
    expect(roster.onWall(studentId(2), true)).toMatchObject({ name: "New", online: true });
  });

  it("ROSTER-14 holds some of a call that goes on already, which is not counted twice", () => {
    const roster = new Roster();
    roster.enter(entry(1, 1), 0);
    roster.seed([archived], true);
    roster.report(callId(1), status({ turnCount: 2, inputTokens: 100, outputTokens: 10 }), 0);
    expect(roster.onWall(studentId(1), false)).toMatchObject({ turnCount: 20, spend: { student: { calls: 3 } } });
    roster.report(callId(1), status({ turnCount: 4, inputTokens: 180, outputTokens: 30 }), 0);
    expect(roster.onWall(studentId(1), false)).toMatchObject({
      turnCount: 22,
      spend: { student: { calls: 3, inputTokens: 1_080, outputTokens: 120 } },
    });
    roster.leave(entry(1, 1), summary({ turnCount: 5, inputTokens: 200, outputTokens: 35 }));
    expect(roster.onWall(studentId(1), false)).toMatchObject({
      turnCount: 23,
      spend: { student: { calls: 3, ms: 69_000, inputTokens: 1_100, outputTokens: 125 } },
    });
  });

  it("ROSTER-14 changes no sum that is counted here already", () => {
    const roster = new Roster();
    roster.seed([archived], true);
    roster.enter(entry(1, 1), 0);
    roster.leave(entry(1, 1), summary({ costMicroUsd: null }));
    const before = roster.onWall(studentId(1), false);
    roster.seed([{ ...archived, name: "Ada" }, seeded(2, { turnCount: 4 })], false);
    expect(roster.onWall(studentId(1), false)).toEqual({ ...before, name: "Ada" });
    expect(roster.onWall(studentId(2), false)?.turnCount).toBe(4);
  });
});

describe("a class that is kept", () => {
  it("ROSTER-15 brings nothing of an erased student back, whatever of theirs comes late", () => {
    const roster = new Roster();
    roster.enter(entry(1, 1), 0);
    roster.takeChanges();
    expect(roster.forget(token(1))).toBe(studentId(1));
    roster.report(callId(1), status(), 0);
    roster.leave(entry(1, 1), summary());
    expect([roster.calls, roster.studentIds]).toEqual([[], []]);
    expect(roster.onWall(studentId(1), true)).toBeUndefined();
    expect(roster.takeChanges()).toMatchObject({
      seats: new Set([studentId(1)]),
      calls: new Set([callId(1)]),
      statuses: new Set(),
    });
  });

  it("ROSTER-16 goes on where it was when it is read back as it was written", () => {
    const roster = new Roster();
    roster.seed([seeded(1)], true);
    roster.enter(entry(1, 1), 5);
    roster.report(callId(1), status(), 6);
    roster.enter(entry(2, 2, { wayIn: "browser" }), 7);
    roster.leave(entry(3, 1), summary({ failure: "upstream_lost" }));
    const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    const again = new Roster(
      roster.studentIds.map((id) => Seat.parse(json(roster.seat(id)))),
      roster.calls.map((call) => LiveCall.parse(json(call))),
    );
    for (const id of [studentId(1), studentId(2)]) expect(again.onWall(id, true)).toEqual(roster.onWall(id, true));
    expect(again.mayGiveWay(entry(4, 2))).toEqual(roster.mayGiveWay(entry(4, 2)));
  });
});

describe("a workshop's dates", () => {
  it("ROSTER-5 bound it where they are set", () => {
    expect(isOpen({ opensAtMs: null, closesAtMs: null, closing: null }, 5)).toBe(true);
    expect(isOpen({ opensAtMs: 6, closesAtMs: null, closing: null }, 5)).toBe(false);
    expect(isOpen({ opensAtMs: 5, closesAtMs: 6, closing: null }, 5)).toBe(true);
    expect(isOpen({ opensAtMs: null, closesAtMs: 5, closing: null }, 5)).toBe(false);
  });
});
