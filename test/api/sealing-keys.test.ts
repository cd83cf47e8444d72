import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ensureWebhookSecret } from "../../src/call/first-webhook-secret.ts";
import { sentinelsIn } from "../../src/store/sentinels.ts";
import { findStudent } from "../../src/store/students.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { sentinelOf } from "../../src/vault/sentinel.ts";
import { HEX_A, HEX_B, randomBytes } from "../vault/samples.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  openTestDatabase,
  START_MS,
  type TestDatabase,
  tokenOf,
} from "./world.ts";

const KEY = "sk-proj-u2Jh8Tq4Pz6Kd1Wv7Bn3Xs9Cm5Lr0Fg-Zt4R";
const WEBHOOK_TOOL = JSON.stringify([
  {
    type: "function",
    function: {
      name: "look_up",
      description: "Looks something up.",
      parameters: { type: "object", properties: {} },
      webhook_url: "https://tools.example.com/look-up",
    },
  },
]);

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "default", joinCode: "MAPLE-7" });
}, START_MS);
afterAll(() => db.close());

const withRing = (newest: string, ...previous: string[]): Harness =>
  harness({ database: db.database, settings: { masterKeyHexes: { newest, previous }, enrollment: "open" } });

/** Everything that is stored of students, and the sentinels. */
const stored = async () => [
  await db.sql("select * from student_configs order by session_token"),
  await db.sql("select kid, sealed from master_key_sentinels order by kid"),
];

const WRITES: readonly [what: string, (api: Harness, token: string) => Promise<Response>][] = [
  ["PUT /api/me/key", (api, token) => api.request("PUT", "/api/me/key", { token, json: { openaiApiKey: KEY } })],
  [
    "the predecessor's save",
    (api, token) =>
      api.request("POST", "/api/student-config-save", { json: { sessionToken: token, openaiApiKey: KEY } }),
  ],
  [
    "the predecessor's save of somebody new",
    (api) => api.request("POST", "/api/student-config-save", { json: { sessionToken: "wst_new", openaiApiKey: KEY } }),
  ],
  ["a new webhook secret", (api, token) => api.request("POST", "/api/me/webhook-secret", { token })],
  ["new words", (api, token) => api.request("POST", "/api/me/recovery-phrase", { token })],
  ["joining", (api) => api.request("POST", "/api/join", { json: { joinCode: "MAPLE-7", name: "Bob" } })],
];

describe("sealing under the wrong ENCRYPTION_KEY", () => {
  let round = 0;
  let token = "";
  beforeEach(async () => {
    await db.sql("delete from student_configs");
    await db.sql("delete from master_key_sentinels");
    round += 1;
    token = await givenStudent(db, `wst_ada_${round}`, { workshopId: "default" });
    await sentinelsIn(db.database).add(await sentinelOf(await loadMasterKeys(HEX_A, []), randomBytes));
  });

  it.each(WRITES)("SENTINEL-14 %s is 503, names the variable, and writes nothing", async (_what, write) => {
    const before = await stored();
    // The instructor's own fingers: a well-formed key that is another one.
    const wrong = withRing(HEX_B.replace(/^./, "9"), HEX_B);
    const reply = await write(wrong, token);
    expect([reply.status, await reply.json()]).toEqual([
      503,
      expect.objectContaining({
        code: "misconfigured",
        variable: "ENCRYPTION_KEY",
        error: "This server is not set up correctly. ENCRYPTION_KEY is not the one that sealed what is stored.",
      }),
    ]);
    await wrong.settled();
    expect(await stored()).toEqual(before);
  });

  it.each(WRITES)("SENTINEL-14 with the old one back, %s works", async (_what, write) => {
    const reply = await write(withRing(HEX_B, HEX_A), token);
    expect(reply.status).toBe(200);
    expect(await db.sql("select kid from master_key_sentinels")).toHaveLength(2);
  });

  it("SENTINEL-15 a student whose key it cannot open is not told to enter it again", async () => {
    await withRing(HEX_A).request("PUT", "/api/me/key", { token, json: { openaiApiKey: KEY } });
    const ofWrong = await withRing(HEX_B).request("GET", "/api/me", { token });
    expect([ofWrong.status, await ofWrong.json()]).toMatchObject([503, { code: "misconfigured" }]);
    // A damaged one is the student's to enter again, under the right ring.
    await db.sql("update student_configs set openai_api_key = replace(openai_api_key, 'v2:', 'v3:')");
    const ofRight = await withRing(HEX_A).request("GET", "/api/me", { token });
    expect([ofRight.status, await ofRight.json()]).toMatchObject([200, { key: { status: "unreadable" } }]);
  });

  it("SENTINEL-16 words that it cannot know are not called nobody's", async () => {
    const made = await withRing(HEX_A).request("POST", "/api/me/recovery-phrase", { token });
    const { recoveryPhrase } = Object(await made.json());
    const recovered = await withRing(HEX_B).request("POST", "/api/recover", { json: { recoveryPhrase } });
    expect([recovered.status, await recovered.json()]).toMatchObject([503, { code: "misconfigured" }]);
    expect((await withRing(HEX_A).request("POST", "/api/recover", { json: { recoveryPhrase } })).status).toBe(200);
  });

  it("SENTINEL-17 a call that would make a student's first webhook secret makes none, and goes on", async () => {
    await db.sql("update student_configs set tools = $1", WEBHOOK_TOOL);
    const student = await findStudent(db.database, tokenOf(token));
    if (!student) throw new Error("no student");
    expect(await ensureWebhookSecret(db.database, withRing(HEX_B).deps.settings, student)).toBeNull();
    expect(await db.sql("select 1 from student_configs where webhook_secret is not null")).toEqual([]);
    const sealed = await ensureWebhookSecret(db.database, withRing(HEX_A).deps.settings, student);
    expect(sealed).toMatch(/^v2:/);
  });

  it("SENTINEL-18 /healthz is red under it, and green under the right one", async () => {
    const wrong = await withRing(HEX_B).request("GET", "/healthz");
    expect([wrong.status, await wrong.json()]).toMatchObject([
      503,
      { code: "misconfigured", checks: { database: "ok", secrets: "failed" } },
    ]);
    expect((await withRing(HEX_A).request("GET", "/healthz")).status).toBe(200);
  });

  it("SENTINEL-19 a right ring costs one look in the life of an isolate", async () => {
    const api = withRing(HEX_A, HEX_B);
    const save = () => api.request("POST", "/api/me/webhook-secret", { token });
    await save();
    const first = db.neon.counted.requests;
    await save();
    const each = db.neon.counted.requests - first;
    // Who asks, and what is written.
    expect(each).toBe(2);
  });
});
