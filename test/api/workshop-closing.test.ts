import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureBody, meReply } from "../../src/api/reply-schemas.ts";
import { receiptReply, reportReply } from "../../src/api/reply-schemas-closing.ts";
import { workshopReply } from "../../src/api/reply-schemas-workshop.ts";
import { parseWorkshopId, type SessionToken } from "../../src/protocol/ids.ts";
import { deleteKeysIfDue, eraseIfDue } from "../../src/store/closing.ts";
import { hostileNames } from "./hostile-names.ts";
import { asInstructor, givenCall } from "./workshop-world.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  NOW_MS,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

/** Ten thousand in `csv-hostile.test.ts`, by the same writer. */
const SOME_NAMES = hostileNames().slice(0, 60);
const KEY = "sk-proj-q7Zk3Vw9Xc1Rb5Nt8Ym2Lp6Hd4Gf0Js-Wx9Q";
const DAY_MS = 24 * 3_600_000;
const iso = (afterMs: number): string => new Date(NOW_MS + afterMs).toISOString();

let db: TestDatabase;
let api: Harness;
let ask: ReturnType<typeof asInstructor>;
let classes = 0;

beforeAll(async () => {
  db = await openTestDatabase();
  api = harness({ database: db.database });
  ask = asInstructor(api);
}, START_MS);
afterAll(() => db.close());

/** A workshop of its own for each test. */
async function aClass() {
  classes += 1;
  const id = `e${classes}`;
  const joinCode = `END-${classes}${classes}`;
  await givenWorkshop(db, { id, joinCode });
  const workshopId = parseWorkshopId(id);
  if (!workshopId) throw new Error("not an id");
  const close = (keysAt: unknown, eraseAt: unknown) => ask("POST", `/workshops/${id}/close`, { keysAt, eraseAt });
  return {
    id,
    workshopId,
    joinCode,
    close,
    student: (name: string) => givenStudent(db, `wst_${id}_${classes}_${name.length}`, { workshopId: id, name }),
    closing: async (reply: Response) => workshopReply.parse(await reply.json()).workshop.closing,
  };
}

const connect = (token: SessionToken): Promise<Response> =>
  api.request("PUT", "/api/me/key", { token, json: { openaiApiKey: KEY } });

const failure = async (reply: Response): Promise<unknown[]> => {
  const { code, field } = failureBody.parse(await reply.json());
  return [reply.status, code, ...(field === undefined ? [] : [field])];
};

describe("closing a workshop", () => {
  it("CLOSE-21 is written down, told to the workshop's object, and answered as it stands", async () => {
    const { id, close, closing } = await aClass();
    api.told.workshops.length = 0;
    expect(await closing(await close(iso(DAY_MS), iso(2 * DAY_MS)))).toEqual({
      closedAt: iso(0),
      keysAt: iso(DAY_MS),
      keysDeletedAt: null,
      eraseAt: iso(2 * DAY_MS),
      erasedAt: null,
    });
    expect(api.told.workshops).toEqual([{ workshopId: id, told: "closing-changed" }]);
    // Null is now.
    expect(await closing(await close(null, null))).toMatchObject({ keysAt: iso(0), eraseAt: iso(0) });
  });

  it.each([
    [{ keysAt: "soon", eraseAt: null }, "keysAt"],
    [{ keysAt: null }, "eraseAt"],
    [{ keysAt: iso(DAY_MS), eraseAt: iso(DAY_MS - 1) }, "eraseAt: must not be before keysAt"],
    [{ keysAt: iso(DAY_MS), eraseAt: null }, "eraseAt: must not be before keysAt"],
    [{ keysAt: null, eraseAt: iso(-DAY_MS) }, "eraseAt: must not be in the past"],
    [{ keysAt: null, eraseAt: iso(401 * DAY_MS) }, "eraseAt: must be at most 400 days ahead"],
    [{ keysAt: iso(401 * DAY_MS), eraseAt: iso(402 * DAY_MS) }, "keysAt: must be at most 400 days ahead"],
    [{ keysAt: null, eraseAt: null, now: true }, "body"],
  ])("CLOSE-22 refuses dates that cannot be meant: %o", async (body, field) => {
    const { id } = await aClass();
    const [status, code, said] = await failure(await ask("POST", `/workshops/${id}/close`, body));
    expect([status, code]).toEqual([400, "bad_request"]);
    expect(said).toContain(field);
    expect(await db.sql("select closed_at from workshops where id = $1", id)).toEqual([{ closed_at: null }]);
  });

  it("CLOSE-23 can be asked for again when its object did not answer", async () => {
    const { close, closing } = await aClass();
    api.told.workshopsFail = true;
    expect((await close(null, iso(DAY_MS))).status).toBe(500);
    api.told.workshopsFail = false;
    expect(await closing(await close(null, iso(DAY_MS)))).toMatchObject({ closedAt: iso(0), erasedAt: null });
  });

  it("CLOSE-24 lets nobody join, call or connect a key, and is undone until its students are erased", async () => {
    const { id, workshopId, joinCode, close, student } = await aClass();
    const ada = await student("Ada");
    await connect(ada);
    await close(null, iso(DAY_MS));
    await deleteKeysIfDue(db.database, workshopId, NOW_MS, true);
    const asking = (token: SessionToken) => [
      api.request("POST", "/api/join", { json: { joinCode, name: "Bo" } }),
      api.request("POST", "/api/calls", { token, json: {} }),
      connect(token),
      api.request("POST", "/api/student-config-save", { json: { sessionToken: token, openaiApiKey: KEY } }),
      api.request("POST", "/api/me/voice-sample", { token, json: { voice: "cedar" } }),
    ];
    for (const reply of await Promise.all(asking(ada))) expect(await failure(reply)).toEqual([403, "workshop_closed"]);
    const me = meReply.parse(await (await api.request("GET", "/api/me", { token: ada })).json());
    expect([me.workshop?.state, me.workshop?.closing?.keysDeletedAt]).toEqual(["ended", iso(0)]);
    // What needs no key goes on: they may still read, and write down what they want to take along.
    expect((await api.request("PATCH", "/api/me", { token: ada, json: { prompt: "Be kind." } })).status).toBe(200);

    const opened = workshopReply.parse(await (await ask("POST", `/workshops/${id}/reopen`)).json());
    expect([opened.workshop.closing, opened.workshop.state]).toEqual([null, "open"]);
    expect((await connect(ada)).status).toBe(200);
    await close(null, null);
    await eraseIfDue(db.database, workshopId, NOW_MS);
    expect(await failure(await ask("POST", `/workshops/${id}/reopen`))).toEqual([409, "already_erased"]);
    expect(await failure(await close(null, null))).toEqual([409, "already_erased"]);
    expect(await failure(await ask("POST", "/workshops/none/close", { keysAt: null, eraseAt: null }))).toEqual([
      404,
      "not_found",
    ]);
    expect(await failure(await ask("POST", "/workshops/none/reopen"))).toEqual([404, "not_found"]);
  });
});

describe("what is taken along", () => {
  it("CLOSE-25 a student's receipt says which key to revoke, from the closing until they are erased", async () => {
    const { workshopId, close, student } = await aClass();
    const ada = await student("Ada");
    await connect(ada);
    await givenCall(db, ada, { workshopId });
    const receipt = async () =>
      receiptReply.parse(await (await api.request("GET", "/api/me/receipt", { token: ada })).json()).receipt;
    expect(await receipt()).toBeNull();
    await close(iso(DAY_MS), iso(2 * DAY_MS));
    expect(await receipt()).toMatchObject({
      key: { hint: "Wx9Q", deletedAt: null },
      calls: 1,
      ms: 60_000,
      ownMicroUsd: 0,
      lentMicroUsd: 0,
    });
    await deleteKeysIfDue(db.database, workshopId, NOW_MS + DAY_MS, true);
    expect(await receipt()).toMatchObject({
      workshop: `Class ${workshopId}`,
      key: { hint: "Wx9Q", deletedAt: expect.any(String) },
    });
    await eraseIfDue(db.database, workshopId, NOW_MS + 2 * DAY_MS);
    expect(await failure(await api.request("GET", "/api/me/receipt", { token: ada }))).toEqual([
      401,
      "unknown_session",
    ]);
    expect(await failure(await api.request("GET", "/api/me/receipt", {}))).toEqual([401, "unauthorized"]);
    const alone = await givenStudent(db, "wst_alone");
    expect((await api.request("GET", "/api/me/receipt", { token: alone })).status).toBe(200);
  });

  it("CLOSE-26 the instructor's report is a list, and a table that runs no formula", async () => {
    const { id, workshopId, close, student } = await aClass();
    for (const name of SOME_NAMES)
      await db.sql(
        "insert into student_configs (session_token, workshop_id, student_name) values ($1, $2, $3)",
        `wst_${id}_${crypto.randomUUID()}`,
        id,
        name,
      );
    const ada = await student("Ada");
    await connect(ada);
    await close(null, null);
    await deleteKeysIfDue(db.database, workshopId, NOW_MS, true);
    const report = async () => reportReply.parse(await (await ask("GET", `/workshops/${id}/report`)).json());
    expect((await report()).rows).toHaveLength(SOME_NAMES.length + 1);
    const table = await ask("GET", `/workshops/${id}/report.csv`);
    expect(table.headers.get("content-disposition")).toMatch(/^attachment; filename="callroom-END-\d+-report\.csv"$/);
    const lines = (await table.text()).split("\r\n");
    expect(lines[0]).toBe(
      '"student","student_id","calls","seconds","own_key_usd","lent_usd","key_hint","key_deleted_at","revoke_at"',
    );
    expect(lines.find((line) => line.startsWith('"Ada"'))).toMatch(
      /^"Ada","[0-9a-f-]{36}",0,0,0\.000000,0\.000000,"Wx9Q","[0-9TZ:.-]+","https:\/\/platform\.openai\.com\/api-keys"$/,
    );
    for (const line of lines.slice(1)) expect(line).not.toMatch(/(^|,)"[=+@\t\r]/);
    await eraseIfDue(db.database, workshopId, NOW_MS);
    expect((await report()).rows).toEqual([
      { studentId: null, name: null, key: null, calls: 0, ms: 0, ownMicroUsd: 0, lentMicroUsd: 0 },
    ]);
    expect(await failure(await ask("GET", "/workshops/none/report"))).toEqual([404, "not_found"]);
    expect(await failure(await ask("GET", "/workshops/none/report.csv"))).toEqual([404, "not_found"]);
  });
});
