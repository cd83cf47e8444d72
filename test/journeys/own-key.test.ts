import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultOrder, type OpenAiStandin, startOpenAiStandin } from "../standins/openai.ts";
import type { RelayClient } from "../standins/twilio.ts";
import { ledgerRows } from "./ledger-looks.ts";
import { eventually, Room } from "./room.ts";
import { randomOf } from "./seeded.ts";

const INSTRUCTORS_KEY = "sk-test-instructor-faults-0123456789";
const STUDENTS = 40;
const FAULTS = 1_000;
const AT_ONCE = 12;
const SEED = Number(process.env.SEED ?? 20_261_122);

let openai: OpenAiStandin;
let room: Room;
let tokens: readonly string[];
beforeAll(async () => {
  openai = await startOpenAiStandin({ ttftMs: 20, tokensPerSecond: 400 });
  room = await Room.open({
    OPENAI_BASE_URL: openai.baseUrl,
    OPENAI_API_KEY: INSTRUCTORS_KEY,
    CALLS_PER_WORKSHOP: "200",
  });
  const { joinCode } = room.endpoints;
  tokens = await Promise.all(
    Array.from({ length: STUDENTS }, async (_, at) => {
      const reply = await room.post("/api/join", { joinCode, name: `Student ${at}` });
      return String(Object(await reply.json()).sessionToken);
    }),
  );
}, 120_000);
afterAll(async () => {
  await room.close();
  await openai.close();
});

const ownKey = (student: number, version: number): string =>
  `sk-test-own-${String(student).padStart(3, "0")}-${version}-0123456789`;

async function ask(student: number, method: string, path: string, body?: object): Promise<number> {
  const reply = await fetch(`${room.url}${path}`, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${tokens[student]}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  await reply.body?.cancel();
  return reply.status;
}

async function lend(fallbackAllowed: boolean): Promise<void> {
  const reply = await fetch(`${room.url}/api/workshop/workshops/default`, {
    method: "PATCH",
    headers: { "content-type": "application/json", authorization: "Bearer instructor-token-of-the-tests" },
    body: JSON.stringify({ fallbackAllowed }),
  });
  await reply.body?.cancel();
}

/** What OpenAI does, to this student's key of now or to the instructor's. */
const TROUBLES: readonly FaultOrder[] = [
  { kind: "status", status: 401 },
  { kind: "status", status: 403 },
  { kind: "status", status: 429 },
  { kind: "status", status: 429, code: "insufficient_quota", type: "insufficient_quota" },
  { kind: "status", status: 500 },
  { kind: "reset", afterTokens: 2 },
  { kind: "failed", afterTokens: 1 },
  { kind: "error-event", afterTokens: 1 },
  { kind: "no-terminal", afterTokens: 2 },
  { kind: "malformed-event", afterTokens: 1 },
  { kind: "told-twice" },
];

/** The sk-…'s of a save are checked against OpenAI three times a minute at most: they are stored by the predecessor's route. */
const connect = (student: number, version: number) =>
  room.save(tokens[student] ?? "", { openaiApiKey: ownKey(student, version) });

/** One call of a student, with one thing that goes wrong in it. */
async function faultyCall(student: number, fault: number, random: (below: number) => number): Promise<void> {
  const version = random(1_000);
  // Before it: with a key of their own, or without.
  if (random(2) === 0) await connect(student, version);
  else await ask(student, "DELETE", "/api/me/key");
  let client: RelayClient;
  try {
    client = await room.call(tokens[student] ?? "");
  } catch {
    return;
  }
  await Promise.race([client.nextTurn().catch(() => undefined), client.closed, sleep(1_000)]);
  if (client.isClosed) return;
  client.say(`What is ${fault} plus 1?`);
  const trouble = TROUBLES[random(TROUBLES.length)];
  switch (random(8)) {
    case 0:
    case 1:
    case 2:
      if (trouble) {
        openai.fault({ ...trouble, key: random(2) === 0 ? ownKey(student, version) : INSTRUCTORS_KEY });
      }
      break;
    case 3:
      await ask(student, "DELETE", "/api/me/key");
      break;
    case 4:
      await connect(student, 1_000 + random(1_000));
      break;
    case 5:
      await client.drop();
      break;
    case 6:
      await lend(random(3) > 0);
      break;
    default:
      await sleep(random(60));
      await ask(student, "DELETE", "/api/me/key");
      await connect(student, 2_000 + random(1_000));
  }
  await Promise.race([client.nextTurn().catch(() => undefined), client.closed, sleep(600)]);
  if (!client.isClosed) client.say(`What is ${fault} plus 2?`);
  await Promise.race([client.nextTurn().catch(() => undefined), client.closed, sleep(600)]);
  if (!client.isClosed) await client.hangUp();
}

describe("1,000 faults of all kinds", () => {
  it("SPENDJ-2 never bring a call from the student's key to the instructor's, or the other way round", async () => {
    const random = randomOf(SEED);
    let fault = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, worker) => {
        while (fault < FAULTS) {
          fault += 1;
          // Each worker has students of its own, so that two of a student's calls do not meet by chance alone.
          await faultyCall(worker + AT_ONCE * random(3), fault, random);
        }
      }),
    );
    await lend(true);
    await openai.settled();
    await eventually(
      async () => (await room.sql("select 1 from calls where ended_at is null")).length === 0,
      "every call to be over",
      100_000,
    );

    const calls = new Map((await room.sql("select id, key_source from calls")).map((row) => [row.id, row.key_source]));
    const keysOf = new Map<string, Set<string>>();
    for (const { key, body } of openai.journal()) {
      const callId = Object(body).prompt_cache_key;
      if (typeof callId !== "string" || key === null) continue;
      keysOf.set(callId, (keysOf.get(callId) ?? new Set()).add(key));
    }
    // There was something to be confused: many calls, on both kinds of keys, some of which changed in between.
    const asked = [...keysOf].map(([callId, keys]) => ({ callId, keys: [...keys], payer: calls.get(callId) }));
    expect(asked.filter(({ payer }) => payer === "student").length).toBeGreaterThan(100);
    expect(asked.filter(({ payer }) => payer === "instructor").length).toBeGreaterThan(100);
    expect(asked.filter(({ keys }) => keys.length > 1).length).toBeGreaterThan(5);
    const confused = asked.filter(({ keys, payer }) =>
      keys.some((key) => (key === INSTRUCTORS_KEY) !== (payer === "instructor")),
    );
    expect(confused).toEqual([]);
    // And the ledger says so too.
    const rows = (await ledgerRows(room)).filter(({ kind }) => kind === "response");
    expect(rows.filter(({ call_id, payer }) => payer !== calls.get(call_id))).toEqual([]);
    expect(rows.length).toBeGreaterThan(FAULTS / 2);
  }, 400_000);
});
