import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { ROUTES } from "../../src/api/routes.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { type CallId, parseWorkshopId, type SessionToken } from "../../src/protocol/ids.ts";
import { insertCharge } from "../../src/store/charges.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import { mintInstructorSession } from "../../src/vault/instructor-session.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { HEX_B } from "../vault/samples.ts";
import { givenCall, signedIn, studentIdOf } from "./workshop-world.ts";
import {
  type Asking,
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  logLines,
  MASTER_KEY,
  NOW_MS,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

const PATIENCE_MS = 60_000;
const INSTRUCTOR_TOKEN = "Gs5Wc0Vf8Lx2Rk6Zn1Pq9Yt3";
const STUDENTS_KEY = "sk-proj-q7Zk3Vw9Xc1Rb5Nt8Ym2Lp6Hd4Gf0Js-Wx9Q";
const INSTRUCTORS_KEY = "sk-proj-u2Jh8Tq4Pz6Kd1Wv7Bn3Xs9Cm5Lr0Fg-Zt4R";
const COOKIE = "__Host-callroom-instructor";

let db: TestDatabase;
let api: Harness;
let ada: SessionToken;
let adasId: string;
let callId: CallId;

beforeAll(async () => {
  db = await openTestDatabase();
  api = harness({
    database: db.database,
    settings: { instructorToken: INSTRUCTOR_TOKEN, instructorApiKey: ApiKey.parse(INSTRUCTORS_KEY) },
  });
}, START_MS);
afterAll(() => db.close());

/** Those that erase come last, the workshop's own at the very end. */
const INSTRUCTORS = ROUTES.filter(({ who }) => who === "instructor").toSorted((a, b) => weight(a) - weight(b));

function weight({ method, path }: { method: string; path: string }): number {
  if (method !== "DELETE" || path.endsWith("/key")) return 0;
  return path.endsWith("/:workshopId") ? 2 : 1;
}

const CHARGE: Charge = {
  seq: 1,
  revision: 1,
  atMs: NOW_MS,
  kind: "response",
  state: "told",
  payer: "student",
  model: "gpt-6-luna",
  usage: NO_USAGE,
  lineMs: 0,
  rawUsage: '"Words that nobody but the student may read."',
  upstreamId: "resp_1",
  priceVersion: "1",
  costMicroUsd: 5,
};

/** A class with one student, who has a key and a call; anew for each round. */
async function aClass(workshopId: string) {
  await givenWorkshop(db, { id: workshopId, joinCode: `CODE-${workshopId}`.toUpperCase() });
  ada = await givenStudent(db, `wst_canary_${workshopId}`, { workshopId, name: "Ada" });
  const stored = await api.request("PUT", "/api/me/key", { token: ada, json: { openaiApiKey: STUDENTS_KEY } });
  expect(stored.status).toBe(200);
  adasId = await studentIdOf(db, ada);
  callId = await givenCall(db, ada, { workshopId });
  await insertCharge(db.database, {
    callId,
    sessionToken: ada,
    workshopId: parseWorkshopId(workshopId) ?? null,
    charge: CHARGE,
  });
  api.told.liveCallId = callId;
}

const BODIES: Readonly<Record<string, unknown>> = {
  "POST /api/workshop/workshops": { name: "Autumn" },
  "PATCH /api/workshop/workshops/:workshopId": { name: "Winter" },
  "POST /api/workshop/workshops/:workshopId/announcement": { text: "Ten more minutes." },
  "POST /api/workshop/workshops/:workshopId/close": { keysAt: null, eraseAt: null },
  "POST /api/workshop/workshops/:workshopId/push": { prompt: "Be brief." },
  "POST /api/workshop/workshops/:workshopId/top-up": { microUsd: 5 },
};

/** A well-formed request of a route, about Ada's class. */
function requestTo(route: { method: string; path: string }, workshopId: string, asking: Asking) {
  const path = route.path.replace(":workshopId", workshopId).replace(":studentId", adasId).replace(":callId", callId);
  const json = BODIES[`${route.method} ${route.path}`];
  return api.request(route.method, path, { ...asking, ...(json !== undefined && { json }) });
}

const withCookie = (session: string): Asking => ({ headers: { cookie: `${COOKIE}=${session}` } });
const keys = loadMasterKeys(MASTER_KEY, []);
const sessionUntil = async (endMs: number, token = INSTRUCTOR_TOKEN) => mintInstructorSession(await keys, token, endMs);

const STRANGERS: Readonly<Record<string, () => Promise<Asking> | Asking>> = {
  nobody: () => ({}),
  "a student by cookie": () => ({ cookie: ada }),
  "a student by token": () => ({ token: ada }),
  "a wrong token": () => ({ token: `${INSTRUCTOR_TOKEN}x` }),
  "the token as cookie": () => withCookie(INSTRUCTOR_TOKEN),
  "a student's token as cookie": () => withCookie(ada),
  "a tampered cookie": async () => withCookie((await sessionUntil(NOW_MS + 1_000)).replace(/^\d/, "9")),
  "an expired cookie": async () => withCookie(await sessionUntil(NOW_MS)),
  "a cookie of an older token": async () => withCookie(await sessionUntil(NOW_MS + 1_000, "the token before")),
  "a cookie of a retired master key": async () =>
    withCookie(await mintInstructorSession(await loadMasterKeys(HEX_B, []), INSTRUCTOR_TOKEN, NOW_MS + 1_000)),
  "a wrong token beside a good cookie": async () => ({ token: "guess", ...(await signedIn(api)) }),
  "an Access header without Access": () => ({ headers: { "cf-access-jwt-assertion": "a.b.c" } }),
};

describe("the instructor's routes", () => {
  it("WORKSHOP-20 are all there is below /api/workshop, but signing in and out", () => {
    const others = ROUTES.filter(({ path, who }) => path.startsWith("/api/workshop/") && who !== "instructor");
    expect(others.map(({ path }) => path)).toEqual(["/api/workshop/login", "/api/workshop/logout"]);
    expect(INSTRUCTORS.length).toBeGreaterThanOrEqual(16);
  });

  it.each(Object.keys(STRANGERS).map((who, at) => [who, `w${at}`]))(
    "WORKSHOP-21 refuse %s, and nothing is changed",
    async (who, workshopId) => {
      await aClass(workshopId);
      const rows = () =>
        db.sql(
          "select s.*, w.name, w.fallback_allowed, w.allowance_micro_usd, (select count(*) from workshops) from student_configs s join workshops w on w.id = s.workshop_id",
        );
      const before = await rows();
      api.told.workshops.length = 0;
      const [notices, asked] = [api.told.notices.length, api.openai.asked.length];
      for (const route of INSTRUCTORS) {
        // Each from an address of its own, so that what is shown is the lock and not the throttle.
        const asking = (await STRANGERS[who]?.()) ?? {};
        const address = { "cf-connecting-ip": `${workshopId}.${INSTRUCTORS.indexOf(route)}` };
        const reply = await requestTo(route, workshopId, { ...asking, headers: { ...asking.headers, ...address } });
        const { code } = failureBody.parse(await reply.json());
        const expected = asking.token === undefined ? "unauthorized" : "bad_token";
        expect([route.method, route.path, reply.status, code]).toEqual([route.method, route.path, 401, expected]);
      }
      expect(await rows()).toEqual(before);
      expect([api.told.workshops, api.told.notices.length, api.openai.asked.length]).toEqual([[], notices, asked]);
    },
    PATIENCE_MS,
  );

  it("WORKSHOP-22 refuse a change that a page of another site asks for, the instructor's cookie or not", async () => {
    await aClass("foreign");
    for (const route of INSTRUCTORS.filter(({ method }) => method !== "GET")) {
      for (const origin of ["https://evil.example", "null", "https://callroom.example.evil.example"]) {
        const { headers } = await signedIn(api);
        const reply = await requestTo(route, "foreign", { headers: { ...headers, origin } });
        expect([route.path, reply.status, failureBody.parse(await reply.json()).code]).toEqual([
          route.path,
          403,
          "bad_origin",
        ]);
      }
    }
  });

  it("WORKSHOP-23 answer the instructor, and never with a token, a key, a master key or a word of a call", async () => {
    logLines.length = 0;
    const texts: string[] = [];
    for (const [round, asking] of [
      ["cookie", await signedIn(api)],
      ["bearer", { token: INSTRUCTOR_TOKEN }],
    ] as const) {
      await aClass(round);
      for (const route of INSTRUCTORS) {
        const reply = await requestTo(route, round, asking);
        expect([route.method, route.path, reply.status]).toEqual([route.method, route.path, 200]);
        const text = await reply.text();
        const schema = route.endpoint.reply;
        if (typeof schema !== "string") schema.parse(JSON.parse(text));
        texts.push(JSON.stringify([...reply.headers]) + text);
      }
    }
    const secrets = [
      STUDENTS_KEY,
      INSTRUCTORS_KEY,
      INSTRUCTOR_TOKEN,
      MASTER_KEY,
      "wst_canary",
      "Words that nobody",
      "v2:",
    ];
    const outputs = [...texts, ...logLines];
    expect(secrets.filter((secret) => outputs.some((text) => text.includes(secret)))).toEqual([]);
    // The scan would see one: the hint of Ada's key is there, and no more of it.
    expect(texts.some((text) => text.includes(STUDENTS_KEY.slice(-4)))).toBe(true);
    expect(texts.some((text) => text.includes(STUDENTS_KEY.slice(-6)))).toBe(false);
  });

  it("WORKSHOP-24 know no workshop, student or call but those of the path", async () => {
    await aClass("mine");
    const [mine, minesCall] = [adasId, callId];
    await aClass("other");
    const { headers } = await signedIn(api);
    const ask = (method: string, path: string, json?: unknown) =>
      api.request(method, `/api/workshop/workshops/${path}`, {
        headers: { ...headers },
        ...(json !== undefined && { json }),
      });
    api.told.liveCallId = undefined;
    const replies = await Promise.all([
      ask("DELETE", `other/students/${mine}`),
      ask("DELETE", `other/students/${mine}/key`),
      ask("DELETE", "other/students/nobody"),
      ask("POST", `other/calls/${minesCall}/end`),
      ask("POST", "other/calls/nothing/end"),
      ...["none", "Not-An-Id"].flatMap((id) => [
        ask("GET", `${id}/students`),
        ask("GET", `${id}/qr.svg`),
        ask("GET", `${id}/export.csv`),
        ask("PATCH", id, { name: "x" }),
        ask("DELETE", id),
        ask("POST", `${id}/forget-keys`),
        ask("POST", `${id}/pause`),
        ask("POST", `${id}/resume`),
        ask("POST", `${id}/announcement`, { text: null }),
        ask("POST", `${id}/push`, { greeting: "Hi" }),
        ask("PATCH", id, { lending: { poolMicroUsd: 1 } }),
        ask("POST", `${id}/top-up`, { microUsd: 1 }),
        ask("GET", `${id}/spend`),
        ask("GET", `${id}/ledger.csv`),
      ]),
    ]);
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([404]));
    const left = await db.sql(
      "select session_token from student_configs where openai_api_key is not null and workshop_id in ('mine', 'other')",
    );
    expect(left).toHaveLength(2);
  });

  it("WORKSHOP-25 answer 503 while the database is out, but for the check page, which says so", async () => {
    await aClass("outage");
    db.neon.faults.kind = "error-500";
    const { headers } = await signedIn(api);
    for (const route of INSTRUCTORS) {
      const reply = await requestTo(route, "outage", { headers: { ...headers } });
      const isOfOthers = ["/api/workshop/check", "/api/workshop/phone-numbers"].includes(route.path);
      const usesNone = isOfOthers || route.path.endsWith("/end");
      expect([route.path, reply.status]).toEqual([route.path, usesNone ? 200 : 503]);
    }
    db.neon.faults.kind = "none";
  });
});
