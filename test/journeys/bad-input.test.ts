import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { RelayClient } from "../../src/cli/relay-client.ts";
import { RelayRefused } from "../../src/cli/relay-refusal.ts";
import { connectRelay } from "../standins/twilio.ts";
import { askedOfOpenAi, ended, logged, objectsIn } from "./looks.ts";
import { eventually, Room } from "./room.ts";

const GREETING = "Hello, this is Juno.";
const FRAME_BYTES = 64 * 1024;

let room: Room;
let witness: RelayClient;
let watched: Promise<void>;
beforeAll(async () => {
  room = await Room.open();
  ({ client: witness } = await callOf("witness"));
  watched = (async () => {
    // Ends with the first turn that does not come: asking a socket that is closing again and again would never end.
    for (let round = 1; !witness.isClosed; round += 1) {
      witness.say(`What is ${round} plus 1?`);
      const turn = await witness.nextTurn().catch(() => undefined);
      if (turn === undefined) return;
    }
  })();
});
afterAll(async () => {
  await witness.hangUp();
  await watched;
  await room.close();
});

/** After whatever has just happened, somebody else's call is still answered. */
afterEach(async () => {
  const before = witness.turns.length;
  await eventually(() => witness.turns.length >= before + 2, "the other call to go on");
  expect(logged(room, "uncaught")).toEqual([]);
});

const SETUP = { type: "setup", sessionId: "VX1", callSid: "", accountSid: "", customParameters: {} };
const keyOf = (name: string): string => `sk-proj-bad-input-0123456789-${name}`;
const tokenOf = (name: string): string => `ws_bad_${name.replaceAll(" ", "_")}`;

/** A call of a student of its own, greeted, and the socket under it. `setup: false`: nothing was sent on it yet. */
async function callOf(name: string, options: { readonly setup?: false } = {}) {
  const sessionToken = tokenOf(name);
  const key = keyOf(sessionToken);
  await room.save(sessionToken, { openaiApiKey: key, ivrGreeting: GREETING });
  const socket = new WebSocket(`${room.url.replace("http", "ws")}/ws/${sessionToken}`, { perMessageDeflate: false });
  const client = new RelayClient(socket, {});
  await once(socket, "open");
  if (options.setup === undefined) {
    client.send(SETUP);
    await client.nextTurn();
  }
  return { client, socket, key, sessionToken };
}

async function isAnswered(client: RelayClient): Promise<void> {
  client.say("What is 2 plus 3?");
  expect((await client.nextTurn()).text).toBe("2 plus 3 is 5.");
}

/** The close code, and the codes of the sentences that came before it. */
async function endOf(client: RelayClient): Promise<readonly [code: number, errors: string[]]> {
  const { code } = await client.closed;
  for (const { sentence } of client.errors) expect(sentence).toMatch(/^[A-Z].*\.$/);
  return [code, client.errors.map((error) => error.code)];
}

const UNREADABLE: Record<string, string> = {
  "not JSON": "{",
  "JSON of another kind": "[]",
  "a bare word": '"setup"',
  nothing: "null",
  "no type": "{}",
  "a type that is no word": '{"type":7}',
  "words that are a number": '{"type":"prompt","voicePrompt":7,"last":true}',
  "a last that is a word": '{"type":"prompt","voicePrompt":"hi","last":"true"}',
  "an interrupt without text": '{"type":"interrupt","durationUntilInterruptMs":3}',
  "a digit that is none": '{"type":"dtmf","digit":"11"}',
  "a CallSid that is an object": '{"type":"setup","callSid":{}}',
  "17 levels": `{"type":"setup","customParameters":${"[".repeat(16)}${"]".repeat(16)}}`,
  "65,536 levels": "[".repeat(FRAME_BYTES),
};

describe("what no caller of good will sends", () => {
  it("JOURNEY-24 is answered with a sentence, and the call goes on", async () => {
    const { client } = await callOf("unreadable");
    for (const [what, frame] of Object.entries(UNREADABLE)) {
      const before = client.errors.length;
      client.send(frame);
      await eventually(() => client.errors.length > before, `an answer to ${what}`);
      expect(client.errors.at(-1)).toEqual({ code: "bad_frame", sentence: "This message could not be read." });
      // A readable one in between, even one that means nothing: what counts is ten in a row.
      client.send({ type: "__proto__", constructor: { name: "evil" } });
    }
    await isAnswered(client);
    expect(client.errors).toHaveLength(Object.keys(UNREADABLE).length);
    expect(client.turns).toHaveLength(2);
    await client.hangUp();
  });

  it("JOURNEY-25 closes the socket when it is too much, too large or too often", async () => {
    const tenTimes = (frame: string | Buffer) => (client: RelayClient, socket: WebSocket) => {
      for (let count = 0; count < 10; count += 1) {
        if (typeof frame === "string") client.send(frame);
        else socket.send(frame, { binary: true });
      }
    };
    const large = (text: string): string => JSON.stringify({ type: "prompt", voicePrompt: text, last: true });
    const padding = FRAME_BYTES - large("").length;
    const cases: Record<string, [act: (client: RelayClient, socket: WebSocket) => void, code: number, error: string]> =
      {
        "ten unreadable": [tenTimes("?"), 1008, "bad_frame"],
        "ten binary": [tenTimes(Buffer.from([0, 1, 2])), 1008, "bad_frame"],
        "one byte over": [(client) => client.send(large("a".repeat(padding + 1))), 1009, "frame_too_large"],
        "over in bytes only": [(client) => client.send(large("☂".repeat(FRAME_BYTES / 3))), 1009, "frame_too_large"],
        "a megabyte": [(client) => client.send("a".repeat(2 ** 20)), 1009, "frame_too_large"],
        flood: [
          (client) => {
            for (let count = 0; count < 5_000; count += 1) client.send({ type: "info", name: "flood", value: "on" });
          },
          1008,
          "too_many_frames",
        ],
      };
    for (const [name, [act, code, error]] of Object.entries(cases)) {
      const { client, socket, sessionToken } = await callOf(name);
      act(client, socket);
      const [closeCode, errors] = await endOf(client);
      expect([name, closeCode, errors.at(-1)]).toEqual([name, code, error]);
      const [call] = await ended(room, sessionToken);
      expect([name, call?.end_reason]).toEqual([name, "policy"]);
    }
    const { client, key } = await callOf("just fits");
    await room.fault({ kind: "answer", key, text: "That was long." });
    client.send(large("a".repeat(padding)));
    expect((await client.nextTurn()).text).toBe("That was long.");
    await client.hangUp();
  });

  it("JOURNEY-26 leaves the call its wits: broken UTF-8, a second setup, a thousand keys", async () => {
    const { client, socket, key, sessionToken } = await callOf("wits");
    socket.send(Buffer.from([0xff, 0xfe, 0xfd]), { binary: false });
    await eventually(() => client.errors.length === 1, "an answer to broken UTF-8");
    const inside = Buffer.concat([
      Buffer.from('{"type":"prompt","voicePrompt":"My name is '),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('","last":true}'),
    ]);
    socket.send(inside, { binary: false });
    await client.nextTurn();
    await isAnswered(client);

    client.say("Tell me a story.");
    await eventually(() => client.speaking, "the story");
    client.send(SETUP);
    expect((await client.nextTurn()).text.match(/Once there was/g)).toHaveLength(1);
    expect(await askedOfOpenAi(room, key)).toHaveLength(3);

    for (let count = 0; count < 200; count += 1) client.press(String(count % 10));
    await client.nextTurn();
    await client.hangUp();
    const [call] = await ended(room, sessionToken);
    const keys = call?.turns.flatMap(({ text }) => /keypad: (.*)\)/.exec(text)?.[1] ?? []).join("") ?? "";
    expect(keys).toBe("0123456789".repeat(7).slice(0, 64));
    expect(call?.turns.filter(({ text }) => text === GREETING)).toHaveLength(1);
  });

  it("JOURNEY-27 ends a socket that never introduces itself after 5 s, and OpenAI hears nothing of it", async () => {
    const mute = await callOf("mute", { setup: false });
    const talker = await callOf("talker", { setup: false });
    const startedAtMs = performance.now();
    talker.client.say("I speak, but I have not said who I am.");
    await eventually(() => mute.client.isClosed && talker.client.isClosed, "both sockets to be closed");
    const tookMs = performance.now() - startedAtMs;
    expect(tookMs).toBeGreaterThan(4_500);
    expect(tookMs).toBeLessThan(6_500);
    for (const { client, key } of [mute, talker]) {
      // Closed by its close frame; below it workerd keeps the connection of a mute one open until the object sleeps.
      await client.drop();
      expect(await endOf(client)).toEqual([1008, ["no_setup"]]);
      expect(client.turns).toEqual([]);
      expect(await askedOfOpenAi(room, key)).toEqual([]);
    }
  });

  it("JOURNEY-28 wakes no object for 2,000 handshakes of strangers", { timeout: 180_000 }, async () => {
    await room.save("ws_bad_real");
    const before = [objectsIn(room, "CallObject"), objectsIn(room, "WorkshopObject")];
    const address = room.url.replace("http", "ws");
    const strangers: ((count: number) => Promise<RelayClient>)[] = [
      (count) => connectRelay(`${address}/ws/ws_nobody_${count}`),
      (count) => connectRelay(`${address}/ws?sessionToken=ws_nobody_${count}`),
      (count) => connectRelay(`${address}/ws/${"a".repeat(200 + count)}`),
      (count) => connectRelay(`${address}/ws/%00${count}`),
      (count) => connectRelay(`${address}/ws?count=${count}`),
      (count) => connectRelay(`${address}/ws/ws_bad_real/ticket-${count}.${"A".repeat(43)}`),
      (count) => connectRelay(`${address}/ws/ws_bad_real`, { headers: { origin: `https://site-${count}.example` } }),
      (count) => connectRelay(`${address}/call/${count}`),
    ];
    const outcomes = new Map<string, number>();
    const dial = async (count: number): Promise<void> => {
      const stranger = strangers[count % strangers.length];
      const outcome = await stranger?.(count).then(
        async (client) => (await endOf(client)).join(" "),
        (thrown: unknown) => (thrown instanceof RelayRefused ? `HTTP ${thrown.status}` : "not refused"),
      );
      outcomes.set(outcome ?? "", (outcomes.get(outcome ?? "") ?? 0) + 1);
    };
    for (let count = 0; count < 2_000; count += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, more) => dial(count + more)));
    }
    expect(Object.fromEntries(outcomes)).toEqual({
      "1008 unknown_session": 500,
      "HTTP 401": 750,
      "HTTP 403": 500,
      "HTTP 404": 250,
    });
    expect([objectsIn(room, "CallObject"), objectsIn(room, "WorkshopObject")]).toEqual(before);
  });

  it("JOURNEY-29 is refused by REST with a status, a code and a sentence", async () => {
    const json = { "content-type": "application/json" };
    const save = async (body: string | Uint8Array<ArrayBuffer> | ReadableStream, headers = json) =>
      fetch(`${room.url}/api/student-config-save`, { method: "POST", body, headers, ...{ duplex: "half" } });
    const wrap = (config: object): string => JSON.stringify({ sessionToken: "ws_bad_real", ...config });
    const tool = (fn: object): string => wrap({ tools: [{ type: "function", function: { name: "x", ...fn } }] });
    const nested = (levels: number): object => (levels === 0 ? {} : { properties: { x: nested(levels - 1) } });
    // In chunks, so that no header says how long it is.
    const streamed = new Blob(["a".repeat(4 * FRAME_BYTES)]).stream();
    const cases: Record<string, [reply: () => Promise<Response>, status: number, code: string]> = {
      "one byte over": [() => save(wrap({ x: "a".repeat(FRAME_BYTES) })), 413, "too_large"],
      "more than announced": [() => save(streamed), 413, "too_large"],
      "not JSON": [() => save("{"), 400, "bad_request"],
      "not UTF-8": [() => save(new Uint8Array([0x22, 0xff, 0x22])), 400, "bad_request"],
      "too deep": [() => save(`${"[".repeat(30_000)}${"]".repeat(30_000)}`), 400, "bad_request"],
      "not the type": [() => save("a=b", { "content-type": "text/plain" }), 415, "unsupported_media_type"],
      compressed: [() => save("{}", { ...json, ...{ "content-encoding": "gzip" } }), 415, "unsupported_media_type"],
      "no token": [() => save("{}"), 400, "bad_request"],
      "a number for a prompt": [() => save(wrap({ systemPrompt: 7 })), 400, "bad_config"],
      "a NUL": [() => save(wrap({ systemPrompt: "\u0000" })), 400, "bad_request"],
      "no key": [() => save(wrap({ openaiApiKey: "password" })), 400, "bad_key_shape"],
      "seventeen tools": [() => save(wrap({ tools: Array(17).fill({}) })), 400, "bad_config"],
      "a tool called __proto__": [() => save(tool({ name: "__proto__" })), 400, "bad_config"],
      "a regular expression": [
        () => save(tool({ parameters: { properties: { x: { pattern: "(a+)+$" } } } })),
        400,
        "bad_config",
      ],
      "a deep schema": [() => save(tool({ parameters: nested(9) })), 400, "bad_config"],
      "a webhook inside": [() => save(tool({ webhook_url: "http://169.254.169.254/" })), 400, "bad_config"],
      "no such route": [() => fetch(`${room.url}/api/admin`), 404, "not_found"],
      "another method": [
        () => fetch(`${room.url}/api/me`, { method: "POST", headers: json }),
        405,
        "method_not_allowed",
      ],
      "no upgrade": [() => fetch(`${room.url}/ws/ws_bad_real`), 426, "upgrade_required"],
      "no login": [() => fetch(`${room.url}/api/me`), 401, "unauthorized"],
    };
    for (const [what, [ask, status, code]] of Object.entries(cases)) {
      const reply = await ask();
      const body: Record<string, unknown> = Object(await reply.json());
      expect([what, reply.status, body.code]).toEqual([what, status, code]);
      expect(body).toMatchObject({ success: false, error: expect.stringMatching(/^[A-Z].*\.$/) });
      expect(body.requestId).toMatch(/^[0-9a-f]{24,32}$/);
    }
    const [row] = await room.sql(
      "select system_prompt, tools, openai_api_key from student_configs where session_token = $1",
      ["ws_bad_real"],
    );
    expect(row).toEqual({ system_prompt: null, tools: null, openai_api_key: null });
  });
});
