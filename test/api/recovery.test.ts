import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  doneReply,
  failureBody,
  joinReply,
  meReply,
  recoverReply,
  recoveryPhraseReply,
} from "../../src/api/reply-schemas.ts";
import type { Settings } from "../../src/env.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  JOINS_PER_MINUTE,
  logLines,
  MASTER_KEY,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

const NEWER_KEY = "9f8e7d6c5b4a39281706f5e4d3c2b1a0".repeat(2);

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

async function joined(at: Harness = api) {
  const reply = await at.request("POST", "/api/join", { json: { joinCode: "MAPLE-7", name: "Ada" } });
  return joinReply.parse(await reply.json());
}

const recover = (recoveryPhrase: string, at: Harness = api) =>
  at.request("POST", "/api/recover", { json: { recoveryPhrase } });
const signedInAs = (reply: Response) => /^__Host-callroom=([^;]*);/.exec(reply.headers.get("set-cookie") ?? "")?.[1];
const failureOf = async (reply: Response) => {
  const { code, field } = failureBody.parse(await reply.json());
  return { status: reply.status, code, field };
};
const withKeys = (newest: string, previous: readonly string[]): Harness => {
  const settings: Partial<Settings> = { masterKeyHexes: { newest, previous } };
  return harness({ database: db.database, settings });
};
const isRecoverable = async (at: Harness, token: string) =>
  meReply.parse(await (await at.request("GET", "/api/me", { token })).json()).recovery.set;

describe("POST /api/recover", () => {
  it("ME-30 the words sign the student in on another browser, however they are typed", async () => {
    const { recoveryPhrase, sessionToken, name } = await joined();
    const sloppy = recoveryPhrase.split(" ").map((word) => `${word.slice(0, 4).toUpperCase()}${word.slice(4)}`);
    for (const typed of [recoveryPhrase, ` ${sloppy.join("-")}\n`, sloppy.join(", ")]) {
      const reply = await recover(typed);
      expect(signedInAs(reply)).toBe(sessionToken);
      expect(reply.headers.get("set-cookie")).toContain("HttpOnly; Secure; SameSite=Strict");
      // The token itself is in the cookie only.
      expect(recoverReply.parse(await reply.json())).toEqual({ success: true, name });
    }
  });

  it("ME-31 words that nobody has, and what are no words, sign nobody in; which word is wrong is said, not quoted", async () => {
    const { recoveryPhrase } = await joined();
    const [first, second, third] = recoveryPhrase.split(" ");
    const other = `${first} ${second} ${third} ${recoveryPhrase.endsWith("zoo") ? "zone" : "zoo"}`;
    for (const [typed, field] of [
      [other, undefined],
      [`${first} ${second} xylophon ${third}`, "recoveryPhrase: word 3 is not one of the list"],
      ["maple", "recoveryPhrase: must be four words"],
      ["' or 1=1 --", "recoveryPhrase: must be four words"],
    ] as const) {
      const reply = await recover(typed);
      expect(signedInAs(reply)).toBeUndefined();
      expect(await failureOf(reply)).toEqual({ status: 404, code: "unknown_phrase", field });
    }
    for (const json of [{}, { recoveryPhrase: 7 }, { recoveryPhrase: "a", more: 1 }]) {
      expect((await api.request("POST", "/api/recover", { json })).status).toBe(400);
    }
  });

  it("ME-32 guessing words and guessing codes have one end", async () => {
    const headers = { "cf-connecting-ip": "192.0.2.7" };
    for (let guess = 0; guess < JOINS_PER_MINUTE; guess++) {
      const json = { recoveryPhrase: "zoo zoo zoo zoo" };
      const code = { joinCode: "NO-SUCH", name: "Eve" };
      const reply =
        guess % 2 === 0
          ? await api.request("POST", "/api/recover", { json, headers })
          : await api.request("POST", "/api/join", { json: code, headers });
      expect(reply.status).toBe(404);
    }
    const { recoveryPhrase } = await joined();
    const reply = await api.request("POST", "/api/recover", { json: { recoveryPhrase }, headers });
    expect([reply.status, signedInAs(reply)]).toEqual([429, undefined]);
  });

  it("ME-33 a student whose workshop has ended comes back, to read", async () => {
    await givenWorkshop(db, { id: "ending", joinCode: "OAK-9" });
    const join = await api.request("POST", "/api/join", { json: { joinCode: "OAK-9", name: "Ada" } });
    const { recoveryPhrase, sessionToken } = joinReply.parse(await join.json());
    await db.sql("update workshops set closes_at = '2026-11-22T11:00:00Z' where id = 'ending'");
    expect(signedInAs(await recover(recoveryPhrase))).toBe(sessionToken);
    const me = meReply.parse(await (await api.request("GET", "/api/me", { cookie: sessionToken })).json());
    expect(me.workshop).toMatchObject({ state: "ended", closesAt: "2026-11-22T11:00:00.000Z" });
  });

  it("ME-34 words outlive a rotated master key when they are used in time, and are said to be gone when they are", async () => {
    const [used, unused] = [await joined(), await joined()];
    const rotating = withKeys(NEWER_KEY, [MASTER_KEY]);
    expect(signedInAs(await recover(used.recoveryPhrase, rotating))).toBe(used.sessionToken);
    await rotating.settled();
    expect(await isRecoverable(rotating, unused.sessionToken)).toBe(true);
    const rotated = withKeys(NEWER_KEY, []);
    expect(signedInAs(await recover(used.recoveryPhrase, rotated))).toBe(used.sessionToken);
    expect(await failureOf(await recover(unused.recoveryPhrase, rotated))).toMatchObject({ code: "unknown_phrase" });
    expect([
      await isRecoverable(rotated, used.sessionToken),
      await isRecoverable(rotated, unused.sessionToken),
    ]).toEqual([true, false]);
  });

  it("ME-35 neither words nor token are in any log, whatever happens to them", async () => {
    logLines.length = 0;
    const { recoveryPhrase, sessionToken } = await joined();
    await recover(recoveryPhrase);
    db.neon.faults.kind = "error-500";
    expect((await recover(recoveryPhrase)).status).toBe(503);
    db.neon.faults.kind = "none";
    await recover(`${recoveryPhrase} ${sessionToken}`);
    const log = logLines.join("\n");
    expect(logLines.length).toBeGreaterThan(1);
    expect(log).not.toContain(sessionToken);
    // A single word of the list may well be one of ours.
    const words = recoveryPhrase.split(" ");
    for (const [at, word] of words.slice(1).entries()) expect(log).not.toMatch(new RegExp(`${words[at]}\\W+${word}`));
  });
});

describe("POST /api/me/recovery-phrase", () => {
  it("ME-71 a session token signs in as well: it is all that the predecessor's students have", async () => {
    await givenStudent(db, "student-of-before_1");
    const back = await recover("  student-of-before_1 ");
    expect(back.status).toBe(200);
    expect(signedInAs(back)).toBe("student-of-before_1");
    expect(await failureOf(await recover("student-of-before_2"))).toMatchObject({ code: "unknown_phrase" });
  });

  it("ME-36 makes new words, and the words before stop working", async () => {
    const { recoveryPhrase: before, sessionToken } = await joined();
    const reply = await api.request("POST", "/api/me/recovery-phrase", { token: sessionToken });
    const { recoveryPhrase } = recoveryPhraseReply.parse(await reply.json());
    expect(await failureOf(await recover(before))).toMatchObject({ code: "unknown_phrase" });
    expect(signedInAs(await recover(recoveryPhrase))).toBe(sessionToken);
    await api.settled();
    expect(api.told.workshops.at(-1)).toEqual({ workshopId: "w1", told: "me-changed", sessionToken, by: "student" });
  });

  it("ME-37 a student who never had words gets them, and who has them is told that there are some", async () => {
    const token = await givenStudent(db, "me_37");
    expect(await isRecoverable(api, token)).toBe(false);
    await api.request("POST", "/api/me/recovery-phrase", { token });
    expect(await isRecoverable(api, token)).toBe(true);
  });

  it("ME-38 words that are somebody's already are not given out: others are made", async () => {
    const [ada, bo] = [await givenStudent(db, "me_38a"), await givenStudent(db, "me_38b")];
    const scripted = [7, 7, 7, 8].map((byte) => new Uint8Array(6).fill(byte));
    const { randomBytes } = api.deps;
    Object.assign(api.deps, {
      randomBytes: (count: number) => (count === 6 && scripted.shift()) || randomBytes(count),
    });
    const words = async (token: string) =>
      recoveryPhraseReply.parse(await (await api.request("POST", "/api/me/recovery-phrase", { token })).json());
    const first = (await words(ada)).recoveryPhrase;
    const second = (await words(bo)).recoveryPhrase;
    expect(second).not.toBe(first);
    expect(scripted).toEqual([]);
    expect([signedInAs(await recover(first)), signedInAs(await recover(second))]).toEqual([ada, bo]);
  });
});

describe("POST /api/leave", () => {
  it("ME-39 signs this browser out, whoever it was, and erases nobody", async () => {
    const token = await givenStudent(db, "me_39");
    for (const asking of [{ cookie: token }, { cookie: "wst_erased" }, {}]) {
      const reply = await api.request("POST", "/api/leave", asking);
      expect(doneReply.parse(await reply.json())).toEqual({ success: true });
      expect(reply.headers.get("set-cookie")).toMatch(/^__Host-callroom=; Max-Age=0; Path=\/; HttpOnly; Secure/);
    }
    expect((await api.request("GET", "/api/me", { token })).status).toBe(200);
    const foreign = await api.request("POST", "/api/leave", { headers: { origin: "https://evil.test" } });
    expect([foreign.status, foreign.headers.get("set-cookie")]).toEqual([403, null]);
  });
});
