import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { checkKey } from "../../src/model/key-check.ts";
import { ApiKey } from "../../src/vault/api-key.ts";

const KEY = "sk-proj-canary-0123456789abcdef";
const apiKey = ApiKey.parse(KEY)!;
const baseUrl = "https://api.openai.test/v1";

const check = (fetch: typeof globalThis.fetch) => checkKey({ apiKey, baseUrl, fetch });
const answers = (status: number, body: unknown) => check(async () => Response.json(body, { status }));
const refuses = (status: number, error: unknown) => answers(status, { error });

describe("checkKey", () => {
  it("CHECK-1 asks for the list of models with the key and follows no redirect", async () => {
    const asked: { url: string; init: RequestInit | undefined }[] = [];
    const status = await check(async (input, init) => {
      asked.push({ url: new Request(input).url, init });
      return Response.json({ object: "list", data: [] });
    });
    expect(status).toBe("connected");
    expect(asked).toHaveLength(1);
    expect(asked[0]?.url).toBe("https://api.openai.test/v1/models");
    expect(new Headers(asked[0]?.init?.headers).get("authorization")).toBe(`Bearer ${KEY}`);
    expect(asked[0]?.init?.redirect).toBe("manual");
  });

  it.each([
    ["wrong key", { code: "invalid_api_key", type: "invalid_request_error" }, "rejected"],
    ["error without a code", { message: "no" }, "rejected"],
    ["missing scope, named", { code: "missing_scope", type: "invalid_request_error" }, "restricted"],
    ["missing scope, as seen live", { code: null, type: "invalid_request_error" }, "restricted"],
  ])("CHECK-2 a 401 is a rejected key, unless it is for want of a scope: %s", async (_case, error, expected) => {
    expect(await refuses(401, error)).toBe(expected);
  });

  it("CHECK-2 a 401 whose body is no JSON is a rejected key", async () => {
    expect(await check(async () => new Response("<html>", { status: 401 }))).toBe("rejected");
    expect(await answers(401, null)).toBe("rejected");
    expect(await answers(401, { error: ["invalid_api_key"] })).toBe("rejected");
  });

  it("CHECK-3 a 403 is a restricted key, and says nothing of the key when it is about the region", async () => {
    expect(await refuses(403, { code: "insufficient_permissions" })).toBe("restricted");
    expect(await check(async () => new Response(null, { status: 403 }))).toBe("restricted");
    expect(await refuses(403, { code: "unsupported_country_region_territory" })).toBe("unverified");
  });

  it.each([
    [{ type: "insufficient_quota", code: "insufficient_quota" }],
    [{ type: "insufficient_quota", code: "a_code_of_tomorrow" }],
    [{ type: "requests", code: "credit_balance_exhausted" }],
    [{ type: "x", code: "organization_spend_limit_exceeded" }],
    [{ type: "x", code: "project_spend_limit_exceeded" }],
    [{ type: "x", code: "organization_usage_limit_exceeded" }],
  ])("CHECK-4 a 429 that is about money is no credit: %j", async (error) => {
    expect(await refuses(429, error)).toBe("no_credit");
  });

  it("CHECK-5 whatever does not answer the question leaves the key unverified", async () => {
    expect(await refuses(429, { type: "requests", code: "rate_limit_exceeded" })).toBe("unverified");
    for (const status of [204, 302, 400, 404, 408, 500, 502, 503]) {
      expect(await check(async () => new Response(null, { status }))).toBe("unverified");
    }
    expect(await check(() => Promise.reject(new TypeError(`fetch failed for ${KEY}`)))).toBe("unverified");
  });

  it("CHECK-6 reads no endless error", async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(4_096).fill(32));
      },
    });
    expect(await check(async () => new Response(endless, { status: 401 }))).toBe("rejected");
    expect(pulled).toBeLessThan(10);
  });

  describe("with time moved", () => {
    beforeEach(() => vi.useFakeTimers());
    afterEach(() => vi.useRealTimers());

    it("CHECK-7 ends after its time, even when the network ignores being aborted", async () => {
      let signal: AbortSignal | null | undefined;
      const verdict = check((_input, init) => {
        signal = init?.signal;
        return new Promise(() => {});
      });
      await vi.advanceTimersByTimeAsync(LIMITS.keyCheckMs - 1);
      expect(signal?.aborted).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(await verdict).toBe("unverified");
      expect(signal?.aborted).toBe(true);
    });

    it("CHECK-7 a body that never ends counts as no answer", async () => {
      const hanging = new ReadableStream<Uint8Array>();
      const verdict = check(async () => new Response(hanging, { status: 401 }));
      await vi.advanceTimersByTimeAsync(LIMITS.keyCheckMs);
      expect(await verdict).toBe("unverified");
    });

    it("CHECK-8 leaves no timer behind", async () => {
      await answers(200, {});
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});
