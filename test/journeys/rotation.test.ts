import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { seal, sealedWith, unseal } from "../../src/vault/seal.ts";
import { startTcpProxy, type TcpProxy } from "../standins/tcp-proxy.ts";
import type { RelayClient } from "../standins/twilio.ts";
import { HEX_A, HEX_B, randomBytes, sealAsPredecessor, seeded } from "../vault/samples.ts";
import { Carrier, newCallSid } from "./carrier.ts";
import { askedOfOpenAi, ended, logged } from "./looks.ts";
import { eventually, Room } from "./room.ts";
import { VoiceWitness } from "./voice-door.ts";
import { sessionsOf, studentOf } from "./voice-looks.ts";

/* The master key of a workshop in use is renewed: OLD until now, NEW from now on. */

const ROOT = resolve(import.meta.dirname, "../..");
const AUTH_TOKEN = "twilio-auth-token-of-the-tests";
const GREETING = "Hello, this is Juno.";
const OLD = HEX_A;
const NEW = HEX_B;
const PHONES = 16;
/** Calls with sound, of browsers. */
const VOICES = 4;
/** Students who are not in a call. */
const ROWS = 2_000;
const KILLS = 10;

const random = seeded(20_261_123);
const oldKeys = await loadMasterKeys(OLD, []);
const newKeys = await loadMasterKeys(NEW, []);

const keyOf = (name: string | number): string => `sk-proj-rotation-0123456789-${name}`;
const tokenAt = (at: number): string => `ws_rotation_row_${String(at).padStart(4, "0")}`;
/** What each student's key must say in the end, by session token; `null`: the student has deleted it. */
const expected = new Map<string, string | null>();

const Rows = z.array(z.object({ session_token: z.string(), openai_api_key: z.string().nullable() }));

interface Phone {
  readonly number: number;
  readonly sessionToken: string;
  readonly callSid: string;
  client: RelayClient;
}

let room: Room;
let carrier: Carrier;
/** Of the browsers. */
let network: TcpProxy;
let phones: Phone[];
let voices: VoiceWitness[];
let questions = 0;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  room = await Room.open({ TWILIO_AUTH_TOKEN: AUTH_TOKEN, ENCRYPTION_KEY: OLD });
  carrier = new Carrier(room, AUTH_TOKEN);
  network = await startTcpProxy(room);
}, 120_000);
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await network.close();
  await room.close();
});

/** A third as the predecessor sealed them, with both lengths of its iv. */
async function storeRows(): Promise<void> {
  const rows = await Promise.all(
    Array.from({ length: ROWS }, async (_, at) => {
      const [sessionToken, clear] = [tokenAt(at), keyOf(`row-${at}`)];
      expected.set(sessionToken, clear);
      if (at % 3 === 0) return [sessionToken, sealAsPredecessor(OLD, clear, at % 2 === 0 ? 16 : 12)];
      return [sessionToken, await seal(oldKeys, { purpose: "openai-key", sessionToken }, clear, randomBytes)];
    }),
  );
  const [tokens, sealed] = [rows.map(([token]) => token), rows.map(([, value]) => value)];
  await room.sql(
    "insert into student_configs (session_token, openai_api_key) select * from unnest($1::text[], $2::text[])",
    [tokens, sealed],
  );
}

async function phoneIn(number: number): Promise<Phone> {
  const sessionToken = `ws_rotation_phone_${number}`;
  await room.save(sessionToken, { openaiApiKey: keyOf(number), ivrGreeting: GREETING });
  expected.set(sessionToken, keyOf(number));
  const callSid = newCallSid();
  const client = await carrier.dial(await carrier.ring(sessionToken, callSid), callSid);
  expect((await client.nextTurn()).text).toBe(GREETING);
  return { number, sessionToken, callSid, client };
}

async function voiceIn(number: number): Promise<VoiceWitness> {
  const key = keyOf(`voice-${number}`);
  const student = await studentOf(room, `rotation_${number}`, key, { ivrGreeting: GREETING });
  expected.set(student.sessionToken, key);
  return VoiceWitness.in(room, student, network.port);
}

async function asks({ client, number }: Phone): Promise<void> {
  questions += 1;
  const [one, other] = [questions, number];
  client.say(`What is ${one} plus ${other}?`);
  expect((await client.nextTurn()).text).toBe(`${one} plus ${other} is ${one + other}.`);
}

/** Every one of the twenty says something and is answered, in the call that they are in. */
const everybodyTalks = () =>
  Promise.all([...phones.map((phone) => asks(phone)), ...voices.map((voice) => voice.isStillAnswered())]);

/** `npm run keys -- rotate`, as it is run: a process of its own. */
function startRotation(): ChildProcess {
  const { databaseUrl, databaseHttpEndpoint } = z
    .object({ databaseUrl: z.string(), databaseHttpEndpoint: z.string() })
    .parse(JSON.parse(readFileSync(join(room.dataDir, "endpoints.json"), "utf8")));
  const child = spawn(process.execPath, ["src/cli/keys.ts", "rotate"], {
    cwd: ROOT,
    stdio: "ignore",
    env: {
      ENCRYPTION_KEY: NEW,
      ENCRYPTION_KEY_PREVIOUS: OLD,
      DATABASE_URL: databaseUrl,
      DATABASE_HTTP_ENDPOINT: databaseHttpEndpoint,
      DATA_DIR: room.dataDir,
    },
  });
  children.add(child);
  child.once("close", () => children.delete(child));
  return child;
}

async function sealedUnderNew(): Promise<number> {
  const like = `v2:${newKeys.newest.kid}:%`;
  const [row] = await room.sql("select count(*)::int as n from student_configs where openai_api_key like $1", [like]);
  return Number(row?.n);
}

async function changeKey(sessionToken: string, clear: string | null): Promise<void> {
  const reply = await fetch(`${room.url}/api/me/key`, {
    method: clear === null ? "DELETE" : "PUT",
    headers: { authorization: `Bearer ${sessionToken}`, "content-type": "application/json" },
    ...(clear !== null && { body: JSON.stringify({ openaiApiKey: clear }) }),
  });
  expect(reply.status).toBe(200);
  expected.set(sessionToken, clear);
}

describe("a master key that is renewed under live calls", () => {
  it("ROTATE-30 Twenty calls go on through a restart with the new ring and a rotation killed ten times: no call and no key is lost.", async () => {
    await storeRows();
    phones = await Promise.all(Array.from({ length: PHONES }, (_, number) => phoneIn(number)));
    voices = await Promise.all(Array.from({ length: VOICES }, (_, number) => voiceIn(number)));
    await everybodyTalks();

    // The Worker dies in mid-call and comes back with both master keys. Browsers find the way with tickets that were signed
    // under the old one, phones by their CallSid, which had another name under it.
    await room.crash();
    // A machine that starts slowly must not decide whether they come back: they do it once the server is there.
    await network.become("refuse");
    await room.start({ ENCRYPTION_KEY: NEW, ENCRYPTION_KEY_PREVIOUS: OLD });
    await Promise.all([
      ...voices.map((voice) => voice.comeBack()),
      ...phones.map(async (phone) => {
        await phone.client.closed;
        phone.client = await carrier.dial(await carrier.lost(phone.sessionToken, phone.callSid), phone.callSid);
      }),
    ]);
    await everybodyTalks();

    const killAtRows = Array.from({ length: KILLS }, () => Math.floor(random() * 0.85 * ROWS)).toSorted(
      (a, b) => a - b,
    );
    for (const [round, rows] of killAtRows.entries()) {
      const rotation = startRotation();
      const gone = once(rotation, "close");
      const replaced = tokenAt(Math.floor(random() * ROWS));
      const deleted = tokenAt(Math.floor(random() * ROWS));
      await Promise.all([
        everybodyTalks(),
        changeKey(replaced, keyOf(`replaced-${round}`)),
        changeKey(deleted, null),
        eventually(async () => (await sealedUnderNew()) >= rows, `${rows} rows under the new master key`, 60_000).then(
          () => rotation.kill("SIGKILL"),
        ),
      ]);
      expect(await gone).toEqual([null, "SIGKILL"]);
    }
    const [phone] = phones;
    if (!phone) throw new Error("nobody is on the phone");
    await asks(phone);
    const before = (await askedOfOpenAi(room, keyOf(phone.number))).length;
    await changeKey(phone.sessionToken, keyOf("in-mid-call"));
    expect(await sealedUnderNew()).toBeLessThan(ROWS);
    const last = startRotation();
    const [end] = await Promise.all([once(last, "close"), everybodyTalks()]);
    expect(end).toEqual([0, null]);
    await everybodyTalks();

    const rows = Rows.parse(await room.sql("select session_token, openai_api_key from student_configs"));
    expect(rows).toHaveLength(ROWS + PHONES + VOICES);
    const said = await Promise.all(
      rows.map(async ({ session_token: sessionToken, openai_api_key: sealed }): Promise<[string, string | null]> => {
        if (sealed === null) return [sessionToken, null];
        expect(sealedWith(sealed)).toEqual({ format: "v2", kid: newKeys.newest.kid });
        return [sessionToken, (await unseal(newKeys, { purpose: "openai-key", sessionToken }, sealed)).plaintext];
      }),
    );
    expect(new Map(said)).toEqual(expected);

    // Every call asked OpenAI on its own student's key, the one who replaced it on the old one before and the new one after.
    const keysOfCalls = new Map<string, Set<string>>();
    const asked = await askedOfOpenAi(room);
    for (const { callId, key } of asked) keysOfCalls.set(callId, (keysOfCalls.get(callId) ?? new Set()).add(key));
    expect(keysOfCalls.size).toBe(PHONES);
    expect(new Set([...keysOfCalls.values()].map((keys) => [...keys].join(", then ")))).toEqual(
      new Set(phones.map(({ number }) => (number === 0 ? `${keyOf(0)}, then ${keyOf("in-mid-call")}` : keyOf(number)))),
    );
    expect(await askedOfOpenAi(room, keyOf(phone.number))).toHaveLength(before);
    for (let number = 0; number < VOICES; number += 1) {
      expect(await sessionsOf(room, keyOf(`voice-${number}`))).toHaveLength(1);
    }

    await Promise.all([...phones.map(({ client }) => client.hangUp()), ...voices.map(({ caller }) => caller.hangUp())]);
    const calls = await Promise.all(
      [...expected.keys()].filter((token) => /phone|voice/.test(token)).map((token) => ended(room, token)),
    );
    expect(calls.flat().map(({ end_reason }) => end_reason)).toEqual(Array(PHONES + VOICES).fill("caller-left"));
    const [count] = await room.sql("select count(*)::int as calls from calls");
    expect(count).toEqual({ calls: PHONES + VOICES });
    expect(logged(room, "key-unreadable")).toEqual([]);
    expect(logged(room, "uncaught")).toEqual([]);
  }, 300_000);

  it("ROTATE-31 Once the old master key is gone, every key still opens in a call.", async () => {
    await room.stop();
    await room.start({ ENCRYPTION_KEY_PREVIOUS: "" });
    const legacy = tokenAt(
      [...Array(ROWS).keys()].find((at) => at % 3 === 0 && expected.get(tokenAt(at)) === keyOf(`row-${at}`)) ?? 0,
    );
    for (const sessionToken of [legacy, "ws_rotation_phone_1", "ws_rotation_phone_0"]) {
      const client = await room.call(sessionToken, undefined, { authorization: `Bearer ${sessionToken}` });
      client.say("What is 2 plus 3?");
      await eventually(() => client.turns.some(({ text }) => text === "2 plus 3 is 5."), "the answer");
      const asked = await askedOfOpenAi(room, expected.get(sessionToken) ?? "");
      expect(asked.length).toBeGreaterThan(0);
      await client.hangUp();
    }
  }, 120_000);
});
