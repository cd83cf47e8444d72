import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RelayRefused } from "../../src/cli/relay-refusal.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { mintTicket, type TicketClaims } from "../../src/vault/ticket.ts";
import { connectRelay, placeCall, type RelayClient, signTwilioRequest } from "../standins/twilio.ts";
import { Carrier, newCallSid, socketUrlIn } from "./carrier.ts";
import { askedOfOpenAi, ended, logged, objectsIn } from "./looks.ts";
import { type OwnPostgres, startPostgres } from "./own-postgres.ts";
import { Room } from "./room.ts";

const AUTH_TOKEN = "twilio-auth-token-of-the-tests";
const MASTER_KEY = "3c".repeat(9) + "d8".repeat(23);
const GREETING = "Hello, this is Juno.";
const KEY = "sk-proj-phone-0123456789abcdef";

let postgres: OwnPostgres;
let room: Room;
let carrier: Carrier;
let forger: Carrier;
beforeAll(async () => {
  postgres = await startPostgres();
  room = await Room.open({
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    ENCRYPTION_KEY: MASTER_KEY,
    OPENAI_API_KEY: "",
    DATABASE_URL: postgres.url,
  });
  carrier = new Carrier(room, AUTH_TOKEN);
  forger = new Carrier(room, "another-auth-token");
});
afterAll(async () => {
  await room.close();
  await postgres.close();
});

const phoneOf = (sessionToken: string) => ({ origin: room.url, authToken: AUTH_TOKEN, sessionToken });

async function student(sessionToken: string): Promise<string> {
  await room.save(sessionToken, { openaiApiKey: KEY, ivrGreeting: GREETING });
  return sessionToken;
}

const statusOf = (dialled: Promise<RelayClient>): Promise<number | undefined> =>
  dialled.then(
    () => 101,
    (refused: unknown) => (refused instanceof RelayRefused ? refused.status : undefined),
  );

describe("a phone call over Twilio", () => {
  it("JOURNEY-13 is connected, greeted, answered turn by turn and archived, whichever end is told first", async () => {
    const sessionToken = await student("ws_phone_whole");
    for (const actionFirst of [false, true]) {
      const phone = await placeCall(phoneOf(sessionToken));
      expect((await phone.waitForTurn()).text).toBe(GREETING);
      phone.say("My name is Ada.", { partials: ["My", "My name", "My name is Ada"] });
      expect((await phone.waitForTurn()).text).toContain("Ada");
      phone.say("What is my name?");
      expect((await phone.waitForTurn()).text).toBe("Your name is Ada.");
      await phone.hangUp({ actionFirst });
      await phone.over;
      expect({ violations: phone.violations, spoken: phone.spoken }).toEqual({ violations: [], spoken: [] });
    }
    const calls = await ended(room, sessionToken, 2);
    expect(calls.map(({ end_reason, turns }) => [end_reason, turns.length])).toEqual([
      ["caller-left", 5],
      ["caller-left", 5],
    ]);
    expect(await askedOfOpenAi(room, KEY)).toHaveLength(4);
  });

  it("JOURNEY-14 comes back to its call twice after a lost socket, and hears a goodbye the third time", async () => {
    const sessionToken = await student("ws_phone_resume");
    const phone = await placeCall(phoneOf(sessionToken));
    await phone.waitForTurn();
    for (const name of ["Ada", "Grace"]) {
      phone.say(`My name is ${name}.`);
      await phone.waitForTurn();
      await phone.drop();
      await phone.waitForSession(name === "Ada" ? 2 : 3);
      phone.say("What is my name?");
      expect((await phone.waitForTurn()).text).toBe(`Your name is ${name}.`);
    }
    await phone.drop();
    await phone.over;
    expect(phone.sessions).toBe(3);
    expect(phone.spoken).toEqual(["I'm sorry, the connection was lost. Please call again. Goodbye."]);
    expect(phone.turns.filter(({ text }) => text === GREETING)).toHaveLength(1);
    expect(phone.violations).toEqual([]);
    const callIds = (await askedOfOpenAi(room, KEY)).slice(4).map(({ callId }) => callId);
    expect(new Set(callIds).size).toBe(1);
    // It waits half a minute for a caller who has been told goodbye already.
    const [kept] = await ended(room, sessionToken, 1, 45_000);
    expect(kept).toMatchObject({ id: callIds[0], end_reason: "lost" });
    expect(kept?.turns).toHaveLength(9);
  });

  it("JOURNEY-15 is refused with 403 without Twilio's signature, and no object is woken for it", async () => {
    const sessionToken = await student("ws_phone_forged");
    const url = socketUrlIn(await carrier.ring(sessionToken, newCallSid()));
    const before = { calls: objectsIn(room, "CallObject"), workshops: objectsIn(room, "WorkshopObject") };

    expect(await forger.ring(sessionToken, newCallSid())).toBe("403");
    const unsigned = await placeCall({ origin: room.url, sessionToken });
    expect(unsigned.errors).toEqual(["11200"]);
    expect(await forger.lost(sessionToken, newCallSid())).toBe("403");

    const address = room.url.replace("http", "ws");
    const asHttps = { "x-twilio-signature": signTwilioRequest(AUTH_TOKEN, url.replace("wss:", "https:")) };
    const handshakes: Record<string, () => Promise<RelayClient>> = {
      unsigned: () => connectRelay(url.replace("wss:", "ws:")),
      "unsigned, token in the query": () => connectRelay(`${address}/ws?sessionToken=${sessionToken}`),
      "signed with another token": () => forger.dial(url, newCallSid()),
      "signed for the https URL": () => connectRelay(url.replace("wss:", "ws:"), { headers: asHttps }),
      "the bearer of somebody else": () =>
        connectRelay(`${address}/ws/${sessionToken}`, {
          headers: { authorization: "Bearer ws_phone_whole" },
        }),
      "a page of another site": () =>
        connectRelay(`${address}/ws/${sessionToken}`, {
          headers: { authorization: `Bearer ${sessionToken}`, origin: "https://evil.example" },
        }),
      "a ticket that is not ours": () => carrier.dial(`${url.slice(0, -4)}AAAA`, newCallSid()),
    };
    for (const [what, handshake] of Object.entries(handshakes)) {
      expect([what, await statusOf(handshake())]).toEqual([what, 403]);
    }
    expect({ calls: objectsIn(room, "CallObject"), workshops: objectsIn(room, "WorkshopObject") }).toEqual(before);

    // An object that is only asked would have been seen: this one knows nothing of such a phone call.
    expect(await carrier.lost(sessionToken, newCallSid())).toContain("the connection was lost");
    expect(objectsIn(room, "CallObject")).toHaveLength(before.calls.length + 1);

    // The student's own terminal needs no signature: it shows the session token outside of the URL too.
    const own = await connectRelay(`${address}/ws/${sessionToken}`, {
      headers: { authorization: `Bearer ${sessionToken}` },
    });
    expect((await own.nextTurn()).text).toBe(GREETING);
    await own.hangUp();
    expect(objectsIn(room, "CallObject")).toHaveLength(before.calls.length + 2);
  });

  it("JOURNEY-16 opens a socket once per ticket, in time, and only for the phone call it was made for", async () => {
    const sessionToken = await student("ws_phone_ticket");
    const callSid = newCallSid();
    const url = socketUrlIn(await carrier.ring(sessionToken, callSid));
    const phone = await carrier.dial(url, callSid);
    await phone.nextTurn();

    const replayed = await carrier.dial(url, callSid);
    expect((await replayed.closed).code).toBe(1008);
    expect(replayed.errors[0]?.code).toBe("wrong_call");
    phone.say("Are you still there?");
    expect((await phone.nextTurn()).text).not.toBe("");
    await phone.hangUp();
    await ended(room, sessionToken);
    const afterwards = await carrier.dial(url, callSid);
    expect((await afterwards.closed).code).toBe(1008);
    expect(afterwards.turns).toEqual([]);

    const address = `${room.url.replace("http", "wss")}/ws/${sessionToken}`;
    const keys = await loadMasterKeys(MASTER_KEY, []);
    const claims: TicketClaims = {
      id: "ticket-of-the-tests",
      callId: "0123456789abcdefghjkmnpqrs",
      phoneCallId: newCallSid(),
      expiresAtMs: Date.now() + 20_000,
    };
    const expired = await mintTicket(keys, { ...claims, expiresAtMs: Date.now() - 1 });
    expect(await statusOf(carrier.dial(`${address}/${expired}`, claims.phoneCallId ?? ""))).toBe(403);
    const good = await mintTicket(keys, claims);
    const other = await carrier.dial(`${address}/${good}`, newCallSid());
    expect((await other.closed).code).toBe(1008);
    expect(other.turns).toEqual([]);
    const again = await mintTicket(keys, { ...claims, id: "another-ticket", callId: "1123456789abcdefghjkmnpqrs" });
    const right = await carrier.dial(`${address}/${again}`, claims.phoneCallId ?? "");
    expect((await right.nextTurn()).text).toBe(GREETING);
    await right.hangUp();
    // The replayed ones are not among them: the one of the wrong phone ended before anything was said.
    expect((await ended(room, sessionToken, 3)).map(({ turns }) => turns.length)).toEqual([3, 0, 1]);
  });

  it("JOURNEY-17 goes on over the newest socket of its phone call, without greeting again", async () => {
    const sessionToken = await student("ws_phone_newest");
    const callSid = newCallSid();
    const first = await carrier.dial(await carrier.ring(sessionToken, callSid), callSid);
    await first.nextTurn();
    first.say("My name is Ada.");
    await first.nextTurn();
    const second = await carrier.dial(await carrier.ring(sessionToken, callSid), callSid);
    expect((await first.closed).code).toBe(1000);
    second.say("What is my name?");
    expect((await second.nextTurn()).text).toBe("Your name is Ada.");
    await second.hangUp();
    await ended(room, sessionToken, 1);
    expect(logged(room, "call-resumed").at(-1)).toMatchObject({ resumes: 1 });
  });

  it("JOURNEY-18 hears a sentence when there is no student, no key, no readable key or no database", async () => {
    await room.save("ws_phone_keyless");
    await student("ws_phone_unreadable");
    await room.sql("update student_configs set openai_api_key = 'v2:00000000:garbage' where session_token = $1", [
      "ws_phone_unreadable",
    ]);
    const heard = async (sessionToken: string): Promise<string | undefined> => {
      const phone = await placeCall(phoneOf(sessionToken));
      expect([phone.isOver, phone.sessions, phone.errors]).toEqual([true, 0, []]);
      return phone.spoken[0];
    };
    expect(await heard("ws_phone_nobody")).toContain("no agent answers at this number yet");
    expect(await heard("ws_phone_keyless")).toContain("this agent has no OpenAI key yet");
    expect(await heard("ws_phone_unreadable")).toContain("can't be read");
    try {
      for (const mode of ["refuse", "hang"] as const) {
        await postgres.become(mode);
        const startedAtMs = performance.now();
        expect(await heard("ws_phone_whole")).toContain("this line is not available right now");
        const tookMs = performance.now() - startedAtMs;
        if (mode === "hang") expect(tookMs).toBeGreaterThan(2_000);
        expect(tookMs).toBeLessThan(3_000);
      }
    } finally {
      await postgres.become("pass");
    }
    expect(logged(room, "uncaught")).toEqual([]);
  });
});
