import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { workshopDirectory } from "../../src/workshop/workshop-directory.ts";
import { workshopStub } from "../../src/workshop/workshop-object.ts";
import { entry, seeded, studentId, token } from "./class.ts";
import { openPage, openWall, sleep } from "./listener.workerd.ts";
import { callOf, GREETING, known, networkOfEach, pageOf, pause } from "./live-class.workerd.ts";

networkOfEach();

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
    await workshops.closingChanged(workshopId);
    expect(await call.closeCode).toBe(4004);
    await wall.until(() => wall.closed, "the console to be closed");
    await pause(100);
    const after = await openWall("deleted");
    const start = await after.until(() => after.of("wall-start")[0], "an empty wall");
    expect(start).toMatchObject({ students: [], announcement: null, paused: false });
    // Who comes to what is no more makes the object ask the row once more; then nothing wakes it again.
    await runDurableObjectAlarm(workshopStub(env, "deleted"));
    await vi.waitFor(async () =>
      expect(await runInDurableObject(workshopStub(env, "deleted"), (_, { storage }) => storage.getAlarm())).toBeNull(),
    );
  });
});
