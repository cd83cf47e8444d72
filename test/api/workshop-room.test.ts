import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { countReply, pushReply } from "../../src/api/reply-schemas-workshop.ts";
import { LIMITS } from "../../src/limits.ts";
import { callIdFrom, type SessionToken } from "../../src/protocol/ids.ts";
import { asInstructor } from "./workshop-world.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

let db: TestDatabase;
let api: Harness;
let ada: SessionToken;
let post: (path: string, json?: unknown) => Promise<Response>;

beforeAll(async () => {
  db = await openTestDatabase();
  api = harness({ database: db.database });
  await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7" });
  ada = await givenStudent(db, "wst_ada", { workshopId: "w1" });
  post = (path, json) => asInstructor(api)("POST", `/workshops/w1${path}`, json);
}, START_MS);
afterAll(() => db.close());
beforeEach(() => void api.told.workshops.splice(0));

const refusal = async (reply: Response) => {
  const { code, field } = failureBody.parse(await reply.json());
  return [reply.status, code, field];
};

describe("running the room", () => {
  it("WORKSHOP-70 words for everybody are shown, and taken away", async () => {
    for (const text of ["Ten more minutes.", null]) {
      expect((await post("/announcement", { text })).status).toBe(200);
    }
    expect(api.told.workshops).toEqual([
      { workshopId: "w1", told: "announcement", text: "Ten more minutes." },
      { workshopId: "w1", told: "announcement", text: null },
    ]);
  });

  it.each([
    [{}, "text: is missing"],
    [{ text: "  " }, "text: must not be empty"],
    [{ text: "é".repeat(600) }, `text: must be at most ${LIMITS.announcementBytes} bytes`],
  ])("WORKSHOP-70 %j is no announcement", async (json, field) => {
    expect(await refusal(await post("/announcement", json))).toEqual([400, "bad_request", field]);
    expect(api.told.workshops).toEqual([]);
  });

  it("WORKSHOP-71 pausing stops all calls and says how many; resuming lets them begin again", async () => {
    api.told.stoppedCalls = 12;
    expect(countReply.parse(await (await post("/pause")).json()).count).toBe(12);
    api.told.stoppedCalls = 0;
    expect(countReply.parse(await (await post("/resume")).json()).count).toBe(0);
    expect(api.told.workshops).toEqual([
      { workshopId: "w1", told: "paused", paused: true },
      { workshopId: "w1", told: "paused", paused: false },
    ]);
  });

  it("WORKSHOP-71 a pause that did not reach the workshop is a failure", async () => {
    api.told.workshopsFail = true;
    expect((await post("/pause")).status).toBe(500);
    api.told.workshopsFail = false;
  });

  it("WORKSHOP-72 one live call is ended; one that is not live is not there", async () => {
    const [live, over] = [1, 2].map((fill) => callIdFrom(new Uint8Array(16).fill(fill)));
    api.told.liveCallId = live;
    expect((await post(`/calls/${live}/end`)).status).toBe(200);
    expect((await post(`/calls/${over}/end`)).status).toBe(404);
    expect(api.told.workshops.map((telling) => telling.told === "end-call" && telling.callId)).toEqual([live, over]);
  });
});

describe("pushing to every agent", () => {
  const TOOL = {
    type: "function",
    function: { name: "check_orders", description: "d", parameters: { type: "object", properties: {} } },
    mode: "mock",
    mock: { reply: { status: "sent" } },
    note: "kept as it was given",
  };

  it("WORKSHOP-73 a prompt, a greeting and a tool are each student's own at once, and their pages ask again", async () => {
    const reply = await post("/push", { prompt: "Be brief.", greeting: "Hi!", tool: TOOL });
    expect(pushReply.parse(await reply.json())).toEqual({ success: true, students: 1, skipped: 0 });
    await api.settled();
    expect(api.told.workshops).toEqual([
      { workshopId: "w1", told: "me-changed", sessionToken: null, by: "instructor" },
    ]);
    const me: unknown = await (await api.request("GET", "/api/me", { token: ada })).json();
    expect(me).toMatchObject({ config: { prompt: "Be brief.", greeting: "Hi!", tools: [TOOL] } });
    const versions: unknown = await (await api.request("GET", "/api/me/prompts", { token: ada })).json();
    expect(versions).toMatchObject({ versions: [{ prompt: "Be brief.", savedBy: "instructor" }, { prompt: null }] });
  });

  const webhook = (url: unknown) => ({ function: { name: "t", webhook_url: url } });

  it.each<[unknown, string, string]>([
    [{}, "bad_request", "body: must hold a prompt, a greeting or a tool"],
    [{ prompt: null }, "bad_config", "prompt: must be text"],
    [
      { prompt: "x".repeat(LIMITS.promptBytes + 1) },
      "bad_config",
      `prompt: must be at most ${LIMITS.promptBytes} characters`,
    ],
    [{ voice: "marin" }, "bad_request", "body: holds a field that is not known here; known are prompt, greeting, tool"],
    [{ tool: 7 }, "bad_config", "tool: must be an object"],
    [{ tool: [TOOL] }, "bad_config", "tool: must be an object"],
    [
      { tool: { function: { name: "__proto__" } } },
      "bad_config",
      "tool.function.name: must be a letter, then letters, digits, _ or -, at most 64",
    ],
    [{ tool: { ...TOOL, mode: "magic" } }, "bad_config", "tool.mode: must be mock, builtin or webhook"],
    [{ tool: webhook("http://shop.example/x") }, "bad_config", "tool.function.webhook_url: needs https"],
    [
      { tool: webhook("https://10.0.0.1/x") },
      "bad_config",
      "tool.function.webhook_url: must name a host, not an address",
    ],
    [
      { tool: webhook("https://callroom.example/x") },
      "bad_config",
      "tool.function.webhook_url: may not point back at this server",
    ],
  ])("WORKSHOP-74 %j is refused whole, by the rules of a student's own agent", async (json, code, field) => {
    const before = await db.sql("select * from student_configs");
    expect(await refusal(await post("/push", json))).toEqual([400, code, field]);
    expect(await db.sql("select * from student_configs")).toEqual(before);
    expect(api.told.workshops).toEqual([]);
  });
});
