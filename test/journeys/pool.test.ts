import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NO_USAGE, type Usage } from "../../src/protocol/call-record.ts";
import type { ConsoleLiveMessage } from "../../src/protocol/live-messages.ts";
import { type OpenAiStandin, startOpenAiStandin } from "../standins/openai.ts";
import { type LedgerRow, ledgerRows } from "./ledger-looks.ts";
import { LiveListener, signInInstructor } from "./live-listener.ts";
import { hasReference, referenceMicroUsd } from "./reference-prices.ts";
import { eventually, Room } from "./room.ts";
import { randomOf } from "./seeded.ts";
import { joinAll, type Start, stampede } from "./stampede.ts";

/** The instructor's key at OpenAI, whose journal outlives every crash. */
const KEY = "sk-test-instructor-pool-0123456789";
const MODEL = "gpt-6.1-terra";
/** Dollars for a million tokens, which are micro-dollars for one. */
const USD = { input: 1, cached: 0.05, output: 5 };
const POOL_MICRO_USD = 1_000_000;
const STUDENTS = 50;
const STARTS = 10;
/** Why somebody is not let in where 500 come at the same moment. */
const SENTENCES = ["too_many_calls", "pool_used", "database_unavailable"];
const INSTRUCTOR = { authorization: "Bearer instructor-token-of-the-tests" };
const SEED = Number(process.env.SEED ?? 20_261_123);

const random = randomOf(SEED);
let openai: OpenAiStandin;
let room: Room;
let wall: LiveListener<ConsoleLiveMessage>;
let tokens: readonly string[];
beforeAll(async () => {
  openai = await startOpenAiStandin({ ttftMs: 100, tokensPerSecond: 200 });
  room = await Room.open({
    OPENAI_BASE_URL: openai.baseUrl,
    OPENAI_API_KEY: KEY,
    TEXT_MODEL: MODEL,
    CALLS_PER_WORKSHOP: "100",
  });
  tokens = await joinAll(room, STUDENTS);
  const lent = await fetch(`${room.url}/api/workshop/workshops/default`, {
    method: "PATCH",
    headers: { "content-type": "application/json", ...INSTRUCTOR },
    body: JSON.stringify({ lending: { poolMicroUsd: POOL_MICRO_USD, studentMicroUsd: null } }),
  });
  expect(lent.status).toBe(200);
}, 120_000);
afterAll(async () => {
  await room.close();
  await openai.close();
});

const arrive = (times = STARTS): Start[] => stampede(room, tokens, times);

/** All 500 get an answer or a sentence; returns how many are in a call. */
async function isEverybodyAnswered(starts: readonly Start[]): Promise<number> {
  await eventually(() => starts.every(({ isAnswered }) => isAnswered), "an answer or a sentence for everybody", 60_000);
  expect(starts.flatMap(({ errors }) => errors).filter((code) => !SENTENCES.includes(code))).toEqual([]);
  return starts.filter(({ isIn }) => isIn).length;
}

/** Some of those in a call lose their line, each alone and at a moment of its own. */
async function loseLines(starts: readonly Start[], lines: number): Promise<void> {
  const talking = starts.filter(({ isIn }) => isIn);
  await Promise.all(
    Array.from({ length: lines }, async () => {
      await sleep(random(1_500));
      await talking[random(Math.max(1, talking.length))]?.client?.drop();
    }),
  );
}

let crashes = 0;
async function crash(starts: readonly Start[]): Promise<void> {
  await sleep(random(1_500));
  await room.crash();
  crashes += 1;
  await Promise.all(starts.map(({ chat }) => chat));
  await room.start();
}

/** Nobody comes back to the calls of the dead: their alarms end them. */
const isEveryCallOver = (): Promise<unknown> =>
  eventually(
    async () => (await room.sql("select 1 from calls where ended_at is null")).length === 0,
    "every call to be over",
    90_000,
  );

interface Asked {
  readonly callId: string;
  readonly responseId: string | null;
  /** Nobody here can have read its end. */
  readonly isCutOff: boolean;
  /** Of what OpenAI has sent; null: of nothing, and that is free. */
  readonly usage: Usage | null;
  readonly costMicroUsd: number;
}

/** Each request as OpenAI saw it. */
const asked = (): Asked[] =>
  openai.journal(KEY).map(({ body, responseId, aborted, usage: used }) => {
    const { inputTokens = 0, cachedTokens = 0, outputTokens = 0, reasoningTokens = 0 } = used ?? {};
    const usage = { ...NO_USAGE, responses: 1, inputTokens, cachedInputTokens: cachedTokens, outputTokens };
    const uncached = inputTokens - cachedTokens;
    // In billionths of a dollar all are whole.
    const billionths =
      1_000 * uncached * USD.input + 1_000 * USD.cached * cachedTokens + 1_000 * USD.output * outputTokens;
    const costMicroUsd = Math.floor((Math.round(billionths) + 500) / 1_000);
    if (hasReference) expect(costMicroUsd).toBe(referenceMicroUsd(MODEL, usage));
    const callId = String(Object(body).prompt_cache_key);
    return { callId, responseId, isCutOff: aborted, usage: used && { ...usage, reasoningTokens }, costMicroUsd };
  });

const lentRows = async (): Promise<LedgerRow[]> =>
  (await ledgerRows(room)).filter(({ payer, kind }) => payer === "instructor" && kind === "response");

const sumOf = (costs: readonly (number | null)[]): number => costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0);

describe("500 calls at once on a dollar", () => {
  it("SPENDJ-1 spend at most that dollar, though the server dies again and again, and the ledger is OpenAI's", async () => {
    // Dies in the middle of answers, and again while it settles what the dead have left.
    const first = arrive();
    // Two calls a student, as long as there is a database for all of them.
    expect(await isEverybodyAnswered(first)).toBeGreaterThan(10);
    await loseLines(first, 8);
    await crash(first);
    await crash([]);
    await isEveryCallOver();
    // Dies while everybody arrives, and when they have arrived again.
    const second = arrive();
    await sleep(300);
    await crash(second);
    const third = arrive();
    await isEverybodyAnswered(third);
    await loseLines(third, 8);
    await crash(third);
    await crash([]);
    await isEveryCallOver();
    expect(crashes).toBe(5);
    // Now until nothing is left.
    wall = await LiveListener.wall(room, "default", await signInInstructor(room));
    const last = arrive(2);
    await isEverybodyAnswered(last);
    await Promise.all([loseLines(last, 4), ...last.map(({ chat }) => chat)]);
    expect(last.flatMap(({ errors }) => errors).filter((code) => !SENTENCES.includes(code))).toEqual([]);
    expect(last.flatMap(({ errors }) => errors)).toContain("pool_used");
    expect(last.flatMap(({ said }) => said)).toContainEqual(
      expect.stringContaining("what your instructor lends is used"),
    );
    await openai.settled();
    await isEveryCallOver();

    // What OpenAI bills, by its own count, those that were cut off included.
    const all = asked();
    const billed = all.filter(({ usage }) => usage !== null);
    const spent = sumOf(billed.map(({ costMicroUsd }) => costMicroUsd));
    expect(spent).toBeLessThanOrEqual(POOL_MICRO_USD);
    // Whoever dies in mid-answer has it counted as the most that it could be.
    expect(spent).toBeGreaterThan(0.1 * POOL_MICRO_USD);
    expect(billed.some(({ isCutOff }) => isCutOff)).toBe(true);

    // The ledger has each answer that was told, once, to the token and to the micro-dollar.
    const rows = await lentRows();
    const told = rows.filter(({ state }) => state === "told");
    const untold = new Map(all.map((request) => [request.responseId, request]));
    for (const row of told) {
      const request = untold.get(row.upstream_id);
      expect(request, `row ${row.call_id} ${row.seq}`).toMatchObject({
        callId: row.call_id,
        isCutOff: false,
        usage: row.usage,
        costMicroUsd: row.cost_micro_usd,
      });
      untold.delete(row.upstream_id);
    }
    // Every call broke off once at most. What OpenAI had begun by then is a row too, counted by us and no lower; what it
    // had not, or never got, may be one.
    expect(rows.filter(({ state }) => state === "open")).toEqual([]);
    const estimated = rows.filter(({ state }) => state === "estimated");
    expect(new Set(estimated.map(({ call_id }) => call_id)).size).toBe(estimated.length);
    const counted = new Map(estimated.map((row) => [row.call_id, row.cost_micro_usd ?? 0]));
    const begun = billed.filter(({ responseId }) => untold.has(responseId));
    expect(begun.filter(({ callId, costMicroUsd }) => costMicroUsd > (counted.get(callId) ?? -1))).toEqual([]);
    expect(new Set(begun.map(({ callId }) => callId)).size).toBe(begun.length);

    // The number that is enforced is the ledger's, and the one that is shown.
    const ledger = sumOf(rows.map((row) => row.cost_micro_usd));
    expect(ledger).toBeGreaterThanOrEqual(spent);
    expect(ledger).toBeLessThanOrEqual(POOL_MICRO_USD);
    const shown = () => wall.of("money").at(-1)?.money ?? wall.of("wall-start").at(-1)?.money;
    await eventually(() => shown()?.spentMicroUsd === ledger, `the pool to be shown as ${ledger}`);
    // Whatever the dead had reserved is free by now, or will be in the time that a reservation lasts.
    await eventually(() => shown()?.heldMicroUsd === 0, "all that was held to be free", 130_000);

    // A top-up, and calls go on.
    const topUp = await room.post("/api/workshop/workshops/default/top-up", { microUsd: 500_000 }, INSTRUCTOR);
    expect(topUp.status).toBe(200);
    const again = await room.call(tokens[0] ?? "");
    await again.nextTurn();
    again.say("What is 2 plus 3?");
    expect((await again.nextTurn()).text).toContain("5");
    await again.hangUp();
    wall.close();
  }, 420_000);
});
