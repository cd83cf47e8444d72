import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { meReply, promptsReply } from "../../src/api/reply-schemas.ts";
import type { Settings } from "../../src/env.ts";
import type { MePatch } from "../../src/protocol/rest.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  logLines,
  NOW_MS,
  openTestDatabase,
  refusedBy,
  START_MS,
  type TestDatabase,
} from "./world.ts";

const FALLBACK = { instructorApiKey: ApiKey.parse("sk-instructor-0123456789") };
const KEY = "sk-student-0123456789";

let db: TestDatabase;
let api: Harness;
beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7" });
  await givenWorkshop(db, { id: "strict", joinCode: "OAK-1", fallbackAllowed: false });
  await givenWorkshop(db, { id: "past", joinCode: "OAK-2", closesAt: "2026-11-22T12:00:00Z" });
  await givenWorkshop(db, { id: "future", joinCode: "OAK-3", opensAt: "2026-11-22T12:00:00.001Z" });
}, START_MS);
afterAll(() => db.close());
beforeEach(() => {
  api = harness({ database: db.database });
});

const meOf = async (token: string, at: Harness = api) =>
  meReply.parse(await (await at.request("GET", "/api/me", { token })).json());
const withSettings = (settings: Partial<Settings>) => harness({ database: db.database, settings });
const patch = (token: string, json: MePatch) => api.request("PATCH", "/api/me", { token, json });

describe("GET /api/me", () => {
  it("ME-40 says who pays for the next call, and whether there is an instructor's key for this student", async () => {
    const [here, strict] = [
      await givenStudent(db, "me_40", { workshopId: "w1" }),
      await givenStudent(db, "me_40s", { workshopId: "strict" }),
    ];
    const shown = async (token: string, settings: Partial<Settings>) => {
      const { payer, fallback } = await meOf(token, withSettings(settings));
      return [payer, fallback];
    };
    expect(await shown(here, {})).toEqual([null, false]);
    expect(await shown(here, FALLBACK)).toEqual(["instructor", true]);
    expect(await shown(strict, FALLBACK)).toEqual([null, false]);
    for (const token of [here, strict]) {
      await api.request("PUT", "/api/me/key", { token, json: { openaiApiKey: KEY } });
    }
    expect(await shown(here, {})).toEqual(["student", false]);
    expect(await shown(here, FALLBACK)).toEqual(["student", true]);
    expect(await shown(strict, FALLBACK)).toEqual(["student", false]);
  });

  it("ME-41 a stored key that cannot be read still is the student's to pay with: nobody else does", async () => {
    const token = await givenStudent(db, "me_41", { workshopId: "w1" });
    await db.sql("update student_configs set openai_api_key = 'spoiled' where session_token = $1", token);
    const { payer, key } = await meOf(token, withSettings(FALLBACK));
    expect([payer, key?.status]).toEqual(["student", "unreadable"]);
  });

  it("ME-42 names the workshop, its state by the server's clock, the models, and whether phones can call", async () => {
    for (const [workshopId, state] of [
      ["w1", "open"],
      ["past", "ended"],
      ["future", "not-open"],
    ] as const) {
      const token = await givenStudent(db, `me_42_${workshopId}`, { workshopId });
      expect((await meOf(token)).workshop).toMatchObject({ id: workshopId, name: `Class ${workshopId}`, state });
    }
    const token = await givenStudent(db, "me_42");
    const models = { textModel: "text-1", voiceModel: "voice-1" };
    const me = await meOf(token, withSettings({ ...models, twilioAuthToken: "secret" }));
    expect(me).toMatchObject({ workshop: null, phone: true, models: { text: "text-1", voice: "voice-1" } });
  });
});

describe("what open pages and the wall are told", () => {
  const toldOf = async (act: () => Promise<Response>) => {
    api.told.workshops.length = 0;
    expect((await act()).status).toBe(200);
    await api.settled();
    return api.told.workshops;
  };

  it("ME-43 a change is told to the student's other pages, a new name or key to the wall too", async () => {
    const sessionToken = await givenStudent(db, "me_43", { workshopId: "w1" });
    const token = sessionToken;
    const { studentId } = await meOf(token);
    const changed = { workshopId: "w1", told: "me-changed", sessionToken, by: "student" };
    const wall = (name: string | null, keyStatus: string | null) => ({
      workshopId: "w1",
      told: "student-changed",
      student: { sessionToken, studentId, name, keyStatus },
    });
    expect(await toldOf(() => patch(token, { prompt: "p" }))).toEqual([changed]);
    expect(await toldOf(() => patch(token, { name: "Ada" }))).toEqual([changed]);
    expect(await toldOf(() => patch(token, { name: "Ada L." }))).toEqual([changed, wall("Ada L.", null)]);
    const put = () => api.request("PUT", "/api/me/key", { token, json: { openaiApiKey: KEY } });
    expect(await toldOf(put)).toEqual([changed, wall("Ada L.", "connected")]);
    expect(await toldOf(() => patch(token, { name: null }))).toEqual([changed, wall(null, "connected")]);
    const forget = () => api.request("DELETE", "/api/me/key", { token });
    expect(await toldOf(forget)).toEqual([changed, wall(null, null)]);
    expect(await toldOf(() => api.request("POST", "/api/me/webhook-secret", { token }))).toEqual([changed]);
    const save = { sessionToken, studentName: "Bo", openaiApiKey: KEY };
    const legacy = () => api.request("POST", "/api/student-config-save", { json: save });
    expect(await toldOf(legacy)).toEqual([changed, wall("Bo", "connected")]);
  });

  it("ME-44 a key that was refused is nobody's news", async () => {
    const token = await givenStudent(db, "me_44", { workshopId: "w1" });
    api.openai.answer = refusedBy(401, { code: "invalid_api_key" });
    expect((await api.request("PUT", "/api/me/key", { token, json: { openaiApiKey: KEY } })).status).toBe(422);
    await api.settled();
    expect(api.told.workshops).toEqual([]);
  });

  it("ME-45 no reply waits for a workshop that does not answer, or fails with it", async () => {
    const token = await givenStudent(db, "me_45", { workshopId: "w1" });
    Object.assign(api.deps.workshops, { meChanged: () => new Promise(() => {}) });
    expect((await patch(token, { prompt: "p" })).status).toBe(200);
    const failing = harness({ database: db.database });
    failing.told.workshopsFail = true;
    logLines.length = 0;
    expect((await failing.request("PATCH", "/api/me", { token, json: { prompt: "q" } })).status).toBe(200);
    expect((await failing.request("DELETE", "/api/me", { token })).status).toBe(200);
    await failing.settled();
    expect(new Set(logLines)).toEqual(new Set(['{"event":"uncaught","where":"request","callId":null,"name":"Error"}']));
  });
});

describe("GET /api/me/prompts", () => {
  const promptsOf = async (token: string) =>
    promptsReply.parse(await (await api.request("GET", "/api/me/prompts", { token })).json()).versions;

  it("ME-46 begins with the prompt there is, also when that was never changed", async () => {
    const token = await givenStudent(db, "me_46", { prompt: "Be kind." });
    const [only, ...more] = await promptsOf(token);
    expect(only).toEqual({ prompt: "Be kind.", savedBy: "student", savedAt: expect.any(String) });
    expect(more).toEqual([]);
    await patch(token, { prompt: "Be brief." });
    await api.request("POST", "/api/student-config-save", {
      json: { sessionToken: token, systemPrompt: "Elsewhere." },
    });
    expect((await promptsOf(token)).map(({ prompt }) => prompt)).toEqual(["Elsewhere.", "Be brief.", "Be kind."]);
  });

  it("ME-47 keeps what a patch replaces; to take an earlier one back is one more change", async () => {
    const token = await givenStudent(db, "me_47");
    for (const prompt of ["First.", "Second.", null]) {
      api.clock.nowMs += 60_000;
      await patch(token, { prompt });
    }
    api.clock.nowMs += 60_000;
    const [, second] = await promptsOf(token);
    await patch(token, { prompt: second?.prompt });
    const at = (minutes: number) => new Date(NOW_MS + minutes * 60_000).toISOString();
    expect(await promptsOf(token)).toEqual([
      { prompt: "Second.", savedAt: at(4), savedBy: "student" },
      { prompt: null, savedAt: at(3), savedBy: "student" },
      { prompt: "Second.", savedAt: at(2), savedBy: "student" },
      { prompt: "First.", savedAt: at(1), savedBy: "student" },
      { prompt: null, savedAt: expect.any(String), savedBy: "student" },
    ]);
  });

  it("ME-48 one student's prompts are not another's", async () => {
    const [ada, bo] = [await givenStudent(db, "me_48a"), await givenStudent(db, "me_48b", { prompt: "Bo's." })];
    await patch(ada, { prompt: "Ada's." });
    expect((await promptsOf(bo)).map(({ prompt }) => prompt)).toEqual(["Bo's."]);
  });
});

describe("GET /api/me/calls", () => {
  it("ME-22 a cursor is taken back as it was given, and a plain time too; nothing else is", async () => {
    const token = await givenStudent(db, "me_22");
    const ask = async (before: string) =>
      (await api.request("GET", `/api/me/calls?before=${encodeURIComponent(before)}`, { token })).status;
    for (const cursor of [
      "2026-11-22T12:00:00.000Z",
      "2026-11-22T12:00:00Z_0123",
      "2026-11-22T13:00:00+01:00_odd _ id",
    ]) {
      expect([cursor, await ask(cursor)]).toEqual([cursor, 200]);
    }
    for (const cursor of ["", "_", "_0123", "yesterday_0123", "2026-11-22", "2026-13-22T12:00:00Z_1"]) {
      expect([cursor, await ask(cursor)]).toEqual([cursor, 400]);
    }
  });
});
