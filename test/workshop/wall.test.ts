import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { Roster } from "../../src/workshop/roster.ts";
import { Wall, type WallMessage } from "../../src/workshop/wall.ts";
import { ManualClock } from "../standins/clock.ts";
import { callId, entry, seeded, status, studentId } from "./class.ts";

/** A wall that is told of the roster as the object tells it. */
function hung(roster: Roster) {
  const clock = new ManualClock(1_000_000);
  const told: WallMessage[] = [];
  const wall = new Wall({
    nowMs: clock.now,
    startTimer: clock.startTimer,
    studentOf: (id) => roster.onWall(id, false),
    tell: (message) => told.push(message),
  });
  const tell = (): void => {
    const { seats, statuses } = roster.takeChanges();
    for (const id of seats) wall.change(id);
    for (const call of statuses) wall.change(roster.call(call)?.studentId ?? studentId(0));
  };
  return { clock, told, tell };
}

describe("the wall", () => {
  it("LIVE-1 makes few messages of a burst of 200 students with ten updates each, and none of them is lost", () => {
    const roster = new Roster();
    const students = Array.from({ length: 200 }, (_, student) => student);
    for (const student of students) roster.enter(entry(student, student), 0);
    roster.takeChanges();
    const { clock, told, tell } = hung(roster);
    for (let update = 1; update <= 10; update += 1) {
      for (const student of students) {
        roster.report(callId(student), status({ turnCount: update }), clock.now());
        tell();
        clock.advance(0.5);
      }
    }
    clock.advance(LIMITS.wallPaceMs);
    // A second of updates, 2,000 of them: one message at once, then one for each quarter of a second.
    expect(told).toHaveLength(5);
    const seen = new Map(told.flatMap((message) => message.students.map((student) => [student.studentId, student])));
    expect(seen.size).toBe(200);
    expect([...seen.values()].every(({ turnCount }) => turnCount === 10)).toBe(true);
    expect(told.slice(1).map(({ nowMs }, at) => nowMs - (told[at]?.nowMs ?? 0))).toEqual([250, 250, 250, 250]);
  });

  it("LIVE-2 tells at once, then so much later at the soonest", () => {
    const roster = new Roster();
    const { clock, told, tell } = hung(roster);
    roster.enter(entry(1, 1), clock.now());
    tell();
    clock.advance(0);
    expect(told.map(({ nowMs }) => nowMs - 1_000_000)).toEqual([0]);
    clock.advance(10);
    roster.enter(entry(2, 2), clock.now());
    tell();
    clock.advance(LIMITS.wallPaceMs - 11);
    roster.enter(entry(3, 3), clock.now());
    tell();
    expect(told).toHaveLength(1);
    clock.advance(1);
    expect(told[1]?.students.map(({ studentId: id }) => id)).toEqual([studentId(2), studentId(3)]);
  });

  it("LIVE-3 leaves out who is as before, and says nothing when that is everybody", () => {
    const roster = new Roster();
    roster.seed([seeded(1), seeded(2)], true);
    const { clock, told, tell } = hung(roster);
    tell();
    clock.advance(1_000);
    expect(told[0]?.students).toHaveLength(2);
    roster.know(seeded(1));
    roster.know({ ...seeded(2), name: "Grace" });
    tell();
    clock.advance(1_000);
    expect(told[1]?.students.map(({ name }) => name)).toEqual(["Grace"]);
    roster.know(seeded(1));
    tell();
    clock.advance(1_000);
    expect(told).toHaveLength(2);
  });

  it("LIVE-4 says who is gone, once", () => {
    const roster = new Roster();
    roster.seed([seeded(1), seeded(2)], true);
    const { clock, told, tell } = hung(roster);
    tell();
    clock.advance(1_000);
    roster.forget(seeded(1).sessionToken);
    tell();
    clock.advance(1_000);
    expect(told[1]).toMatchObject({ students: [], gone: [studentId(1)] });
    // One who comes back is new, and like before all the same.
    roster.know(seeded(1));
    tell();
    clock.advance(1_000);
    expect(told[2]?.students.map(({ studentId: id }) => id)).toEqual([studentId(1)]);
  });
});
