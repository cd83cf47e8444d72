import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { callReply, failureBody, meReply } from "../../src/api/reply-schemas.ts";
import { LIMITS } from "../../src/limits.ts";
import { billOf } from "../../src/pricing/bill.ts";
import { costOf } from "../../src/pricing/cost.ts";
import { estimateOf } from "../../src/pricing/estimate.ts";
import { PRICE_VERSION } from "../../src/pricing/prices.ts";
import { repriced } from "../../src/pricing/reprice.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";
import { archiveCall } from "../../src/store/calls.ts";
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

const VOICE = "gpt-realtime-2.1-mini";

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

const meIn = async (reply: Response) => meReply.parse(await reply.json());
const meOf = async (token: string, at: Harness = api) => meIn(await at.request("GET", "/api/me", { token }));
const setCap = (token: string, ownCapMicroUsd: unknown) =>
  api.request("PATCH", "/api/me", { token, json: { ownCapMicroUsd } });
const refusal = async (reply: Response) => {
  const { code, field } = failureBody.parse(await reply.json());
  return [reply.status, code, field];
};

describe("what a student is told of money", () => {
  it("MONEY-16 a minute's likely cost is told for each way of calling, at the prices of now", async () => {
    const token = await givenStudent(db, "money_16", { workshopId: "w1" });
    const models = { text: "gpt-6-luna", voice: VOICE, transcribe: "gpt-transcribe" };
    const { estimates } = await meOf(token);
    expect(estimates).toEqual({
      browser: estimateOf("browser", models, NOW_MS),
      text: estimateOf("text", models, NOW_MS),
      phone: estimateOf("phone", models, NOW_MS),
    });
    expect(estimates.browser.microUsdPerMinute).toBeGreaterThan(estimates.text.microUsdPerMinute ?? 0);
    expect(estimates.text.microUsdPerMinute).toBeGreaterThan(0);
    expect(estimates.phone.phoneMicroUsdPerMinute).toBeGreaterThan(0);
  });

  it("MONEY-16 of a model without a price it is said that nobody knows", async () => {
    const token = await givenStudent(db, "money_16b", { workshopId: "w1" });
    const at = harness({ database: db.database, settings: { voiceModel: "gpt-unheard-of" } });
    expect((await meOf(token, at)).estimates.browser).toMatchObject({
      model: "gpt-unheard-of",
      microUsdPerMinute: null,
    });
  });

  it("MONEY-17 a cap of one's own is kept, told to calls that go on before the reply, and taken away by null", async () => {
    const token = await givenStudent(db, "money_17", { workshopId: "w1" });
    expect((await meOf(token)).ownCapMicroUsd).toBeNull();
    for (const cap of [2_000_000, 0, LIMITS.moneyMaxMicroUsd, null]) {
      api.told.workshops.length = 0;
      expect((await meIn(await setCap(token, cap))).ownCapMicroUsd).toBe(cap);
      expect(api.told.workshops[0]).toEqual({ workshopId: "w1", told: "own-cap", sessionToken: token, microUsd: cap });
      expect((await meOf(token)).ownCapMicroUsd).toBe(cap);
    }
    await setCap(token, 7);
    api.told.workshops.length = 0;
    const renamed = await api.request("PATCH", "/api/me", { token, json: { name: "Bo" } });
    expect((await meIn(renamed)).ownCapMicroUsd).toBe(7);
    expect(api.told.workshops.some(({ told }) => told === "own-cap")).toBe(false);
    const alone = await givenStudent(db, "money_17b");
    await setCap(alone, 9);
    expect(api.told.workshops).toContainEqual({ workshopId: null, told: "own-cap", sessionToken: alone, microUsd: 9 });
  });

  it("MONEY-17 a cap that calls could not be told of is a failure that may be repeated, and stands", async () => {
    const token = await givenStudent(db, "money_17c", { workshopId: "w1" });
    api.told.workshopsFail = true;
    expect((await setCap(token, 5)).status).toBe(500);
    api.told.workshopsFail = false;
    expect((await meOf(token)).ownCapMicroUsd).toBe(5);
    expect((await setCap(token, 5)).status).toBe(200);
  });

  it("MONEY-17 of caps set at the same time the one that is stored is told last", async () => {
    const token = await givenStudent(db, "money_17d", { workshopId: "w1" });
    let told: number | null = null;
    const later = Promise.withResolvers<void>();
    let tellings = 0;
    api.deps.workshops.ownCapChanged = async (_workshopId, _token, cap) => {
      tellings += 1;
      // The first that sets out arrives last.
      if (tellings === 1) await later.promise;
      told = cap;
    };
    const asking = setCap(token, 1);
    await vi.waitUntil(() => tellings === 1);
    expect((await setCap(token, 2)).status).toBe(200);
    later.resolve();
    expect((await meIn(await asking)).ownCapMicroUsd).toBe(2);
    expect(told).toBe((await meOf(token)).ownCapMicroUsd);
  });

  it.each([
    [-1, "ownCapMicroUsd: must be at least 0"],
    [0.1, "ownCapMicroUsd: must be a whole number"],
    [1e308, `ownCapMicroUsd: must be at most ${LIMITS.moneyMaxMicroUsd}`],
    ["5", "ownCapMicroUsd: must be a number"],
    [{}, "ownCapMicroUsd: must be a number"],
  ])("MONEY-18 %j is no cap", async (cap, field) => {
    const token = await givenStudent(db, "money_18", { workshopId: "w1" });
    expect(await refusal(await setCap(token, cap))).toEqual([400, "bad_request", field]);
    expect((await meOf(token)).ownCapMicroUsd).toBeNull();
    expect(api.told.workshops).toEqual([]);
  });

  it("MONEY-18 a cap that another program has spoiled lets nothing be spent", async () => {
    const token = await givenStudent(db, "money_18b", { workshopId: "w1" });
    await db.sql("update student_configs set own_cap_micro_usd = -1 where session_token = $1", token);
    expect((await meOf(token)).ownCapMicroUsd).toBe(0);
  });
});

describe("what a call has cost", () => {
  const priced = (charge: Omit<Charge, "costMicroUsd">): Charge => ({
    ...charge,
    costMicroUsd: costOf(charge).costMicroUsd,
  });
  const answer = priced({
    seq: 1,
    revision: 1,
    atMs: NOW_MS,
    kind: "response",
    state: "told",
    payer: "student",
    model: VOICE,
    usage: {
      ...NO_USAGE,
      responses: 1,
      inputTokens: 900,
      inputAudioTokens: 400,
      outputTokens: 333,
      outputAudioTokens: 250,
    },
    lineMs: 0,
    rawUsage: "{}",
    upstreamId: "resp_1",
    priceVersion: PRICE_VERSION,
  });
  const phone = priced({
    ...answer,
    seq: 2,
    kind: "phone",
    payer: "instructor",
    model: "media-streams",
    usage: NO_USAGE,
    lineMs: 61_000,
  });

  let number = 0;
  const archived = async (token: string, charges: readonly Charge[], costMicroUsd: number | null) => {
    number += 1;
    const id = callIdFrom(new Uint8Array(16).fill(number));
    const sessionToken = await givenStudent(db, token, { workshopId: "w1" });
    const call = {
      id,
      revision: 1,
      sessionToken,
      workshopId: null,
      wayIn: "browser",
      startedAtMs: NOW_MS,
      endedAtMs: NOW_MS + 61_000,
      endReason: "caller-left",
      keySource: "student",
      model: VOICE,
      transcriptionModel: null,
      usage: NO_USAGE,
    } as const;
    await archiveCall(db.database, { call, turns: [], charges, costMicroUsd });
    return id;
  };
  const shown = async (token: string, id: string) =>
    callReply.parse(await (await api.request("GET", `/api/me/calls/${id}`, { token })).json());

  it("MONEY-19 is a bill whose lines add up to the ledger, the phone apart, and the same call on other models", async () => {
    const id = await archived("money_19", [answer, phone], answer.costMicroUsd);
    const { bill, repriced: others, call } = await shown("money_19", id);
    expect(bill).toEqual(billOf([answer, phone]));
    expect(bill?.costMicroUsd).toBe(call.costMicroUsd);
    const ofKey = bill?.lines.filter(({ layer }) => layer !== "phone") ?? [];
    expect(ofKey.reduce((sum, { costMicroUsd }) => sum + (costMicroUsd ?? Number.NaN), 0)).toBe(answer.costMicroUsd);
    expect(others).toEqual(repriced([answer, phone], NOW_MS));
    expect(others.length).toBeGreaterThan(0);
  });

  it("MONEY-20 has no bill when it is from before there was a ledger, and an empty one when nothing was used", async () => {
    const [old, counted, unused] = [
      await archived("money_20", [], null),
      await archived("money_20", [], 1_234),
      await archived("money_20", [], 0),
    ];
    expect(await shown("money_20", old)).toMatchObject({ bill: null, repriced: [] });
    expect(await shown("money_20", counted)).toMatchObject({ bill: null, call: { costMicroUsd: 1_234 } });
    expect(await shown("money_20", unused)).toMatchObject({ bill: { lines: [], costMicroUsd: 0, phoneMicroUsd: 0 } });
  });

  it("MONEY-21 is not known as a whole when a part has no price, or a row of it cannot be read", async () => {
    const unpriced: Charge = { ...answer, seq: 2, model: "gpt-unheard-of", costMicroUsd: null };
    const id = await archived("money_21", [answer, unpriced], null);
    expect((await shown("money_21", id)).bill).toMatchObject({ costMicroUsd: null });
    const spoiled = await archived("money_21", [answer, { ...phone, upstreamId: "resp_2" }], 5);
    await db.sql("update charges set usage = '{}' where call_id = $1 and seq = 2", spoiled);
    const { bill, repriced: others } = await shown("money_21", spoiled);
    expect(bill).toMatchObject({ costMicroUsd: null, phoneMicroUsd: null });
    expect(bill?.lines).toEqual(billOf([answer]).lines);
    expect(others).toEqual([]);
  });
});
