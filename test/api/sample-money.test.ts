import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import type { Settings } from "../../src/env.ts";
import { LIMITS } from "../../src/limits.ts";
import { guessOfSample, mostOfSample } from "../../src/model/voice-sample.ts";
import { costOf, mostItCanCost } from "../../src/pricing/cost.ts";
import { DEFAULT_GREETING } from "../../src/protocol/agent-config.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { parseWorkshopId } from "../../src/protocol/ids.ts";
import { type LedgerRow, pageOfCharges } from "../../src/store/ledger-pages.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import { spokenAnswer } from "./spoken-answer.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  NOW_MS,
  openTestDatabase,
  refusedBy,
  START_MS,
  type TestDatabase,
} from "./world.ts";

const VOICE = "gpt-realtime-2.1-mini";
const FALLBACK: Partial<Settings> = { instructorApiKey: ApiKey.parse("sk-instructor-0123456789") };
const TOLD = {
  input_tokens: 40,
  output_tokens: 90,
  input_token_details: { audio_tokens: 0, cached_tokens: 0 },
  output_token_details: { audio_tokens: 70 },
};
const usage = { ...NO_USAGE, responses: 1, inputTokens: 40, outputTokens: 90, outputAudioTokens: 70 };
const cost = (used: typeof usage) =>
  costOf({ kind: "sample", model: VOICE, payer: "instructor", usage: used, lineMs: 0, atMs: NOW_MS }).costMicroUsd ??
  -1;
const need = mostItCanCost(VOICE, mostOfSample(DEFAULT_GREETING), NOW_MS) ?? -1;

let db: TestDatabase;
let api: Harness;
beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7" });
}, START_MS);
afterAll(() => db.close());
beforeEach(async () => {
  await db.sql("delete from charges");
  api = harness({ database: db.database, settings: FALLBACK });
  api.openai.dial = async () => spokenAnswer({ usage: TOLD });
});
afterEach(() => {
  vi.useRealTimers();
  db.neon.faults.kind = "none";
});

const sampled = async (token: string, at: Harness = api): Promise<Response> => {
  const reply = await at.request("POST", "/api/me/voice-sample", { token, json: { voice: "cedar" } });
  await at.settled();
  return reply;
};
const connect = (token: string) =>
  api.request("PUT", "/api/me/key", { token, json: { openaiApiKey: "sk-student-0123456789" } });
const refusal = async (reply: Response) => [reply.status, failureBody.parse(await reply.json()).code];
const ledger = async (): Promise<readonly LedgerRow[]> =>
  (await pageOfCharges(db.database, parseWorkshopId("w1")!, { after: null, limit: 9 })).rows;
const dialled = (at: Harness = api) => at.openai.asked.filter(({ url }) => url.includes("/realtime")).length;

describe("the money of a voice sample", () => {
  it("MONEY-22 on the instructor's key it is reserved before, in the ledger as it was told, and settled after", async () => {
    const token = await givenStudent(db, "money_22", { workshopId: "w1" });
    let atDial: number | undefined;
    api.openai.dial = async () => {
      atDial = api.told.funds.length;
      return spokenAnswer({ usage: TOLD });
    };
    expect((await sampled(token)).status).toBe(200);
    expect(atDial).toBe(1);
    const [row, ...more] = await ledger();
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      seq: 1,
      studentName: "Ada",
      charge: {
        revision: 2,
        atMs: NOW_MS,
        kind: "sample",
        state: "told",
        payer: "instructor",
        model: VOICE,
        usage,
        rawUsage: JSON.stringify(TOLD),
        upstreamId: "resp_1",
        costMicroUsd: cost(usage),
      },
    });
    const asked = {
      workshopId: "w1",
      callId: row?.callId,
      sessionToken: token,
      payer: "instructor",
      model: VOICE,
      lending: { allowed: true, poolMicroUsd: null, studentMicroUsd: null, callMicroUsd: null, models: null },
      ownCapMicroUsd: null,
    };
    expect(api.told.funds).toMatchObject([
      { ...asked, spentMicroUsd: 0, needMicroUsd: need },
      { ...asked, spentMicroUsd: cost(usage), needMicroUsd: 0 },
    ]);
    expect([cost(usage) > 0, need > cost(usage)]).toEqual([true, true]);
  });

  it.each([
    ["allowance_used", 402],
    ["pool_used", 402],
    ["call_budget_used", 402],
    ["fallback_off", 402],
    ["model_not_lent", 402],
  ] as const)("MONEY-23 what is refused for %s is not made, and stands in no ledger", async (reason, status) => {
    const token = await givenStudent(db, "money_23", { workshopId: "w1" });
    api.told.fundsVerdict = reason;
    expect(await refusal(await sampled(token))).toEqual([status, reason]);
    expect([dialled(), await ledger(), api.told.funds.length]).toEqual([0, [], 1]);
  });

  it("MONEY-24 when nobody can say whether there is money, the instructor's key is not used", async () => {
    const token = await givenStudent(db, "money_24", { workshopId: "w1" });
    api.told.fundsVerdict = "fails";
    expect(await refusal(await sampled(token))).toEqual([503, "money_unreachable"]);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    api.told.fundsVerdict = "never";
    const asking = sampled(token);
    await vi.waitUntil(() => api.told.funds.length === 2, { interval: 1 });
    await vi.advanceTimersByTimeAsync(LIMITS.workshopMs);
    expect(await refusal(await asking)).toEqual([503, "money_unreachable"]);
    expect([dialled(), await ledger()]).toEqual([0, []]);
  });

  it("MONEY-25 a model without a price runs on a student's own key only, and its cost is not known", async () => {
    const settings = { ...FALLBACK, voiceModel: "gpt-unheard-of" };
    const at = harness({ database: db.database, settings });
    at.openai.dial = async () => spokenAnswer({ usage: TOLD });
    const token = await givenStudent(db, "money_25", { workshopId: "w1" });
    expect(await refusal(await sampled(token, at))).toEqual([402, "unpriced_model"]);
    expect([dialled(at), at.told.funds]).toEqual([0, []]);
    await connect(token);
    for (const cap of [null, 5]) {
      await db.sql("delete from charges");
      await at.request("PATCH", "/api/me", { token, json: { ownCapMicroUsd: cap } });
      expect((await sampled(token, at)).status).toBe(200);
      expect(await ledger()).toMatchObject([
        { charge: { payer: "student", state: "told", usage, costMicroUsd: null } },
      ]);
    }
    // What has no price cannot be reserved; that something was used is told all the same.
    const told = at.told.funds.map(({ spentMicroUsd, needMicroUsd }) => [spentMicroUsd, needMicroUsd]);
    expect(told).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("MONEY-26 on a student's own key is told of when it is made, and asked for only where they have set a cap", async () => {
    const token = await givenStudent(db, "money_26", { workshopId: "w1" });
    await connect(token);
    expect((await sampled(token)).status).toBe(200);
    // A cap that is set later counts it too.
    expect(api.told.funds.splice(0)).toMatchObject([{ payer: "student", spentMicroUsd: cost(usage), needMicroUsd: 0 }]);
    expect(dialled()).toBe(1);
    expect(await ledger()).toMatchObject([{ charge: { payer: "student", costMicroUsd: cost(usage) } }]);
    await api.request("PATCH", "/api/me", { token, json: { ownCapMicroUsd: 900 } });
    expect((await sampled(token)).status).toBe(200);
    expect(api.told.funds).toMatchObject([
      { payer: "student", ownCapMicroUsd: 900, spentMicroUsd: 0, needMicroUsd: need },
      { payer: "student", spentMicroUsd: cost(usage), needMicroUsd: 0 },
    ]);
    api.told.fundsVerdict = "own_cap_used";
    expect(await refusal(await sampled(token))).toEqual([402, "own_cap_used"]);
    expect(dialled()).toBe(2);
    api.told.fundsVerdict = "fails";
    expect((await sampled(token)).status).toBe(200);
  });

  it("MONEY-27 one that breaks off is counted as the most that it can be; one that was refused as nothing", async () => {
    const guess = guessOfSample(DEFAULT_GREETING);
    const token = await givenStudent(db, "money_27", { workshopId: "w1" });
    for (const [dial, status, charge, spent] of [
      [async () => spokenAnswer(), 200, { state: "estimated", usage: guess, rawUsage: null }, cost(guess)],
      [async () => spokenAnswer({ status: "failed" }), 502, { state: "void", usage: NO_USAGE, costMicroUsd: 0 }, 0],
      [refusedBy(503, {}), 502, { state: "void", usage: NO_USAGE, costMicroUsd: 0 }, 0],
    ] as const) {
      await db.sql("delete from charges");
      api.openai.dial = dial;
      expect((await sampled(token)).status).toBe(status);
      expect(await ledger()).toMatchObject([{ charge }]);
      expect(api.told.funds.at(-1)).toMatchObject({ spentMicroUsd: spent, needMicroUsd: 0 });
    }
    expect(cost(guess)).toBeLessThanOrEqual(need);
  });

  it("MONEY-28 while it is being made the ledger has it as the most that it can be: a crash loses none of it", async () => {
    const token = await givenStudent(db, "money_28", { workshopId: "w1" });
    const { promise, resolve } = Promise.withResolvers<Response>();
    api.openai.dial = () => promise;
    const asking = api.request("POST", "/api/me/voice-sample", { token, json: { voice: "cedar" } });
    await vi.waitUntil(async () => (await ledger()).length === 1);
    expect(await ledger()).toMatchObject([
      { charge: { state: "open", revision: 1, usage: guessOfSample(DEFAULT_GREETING), upstreamId: null } },
    ]);
    resolve(spokenAnswer({ usage: TOLD }));
    expect((await asking).status).toBe(200);
    await api.settled();
    expect(await ledger()).toMatchObject([{ charge: { state: "told", revision: 2 } }]);
  });

  it("MONEY-29 a sum that nobody took is told again, and a student hears the sample all the same", async () => {
    const token = await givenStudent(db, "money_29", { workshopId: "w1" });
    let asks = 0;
    const sums: number[] = [];
    api.deps.workshops.funds = async (_workshopId, { spentMicroUsd }) => {
      asks += 1;
      if (asks === 2 || asks === 3) throw new Error("the workshop object is gone");
      sums.push(spentMicroUsd);
      return { granted: true, untilMs: NOW_MS + LIMITS.reservationMs, budget: null };
    };
    expect((await sampled(token)).status).toBe(200);
    expect([asks, sums]).toEqual([4, [0, cost(usage)]]);
    api.openai.dial = async () => {
      db.neon.faults.kind = "error-500";
      return spokenAnswer({ usage: TOLD });
    };
    expect((await sampled(token)).status).toBe(200);
  });
});
