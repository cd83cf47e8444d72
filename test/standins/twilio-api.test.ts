import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTwilioApiStandin, type TwilioApiStandin } from "./twilio-api.ts";

const ACCOUNT = `AC${"1".repeat(32)}`;
const LIST = `/2010-04-01/Accounts/${ACCOUNT}/IncomingPhoneNumbers.json`;
const basic = (user: string, password: string): string => `Basic ${btoa(`${user}:${password}`)}`;

describe("the stand-in of Twilio's list of numbers", () => {
  let twilio: TwilioApiStandin;
  beforeEach(async () => {
    const numbers = ["+15550100001", "+15550100002", "+15550100003"].map((phoneNumber) => ({ phoneNumber }));
    twilio = await startTwilioApiStandin({ accountSid: ACCOUNT, authToken: "right", numbers });
  });
  afterEach(() => twilio.close());
  const ask = async (path: string, authorization: string, method = "GET") => {
    const reply = await fetch(`${twilio.baseUrl}${path}`, { method, headers: { authorization } });
    return { status: reply.status, body: Object(await reply.json()) };
  };

  it.each([
    [LIST, basic(ACCOUNT, "wrong"), "GET", 401, 20003],
    [LIST, basic("ACother", "right"), "GET", 401, 20003],
    [LIST, "Bearer right", "GET", 401, 20003],
    ["/2010-04-01/Accounts/ACother/IncomingPhoneNumbers.json", basic(ACCOUNT, "right"), "GET", 404, 20404],
    [LIST, basic(ACCOUNT, "right"), "DELETE", 405, 20004],
  ])("NUMBERS-10 refuses %s with %s by %s as %i", async (path, authorization, method, status, code) => {
    expect(await ask(path, authorization, method)).toMatchObject({ status, body: { code, status } });
  });

  it("NUMBERS-11 hands out pages that lead to each other by path alone", async () => {
    const first = await ask(`${LIST}?PageSize=2`, basic(ACCOUNT, "right"));
    expect(first.body.incoming_phone_numbers).toHaveLength(2);
    expect(first.body.next_page_uri).toMatch(/^\/2010-04-01\//);
    const second = await ask(first.body.next_page_uri, basic(ACCOUNT, "right"));
    expect([second.body.incoming_phone_numbers.length, second.body.next_page_uri]).toEqual([1, null]);
  });
});
