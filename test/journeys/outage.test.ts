import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RelayClient } from "../standins/twilio.ts";
import { archived, ended } from "./looks.ts";
import { type OwnPostgres, startPostgres } from "./own-postgres.ts";
import { eventually, Room } from "./room.ts";

/** How long Postgres is away: ten seconds in every run, a minute for a show. */
const DOWN_MS = Number(process.env.DATABASE_DOWN_MS ?? 10_000);
const VERDICT_MS = 3_000;
const GREETING = "Hello, this is Juno.";

let postgres: OwnPostgres;
let room: Room;
beforeAll(async () => {
  postgres = await startPostgres();
  room = await Room.open({ DATABASE_URL: postgres.url });
});
afterAll(async () => {
  await room.close();
  await postgres.close();
});

async function callIn(number: number): Promise<RelayClient> {
  const client = await room.call(`ws_outage_${number}`);
  await client.nextTurn();
  return client;
}

/** Asks and is answered until told to stop; every answer is one of a kind. Rejects when the call is dropped. */
async function chat(client: RelayClient, number: number, stop: AbortSignal): Promise<void> {
  for (let round = 1; !stop.aborted; round += 1) {
    client.say(`What is ${1_000 * round} plus ${number}?`);
    expect((await client.nextTurn()).text).toBe(`${1_000 * round} plus ${number} is ${1_000 * round + number}.`);
  }
}

/** What a new call is told while the database is away, and how long that took. */
async function verdict(): Promise<{ readonly code: number; readonly errors: string[]; readonly ms: number }> {
  const startedAtMs = performance.now();
  const client = await room.call("ws_outage_0");
  const { code } = await client.closed;
  return { code, errors: client.errors.map((error) => error.code), ms: performance.now() - startedAtMs };
}

describe("Postgres goes away under live calls", () => {
  it("JOURNEY-20 drops no call, refuses new ones within 3 s, and archives every turn once when it is back", {
    timeout: DOWN_MS + 180_000,
  }, async () => {
    const numbers = [0, 1, 2, 3, 4, 5];
    for (const number of numbers) {
      const config = { openaiApiKey: `sk-proj-outage-0123456789-${number}`, ivrGreeting: GREETING };
      await room.save(`ws_outage_${number}`, config);
    }
    const clients = await Promise.all(numbers.map(callIn));
    const stop = new AbortController();
    const [brief, ...steady] = clients.map((client, number) => ({ client, number }));
    const chats = steady.map(({ client, number }) => chat(client, number, stop.signal));

    // Half of the time nothing listens there, and half of the time it accepts and says nothing.
    for (const mode of ["refuse", "hang"] as const) {
      await postgres.become(mode);
      const { ms, ...told } = await verdict();
      expect(told).toEqual({ code: 1013, errors: ["database_unavailable"] });
      expect(ms).toBeLessThan(VERDICT_MS);
      // A whole call ends while nobody can write it down.
      if (mode === "refuse") {
        brief?.client.say("What is 1 plus 1?");
        expect((await brief?.client.nextTurn())?.text).toBe("1 plus 1 is 2.");
        await brief?.client.hangUp();
      }
      await sleep(DOWN_MS / 2);
    }
    expect(steady.filter(({ client }) => client.isClosed)).toEqual([]);
    await postgres.become("pass");
    const backAtMs = performance.now();
    stop.abort();
    await Promise.all(chats);
    for (const { client, number } of steady) {
      const seen = client.turns.map(({ text }) => text);
      expect(seen.length).toBeGreaterThan(DOWN_MS / 2_000);
      await eventually(
        async () => (await agentTexts(number)).length >= seen.length,
        `the turns of call ${number} to arrive`,
        65_000,
      );
      expect(await agentTexts(number)).toEqual(seen);
      expect(client.isClosed).toBe(false);
      await client.hangUp();
    }
    await Promise.all(numbers.map((number) => ended(room, `ws_outage_${number}`, 1, 65_000)));
    console.log(`away ${DOWN_MS} ms; everything archived ${Math.round(performance.now() - backAtMs)} ms after`);
    expect(await agentTexts(0)).toEqual([GREETING, "1 plus 1 is 2."]);
    const [count] = await room.sql("select count(*)::int as calls, count(ended_at)::int as ended from calls");
    expect(count).toEqual({ calls: numbers.length, ended: numbers.length });
  });
});

async function agentTexts(number: number): Promise<string[]> {
  const [call] = await archived(room, `ws_outage_${number}`);
  return call?.turns.filter(({ speaker }) => speaker === "agent").map(({ text }) => text) ?? [];
}
