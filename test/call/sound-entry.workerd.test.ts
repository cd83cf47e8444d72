import { env } from "cloudflare:workers";
import { createHmac } from "node:crypto";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { enterSound } from "../../src/call/sound-entry.ts";
import { readSettings, type Settings } from "../../src/env.ts";
import { CALL_PROTOCOL } from "../../src/protocol/call-messages.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";
import { loadMasterKeys, type MasterKeys } from "../../src/vault/master-keys.ts";
import { mintTicket, type TicketClaims } from "../../src/vault/ticket.ts";

const ORIGIN = "https://callroom.example";
const AUTH_TOKEN = "test_auth_token";
const CALL_ID = callIdFrom(new Uint8Array(16).fill(7));
const OTHER_ID = callIdFrom(new Uint8Array(16).fill(8));
const CALL_SID = "CA00000000000000000000000000000001";

const settings: Settings = { ...readSettings(env), publicOrigin: ORIGIN };
const signing: Settings = { ...settings, twilioAuthToken: AUTH_TOKEN };

let keys: MasterKeys;
let woken: { readonly callId: string; readonly headers: Record<string, string> }[];
/** What the object of the call answers. */
let answer: () => Promise<Response>;
/** The object's end of the socket that it let in. */
let inCall: WebSocket | undefined;

beforeAll(async () => {
  const { newest, previous } = settings.masterKeyHexes;
  keys = await loadMasterKeys(newest, previous);
});
beforeEach(() => {
  woken = [];
  inCall = undefined;
  answer = async () => {
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    inCall = server;
    return new Response(null, { status: 101, webSocket: client });
  };
  vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(globalThis, "fetch").mockImplementation(() => Promise.reject(new Error("nothing may be asked")));
});
afterEach(() => {
  expect(fetch).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

/** Calls by name, and every upgrade that reaches one. */
const room = {
  CALL: {
    idFromName: (name: string) => name,
    get: (callId: string) => ({
      fetch: (upgrade: Request) => {
        woken.push({ callId, headers: Object.fromEntries(upgrade.headers) });
        return answer();
      },
    }),
  },
} as unknown as Cloudflare.Env;

const claims = (changed: Partial<TicketClaims> = {}): TicketClaims => ({
  id: "ticket-1",
  callId: CALL_ID,
  phoneCallId: null,
  expiresAtMs: Date.now() + 30_000,
  ...changed,
});
const phoneTicket = (): Promise<string> => mintTicket(keys, claims({ phoneCallId: CALL_SID }));

interface Asking {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly on?: Settings;
}

function knock(path: string, { method = "GET", headers = {}, on = settings }: Asking = {}): Promise<Response> {
  const request = new Request(`${ORIGIN}${path}`, { method, headers: { upgrade: "websocket", ...headers } });
  return enterSound(request, room, on);
}
const browse = (protocols: string, asking: Asking = {}, path = `/call/${CALL_ID}`): Promise<Response> =>
  knock(path, { ...asking, headers: { "sec-websocket-protocol": protocols, ...asking.headers } });
const sign = (path: string, token = AUTH_TOKEN, origin = "wss://callroom.example") => ({
  "x-twilio-signature": createHmac("sha1", token).update(`${origin}${path}`).digest("base64"),
});

/** A refusal before any object; a body is all that it has. */
async function refused(response: Response): Promise<unknown[]> {
  const body: { code?: unknown } = await response.json();
  expect([response.webSocket, woken, response.headers.get("cache-control")]).toEqual([null, [], "no-store"]);
  return [response.status, body.code];
}

/** Everything that comes through a socket until it is closed. */
function heard(response: Response): Promise<{ frames: unknown[]; closed: (number | string)[] }> {
  const socket = response.webSocket;
  if (!socket) throw new Error("not let in");
  const frames: unknown[] = [];
  return new Promise((resolve) => {
    socket.addEventListener("message", ({ data }) => void frames.push(data));
    socket.addEventListener("close", ({ code, reason }) => resolve({ frames, closed: [code, reason] }));
    socket.accept();
  });
}

describe("a browser that comes to its call", () => {
  it.each(["callroom.v1, TICKET", "TICKET, callroom.v1", "callroom.v1,TICKET", " TICKET ,callroom.v1 "])(
    "SOUND-10 is let in with its ticket beside the protocol, and answered the protocol alone: %s",
    async (protocols) => {
      const response = await browse(protocols.replace("TICKET", await mintTicket(keys, claims())));
      expect([response.status, response.headers.get("sec-websocket-protocol")]).toEqual([101, CALL_PROTOCOL]);
      expect(woken).toEqual([
        {
          callId: CALL_ID,
          headers: {
            upgrade: "websocket",
            "sec-websocket-protocol": CALL_PROTOCOL,
            "x-callroom-ticket": "ticket-1",
          },
        },
      ]);
      // What is said on one side is heard on the other.
      const hears = heard(response);
      inCall?.send("hello");
      inCall?.close(1000, "done");
      expect(await hears).toEqual({ frames: ["hello"], closed: [1000, "done"] });
    },
  );

  it("SOUND-10 may come from our own page, or from no page at all", async () => {
    const protocols = `${CALL_PROTOCOL}, ${await mintTicket(keys, claims())}`;
    for (const headers of [{}, { origin: ORIGIN }]) {
      expect((await browse(protocols, { headers })).status).toBe(101);
    }
  });

  it("SOUND-11 needs no signature where Twilio must sign", async () => {
    const response = await browse(`${CALL_PROTOCOL}, ${await mintTicket(keys, claims())}`, { on: signing });
    expect(response.status).toBe(101);
  });

  it.each([
    ["none", ""],
    ["the protocol alone", "callroom.v1"],
    ["the ticket alone", "TICKET"],
    ["the protocol twice", "callroom.v1, callroom.v1"],
    ["the ticket twice", "TICKET, TICKET"],
    ["another protocol", "callroom.v2, TICKET"],
    ["one more", "callroom.v1, TICKET, chat"],
    ["an empty one more", "callroom.v1, TICKET, "],
    ["a text that is no ticket", "callroom.v1, ticket"],
  ])("SOUND-12 with other subprotocols is 403: %s", async (_which, protocols) => {
    const ticket = await mintTicket(keys, claims());
    expect(await refused(await browse(protocols.replaceAll("TICKET", ticket)))).toEqual([403, "bad_ticket"]);
  });

  it("SOUND-13 with a ticket that is not for this call, for a phone, late or not ours is 403", async () => {
    const strangers = await loadMasterKeys(`${"ab".repeat(31)}cd`, []);
    const good = await mintTicket(keys, claims());
    const tickets = [
      await mintTicket(keys, claims({ callId: OTHER_ID })),
      await mintTicket(keys, claims({ callId: "" })),
      await phoneTicket(),
      await mintTicket(keys, claims({ expiresAtMs: Date.now() - 1 })),
      await mintTicket(strangers, claims()),
      good.slice(0, -1),
      `${good}A`,
      `x${good}`,
    ];
    for (const ticket of tickets) {
      expect(await refused(await browse(`${CALL_PROTOCOL}, ${ticket}`))).toEqual([403, "bad_ticket"]);
    }
    for (const path of ["/call/", "/call/x", `/call/${OTHER_ID}`, `/call/${CALL_ID}/x`, `/call/${CALL_ID}/`]) {
      expect(await refused(await browse(`${CALL_PROTOCOL}, ${good}`, {}, path))).toEqual([403, "bad_ticket"]);
    }
  });
});

describe("a phone that comes to its call", () => {
  it("SOUND-14 is let in with the ticket of its TwiML, without a word about protocols", async () => {
    const response = await knock(`/media/${await phoneTicket()}`);
    expect([response.status, response.headers.get("sec-websocket-protocol")]).toEqual([101, null]);
    expect(woken).toEqual([{ callId: CALL_ID, headers: { upgrade: "websocket", "x-callroom-ticket": "ticket-1" } }]);
    const hears = heard(response);
    inCall?.close(1000);
    expect((await hears).closed[0]).toBe(1000);
  });

  it("SOUND-15 where Twilio must sign, is let in signed and is 403 otherwise", async () => {
    const path = `/media/${await phoneTicket()}`;
    for (const headers of [
      {},
      { "x-twilio-signature": "" },
      sign(path, "another"),
      sign(`${path}x`),
      sign(path, AUTH_TOKEN, "https://callroom.example"),
      { authorization: "Bearer wst_ada", cookie: "__Host-callroom=wst_ada" },
    ]) {
      const response = await knock(path, { headers: headers as Record<string, string>, on: signing });
      expect(await refused(response)).toEqual([403, "bad_signature"]);
    }
    expect((await knock(path, { headers: sign(path), on: signing })).status).toBe(101);
  });

  it("SOUND-16 with a ticket that is a browser's, late or not ours is 403, signed or not", async () => {
    const strangers = await loadMasterKeys(`${"ab".repeat(31)}cd`, []);
    const good = await phoneTicket();
    const tickets = [
      await mintTicket(keys, claims()),
      await mintTicket(keys, claims({ phoneCallId: CALL_SID, callId: "not-an-id" })),
      await mintTicket(keys, claims({ phoneCallId: CALL_SID, expiresAtMs: Date.now() - 1 })),
      await mintTicket(strangers, claims({ phoneCallId: CALL_SID })),
      "",
      "x",
      "%00",
      `${good}/x`,
      good.toUpperCase(),
    ];
    for (const ticket of tickets) {
      const path = `/media/${ticket}`;
      expect(await refused(await knock(path))).toEqual([403, "bad_ticket"]);
      expect(await refused(await knock(path, { headers: sign(path), on: signing }))).toEqual([403, "bad_ticket"]);
    }
  });
});

describe("whoever breaks a rule of the handshake", () => {
  it.each(["/call", "/media"])("SOUND-17 is refused before any call is woken: %s", async (wire) => {
    const ticket = await mintTicket(keys, claims({ phoneCallId: wire === "/media" ? CALL_SID : null }));
    const path = wire === "/media" ? `/media/${ticket}` : `/call/${CALL_ID}`;
    const protocols = { "sec-websocket-protocol": `${CALL_PROTOCOL}, ${ticket}` };
    const refusal = async (headers: Record<string, string>, method = "GET") =>
      refused(await knock(path, { method, headers: { ...protocols, ...headers } }));
    expect(await refusal({ upgrade: "h2c" })).toEqual([426, "upgrade_required"]);
    expect(await refusal({}, "POST")).toEqual([405, "method_not_allowed"]);
    for (const origin of [
      "https://evil.test",
      "null",
      "http://callroom.example",
      "https://callroom.example:8443",
      "https://callroom.example.evil.test",
      "https://CALLROOM.example",
      "",
    ]) {
      expect(await refusal({ origin })).toEqual([403, "bad_origin"]);
    }
    // The same handshake without the fault passes.
    expect((await knock(path, { headers: protocols })).status).toBe(101);
  });

  it("SOUND-17 a thousand guesses wake nothing", async () => {
    for (let at = 0; at < 500; at += 1) {
      const guess = `${crypto.randomUUID().replaceAll("-", "")}.${crypto.randomUUID().replaceAll("-", "")}`;
      expect(await refused(await knock(`/media/${guess}`))).toEqual([403, "bad_ticket"]);
      expect(await refused(await browse(`${CALL_PROTOCOL}, ${guess}`))).toEqual([403, "bad_ticket"]);
    }
  });
});

describe("a call that does not let its caller in", () => {
  it.each([
    [403, "bad_ticket", "This ticket is not valid, or it was used before."],
    [410, "call_over", "This call is over."],
  ])("SOUND-18 tells a browser why, in a frame, and closes: %i", async (status, code, error) => {
    answer = async () => new Response(null, { status });
    const response = await browse(`${CALL_PROTOCOL}, ${await mintTicket(keys, claims())}`);
    expect([response.status, response.headers.get("sec-websocket-protocol")]).toEqual([101, CALL_PROTOCOL]);
    const { frames, closed } = await heard(response);
    expect(frames.map((frame) => JSON.parse(String(frame)))).toEqual([{ type: "error", error, code }]);
    expect(closed).toEqual([1008, code]);
  });

  it.each([403, 410])(
    "SOUND-18 closes on a phone without a frame, which its carrier could not read: %i",
    async (status) => {
      answer = async () => new Response(null, { status });
      const { frames, closed } = await heard(await knock(`/media/${await phoneTicket()}`));
      expect({ frames, code: closed[0] }).toEqual({ frames: [], code: 1008 });
    },
  );

  it("SOUND-19 that is broken is a failure of ours", async () => {
    answer = () => Promise.reject(new Error("sk-canary-in-an-error"));
    const response = await knock(`/media/${await phoneTicket()}`);
    const text = await response.text();
    expect([response.status, JSON.parse(text).code]).toEqual([500, "internal"]);
    expect(text).not.toContain("canary");
    answer = async () => new Response(null, { status: 503 });
    const { closed } = await heard(await browse(`${CALL_PROTOCOL}, ${await mintTicket(keys, claims())}`));
    expect(closed).toEqual([1011, "internal"]);
  });
});
