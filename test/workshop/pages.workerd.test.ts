import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { workshopDirectory } from "../../src/workshop/workshop-directory.ts";
import { WorkshopObject } from "../../src/workshop/workshop-object.ts";
import { SleepingCall, words } from "../call/sleeping-call.workerd.ts";
import { seeded, studentId, token } from "./class.ts";
import { openPage } from "./listener.workerd.ts";
import { callOf, GREETING, known, networkOfEach, pageOf, pause, told, turnsOf } from "./live-class.workerd.ts";

const network = networkOfEach();

let reports: MockInstance<WorkshopObject["report"]>;
beforeEach(() => {
  reports = vi.spyOn(WorkshopObject.prototype, "report");
});

describe("a student's page", { timeout: 30_000 }, () => {
  it("LIVE-18 follows a call: what went before for one that comes in between, then what comes", async () => {
    const call = await callOf("followed", 1);
    const first = await pageOf("followed", call, 1);
    await first.until(() => turnsOf(told(first)).length === 1, "the turns so far");
    expect(first.of("live-start")[0]?.calls).toMatchObject([{ callId: call.callId, wayIn: "conversation-relay" }]);
    network().answerWith(words("Nice to meet you."));
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
