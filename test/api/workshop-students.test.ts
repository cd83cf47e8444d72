import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { countReply, studentsReply } from "../../src/api/reply-schemas-workshop.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import type { SessionToken } from "../../src/protocol/ids.ts";
import { NO_SPEND, type StudentSummary } from "../../src/protocol/rest-workshop.ts";
import { asInstructor, givenCall, studentIdOf } from "./workshop-world.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  NOW_MS,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

const KEY = "sk-proj-q7Zk3Vw9Xc1Rb5Nt8Ym2Lp6Hd4Gf0Js-Wx9Q";
const MINUTE_MS = 60_000;

let db: TestDatabase;
let api: Harness;
let ask: ReturnType<typeof asInstructor>;
let classes = 0;

beforeAll(async () => {
  db = await openTestDatabase();
  api = harness({ database: db.database });
  ask = asInstructor(api);
}, START_MS);
afterAll(() => db.close());

/** A workshop of its own for each test. */
async function aClass(): Promise<{ id: string; student: (name: string) => Promise<SessionToken> }> {
  classes += 1;
  const id = `c${classes}`;
  await givenWorkshop(db, { id, joinCode: `CLASS-${classes}` });
  return { id, student: (name) => givenStudent(db, `wst_${id}_${name}`, { workshopId: id, name }) };
}

const studentsOf = async (id: string): Promise<readonly StudentSummary[]> =>
  studentsReply.parse(await (await ask("GET", `/workshops/${id}/students`)).json()).students;

const connect = async (token: SessionToken): Promise<void> => {
  const reply = await api.request("PUT", "/api/me/key", { token, json: { openaiApiKey: KEY } });
  expect(reply.status).toBe(200);
};

const keysOf = async (id: string): Promise<unknown[]> =>
  (
    await db.sql(
      `select student_name as name from student_configs where workshop_id = $1
       and (openai_api_key is not null or key_hint is not null or key_status is not null) order by student_name`,
      id,
    )
  ).map(({ name }) => name);

describe("the students of a workshop", () => {
  it("WORKSHOP-50 sums up each student's calls by whose key paid", async () => {
    const { id, student } = await aClass();
    const ada = await student("Ada");
    await student("Bob");
    await connect(ada);
    const tokens = (inputTokens: number, outputTokens: number) => ({
      ...NO_USAGE,
      responses: 1,
      inputTokens,
      outputTokens,
    });
    await givenCall(db, ada, { workshopId: id, usage: tokens(100, 10), costMicroUsd: 1_500 });
    await givenCall(db, ada, { workshopId: id, usage: tokens(7, 3), costMicroUsd: 0, endedAtMs: NOW_MS + 500 });
    await givenCall(db, ada, {
      workshopId: id,
      keySource: "instructor",
      wayIn: "conversation-relay",
      startedAtMs: NOW_MS + MINUTE_MS,
      endedAtMs: null,
      endReason: null,
      costMicroUsd: null,
    });
    const [adas, bobs] = await studentsOf(id);
    expect(adas).toEqual({
      studentId: await studentIdOf(db, ada),
      name: "Ada",
      joinedAt: expect.stringMatching(/^\d{4}-/),
      keyStatus: "connected",
      keyHint: KEY.slice(-4),
      spend: {
        student: { calls: 2, ms: MINUTE_MS + 500, inputTokens: 107, outputTokens: 13, costMicroUsd: 1_500 },
        // The call goes on, so it has no length; and of one call nobody knows the price.
        instructor: { calls: 1, ms: 0, inputTokens: 100, outputTokens: 10, costMicroUsd: null },
      },
      turnCount: 6,
      lastCall: {
        wayIn: "conversation-relay",
        startedAt: new Date(NOW_MS + MINUTE_MS).toISOString(),
        endReason: null,
        keySource: "instructor",
      },
    });
    expect(bobs).toMatchObject({
      name: "Bob",
      keyStatus: null,
      keyHint: null,
      spend: { student: NO_SPEND, instructor: NO_SPEND },
      turnCount: 0,
      lastCall: null,
    });
  });

  it("WORKSHOP-50 one cost that is not known leaves the sum unknown", async () => {
    const { id, student } = await aClass();
    const ada = await student("Ada");
    await givenCall(db, ada, { workshopId: id, costMicroUsd: 5 });
    await givenCall(db, ada, { workshopId: id, costMicroUsd: null });
    expect((await studentsOf(id))[0]?.spend.student).toMatchObject({ calls: 2, costMicroUsd: null });
  });

  it("WORKSHOP-51 shows a key that no master key opens, and a usage that cannot be read breaks nothing", async () => {
    const { id, student } = await aClass();
    const ada = await student("Ada");
    await connect(ada);
    await givenCall(db, ada, { workshopId: id });
    const other = "v2:deadbeef:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA==:AAAA";
    for (const [sealed, status] of [
      [other, "unreadable"],
      ["sk-in-the-clear", "unreadable"],
    ] as const) {
      await db.sql("update student_configs set openai_api_key = $1 where session_token = $2", sealed, ada);
      expect((await studentsOf(id))[0]?.keyStatus).toBe(status);
    }
    for (const usage of ["{}", "[]", '{"inputTokens": "many", "outputTokens": null}', "7"]) {
      await db.sql("update calls set usage = $1::jsonb where workshop_id = $2", usage, id);
      expect((await studentsOf(id))[0]?.spend.student).toMatchObject({ calls: 1, inputTokens: 0, outputTokens: 0 });
    }
  });

  it("WORKSHOP-52 is one request, answered within two seconds for 200 students with 50 calls of 8 turns each", async () => {
    const { id } = await aClass();
    await db.sql(
      `insert into student_configs (session_token, student_name, workshop_id)
       select 'wst_many_' || n, 'Student ' || n, $1 from generate_series(1, 200) as n`,
      id,
    );
    await db.sql(
      `insert into calls (id, session_token, workshop_id, way_in, started_at, ended_at, end_reason, key_source, model, usage,
         cost_micro_usd, revision)
       select 'many-' || s || '-' || c, 'wst_many_' || s, $1, 'browser', now() - c * interval '1 hour',
         now() - c * interval '1 hour' + interval '2 minutes', 'caller-left',
         case when c % 5 = 0 then 'instructor' else 'student' end, 'm', '{"inputTokens": 1000, "outputTokens": 50}', 10, 1
       from generate_series(1, 200) as s, generate_series(1, 50) as c`,
      id,
    );
    await db.sql(
      `insert into turns (call_id, seq, revision, speaker, started_at, text)
       select 'many-' || s || '-' || c, t, 1, 'caller', now(), 'x'
       from generate_series(1, 200) as s, generate_series(1, 50) as c, generate_series(1, 8) as t`,
    );
    await db.sql("analyze");
    const before = db.neon.counted.requests;
    const startedAtMs = performance.now();
    const students = await studentsOf(id);
    const tookMs = performance.now() - startedAtMs;
    expect(db.neon.counted.requests).toBe(before + 1);
    expect(students).toHaveLength(200);
    for (const { spend, turnCount } of students) {
      expect([spend.student.calls, spend.instructor.calls, turnCount]).toEqual([40, 10, 400]);
      expect(spend.student).toEqual({
        calls: 40,
        ms: 40 * 2 * MINUTE_MS,
        inputTokens: 40_000,
        outputTokens: 2_000,
        costMicroUsd: 400,
      });
    }
    expect(tookMs).toBeLessThan(2_000);
  }, 60_000);
});

describe("acting on a student", () => {
  it("WORKSHOP-53 erasing ends their calls and removes all there is of them, and nothing of the others", async () => {
    const { id, student } = await aClass();
    const [ada, bob] = [await student("Ada"), await student("Bob")];
    for (const token of [ada, bob]) await givenCall(db, token, { workshopId: id });
    const adasId = await studentIdOf(db, ada);
    api.told.notices.length = 0;
    api.told.workshops.length = 0;
    expect((await ask("DELETE", `/workshops/${id}/students/${adasId}`)).status).toBe(200);
    await api.settled();
    expect((await studentsOf(id)).map(({ name }) => name)).toEqual(["Bob"]);
    const left = await db.sql("select session_token from calls where workshop_id = $1", id);
    expect(left.map(({ session_token }) => session_token)).toEqual([bob]);
    expect(api.told.notices).toEqual([{ workshopId: id, sessionToken: ada, notice: "revoked" }]);
    expect(api.told.workshops).toEqual([{ workshopId: id, told: "student-gone", sessionToken: ada }]);
    expect((await api.request("GET", "/api/me", { token: ada })).status).toBe(401);
  });

  it("WORKSHOP-53 a student whose calls cannot be ended is not erased", async () => {
    const { id, student } = await aClass();
    const adasId = await studentIdOf(db, await student("Ada"));
    api.told.tellFails = true;
    const reply = await ask("DELETE", `/workshops/${id}/students/${adasId}`);
    api.told.tellFails = false;
    expect([reply.status, (await studentsOf(id)).length]).toEqual([500, 1]);
  });

  it("WORKSHOP-54 forgetting one key leaves the student, and tells calls, wall and page", async () => {
    const { id, student } = await aClass();
    const [ada, bob] = [await student("Ada"), await student("Bob")];
    await connect(ada);
    await connect(bob);
    await api.settled();
    const adasId = await studentIdOf(db, ada);
    api.told.notices.length = 0;
    api.told.workshops.length = 0;
    expect((await ask("DELETE", `/workshops/${id}/students/${adasId}/key`)).status).toBe(200);
    await api.settled();
    expect(await keysOf(id)).toEqual(["Bob"]);
    expect(api.told.notices).toEqual([{ workshopId: id, sessionToken: ada, notice: "key-changed" }]);
    expect(api.told.workshops).toEqual([
      {
        workshopId: id,
        told: "student-changed",
        student: { sessionToken: ada, studentId: adasId, name: "Ada", keyStatus: null },
      },
      { workshopId: id, told: "me-changed", sessionToken: ada, by: "instructor" },
    ]);
  });

  it("WORKSHOP-55 forgetting all keys removes those of this workshop and nothing else, and every call is told", async () => {
    const { id, student } = await aClass();
    const elsewhere = await aClass();
    const [ada] = [await student("Ada"), await student("Bob")];
    const eve = await elsewhere.student("Eve");
    for (const token of [ada, eve]) await connect(token);
    await api.request("PATCH", "/api/me", { token: ada, json: { prompt: "Be kind." } });
    await api.settled();
    const forget = async () => countReply.parse(await (await ask("POST", `/workshops/${id}/forget-keys`)).json()).count;
    api.told.workshops.length = 0;
    expect(await forget()).toBe(1);
    expect([await keysOf(id), await keysOf(elsewhere.id)]).toEqual([[], ["Eve"]]);
    const adasId = await studentIdOf(db, ada);
    const students = [{ sessionToken: ada, studentId: adasId, name: "Ada", keyStatus: null }];
    // One request, however large the class: what a Worker may ask in one go is counted.
    expect(api.told.workshops).toEqual([{ workshopId: id, told: "keys-forgotten", students }]);
    const [row] = await db.sql("select system_prompt from student_configs where session_token = $1", ada);
    expect(row?.system_prompt).toBe("Be kind.");
    // A second try has nothing to remove, and tells every call again.
    expect(await forget()).toBe(0);
    expect(api.told.workshops.at(-1)).toEqual({ workshopId: id, told: "keys-forgotten", students: [] });
  });

  it("WORKSHOP-55 a call that could not be told is a failure, and the keys are gone all the same", async () => {
    const { id, student } = await aClass();
    await connect(await student("Ada"));
    await api.settled();
    api.told.workshopsFail = true;
    const reply = await ask("POST", `/workshops/${id}/forget-keys`);
    api.told.workshopsFail = false;
    expect([reply.status, failureBody.parse(await reply.json()).code]).toEqual([500, "internal"]);
    expect(await keysOf(id)).toEqual([]);
  });
});
