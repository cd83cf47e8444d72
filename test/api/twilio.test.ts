import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import type { Settings } from "../../src/env.ts";
import { FAILURES } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import { seal } from "../../src/vault/seal.ts";
import { callIdBytesFor, readTicket } from "../../src/vault/ticket.ts";
import { type RelayVerb, readTwiml } from "../standins/twilio-twiml.ts";
import { signTwilioRequest } from "../standins/twilio-web.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  logLines,
  MASTER_KEY,
  NOW_MS,
  ORIGIN,
  openTestDatabase,
  START_MS,
  type TestDatabase,
  unreachable,
} from "./world.ts";

const CALL_SID = "CA00000000000000000000000000000001";
const AUTH_TOKEN = "test_auth_token";
const FORM = { CallSid: CALL_SID, AccountSid: "AC1", From: "+15550100001", To: "+15550100002", CallStatus: "ringing" };
const FALLBACK = { instructorApiKey: ApiKey.parse("sk-instructor-0123456789")! };
const LOST = "I'm sorry, the connection was lost. Please call again. Goodbye.";

let db: TestDatabase;
let api: Harness;

beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7" });
  await givenWorkshop(db, { id: "w2", joinCode: "MAPLE-8", fallbackAllowed: false });
  await givenWorkshop(db, { id: "w3", joinCode: "MAPLE-9", closesAt: "2026-11-22T12:00:00Z" });
  await givenStudent(db, "keyed", { workshopId: "w1" });
  await seals("keyed", "sk-students-0123456789");
  await givenStudent(db, "keyless", { workshopId: "w1" });
  await givenStudent(db, "keyless_alone");
  await givenStudent(db, "keyless_no_fallback", { workshopId: "w2" });
  await givenStudent(db, "unreadable", { workshopId: "w1" });
  await db.sql("update student_configs set openai_api_key = 'not:a:key' where session_token = 'unreadable'");
  await givenStudent(db, "no_key_inside", { workshopId: "w1" });
  await seals("no_key_inside", "not an OpenAI key");
  await givenStudent(db, "closed", { workshopId: "w3" });
  await seals("closed", "sk-students-0123456789");
}, START_MS);
afterAll(() => db.close());
beforeEach(() => {
  api = harness({ database: db.database });
});

async function seals(token: string, plaintext: string) {
  const { deps } = harness({});
  const binding = { purpose: "openai-key", sessionToken: token } as const;
  const sealed = await seal(await deps.masterKeys(), binding, plaintext, deps.randomBytes);
  await db.sql("update student_configs set openai_api_key = $1 where session_token = $2", sealed, token);
}

const withSettings = (settings: Partial<Settings>) => harness({ database: db.database, settings });
const call = (token: string, on = api, form: Record<string, string> = FORM, headers = {}) =>
  on.request("POST", `/twilio/voice/${token}`, { form, headers });

async function verbs(reply: Response) {
  expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/xml; charset=utf-8"]);
  return readTwiml(await reply.text());
}

async function connected(reply: Response): Promise<RelayVerb> {
  const [verb] = await verbs(reply);
  if (verb?.type !== "connect") throw new Error(`the call was not connected: ${JSON.stringify(verb)}`);
  return verb;
}

const says = (sentence: string | undefined) => [{ type: "say", text: sentence }, { type: "hangup" }];

describe("POST /twilio/voice/:sessionToken", () => {
  it("VOICE-1 connects the call with a ticket for this phone call only, and names where its end is posted", async () => {
    const verb = await connected(await call("keyed"));
    expect(verb.action).toBe("/twilio/voice/keyed/ended");
    const [, ticket = ""] = /^wss:\/\/callroom\.example\/ws\/keyed\/([^/?]+)$/.exec(verb.url) ?? [];
    const keys = await api.deps.masterKeys();
    expect(await readTicket(keys, ticket, NOW_MS)).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{26}$/),
      callId: callIdFrom(await callIdBytesFor(keys, CALL_SID)),
      phoneCallId: CALL_SID,
      expiresAtMs: NOW_MS + LIMITS.ticketMs,
    });
    expect(await readTicket(keys, ticket, NOW_MS + LIMITS.ticketMs)).toBeUndefined();
  });

  it("VOICE-2 every TwiML has another ticket; the call's id stays, and differs between phone calls", async () => {
    const keys = await api.deps.masterKeys();
    const claims = async (sid: string) => {
      const { url } = await connected(await call("keyed", api, { ...FORM, CallSid: sid }));
      return readTicket(keys, url.split("/").at(-1) ?? "", NOW_MS);
    };
    const [first, second, other] = [await claims("CA1"), await claims("CA1"), await claims("CA2")];
    expect(first?.id).not.toBe(second?.id);
    expect(first?.callId).toBe(second?.callId);
    expect(first?.callId).not.toBe(other?.callId);
  });

  it("VOICE-3 the socket is always wss, at the host that the world knows", async () => {
    for (const [publicOrigin, host] of [
      ["http://localhost:8787", "localhost:8787"],
      ["https://voice.example.com:8443", "voice.example.com:8443"],
      [undefined, "callroom.example"],
    ] as const) {
      const { url } = await connected(await call("keyed", withSettings({ publicOrigin })));
      expect(url.startsWith(`wss://${host}/ws/keyed/`)).toBe(true);
    }
  });

  it.each([
    ["unknown session", "nobody", {}, FAILURES.unknown_session],
    ["what is no token", "a%20b", {}, FAILURES.unknown_session],
    ["markup", "%3CSay%3E", {}, FAILURES.unknown_session],
    ["no key, no fallback", "keyless", {}, FAILURES.no_key],
    ["no key, fallback not allowed", "keyless_no_fallback", FALLBACK, FAILURES.no_key],
    ["a key that cannot be opened", "unreadable", {}, FAILURES.key_unreadable],
    ["a key that cannot be opened, though there is a fallback", "unreadable", FALLBACK, FAILURES.key_unreadable],
    ["a sealed text that is no key", "no_key_inside", {}, FAILURES.key_unreadable],
    ["a closed workshop", "closed", FALLBACK, FAILURES.workshop_closed],
  ])("VOICE-4 a call that cannot be is told why, in a sentence: %s", async (_case, token, settings, { spoken }) => {
    expect(spoken).toBeTruthy();
    expect(await verbs(await call(token, withSettings(settings)))).toEqual(says(spoken));
  });

  it("VOICE-5 a student without a key is called on the instructor's, where that is allowed", async () => {
    await connected(await call("keyless", withSettings(FALLBACK)));
    await connected(await call("keyless_alone", withSettings(FALLBACK)));
  });

  it("VOICE-6 the log says that there was no key, in the predecessor's words", async () => {
    logLines.length = 0;
    await call("keyless");
    const events = logLines.map((line) => JSON.parse(line));
    expect(events).toContainEqual(
      expect.objectContaining({ event: "key-chosen", message: "No OpenAI API key available" }),
    );
    expect(events).toContainEqual(expect.objectContaining({ event: "request-failed", code: "no_key" }));
    expect(logLines.join()).not.toMatch(/keyless|CA0000|\+1555/);
  });

  it("VOICE-7 a call while the database is down hears so", async () => {
    const down = harness({ database: unreachable() });
    expect(await verbs(await call("keyed", down))).toEqual(says(FAILURES.database_unavailable.spoken));
  });

  it("VOICE-8 whatever breaks is a sentence too, and is not quoted", async () => {
    const broken = harness({
      database: db.database,
      masterKeys: () => Promise.reject(new Error("sk-canary-in-an-error")),
    });
    expect(await verbs(await call("keyed", broken))).toEqual(says(FAILURES.internal.spoken));
  });

  it.each([{}, { CallSid: "" }, { CallSid: "CA 1" }, { CallSid: "../x" }, { CallSid: "C".repeat(65) }])(
    "VOICE-9 a post without the id of a phone call is 400: %j",
    async (form) => {
      const reply = await call("keyed", api, form as Record<string, string>);
      expect([reply.status, failureBody.parse(await reply.json()).code]).toEqual([400, "bad_request"]);
    },
  );

  it("VOICE-9 a post that is no form is 415, one that is too large 413", async () => {
    const json = await api.request("POST", "/twilio/voice/keyed", { json: FORM });
    expect(json.status).toBe(415);
    const large = await call("keyed", api, { ...FORM, Padding: "x".repeat(LIMITS.bodyBytes) });
    expect(large.status).toBe(413);
  });
});

describe("signatures", () => {
  const signed = () => withSettings({ twilioAuthToken: AUTH_TOKEN });
  const sign = (url: string, form: Record<string, string> = FORM) => ({
    "x-twilio-signature": signTwilioRequest(AUTH_TOKEN, url, form),
  });

  it("VOICE-10 with an auth token, a request signed by Twilio passes on both routes", async () => {
    const on = signed();
    await connected(await call("keyed", on, FORM, sign(`${ORIGIN}/twilio/voice/keyed`)));
    const reply = await on.request("POST", "/twilio/voice/keyed/ended?x=1", {
      form: FORM,
      headers: sign(`${ORIGIN}/twilio/voice/keyed/ended?x=1`),
    });
    expect(reply.status).toBe(200);
  });

  it.each([
    ["none", {}],
    ["empty", { "x-twilio-signature": "" }],
    ["made up", { "x-twilio-signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }],
    ["for another session", sign(`${ORIGIN}/twilio/voice/keyless`)],
    ["for the other route", sign(`${ORIGIN}/twilio/voice/keyed/ended`)],
    ["for another host", sign("https://evil.test/twilio/voice/keyed")],
    ["for http", sign("http://callroom.example/twilio/voice/keyed")],
    ["for another form", sign(`${ORIGIN}/twilio/voice/keyed`, { ...FORM, From: "+15550100009" })],
    [
      "with another account's token",
      { "x-twilio-signature": signTwilioRequest("other", `${ORIGIN}/twilio/voice/keyed`, FORM) },
    ],
  ])("VOICE-11 any other signature is 403, on both routes, and touches nothing: %s", async (_case, headers) => {
    const on = signed();
    const before = db.neon.counted.requests;
    for (const path of ["/twilio/voice/keyed", "/twilio/voice/keyed/ended"]) {
      if (path.endsWith("/ended") && _case === "for the other route") continue;
      const reply = await on.request("POST", path, { form: FORM, headers });
      expect([reply.status, failureBody.parse(await reply.json()).code]).toEqual([403, "bad_signature"]);
    }
    expect(db.neon.counted.requests).toBe(before);
    expect([on.told.resumed, on.told.over]).toEqual([[], []]);
  });

  it("VOICE-11 two thousand forgeries reach neither the database nor a call", async () => {
    const on = signed();
    const before = db.neon.counted.requests;
    for (let at = 0; at < 2_000; at += 1) {
      const forged = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(20))));
      const path = at % 2 === 0 ? "/twilio/voice/keyed" : "/twilio/voice/keyed/ended";
      const reply = await on.request("POST", path, { form: FORM, headers: { "x-twilio-signature": forged } });
      expect(reply.status).toBe(403);
    }
    expect(db.neon.counted.requests).toBe(before);
    expect([on.told.resumed, on.told.over]).toEqual([[], []]);
  });

  it("VOICE-12 the public origin is what is signed, wherever the request arrived", async () => {
    const on = withSettings({ twilioAuthToken: AUTH_TOKEN, publicOrigin: "https://voice.example.com" });
    await connected(await call("keyed", on, FORM, sign("https://voice.example.com/twilio/voice/keyed")));
    expect((await call("keyed", on, FORM, sign(`${ORIGIN}/twilio/voice/keyed`))).status).toBe(403);
  });
});

describe("POST /twilio/voice/:sessionToken/ended", () => {
  const ended = (form: Record<string, string>, on = api) =>
    on.request("POST", "/twilio/voice/keyed/ended", { form: { CallSid: CALL_SID, ...form } });
  const DROPPED = { SessionStatus: "failed", ErrorCode: "64105", CallStatus: "in-progress" };
  const SESSION = { sessionToken: "keyed", phoneCallId: CALL_SID };

  it.each(["39001", "64103", "64105", "64111", "64112"])(
    "VOICE-20 a dropped session comes back to its call with a fresh ticket: %s",
    async (errorCode) => {
      const verb = await connected(await ended({ ...DROPPED, ErrorCode: errorCode }));
      const keys = await api.deps.masterKeys();
      const callId = callIdFrom(await callIdBytesFor(keys, CALL_SID));
      expect(await readTicket(keys, verb.url.split("/").at(-1) ?? "", NOW_MS)).toMatchObject({ callId });
      expect(verb.action).toBe("/twilio/voice/keyed/ended");
      expect(api.told.resumed).toEqual([{ callId, session: { ...SESSION, status: "failed", errorCode } }]);
      expect(api.told.over).toEqual([]);
    },
  );

  it("VOICE-21 a session is resumed while the database is down", async () => {
    await connected(await ended(DROPPED, harness({ database: unreachable() })));
  });

  it("ROTATE-11 a session whose call began before the master key was renewed comes back to that call", async () => {
    const NEWER = "2f7c9a10d4e85b3361f0a9c8e7d6b5a4938271605f4e3d2c1b0a998877665544";
    const on = withSettings({ masterKeyHexes: { newest: NEWER, previous: [MASTER_KEY] } });
    const [newest, before] = await Promise.all(
      [on, api].map(async ({ deps }) => callIdFrom(await callIdBytesFor(await deps.masterKeys(), CALL_SID))),
    );
    const asked: string[] = [];
    on.deps.calls.resume = async (callId) => {
      asked.push(callId);
      return callId === before ? "resume" : "over";
    };
    const verb = await connected(await ended(DROPPED, on));
    expect(asked).toEqual([newest, before]);
    const ticket = verb.url.split("/").at(-1) ?? "";
    expect(await readTicket(await on.deps.masterKeys(), ticket, NOW_MS)).toMatchObject({ callId: before });
    // One that began since is asked for alone.
    on.deps.calls.resume = async (callId) => {
      asked.push(callId);
      return "resume";
    };
    await connected(await ended(DROPPED, on));
    expect(asked).toEqual([newest, before, newest]);

    await ended({ SessionStatus: "completed", CallStatus: "completed" }, on);
    await on.settled();
    expect(on.told.over.map(({ callId }) => callId)).toEqual([newest, before]);
  });

  it.each(["over", "too-often", "fails"] as const)(
    "VOICE-22 a call that is over says goodbye: the object answers %s",
    async (verdict) => {
      api.told.resumeVerdict = verdict;
      expect(await verbs(await ended(DROPPED))).toEqual(says(LOST));
    },
  );

  it.each(["64101", "64102", "64104", "64108", "64109", "64107", "", "x", "64105; drop"])(
    "VOICE-23 an error that a new socket cannot mend says goodbye: %j",
    async (errorCode) => {
      expect(await verbs(await ended({ ...DROPPED, ErrorCode: errorCode }))).toEqual(says(LOST));
      await api.settled();
      expect(api.told.resumed).toEqual([]);
      expect(api.told.over).toHaveLength(1);
      expect(api.told.over[0]?.session).toMatchObject({
        status: "failed",
        errorCode: /^\d{5}$/.test(errorCode) ? errorCode : null,
      });
    },
  );

  it("VOICE-24 nothing is said to a phone that has hung up, and the call is told", async () => {
    for (const form of [
      { SessionStatus: "completed", CallStatus: "completed" },
      { SessionStatus: "failed", ErrorCode: "64105", CallStatus: "completed" },
      { SessionStatus: "ended", HandoffData: '{"reason":"hand-over"}', CallStatus: "completed" },
      {},
    ]) {
      const on = harness({ database: db.database });
      const reply = await ended(form, on);
      expect(await reply.text()).toBe('<?xml version="1.0" encoding="UTF-8"?><Response/>');
      await on.settled();
      expect(on.told.resumed).toEqual([]);
      expect(on.told.over).toHaveLength(1);
    }
  });

  it.each([
    ['{"reason":"hand-over","note":"wants <a> person"}', /wish to speak to a person has been noted/],
    ["", /^Thank you for calling\. Goodbye\.$/],
    ["not json", /^Thank you for calling/],
    ["[]", /^Thank you for calling/],
    ["null", /^Thank you for calling/],
    ['{"reason":7}', /^Thank you for calling/],
  ])("VOICE-25 after a hand-over, or an end that gives no reason, there is a last word: %s", async (handoff, words) => {
    const [verb, hangup] = await verbs(
      await ended({ SessionStatus: "ended", CallStatus: "in-progress", HandoffData: handoff }),
    );
    expect(verb).toMatchObject({ type: "say", text: expect.stringMatching(words) });
    expect(JSON.stringify(verb)).not.toContain("wants");
    expect(hangup).toEqual({ type: "hangup" });
  });

  it.each(["agent-ended", "silence", "call_cap", "key_rejected"])(
    "VOICE-26 an agent that has said goodbye is not followed by another: %s",
    async (reason) => {
      const reply = await ended({
        SessionStatus: "ended",
        CallStatus: "in-progress",
        HandoffData: JSON.stringify({ reason }),
      });
      expect(await reply.text()).toContain("<Response/>");
    },
  );
});
