import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { RelayClient } from "../../src/cli/relay-client.ts";
import { askedOfOpenAi, ended, logged } from "./looks.ts";
import { eventually, Room } from "./room.ts";
import { Witness } from "./witness.ts";

const GREETING = "Hello, this is Juno.";
const FRAME_BYTES = 64 * 1024;

let room: Room;
let witness: Witness;
beforeAll(async () => {
  room = await Room.open();
  witness = await Witness.in(room);
});
afterAll(async () => {
  await witness.leave();
  await room.close();
});

/** After whatever has just happened, somebody else's call is still answered. */
afterEach(async () => {
  await witness.isStillAnswered();
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
});
