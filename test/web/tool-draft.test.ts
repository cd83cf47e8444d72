import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import {
  draftOf,
  draftsOf,
  formOf,
  freeName,
  keptOf,
  nameOf,
  problemOf,
  settled,
  TOOL_LIMITS,
  type ToolDraft,
  textOf,
  tidied,
  withForm,
  withJson,
  withText,
} from "../../src/web/student/tool-draft.ts";

const STORED = {
  type: "function",
  function: {
    name: "check_stock",
    description: "How many are left.",
    parameters: { type: "object", properties: { item: { type: "string", maxLength: 20 } }, "x-mine": 1 },
    strict: true,
  },
  mode: "mock",
  mock: { reply: { left: 3 }, delayMs: 500, note: "mine" },
  colour: "red",
};
const HOST = "call.example.com";
const webhook = (url: string, name = "shop"): object => ({
  function: { name, webhook_url: url },
  mode: "webhook",
});
const problem = (json: unknown, others: readonly ToolDraft[] = [], host = HOST) => {
  const draft = draftOf(json);
  return problemOf(draft, [draft, ...others], host);
};

/** As the panel does it on every keystroke. */
const edited = (draft: ToolDraft): ToolDraft => settled(draft, problemOf(draft, [draft], HOST));

describe("a tool that is edited", () => {
  it("TOOLPAGE-1 what the form does not know survives every edit of the form", () => {
    const json = withForm(STORED, {
      name: "stock",
      description: "New.",
      fillers: ["Wait."],
      reply: { left: 0 },
      delayMs: 2_000,
      fails: true,
    });
    expect(json).toEqual({
      ...STORED,
      function: { ...STORED.function, name: "stock", description: "New." },
      mock: { reply: { left: 0 }, delayMs: 2_000, fails: true, note: "mine" },
      fillers: ["Wait."],
    });
    expect(STORED.function.name).toBe("check_stock");
  });

  it("TOOLPAGE-1 another mode leaves what the first was made of, so that one can go back", () => {
    const there = withForm(STORED, { mode: "webhook", url: "https://shop.example.com/stock", timeoutMs: 3_000 });
    expect(formOf(there)).toMatchObject({ mode: "webhook", url: "https://shop.example.com/stock", timeoutMs: 3_000 });
    const back = withForm(there, { mode: "mock" });
    expect(formOf(back)).toMatchObject({ mode: "mock", reply: { left: 3 }, delayMs: 500, fails: false });
  });

  it("TOOLPAGE-1 a form of JSON that has little in it shows what a call would make of it", () => {
    expect(formOf({ function: { name: "a", webhook_url: "https://a.example.com" } }).mode).toBe("webhook");
    expect(formOf({ function: { name: "a" }, builtin: "roll_dice" })).toMatchObject({
      mode: "builtin",
      builtin: "roll_dice",
    });
    expect(formOf("nonsense")).toMatchObject({ name: "", mode: "mock", reply: { ok: true }, delayMs: 0 });
  });

  it("TOOLPAGE-2 text that is JSON changes the form at once, and stays as it was typed", () => {
    const typed = '{"function":{"name":"b"},\n\n"mode":"mock"}';
    const draft = edited(withText(draftOf(STORED), typed));
    expect(formOf(draft.json).name).toBe("b");
    expect(textOf(draft)).toBe(typed);
    expect(draft.kept).toEqual({ function: { name: "b" }, mode: "mock" });
    expect(textOf(tidied(draft))).toBe(JSON.stringify(draft.json, null, 2));
  });

  it("TOOLPAGE-2 text that is no JSON is not saved, and says where it breaks; the form keeps the last good one", () => {
    const draft = edited(withText(draftOf(STORED), '{\n  "function": {\n    "name" "b"\n'));
    expect(problemOf(draft, [draft], HOST)).toEqual({ path: "", problem: "is not JSON yet: look at line 3" });
    expect(draft.kept).toEqual(STORED);
    expect(formOf(draft.json).name).toBe("check_stock");
    expect(tidied(draft)).toBe(draft);
    const list = edited(withText(draftOf(STORED), "[]"));
    expect(problemOf(list, [list], HOST)?.problem).toBe("must be an object");
    expect(list.json).toEqual(STORED);
  });

  it("TOOLPAGE-2 an edit of the form takes the place of text that was no JSON", () => {
    const broken = withText(draftOf(STORED), "{");
    const draft = edited(withJson(broken, withForm(broken.json, { name: "good" })));
    expect(problemOf(draft, [draft], HOST)).toBeNull();
    expect(textOf(draft)).toContain('"name": "good"');
  });

  it("TOOLPAGE-3 the first broken rule is told with its path, and the last good tool stays saved", () => {
    const draft = edited(withJson(draftOf(STORED), withForm(STORED, { name: "two words" })));
    expect(problemOf(draft, [draft], HOST)?.path).toBe("function.name");
    expect(keptOf([draft])).toEqual([STORED]);
    expect(problem({ ...STORED, mock: { delayMs: -1 } })?.path).toBe("mock.delayMs");
    expect(problem({ ...STORED, mode: "magic" })?.path).toBe("mode");
    expect(problem(7)).toEqual({ path: "", problem: "must be an object" });
  });

  it("TOOLPAGE-3 a name that another tool has, or is saved under, is taken", () => {
    const other = draftOf({ function: { name: "a" } });
    const renamed = withJson(other, { function: { name: "b" } });
    expect(problem({ function: { name: "a" } }, [other])).toEqual({
      path: "function.name",
      problem: "is used by another tool",
    });
    expect(problem({ function: { name: "a" } }, [renamed])).not.toBeNull();
    expect(problem({ function: { name: "b" } }, [renamed])).not.toBeNull();
    expect(problem({ function: { name: "c" } }, [renamed])).toBeNull();
    expect(freeName("a", [renamed])).toBe("a_2");
    expect(freeName("c", [renamed])).toBe("c");
    expect(freeName("x".repeat(64), [draftOf({ function: { name: "x".repeat(64) } })])).toBe(`${"x".repeat(60)}_2`);
  });

  it("TOOLPAGE-4 a webhook's address is refused where a call would refuse it", () => {
    expect(problem(webhook("http://shop.example.com"))).toEqual({
      path: "function.webhook_url",
      problem: "needs https",
    });
    expect(problem(webhook("https://192.168.0.7/x"))?.problem).toBe("must name a host, not an address");
    expect(problem(webhook(`https://${HOST}/x`))?.problem).toBe("may not point back at this server");
    expect(problem(webhook("https://shop.example.com/x"))).toBeNull();
    // On a developer's machine the server decides.
    expect(problem(webhook("http://127.0.0.1:9000/x"), [], "127.0.0.1")).toBeNull();
    expect(problem(webhook("http://127.0.0.1:9000/x"))?.problem).toBe("needs https");
  });

  it("TOOLPAGE-4 the page goes by the limits of the server", () => {
    const { toolDefaultMs, toolMaxMs, urlCharacters, schemaDepth, schemaCharacters } = LIMITS;
    expect(TOOL_LIMITS).toEqual({ toolDefaultMs, toolMaxMs, urlCharacters, schemaDepth, schemaCharacters });
  });
});

describe("the list of tools", () => {
  it("TOOLPAGE-5 a stored tool that cannot be read is kept as it is", () => {
    const drafts = draftsOf([{ name: "of another time" }, STORED], []);
    expect(drafts.map(({ kept }) => kept)).toEqual([{ name: "of another time" }, STORED]);
    expect(drafts.map((draft) => problemOf(draft, drafts, HOST) === null)).toEqual([false, true]);
    expect(nameOf(drafts[0]?.json)).toBe("");
  });

  it("TOOLPAGE-5 what changes on the server leaves an edit that is not saved as it is", () => {
    const [first, second] = draftsOf([STORED, webhook("https://a.example.com/", "a")], []);
    if (!first || !second) throw new Error("two were stored");
    const typing = withText(first, "{");
    const pushed = { function: { name: "pushed" } };
    const after = draftsOf([pushed, STORED], [typing, second]);
    expect(after.map(({ kept }) => kept)).toEqual([pushed, STORED]);
    expect(after[1]).toBe(typing);
    const reordered = Object.fromEntries(Object.entries(STORED).toReversed());
    expect(JSON.stringify(reordered)).not.toBe(JSON.stringify(STORED));
    expect(draftsOf([reordered], [typing])).toEqual([typing]);
    const never = { ...draftOf({}), kept: undefined };
    expect(draftsOf([STORED], [typing, never])).toEqual([typing, never]);
    expect(keptOf([typing, never])).toEqual([STORED]);
  });
});
