import { APIError } from "openai";
import { describe, expect, it } from "vitest";
import { readResponseEvent } from "../../src/model/response-events.ts";
import { traitsOf } from "../../src/model/text-models.ts";
import { reasonOfStreamError, upstreamFailureOf } from "../../src/model/upstream-failure.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";

const refusal = (status: number, error: object, headers: Record<string, string> = {}): unknown =>
  APIError.generate(status, { error }, undefined, new Headers(headers));

describe("what OpenAI refuses", () => {
  it.each([
    [400, { code: "unsupported_parameter", type: "invalid_request_error" }, "upstream_bad_request", false],
    [400, { code: "context_length_exceeded", type: "invalid_request_error" }, "upstream_bad_request", false],
    [401, { code: "invalid_api_key", type: "invalid_request_error" }, "key_rejected", false],
    [401, { code: "insufficient_permissions", type: "invalid_request_error" }, "key_restricted", false],
    [403, { code: "unsupported_country_region_territory" }, "region_unsupported", false],
    [403, { code: null }, "key_restricted", false],
    [404, { code: "model_not_found" }, "model_not_available", false],
    [408, {}, "upstream_timeout", true],
    [429, { code: "rate_limit_exceeded", type: "requests" }, "upstream_rate_limited", true],
    [429, { code: "slow_down" }, "upstream_rate_limited", true],
    [429, { code: "insufficient_quota", type: "insufficient_quota" }, "no_credit", false],
    [429, { code: "a_new_code", type: "insufficient_quota" }, "no_credit", false],
    [429, { code: "project_spend_limit_exceeded" }, "no_credit", false],
    [500, { code: "server_error" }, "upstream_unavailable", true],
    [503, { code: "server_is_overloaded" }, "upstream_unavailable", true],
  ] as const)("OPENAI-1 is told apart by status, code and type: %i %o is %s", (status, error, reason, isRetried) => {
    const failure = upstreamFailureOf(refusal(status, { message: "sk-CANARY is wrong", ...error }));
    expect(failure.reason).toBe(reason);
    expect(failure.retryAfterMs !== undefined).toBe(isRetried);
    expect(JSON.stringify(failure)).not.toContain("CANARY");
  });

  it("OPENAI-2 says when to ask again, in either of its headers", () => {
    const waitOf = (headers: Record<string, string>) =>
      upstreamFailureOf(refusal(429, { code: "rate_limit_exceeded" }, headers)).retryAfterMs;
    expect(waitOf({ "retry-after": "1" })).toBe(1_000);
    expect(waitOf({ "retry-after": "120" })).toBe(120_000);
    expect(waitOf({ "retry-after-ms": "150", "retry-after": "9" })).toBe(150);
    expect(waitOf({ "retry-after": "soon" })).toBe(300);
  });

  it("OPENAI-3 its request id is kept for the log only when it looks like one", () => {
    const id = (text: string) => upstreamFailureOf(refusal(500, {}, { "x-request-id": text })).upstreamRequestId;
    expect(id("req_abc123")).toBe("req_abc123");
    expect(id("sk-proj-CANARYCANARY")).toBeNull();
    expect(id("<script>")).toBeNull();
  });

  it("OPENAI-4 an error inside a stream is told apart by its code", () => {
    expect(reasonOfStreamError("insufficient_quota", "")).toBe("no_credit");
    expect(reasonOfStreamError("rate_limit_exceeded", "")).toBe("upstream_rate_limited");
    expect(reasonOfStreamError("server_error", "")).toBe("upstream_unavailable");
    expect(reasonOfStreamError("", "invalid_request_error")).toBe("upstream_bad_request");
  });
});

describe("an event of the Responses stream", () => {
  const read = (event: object) => readResponseEvent(JSON.stringify(event));

  it("OPENAI-5 is text, a tool call, an end, or means nothing to us", () => {
    expect(read({ type: "response.output_text.delta", delta: "Hi" })).toEqual({ type: "text", text: "Hi" });
    expect(read({ type: "response.refusal.delta", delta: "No" })).toEqual({ type: "text", text: "No" });
    const item = { type: "function_call", call_id: "call_1", name: "dice", arguments: "{}", status: "completed" };
    expect(read({ type: "response.output_item.done", item })).toEqual({
      type: "tool-call",
      toolCallId: "call_1",
      name: "dice",
      arguments: "{}",
    });
    expect(read({ type: "response.something.new", delta: "x" })).toEqual({ type: "ignored" });
  });

  it("OPENAI-6 brings the usage with its end, also when the answer is incomplete", () => {
    const usage = {
      input_tokens: 120,
      input_tokens_details: { cached_tokens: 100, cache_write_tokens: 8 },
      output_tokens: 30,
      output_tokens_details: { reasoning_tokens: 5 },
      total_tokens: 150,
    };
    for (const type of ["response.completed", "response.incomplete"]) {
      expect(read({ type, response: { usage } })).toEqual({
        type: "done",
        cut: type === "response.incomplete",
        source: { upstreamId: null, rawUsage: JSON.stringify(usage) },
        usage: {
          ...NO_USAGE,
          responses: 1,
          inputTokens: 120,
          cachedInputTokens: 100,
          cacheWriteTokens: 8,
          outputTokens: 30,
          reasoningTokens: 5,
        },
      });
    }
  });

  it.each([
    ["text", "hello"],
    ["an array", "[1]"],
    ["no type", "{}"],
    ["a delta that is no text", '{"type":"response.output_text.delta","delta":5}'],
    ["a deep nest", `{"a":${"[".repeat(200_000)}`],
    ["nothing", ""],
  ])("OPENAI-7 that cannot be read is unreadable and nothing worse: %s", (_what, data) => {
    expect(readResponseEvent(data)).toEqual({ type: "unreadable" });
  });

  it("OPENAI-8 usage that cannot be is not taken over", () => {
    const done = (usage: object) => read({ type: "response.completed", response: { usage } });
    expect(done({ input_tokens: -5, output_tokens: 1 })).toMatchObject({ type: "done", usage: null });
    const details = (fields: object) => done({ input_tokens: 10, output_tokens: 1, ...fields });
    const absurd = [
      details({ input_tokens: 1e12 }),
      details({ input_tokens: 1.5 }),
      details({ input_tokens: null }),
      details({ input_tokens_details: { cached_tokens: 99 } }),
      details({ input_tokens_details: { cached_tokens: 6, cache_write_tokens: 5 } }),
      details({ output_tokens_details: { reasoning_tokens: 2 } }),
    ];
    for (const event of absurd) expect(event).toMatchObject({ type: "done", usage: null, source: undefined });
  });

  it("OPENAI-60 what OpenAI wrote of a bill is kept as it was, and no words of anybody's with it", () => {
    const usage = { input_tokens: 10, output_tokens: 1, total_tokens: 11, service_tier: "default" };
    const event = read({
      type: "response.completed",
      response: { id: "resp_1", usage: { ...usage, note: "sk-Secret!" } },
    });
    expect(event).toMatchObject({ source: { upstreamId: "resp_1", rawUsage: JSON.stringify(usage) } });
    const failed = read({
      type: "response.failed",
      response: { id: "resp_2", usage, error: { code: "server_error" } },
    });
    expect(failed).toMatchObject({ type: "failed", usage: { inputTokens: 10 }, source: { upstreamId: "resp_2" } });
  });
});

describe("a text model", () => {
  it("OPENAI-9 is sent an effort only if it takes one, and the lowest", () => {
    expect(traitsOf("gpt-6-luna").effort).toBe("none");
    expect(traitsOf("gpt-5.6-terra").effort).toBe("none");
    expect(traitsOf("gpt-6-astra").effort).toBe("low");
    expect(traitsOf("gpt-6.1-sol-2026-09-29").effort).toBe("low");
    expect(traitsOf("gpt-4o-mini").effort).toBeUndefined();
    expect(traitsOf("a-model-of-tomorrow").effort).toBeUndefined();
  });
});
