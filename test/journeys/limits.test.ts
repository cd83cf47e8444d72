import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import type { RelayClient } from "../standins/twilio.ts";
import { askedOfOpenAi, ended, logged } from "./looks.ts";
import { eventually, Room } from "./room.ts";

const FALLBACK = "sk-proj-instructor-fallback-01";
const GREETING = "Hello, this is Juno.";
const keyOf = (name: string): string => `sk-proj-limits-0123456789-${name}`;

let room: Room;
beforeAll(async () => {
  room = await Room.open({ OPENAI_API_KEY: FALLBACK });
  await room.sql(
    "insert into workshops (id, name, join_code, fallback_allowed) values ('strict', 'S', 'STRICT', false)",
  );
});
afterAll(() => room.close());

/** A student with a key, in a workshop without fallback where that matters, and a call of theirs that was greeted. */
async function callOf(name: string, workshop: "default" | "strict" = "default") {
  const sessionToken = `ws_limits_${name}`;
  await room.save(sessionToken, { openaiApiKey: keyOf(name), ivrGreeting: GREETING });
  await room.sql("update student_configs set workshop_id = $1 where session_token = $2", [workshop, sessionToken]);
  const client = await room.call(sessionToken);
  await client.nextTurn();
  const ask = (request: string, body?: object): Promise<Response> => {
    const [method = "", path = ""] = request.split(" ");
    const headers = { authorization: `Bearer ${sessionToken}`, "content-type": "application/json" };
    return fetch(room.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  };
  return { sessionToken, client, ask };
}

async function add(client: RelayClient, one: number, other: number): Promise<void> {
  client.say(`What is ${one} plus ${other}?`);
  expect((await client.nextTurn()).text).toBe(`${one} plus ${other} is ${one + other}.`);
}

/** Keys of the requests that asked for a sum with this number, oldest first. */
async function keysFor(one: number): Promise<string[]> {
  const asked = await askedOfOpenAi(room);
  return asked.filter(({ history }) => history.at(-1)?.includes(`What is ${one} plus`)).map(({ key }) => key);
}

const errorsOf = (client: RelayClient): string[] => client.errors.map(({ code }) => code);

describe("a student's limits, and whose key is used", () => {
  it("JOURNEY-30 lets a student into two calls at once, and says why a third is not possible", async () => {
    const { sessionToken, client: first } = await callOf("many");
    const second = await room.call(sessionToken);
    await second.nextTurn();
    const third = await room.call(sessionToken);
    expect((await third.closed).code).toBe(1013);
    expect(errorsOf(third)).toEqual(["too_many_calls"]);
    expect(third.turns.map(({ text }) => text)).toEqual([
      "I'm sorry, this agent is busy in other calls. Please try again later.",
    ]);
    await add(first, 1, 2);
    await add(second, 3, 4);
    await first.hangUp();
    // The place is free once the workshop knows.
    await eventually(async () => {
      const next = await room.call(sessionToken);
      const turn = await next.nextTurn();
      await next.hangUp();
      return turn.text === GREETING;
    }, "room for another call");
    await second.hangUp();
  });

  it("JOURNEY-31 ends a call within 2 s when its key is deleted and nobody else pays", async () => {
    const { client, ask } = await callOf("deleted", "strict");
    await add(client, 10, 1);
    client.say("Tell me a story.");
    await eventually(() => client.speaking, "the story");
    const startedAtMs = performance.now();
    expect((await ask("DELETE /api/me/key")).status).toBe(200);
    expect((await client.closed).code).toBe(4001);
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    expect(errorsOf(client)).toEqual(["no_key"]);
    const asked = await eventually(async () => {
      const all = await askedOfOpenAi(room, keyOf("deleted"));
      return all.at(-1)?.aborted && all;
    }, "the request to be given up");
    expect(asked).toHaveLength(2);
    const [call] = await ended(room, "ws_limits_deleted");
    expect(call).toMatchObject({ end_reason: "key-failed" });
  });

  it("JOURNEY-32 ends where the instructor's key is lent too: the next call is on that one", async () => {
    const { client, ask } = await callOf("generous");
    await add(client, 20, 1);
    await ask("DELETE /api/me/key");
    expect((await client.closed).code).toBe(4001);
    expect(errorsOf(client)).toEqual(["no_key"]);
    const next = await room.call("ws_limits_generous");
    await next.nextTurn();
    await add(next, 20, 2);
    expect(await keysFor(20)).toEqual([keyOf("generous"), FALLBACK]);
    await next.hangUp();
    const calls = await ended(room, "ws_limits_generous", 2);
    expect(calls.map(({ key_source }) => key_source)).toEqual(["student", "instructor"]);
    const messages = calls.flatMap(({ id }) => logged(room, "key-chosen").filter(({ callId }) => callId === id));
    expect(messages.map(({ message }) => message)).toEqual([
      "Using student's OpenAI API key",
      "Using instructor's OpenAI API key (fallback)",
    ]);
  });

  it("JOURNEY-33 uses a replaced key from the next turn on", async () => {
    const { client, ask } = await callOf("replaced");
    await add(client, 30, 1);
    const reply = await ask("PUT /api/me/key", { openaiApiKey: keyOf("newer") });
    expect(reply.status).toBe(200);
    await add(client, 30, 2);
    await add(client, 30, 3);
    expect(await keysFor(30)).toEqual([keyOf("replaced"), keyOf("newer"), keyOf("newer")]);
    await client.hangUp();
  });

  it("JOURNEY-34 speaks about a key that OpenAI refuses, and never takes the instructor's in its place", async () => {
    const { client, ask } = await callOf("refused");
    await add(client, 40, 1);
    await room.fault({ kind: "status", status: 401, key: keyOf("refused"), code: "invalid_api_key", times: "always" });
    client.say("And now?");
    expect((await client.nextTurn()).text).toContain("OpenAI does not accept the key of this agent");
    expect((await client.closed).code).toBe(4001);
    expect(errorsOf(client)).toEqual(["key_rejected"]);
    const asked = (await askedOfOpenAi(room)).filter(({ history }) => history.at(-1) === "caller: And now?");
    expect(asked.map(({ key }) => key)).toEqual([keyOf("refused")]);
    await eventually(async () => {
      const me: { key?: { status?: string } } = Object(await (await ask("GET /api/me")).json());
      return me.key?.status === "rejected";
    }, "the student to see it");
  });

  it("JOURNEY-35 ends the calls of an erased student, and keeps nothing of them", async () => {
    const { client, ask, sessionToken } = await callOf("erased");
    await add(client, 50, 1);
    await eventually(
      async () => (await room.sql("select 1 from turns where text like '%50 plus 1%'")).length > 0,
      "turns",
    );
    expect((await ask("DELETE /api/me")).status).toBe(200);
    expect((await client.closed).code).toBe(4004);
    expect(errorsOf(client)).toEqual(["revoked"]);
    await eventually(() => logged(room, "call-end").some(({ endReason }) => endReason === "revoked"), "its end");
    const left = await room.sql(
      "select session_token from student_configs where session_token = $1 union select session_token from calls where session_token = $1",
      [sessionToken],
    );
    expect(left).toEqual([]);
    expect(await room.sql("select 1 from turns where text like '%50 plus 1%'")).toEqual([]);
  });

  it("JOURNEY-36 wakes a call that slept through a silence, with all that it knew", async () => {
    const { client } = await callOf("asleep");
    client.say("My name is Ada.");
    await client.nextTurn();
    const nearlyTooMany = LIMITS.badFramesInARow - 1;
    for (let count = 0; count < nearlyTooMany; count += 1) client.send("?");
    await eventually(() => client.errors.length === nearlyTooMany, "answers to the bad frames");
    // Its alarm looks after the caller 5 s after the start; ten seconds after that workerd takes an idle object away.
    await sleep(LIMITS.firstMessageMs + 12_000);
    // Unreadable frames are counted in memory: were it still the same object, the socket would be closed now.
    for (let count = 0; count < nearlyTooMany; count += 1) client.send("?");
    await eventually(() => client.errors.length === 2 * nearlyTooMany, "more answers to bad frames");
    expect(client.isClosed).toBe(false);
    client.say("What is my name?");
    expect((await client.nextTurn()).text).toBe("Your name is Ada.");
    expect(client.turns.filter(({ text }) => text === GREETING)).toHaveLength(1);
    await client.hangUp();
  });
});
