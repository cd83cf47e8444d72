import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureBody, joinReply } from "../../src/api/reply-schemas.ts";
import { DEFAULT_GREETING, DEFAULT_TOOLS } from "../../src/protocol/agent-config.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  JOINS_PER_MINUTE,
  logLines,
  NOW_MS,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

let db: TestDatabase;
let api: Harness;
beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "open", joinCode: "MAPLE-7" });
  await givenWorkshop(db, { id: "small", joinCode: "OAK-5", seats: "3" });
  await givenWorkshop(db, { id: "past", joinCode: "OAK-1", closesAt: "2026-11-22T12:00:00Z" });
  await givenWorkshop(db, { id: "future", joinCode: "OAK-2", opensAt: "2026-11-22T13:30:00+01:00" });
  const [opensAt, closesAt] = ["2026-11-22T12:00:00Z", "2026-11-22T12:00:01Z"];
  await givenWorkshop(db, { id: "now", joinCode: "OAK-3", opensAt, closesAt });
}, START_MS);
afterAll(() => db.close());
beforeEach(() => {
  api = harness({ database: db.database });
});

const join = (joinCode: string, name: string) => api.request("POST", "/api/join", { json: { joinCode, name } });
const failureOf = async (reply: Response) => ({ status: reply.status, ...failureBody.parse(await reply.json()) });

describe("POST /api/join", () => {
  it("JOIN-1 makes a student whose agent already answers, and signs the browser in", async () => {
    const reply = await api.request("POST", "/api/join", {
      json: { joinCode: " maple-7 ", name: " Ada ", email: "ada@example.com" },
    });
    const joined = joinReply.parse(await reply.json());
    expect(joined).toMatchObject({ name: "Ada", workshop: { name: "Class open" } });
    expect(joined.sessionToken).toMatch(/^wst_[A-Za-z0-9_-]{43}$/);
    expect(joined.websocketUrl).toBe(`wss://callroom.example/ws/${joined.sessionToken}`);
    expect(reply.headers.get("set-cookie")).toBe(
      `__Host-callroom=${joined.sessionToken}; Max-Age=1209600; Path=/; HttpOnly; Secure; SameSite=Strict`,
    );
    const [row] = await db.sql("select * from student_configs where session_token = $1", joined.sessionToken);
    expect(row).toMatchObject({
      student_name: "Ada",
      student_email: "ada@example.com",
      workshop_id: "open",
      origin: "joined",
      ivr_greeting: DEFAULT_GREETING,
      openai_api_key: null,
    });
    expect(JSON.parse(row?.tools ?? "")).toEqual(DEFAULT_TOOLS);
  });

  it("JOIN-2 the cookie alone opens the student's own routes", async () => {
    const token = await givenStudent(db, "join_2");
    expect((await api.request("GET", "/api/me", { cookie: token })).status).toBe(200);
  });

  it("JOIN-3 an unknown join code makes nobody", async () => {
    const before = await db.sql("select count(*) from student_configs");
    const reply = await api.request("POST", "/api/join", { json: { joinCode: "NO-SUCH", name: "Ada" } });
    expect(await failureOf(reply)).toMatchObject({ status: 404, code: "unknown_join_code" });
    expect(reply.headers.get("set-cookie")).toBeNull();
    expect(await db.sql("select count(*) from student_configs")).toEqual(before);
  });

  it("JOIN-5 guessing join codes has an end, for the one who guesses", async () => {
    const guess = (address: string, joinCode = "NO-SUCH") =>
      api.request("POST", "/api/join", { json: { joinCode, name: "Eve" }, headers: { "cf-connecting-ip": address } });
    for (let failure = 0; failure < JOINS_PER_MINUTE; failure++) {
      expect((await guess("2001:db8:1:2::9")).status).toBe(404);
    }
    expect((await guess("2001:db8:1:2::5")).status).toBe(429);
    expect((await guess("2001:db8:1:2::5", "OAK-3")).status).toBe(429);
    expect((await guess("2001:db8:1:3::5")).status).toBe(404);
  });

  it("JOIN-4 a class is open from its first moment until its last", async () => {
    for (const [joinCode, status] of [
      ["OAK-1", 403],
      ["OAK-2", 403],
      ["OAK-3", 200],
    ] as const) {
      const reply = await api.request("POST", "/api/join", { json: { joinCode, name: "Ada" } });
      expect([joinCode, reply.status]).toEqual([joinCode, status]);
    }
    api.clock.nowMs = NOW_MS + 1_000;
    const late = await api.request("POST", "/api/join", { json: { joinCode: "OAK-3", name: "Ada" } });
    expect(await failureOf(late)).toMatchObject({ status: 403, code: "workshop_closed" });
  });

  it("JOIN-11 a workshop that has not begun says when it will, and makes nobody", async () => {
    const reply = await join("OAK-2", "Ada");
    expect(reply.headers.get("set-cookie")).toBeNull();
    expect(await failureOf(reply)).toMatchObject({
      status: 403,
      code: "workshop_not_open",
      opensAt: "2026-11-22T12:30:00.000Z",
    });
    expect(await db.sql("select 1 from student_configs where workshop_id = 'future'")).toEqual([]);
    expect(await failureOf(await join("OAK-1", "Ada"))).toMatchObject({ status: 403, code: "workshop_closed" });
  });

  it("JOIN-12 of those who come at once as many sit down as there are seats; the others are told, and not signed in", async () => {
    const replies = await Promise.all(Array.from({ length: 12 }, () => join("OAK-5", "Ada")));
    const seated = replies.filter(({ status }) => status === 200);
    const names = await Promise.all(seated.map(async (reply) => joinReply.parse(await reply.json()).name));
    expect(names.toSorted()).toEqual(["Ada", "Ada 2", "Ada 3"]);
    for (const reply of replies.filter(({ status }) => status !== 200)) {
      expect(reply.headers.get("set-cookie")).toBeNull();
      expect(await failureOf(reply)).toMatchObject({ status: 409, code: "workshop_full" });
    }
    expect(await db.sql("select count(*) from student_configs where workshop_id = 'small'")).toEqual([{ count: "3" }]);
  });

  it("JOIN-13 the reply holds the name that was found and four words, and neither they nor the token are in any log", async () => {
    logLines.length = 0;
    const first = joinReply.parse(await (await join("MAPLE-7", "Zoë")).json());
    const second = joinReply.parse(await (await join("MAPLE-7", "zOË")).json());
    expect([first.name, second.name]).toEqual(["Zoë", expect.stringMatching(/^zOË/)]);
    expect(first.recoveryPhrase).toMatch(/^[a-z]{3,8}( [a-z]{3,8}){3}$/);
    expect(second.recoveryPhrase).not.toBe(first.recoveryPhrase);
    const [row] = await db.sql("select * from student_configs where session_token = $1", first.sessionToken);
    expect(Object.values(row ?? {}).join()).not.toContain(first.recoveryPhrase);
    await api.settled();
    expect(logLines.join()).not.toContain(first.sessionToken);
    expect(logLines.join()).not.toContain(first.recoveryPhrase);
  });

  it("JOIN-14 the wall is told of a new student, by their id and the name they got; a wall that is away stops nobody", async () => {
    const joined = joinReply.parse(await (await join("MAPLE-7", "Ada")).json());
    await api.settled();
    const [row] = await db.sql("select student_id from student_configs where session_token = $1", joined.sessionToken);
    const { sessionToken, name } = joined;
    const student = { sessionToken, studentId: row?.student_id, name, keyStatus: null };
    expect(api.told.workshops).toEqual([{ workshopId: "open", told: "student-changed", student }]);
    api.told.workshopsFail = true;
    logLines.length = 0;
    expect((await join("MAPLE-7", "Bo")).status).toBe(200);
    await api.settled();
    expect(logLines).toEqual(['{"event":"uncaught","where":"request","callId":null,"name":"Error"}']);
  });
});
