import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeJoinCode } from "../../src/api/join-codes.ts";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { workshopReply, workshopsReply } from "../../src/api/reply-schemas-workshop.ts";
import { LIMITS } from "../../src/limits.ts";
import type { WorkshopView } from "../../src/protocol/rest-workshop.ts";
import { stateOf } from "../../src/workshop/dates.ts";
import { seeded } from "../vault/samples.ts";
import { asInstructor, givenCall, signedIn } from "./workshop-world.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  NOW_MS,
  ORIGIN,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

let db: TestDatabase;
let api: Harness;
let ask: ReturnType<typeof asInstructor>;

beforeAll(async () => {
  db = await openTestDatabase();
  api = harness({ database: db.database });
  ask = asInstructor(api);
}, START_MS);
afterAll(() => db.close());

const viewIn = async (reply: Response): Promise<WorkshopView> => workshopReply.parse(await reply.json()).workshop;
const made = async (json: object): Promise<WorkshopView> => viewIn(await ask("POST", "/workshops", json));
const refusal = async (reply: Response) => {
  const { code, field } = failureBody.parse(await reply.json());
  return [reply.status, code, field];
};
const HOUR_MS = 3_600_000;
const at = (hours: number): string => new Date(NOW_MS + hours * HOUR_MS).toISOString();

describe("workshops", () => {
  it("WORKSHOP-30 a name is enough: the rest has defaults, and a join code is made up", async () => {
    const workshop = await made({ name: "  Autumn class " });
    expect(workshop).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{16}$/),
      name: "Autumn class",
      joinCode: expect.stringMatching(/^[A-Z]+-[A-Z0-9]{4}$/),
      joinUrl: `${ORIGIN}/#${workshop.joinCode}`,
      state: "open",
      opensAt: null,
      closesAt: null,
      seats: null,
      studentCount: 0,
      callMaxMs: null,
      closing: null,
      fallbackAllowed: true,
      lending: {
        poolMicroUsd: LIMITS.poolMicroUsd,
        studentMicroUsd: LIMITS.studentAllowanceMicroUsd,
        callMicroUsd: null,
        models: null,
      },
    });
  });

  it("WORKSHOP-30 everything can be said at once, and students come in with the code", async () => {
    const json = {
      name: "Winter",
      joinCode: " elm-2 ",
      opensAt: at(-1),
      closesAt: at(1),
      seats: 30,
      callMaxMs: 5 * 60_000,
      fallbackAllowed: false,
      lending: { poolMicroUsd: 5_000_000, studentMicroUsd: null, callMicroUsd: 50_000, models: ["gpt-6-luna"] },
    };
    const workshop = await made(json);
    expect(workshop).toMatchObject({ ...json, joinCode: "ELM-2", state: "open" });
    const joined = await api.request("POST", "/api/join", { json: { joinCode: "elm-2", name: "Ada" } });
    expect(joined.status).toBe(200);
    const { workshops } = workshopsReply.parse(await (await ask("GET", "/workshops")).json());
    expect(workshops.find(({ id }) => id === workshop.id)?.studentCount).toBe(1);
  });

  it("WORKSHOP-31 a list is newest first and says whether there is an instructor's key", async () => {
    await db.sql("update workshops set created_at = '2026-01-01'");
    const { id } = await made({ name: "Newest" });
    const reply = workshopsReply.parse(await (await ask("GET", "/workshops")).json());
    expect([reply.workshops[0]?.id, reply.fallbackKey]).toEqual([id, false]);
    expect(reply.models).toEqual(["gpt-6-luna", "gpt-realtime-2.1-mini"]);
  });

  it("WORKSHOP-32 no two workshops have one join code", async () => {
    const first = await made({ name: "A", joinCode: "OAK-7" });
    expect(await refusal(await ask("POST", "/workshops", { name: "B", joinCode: "oak-7" }))).toEqual([
      409,
      "join_code_taken",
      undefined,
    ]);
    const second = await made({ name: "B", joinCode: "OAK-8" });
    const change = (id: string) => ask("PATCH", `/workshops/${id}`, { joinCode: "OAK-7", name: "C" });
    expect(await refusal(await change(second.id))).toEqual([409, "join_code_taken", undefined]);
    // Its own is not another's; and of the refused change nothing was kept.
    expect(await viewIn(await change(first.id))).toMatchObject({ joinCode: "OAK-7", name: "C" });
    expect(await viewIn(await ask("PATCH", `/workshops/${second.id}`, {}))).toEqual(second);
  });

  it("WORKSHOP-33 an absent field stays as it is, and null clears it", async () => {
    const workshop = await made({ name: "P", opensAt: at(1), seats: 3, callMaxMs: 60_000, fallbackAllowed: false });
    expect(workshop.state).toBe("not-open");
    const renamed = await viewIn(await ask("PATCH", `/workshops/${workshop.id}`, { name: "Q" }));
    expect(renamed).toEqual({ ...workshop, name: "Q" });
    const cleared = await ask("PATCH", `/workshops/${workshop.id}`, { opensAt: null, seats: null, callMaxMs: null });
    expect(await viewIn(cleared)).toEqual({ ...renamed, opensAt: null, seats: null, callMaxMs: null, state: "open" });
  });

  it("WORKSHOP-34 an end that is not after the beginning is refused, also when only one of them changes", async () => {
    const field = "closesAt: must be after opensAt";
    const bad = [400, "bad_request", field];
    expect(await refusal(await ask("POST", "/workshops", { name: "D", opensAt: at(2), closesAt: at(2) }))).toEqual(bad);
    const { id } = await made({ name: "D", opensAt: at(1), closesAt: at(3) });
    for (const change of [{ opensAt: at(3) }, { closesAt: at(1) }, { opensAt: at(5), closesAt: at(4) }]) {
      expect(await refusal(await ask("PATCH", `/workshops/${id}`, change))).toEqual(bad);
    }
    const moved = await viewIn(await ask("PATCH", `/workshops/${id}`, { opensAt: at(4), closesAt: at(5) }));
    expect(moved).toMatchObject({ opensAt: at(4), closesAt: at(5), state: "not-open" });
    expect(await viewIn(await ask("PATCH", `/workshops/${id}`, { opensAt: null, closesAt: at(-1) }))).toMatchObject({
      state: "ended",
    });
  });

  it.each([
    [{}, "name: is missing"],
    [{ name: " " }, "name: must not be empty"],
    [{ name: "a\nb" }, "name: must be one line"],
    [{ name: "é".repeat(LIMITS.nameBytes) }, `name: must be at most ${LIMITS.nameBytes} bytes`],
    [{ name: "A", joinCode: "A B" }, "joinCode: must be 3 to 32 letters, digits and hyphens"],
    [{ name: "A", seats: 0 }, "seats: must be at least 1"],
    [{ name: "A", seats: 1.5 }, "seats: must be a whole number"],
    [{ name: "A", callMaxMs: LIMITS.callMaxMs + 1 }, `callMaxMs: must be at most ${LIMITS.callMaxMs}`],
    [{ name: "A", callMaxMs: 1_000 }, "callMaxMs: must be at least 60000"],
    [{ name: "A", opensAt: "tomorrow" }, "opensAt: must be a time in ISO 8601"],
    [{ name: "A", fallbackAllowed: null }, "fallbackAllowed: is of another type"],
    [
      { name: "A", id: "mine" },
      "body: holds a field that is not known here; known are name, joinCode, opensAt, closesAt, seats, callMaxMs, fallbackAllowed, lending",
    ],
  ])("WORKSHOP-35 %j is refused, with what is wrong", async (json, field) => {
    expect(await refusal(await ask("POST", "/workshops", json))).toEqual([400, "bad_request", field]);
  });

  it("WORKSHOP-36 open pages are told of a change that they show, and of no other", async () => {
    const { id } = await made({ name: "T" });
    for (const [change, isSeen] of [
      [{ name: "U" }, true],
      [{ closesAt: at(1) }, true],
      [{ joinCode: "FIG-1" }, false],
      [{ seats: 4 }, false],
    ] as const) {
      api.told.workshops.length = 0;
      expect((await ask("PATCH", `/workshops/${id}`, change)).status).toBe(200);
      await api.settled();
      const telling = { workshopId: id, told: "me-changed", sessionToken: null, by: "instructor" };
      expect([change, api.told.workshops]).toEqual([change, isSeen ? [telling] : []]);
    }
  });

  it("WORKSHOP-36 a live side that does not answer takes no change back", async () => {
    const { id } = await made({ name: "T" });
    api.told.workshopsFail = true;
    const view = await viewIn(await ask("PATCH", `/workshops/${id}`, { name: "U" }));
    await api.settled();
    api.told.workshopsFail = false;
    expect(view.name).toBe("U");
  });

  it("WORKSHOP-37 deleting removes students, keys, calls and turns of this workshop alone, and ends its calls", async () => {
    await givenWorkshop(db, { id: "gone", joinCode: "GONE-1" });
    await givenWorkshop(db, { id: "stays", joinCode: "STAYS-1" });
    for (const workshopId of ["gone", "stays"]) {
      const student = await givenStudent(db, `wst_${workshopId}`, { workshopId });
      await api.request("PATCH", "/api/me", { token: student, json: { prompt: "p" } });
      await givenCall(db, student, { workshopId });
    }
    const counts = async (): Promise<unknown[]> =>
      (
        await db.sql(`select 'w', count(*) as n from workshops where id in ('gone', 'stays') union all
          select 's', count(*) from student_configs where session_token in ('wst_gone', 'wst_stays') union all
          select 'c', count(*) from calls where workshop_id in ('gone', 'stays') union all
          select 't', count(*) from turns join calls on calls.id = call_id where workshop_id in ('gone', 'stays') union all
          select 'p', count(*) from prompt_versions where session_token in ('wst_gone')`)
      ).map(({ n }) => Number(n));
    expect((await counts()).slice(0, 4)).toEqual([2, 2, 2, 4]);
    api.told.workshops.length = 0;
    expect((await ask("DELETE", "/workshops/gone")).status).toBe(200);
    expect(await counts()).toEqual([1, 1, 1, 2, 0]);
    expect(api.told.workshops).toEqual([{ workshopId: "gone", told: "closing-changed" }]);
  });

  it("WORKSHOP-37 a deletion whose calls could not be ended can be asked for again", async () => {
    const { id } = await made({ name: "X" });
    api.told.workshopsFail = true;
    expect((await ask("DELETE", `/workshops/${id}`)).status).toBe(500);
    api.told.workshopsFail = false;
    api.told.workshops.length = 0;
    expect((await ask("DELETE", `/workshops/${id}`)).status).toBe(404);
    expect(api.told.workshops).toEqual([{ workshopId: id, told: "closing-changed" }]);
  });

  it("WORKSHOP-38 the QR code is an image for the instructor, under a policy that lets nothing run", async () => {
    const { id, joinCode } = await made({ name: "Q" });
    const reply = await api.request("GET", `/api/workshop/workshops/${id}/qr.svg`, await signedIn(api));
    expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "image/svg+xml; charset=utf-8"]);
    expect(reply.headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'; sandbox");
    const svg = await reply.text();
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 \d+ \d+">/);
    expect(svg).not.toMatch(/script|foreignObject|href|style/i);
    const { renderSVG } = await import("uqr");
    expect(svg).toBe(renderSVG(`${ORIGIN}/#${joinCode}`, { ecc: "M", border: 4 }));
  });
});

describe("what a workshop's dates say", () => {
  it.each([
    [null, null, "open"],
    [1, null, "not-open"],
    [0, null, "open"],
    [null, 1, "open"],
    [null, 0, "ended"],
    [-1, 0, "ended"],
    [-1, 1, "open"],
    [1, 2, "not-open"],
    [2, -1, "ended"],
  ] as const)("WORKSHOP-39 opens %s, closes %s: %s", (opens, closes, state) => {
    const atMs = (hours: number | null) => (hours === null ? null : NOW_MS + hours);
    expect(stateOf({ opensAtMs: atMs(opens), closesAtMs: atMs(closes), closing: null }, NOW_MS)).toBe(state);
  });
});

describe("join codes that are made up", () => {
  it("WORKSHOP-40 are a tree and four symbols of which no two look alike, each as often as the others", () => {
    const random = seeded(5);
    const bytes = (count: number) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
    const counts = new Map<string, number>();
    for (let round = 0; round < 5_000; round += 1) {
      const [, ending = ""] = /^[A-Z]{3,7}-([A-Z0-9]{4})$/.exec(makeJoinCode(bytes)) ?? [];
      expect(ending).toMatch(/^[^01258BILOSUVZ]{4}$/);
      for (const symbol of ending) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    }
    const shares = [...counts.values()].map((count) => count / 20_000);
    expect([counts.size, Math.min(...shares) > 0.035, Math.max(...shares) < 0.052]).toEqual([23, true, true]);
  });
});
