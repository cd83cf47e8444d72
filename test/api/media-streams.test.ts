import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { FAILURES } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";
import { seal } from "../../src/vault/seal.ts";
import { callIdBytesFor, readTicket } from "../../src/vault/ticket.ts";
import { parseXml, readTwiml } from "../standins/twilio-twiml.ts";
import { signTwilioRequest } from "../standins/twilio-web.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  NOW_MS,
  ORIGIN,
  openTestDatabase,
  START_MS,
  type TestDatabase,
  unreachable,
} from "./world.ts";

const CALL_SID = "CA00000000000000000000000000000001";
const AUTH_TOKEN = "test_auth_token";
const RINGING = { CallSid: CALL_SID, CallStatus: "ringing" };
const LOST = "I'm sorry, the connection was lost. Please call again. Goodbye.";
const HUNG_UP = '<?xml version="1.0" encoding="UTF-8"?><Response/>';
const VOICE = "/twilio/voice/keyed?wayIn=media-streams";
const ENDED = "/twilio/voice/keyed/ended?wayIn=media-streams";

let db: TestDatabase;
let api: Harness;

beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "w3", joinCode: "MAPLE-9", closesAt: "2026-11-22T12:00:00Z" });
  for (const token of ["keyed", "closed"]) {
    await givenStudent(db, token, token === "closed" ? { workshopId: "w3" } : {});
    const { deps } = harness({});
    const binding = { purpose: "openai-key", sessionToken: token } as const;
    const sealed = await seal(await deps.masterKeys(), binding, "sk-students-0123456789", deps.randomBytes);
    await db.sql("update student_configs set openai_api_key = $1 where session_token = $2", sealed, token);
  }
  await givenStudent(db, "keyless");
  await givenStudent(db, "unreadable");
  await db.sql("update student_configs set openai_api_key = 'not:a:key' where session_token = 'unreadable'");
}, START_MS);
afterAll(() => db.close());
beforeEach(() => {
  api = harness({ database: db.database });
});

const post = (path: string, form: Record<string, string> = RINGING, on = api, headers = {}) =>
  on.request("POST", path, { form, headers });
const ended = (form: Record<string, string>, on = api) =>
  post(ENDED, { CallSid: CALL_SID, CallStatus: "in-progress", ...form }, on);
const says = (sentence: string | undefined) => [{ type: "say", text: sentence }, { type: "hangup" }];
const callIdOf = async (sid: string) => callIdFrom(await callIdBytesFor(await api.deps.masterKeys(), sid));

/** Claims of the ticket in a TwiML that connects a stream, and what the TwiML goes on with. */
async function streamed(reply: Response) {
  expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "text/xml; charset=utf-8"]);
  const { children } = parseXml(await reply.text());
  const [connect, redirect] = children.filter((child) => typeof child !== "string");
  const [stream] = connect?.children.filter((child) => typeof child !== "string") ?? [];
  expect([connect?.name, stream?.name, redirect?.name]).toEqual(["Connect", "Stream", "Redirect"]);
  const url = stream?.attributes.get("url") ?? "";
  const [, host, ticket = ""] = /^wss:\/\/([^/]+)\/media\/([^/?]+)$/.exec(url) ?? [];
  const claims = await readTicket(await api.deps.masterKeys(), ticket, NOW_MS);
  return { host, claims, redirect: redirect?.children.filter((child) => typeof child === "string").join("") };
}

describe("POST /twilio/voice/:sessionToken?wayIn=media-streams", () => {
  it("VOICE-30 streams the phone's sound into a call that waits for it, with a ticket for this phone call only", async () => {
    const callId = await callIdOf(CALL_SID);
    expect(await streamed(await post(VOICE))).toEqual({
      host: "callroom.example",
      claims: {
        id: expect.stringMatching(/^[0-9a-z]{26}$/),
        callId,
        phoneCallId: CALL_SID,
        expiresAtMs: NOW_MS + LIMITS.ticketMs,
      },
      redirect: ENDED,
    });
    expect(api.told.prepared).toMatchObject([
      { callId, wayIn: "media-streams", phoneCallId: CALL_SID, resumable: true, ownHost: "callroom.example" },
    ]);
  });

  it("VOICE-31 a voice webhook that does not say media-streams is connected as before", async () => {
    for (const path of ["/twilio/voice/keyed", "/twilio/voice/keyed?wayIn=conversation-relay"]) {
      const [verb] = readTwiml(await (await post(path)).text());
      expect(verb).toMatchObject({ type: "connect", action: "/twilio/voice/keyed/ended" });
    }
    expect(api.told.prepared).toEqual([]);
  });

  it.each(["browser", "", "MEDIA-STREAMS", "sk-canary"])("VOICE-31 another way in is 400: %j", async (wayIn) => {
    for (const path of ["/twilio/voice/keyed", "/twilio/voice/keyed/ended"]) {
      const reply = await post(`${path}?wayIn=${wayIn}`);
      const { code, field } = failureBody.parse(await reply.json());
      const problem = "wayIn: must be one of conversation-relay, media-streams";
      expect([reply.status, code, field]).toEqual([400, "bad_request", problem]);
    }
  });

  it.each([
    ["unknown session", "nobody", FAILURES.unknown_session],
    ["no key", "keyless", FAILURES.no_key],
    ["a key that cannot be opened", "unreadable", FAILURES.key_unreadable],
    ["a closed workshop", "closed", FAILURES.workshop_closed],
  ])("VOICE-32 a call with sound that cannot be is told why, in a sentence: %s", async (_case, token, { spoken }) => {
    const reply = await post(`/twilio/voice/${token}?wayIn=media-streams`);
    expect(readTwiml(await reply.text())).toEqual(says(spoken));
    expect(api.told.prepared).toEqual([]);
  });

  it("VOICE-32 a call whose object does not answer is told so", async () => {
    api.told.prepareVerdict = "fails";
    expect(readTwiml(await (await post(VOICE)).text())).toEqual(says(FAILURES.internal.spoken));
    expect(readTwiml(await (await post(VOICE, RINGING, harness({ database: unreachable() }))).text())).toEqual(
      says(FAILURES.database_unavailable.spoken),
    );
  });

  it("VOICE-33 a phone call whose call has ended is hung up, and another student's is refused", async () => {
    api.told.prepareVerdict = "over";
    expect(await (await post(VOICE)).text()).toBe(HUNG_UP);
    api.told.prepareVerdict = "refused";
    const reply = await post(VOICE);
    expect([reply.status, failureBody.parse(await reply.json()).code]).toEqual([403, "wrong_call"]);
  });

  it("VOICE-34 the signature covers the way in", async () => {
    const on = harness({ database: db.database, settings: { twilioAuthToken: AUTH_TOKEN } });
    const signedFor = (path: string) => ({
      "x-twilio-signature": signTwilioRequest(AUTH_TOKEN, `${ORIGIN}${path}`, RINGING),
    });
    expect((await post(VOICE, RINGING, on, signedFor("/twilio/voice/keyed"))).status).toBe(403);
    expect((await post("/twilio/voice/keyed", RINGING, on, signedFor(VOICE))).status).toBe(403);
    expect(on.told.prepared).toEqual([]);
    await streamed(await post(VOICE, RINGING, on, signedFor(VOICE)));
  });
});

describe("POST /twilio/voice/:sessionToken/ended?wayIn=media-streams", () => {
  it("VOICE-35 a stream that ended while its call goes on is opened again, with a fresh ticket and nothing prepared", async () => {
    const callId = await callIdOf(CALL_SID);
    const [first, second] = [await streamed(await ended({})), await streamed(await ended({}))];
    expect(first).toMatchObject({ claims: { callId, phoneCallId: CALL_SID }, redirect: ENDED });
    expect(second.claims?.id).not.toBe(first.claims?.id);
    const session = { sessionToken: "keyed", phoneCallId: CALL_SID, status: "failed", errorCode: null };
    expect(api.told.resumed).toEqual([
      { callId, session },
      { callId, session },
    ]);
    expect([api.told.prepared, api.told.over]).toEqual([[], []]);
  });

  it("VOICE-35 also while the database is down", async () => {
    await streamed(await ended({}, harness({ database: unreachable() })));
  });

  it("VOICE-36 an agent that has said goodbye is not followed by another", async () => {
    api.told.resumeVerdict = "over";
    expect(await (await ended({})).text()).toBe(HUNG_UP);
  });

  it("VOICE-36 after a hand-over there is a last word, on either way in", async () => {
    api.told.resumeVerdict = "handed-over";
    const words = says(expect.stringMatching(/your wish to speak to a person has been noted/));
    expect(readTwiml(await (await ended({})).text())).toEqual(words);
    const dropped = { ...RINGING, CallStatus: "in-progress", SessionStatus: "failed", ErrorCode: "64105" };
    expect(readTwiml(await (await post("/twilio/voice/keyed/ended", dropped)).text())).toEqual(words);
  });

  it("VOICE-36 a call that does not answer is told as lost, and so is one that was lost too often", async () => {
    for (const verdict of ["fails", "too-often"] as const) {
      api.told.resumeVerdict = verdict;
      expect(readTwiml(await (await ended({})).text())).toEqual(says(LOST));
    }
  });

  it("VOICE-37 a phone that has hung up is told nothing, and its call knows", async () => {
    // What a session of ConversationRelay would post says nothing about a stream.
    const form = { CallStatus: "completed", SessionStatus: "failed", ErrorCode: "64105" };
    expect(await (await ended(form)).text()).toBe(HUNG_UP);
    await api.settled();
    expect(api.told.resumed).toEqual([]);
    expect(api.told.over).toMatchObject([{ session: { status: "completed", phoneCallId: CALL_SID } }]);
  });

  it("VOICE-37 nobody's token wakes nobody's call", async () => {
    const reply = await post("/twilio/voice/nobody/ended?wayIn=media-streams", {
      ...RINGING,
      CallStatus: "in-progress",
    });
    expect(await reply.text()).toBe(HUNG_UP);
    expect([api.told.resumed, api.told.over]).toEqual([[], []]);
  });
});
