import { describe, expect, it } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { harness, NOW_MS } from "./world.ts";

const access = { teamDomain: "team.cloudflareaccess.com", audience: "aud-of-the-console" };
const ISSUER = "https://team.cloudflareaccess.com";
const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: "SHA-256",
};
const teams = await crypto.subtle.generateKey(RSA, true, ["sign", "verify"]);
const strangers = await crypto.subtle.generateKey(RSA, true, ["sign", "verify"]);

const jwkOf = async (pair: CryptoKeyPair, kid: string) => ({
  ...(await crypto.subtle.exportKey("jwk", pair.publicKey)),
  kid,
  use: "sig",
});
const certificates = { keys: [await jwkOf(teams, "k1")], public_cert: { kid: "k1", cert: "…" } };

const base64Url = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("base64url");
const seconds = Math.floor(NOW_MS / 1_000);
const CLAIMS = { iss: ISSUER, aud: [access.audience], exp: seconds + 60, nbf: seconds - 5, iat: seconds - 5, sub: "u" };

async function assertion(
  claims: object = {},
  { pair = teams, header = { alg: "RS256", kid: "k1", typ: "JWT" } }: { pair?: CryptoKeyPair; header?: object } = {},
): Promise<string> {
  const signed = `${base64Url(JSON.stringify(header))}.${base64Url(JSON.stringify({ ...CLAIMS, ...claims }))}`;
  const signature = await crypto.subtle.sign(RSA.name, pair.privateKey, Buffer.from(signed));
  return `${signed}.${base64Url(new Uint8Array(signature))}`;
}

const withSignatureOf = (one: string, other: string): string =>
  [...other.split(".").slice(0, 2), one.split(".")[2]].join(".");

/** The console's check page behind Access; OpenAI's part of the network is not what is looked at. */
function console_(
  answer: () => Promise<Response> = () => Promise.resolve(Response.json(certificates)),
  isSetUp = true,
) {
  const api = harness({ settings: isSetUp ? { access } : {} });
  api.openai.answer = answer;
  return {
    ...api,
    ask: async (text: string, path = "/api/workshop/check") => {
      const reply = await api.request("GET", path, { headers: { "cf-access-jwt-assertion": text } });
      return [reply.status, reply.status === 200 ? "" : failureBody.parse(await reply.json()).code];
    },
  };
}

const REFUSED = [401, "unauthorized"];

describe("Cloudflare Access", () => {
  it("WORKSHOP-16 an assertion of the team for the console is a login by itself", async () => {
    const api = console_();
    expect(await api.ask(await assertion())).toEqual([200, ""]);
    expect(api.openai.asked[0]).toEqual({
      url: `${ISSUER}/cdn-cgi/access/certs`,
      authorization: null,
      redirect: "manual",
    });
  });

  it.each<[string, () => Promise<string>]>([
    ["signed by somebody else", () => assertion({}, { pair: strangers })],
    ["of another team", () => assertion({ iss: "https://other.cloudflareaccess.com" })],
    ["without a team", () => assertion({ iss: undefined })],
    ["for another application", () => assertion({ aud: ["another"] })],
    ["for none", () => assertion({ aud: undefined })],
    ["that has ended", () => assertion({ exp: seconds })],
    ["without an end", () => assertion({ exp: undefined })],
    ["with an end that is no number", () => assertion({ exp: "9999999999" })],
    ["that has not begun", () => assertion({ nbf: seconds + 5 })],
    ["of a key that is not the team's", () => assertion({}, { header: { alg: "RS256", kid: "k2" } })],
    ["of no key", () => assertion({}, { header: { alg: "RS256" } })],
    ["without a signature", async () => `${(await assertion()).split(".").slice(0, 2).join(".")}.`],
    ["of another algorithm", () => assertion({}, { header: { alg: "none", kid: "k1" } })],
    ["signed with the public key as a secret", () => assertion({}, { header: { alg: "HS256", kid: "k1" } })],
    ["that was changed", async () => withSignatureOf(await assertion(), await assertion({ sub: "v" }))],
    ["that is none", async () => "x"],
    ["that is endless", async () => "x".repeat(10_000)],
  ])("WORKSHOP-17 an assertion %s is none", async (_what, make) => {
    expect(await console_().ask(await make())).toEqual(REFUSED);
  });

  it("WORKSHOP-17 certificates that cannot be had or read vouch for nobody", async () => {
    const answers = [
      () => Promise.reject(new Error("no network")),
      () => Promise.resolve(Response.json(certificates, { status: 500 })),
      () => Promise.resolve(new Response("<html>")),
      () => Promise.resolve(Response.json({ keys: [{ kid: "k1", kty: "oct", k: "AAAA" }] })),
      () => Promise.resolve(Response.json({})),
    ];
    for (const answer of answers) expect(await console_(answer).ask(await assertion())).toEqual(REFUSED);
  });

  it("WORKSHOP-18 without its variables nobody is asked, and an assertion means nothing", async () => {
    const api = console_(undefined, false);
    expect(await api.ask(await assertion())).toEqual(REFUSED);
    expect(api.openai.asked).toEqual([]);
  });

  it("WORKSHOP-18 a wrong token is not saved by an assertion", async () => {
    const api = console_();
    const headers = { "cf-access-jwt-assertion": await assertion() };
    expect((await api.request("GET", "/api/workshop/check", { token: "guess", headers })).status).toBe(401);
  });
});
