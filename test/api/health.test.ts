import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { answerMisconfigured } from "../../src/api/misconfigured.ts";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { LIMITS } from "../../src/limits.ts";
import { type Harness, harness, MASTER_KEY, ORIGIN, openTestDatabase, START_MS, type TestDatabase } from "./world.ts";

let db: TestDatabase;
let api: Harness;
beforeAll(async () => {
  db = await openTestDatabase();
  api = harness({ database: db.database });
}, START_MS);
afterAll(() => db.close());
afterEach(() => {
  db.neon.faults.kind = "none";
});

/** A monitor waits no longer: the database's own time, and a moment. */
const MONITOR_MS = LIMITS.databaseStartMs + 1_000;

describe("GET /healthz, for a monitor", () => {
  it.each(["hang", "refuse", "error-500"] as const)(
    "HEALTH-1 answers 503 in time when the database does this: %s",
    async (fault) => {
      db.neon.faults.kind = fault;
      const startedMs = performance.now();
      const reply = await api.request("GET", "/healthz");
      expect(performance.now() - startedMs).toBeLessThan(MONITOR_MS);
      expect(reply.status).toBe(503);
      const { code, checks } = failureBody.parse(await reply.json());
      expect([code, checks?.database]).toEqual(["database_unavailable", "failed"]);
    },
  );

  it("HEALTH-2 answers HEAD as GET, without a body, and is kept by nobody", async () => {
    for (const status of [200, 503]) {
      if (status === 503) db.neon.faults.kind = "refuse";
      for (const method of ["GET", "HEAD"]) {
        const reply = await api.request(method, "/healthz");
        const seen = [method, reply.status, reply.headers.get("cache-control"), reply.headers.get("set-cookie")];
        expect(seen).toEqual([method, status, "no-store", null]);
        expect((await reply.text()) === "").toBe(method === "HEAD");
      }
    }
  });

  it("HEALTH-3 is cheap: one question to the database, however often it is asked", async () => {
    await api.request("GET", "/healthz");
    const before = db.neon.counted.requests;
    for (let asked = 0; asked < 5; asked += 1) expect((await api.request("GET", "/healthz")).status).toBe(200);
    expect(db.neon.counted.requests - before).toBe(5);
    expect(api.openai.asked).toEqual([]);
  });

  it("HEALTH-4 says no more to strangers than what fails", async () => {
    db.neon.faults.kind = "refuse";
    const bodies = [await (await api.request("GET", "/healthz")).text()];
    for (const method of ["GET", "HEAD"]) {
      const request = new Request(`${ORIGIN}/healthz`, { method });
      const reply = await answerMisconfigured(request, "DATABASE_URL", api.deps.randomBytes);
      expect([reply.status, reply.headers.get("cache-control")]).toEqual([503, "no-store"]);
      bodies.push(await reply.text());
    }
    const { url } = api.deps.settings.database;
    for (const body of bodies) {
      for (const secret of [MASTER_KEY, url, new URL(url).host, api.deps.settings.instructorToken]) {
        expect(body).not.toContain(secret);
      }
    }
    expect(failureBody.parse(JSON.parse(bodies[1] ?? ""))).toMatchObject({
      code: "misconfigured",
      variable: "DATABASE_URL",
    });
  });
});
