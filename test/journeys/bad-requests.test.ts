import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { RelayRefused } from "../../src/cli/relay-refusal.ts";
import { connectRelay, type RelayClient } from "../standins/twilio.ts";
import { logged, objectsIn } from "./looks.ts";
import { Room } from "./room.ts";
import { Witness } from "./witness.ts";

const BODY_BYTES = 64 * 1024;

let room: Room;
let witness: Witness;
beforeAll(async () => {
  room = await Room.open();
  witness = await Witness.in(room);
  await room.save("ws_bad_real");
});
afterAll(async () => {
  await witness.leave();
  await room.close();
});
afterEach(async () => {
  await witness.isStillAnswered();
  expect(logged(room, "uncaught")).toEqual([]);
});

describe("what strangers send", () => {
  it("JOURNEY-28 wakes no object for 2,000 handshakes of strangers", { timeout: 180_000 }, async () => {
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
      (count) => connectRelay(`${address}/call/${"0".repeat(22)}${1_000 + (count % 9_000)}`),
      (count) => connectRelay(`${address}/media/ticket-${count}.${"A".repeat(43)}`),
    ];
    const outcomes = new Map<string, number>();
    const dial = async (count: number): Promise<void> => {
      const stranger = strangers[count % strangers.length];
      const outcome = await stranger?.(count).then(
        async (client) => `${(await client.closed).code} ${client.errors.map(({ code }) => code)}`,
        (thrown: unknown) => (thrown instanceof RelayRefused ? `HTTP ${thrown.status}` : "not refused"),
      );
      outcomes.set(outcome ?? "", (outcomes.get(outcome ?? "") ?? 0) + 1);
    };
    for (let count = 0; count < 2_000; count += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, more) => dial(count + more)));
    }
    expect(Object.fromEntries(outcomes)).toEqual({
      "1008 unknown_session": 400,
      "HTTP 401": 600,
      "HTTP 403": 1_000,
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
    const streamed = new Blob(["a".repeat(4 * BODY_BYTES)]).stream();
    const cases: Record<string, [reply: () => Promise<Response>, status: number, code: string]> = {
      "one byte over": [() => save(wrap({ x: "a".repeat(BODY_BYTES) })), 413, "too_large"],
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
