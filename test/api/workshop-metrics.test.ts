import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { metricsReply } from "../../src/api/reply-schemas-observed.ts";
import type { SessionToken } from "../../src/protocol/ids.ts";
import type { MetricsReply } from "../../src/protocol/observed.ts";
import { asInstructor, givenCall } from "./workshop-world.ts";
import {
  givenStudent,
  givenWorkshop,
  harness,
  NOW_MS,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

const HOUR_MS = 3_600_000;

let db: TestDatabase;
let met: SessionToken;
let ask: ReturnType<typeof asInstructor>;
beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "m", joinCode: "MET-1" });
  met = await givenStudent(db, "wst_met", { workshopId: "m" });
}, START_MS);
afterAll(() => db.close());
beforeEach(async () => {
  await db.sql("delete from calls");
  ask = asInstructor(harness({ database: db.database }));
});

const given = (startedAtMs: number, endReason: "caller-left" | "lost" = "caller-left") =>
  givenCall(db, met, { workshopId: "m", startedAtMs, endedAtMs: startedAtMs + 1_000, endReason });
const metrics = async (query = ""): Promise<MetricsReply> =>
  metricsReply.parse(await (await ask("GET", `/workshops/m/metrics${query}`)).json());

describe("GET /api/workshop/workshops/:id/metrics", () => {
  it("METRICS-8 is of the last 24 hours, or of as many as are asked for, in 24 equal spans", async () => {
    await given(NOW_MS - 1);
    await given(NOW_MS - 90 * 60_000, "lost");
    await given(NOW_MS - 30 * HOUR_MS);
    const day = await metrics();
    expect([day.from, day.to, day.calls]).toEqual(["2026-11-21T12:00:00.000Z", "2026-11-22T12:00:00.000Z", 2]);
    expect(day.spans.map(({ at }) => at).slice(0, 2)).toEqual(["2026-11-21T12:00:00.000Z", "2026-11-21T13:00:00.000Z"]);
    expect(day.spans.slice(-2).map(({ calls, errors }) => [calls, errors])).toEqual([
      [1, 1],
      [1, 0],
    ]);
    expect(day.errors).toEqual([{ code: "lost", count: 1, lastAt: "2026-11-22T10:30:01.000Z" }]);
    expect((await metrics("?hours=1")).calls).toBe(1);
    const month = await metrics("?hours=720");
    expect([month.calls, month.spans.length]).toEqual([3, 24]);
    expect(
      new Set(month.spans.slice(1).map(({ at }, i) => Date.parse(at) - Date.parse(month.spans[i]?.at ?? ""))),
    ).toEqual(new Set([30 * HOUR_MS]));
  });

  it.each(["0", "721", "1.5", "-3", "soon", "", "1e9"])("METRICS-9 of %j hours is refused", async (hours) => {
    const reply = await ask("GET", `/workshops/m/metrics?hours=${hours}`);
    const { code, field } = failureBody.parse(await reply.json());
    expect([reply.status, code, field?.startsWith("hours: ")]).toEqual([400, "bad_request", true]);
  });

  it("METRICS-10 of a workshop that is not there is 404", async () => {
    expect((await ask("GET", "/workshops/nowhere/metrics")).status).toBe(404);
    expect((await ask("GET", "/workshops/No%20id/metrics")).status).toBe(404);
  });
});
