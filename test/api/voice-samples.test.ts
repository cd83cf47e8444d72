import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureBody, meReply } from "../../src/api/reply-schemas.ts";
import { readWav } from "../../src/cli/wav.ts";
import type { Settings } from "../../src/env.ts";
import { DEFAULT_GREETING } from "../../src/protocol/agent-config.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import { SPOKEN, spokenAnswer } from "./spoken-answer.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  logLines,
  openTestDatabase,
  refusedBy,
  START_MS,
  type TestDatabase,
  VOICE_SAMPLES_PER_MINUTE,
} from "./world.ts";

const INSTRUCTORS_KEY = "sk-instructor-0123456789";
const STUDENTS_KEY = "sk-student-0123456789";
const FALLBACK: Partial<Settings> = { instructorApiKey: ApiKey.parse(INSTRUCTORS_KEY) };

let db: TestDatabase;
let api: Harness;
beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7" });
  await givenWorkshop(db, { id: "strict", joinCode: "OAK-1", fallbackAllowed: false });
  await givenWorkshop(db, { id: "past", joinCode: "OAK-2", closesAt: "2026-11-22T12:00:00Z" });
  await givenWorkshop(db, { id: "future", joinCode: "OAK-3", opensAt: "2026-11-22T12:00:01Z" });
}, START_MS);
afterAll(() => db.close());
beforeEach(() => {
  api = harness({ database: db.database, settings: FALLBACK });
});

const sample = (token: string, json: unknown = { voice: "cedar" }) =>
  api.request("POST", "/api/me/voice-sample", { token, json });
const failureOf = async (reply: Response) => {
  const { code, field } = failureBody.parse(await reply.json());
  return field === undefined ? { status: reply.status, code } : { status: reply.status, code, field };
};
const connect = (token: string) => api.request("PUT", "/api/me/key", { token, json: { openaiApiKey: STUDENTS_KEY } });
const dialledWith = () =>
  api.openai.asked.filter(({ url }) => url.includes("/realtime")).map((asked) => asked.authorization);

describe("POST /api/me/voice-sample", () => {
  it("ME-65 answers the student's own greeting in that voice, as a sound file", async () => {
    const token = await givenStudent(db, "me_65", { workshopId: "w1", greeting: " Ahoy! ", voice: "marin" });
    const answer = spokenAnswer();
    api.openai.dial = async () => answer;
    const reply = await sample(token);
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "audio/wav"]);
    const file = new Uint8Array(await reply.arrayBuffer());
    expect(file.subarray(44)).toEqual(SPOKEN);
    const { samples, rateHz } = readWav(file);
    expect([rateHz, samples.length]).toEqual([24_000, SPOKEN.length / 2]);
    expect(answer.webSocket.isClosed).toBe(true);
    expect(answer.webSocket.sent).toMatchObject([
      { type: "session.update", session: { audio: { output: { voice: "cedar" } } } },
      { type: "response.create", response: { instructions: 'Say exactly: "Ahoy!"' } },
    ]);
    expect(api.openai.asked).toMatchObject([
      { url: "https://api.openai.test/v1/realtime?model=gpt-realtime-2.1-mini", redirect: "manual" },
    ]);
  });

  it("ME-65 an agent without a greeting says the default one", async () => {
    const answer = spokenAnswer();
    api.openai.dial = async () => answer;
    for (const [at, greeting] of [null, "", "  "].entries()) {
      answer.webSocket.sent.length = 0;
      const token = await givenStudent(db, `me_65_${at}`, { workshopId: "w1", greeting });
      await sample(token);
      expect(JSON.stringify(answer.webSocket.sent[1])).toContain(DEFAULT_GREETING);
    }
  });

  it("ME-66 runs on the key that pays for calls, and on no other", async () => {
    const token = await givenStudent(db, "me_66", { workshopId: "w1" });
    expect((await sample(token)).status).toBe(200);
    await connect(token);
    expect((await sample(token)).status).toBe(200);
    expect(dialledWith()).toEqual([`Bearer ${INSTRUCTORS_KEY}`, `Bearer ${STUDENTS_KEY}`]);
    const strict = await givenStudent(db, "me_66s", { workshopId: "strict" });
    expect(await failureOf(await sample(strict))).toEqual({ status: 402, code: "no_key" });
    await db.sql("update student_configs set openai_api_key = 'spoiled' where session_token = $1", token);
    expect(await failureOf(await sample(token))).toEqual({ status: 409, code: "key_unreadable" });
    expect(dialledWith()).toHaveLength(2);
  });

  it("ME-67 where no call may begin there is no sample either", async () => {
    for (const [workshopId, code] of [
      ["past", "workshop_closed"],
      ["future", "workshop_not_open"],
    ] as const) {
      const token = await givenStudent(db, `me_67_${workshopId}`, { workshopId });
      expect(await failureOf(await sample(token))).toEqual({ status: 403, code });
    }
    expect(api.openai.asked).toEqual([]);
  });

  it("ME-70 while the instructor has stopped all calls there is no sample, on nobody's key", async () => {
    const [fallback, own] = [
      await givenStudent(db, "me_70f", { workshopId: "w1" }),
      await givenStudent(db, "me_70o", { workshopId: "w1" }),
    ];
    await connect(own);
    api.told.paused = true;
    for (const token of [fallback, own]) {
      expect(await failureOf(await sample(token))).toEqual({ status: 403, code: "workshop_paused" });
    }
    expect(dialledWith()).toEqual([]);
    api.told.paused = false;
    expect((await sample(fallback)).status).toBe(200);
  });

  it("ME-68 what a sample shows of the student's key is kept with it, and told; of the instructor's nothing is", async () => {
    const token = await givenStudent(db, "me_68", { workshopId: "w1" });
    await connect(token);
    const keyOf = async () => meReply.parse(await (await api.request("GET", "/api/me", { token })).json()).key;
    const refusal = refusedBy(401, { code: "invalid_api_key", message: `Incorrect API key: ${STUDENTS_KEY}` });
    api.openai.dial = refusal;
    logLines.length = 0;
    const failure = await (await sample(token)).text();
    expect(failureBody.parse(JSON.parse(failure)).code).toBe("key_rejected");
    expect(failure + logLines.join()).not.toContain(STUDENTS_KEY.slice(3));
    await api.settled();
    expect(await keyOf()).toMatchObject({ status: "rejected", lastUsedAt: "2026-11-22T12:00:00.000Z" });
    expect(api.told.workshops.slice(-2)).toMatchObject([
      { told: "me-changed", sessionToken: token },
      { told: "student-changed", student: { keyStatus: "rejected" } },
    ]);
    api.openai.dial = async () => spokenAnswer();
    await sample(token);
    await api.settled();
    expect((await keyOf())?.status).toBe("connected");
    api.openai.dial = refusedBy(503, {});
    expect(await failureOf(await sample(token))).toEqual({ status: 502, code: "upstream_unavailable" });
    await api.settled();
    expect((await keyOf())?.status).toBe("connected");

    const fallback = await givenStudent(db, "me_68f", { workshopId: "w1" });
    api.told.workshops.length = 0;
    api.openai.dial = refusal;
    expect(await failureOf(await sample(fallback))).toEqual({ status: 422, code: "key_rejected" });
    await api.settled();
    expect(api.told.workshops).toEqual([]);
  });

  it("ME-69 takes a voice of the list and nothing else, and has a rate for each student", async () => {
    const token = await givenStudent(db, "me_69", { workshopId: "w1" });
    for (const json of [{ voice: "onyx" }, { voice: "" }, {}, { voice: "cedar", text: "anything" }]) {
      expect((await sample(token, json)).status).toBe(400);
    }
    for (let each = 0; each < VOICE_SAMPLES_PER_MINUTE; each++) expect((await sample(token)).status).toBe(200);
    expect(await failureOf(await sample(token))).toEqual({ status: 429, code: "too_many_requests" });
    const other = await givenStudent(db, "me_69b", { workshopId: "w1" });
    expect((await sample(other)).status).toBe(200);
  });
});
