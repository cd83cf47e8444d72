import { describe, expect, it } from "vitest";
import { isInstructor } from "../../src/api/instructor.ts";
import { network } from "../../src/api/network.ts";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { LIMITS } from "../../src/limits.ts";
import { type Asking, type Harness, harness, logLines, NOW_MS, ORIGIN } from "./world.ts";

const TOKEN = "Gs5Wc0Vf8Lx2Rk6Zn1Pq9Yt3";
const COOKIE = "__Host-callroom-instructor";
/** An instructor's route that needs no database. */
const CHECK = "/api/workshop/check";

const settings = { instructorToken: TOKEN };

const from = (address: string): Asking => ({ headers: { "cf-connecting-ip": address } });

const login = (api: Harness, instructorToken: string, asking: Asking = {}): Promise<Response> =>
  api.request("POST", "/api/workshop/login", { ...asking, json: { instructorToken } });

const cookieOf = (reply: Response): string => /^([^;]+)/.exec(reply.headers.get("set-cookie") ?? "")?.[1] ?? "";

const check = (api: Harness, cookie: string): Promise<Response> => api.request("GET", CHECK, { headers: { cookie } });

const codeOf = async (reply: Response): Promise<string> => failureBody.parse(await reply.json()).code;

describe("signing the instructor in", () => {
  it("WORKSHOP-10 the right token gives a cookie for this host alone, which ends after twelve hours", async () => {
    const api = harness({ settings });
    const reply = await login(api, ` ${TOKEN}\n`);
    expect([reply.status, await reply.json()]).toEqual([200, { success: true }]);
    const attributes = (reply.headers.get("set-cookie") ?? "").split("; ").slice(1).sort();
    expect(attributes).toEqual(["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Strict", "Secure"]);
    const cookie = cookieOf(reply);
    expect(cookie).toMatch(new RegExp(`^${COOKIE}=\\d{13}\\.[\\w-]{43}$`));
    expect((await check(api, cookie)).status).toBe(200);
    api.clock.nowMs = NOW_MS + LIMITS.instructorCookieMs - 1;
    expect((await check(api, cookie)).status).toBe(200);
    api.clock.nowMs += 1;
    expect((await check(api, cookie)).status).toBe(401);
  });

  it("WORKSHOP-10 signing out takes the cookie away, also from one who has none", async () => {
    const reply = await harness({ settings }).request("POST", "/api/workshop/logout");
    expect(reply.status).toBe(200);
    expect(reply.headers.get("set-cookie")).toMatch(new RegExp(`^${COOKIE}=; Max-Age=0; Path=/;`));
  });

  it("WORKSHOP-11 a new instructor's token ends every session", async () => {
    const cookie = cookieOf(await login(harness({ settings }), TOKEN));
    const after = harness({ settings: { instructorToken: `${TOKEN}2` } });
    expect((await check(after, cookie)).status).toBe(401);
  });

  it("WORKSHOP-12 wrong tokens are counted for each network, and are told how long to wait", async () => {
    const api = harness({ settings });
    for (let at = 0; at < 5; at += 1) {
      const reply = await login(api, `guess-${at}`, from("198.51.100.7"));
      expect([reply.status, await codeOf(reply)]).toEqual([401, "bad_token"]);
    }
    for (const token of ["guess", TOKEN]) {
      const reply = await login(api, token, from("198.51.100.7"));
      expect([reply.status, reply.headers.get("retry-after"), reply.headers.get("set-cookie")]).toEqual([
        429,
        "2",
        null,
      ]);
      expect(failureBody.parse(await reply.json())).toMatchObject({ code: "too_many_logins", retryAfterSeconds: 2 });
    }
    expect((await login(api, TOKEN, from("203.0.113.9"))).status).toBe(200);
    api.clock.nowMs += 2_000;
    expect((await login(api, TOKEN, from("198.51.100.7"))).status).toBe(200);
  });

  it("WORKSHOP-12 a wrong token of a script counts as well, and a right one passes", async () => {
    const api = harness({ settings });
    const bearer = (token: string) => api.request("GET", CHECK, { token, ...from("198.51.100.7") });
    expect((await bearer(TOKEN)).status).toBe(200);
    for (let at = 0; at < 5; at += 1) expect(await codeOf(await bearer(`guess-${at}`))).toBe("bad_token");
    const throttled = await bearer(TOKEN);
    expect([throttled.status, throttled.headers.get("retry-after")]).toEqual([429, "2"]);
    expect((await login(api, TOKEN, from("198.51.100.7"))).status).toBe(429);
  });

  it("WORKSHOP-12 a signed-in console goes on while somebody on its network guesses", async () => {
    const api = harness({ settings });
    const cookie = cookieOf(await login(api, TOKEN));
    for (let at = 0; at < 9; at += 1) await login(api, "guess");
    expect((await check(api, cookie)).status).toBe(200);
  });

  it("WORKSHOP-13 the same house of an IPv6 network is one address, however it is written", () => {
    expect(network("203.0.113.9")).toBe("203.0.113.9");
    const house = "2001:db8:0:0";
    for (const end of ["::1", "::ffff", "::a:b:c:d", ":0:0:1:2:3:4"]) expect(network(`2001:db8${end}`)).toBe(house);
    expect(network("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2");
    expect(network("::1")).toBe("0:0:0:0");
    expect(network("x".repeat(200))).toHaveLength(45);
  });

  it("WORKSHOP-14 neither token nor session is in a reply's body or in the log", async () => {
    logLines.length = 0;
    const api = harness({ settings });
    const reply = await login(api, TOKEN);
    const [, session = ""] = cookieOf(reply).split("=");
    const bodies = [
      await reply.text(),
      await (await login(api, `${TOKEN}x`)).text(),
      await (await check(api, `${COOKIE}=${session}x`)).text(),
    ];
    const written = [...bodies, ...logLines].join("\n");
    expect(logLines.length).toBe(2);
    expect(written).not.toContain(TOKEN);
    expect(written).not.toContain(session);
  });
});

describe("a WebSocket's question who the instructor is", () => {
  it("WORKSHOP-15 is answered by the cookie, and never by a token that could be tried", async () => {
    const { deps, request } = harness({ settings });
    const reply = await request("POST", "/api/workshop/login", { json: { instructorToken: TOKEN } });
    const ask = (headers: Record<string, string>) =>
      isInstructor(new Request(`${ORIGIN}/live`, { headers }), { ...deps, nowMs: deps.now() });
    expect(await ask({ cookie: `a=b; ${cookieOf(reply)}; c=d` })).toBe(true);
    expect(await ask({ cookie: cookieOf(reply).replace("__Host-", "") })).toBe(false);
    expect(await ask({ authorization: `Bearer ${TOKEN}` })).toBe(false);
    expect(await ask({ cookie: `${COOKIE}=${TOKEN}` })).toBe(false);
    expect(await ask({})).toBe(false);
  });
});
