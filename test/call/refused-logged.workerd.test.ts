import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { enterCall } from "../../src/call/call-entry.ts";
import { enterSound } from "../../src/call/sound-entry.ts";
import { readSettings } from "../../src/env.ts";
import { CALL_PROTOCOL } from "../../src/protocol/call-messages.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { mintTicket } from "../../src/vault/ticket.ts";

const ORIGIN = "https://callroom.example";
const CALL_ID = callIdFrom(new Uint8Array(16).fill(9));
const CALL_SID = `CA${"0".repeat(32)}`;
const settings = { ...readSettings(env), publicOrigin: ORIGIN };

let logged: MockInstance<typeof console.log>;
beforeEach(() => {
  logged = vi.spyOn(console, "log").mockImplementation(() => {});
  // The database.
  vi.spyOn(globalThis, "fetch").mockImplementation(() => Promise.reject(new TypeError("nobody is there")));
});
afterEach(() => vi.restoreAllMocks());

const lines = (): unknown[] => logged.mock.calls.map(([line]): unknown => JSON.parse(String(line)));
const knock = (path: string, headers: Record<string, string> = {}) =>
  new Request(`${ORIGIN}${path}`, { headers: { upgrade: "websocket", ...headers } });

async function ticketOf(phoneCallId: string | null): Promise<string> {
  const { newest, previous } = settings.masterKeyHexes;
  const claims = { id: "t", callId: CALL_ID, phoneCallId, expiresAtMs: Date.now() + 30_000 };
  return mintTicket(await loadMasterKeys(newest, previous), claims);
}

/** Every call is over already. */
const over = {
  CALL: { idFromName: (name: string) => name, get: () => ({ fetch: async () => new Response(null, { status: 410 }) }) },
} as unknown as Cloudflare.Env;

describe("a call that never begins", () => {
  it("TRACE-18 is in the log with its way in and, where it has one, its id", async () => {
    const browser = { "sec-websocket-protocol": `${CALL_PROTOCOL}, ${await ticketOf(null)}` };
    await enterSound(knock(`/call/${CALL_ID}`, browser), over, settings);
    await enterSound(knock(`/media/${await ticketOf(CALL_SID)}`), over, settings);
    await enterCall(knock("/ws/wst_ada"), env, settings);
    await enterCall(knock(`/ws/wst_ada/${await ticketOf(CALL_SID)}`), env, settings);
    const refused = { event: "call-refused" };
    expect(lines()).toEqual([
      { ...refused, callId: CALL_ID, route: "/call", code: "call_over" },
      { ...refused, callId: CALL_ID, route: "/media", code: "call_over" },
      { ...refused, callId: null, route: "/ws", code: "database_unavailable" },
      { ...refused, callId: CALL_ID, route: "/ws", code: "database_unavailable" },
    ]);
  });
});
