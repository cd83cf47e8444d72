import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { workshopReply } from "../../src/api/reply-schemas-workshop.ts";
import { LIMITS } from "../../src/limits.ts";
import type { LendingLimits } from "../../src/protocol/bill.ts";
import type { WorkshopPatch, WorkshopView } from "../../src/protocol/rest-workshop.ts";
import { asInstructor, signedIn } from "./workshop-world.ts";
import { type Harness, harness, openTestDatabase, START_MS, type TestDatabase } from "./world.ts";

const TEXT = "gpt-6-luna";
const VOICE = "gpt-realtime-2.1-mini";

let db: TestDatabase;
let api: Harness;
let ask: ReturnType<typeof asInstructor>;
beforeAll(async () => {
  db = await openTestDatabase();
}, START_MS);
afterAll(() => db.close());
beforeEach(() => {
  api = harness({ database: db.database });
  ask = asInstructor(api);
});

const viewIn = async (reply: Response): Promise<WorkshopView> => workshopReply.parse(await reply.json()).workshop;
const made = async (lending?: Partial<LendingLimits>): Promise<string> =>
  (await viewIn(await ask("POST", "/workshops", { name: "M", lending }))).id;
const change = (id: string, json: WorkshopPatch | object) => ask("PATCH", `/workshops/${id}`, json);
const topUp = (id: string, microUsd: unknown) => ask("POST", `/workshops/${id}/top-up`, { microUsd });
const storedPool = async (id: string) =>
  (await db.sql("select allowance_micro_usd::text as pool from workshops where id = $1", id))[0]?.pool ?? null;
const refusal = async (reply: Response) => {
  const { code, field } = failureBody.parse(await reply.json());
  return [reply.status, code, field];
};
const lendingTold = () => api.told.workshops.filter((telling) => telling.told === "lending");

describe("what a workshop lends", () => {
  it("MONEY-1 is as much as limits.ts says unless it is said, and null is said", async () => {
    const defaults = { poolMicroUsd: 10_000_000, studentMicroUsd: 500_000, callMicroUsd: null, models: null };
    for (const [lending, expected] of [
      [undefined, defaults],
      [{}, defaults],
      [{ studentMicroUsd: null }, { ...defaults, studentMicroUsd: null }],
      [
        { poolMicroUsd: 0, models: [] },
        { ...defaults, poolMicroUsd: 0, models: [] },
      ],
    ] as const) {
      const view = await viewIn(await ask("POST", "/workshops", { name: "M", ...(lending && { lending }) }));
      expect(view.lending).toEqual(expected);
    }
  });

  it("MONEY-2 changes in what is given of it, and calls that go on are told before the reply", async () => {
    const id = await made();
    const steps = [
      [{ poolMicroUsd: 1 }, { poolMicroUsd: 1, studentMicroUsd: 500_000, callMicroUsd: null, models: null }],
      [{ callMicroUsd: 40_000 }, { poolMicroUsd: 1, studentMicroUsd: 500_000, callMicroUsd: 40_000, models: null }],
      [
        { models: [VOICE, VOICE], studentMicroUsd: null },
        { poolMicroUsd: 1, studentMicroUsd: null, callMicroUsd: 40_000, models: [VOICE] },
      ],
      [
        { poolMicroUsd: null, models: null },
        { poolMicroUsd: null, studentMicroUsd: null, callMicroUsd: 40_000, models: null },
      ],
    ] as const;
    for (const [lending, expected] of steps) {
      api.told.workshops.length = 0;
      expect((await viewIn(await change(id, { lending }))).lending).toEqual(expected);
      expect(lendingTold()).toEqual([{ workshopId: id, told: "lending", lending: { allowed: true, ...expected } }]);
      await api.settled();
      expect(api.told.workshops.slice(1)).toEqual([
        { workshopId: id, told: "me-changed", sessionToken: null, by: "instructor" },
      ]);
    }
    api.told.workshops.length = 0;
    await change(id, { fallbackAllowed: false });
    expect(lendingTold()).toMatchObject([{ lending: { allowed: false, callMicroUsd: 40_000 } }]);
    api.told.workshops.length = 0;
    await change(id, { name: "N" });
    expect(lendingTold()).toEqual([]);
  });

  it("MONEY-3 a change that calls could not be told of fails, stands, and can be asked for again", async () => {
    const id = await made();
    api.told.workshopsFail = true;
    expect(
      (await refusal(await change(id, { fallbackAllowed: false, lending: { poolMicroUsd: 7 } }))).slice(0, 2),
    ).toEqual([500, "internal"]);
    api.told.workshopsFail = false;
    const again = await viewIn(await change(id, { fallbackAllowed: false, lending: { poolMicroUsd: 7 } }));
    expect([again.fallbackAllowed, again.lending.poolMicroUsd]).toEqual([false, 7]);
    expect(lendingTold()).toMatchObject([{ lending: { allowed: false, poolMicroUsd: 7 } }]);
  });

  const most = `must be at most ${LIMITS.moneyMaxMicroUsd}`;
  it.each([
    [{ poolMicroUsd: -1 }, "lending.poolMicroUsd: must be at least 0"],
    [{ poolMicroUsd: 0.5 }, "lending.poolMicroUsd: must be a whole number"],
    [{ studentMicroUsd: 1e308 }, `lending.studentMicroUsd: ${most}`],
    [{ callMicroUsd: LIMITS.moneyMaxMicroUsd + 1 }, `lending.callMicroUsd: ${most}`],
    [{ callMicroUsd: "500000" }, "lending.callMicroUsd: must be a number"],
    [{ callMicroUsd: true }, "lending.callMicroUsd: must be a number"],
    [{ poolMicroUsd: [1] }, "lending.poolMicroUsd: must be a number"],
    [{ models: TEXT }, "lending.models: must be a list"],
    [{ models: [7] }, "lending.models[0]: must be text"],
    [{ models: [""] }, "lending.models[0]: must not be empty"],
    [{ models: ["x".repeat(101)] }, "lending.models[0]: must be at most 100 characters"],
    [{ models: Array.from({ length: 17 }, () => TEXT) }, "lending.models: must be at most 16"],
    [{ models: [TEXT, "<b>gpt-4</b>"] }, "lending.models[1]: is not a model that calls run on"],
    [{ models: ["gpt-transcribe"] }, "lending.models[0]: is not a model that calls run on"],
    [
      { poolUsd: 5 },
      "lending: holds a field that is not known here; known are poolMicroUsd, studentMicroUsd, callMicroUsd, models",
    ],
    [null, "lending: must be an object"],
    [[], "lending: must be an object"],
  ])("MONEY-4 %j is refused, with what is wrong, and changes nothing", async (lending, field) => {
    const id = await made();
    const before = await viewIn(await change(id, {}));
    expect(await refusal(await change(id, { lending }))).toEqual([400, "bad_request", field]);
    expect(await refusal(await ask("POST", "/workshops", { name: "B", lending }))).toEqual([400, "bad_request", field]);
    expect(await viewIn(await change(id, {}))).toEqual(before);
    expect(lendingTold()).toEqual([]);
  });

  it("MONEY-4 a number too large for JSON's readers is none", async () => {
    const id = await made();
    const { headers } = await signedIn(api);
    const reply = await api.request("PATCH", `/api/workshop/workshops/${id}`, {
      headers: { ...headers, "content-type": "application/json" },
      body: '{"lending":{"poolMicroUsd":1e999}}',
    });
    expect(await refusal(reply)).toEqual([400, "bad_request", "lending.poolMicroUsd: must be a number"]);
  });

  it("MONEY-5 a model that calls ran on before may stay in the list, and may not come in", async () => {
    const id = await made({ models: [TEXT] });
    await db.sql(`update workshops set fallback_models = '["gpt-5-old"]' where id = $1`, id);
    const view = await viewIn(await change(id, { lending: { models: ["gpt-5-old", VOICE] } }));
    expect(view.lending.models).toEqual(["gpt-5-old", VOICE]);
    await change(id, { lending: { models: [VOICE] } });
    expect((await change(id, { lending: { models: ["gpt-5-old"] } })).status).toBe(400);
    expect((await change("none", { lending: { models: ["gpt-5-old"] } })).status).toBe(400);
    expect((await change("none", { lending: { models: [VOICE] } })).status).toBe(404);
  });

  it("MONEY-6 what another program has written into it lends nothing by mistake", async () => {
    const id = await made();
    await db.sql(
      `update workshops set allowance_micro_usd = -5, call_allowance_micro_usd = 9007199254740993, fallback_models = $2 where id = $1`,
      id,
      '{"gpt-6-luna":true}',
    );
    const { lending } = await viewIn(await change(id, { name: "N" }));
    expect(lending).toEqual({ poolMicroUsd: 0, studentMicroUsd: 500_000, callMicroUsd: 0, models: [] });
  });

  it("MONEY-7 of changes at the same time the object is told last what the row says", async () => {
    const id = await made();
    let told: LendingLimits | undefined;
    const others = Promise.withResolvers<void>();
    let tellings = 0;
    api.deps.workshops.lendingChanged = async (_id, lending) => {
      tellings += 1;
      // The first that sets out arrives last.
      if (tellings === 1) await others.promise;
      told = lending;
    };
    const amounts = Array.from({ length: 8 }, (_, at) => 1_000 + at);
    const [first = 0, ...rest] = amounts;
    const asking = change(id, { lending: { poolMicroUsd: first } });
    await vi.waitUntil(() => tellings === 1);
    const later = await Promise.all(rest.map((poolMicroUsd) => change(id, { lending: { poolMicroUsd } })));
    others.resolve();
    const replies = [await asking, ...later];
    expect(replies.map(({ status }) => status)).toEqual(amounts.map(() => 200));
    expect(String(told?.poolMicroUsd)).toBe(await storedPool(id));
  });
});

describe("POST /api/workshop/workshops/:id/top-up", () => {
  it("MONEY-8 ten at the same time add up, and calls are told the sum", async () => {
    const id = await made({ poolMicroUsd: 1_000 });
    const replies = await Promise.all(Array.from({ length: 10 }, (_, at) => topUp(id, at + 1)));
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(await storedPool(id)).toBe("1055");
    expect(lendingTold().at(-1)).toMatchObject({ lending: { poolMicroUsd: 1_055 } });
    const view = await viewIn(await topUp(id, 5));
    expect(view.lending.poolMicroUsd).toBe(1_060);
  });

  it("MONEY-9 a pool without a limit stays without one", async () => {
    const id = await made({ poolMicroUsd: null });
    expect((await viewIn(await topUp(id, 1_000_000))).lending.poolMicroUsd).toBeNull();
    expect(await storedPool(id)).toBeNull();
  });

  it("MONEY-10 one that would pass the most there may be is refused, and adds nothing", async () => {
    const id = await made({ poolMicroUsd: LIMITS.moneyMaxMicroUsd - 10 });
    const field = `microUsd: must not bring the pool over ${LIMITS.moneyMaxMicroUsd}`;
    expect(await refusal(await topUp(id, 11))).toEqual([400, "bad_request", field]);
    expect((await viewIn(await topUp(id, 10))).lending.poolMicroUsd).toBe(LIMITS.moneyMaxMicroUsd);
    expect((await topUp(id, 1)).status).toBe(400);
    expect((await topUp("none", 1)).status).toBe(404);
  });

  it.each([
    [0, "microUsd: must be at least 1"],
    [-5, "microUsd: must be at least 1"],
    [0.5, "microUsd: must be a whole number"],
    [1e308, `microUsd: must be at most ${LIMITS.moneyMaxMicroUsd}`],
    ["5", "microUsd: must be a number"],
    [null, "microUsd: must be a number"],
    [undefined, "microUsd: is missing"],
  ])("MONEY-11 %j is no amount to add", async (microUsd, field) => {
    const id = await made();
    expect(await refusal(await topUp(id, microUsd))).toEqual([400, "bad_request", field]);
    expect(await storedPool(id)).toBe(String(LIMITS.poolMicroUsd));
  });

  it("MONEY-12 one that calls could not be told of adds nothing, so that asking again does not add twice", async () => {
    const id = await made({ poolMicroUsd: 100 });
    api.told.workshopsFail = true;
    expect((await topUp(id, 50)).status).toBe(500);
    await api.settled();
    expect(await storedPool(id)).toBe("100");
    api.told.workshopsFail = false;
    expect((await viewIn(await topUp(id, 50))).lending.poolMicroUsd).toBe(150);
  });

  it("MONEY-12 an object that was told all the same is told that it was taken back", async () => {
    const id = await made({ poolMicroUsd: 100 });
    const told: (number | null)[] = [];
    api.deps.workshops.lendingChanged = async (_id, lending) => {
      told.push(lending.poolMicroUsd);
      if (told.length === 1) throw new Error("the answer was lost");
    };
    expect((await topUp(id, 50)).status).toBe(500);
    await api.settled();
    expect([told, await storedPool(id)]).toEqual([[150, 100], "100"]);
  });
});
