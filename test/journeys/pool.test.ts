import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import type { ConsoleLiveMessage } from "../../src/protocol/live-messages.ts";
import { type OpenAiStandin, startOpenAiStandin } from "../standins/openai.ts";
import type { RelayClient } from "../standins/twilio.ts";
import { type LedgerRow, ledgerRows } from "./ledger-looks.ts";
import { LiveListener, signInInstructor } from "./live-listener.ts";
import { hasReference, referenceMicroUsd } from "./reference-prices.ts";
import { eventually, Room } from "./room.ts";

/** The instructor's key at OpenAI, whose journal outlives every crash. */
const KEY = "sk-test-instructor-pool-0123456789";
const MODEL = "gpt-5.6-sol";
const POOL_MICRO_USD = 1_000_000;
const STUDENTS = 50;
const STARTS = 10;
const CRASHES = 2;
/** Why somebody is not let in where 500 come at the same moment. */
const SENTENCES = ["too_many_calls", "pool_used", "database_unavailable"];
const INSTRUCTOR = { authorization: "Bearer instructor-token-of-the-tests" };

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
  const { joinCode } = room.endpoints;
  tokens = await Promise.all(
    Array.from({ length: STUDENTS }, async (_, at) => {
      const reply = await room.post("/api/join", { joinCode, name: `Student ${at}` });
      return String(Object(await reply.json()).sessionToken);
    }),
  );
  await lend({ poolMicroUsd: POOL_MICRO_USD, studentMicroUsd: null });
  await watch();
}, 120_000);
afterAll(async () => {
  await room.close();
  await openai.close();
});

async function lend(lending: Readonly<Record<string, number | null>>): Promise<void> {
  const reply = await fetch(`${room.url}/api/workshop/workshops/default`, {
    method: "PATCH",
    headers: { "content-type": "application/json", ...INSTRUCTOR },
    body: JSON.stringify({ lending }),
  });
  expect(reply.status).toBe(200);
}

async function watch(): Promise<void> {
  wall = await LiveListener.wall(room, "default", await signInInstructor(room));
}

/** The pool as a console is shown it. */
const shownPool = () => wall.of("money").at(-1)?.money ?? wall.of("wall-start").at(-1)?.money;

interface Start {
  readonly client: RelayClient | undefined;
  readonly chat: Promise<void>;
}

/** Every student at once, ten times each; whoever is let in asks and asks. */
function bang(number: number): Promise<Start[]> {
  return Promise.all(
    tokens.flatMap((token, student) =>
      Array.from({ length: STARTS }, async (_, at): Promise<Start> => {
        const client = await room.call(token).catch(() => undefined);
        return { client, chat: client ? chat(client, 1_000 * number + STARTS * student + at) : Promise.resolve() };
      }),
    ),
  );
}

async function chat(client: RelayClient, number: number): Promise<void> {
  // Whoever speaks over an answer has it cut off: here only crashes do that.
  await client.nextTurn().catch(() => undefined);
  for (let round = 1; !client.isClosed; round += 1) {
    client.say(`What is ${10_000 * round} plus ${number}?`);
    await client.nextTurn().catch(() => undefined);
  }
}

const heard = ({ client }: Start): string[] => client?.errors.map(({ code }) => code) ?? [];
/** Somebody has said something to them: the agent, or why there is none. */
const isAnswered = (start: Start): boolean => (start.client?.turns.length ?? 0) > 0 || heard(start).length > 0;

const openAiSpent = () => openai.journal(KEY).filter(({ usage }) => usage !== null);

const lentRows = async (): Promise<LedgerRow[]> =>
  (await ledgerRows(room)).filter(({ payer, kind }) => payer === "instructor" && kind === "response");

describe.skipIf(!hasReference)("500 calls at once on a dollar", () => {
  it("SPENDJ-1 spend at most that dollar, though the server dies again and again, and the ledger is OpenAI's", async () => {
    for (let crash = 1; crash <= CRASHES; crash += 1) {
      const starts = await bang(crash);
      await eventually(() => starts.every(isAnswered), "an answer or a sentence for everybody", 60_000);
      // Two calls a student at once, as long as there is money and a database for all of them.
      expect(starts.flatMap(heard).filter((code) => !SENTENCES.includes(code))).toEqual([]);
      const isIn = starts.filter((start) => heard(start).length === 0).length;
      if (crash === 1) expect(isIn).toBeGreaterThan(10);
      await sleep(300 * crash);
      await room.crash();
      await Promise.all(starts.map(({ chat: done }) => done));
      await room.start();
      await watch();
      // Nobody comes back to these calls: their alarms end them.
      await eventually(
        async () => {
          const [row] = await room.sql("select count(*)::int as open from calls where ended_at is null");
          return row?.open === 0;
        },
        "the calls that died to be over",
        90_000,
      );
    }
    // Now until nothing is left.
    const starts = await bang(CRASHES + 1);
    await Promise.all(starts.map(({ chat: done }) => done));
    expect(starts.flatMap(heard).filter((code) => !SENTENCES.includes(code))).toEqual([]);
    const said = starts.flatMap(({ client }) => client?.turns.map(({ text }) => text) ?? []);
    expect(said).toContainEqual(expect.stringContaining("what your instructor lends is used"));
    await openai.settled();
    await eventually(
      async () => (await room.sql("select 1 from calls where ended_at is null")).length === 0,
      "every call to be archived",
      60_000,
    );

    // What OpenAI bills, by its own count and the reference's prices, those that were cut off included.
    const billed = openAiSpent();
    const usageOf = ({ usage }: (typeof billed)[number]) => ({
      ...NO_USAGE,
      responses: 1,
      inputTokens: usage?.inputTokens ?? 0,
      cachedInputTokens: usage?.cachedTokens ?? 0,
      outputTokens: usage?.outputTokens ?? 0,
      reasoningTokens: usage?.reasoningTokens ?? 0,
    });
    const costs = billed.map((entry) => referenceMicroUsd(MODEL, usageOf(entry)));
    const spent = costs.reduce((sum, cost) => sum + cost, 0);
    expect(spent).toBeLessThanOrEqual(POOL_MICRO_USD);
    // Whoever dies in mid-answer has it counted as the most that it could be.
    expect(spent).toBeGreaterThan(0.1 * POOL_MICRO_USD);

    // The ledger has each answer that was told, once, to the token and to the micro-dollar.
    const rows = await lentRows();
    const told = rows.filter(({ state }) => state === "told");
    const delivered = new Map(billed.flatMap((entry, at) => (entry.aborted ? [] : [[entry.responseId, at] as const])));
    // Of those that OpenAI had sent whole when the server died, nobody here may have read the end.
    const unread = new Set(delivered.keys());
    for (const row of told) {
      const at = delivered.get(row.upstream_id);
      const entry = at === undefined ? undefined : billed[at];
      expect(entry, `row ${row.call_id} ${row.seq}`).toBeDefined();
      if (!entry || at === undefined) continue;
      expect(unread.delete(row.upstream_id)).toBe(true);
      expect(row.usage).toEqual(usageOf(entry));
      expect(row.cost_micro_usd).toBe(costs[at]);
    }
    // What a crash cut off after its first word is there too, counted by us; so is a request that died on its way. A crash
    // cuts off one answer of a call.
    const estimated = rows.filter(({ state }) => state === "estimated");
    expect(estimated.length).toBeGreaterThanOrEqual(billed.length - told.length);
    expect(new Set(estimated.map(({ call_id }) => call_id)).size).toBe(estimated.length);
    expect(unread.size).toBeLessThanOrEqual(billed.length - told.length);
    expect(rows.reduce((sum, { cost_micro_usd }) => sum + (cost_micro_usd ?? 0), 0)).toBeGreaterThanOrEqual(spent);
    expect(rows.every(({ state }) => state === "told" || state === "estimated" || state === "void")).toBe(true);

    // The number that is enforced is the ledger's, and the one that is shown.
    const ledger = rows.reduce((sum, { cost_micro_usd }) => sum + (cost_micro_usd ?? 0), 0);
    expect(ledger).toBeLessThanOrEqual(POOL_MICRO_USD);
    await eventually(() => shownPool()?.spentMicroUsd === ledger, `the pool to be shown as ${ledger}`);
    // Whatever the dead had reserved is free by now, or will be in the time that a reservation lasts.
    await eventually(() => shownPool()?.heldMicroUsd === 0, "all that was held to be free", 130_000);

    // A top-up, and calls go on.
    const topUp = await room.post("/api/workshop/workshops/default/top-up", { microUsd: 500_000 }, INSTRUCTOR);
    expect(topUp.status).toBe(200);
    const again = await room.call(tokens[0] ?? "");
    await again.nextTurn();
    again.say("What is 2 plus 3?");
    expect((await again.nextTurn()).text).toContain("5");
    await again.hangUp();
  }, 420_000);
});
