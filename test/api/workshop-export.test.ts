import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { asInstructor, givenCall, signedIn, studentIdOf } from "./workshop-world.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
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
  api = harness({ database: db.database });
}, START_MS);
afterAll(() => db.close());

const HEAD =
  "student,student_id,way_in,started_at,ended_at,seconds,payer,model,input_tokens,output_tokens,cost_usd,end_reason";

const exportOf = (id: string): Promise<Response> => asInstructor(api)("GET", `/workshops/${id}/export.csv`);
const linesOf = async (id: string): Promise<string[]> => (await (await exportOf(id)).text()).split("\r\n");

/** Calls `m1`, `m2` … of the student `wst_` and the workshop's id, three of them in each second. */
const manyCalls = (workshopId: string, count: number, firstId = 0) =>
  db.sql(
    `insert into calls (id, session_token, workshop_id, way_in, started_at, key_source, model, usage, revision)
     select lpad((${firstId} + n)::text, 26, '0'), 'wst_' || $2, $2, 'browser', '2026-11-22'::timestamptz + (n / 3) * interval '1 second',
       'student', 'm' || n, $1::jsonb, 1 from generate_series(1, ${count}) as n`,
    JSON.stringify({
      responses: 0,
      inputTokens: 0,
      cachedInputTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 0,
      reasoningTokens: 0,
      estimated: false,
    }),
    workshopId,
  );

describe("the export of a workshop", () => {
  it("WORKSHOP-80 has a row for each call, oldest first, with whose it was, how long, who paid and what", async () => {
    await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7" });
    await givenWorkshop(db, { id: "w2", joinCode: "MAPLE-8" });
    const ada = await givenStudent(db, "wst_ada", { workshopId: "w1", name: '=HYPERLINK("https://x.example")' });
    const eve = await givenStudent(db, "wst_eve", { workshopId: "w2", name: "Eve" });
    const adasId = await studentIdOf(db, ada);
    await givenCall(db, ada, {
      workshopId: "w1",
      startedAtMs: NOW_MS + 5_000,
      endedAtMs: null,
      endReason: null,
      keySource: "instructor",
      model: "=model",
      costMicroUsd: null,
    });
    await givenCall(db, ada, { workshopId: "w1", endedAtMs: NOW_MS + 1_250, costMicroUsd: 1 });
    await givenCall(db, eve, { workshopId: "w2" });
    const reply = await exportOf("w1");
    expect(
      Object.fromEntries(
        ["content-type", "content-disposition", "cache-control"].map((name) => [name, reply.headers.get(name)]),
      ),
    ).toEqual({
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": 'attachment; filename="callroom-MAPLE-7.csv"',
      "cache-control": "no-store",
    });
    const bytes = new Uint8Array(await reply.arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const name = '"\'=HYPERLINK(""https://x.example"")"';
    expect(new TextDecoder().decode(bytes)).toBe(
      [
        HEAD.split(",")
          .map((column) => `"${column}"`)
          .join(","),
        `${name},"${adasId}","browser","2026-11-22T12:00:00.000Z","2026-11-22T12:00:01.250Z",1.25,"student","gpt-realtime-2.1-mini",100,10,0.000001,"caller-left"`,
        `${name},"${adasId}","browser","2026-11-22T12:00:05.000Z",,,"instructor","'=model",100,10,,`,
        "",
      ].join("\r\n"),
    );
  });

  it("WORKSHOP-81 holds neither tokens nor words of a call", async () => {
    const text = await (await exportOf("w1")).text();
    expect(text).not.toMatch(/wst_|Words that nobody/);
  });

  it("WORKSHOP-82 is streamed page by page, and no call is left out or told twice", async () => {
    const calls = 2 * LIMITS.exportPage + 1;
    await givenWorkshop(db, { id: "many", joinCode: "MANY-1" });
    await givenStudent(db, "wst_many", { workshopId: "many", name: "Many" });
    await manyCalls("many", calls);
    const { requests } = db.neon.counted;
    const lines = (await linesOf("many")).slice(1, -1);
    const models = lines.map((line) => /"m(\d+)"/.exec(line)?.[1]);
    expect(models).toEqual(Array.from({ length: calls }, (_, at) => String(at + 1)));
    // The workshop, and three pages.
    expect(db.neon.counted.requests - requests).toBe(4);
  });

  it("WORKSHOP-82 a row without a time, which no page could begin behind, is left out", async () => {
    await givenWorkshop(db, { id: "endless", joinCode: "ENDLESS-1" });
    await givenStudent(db, "wst_endless", { workshopId: "endless" });
    await manyCalls("endless", LIMITS.exportPage, 1_000_000);
    await db.sql(
      `update calls set started_at = 'infinity' where id = (select max(id) from calls where workshop_id = 'endless')`,
    );
    expect((await linesOf("endless")).slice(1, -1)).toHaveLength(LIMITS.exportPage - 1);
  });

  it("WORKSHOP-82 a reader who leaves stops it: no further page is read", async () => {
    const { requests } = db.neon.counted;
    const reader = (await exportOf("many")).body?.getReader();
    expect((await reader?.read())?.value?.byteLength).toBeGreaterThan(10_000);
    await reader?.cancel();
    await new Promise((resolve) => setImmediate(resolve));
    // The workshop, and the one page that was read.
    expect(db.neon.counted.requests - requests).toBe(2);
  });

  it("WORKSHOP-83 a database that fails on the way breaks the download off, and no half file looks whole", async () => {
    logLines.length = 0;
    const { headers } = await signedIn(api);
    const reply = await api.request("GET", "/api/workshop/workshops/many/export.csv", { headers: { ...headers } });
    db.neon.faults.kind = "error-500";
    await expect(reply.text()).rejects.toThrow();
    db.neon.faults.kind = "none";
    expect(logLines.join()).not.toContain("select");
  });

  it("WORKSHOP-80 of a workshop without calls has its columns and no row", async () => {
    await givenWorkshop(db, { id: "empty", joinCode: "EMPTY-1" });
    expect(await linesOf("empty")).toHaveLength(2);
  });
});
