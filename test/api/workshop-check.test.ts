import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checksReply } from "../../src/api/reply-schemas-workshop.ts";
import { LIMITS } from "../../src/limits.ts";
import { CHECKS, type Check } from "../../src/protocol/rest-workshop.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import { asInstructor } from "./workshop-world.ts";
import { type Harness, harness, openTestDatabase, START_MS, type TestDatabase, unreachable } from "./world.ts";

const KEY = "sk-proj-u2Jh8Tq4Pz6Kd1Wv7Bn3Xs9Cm5Lr0Fg-Zt4R";
const INSTRUCTOR_TOKEN = "Gs5Wc0Vf8Lx2Rk6Zn1Pq9Yt3";

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
}, START_MS);
afterAll(() => db.close());

const checksOf = async (api: Harness): Promise<readonly Check[]> =>
  checksReply.parse(await (await asInstructor(api)("GET", "/check")).json()).checks;
const statusesOf = async (api: Harness) =>
  Object.fromEntries((await checksOf(api)).map(({ name, status }) => [name, status]));

/** Everything set up, at the hour that the database has. */
function setUp(): Harness {
  const api = harness({
    database: db.database,
    settings: {
      instructorToken: INSTRUCTOR_TOKEN,
      instructorApiKey: ApiKey.parse(KEY),
      twilioAuthToken: "d41f7b90c36ea825f0719b3c8e5d2a46",
    },
  });
  api.clock.nowMs = Date.now();
  api.openai.answer = () =>
    Promise.resolve(Response.json({ data: [] }, { headers: { date: new Date(api.clock.nowMs).toUTCString() } }));
  return api;
}

describe("GET /api/workshop/check", () => {
  it("WORKSHOP-99 is green where everything is set up, and asks OpenAI once with the key and once without", async () => {
    const api = setUp();
    const checks = await checksOf(api);
    expect(checks.map(({ name }) => name)).toEqual([...CHECKS]);
    // The hour is the database's, and prices grow old: PRICE-20 moves that clock.
    const timeless = checks.filter(({ name }) => name !== "prices");
    expect(timeless.filter(({ status, fix }) => status !== "ok" || fix !== "")).toEqual([]);
    const keys = api.openai.asked.map(({ authorization }) => authorization);
    expect([keys.length, new Set(keys)]).toEqual([2, new Set([null, `Bearer ${KEY}`])]);
    for (const { url, redirect } of api.openai.asked) {
      expect([url, redirect]).toEqual(["https://api.openai.test/v1/models", "manual"]);
    }
  });

  it("WORKSHOP-99 without the optional parts they are off, and nothing is red", async () => {
    const api = harness({
      database: db.database,
      settings: { instructorToken: INSTRUCTOR_TOKEN, publicOrigin: undefined },
    });
    api.clock.nowMs = Date.now();
    const statuses = await statusesOf(api);
    expect(
      Object.entries(statuses)
        .filter(([, status]) => status === "off")
        .map(([name]) => name),
    ).toEqual(["fallback-key", "twilio-signature", "public-origin"]);
    expect(Object.values(statuses)).not.toContain("failed");
  });

  it("WORKSHOP-100 a database without the newest migration is seen by what it lacks", async () => {
    const api = setUp();
    await db.sql("alter table workshops rename column seats to chairs");
    const checks = await checksOf(api);
    await db.sql("alter table workshops rename column chairs to seats");
    expect(checks.find(({ name }) => name === "migrations")).toMatchObject({
      status: "failed",
      found: "Missing: workshops.seats.",
    });
    expect(checks.filter(({ status }) => status === "failed").map(({ name }) => name)).toEqual(["migrations"]);
  });

  it("WORKSHOP-101 with everything down it answers all the same, each red with what to do, and quotes nothing", async () => {
    const api = harness({
      database: unreachable(),
      settings: { instructorToken: INSTRUCTOR_TOKEN, instructorApiKey: ApiKey.parse(KEY) },
    });
    api.openai.answer = () => Promise.reject(new Error(`connect ECONNREFUSED, Authorization: Bearer ${KEY}`));
    const checks = await checksOf(api);
    const statuses = Object.fromEntries(checks.map(({ name, status }) => [name, status]));
    expect(statuses).toMatchObject({
      database: "failed",
      migrations: "failed",
      openai: "failed",
      "fallback-key": "warning",
      clock: "warning",
    });
    for (const { status, found, fix } of checks) {
      expect(found).not.toBe("");
      if (status === "failed" || status === "warning") expect(fix).not.toBe("");
    }
    expect(JSON.stringify(checks)).not.toMatch(/sk-|ECONN|127\.0\.0\.1|postgres:/);
  });

  it("WORKSHOP-101 what hangs is given up after its time, and its timer with it", async () => {
    const api = setUp();
    api.openai.answer = () => new Promise(() => {});
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const [set, cleared] = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "clearTimeout")];
    try {
      const pending = asInstructor(api)("GET", "/check");
      await vi.waitFor(() => expect(api.openai.asked).toHaveLength(2), { interval: 1 });
      await vi.advanceTimersByTimeAsync(LIMITS.checkMs);
      const { checks } = checksReply.parse(await (await pending).json());
      expect(checks.find(({ name }) => name === "openai")?.found).toBe("It did not answer in time.");
      const timers = set.mock.results.filter((_result, at) => set.mock.calls[at]?.[1] === LIMITS.checkMs);
      // Four probes and the check of the key.
      expect(timers).toHaveLength(5);
      for (const { value } of timers) expect(cleared).toHaveBeenCalledWith(value);
    } finally {
      set.mockRestore();
      cleared.mockRestore();
      vi.useRealTimers();
    }
  });
});
