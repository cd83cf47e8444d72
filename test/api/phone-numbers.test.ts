import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { phoneNumbersReply } from "../../src/api/reply-schemas-phone.ts";
import type { Settings } from "../../src/env.ts";
import { startTwilioApiStandin, type TwilioApiStandin } from "../standins/twilio-api.ts";
import { asInstructor, studentIdOf } from "./workshop-world.ts";
import { givenStudent, harness, ORIGIN, openTestDatabase, START_MS, type TestDatabase } from "./world.ts";

const ACCOUNT = `AC${"0a1b2c3d".repeat(4)}`;
const AUTH_TOKEN = "d41f7b90c36ea825f0719b3c8e5d2a46";

let db: TestDatabase;
let twilio: TwilioApiStandin;
beforeAll(async () => {
  db = await openTestDatabase();
}, START_MS);
afterAll(() => db.close());
beforeEach(async () => {
  twilio = await startTwilioApiStandin({ accountSid: ACCOUNT, authToken: AUTH_TOKEN });
});
afterEach(() => twilio.close());

async function ask(settings: Partial<Settings> = {}, fetcher: typeof fetch = fetch) {
  const api = harness({
    database: db.database,
    settings: {
      twilioAccountSid: ACCOUNT,
      twilioAuthToken: AUTH_TOKEN,
      twilioApiBaseUrl: twilio.baseUrl,
      ...settings,
    },
    fetch: fetcher,
  });
  const reply = await asInstructor(api)("GET", "/phone-numbers");
  const text = await reply.text();
  expect(reply.status).toBe(200);
  return { text, ...phoneNumbersReply.parse(JSON.parse(text)) };
}

describe("GET /api/workshop/phone-numbers", () => {
  it("NUMBERS-1 each number is told with where it leads, and ours with its student", async () => {
    const token = await givenStudent(db, "wst_CANARYada");
    const numbers = [
      { phoneNumber: "+15550100001", friendlyName: "Ada's", voiceUrl: `${ORIGIN}/twilio/voice/${token}` },
      { phoneNumber: "+15550100002", voiceUrl: `${ORIGIN}/twilio/voice/${token}?wayIn=media-streams` },
      { phoneNumber: "+15550100003", voiceUrl: `${ORIGIN}/twilio/voice/wst_CANARYgone` },
      { phoneNumber: "+15550100004", voiceUrl: `${ORIGIN}/ws/${token}` },
      { phoneNumber: "+15550100005", voiceUrl: `https://old.example/twilio/voice/${token}` },
      { phoneNumber: "+15550100006", voiceUrl: "https://handler.twilio.com/twiml/EHCANARY" },
      { phoneNumber: "+15550100007", voiceUrl: `${ORIGIN}/twilio/voice/${token}`, voiceApplicationSid: "AP1" },
      { phoneNumber: "+15550100008", voiceUrl: `${ORIGIN}/twilio/voice/${token}`, trunkSid: "TK1" },
      { phoneNumber: "+15550100009" },
      { phoneNumber: "+15550100010", voiceUrl: "not an address" },
      { phoneNumber: "+15550100011", voiceUrl: `${ORIGIN}/twilio/voice/%E0%A4%A` },
    ];
    twilio.numbers = numbers;
    const { text, twilio: outcome, numbers: told } = await ask();
    expect(outcome).toBe("ok");
    const studentId = await studentIdOf(db, token);
    const host = new URL(ORIGIN).host;
    expect(told.map(({ target, host: where, studentId: who }) => [target, where, who])).toEqual([
      ["here", host, studentId],
      ["here", host, studentId],
      ["here", host, null],
      ["here", host, null],
      ["elsewhere", "old.example", null],
      ["elsewhere", "handler.twilio.com", null],
      ["elsewhere", null, null],
      ["elsewhere", null, null],
      ["nothing", null, null],
      ["nothing", null, null],
      ["here", host, null],
    ]);
    expect(told.map(({ number }) => number)).toEqual(numbers.map(({ phoneNumber }) => phoneNumber));
    expect(told[0]?.name).toBe("Ada's");
    // Neither a session token nor a path, nor the credentials.
    expect(text).not.toMatch(/CANARY|\/twilio|\/twiml|d41f7b90|AC0a1b/);
  });

  it("NUMBERS-2 all pages are read, in order, with the account's credentials", async () => {
    twilio.pageSize = 7;
    twilio.numbers = Array.from({ length: 30 }, (_, at) => ({ phoneNumber: `+1555020${1000 + at}` }));
    const { numbers } = await ask();
    expect(numbers.map(({ number }) => number)).toEqual(twilio.numbers.map(({ phoneNumber }) => phoneNumber));
    expect(twilio.asked).toHaveLength(5);
    expect(twilio.asked[0]?.path).toBe(`/2010-04-01/Accounts/${ACCOUNT}/IncomingPhoneNumbers.json?PageSize=200`);
    expect(new Set(twilio.asked.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it("NUMBERS-3 pages without end are read to an end", async () => {
    twilio.pageSize = 1;
    twilio.numbers = Array.from({ length: 25 }, (_, at) => ({ phoneNumber: `+1555030${1000 + at}` }));
    expect((await ask()).numbers).toHaveLength(10);
  });

  it.each<[string, Partial<Settings>]>([
    ["an account", { twilioAccountSid: undefined }],
    ["an auth token", { twilioAuthToken: undefined }],
  ])("NUMBERS-4 without %s it is off, and Twilio is not asked", async (_what, settings) => {
    expect(await ask(settings)).toMatchObject({ twilio: "off", numbers: [] });
    expect(twilio.asked).toEqual([]);
  });

  it.each<[string, Partial<Settings>]>([
    ["a wrong token", { twilioAuthToken: "0".repeat(32) }],
    ["another account", { twilioAccountSid: `AC${"f".repeat(32)}` }],
    ["nobody there", { twilioApiBaseUrl: "http://127.0.0.1:9" }],
  ])("NUMBERS-5 with %s it says that Twilio failed, and no more", async (_what, settings) => {
    expect(await ask(settings)).toMatchObject({ twilio: "failed", numbers: [] });
  });

  it.each<[string, NonNullable<TwilioApiStandin["fault"]>]>([
    ["no JSON", { status: 200, body: "<html>CANARY</html>" }],
    ["another JSON", { status: 200, body: '{"CANARY":[]}' }],
    ["a failure", { status: 500, body: "CANARY" }],
    ["a redirect", { status: 302, body: "", location: "https://CANARY.example/" }],
  ])("NUMBERS-6 an answer that is %s is a failure and is not quoted", async (_what, fault) => {
    twilio.fault = fault;
    const { text, twilio: outcome } = await ask();
    expect([outcome, text.includes("CANARY")]).toEqual(["failed", false]);
    expect(twilio.asked).toHaveLength(1);
  });

  it.each([
    "https://evil.example/2010-04-01/Accounts/x/IncomingPhoneNumbers.json",
    "//evil.example/2010-04-01",
    "/2010-04-01/Accounts/ACother/IncomingPhoneNumbers.json?Page=1",
  ])("NUMBERS-7 the credentials follow no next page elsewhere: %s", async (next) => {
    const asked: string[] = [];
    const fetcher: typeof fetch = async (input) => {
      asked.push(new Request(input).url);
      const row = { phone_number: "+15550100001", voice_url: null };
      return Response.json({ incoming_phone_numbers: [row], next_page_uri: next });
    };
    expect((await ask({}, fetcher)).numbers).toHaveLength(1);
    expect(asked).toHaveLength(1);
  });

  it("NUMBERS-8 a number that cannot be read is left out, and the others are told", async () => {
    const rows = [null, "text", { phone_number: 7 }, { phone_number: "+15550100001", friendly_name: null }];
    const fetcher: typeof fetch = async () => Response.json({ incoming_phone_numbers: rows });
    expect((await ask({}, fetcher)).numbers).toEqual([
      { number: "+15550100001", name: "", target: "nothing", host: null, studentId: null },
    ]);
  });

  it("NUMBERS-9 is the instructor's alone", async () => {
    const api = harness({ database: db.database });
    expect((await api.request("GET", "/api/workshop/phone-numbers")).status).toBe(401);
    const token = await givenStudent(db, "wst_student");
    expect((await api.request("GET", "/api/workshop/phone-numbers", { token })).status).toBe(401);
  });
});
