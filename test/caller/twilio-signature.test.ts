import { describe, expect, it } from "vitest";
import { formParams, type SignedRequest, verifyTwilioSignature } from "../../src/caller/twilio-signature.ts";
import { signTwilioRequest } from "../standins/twilio-web.ts";

/** Vectors made with `getExpectedTwilioSignature` of npm `twilio` 6.2.0; the first is the one Twilio publishes. */
const TOKEN = "test_auth_token";
const RELAY = "wss://voice.example.com/relay";
const BODY = new TextEncoder().encode('{"a":1}');
const BODY_URL =
  "https://voice.example.com/hook?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
const VECTORS: Readonly<Record<string, SignedRequest & { signature: string }>> = {
  A: {
    authToken: "12345",
    url: "https://mycompany.com/myapp.php?foo=1&bar=2",
    params: formParams(
      "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212",
    ),
    signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
  },
  B: {
    authToken: TOKEN,
    url: "https://voice.example.com/twilio/voice?workshop=w1",
    params: formParams(
      "To=%2B15550100002&From=%2B15550100001&CallStatus=ringing&CallSid=CA00000000000000000000000000000001",
    ),
    signature: "lDWN7hCuveRKvlHuLwjoOEwosfY=",
  },
  C: { authToken: TOKEN, url: `${RELAY}/abc`, signature: "m7J8cHrPdWsiYTRumZkRWxesqsM=" },
  E: { authToken: TOKEN, url: `${RELAY}/abc/`, signature: "zzbJNSFkOy5h21V26TWpMWqy8I8=" },
  F: { authToken: TOKEN, url: `${RELAY}?b=2&a=1`, signature: "BwwJs0jvIsu7iwJZqGDtJ8Xnssg=" },
  G: { authToken: TOKEN, url: `${RELAY}?b=2&a=1`, signature: "OHLfM9pHIIhtigIl6mN7mvORg/s=" },
  H: { authToken: TOKEN, url: BODY_URL, rawBody: BODY, signature: "S2IBIoMJwGoik5D9P3GHaKUB9uk=" },
};
/** D: of the `https:` form of the URL in C. */
const HTTPS_SIGNATURE = "IGxKJuaLWhjQdTCkDNDaHVgpR1c=";

describe("verifyTwilioSignature", () => {
  it.each(Object.keys(VECTORS))("TWIML-8 vector %s is Twilio's", async (name) => {
    expect(await verifyTwilioSignature(VECTORS[name]!)).toBe(true);
  });

  it("TWIML-8 vector D, a signature of the https URL, does not open the WebSocket", async () => {
    expect(await verifyTwilioSignature({ ...VECTORS.C!, signature: HTTPS_SIGNATURE })).toBe(false);
    const http = { authToken: TOKEN, url: "https://voice.example.com/relay/abc", signature: HTTPS_SIGNATURE };
    expect(await verifyTwilioSignature(http)).toBe(true);
    expect(await verifyTwilioSignature({ ...http, signature: VECTORS.C!.signature })).toBe(false);
  });

  it.each(Object.keys(VECTORS))("TWIML-9 any change to vector %s is refused", async (name) => {
    const vector = VECTORS[name]!;
    const { signature } = vector;
    const changed: readonly SignedRequest[] = [
      { ...vector, authToken: `${vector.authToken}x` },
      { ...vector, authToken: "" },
      { ...vector, url: `${vector.url}x` },
      { ...vector, url: vector.url.toUpperCase() },
      { ...vector, params: formParams("Extra=1") },
      { ...vector, signature: `${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}` },
      { ...vector, signature: signature.slice(0, -1) },
      { ...vector, signature: ` ${signature}` },
      { ...vector, signature: `${signature},${signature}` },
      { ...vector, signature: "" },
      { ...vector, signature: null },
      { ...vector, signature: undefined },
      { ...vector, signature: "é".repeat(28) },
    ];
    for (const request of changed) expect(await verifyTwilioSignature(request)).toBe(false);
  });

  it("TWIML-9 a query string is taken as parameters on a WebSocket only", async () => {
    const url = "https://voice.example.com/relay?b=2&a=1";
    const signature = signTwilioRequest(TOKEN, "https://voice.example.com/relay", { a: "1", b: "2" });
    expect(await verifyTwilioSignature({ authToken: TOKEN, url, signature })).toBe(false);
  });

  it("TWIML-10 a JSON body must be the one whose hash was signed", async () => {
    const { rawBody: _, ...unread } = VECTORS.H!;
    expect(await verifyTwilioSignature(unread)).toBe(false);
    expect(await verifyTwilioSignature({ ...unread, rawBody: new TextEncoder().encode('{"a":2}') })).toBe(false);
    const url = "https://voice.example.com/hook";
    const unhashed = { authToken: TOKEN, url, signature: signTwilioRequest(TOKEN, url), rawBody: BODY };
    expect(await verifyTwilioSignature(unhashed)).toBe(false);
  });

  it("TWIML-11 repeated fields count once each, sorted; names sort by code unit", async () => {
    const url = "https://voice.example.com/twilio/voice";
    const body = "b=2&a=3&a=1&a=3&B=x&empty=&ü=%C3%BC+%26";
    const params = { b: "2", a: ["3", "1", "3"], B: "x", empty: "", ü: "ü &" };
    const signature = signTwilioRequest(TOKEN, url, params);
    expect(await verifyTwilioSignature({ authToken: TOKEN, url, params: formParams(body), signature })).toBe(true);
  });
});

describe("formParams", () => {
  it("TWIML-11 keeps every value of a field in order, whatever the field is called", () => {
    const params = formParams("__proto__=1&To=%2B1555&a=1&a=2&%=%zz");
    expect([...params]).toEqual([
      ["__proto__", ["1"]],
      ["To", ["+1555"]],
      ["a", ["1", "2"]],
      ["%", ["%zz"]],
    ]);
  });
});
