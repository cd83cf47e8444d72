import OpenAI, { AuthenticationError, NotFoundError, PermissionDeniedError, RateLimitError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OpenAiStandin, startOpenAiStandin } from "./openai.ts";
import { KEY, post, type Refused, refusedBy } from "./openai-asking.ts";

const AT_ONCE = { ttftMs: 0, tokensPerSecond: 0 } as const;
const TODAY = Date.parse("2026-11-22T12:00:00Z");
const MODEL = "gpt-6-luna";
const GOOD = { model: MODEL, reasoning: { effort: "none" }, input: "hi", store: false };
const CHAT = { model: "gpt-4o", messages: [{ role: "user", content: "hi" }] };
const TOOL = { type: "function", name: "look_up", parameters: { type: "object", properties: {} } };
const NESTED = { type: "function", function: { name: "look_up", parameters: { type: "object", properties: {} } } };

let standin: OpenAiStandin;
let today = TODAY;
beforeAll(async () => {
  standin = await startOpenAiStandin({ ...AT_ONCE, today: () => today, bodyBytes: 64 * 1024 });
});
afterAll(() => standin.close());

const responses = async (body: unknown, key = KEY): Promise<Refused> =>
  refusedBy(await post(standin, "/responses", body, key));
const chat = async (body: unknown, key = KEY): Promise<Refused> =>
  refusedBy(await post(standin, "/chat/completions", body, key));
const clientOf = (apiKey: string): OpenAI =>
  new OpenAI({ apiKey, baseURL: standin.baseUrl, maxRetries: 0, logLevel: "off" });
const models = (key: string) => fetch(`${standin.baseUrl}/models`, { headers: { authorization: `Bearer ${key}` } });

describe("keys", () => {
  it.each(["sk-rejected-0123456789abcd", "sk-proj-WRONG-0123456789abcd", "sk-invalid-key-0000abcd"])(
    "STANDIN-2 does not know %s, on any route, and echoes only its ends",
    async (key) => {
      for (const refused of [await refusedBy(await models(key)), await responses(GOOD, key), await chat(CHAT, key)]) {
        expect(refused.status).toBe(401);
        expect(refused.error).toEqual({
          message: `Incorrect API key provided: ${key.slice(0, 8)}${"*".repeat(key.length - 12)}${key.slice(-4)}. You can find your API key at https://platform.openai.com/account/api-keys.`,
          type: "invalid_request_error",
          param: null,
          code: "invalid_api_key",
        });
        expect(refused.headers.get("x-request-id")).toMatch(/^req_/);
      }
      await expect(clientOf(key).models.list()).rejects.toBeInstanceOf(AuthenticationError);
    },
  );

  it.each(["sk-short", "no-prefix-0123456789"])("STANDIN-2 does not know %s, which is no key at all", async (key) => {
    expect((await refusedBy(await models(key))).error.code).toBe("invalid_api_key");
  });

  it("STANDIN-2 asks for a key where there is none", async () => {
    const refused = await refusedBy(await fetch(`${standin.baseUrl}/models`));
    expect([refused.status, refused.error.code]).toEqual([401, null]);
    expect(refused.error.message).toBe("Missing bearer or basic authentication in header");
  });

  it("STANDIN-2 lists the models for a key without credit, and refuses what costs", async () => {
    const key = "sk-nocredit-0123456789";
    expect((await clientOf(key).models.list()).data.map(({ id }) => id)).toContain(MODEL);
    for (const refused of [await responses(GOOD, key), await chat(CHAT, key)]) {
      expect([refused.status, refused.error.type, refused.error.code]).toEqual([
        429,
        "insufficient_quota",
        "insufficient_quota",
      ]);
      expect(refused.headers.get("retry-after")).toBeNull();
    }
    await expect(clientOf(key).responses.create({ model: MODEL, input: "hi" })).rejects.toBeInstanceOf(RateLimitError);
  });

  it("STANDIN-2 tells a restricted key which scope it lacks, 403 for the list and 401 for answers", async () => {
    for (const key of ["sk-restricted-0123456789", "sk-admin-0123456789"]) {
      const listed = await refusedBy(await models(key));
      expect([listed.status, listed.error.code]).toEqual([403, null]);
      expect(listed.error.message).toContain("Missing scopes: api.model.read.");
      const asked = await responses(GOOD, key);
      expect([asked.status, asked.error.code]).toEqual([401, "missing_scope"]);
      expect(asked.error.message).toContain("Missing scopes: api.responses.write.");
      expect((await chat(CHAT, key)).error.message).toContain("Missing scopes: model.request.");
    }
    await expect(clientOf("sk-restricted-0123456789").models.list()).rejects.toBeInstanceOf(PermissionDeniedError);
  });

  it("STANDIN-2 answers for a key that may do all but list the models", async () => {
    const key = "sk-nolist-0123456789";
    expect((await models(key)).status).toBe(403);
    expect((await post(standin, "/responses", GOOD, key)).status).toBe(200);
  });

  it("STANDIN-2 asks a rate-limited key to wait a second, once", async () => {
    const key = "sk-ratelimit-0123456789";
    const refused = await responses(GOOD, key);
    expect([refused.status, refused.error.type, refused.error.code]).toEqual([429, "requests", "rate_limit_exceeded"]);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect((await post(standin, "/responses", GOOD, key)).status).toBe(200);
    expect((await responses(GOOD, "sk-ratelimit-another-key")).status).toBe(429);
  });

  it("STANDIN-2 knows only the keys it was given, when it was given some", async () => {
    const strict = await startOpenAiStandin({
      ...AT_ONCE,
      keys: new Map([
        ["sk-student-a-0001", "works"],
        ["sk-student-b-0002", "no-credit"],
      ]),
    });
    const statuses = ["sk-student-a-0001", "sk-student-b-0002", "sk-student-c-0003"].map(
      async (key) => (await post(strict, "/responses", GOOD, key)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 429, 401]);
    await strict.close();
  });
});

describe("models", () => {
  it("STANDIN-4 refuses models that never were, are shut down, or are none for text", async () => {
    const refused = await responses({ ...GOOD, model: "gpt-99" });
    expect([refused.status, refused.error.code]).toEqual([404, "model_not_found"]);
    expect(refused.error.message).toBe("The model `gpt-99` does not exist or you do not have access to it.");
    for (const model of ["gpt-4.1-nano", "gpt-3.5-turbo", "gpt-realtime-2.1"]) {
      expect(await chat({ ...CHAT, model })).toMatchObject({ status: 404, error: { code: "model_not_found" } });
    }
    await expect(clientOf(KEY).responses.create({ model: "gpt-4-turbo", input: "hi" })).rejects.toBeInstanceOf(
      NotFoundError,
    );
  });

  it("STANDIN-4 shuts a model down on its day and not before", async () => {
    const request = { model: "gpt-4o-mini", input: "hi" };
    today = Date.parse("2027-01-13T23:59:59Z");
    expect((await post(standin, "/responses", request)).status).toBe(200);
    today = Date.parse("2027-01-14T00:00:00Z");
    expect((await responses(request)).error.message).toContain("has been deprecated");
    today = TODAY;
  });

  it("STANDIN-4 lists what can still be used, with the day it ends", async () => {
    const { data } = await clientOf(KEY).models.list();
    const ends = new Map(data.map(({ id, shutdown_date }) => [id, shutdown_date]));
    expect(ends.get(MODEL)).toBeNull();
    expect(ends.get("gpt-4o")).toBe("2027-01-14");
    expect(ends.has("gpt-4.1-nano")).toBe(false);
    expect(await clientOf(KEY).models.retrieve("gpt-4o-2024-11-20")).toMatchObject({ id: "gpt-4o", object: "model" });
    await expect(clientOf(KEY).models.retrieve("gpt-99")).rejects.toBeInstanceOf(NotFoundError);
  });

  it.each([
    ["gpt-6-luna", undefined, 400],
    ["gpt-6-luna", "low", 400],
    ["gpt-5.6-terra", "max", 400],
    ["gpt-6-luna", "none", 200],
    ["gpt-5.4", undefined, 200],
    ["gpt-5.4", "low", 400],
    ["gpt-6-astra", undefined, 400],
    ["gpt-4o", undefined, 200],
  ])("STANDIN-4 Chat Completions with tools, %s and effort %s: %i", async (model, reasoning_effort, status) => {
    const response = await post(standin, "/chat/completions", { ...CHAT, model, reasoning_effort, tools: [NESTED] });
    expect(response.status).toBe(status);
    if (status === 200) return;
    const { error } = await refusedBy(response);
    expect([error.param, error.code]).toEqual(["reasoning_effort", null]);
    expect(error.message).toContain(
      `Function tools with reasoning_effort are not supported for ${model} in /v1/chat/completions.`,
    );
  });

  it.each([
    [{ model: MODEL, temperature: 0.7 }, "temperature", "unsupported_parameter"],
    [{ model: MODEL, reasoning: { effort: "low" }, top_p: 0.5 }, "top_p", "unsupported_parameter"],
    [{ model: "gpt-4o", reasoning: { effort: "low" } }, "reasoning.effort", "unsupported_parameter"],
    [{ model: "gpt-4.1-mini", reasoning: { effort: "none" } }, "reasoning.effort", "unsupported_parameter"],
    [{ model: "gpt-6-astra", reasoning: { effort: "none" } }, "reasoning.effort", "unsupported_value"],
    [{ model: MODEL, reasoning: { effort: "minimal" } }, "reasoning.effort", "unsupported_value"],
    [{ model: MODEL, reasoning: { effort: "huge" } }, "reasoning.effort", "invalid_value"],
    [{ model: "gpt-4o", include: ["reasoning.encrypted_content"] }, "include", null],
  ])("STANDIN-4 Responses refuses %j", async (body, param, code) => {
    const { status, error } = await responses({ input: "hi", ...body });
    expect([status, error.param, error.code]).toEqual([400, param, code]);
  });

  it("STANDIN-4 takes a temperature where the model does not think", async () => {
    for (const body of [
      { ...GOOD, temperature: 0.7 },
      { model: "gpt-4o", input: "hi", temperature: 0.7 },
    ]) {
      expect((await post(standin, "/responses", body)).status).toBe(200);
    }
  });
});

describe("requests", () => {
  const user = { role: "user", content: "hi" };
  const call = { type: "function_call", call_id: "call_1", name: "look_up", arguments: "{}" };
  const output = { type: "function_call_output", call_id: "call_1", output: "7" };

  it.each<[string, object, string | null, string | null, string]>([
    ["Chat's nested tools", { tools: [NESTED] }, "tools[0].name", "missing_required_parameter", "Missing required"],
    ["an unknown parameter", { frobnicate: 1 }, "frobnicate", "unknown_parameter", "Unknown parameter: 'frobnicate'."],
    ["Chat's messages", { messages: [] }, null, "unsupported_parameter", "has moved to 'input'"],
    ["Chat's effort", { reasoning_effort: "low" }, null, "unsupported_parameter", "has moved to 'reasoning.effort'"],
    ["no input", { input: undefined }, "input", "missing_required_parameter", "'input'"],
    ["no model", { model: undefined }, "model", "missing_required_parameter", "'model'"],
    ["a wrong type", { input: 7 }, "input", "invalid_type", "but got an integer instead"],
    ["an unknown role", { input: [{ role: "robot", content: "hi" }] }, "input[0].role", "invalid_value", "'robot'"],
    ["an unknown item", { input: [{ type: "memo" }] }, "input[0].type", "invalid_value", "'memo'"],
    ["an unknown item field", { input: [{ ...user, at: 1 }] }, "input[0].at", "unknown_parameter", "input[0].at"],
    [
      "input parts of an assistant",
      { input: [{ role: "assistant", content: [{ type: "input_text", text: "hi" }] }] },
      "input[0].content[0]",
      "invalid_value",
      "'output_text' and 'refusal'",
    ],
    ["an output without its call", { input: [user, output] }, "input", null, "No tool call found"],
    ["an output before its call", { input: [user, output, call] }, "input", null, "No tool call found"],
    ["a call without output", { input: [user, call] }, "input", null, "No tool output found for function call call_1."],
    [
      "a long call id",
      { input: [{ ...call, call_id: "c".repeat(65) }] },
      "input[0].call_id",
      "string_above_max_length",
      "64",
    ],
    ["a foreign item id", { input: [user, { ...call, id: "call_1" }, output] }, "input[1].id", "invalid_value", "'fc'"],
    ["too small a cap", { max_output_tokens: 5 }, "max_output_tokens", "integer_below_min_value", ">= 16"],
    ["a bad tool name", { tools: [{ ...TOOL, name: "look up" }] }, "tools[0].name", "invalid_value", "pattern"],
    [
      "a schema that is no object",
      { tools: [{ ...TOOL, parameters: { type: "string" } }] },
      "tools[0].parameters",
      "invalid_function_parameters",
      "got 'type: \"string\"'",
    ],
    [
      "a strict schema that is not closed",
      { tools: [{ ...TOOL, strict: true }] },
      "tools[0].parameters",
      "invalid_function_parameters",
      "'additionalProperties' is required",
    ],
    [
      "a strict schema with an optional property",
      {
        tools: [
          {
            ...TOOL,
            strict: true,
            parameters: { type: "object", properties: { q: {} }, required: [], additionalProperties: false },
          },
        ],
      },
      "tools[0].parameters",
      "invalid_function_parameters",
      "Missing 'q'",
    ],
    ["too many tools", { tools: Array(129).fill(TOOL) }, "tools", "array_above_max_length", "129"],
    [
      "a choice of no tool",
      { tool_choice: { type: "function", name: "x" } },
      "tool_choice",
      null,
      "not found in 'tools'",
    ],
    [
      "a previous response",
      { previous_response_id: "resp_1" },
      "previous_response_id",
      "previous_response_not_found",
      "resp_1",
    ],
    ["a long cache key", { prompt_cache_key: "k".repeat(65) }, "prompt_cache_key", "string_above_max_length", "65"],
    [
      "a reasoning item alone",
      { input: [{ type: "reasoning", id: "rs_1", summary: [], encrypted_content: "x" }, user] },
      "input",
      null,
      "without its required following item",
    ],
    ["what is not played", { background: true }, "background", "standin_unsupported", "stand-in"],
  ])("STANDIN-3 Responses refuses %s", async (_, change, param, code, words) => {
    const { status, error } = await responses({ ...GOOD, ...change });
    expect([status, error.type, error.param, error.code]).toEqual([400, "invalid_request_error", param, code]);
    expect(error.message).toContain(words);
  });

  it("STANDIN-3 cannot find a reasoning item that was not kept", async () => {
    const reasoning = { type: "reasoning", id: "rs_1", summary: [] };
    const refused = await responses({ ...GOOD, input: [user, reasoning, call, output] });
    expect([refused.status, refused.error.param]).toEqual([404, "input"]);
    expect(refused.error.message).toContain("Item with id 'rs_1' not found.");
    const given = { ...reasoning, encrypted_content: "gAAAA" };
    expect((await post(standin, "/responses", { ...GOOD, input: [user, given, call, output] })).status).toBe(200);
  });

  it.each<[string, object, string | null, string | null, string]>([
    ["an unknown parameter", { instructions: "x" }, null, null, "Unrecognized request argument supplied: instructions"],
    ["no model", { model: undefined }, null, null, "you must provide a model parameter"],
    ["no messages", { messages: undefined }, "messages", "missing_required_parameter", "'messages'"],
    ["flat tools", { tools: [TOOL] }, "tools[0].function", "missing_required_parameter", "tools[0].function"],
    [
      "max_tokens of a thinking model",
      { model: MODEL, max_tokens: 5 },
      "max_tokens",
      "unsupported_parameter",
      "max_completion_tokens",
    ],
    [
      "effort of a plain model",
      { reasoning_effort: "low" },
      "reasoning_effort",
      "unsupported_parameter",
      "reasoning_effort",
    ],
    [
      "temperature of a thinking model",
      { model: MODEL, temperature: 0 },
      "temperature",
      "unsupported_parameter",
      "temperature",
    ],
    ["stream options without a stream", { stream_options: {} }, "stream_options", null, "only allowed when 'stream'"],
    [
      "a tool message without call",
      { messages: [user, { role: "tool", tool_call_id: "call_1", content: "7" }] },
      "messages.[1].role",
      null,
      "must be a response to a preceeding message",
    ],
    [
      "a call without tool message",
      {
        messages: [
          user,
          {
            role: "assistant",
            tool_calls: [{ id: "call_1", type: "function", function: { name: "x", arguments: "{}" } }],
          },
          user,
        ],
      },
      "messages.[2].role",
      null,
      "did not have response messages: call_1",
    ],
  ])("STANDIN-3 Chat Completions refuses %s", async (_, change, param, code, words) => {
    const { status, error } = await chat({ ...CHAT, ...change });
    expect([status, error.type, error.param, error.code]).toEqual([400, "invalid_request_error", param, code]);
    expect(error.message).toContain(words);
  });

  it("STANDIN-3 refuses what is no JSON, says so wrongly, or is too big", async () => {
    expect((await responses("{half")).error.message).toContain("We could not parse the JSON body of your request.");
    expect((await responses('["a list"]')).status).toBe(400);
    const headers = { authorization: `Bearer ${KEY}`, "content-type": "text/plain" };
    const plain = await fetch(`${standin.baseUrl}/responses`, { method: "POST", headers, body: "{}" });
    expect((await refusedBy(plain)).error.code).toBe("unsupported_content_type");
    const big = await responses({ ...GOOD, input: "x".repeat(64 * 1024) });
    expect([big.status, big.error.type]).toEqual([413, "server_error"]);
    expect(big.error.message).toContain("Maximum content size limit (65536) exceeded");
  });

  it("STANDIN-3 refuses addresses and methods it does not have", async () => {
    const speech = await refusedBy(await post(standin, "/audio/speech", {}));
    expect([speech.status, speech.error.message]).toEqual([404, "Invalid URL (POST /v1/audio/speech)"]);
    const posted = await refusedBy(await post(standin, "/models", {}));
    expect([posted.status, posted.error.code]).toEqual([405, "method_not_supported"]);
    expect((await fetch(`${standin.baseUrl}/responses`)).status).toBe(405);
  });
});
