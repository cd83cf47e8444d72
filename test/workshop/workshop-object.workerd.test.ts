import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { WorkshopObject, workshopStub } from "../../src/workshop/workshop-object.ts";
import { words } from "../call/sleeping-call.workerd.ts";
import { seeded, studentId } from "./class.ts";
import { type Console, openPage, openWall, type Page, sleep } from "./listener.workerd.ts";
import { callOf, networkOfEach, pause } from "./live-class.workerd.ts";

const network = networkOfEach();

let reports: MockInstance<WorkshopObject["report"]>;
beforeEach(() => {
  reports = vi.spyOn(WorkshopObject.prototype, "report");
});

describe("a call that nobody watches", { timeout: 30_000 }, () => {
  it("LIVE-10 tells its workshop that it begins and that it ends, and nothing in between", async () => {
    const enter = vi.spyOn(WorkshopObject.prototype, "enter");
    const leave = vi.spyOn(WorkshopObject.prototype, "leave");
    const call = await callOf("unwatched", 1);
    network().answerWith(words("One."), words("Two."));
    call.say("Count.");
    await call.turn(2);
    call.say("Go on.");
    await call.turn(3);
    await pause(2 * LIMITS.wallPaceMs);
    expect([enter.mock.calls.length, reports.mock.calls.length, leave.mock.calls.length]).toEqual([1, 0, 0]);
    call.hangUp();
    await vi.waitFor(() => expect(leave).toHaveBeenCalledTimes(1), 5_000);
    expect(leave.mock.calls[0]?.[0]).toMatchObject({
      entry: { studentId: studentId(1), wayIn: "conversation-relay", keySource: "student" },
      summary: { endReason: "caller-left", failure: null, turnCount: 5, keySource: "student" },
      report: { messages: [] },
    });
    expect(JSON.stringify(leave.mock.calls)).not.toMatch(/Count\.|One\.|sk-/);
  });

  it("LIVE-11 begins to report when a console comes, and stops when it goes", async () => {
    const call = await callOf("watched", 1);
    network().answerWith(words("One."), words("Two."));
    const wall = await openWall("watched");
    await wall.until(() => wall.of("wall").at(-1)?.students[0]?.calls[0]?.state === "listening", "the call's state");
    const before = reports.mock.calls.length;
    expect(before).toBeGreaterThan(0);
    wall.close();
    await pause(100);
    call.say("Count.");
    await call.turn(2);
    await pause(2 * LIMITS.wallPaceMs);
    expect(reports.mock.calls.length).toBe(before);
  });

  it("LIVE-24 sleeps between turns also while it is watched, and knows on waking by whom", async () => {
    const call = await callOf("asleep", 1);
    const wall = await openWall("asleep");
    await wall.until(() => wall.of("wall").length > 0, "the call on the wall");
    await call.sleep();
    await sleep("asleep");
    network().answerWith(words("Good day."));
    call.say("Hello?");
    await call.turn(2);
    await wall.until(() => wall.of("wall").at(-1)?.students[0]?.turnCount === 3, "its turns");
  });
});

describe("a wall", { timeout: 30_000 }, () => {
  it("LIVE-25 begins with everybody whom Postgres knows and every call that goes on", async () => {
    await callOf("begins", 1);
    await workshopStub(env, "begins").seed([seeded(1), seeded(2, { turnCount: 7, keyStatus: null })]);
    const wall = await openWall("begins");
    const start = await wall.until(() => wall.of("wall-start")[0], "the beginning");
    expect(start).toMatchObject({ workshopId: "begins", announcement: null, paused: false });
    expect(
      start.students.map(({ name, turnCount, keyStatus, calls }) => [name, turnCount, keyStatus, calls.length]),
    ).toEqual([
      ["Student 1", 0, "connected", 1],
      ["Student 2", 7, null, 0],
    ]);
    expect(Math.abs(start.nowMs - Date.now())).toBeLessThan(5_000);
    // Neither a token nor anything that opens a door is on it.
    expect(JSON.stringify(wall.messages)).not.toMatch(/wst_|ws_|sk-|v2:/);
  });

  it("LIVE-1 gets few messages of a burst, each with what changed alone", async () => {
    const stub = workshopStub(env, "burst");
    const students = Array.from({ length: 200 }, (_, student) => student);
    await stub.seed(students.map((student) => seeded(student)));
    const wall = await openWall("burst");
    await wall.until(() => wall.of("wall-start").length > 0, "the beginning");
    const startedAtMs = Date.now();
    for (let update = 1; update <= 10; update += 1) {
      await Promise.all(
        students.map((student) => stub.studentChanged({ ...seeded(student), name: `Name ${update}.${student}` })),
      );
    }
    const names = (): Set<string | null> =>
      new Set(wall.of("wall").flatMap((message) => message.students.map(({ name }) => name)));
    await wall.until(() => students.every((student) => names().has(`Name 10.${student}`)), "the last names");
    const lastedMs = Date.now() - startedAtMs;
    expect(wall.of("wall").length).toBeLessThanOrEqual(Math.ceil(lastedMs / LIMITS.wallPaceMs) + 1);
    await stub.studentChanged({ ...seeded(3), name: "Grace" });
    await wall.until(() => names().has("Grace"), "one more");
    expect(wall.of("wall").at(-1)?.students).toHaveLength(1);
  });

  it("LIVE-26 keeps its sockets through a sleep, and goes on as before", async () => {
    const stub = workshopStub(env, "sleeps");
    await stub.seed([seeded(1), seeded(2)]);
    await stub.announce("Welcome!");
    const wall = await openWall("sleeps");
    const page = await openPage("sleeps", { ...seeded(1), keyStatus: "connected" });
    await wall.until(() => wall.of("wall").at(-1)?.students[0]?.online, "the page");
    await sleep("sleeps");
    wall.ping();
    page.ping();
    await wall.until(() => wall.pongs.includes("pong"), "an answer to a sign of life");
    await stub.studentChanged({ ...seeded(2), name: "Grace" });
    await wall.until(() => wall.of("wall").at(-1)?.students[0]?.name === "Grace", "a change after the sleep");
    await stub.setPaused(true);
    await page.until(() => page.of("workshop").at(-1)?.paused, "the pause");
    expect(page.of("workshop").at(-1)).toEqual({ type: "workshop", announcement: "Welcome!", paused: true });
    page.close();
    await wall.until(() => wall.of("wall").at(-1)?.students[0]?.online === false, "the page to be gone");
  });

  it("LIVE-27 closes the oldest of too many sockets, of a student as of the instructor", async () => {
    const walls: Console[] = [];
    for (let count = 0; count <= LIMITS.wallsPerWorkshop; count += 1) walls.push(await openWall("crowded"));
    await walls[0]?.until(() => walls[0]?.closed, "the oldest to be closed");
    expect(walls.map(({ closed }) => closed?.reason)).toEqual(["replaced", ...walls.slice(1).map(() => undefined)]);
    const pages: Page[] = [];
    for (let count = 0; count <= LIMITS.pagesPerStudent; count += 1) pages.push(await openPage("crowded", seeded(1)));
    const other = await openPage("crowded", seeded(2));
    await pages[0]?.until(() => pages[0]?.closed, "the oldest to be closed");
    expect([...pages.slice(1), other].filter(({ closed }) => closed)).toEqual([]);
  });

  it("LIVE-28 closes on whoever says anything but a sign of life", async () => {
    const page = await openPage("chatty", seeded(1));
    page.say('{"type":"hello"}');
    await page.until(() => page.closed, "the end");
    expect(page.closed).toEqual({ code: 1008, reason: "bad_frame" });
  });
});
