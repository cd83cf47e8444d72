import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { doneReply, failureBody, keyReply, meReply } from "../../src/api/reply-schemas.ts";
import { LIMITS } from "../../src/limits.ts";
import type { SessionToken } from "../../src/protocol/ids.ts";
import { noteKeyUse } from "../../src/store/sealed-keys.ts";
import { unseal } from "../../src/vault/seal.ts";
import { LEGACY_ABSENT, legacy } from "../vault/legacy-fixtures.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  NOW_MS,
  ok,
  openTestDatabase,
  refusedBy,
  START_MS,
  type TestDatabase,
} from "./world.ts";

const KEY = "sk-proj-first-0123456789abcdef-AAAA";
const OTHER = "sk-proj-second-0123456789abcdef-BBBB";

let db: TestDatabase;
let api: Harness;

beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7" });
}, START_MS);
afterAll(() => db.close());
beforeEach(() => {
  api = harness({ database: db.database });
});

const put = (token: string, openaiApiKey: unknown) =>
  api.request("PUT", "/api/me/key", { token, json: { openaiApiKey } });
const me = async (token: string) => meReply.parse(await (await api.request("GET", "/api/me", { token })).json());

/** The clear key in the row, read as the vault reads it; `null` without one. */
async function storedKey(token: SessionToken): Promise<string | null> {
  const [row] = await db.sql("select openai_api_key from student_configs where session_token = $1", token);
  if (row?.openai_api_key == null) return null;
  expect(row.openai_api_key).toMatch(/^v2:[0-9a-f]{8}:/);
  const binding = { purpose: "openai-key", sessionToken: token } as const;
  return (await unseal(await api.deps.masterKeys(), binding, row.openai_api_key)).plaintext;
}

const OUTCOMES = [
  ["connected", ok],
  ["restricted", refusedBy(403, { code: "insufficient_permissions", type: "invalid_request_error" })],
  ["no_credit", refusedBy(429, { code: "insufficient_quota", type: "insufficient_quota" })],
  ["unverified", refusedBy(503, { code: "server_is_overloaded" })],
  ["unverified", () => Promise.reject(new TypeError("network"))],
] as const;
const REJECTED = refusedBy(401, { code: "invalid_api_key", message: "Incorrect API key provided: sk-pr******AAAA" });

describe("PUT /api/me/key", () => {
  it.each(OUTCOMES)("CONNECT-1 a key is stored sealed, with what OpenAI thought of it: %s", async (status, answer) => {
    const token = await givenStudent(db, `connect_1_${status}`, { workshopId: "w1" });
    api.openai.answer = answer;
    const reply = await put(token, `  ${KEY}\n`);
    const { key } = keyReply.parse(await reply.json());
    expect(key).toEqual({ status, hint: "AAAA", connectedAt: "2026-11-22T12:00:00.000Z", lastUsedAt: null });
    expect(await storedKey(token)).toBe(KEY);
    expect((await me(token)).key).toEqual(key);
    expect(api.openai.asked).toEqual([
      { url: "https://api.openai.test/v1/models", authorization: `Bearer ${KEY}`, redirect: "manual" },
    ]);
  });

  it("CONNECT-2 a key that OpenAI rejects is not stored and never replaces the one that worked", async () => {
    const token = await givenStudent(db, "connect_2");
    api.openai.answer = REJECTED;
    const refused = async (key: string) => {
      const reply = await put(token, key);
      expect(reply.status).toBe(422);
      return failureBody.parse(await reply.json());
    };
    expect(await refused(KEY)).toMatchObject({ code: "key_rejected", openai: { status: "rejected", hint: "AAAA" } });
    expect(await storedKey(token)).toBeNull();
    api.openai.answer = ok;
    await put(token, KEY);
    const before = await me(token);
    api.openai.answer = REJECTED;
    api.told.notices.length = 0;
    expect(JSON.stringify(await refused(OTHER))).not.toContain("sk-");
    expect(await storedKey(token)).toBe(KEY);
    expect(await me(token)).toEqual(before);
    expect(api.told.notices).toEqual([]);
  });

  it("CONNECT-3 live calls are told of a new key and of a forgotten one", async () => {
    const token = await givenStudent(db, "connect_3", { workshopId: "w1" });
    const notice = { workshopId: "w1", sessionToken: token, notice: "key-changed" };
    await put(token, KEY);
    expect(api.told.notices).toEqual([notice]);
    const reply = await api.request("DELETE", "/api/me/key", { token });
    expect(doneReply.parse(await reply.json())).toEqual({ success: true });
    expect(await storedKey(token)).toBeNull();
    expect((await me(token)).key).toBeNull();
    await api.request("DELETE", "/api/me/key", { token });
    expect(api.told.notices).toEqual([notice, notice, notice]);
  });

  it("CONNECT-3 a change of which the live calls could not be told is a failure, and trying again tells them", async () => {
    const token = await givenStudent(db, "connect_3b");
    await put(token, KEY);
    api.told.tellFails = true;
    expect((await api.request("DELETE", "/api/me/key", { token })).status).toBe(500);
    api.told.tellFails = false;
    api.told.notices.length = 0;
    expect((await api.request("DELETE", "/api/me/key", { token })).status).toBe(200);
    expect(api.told.notices).toHaveLength(1);
  });

  it.each([
    "",
    " ",
    "sk-",
    "pk-1234567890",
    "sk-admin-1234567890",
    "sk-with space",
    "sk-é12345",
    7,
    null,
    {},
    [KEY],
    true,
    `sk-${"a".repeat(510)}`,
  ])("CONNECT-4 what is no OpenAI key from its looks is refused without asking OpenAI: %j", async (value) => {
    const token = await givenStudent(db, "connect_4");
    const reply = await put(token, value);
    expect(reply.status).toBe(400);
    expect(failureBody.parse(await reply.json())).toMatchObject({
      code: "bad_key_shape",
      field: "openaiApiKey: must begin with sk- and be printable ASCII",
    });
    expect(api.openai.asked).toEqual([]);
  });

  it("CONNECT-5 OpenAI is asked three times a minute for one student, and others are not held up", async () => {
    const [token, other] = [await givenStudent(db, "connect_5"), await givenStudent(db, "connect_5b")];
    for (let check = 0; check < LIMITS.keyChecksPerMinute; check += 1) expect((await put(token, KEY)).status).toBe(200);
    const fourth = await put(token, OTHER);
    expect(fourth.status).toBe(429);
    expect(failureBody.parse(await fourth.json()).code).toBe("too_many_requests");
    expect(api.openai.asked).toHaveLength(LIMITS.keyChecksPerMinute);
    expect(await storedKey(token)).toBe(KEY);
    expect((await put(other, KEY)).status).toBe(200);
    api.clock.nowMs = NOW_MS + 60_000;
    expect((await put(token, OTHER)).status).toBe(200);
  });

  it("CONNECT-6 a use is shown, and a new key has none yet", async () => {
    const token = await givenStudent(db, "connect_6");
    await put(token, KEY);
    await noteKeyUse(db.database, token, { status: "no_credit", atMs: NOW_MS + 5_000 });
    expect((await me(token)).key).toMatchObject({ status: "no_credit", lastUsedAt: "2026-11-22T12:00:05.000Z" });
    api.clock.nowMs = NOW_MS + 60_000;
    await put(token, OTHER);
    expect((await me(token)).key).toEqual({
      status: "connected",
      hint: "BBBB",
      connectedAt: "2026-11-22T12:01:00.000Z",
      lastUsedAt: null,
    });
  });

  it("CONNECT-7 a key that cannot be opened needs to be entered again, and entering it mends the row", async () => {
    const [from, to] = [await givenStudent(db, "connect_7a"), await givenStudent(db, "connect_7b")];
    await put(from, KEY);
    await db.sql(
      "update student_configs set openai_api_key = (select openai_api_key from student_configs where session_token = $1) where session_token = $2",
      from,
      to,
    );
    expect((await me(to)).key).toMatchObject({ status: "unreadable", hint: null });
    expect((await me(from)).key).toMatchObject({ status: "connected" });
    await put(to, OTHER);
    expect((await me(to)).key).toMatchObject({ status: "connected", hint: "BBBB" });
  });

  it("CONNECT-8 a key of the predecessor's shows as unverified, with its hint", async ({ skip }) => {
    if (!legacy) return skip(LEGACY_ABSENT);
    const { masterKeyHex, readable } = legacy;
    const old = harness({
      database: db.database,
      settings: { masterKeyHexes: { newest: masterKeyHex, previous: [] } },
    });
    const { sealed, plaintext } = readable[0]!;
    const token = await givenStudent(db, "connect_8");
    await db.sql("update student_configs set openai_api_key = $1 where session_token = $2", sealed, token);
    const { key } = meReply.parse(await (await old.request("GET", "/api/me", { token })).json());
    expect(key).toEqual({ status: "unverified", hint: plaintext.slice(-4), connectedAt: null, lastUsedAt: null });
  });
});
