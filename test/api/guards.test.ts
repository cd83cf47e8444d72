import { describe, expect, it } from "vitest";
import { failureBody } from "../../src/api/reply-schemas.ts";
import { createApi, ROUTES } from "../../src/api/routes.ts";
import { harness, ORIGIN } from "./world.ts";

const sample = (path: string): string => path.replace(":sessionToken", "wst_a").replace(":callId", "0".repeat(26));

/** Each looks a little like us. */
const FOREIGN_ORIGINS = [
  "null",
  "",
  "http://callroom.example",
  "https://callroom.example.evil.test",
  "https://evil.test/https://callroom.example",
  "https://evil-callroom.example",
  "https://callroom.example:8443",
  "https://callroom.example:443",
  "https://callroom.example:80",
  "https://callroom.example/",
  "https://callroom.example//",
  "https://callroom.example?",
  "https://callroom.example#",
  "https://callroom.example.",
  "https://Callroom.example",
  "https://CALLROOM.EXAMPLE",
  "HTTPS://callroom.example",
  "https://www.callroom.example",
  "https://a.callroom.example",
  "https://callroom.examples",
  "https://callroom.exampl",
  "https://callroom",
  "https://callroom.example@evil.test",
  "https://evil.test@callroom.example",
  "https://user:pass@callroom.example",
  "https://callroom.example\\@evil.test",
  "https://callroom.example%00.evil.test",
  "https://callroom.example%2eevil.test",
  "https://callroom.example, https://evil.test",
  "https://evil.test, https://callroom.example",
  "https://callroom.example https://evil.test",
  "//callroom.example",
  "callroom.example",
  "wss://callroom.example",
  "ws://callroom.example",
  "ftp://callroom.example",
  "file://",
  "chrome-extension://callroom.example",
  "https://xn--callroom-.example",
  "https://callroom-example",
  "https://127.0.0.1",
  "http://localhost:8787",
];

/** What a client may claim to have connected to. */
const HOSTS = [
  "evil.test",
  "evil.test:443",
  "evil.test:80",
  "callroom.example.evil.test",
  "evil.test/callroom.example",
  "callroom.example@evil.test",
  "localhost",
  "localhost:8787",
  "127.0.0.1",
  "127.0.0.1:8787",
  "[::1]",
  "[::1]:8787",
  "0.0.0.0",
  "169.254.169.254",
  "metadata.internal",
  "evil.test.",
  "EVIL.TEST",
  "xn--evil.test",
  "a.b.c.d.evil.test",
  "evil",
  "evil.workers.dev",
  "user@evil.test",
  "evil.test?x=",
  "evil.test#x",
  "evil.test%00",
  "2130706433",
  "0x7f000001",
  "callroom.example:81",
  "www.callroom.example",
  "callroom.example.",
];

describe("what stands before every route", () => {
  it("REST-1 the routes are these and no others", () => {
    expect(ROUTES.map(({ method, path, who }) => `${method} ${path} · ${who}`)).toEqual([
      "GET /healthz · anyone",
      "POST /api/join · anyone",
      "POST /api/recover · anyone",
      "POST /api/leave · anyone",
      "GET /api/me · student",
      "PATCH /api/me · student",
      "DELETE /api/me · student",
      "PUT /api/me/key · student",
      "DELETE /api/me/key · student",
      "POST /api/me/recovery-phrase · student",
      "GET /api/me/prompts · student",
      "POST /api/me/tools/:name/run · student",
      "POST /api/me/voice-sample · student",
      "POST /api/me/webhook-secret · student",
      "GET /api/me/calls · student",
      "GET /api/me/calls/:callId · student",
      "GET /api/me/receipt · student",
      "POST /api/calls · student",
      "POST /api/workshop/login · anyone",
      "POST /api/workshop/logout · anyone",
      "GET /api/workshop/check · instructor",
      "GET /api/workshop/phone-numbers · instructor",
      "GET /api/workshop/calls/:callId/trace · instructor",
      "GET /api/workshop/workshops · instructor",
      "POST /api/workshop/workshops · instructor",
      "PATCH /api/workshop/workshops/:workshopId · instructor",
      "DELETE /api/workshop/workshops/:workshopId · instructor",
      "GET /api/workshop/workshops/:workshopId/qr.svg · instructor",
      "GET /api/workshop/workshops/:workshopId/students · instructor",
      "DELETE /api/workshop/workshops/:workshopId/students/:studentId · instructor",
      "DELETE /api/workshop/workshops/:workshopId/students/:studentId/key · instructor",
      "POST /api/workshop/workshops/:workshopId/forget-keys · instructor",
      "POST /api/workshop/workshops/:workshopId/close · instructor",
      "POST /api/workshop/workshops/:workshopId/reopen · instructor",
      "GET /api/workshop/workshops/:workshopId/report · instructor",
      "GET /api/workshop/workshops/:workshopId/report.csv · instructor",
      "POST /api/workshop/workshops/:workshopId/announcement · instructor",
      "POST /api/workshop/workshops/:workshopId/push · instructor",
      "POST /api/workshop/workshops/:workshopId/pause · instructor",
      "POST /api/workshop/workshops/:workshopId/resume · instructor",
      "POST /api/workshop/workshops/:workshopId/calls/:callId/end · instructor",
      "GET /api/workshop/workshops/:workshopId/export.csv · instructor",
      "GET /api/workshop/workshops/:workshopId/ledger.csv · instructor",
      "GET /api/workshop/workshops/:workshopId/spend · instructor",
      "GET /api/workshop/workshops/:workshopId/metrics · instructor",
      "POST /api/workshop/workshops/:workshopId/top-up · instructor",
      "POST /api/student-config-save · anyone",
      "GET /api/get-student-ai-settings · service",
      "POST /twilio/voice/:sessionToken · twilio",
      "POST /twilio/voice/:sessionToken/ended · twilio",
      "GET /openapi.json · anyone",
      "GET /docs · anyone",
    ]);
  });

  it("REST-1 each endpoint asks for whom the table says", () => {
    for (const { who, endpoint } of ROUTES) expect(endpoint.who).toBe(who);
  });

  it.each([
    "/",
    "/api",
    "/api/",
    "/api/me/",
    "/API/me",
    "/api/workshop",
    "/test-db",
    "/twilio/voice",
    "/admin",
    "/api/me/key/x",
  ])("REST-2 an unknown address is 404 as JSON: %s", async (path) => {
    const reply = await harness({}).request("GET", path);
    expect(reply.status).toBe(404);
    expect(failureBody.parse(await reply.json())).toMatchObject({ code: "not_found" });
  });

  it("REST-2 a known address refuses every method that it does not take, and names those it does", async () => {
    const { request } = harness({});
    const paths = [...new Set(ROUTES.map(({ path }) => path))];
    for (const path of paths) {
      const taken = ROUTES.filter((route) => route.path === path).map(({ method }) => method as string);
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
        if (taken.includes(method)) continue;
        const reply = await request(method, sample(path));
        expect([path, method, reply.status]).toEqual([path, method, 405]);
        expect(failureBody.parse(await reply.json()).code).toBe("method_not_allowed");
        for (const allowed of taken) expect(reply.headers.get("allow")).toContain(allowed);
      }
    }
  });

  it("REST-3 forty origins that look like ours may change nothing", async () => {
    const { request, told } = harness({});
    expect(FOREIGN_ORIGINS.length).toBeGreaterThanOrEqual(40);
    for (const { method, path } of ROUTES.filter((route) => route.method !== "GET")) {
      for (const origin of FOREIGN_ORIGINS) {
        const reply = await request(method, sample(path), { token: "wst_a", json: {}, headers: { origin } });
        expect([method, path, origin, reply.status]).toEqual([method, path, origin, 403]);
        expect(failureBody.parse(await reply.json()).code).toBe("bad_origin");
      }
    }
    expect(told.notices).toEqual([]);
  });

  it("REST-3 our own origin passes, and so does a request without one", async () => {
    const { request } = harness({});
    for (const headers of [{ origin: ORIGIN }, {}]) {
      const reply = await request("PATCH", "/api/me", { json: {}, headers });
      expect(failureBody.parse(await reply.json()).code).toBe("unauthorized");
    }
  });

  it("REST-3 no reply allows another site to read it", async () => {
    const { request } = harness({});
    for (const { method, path } of ROUTES) {
      const reply = await request(method, sample(path), { headers: { origin: "https://evil.test" } });
      expect([...reply.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });

  it("REST-4 with a public origin no host that a client claims is ever repeated", async () => {
    const { deps } = harness({});
    const api = createApi(deps);
    for (const host of HOSTS) {
      const request = new Request("https://evil.test/twilio/voice/wst_a/ended", {
        method: "POST",
        headers: { host, "x-forwarded-host": host, "x-forwarded-proto": "http", forwarded: `host=${host}` },
        body: new URLSearchParams({
          CallSid: "CA1",
          SessionStatus: "failed",
          ErrorCode: "64105",
          CallStatus: "in-progress",
        }),
      });
      const twiml = await (await api.request(request)).text();
      expect(twiml).toContain("wss://callroom.example/ws/wst_a/");
      expect(twiml.replaceAll("callroom.example/", "")).not.toContain(host);
    }
  });

  it("REST-5 every reply has the same security headers", async () => {
    const { request } = harness({});
    const replies = [
      await request("GET", "/nowhere"),
      await request("OPTIONS", "/api/me"),
      await request("GET", "/openapi.json"),
      await request("GET", "/healthz"),
      await request("POST", "/twilio/voice/wst_a", { form: {} }),
      ...(await Promise.all(ROUTES.map(({ method, path }) => request(method, sample(path))))),
    ];
    for (const reply of replies) {
      const {
        "x-request-id": requestId,
        "content-type": type,
        allow: _allow,
        "set-cookie": _cookie,
        ...headers
      } = Object.fromEntries(reply.headers);
      if (type?.startsWith("text/html")) continue;
      expect(requestId).toMatch(/^[0-9a-f]{24}$/);
      expect(type).toMatch(/^(application\/json|text\/xml); charset=utf-8$/);
      expect(headers).toEqual({
        "strict-transport-security": "max-age=31536000; includeSubDomains",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "microphone=(self), camera=(), geolocation=()",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "cache-control": "no-store",
      });
    }
  });

  it("REST-6 a request has an id of ours, the same in header and body, and never the client's", async () => {
    const { request } = harness({});
    const reply = await request("GET", "/nowhere", { headers: { "x-request-id": "chosen-by-me" } });
    const body = failureBody.parse(await reply.json());
    expect(body.requestId).toBe(reply.headers.get("x-request-id"));
    expect(body.requestId).not.toContain("chosen");
    const other = await request("GET", "/nowhere");
    expect(other.headers.get("x-request-id")).not.toBe(body.requestId);
  });

  it("REST-7 a HEAD is answered as the GET, without a body", async () => {
    const reply = await harness({}).request("HEAD", "/openapi.json");
    expect(reply.status).toBe(200);
    expect(await reply.text()).toBe("");
  });
});
