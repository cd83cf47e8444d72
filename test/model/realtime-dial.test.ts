import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { dialRealtime } from "../../src/model/realtime-dial.ts";
import { ApiKey } from "../../src/vault/api-key.ts";

const KEY = "sk-proj-CANARY-0123456789";
const BASE_URL = "https://api.openai.example/v1";

function apiKey(): ApiKey {
  const parsed = ApiKey.parse(KEY);
  if (parsed === undefined) throw new Error("no key");
  return parsed;
}

interface Asked {
  readonly url: string;
  readonly init: RequestInit | undefined;
}

const urlOf = (input: string | URL | Request): string => (input instanceof Request ? input.url : input.toString());

/** Dials a network that answers so; returns what was asked and what came of it. */
async function dial(answer: () => Response | Promise<Response>, signal?: AbortSignal) {
  const asked: Asked[] = [];
  const fetcher: typeof fetch = async (url, init) => {
    asked.push({ url: urlOf(url), init });
    return answer();
  };
  return { asked, dialled: await dialRealtime(apiKey(), BASE_URL, "gpt-realtime-2.1-mini", fetcher, signal) };
}

const refusing = (status: number, error: object) => () => Response.json({ error }, { status });

describe("the handshake", () => {
  it("VOICE-150 puts the key into a header of one request to one origin, and asks for no beta", async () => {
    const { asked } = await dial(refusing(500, {}));
    expect(asked).toHaveLength(1);
    expect(asked[0]?.url).toBe(`${BASE_URL}/realtime?model=gpt-realtime-2.1-mini`);
    expect(asked[0]?.init).toEqual({
      headers: {
        Authorization: `Bearer ${KEY}`,
        Upgrade: "websocket",
        Connection: "Upgrade",
        "Sec-WebSocket-Protocol": "realtime",
      },
      redirect: "manual",
    });
  });

  it("VOICE-150 a model's name is data, whatever is in it", async () => {
    const urls: string[] = [];
    const fetcher: typeof fetch = async (url) => {
      urls.push(urlOf(url));
      return new Response(null, { status: 500 });
    };
    await dialRealtime(apiKey(), BASE_URL, "a&call_id=b#@evil.example/", fetcher);
    const url = new URL(urls[0] ?? "");
    expect([url.origin, url.pathname]).toEqual(["https://api.openai.example", "/v1/realtime"]);
    expect([...url.searchParams]).toEqual([["model", "a&call_id=b#@evil.example/"]]);
  });

  it.each([
    [401, { code: "invalid_api_key", type: "invalid_request_error" }, "key_rejected", false],
    [401, { code: "missing_scope", type: "invalid_request_error" }, "key_restricted", false],
    [401, { code: null, type: "invalid_request_error" }, "key_restricted", false],
    [403, { code: "unsupported_country_region_territory", type: "request_forbidden" }, "region_unsupported", false],
    [403, {}, "region_unsupported", false],
    [403, { code: "insufficient_permissions" }, "key_restricted", false],
    [404, { code: "model_not_found" }, "model_not_available", false],
    [429, { code: "insufficient_quota", type: "insufficient_quota" }, "no_credit", false],
    [429, { code: "rate_limit_exceeded", type: "requests" }, "upstream_rate_limited", true],
    [500, { code: "server_error" }, "upstream_unavailable", true],
    [503, { code: "server_is_overloaded" }, "upstream_unavailable", true],
    [200, {}, "upstream_unavailable", false],
    [302, {}, "upstream_unavailable", false],
  ])("VOICE-151 refused with %i and %j is %s, worth another try: %j", async (status, error, reason, mayReconnect) => {
    const { asked, dialled } = await dial(refusing(status, { ...error, message: `Incorrect API key: ${KEY}` }));
    expect(dialled).toEqual({ reason, mayReconnect, status });
    expect(asked).toHaveLength(1);
  });

  it("VOICE-151 a network that fails in any way is a reason, and not a word of it is passed on", async () => {
    const { dialled } = await dial(() => Promise.reject(new TypeError(`connect ${KEY}`)));
    expect(dialled).toEqual({ reason: "upstream_unavailable", mayReconnect: true, status: 0 });
    expect(inspect(dialled, { depth: null })).not.toContain("CANARY");
  });

  it("VOICE-151 a refusal's body is read no further than an error is long", async () => {
    let pulled = 0;
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(1_024).fill(0x20));
      },
      cancel: () => {
        isCancelled = true;
      },
    });
    const { dialled } = await dial(() => new Response(body, { status: 429 }));
    expect(dialled).toMatchObject({ reason: "upstream_rate_limited" });
    expect(isCancelled).toBe(true);
    expect(pulled).toBeLessThan(30);
  });

  it("VOICE-151 it can be given up", async () => {
    const abort = new AbortController();
    const signals: unknown[] = [];
    const fetcher: typeof fetch = (_url, init) =>
      new Promise((_resolve, reject) => {
        signals.push(init?.signal);
        init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
      });
    const dialled = dialRealtime(apiKey(), BASE_URL, "gpt-realtime-2.1-mini", fetcher, abort.signal);
    abort.abort();
    expect(await dialled).toMatchObject({ status: 0 });
    expect(signals).toEqual([abort.signal]);
  });
});
