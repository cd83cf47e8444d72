import { afterEach, describe, expect, it, vi } from "vitest";
import { Unreadable } from "../../src/protocol/read-fields.ts";
import { NO_SPEND } from "../../src/protocol/rest-workshop.ts";
import { place } from "../../src/web/console/place.ts";
import { readChecks, readSpend, readStudents, readWorkshops } from "../../src/web/console/read-replies.ts";
import {
  askInstructor,
  hasFallback,
  keepLending,
  logIn,
  logOut,
  patchWorkshop,
  presence,
  refreshWorkshops,
  routeOf,
  topUp,
  trouble,
  workshop,
  workshops,
} from "../../src/web/console/session.ts";
import { nothing } from "../../src/web/rest-client.ts";

const WORKSHOP = {
  id: "w",
  name: "Voices",
  joinCode: "MAPLE-7F",
  joinUrl: "https://callroom.test/#MAPLE-7F",
  state: "open",
  opensAt: null,
  closesAt: null,
  seats: null,
  studentCount: 3,
  callMaxMs: null,
  fallbackAllowed: true,
  lending: { poolMicroUsd: 10_000_000, studentMicroUsd: null, callMicroUsd: 250_000, models: ["gpt-6-luna"] },
  closing: null,
};
const SPEND_ROW = {
  studentId: null,
  name: null,
  payer: "instructor",
  kind: "sample",
  model: "gpt-realtime-2.1-mini",
  charges: 2,
  inputTokens: 10,
  outputTokens: 5,
  lineMs: 0,
  costMicroUsd: 12,
  unpriced: 1,
  lastAt: "2026-11-22T09:00:00.000Z",
};
const STUDENT = {
  studentId: "s",
  name: null,
  joinedAt: "2026-11-22T08:00:00.000Z",
  keyStatus: "no_credit",
  keyHint: "a1b2",
  spend: { student: NO_SPEND, instructor: { ...NO_SPEND, costMicroUsd: null } },
  turnCount: 2,
  lastCall: { wayIn: "browser", startedAt: "2026-11-22T09:00:00.000Z", endReason: null, keySource: "student" },
};
const REFUSED = { success: false, error: "You need to be signed in for this.", code: "unauthorized", requestId: "0" };

/** Requests are answered one after the other; returns what was asked. */
function answering(...bodies: object[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (path: string, { method }: RequestInit) => {
    asked.push(`${method} ${path}`);
    return new Response(JSON.stringify(bodies.shift()));
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

describe("replies to the console", () => {
  it("CONSOLE-28 are read field by field, and nothing else of them gets in", () => {
    const read = readWorkshops({ workshops: [{ ...WORKSHOP, sessionToken: "wst_1" }], fallbackKey: true, models: [] });
    expect(read).toEqual({ workshops: [WORKSHOP], fallbackKey: true, models: [] });
    expect(readStudents({ students: [{ ...STUDENT, openaiApiKey: "sk-1" }] })).toEqual([STUDENT]);
  });

  it.each([
    { ...STUDENT, keyStatus: "fabulous" },
    { ...STUDENT, turnCount: "2" },
    { ...STUDENT, spend: { student: NO_SPEND } },
    { ...STUDENT, lastCall: { ...STUDENT.lastCall, endReason: "bored" } },
  ])("CONSOLE-28 that are not what they must be are refused", (student) => {
    expect(() => readStudents({ students: [student] })).toThrow(Unreadable);
  });

  it("CONSOLE-28 of the ledger are read row by row", () => {
    const read = readSpend({ rows: [{ ...SPEND_ROW, sessionToken: "wst_1" }], unreadable: 2 });
    expect(read).toEqual({ rows: [SPEND_ROW], unreadable: 2 });
  });

  it.each([{ kind: "gift" }, { payer: "nobody" }, { costMicroUsd: null }, { unpriced: "1" }, { lastAt: 0 }])(
    "CONSOLE-28 of the ledger that are not what they must be are refused: %j",
    (change) => {
      expect(() => readSpend({ rows: [{ ...SPEND_ROW, ...change }], unreadable: 0 })).toThrow(Unreadable);
    },
  );

  it("CONSOLE-28 may hold a check that this page has no name for", () => {
    const check = { name: "weather", status: "warning", found: "Rain.", fix: "Wait." };
    expect(readChecks({ checks: [check] })).toEqual([check]);
  });
});

describe("the instructor's sign-in", () => {
  it("CONSOLE-29 is known by the cookie, or by whoever stands before the server, without any token", async () => {
    const asked = answering({ success: true, workshops: [WORKSHOP], fallbackKey: true, models: [] });
    await refreshWorkshops();
    expect([asked, presence.value]).toEqual([["GET /api/workshop/workshops"], "in"]);
    place.value = { workshopId: "w", view: "wall" };
    expect([workshop.value?.name, hasFallback.value]).toEqual(["Voices", true]);
  });

  it("CONSOLE-29 asks for the workshops after the token was taken", async () => {
    const asked = answering({ success: true }, { success: true, workshops: [], fallbackKey: false, models: [] });
    await logIn("token");
    expect([asked, presence.value, trouble.value]).toEqual([
      ["POST /api/workshop/login", "GET /api/workshop/workshops"],
      "in",
      null,
    ]);
  });

  it("CONSOLE-30 that fails says why: the token, too many of them, or a cookie that was not kept", async () => {
    answering({ ...REFUSED, code: "too_many_logins", retryAfterSeconds: 27 });
    await logIn("token");
    expect([presence.value, trouble.value?.code, trouble.value?.reply.retryAfterSeconds]).toEqual([
      "out",
      "too_many_logins",
      27,
    ]);
    answering({ success: true }, REFUSED);
    await logIn("token");
    expect([presence.value, trouble.value?.code]).toEqual(["out", "unauthorized"]);
  });

  it("CONSOLE-29 ends wherever the server says so, and shows nothing more", async () => {
    answering({ success: true, workshops: [WORKSHOP], fallbackKey: true, models: [] }, REFUSED);
    await refreshWorkshops();
    await askInstructor("POST", routeOf("w", "/pause"), nothing, {});
    expect(presence.value).toBe("out");
  });

  it("CONSOLE-29 ends by signing out, and leaves nothing behind", async () => {
    answering({ success: true, workshops: [WORKSHOP], fallbackKey: true, models: [] }, { success: true });
    await refreshWorkshops();
    await logOut();
    expect([presence.value, workshops.value.workshops, trouble.value]).toEqual(["out", [], null]);
  });

  it("CONSOLE-30 a server that does not answer is no sign-out for whoever is in", async () => {
    answering({ success: true, workshops: [WORKSHOP], fallbackKey: true, models: [] });
    await refreshWorkshops();
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    expect((await refreshWorkshops()).ok).toBe(false);
    expect(presence.value).toBe("in");
  });

  it("CONSOLE-23 a change shows what the server made of it", async () => {
    answering({ success: true, workshops: [WORKSHOP], fallbackKey: true, models: [] });
    await refreshWorkshops();
    const asked = answering({ success: true, workshop: { ...WORKSHOP, name: "Voices 2" } });
    await patchWorkshop("w", { name: " Voices 2" });
    place.value = { workshopId: "w", view: "settings" };
    expect([asked, workshop.value?.name]).toEqual([["PATCH /api/workshop/workshops/w"], "Voices 2"]);
  });

  it("CONSOLE-39 a top-up and what the line tells show what is lent now, and nothing changes that says the same", async () => {
    answering({ success: true, workshops: [WORKSHOP], fallbackKey: true, models: ["gpt-6-luna"] });
    await refreshWorkshops();
    place.value = { workshopId: "w", view: "spend" };
    const lending = { ...WORKSHOP.lending, poolMicroUsd: 15_000_000 };
    const asked = answering({ success: true, workshop: { ...WORKSHOP, lending } });
    await topUp("w", 5_000_000);
    expect([asked, workshop.value?.lending]).toEqual([["POST /api/workshop/workshops/w/top-up"], lending]);
    const before = workshops.value;
    keepLending("w", { ...lending });
    keepLending("gone", WORKSHOP.lending);
    expect(workshops.value).toBe(before);
    keepLending("w", { ...lending, poolMicroUsd: null });
    expect([workshop.value?.lending.poolMicroUsd, workshops.value.models]).toEqual([null, ["gpt-6-luna"]]);
  });
});
