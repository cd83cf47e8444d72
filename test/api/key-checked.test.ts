import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { givenStudent, harness, logLines, openTestDatabase, refusedBy, START_MS, type TestDatabase } from "./world.ts";

const KEY = "sk-proj-checked-0123456789";

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
}, START_MS);
afterAll(() => db.close());

describe("a key that is entered", () => {
  it("TRACE-20 is in the log with what OpenAI thinks of it, under the request's id, and without a part of it", async () => {
    const api = harness({ database: db.database });
    const token = await givenStudent(db, "wst_checked");
    const put = () => api.request("PUT", "/api/me/key", { token, json: { openaiApiKey: KEY } });
    logLines.length = 0;
    const ids = [(await put()).headers.get("x-request-id")];
    api.openai.answer = refusedBy(401, { code: "invalid_api_key", message: KEY });
    for (let asked = 1; asked <= LIMITS.keyChecksPerMinute; asked += 1) {
      ids.push((await put()).headers.get("x-request-id"));
    }
    const checks = logLines
      .map((line): unknown => JSON.parse(line))
      .filter((line) => Object(line).event === "key-checked");
    const statuses = ["connected", "rejected", "rejected", "not-asked"];
    expect(checks).toEqual(statuses.map((status, at) => ({ event: "key-checked", requestId: ids[at], status })));
    expect(logLines.join("\n")).not.toContain(KEY.slice(-4));
  });
});
