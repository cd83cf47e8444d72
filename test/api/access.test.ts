import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerMisconfigured } from "../../src/api/misconfigured.ts";
import { failureBody, healthReply, recoveryPhraseReply } from "../../src/api/reply-schemas.ts";
import { ROUTES, type Route } from "../../src/api/routes.ts";
import { DEFAULT_TOOLS } from "../../src/protocol/agent-config.ts";
import type { CallRecord, TurnRecord } from "../../src/protocol/call-record.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { callIdFrom, type SessionToken } from "../../src/protocol/ids.ts";
import { archiveCall } from "../../src/store/calls.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import { readTwiml } from "../standins/twilio-twiml.ts";
import { signTwilioRequest } from "../standins/twilio-web.ts";
import { spokenAnswer } from "./spoken-answer.ts";
import {
  type Asking,
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  logLines,
  MASTER_KEY,
  NOW_MS,
  ORIGIN,
  ok,
  openTestDatabase,
  refusedBy,
  START_MS,
  type TestDatabase,
  unreachable,
} from "./world.ts";

/** Many requests to a real database, on a machine that may be busy. */
const PATIENCE_MS = 60_000;

/** Without words, so that no piece of them is anywhere by chance. */
const STUDENTS_KEY = "sk-proj-q7Zk3Vw9Xc1Rb5Nt8Ym2Lp6Hd4Gf0Js-Wx9Q";
const INSTRUCTORS_KEY = "sk-proj-u2Jh8Tq4Pz6Kd1Wv7Bn3Xs9Cm5Lr0Fg-Zt4R";
const SERVICE_TOKEN = "Mv6Qy1Xk8Zr3Tb9Nw4Hp7Jd2";
const AUTH_TOKEN = "d41f7b90c36ea825f0719b3c8e5d2a46";
const INSTRUCTOR_TOKEN = "Gs5Wc0Vf8Lx2Rk6Zn1Pq9Yt3";

let db: TestDatabase;
let api: Harness;
let ada: SessionToken;
let bob: SessionToken;
let adasCall: CallRecord;
let adasPhrase: string;

const turn: TurnRecord = {
  seq: 1,
  revision: 1,
  speaker: "caller",
  startedAtMs: NOW_MS,
  text: "Hello",
  heardText: null,
  toolCall: null,
  timings: null,
  usage: null,
  failure: null,
};

beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7" });
  api = harness({
    database: db.database,
    settings: {
      instructorToken: INSTRUCTOR_TOKEN,
      serviceToken: SERVICE_TOKEN,
      twilioAuthToken: AUTH_TOKEN,
      instructorApiKey: ApiKey.parse(INSTRUCTORS_KEY),
    },
  });
}, START_MS);
afterAll(() => db.close());

/**
 * Every route but the instructor's, which `workshop-access.test.ts` looks at; the one that erases its asker comes last, so
 * that the others still find them.
 */
const ALL = ROUTES.filter(({ path }) => !path.startsWith("/api/workshop/")).toSorted(
  (a, b) => Number(erases(a)) - Number(erases(b)),
);

function erases({ method, path }: Route): boolean {
  return method === "DELETE" && path === "/api/me";
}

/** Ada with a key and a call, and Bob; anew for each round. */
async function aClass(round: string) {
  ada = await givenStudent(db, `ada_${round}`, { workshopId: "w1", toolsJson: DEFAULT_TOOLS });
  bob = await givenStudent(db, `bob_${round}`, { workshopId: "w1", toolsJson: DEFAULT_TOOLS });
  const words = await api.request("POST", "/api/me/recovery-phrase", { token: ada });
  adasPhrase = recoveryPhraseReply.parse(await words.json()).recoveryPhrase;
  const stored = await api.request("POST", "/api/student-config-save", {
    json: { sessionToken: ada, openaiApiKey: STUDENTS_KEY, systemPrompt: "p" },
  });
  expect(stored.status).toBe(200);
  adasCall = {
    id: callIdFrom(crypto.getRandomValues(new Uint8Array(16))),
    revision: 1,
    sessionToken: ada,
    workshopId: null,
    wayIn: "conversation-relay",
    startedAtMs: NOW_MS,
    endedAtMs: null,
    endReason: null,
    keySource: "student",
    model: "gpt-6-luna",
    transcriptionModel: null,
    usage: NO_USAGE,
  };
  await archiveCall(db.database, { call: adasCall, turns: [turn] });
}

const ROLES = {
  nobody: (): Asking => ({}),
  "a made-up token": (): Asking => ({ token: `wst_${"A".repeat(43)}` }),
  "a malformed token": (): Asking => ({ token: "a b" }),
  ada: (): Asking => ({ token: ada }),
  "ada by cookie": (): Asking => ({ cookie: ada }),
  bob: (): Asking => ({ token: bob }),
  "the service": (): Asking => ({ token: SERVICE_TOKEN }),
  "the instructor": (): Asking => ({ token: INSTRUCTOR_TOKEN }),
};
type Role = keyof typeof ROLES;

const FORM = { CallSid: "CA1", CallStatus: "in-progress", SessionStatus: "failed", ErrorCode: "64105" };

/** A well-formed request of each route, about Ada. */
function requestTo(method: string, path: string, role: Asking, signs: boolean): [string, Asking] {
  const target = path.replace(":sessionToken", ada).replace(":callId", adasCall.id).replace(":name", "roll_dice");
  const json: Readonly<Record<string, unknown>> = {
    "POST /api/join": { joinCode: "MAPLE-7", name: "Eve" },
    "POST /api/recover": { recoveryPhrase: adasPhrase },
    "PATCH /api/me": { prompt: "q" },
    "POST /api/me/tools/:name/run": { arguments: {} },
    "POST /api/me/voice-sample": { voice: "cedar" },
    "PUT /api/me/key": { openaiApiKey: STUDENTS_KEY },
    "POST /api/student-config-save": { sessionToken: ada, openaiApiKey: STUDENTS_KEY },
  };
  if (path.startsWith("/twilio/")) {
    const signature = signTwilioRequest(signs ? AUTH_TOKEN : "forged", `${ORIGIN}${target}`, FORM);
    return [target, { ...role, form: FORM, headers: { "x-twilio-signature": signature } }];
  }
  const query = path === "/api/get-student-ai-settings" ? `?sessionToken=${ada}` : "";
  const body = json[`${method} ${path}`];
  return [target + query, body === undefined ? role : { ...role, json: body }];
}

const STUDENTS: readonly Role[] = ["ada", "ada by cookie", "bob"];

describe("who may do what", () => {
  it.each(Object.keys(ROLES) as Role[])(
    "REST-20 every route lets in whom the table says and nobody else: %s",
    async (role) => {
      await aClass(role.replaceAll(" ", "_"));
      for (const { method, path, who, endpoint } of ALL) {
        const [target, asking] = requestTo(method, path, ROLES[role](), false);
        const reply = await api.request(method, target, asking);
        const mayEnter =
          who === "anyone" ||
          (who === "student" && STUDENTS.includes(role)) ||
          (who === "service" && role === "the service");
        const isSomebodyElses = role === "bob" && path.includes(":callId");
        const expected = isSomebodyElses ? 404 : mayEnter ? 200 : who === "twilio" ? 403 : 401;
        expect([`${method} ${path}`, reply.status]).toEqual([`${method} ${path}`, expected]);
        // The schemas are strict: a field that nobody meant to send is refused by them.
        const schema = expected === 200 ? endpoint.reply : failureBody;
        if (typeof schema !== "string") schema.parse(await reply.json());
      }
    },
    PATIENCE_MS,
  );

  it("REST-20 nobody changes, reads or erases another student by their own token", async () => {
    await aClass("isolation");
    const rowOf = () => db.sql("select * from student_configs where session_token = $1", ada);
    const before = await rowOf();
    for (const { method, path, who } of ROUTES) {
      if (who !== "student") continue;
      const [target, asking] = requestTo(method, path, { token: bob }, false);
      const text = await (await api.request(method, target, asking)).text();
      expect(text).not.toContain(ada);
    }
    expect(await rowOf()).toEqual(before);
  });

  it("REST-21 an Authorization header that names nobody is not saved by a good cookie", async () => {
    await aClass("both");
    const reply = await api.request("GET", "/api/me", { token: "wst_nobody", cookie: ada });
    expect([reply.status, failureBody.parse(await reply.json()).code]).toEqual([401, "unknown_session"]);
  });

  it("REST-22 a stranger's body is not read", async () => {
    let pulled = 0;
    const pull = () => {
      pulled += 1;
    };
    const body = new ReadableStream({ pull }, { highWaterMark: 0 });
    const reply = await api.request("PATCH", "/api/me", { body, headers: { "content-type": "application/json" } });
    expect([reply.status, pulled]).toEqual([401, 0]);
  });
});

/** A secret's text in the forms in which it could leave, and every piece of it that would help to guess it. */
function traces(secret: string): string[] {
  const forms = [
    secret,
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    Buffer.from(secret).toString("base64url"),
    Buffer.from(secret).toString("hex"),
    encodeURIComponent(secret),
  ];
  // "sk-proj-" begins every key and tells nothing.
  const body = secret.replace(/^sk-proj-/, "");
  const pieces = Array.from({ length: body.length - 7 }, (_, at) => body.slice(at, at + 8));
  return [...forms, ...pieces];
}

describe("secrets", () => {
  it.each(["no fault", "a database that fails", "an OpenAI that echoes the key"])(
    "REST-23 no reply to anybody and no line of the log holds a secret, but the one reply made for it: %s",
    async (fault) => {
      const outputs: { from: string; text: string }[] = [];
      logLines.length = 0;
      for (const role of Object.keys(ROLES) as Role[]) {
        api.openai.answer = ok;
        api.openai.dial = async () => spokenAnswer();
        await aClass(`canary ${fault} ${role}`.replaceAll(" ", "_"));
        if (fault.startsWith("an OpenAI")) {
          const message = `Incorrect API key provided: ${STUDENTS_KEY}`;
          api.openai.answer = refusedBy(401, { message, code: "invalid_api_key" });
          api.openai.dial = refusedBy(401, { message, code: "invalid_api_key" });
        }
        if (fault.startsWith("a database")) db.neon.faults.kind = "error-500";
        for (const { method, path, who } of ALL) {
          const [target, asking] = requestTo(method, path, ROLES[role](), true);
          const reply = await api.request(method, target, asking);
          const text = JSON.stringify([...reply.headers]) + (await reply.text());
          if (who === "service" && role === "the service") continue;
          outputs.push({ from: `${method} ${path} as ${role}`, text });
        }
        db.neon.faults.kind = "none";
      }
      expect(outputs.length).toBe(ALL.length * Object.keys(ROLES).length - 1);
      outputs.push(...logLines.map((text) => ({ from: "log", text })));
      const secrets = [STUDENTS_KEY, INSTRUCTORS_KEY, SERVICE_TOKEN, AUTH_TOKEN, INSTRUCTOR_TOKEN, MASTER_KEY];
      const found = secrets
        .flatMap(traces)
        .flatMap((trace) => outputs.filter(({ text }) => text.includes(trace)).map(({ from }) => from));
      expect(found).toEqual([]);
      // Tokens are in no line either, and the log's second line of defence had nothing to do.
      expect(logLines.length).toBeGreaterThan(20);
      expect(logLines.join("\n")).not.toMatch(/canary_|wst_|\[redacted\]/);
    },
    PATIENCE_MS,
  );

  it("REST-23 the service's reply holds the key: the scan above would see one", async () => {
    await aClass("scan_works");
    const [target, asking] = requestTo("GET", "/api/get-student-ai-settings", { token: SERVICE_TOKEN }, false);
    const text = await (await api.request("GET", target, asking)).text();
    expect(traces(STUDENTS_KEY).some((trace) => text.includes(trace))).toBe(true);
    expect(traces(INSTRUCTORS_KEY).some((trace) => text.includes(trace))).toBe(false);
  });
});

describe("GET /healthz", () => {
  it("REST-24 is well when the database has our tables and the secrets can be used", async () => {
    const reply = await api.request("GET", "/healthz");
    expect([reply.status, healthReply.parse(await reply.json())]).toEqual([
      200,
      { success: true, checks: { database: "ok", secrets: "ok" } },
    ]);
  });

  it("REST-24 says which of them fails", async () => {
    const down = await harness({ database: unreachable() }).request("GET", "/healthz");
    expect(down.status).toBe(503);
    expect(failureBody.parse(await down.json())).toMatchObject({
      code: "database_unavailable",
      checks: { database: "failed", secrets: "ok" },
    });
    const masterKeys = () => Promise.reject(new Error(MASTER_KEY));
    const unusable = await harness({ database: db.database, masterKeys }).request("GET", "/healthz");
    expect(unusable.status).toBe(503);
    const text = await unusable.text();
    expect(failureBody.parse(JSON.parse(text))).toMatchObject({
      code: "misconfigured",
      checks: { database: "ok", secrets: "failed" },
    });
    expect(text).not.toContain(MASTER_KEY);
  });
});

/** Routes that never ask the database. */
const NEEDS_NONE = new Set(["/openapi.json", "/docs", "/api/leave"]);

describe("an outage of the database", () => {
  it("REST-25 is 503 on every route that needs it, with a sentence", async () => {
    await aClass("outage");
    db.neon.faults.kind = "error-500";
    for (const { method, path, who } of ALL) {
      if (who === "twilio" || NEEDS_NONE.has(path)) continue;
      const asker = who === "service" ? { token: SERVICE_TOKEN } : { token: ada };
      const [target, asking] = requestTo(method, path, asker, true);
      const reply = await api.request(method, target, asking);
      const { code } = failureBody.parse(await reply.json());
      expect([`${method} ${path}`, reply.status, code]).toEqual([`${method} ${path}`, 503, "database_unavailable"]);
    }
    db.neon.faults.kind = "none";
  });
});

describe("a missing or malformed variable", () => {
  const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  const ask = (method: string, path: string) =>
    answerMisconfigured(new Request(`${ORIGIN}${path}`, { method }), "ENCRYPTION_KEY", randomBytes);

  it("REST-26 is 503 on every route, and names the variable", async () => {
    const others = ["/nowhere", "/ws/x", "/call/x", "/media/x"].map((path) => ({ method: "GET", path }));
    for (const { method, path } of [...ROUTES, ...others]) {
      if (path === "/twilio/voice/:sessionToken") continue;
      const reply = await ask(method, path);
      expect([path, reply.status, reply.headers.get("cache-control")]).toEqual([path, 503, "no-store"]);
      expect(failureBody.parse(await reply.json())).toMatchObject({
        code: "misconfigured",
        variable: "ENCRYPTION_KEY",
        error: "This server is not set up correctly. ENCRYPTION_KEY is missing or malformed.",
      });
    }
    const health = failureBody.parse(await (await ask("GET", "/healthz")).json());
    expect(health.checks).toEqual({ database: "not-checked", secrets: "failed" });
  });

  it("REST-26 is a sentence for a caller", async () => {
    const reply = await ask("POST", "/twilio/voice/wst_a");
    expect([reply.status, readTwiml(await reply.text())]).toEqual([
      200,
      [{ type: "say", text: "I'm sorry, this line is not set up correctly." }, { type: "hangup" }],
    ]);
  });
});
