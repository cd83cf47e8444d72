import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { DEFAULT_TOOLS } from "../../src/protocol/agent-config.ts";
import { parseTools } from "../../src/protocol/tools.ts";

const fn = (fields: object = {}) => ({ name: "look_up", description: "Looks up", ...fields });
const read = (...tools: unknown[]) => parseTools(tools, LIMITS);

describe("a list of tools", () => {
  it("CFG-101 is read in the predecessor's form: a webhook where there is a URL, else a mock that answers", () => {
    expect(read({ type: "function", function: fn({ webhook_url: "https://example.com/hook" }) })).toMatchObject({
      ok: true,
      value: [{ name: "look_up", answer: { mode: "webhook", url: "https://example.com/hook", timeoutMs: 5_000 } }],
    });
    expect(read({ type: "function", function: fn() })).toMatchObject({
      ok: true,
      value: [{ answer: { mode: "mock", reply: { ok: true }, delayMs: 0, fails: false } }],
    });
  });

  it("CFG-102 of a new student works as it is", () => {
    expect(read(...DEFAULT_TOOLS)).toMatchObject({ ok: true });
  });

  it.each([
    ["no list", "x", "tools"],
    ["a tool that is no object", [5], "tools[0]"],
    ["no function", [{ type: "function" }], "tools[0].function"],
    ["another type", [{ type: "retrieval", function: fn() }], "tools[0].type"],
    ["a bad name", [{ function: fn({ name: "a b" }) }], "tools[0].function.name"],
    ["a name of JavaScript's", [{ function: fn({ name: "constructor" }) }], "tools[0].function.name"],
    ["__proto__", [{ function: fn({ name: "__proto__" }) }], "tools[0].function.name"],
    ["two of one name", [{ function: fn() }, { function: fn() }], "tools[1].function.name"],
    ["a long description", [{ function: fn({ description: "x".repeat(2_000) }) }], "tools[0].function.description"],
    ["a schema that is none", [{ function: fn({ parameters: [] }) }], "tools[0].function.parameters"],
    ["an array schema", [{ function: fn({ parameters: { type: "array" } }) }], "tools[0].function.parameters.type"],
    [
      "a regular expression",
      [{ function: fn({ parameters: { type: "object", properties: { a: { pattern: "^(a+)+$" } } } }) }],
      "tools[0].function.parameters",
    ],
    ["an unknown mode", [{ mode: "shell", function: fn() }], "tools[0].mode"],
    ["an unknown built-in", [{ mode: "builtin", builtin: "rm", function: fn() }], "tools[0].builtin"],
    [
      "an endless timeout",
      [{ timeoutMs: 1e9, function: fn({ webhook_url: "https://e.example" }) }],
      "tools[0].timeoutMs",
    ],
    ["a URL that is none", [{ function: fn({ webhook_url: "not a url" }) }], "tools[0].function.webhook_url"],
    ["a slow mock", [{ mock: { delayMs: 1e6 }, function: fn() }], "tools[0].mock.delayMs"],
    ["fillers that are no text", [{ fillers: [1], function: fn() }], "tools[0].fillers"],
  ])("CFG-103 with %s is refused, with the path of what is wrong", (_what, tools, path) => {
    expect(parseTools(tools, LIMITS)).toMatchObject({ ok: false, path });
  });

  it("CFG-104 has at most so many tools, so large and so deep", () => {
    const many = Array.from({ length: LIMITS.tools + 1 }, (_, index) => ({ function: fn({ name: `tool_${index}` }) }));
    expect(parseTools(many, LIMITS)).toMatchObject({ ok: false, path: "tools" });
    let deep: object = {};
    for (let level = 0; level < 10_000; level++) deep = { items: deep };
    expect(read({ function: fn({ parameters: deep }) })).toMatchObject({ ok: false });
    const wide = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [`field_${index}`, { type: "string" }]),
    );
    expect(read({ function: fn({ parameters: { type: "object", properties: wide } }) })).toMatchObject({ ok: false });
  });

  it("CFG-105 may have a property that is called pattern", () => {
    const parameters = { type: "object", properties: { pattern: { type: "string" } } };
    expect(read({ function: fn({ parameters }) })).toMatchObject({ ok: true });
  });
});
