import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { parseWorkshopId } from "../../src/protocol/ids.ts";
import type { WatchedMessage } from "../../src/protocol/live-messages.ts";
import { workshopDirectory } from "../../src/workshop/workshop-directory.ts";
import { WorkshopObject, workshopStub } from "../../src/workshop/workshop-object.ts";
import { Network, SleepingCall, words } from "../call/sleeping-call.workerd.ts";
import { entry, seeded, studentId, token } from "./class.ts";
import { type Console, openPage, openWall, type Page, sleep } from "./listener.workerd.ts";

const GREETING = "Hello, this is Juno.";

let network: Network;
let reports: MockInstance<WorkshopObject["report"]>;
beforeEach(() => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  network = new Network();
  vi.spyOn(globalThis, "fetch").mockImplementation(network.fetch);
  reports = vi.spyOn(WorkshopObject.prototype, "report");
});
afterEach(() => vi.restoreAllMocks());

/** A workshop that no other test knows, by the test's name. */
function known(name: string) {
  const id = parseWorkshopId(name);
  if (!id) throw new Error("not a workshop id");
  return id;
}

/** A student's call in text, of a student of its own by number, that was greeted. */
async function callOf(workshopId: string, student: number): Promise<SleepingCall> {
  const call = new SleepingCall();
  await call.begin({ workshopId: known(workshopId), studentId: studentId(student), studentName: `Student ${student}` });
  await call.turn(1);
  return call;
}

const pageOf = (workshopId: string, call: SleepingCall, student: number): Promise<Page> =>
  openPage(workshopId, {
    sessionToken: call.sessionToken,
    studentId: studentId(student),
    name: "Ada",
    keyStatus: null,
  });

/** What a page was told of a call, joined. */
const told = (page: Page): WatchedMessage[] => page.of("call-messages").flatMap(({ messages }) => messages);
const turnsOf = (messages: readonly WatchedMessage[]): string[] =>
  messages.flatMap((message) => (message.type === "turn" ? [`${message.speaker}: ${message.text}`] : []));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("a call that nobody watches", { timeout: 30_000 }, () => {
  it("LIVE-10 tells its workshop that it begins and that it ends, and nothing in between", async () => {
    const enter = vi.spyOn(WorkshopObject.prototype, "enter");
    const leave = vi.spyOn(WorkshopObject.prototype, "leave");
    const call = await callOf("unwatched", 1);
    network.answerWith(words("One."), words("Two."));
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
    network.answerWith(words("One."), words("Two."));
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
    network.answerWith(words("Good day."));
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

describe("a student's page", { timeout: 30_000 }, () => {
  it("LIVE-18 follows a call: what went before for one that comes in between, then what comes", async () => {
    const call = await callOf("followed", 1);
    const first = await pageOf("followed", call, 1);
    await first.until(() => turnsOf(told(first)).length === 1, "the turns so far");
    expect(first.of("live-start")[0]?.calls).toMatchObject([{ callId: call.callId, wayIn: "conversation-relay" }]);
    network.answerWith(words("Nice to meet you."));
    call.say("My name is Ada.");
    await first.until(() => turnsOf(told(first)).includes("agent: Nice to meet you."), "the answer");
    const second = await pageOf("followed", call, 1);
    await second.until(() => turnsOf(told(second)).length > 0, "the turns so far");
    expect(turnsOf(told(second))).toEqual([
      `agent: ${GREETING}`,
      "caller: My name is Ada.",
      "agent: Nice to meet you.",
    ]);
    call.hangUp();
    for (const page of [first, second]) {
      await page.until(() => told(page).at(-1)?.type === "call-end", "the end");
      expect(told(page).at(-1)).toEqual({ type: "call-end", endReason: "caller-left" });
    }
    // The first one was told each turn once.
    const turns = turnsOf(told(first));
    expect(turns).toEqual([...new Set(turns)]);
  });

  it("LIVE-29 hears of a call that begins, of its own student alone", async () => {
    const own = new SleepingCall();
    const page = await pageOf("own", own, 1);
    const stranger = await openPage("own", seeded(2));
    await page.until(() => page.of("live-start").length > 0, "the beginning");
    await own.begin({ workshopId: known("own"), studentId: studentId(1), studentName: "Ada" });
    await page.until(() => turnsOf(told(page)).includes(`agent: ${GREETING}`), "the greeting");
    expect(page.of("call")[0]?.call).toMatchObject({ callId: own.callId, model: "gpt-6-luna", keySource: "student" });
    expect(stranger.messages.map(({ type }) => type)).toEqual(["live-start"]);
  });

  it("LIVE-30 that makes a call by itself is sent nothing of it, until there is a second page", async () => {
    const call = new SleepingCall();
    const page = await pageOf("alone", call, 1);
    await call.begin({ workshopId: known("alone"), studentId: studentId(1), fromPage: true });
    await call.turn(1);
    await pause(2 * LIMITS.wallPaceMs);
    expect([page.messages.map(({ type }) => type), reports.mock.calls]).toEqual([["live-start"], []]);
    const second = await pageOf("alone", call, 1);
    await second.until(() => turnsOf(told(second)).includes(`agent: ${GREETING}`), "the turns so far");
    expect(second.of("live-start")[0]?.calls).toHaveLength(1);
  });

  it("LIVE-31 is told that it must ask again: one student's, or all", async () => {
    const workshops = workshopDirectory(env);
    const ada = await openPage("asks", seeded(1));
    const bob = await openPage("asks", seeded(2));
    await workshops.meChanged(known("asks"), token(1), "student");
    await workshops.meChanged(known("asks"), null, "instructor");
    await bob.until(() => bob.of("me-changed").length > 0, "the change");
    await ada.until(() => ada.of("me-changed").length === 2, "both changes");
    expect(ada.of("me-changed").map(({ by }) => by)).toEqual(["student", "instructor"]);
    expect(bob.of("me-changed").map(({ by }) => by)).toEqual(["instructor"]);
  });
});

describe("the instructor", { timeout: 30_000 }, () => {
  it("LIVE-32 pauses: every call is told and ends, none begins, until it is over", async () => {
    const workshops = workshopDirectory(env);
    const workshopId = known("paused");
    const calls = await Promise.all([1, 2, 3, 4, 5].map((student) => callOf("paused", student)));
    expect(await workshops.setPaused(workshopId, true)).toBe(5);
    await vi.waitFor(
      () => expect(calls.map(({ errors }) => errors)).toEqual(calls.map(() => ["workshop_paused"])),
      2_000,
    );
    for (const call of calls)
      expect(await call.turn(2)).toBe("Your instructor has paused all calls. Please try again later. Goodbye.");
    expect(await Promise.all(calls.map((call) => call.closeCode))).toEqual(calls.map(() => 4004));
    // Also after a sleep.
    await sleep("paused");
    expect(await workshops.isPaused(workshopId)).toBe(true);
    const refused = await callOf("paused", 6);
    await vi.waitFor(() => expect(refused.errors).toEqual(["workshop_paused"]), 2_000);
    expect(await workshopStub(env, workshopId).ask(refused.callId, token(6), true)).toBe("workshop_paused");
    expect(await workshops.setPaused(workshopId, false)).toBe(0);
    expect(await workshops.isPaused(workshopId)).toBe(false);
    const again = await callOf("paused", 7);
    expect([again.turns, again.errors]).toEqual([[GREETING], []]);
  });

  it("LIVE-33 ends one call and no other", async () => {
    const workshops = workshopDirectory(env);
    const [one, other] = await Promise.all([callOf("ends", 1), callOf("ends", 2)]);
    expect(await workshops.endCall(known("elsewhere"), one.callId)).toBe(false);
    expect(await workshops.endCall(known("ends"), one.callId)).toBe(true);
    expect(await one.closeCode).toBe(4004);
    expect([one.errors, other.errors]).toEqual([["revoked"], []]);
    await vi.waitFor(async () => expect(await workshops.endCall(known("ends"), one.callId)).toBe(false), 5_000);
  });

  it("LIVE-58 when all keys are forgotten every call of the class looks again, and wall and pages are told", async () => {
    const calls = await Promise.all([1, 2].map((student) => callOf("forgets", student)));
    const elsewhere = await callOf("keeps", 3);
    await workshopStub(env, "forgets").seed([seeded(1), seeded(2)]);
    const wall = await openWall("forgets");
    const ada = { sessionToken: token(1), studentId: studentId(1), name: "Ada", keyStatus: null };
    const page = await openPage("forgets", { ...ada, sessionToken: token(2), studentId: studentId(2) });
    await workshopDirectory(env).keysForgotten(known("forgets"), [ada]);
    // The database here knows nobody, and a call that looks there finds its student gone.
    await vi.waitFor(() => expect(calls.map(({ errors }) => errors)).toEqual(calls.map(() => ["revoked"])), 5_000);
    expect(elsewhere.errors).toEqual([]);
    await page.until(() => page.of("me-changed").length === 1, "what changed");
    await wall.until(
      () =>
        wall.of("wall").some(({ students }) => students.some(({ name, keyStatus }) => name === "Ada" && !keyStatus)),
      "the student without a key",
    );
  });

  it("LIVE-59 a wall that begins keeps who has joined since Postgres was asked, and is here", async () => {
    const call = await callOf("arrives", 2);
    const page = await pageOf("arrives", call, 2);
    await workshopStub(env, "arrives").leave({
      entry: { ...entry(2, 2), callId: call.callId, sessionToken: call.sessionToken },
      summary: null,
      report: { messages: [] },
    });
    await workshopStub(env, "arrives").seed([seeded(1)]);
    const wall = await openWall("arrives");
    const start = await wall.until(() => wall.of("wall-start")[0], "the wall");
    expect(start.students.map((student) => student.studentId).toSorted()).toEqual([studentId(1), studentId(2)]);
    expect(page.closed).toBeUndefined();
  });

  it("LIVE-34 who erases a student ends their calls, empties their place and tells their pages", async () => {
    const workshops = workshopDirectory(env);
    const call = await callOf("erased", 1);
    await workshopStub(env, "erased").seed([{ ...seeded(1), sessionToken: call.sessionToken }, seeded(2)]);
    const wall = await openWall("erased");
    const page = await pageOf("erased", call, 1);
    await wall.until(() => wall.of("wall").length > 0, "the page on the wall");
    await workshops.studentGone(known("erased"), call.sessionToken);
    expect(await call.closeCode).toBe(4004);
    await page.until(() => page.closed, "the page to be closed");
    expect([page.of("me-changed").length, page.closed?.code]).toEqual([1, 4004]);
    await wall.until(() => wall.of("wall").some(({ gone }) => gone.includes(studentId(1))), "their place to be empty");
    // The call's own last word brings nothing back.
    await pause(2 * LIMITS.wallPaceMs);
    const afterGone = wall.of("wall").slice(wall.of("wall").findIndex(({ gone }) => gone.length > 0));
    expect(afterGone.flatMap(({ students }) => students.map((student) => student.studentId))).not.toContain(
      studentId(1),
    );
    const again = await openWall("erased");
    const start = await again.until(() => again.of("wall-start")[0], "the wall");
    expect(start.students.map((student) => student.studentId)).toEqual([studentId(2)]);
  });

  it("LIVE-35 who deletes a workshop ends all of it, and nothing is kept", async () => {
    const workshops = workshopDirectory(env);
    const workshopId = known("deleted");
    const call = await callOf("deleted", 1);
    const wall = await openWall("deleted");
    await workshops.announce(workshopId, "Welcome!");
    await workshops.deleted(workshopId);
    expect(await call.closeCode).toBe(4004);
    await wall.until(() => wall.closed, "the console to be closed");
    await pause(100);
    const after = await openWall("deleted");
    const start = await after.until(() => after.of("wall-start")[0], "an empty wall");
    expect(start).toMatchObject({ students: [], announcement: null, paused: false });
  });
});

describe("room for calls", { timeout: 30_000 }, () => {
  it("ROSTER-6 is made by a call with sound whose caller has not come, and not by one whose caller has", async () => {
    const enter = vi.spyOn(WorkshopObject.prototype, "enter");
    const admitted = async (count: number): Promise<boolean | undefined> => {
      await vi.waitFor(() => expect(enter.mock.results).toHaveLength(count), 5_000);
      return (await enter.mock.results[count - 1]?.value)?.admitted;
    };
    let prepared = 0;
    const prepare = async (): Promise<SleepingCall> => {
      const call = new SleepingCall();
      expect(await call.prepare({ workshopId: known("room"), sessionToken: token(1) })).toBe("prepared");
      prepared += 1;
      await admitted(prepared);
      return call;
    };
    const first = await prepare();
    const second = await prepare();
    const third = await prepare();
    expect(await admitted(3)).toBe(true);
    // The oldest was nobody's yet, and is over for whoever comes late.
    expect(await first.prepare({ workshopId: known("room"), sessionToken: token(1) })).toBe("over");
    await second.join("ticket-2");
    const fourth = await prepare();
    expect(await admitted(4)).toBe(true);
    expect(await third.prepare({ workshopId: known("room"), sessionToken: token(1) })).toBe("over");
    await fourth.join("ticket-4");
    await prepare();
    expect(await admitted(5)).toBe(false);
    expect([await second.stub.giveWay(), await fourth.stub.giveWay()]).toEqual([false, false]);
  });

  it("ROSTER-7 may be asked for so many times in a minute, the same call counting once", async () => {
    const stub = workshopStub(env, "asked");
    const calls = Array.from({ length: LIMITS.callsPreparedPerMinute + 1 }, () => new SleepingCall().callId);
    const [first, ...others] = calls;
    if (!first) throw new Error("no call");
    for (let count = 0; count < 20; count += 1) expect(await stub.ask(first, token(1), true)).toBeNull();
    for (const callId of others.slice(0, -1)) expect(await stub.ask(callId, token(1), true)).toBeNull();
    const last = others.at(-1) ?? first;
    expect(await stub.ask(last, token(1), true)).toBe("too_many_requests");
    expect(await stub.ask(first, token(1), true)).toBeNull();
    expect(await stub.ask(last, token(2), true)).toBeNull();
    // A phone pays for its own calls, and is not counted.
    expect(await stub.ask(last, token(1), false)).toBeNull();
  });

  it("ROSTER-7 is not given to a call that was refused when it was asked for", async () => {
    const stub = workshopStub(env, "refused");
    const calls = Array.from({ length: LIMITS.callsPreparedPerMinute + 1 }, (_, call) =>
      entry(call, 1, { wayIn: "browser" }),
    );
    const last = calls.at(-1);
    if (!last) throw new Error("no call");
    // It may be faster than the question.
    expect(await stub.enter(last)).toMatchObject({ admitted: true });
    for (const { callId } of calls) await stub.ask(callId, token(1), true);
    expect(await stub.endCall(last.callId)).toBeUndefined();
    expect(await stub.enter(last)).toEqual({ admitted: false, reason: "too_many_requests" });
  });
});
