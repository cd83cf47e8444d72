/* oxlint-disable typescript/restrict-template-expressions, typescript/no-misused-spread, typescript/unbound-method --
   handling a key wrongly is what these tests do */
import { format, inspect } from "node:util";
import { serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { ApiKey } from "../../src/vault/api-key.ts";

const CANARY = "sk-proj-CANARY_q7Zk2Wm9-Xv4Tb8Rn1Lc6Hd3";

const parsed = (text: string): ApiKey => {
  const key = ApiKey.parse(text);
  if (!key) throw new Error("not a key");
  return key;
};

/** Whether any 8 characters of the key in a row are to be seen, in clear or encoded. */
function leaks(seen: string): boolean {
  const forms = [CANARY, encodeURIComponent(CANARY), Buffer.from(CANARY).toString("hex")];
  for (let skipped = 0; skipped < 3; skipped += 1) {
    forms.push(Buffer.from(CANARY.slice(skipped)).toString("base64").replace(/=+$/, ""));
  }
  return forms.some((form) => {
    for (let at = 0; at + 8 <= form.length; at += 1) if (seen.includes(form.slice(at, at + 8))) return true;
    return false;
  });
}

describe("what is an API key", () => {
  it("KEY-11 An API key is sk- and printable ASCII, white space around it removed.", () => {
    for (const text of [CANARY, "sk-a", `sk-${"x".repeat(509)}`, "sk-svcacct-Ab_9", "sk-~!#", "sk-administrator"]) {
      expect(parsed(text).use((clear) => clear)).toBe(text);
      expect(parsed(` \t${text}\r\n`).use((clear) => clear)).toBe(text);
    }
  });

  it("KEY-11 Everything else is no API key, and an admin key is not one either.", () => {
    const strangers: unknown[] = [
      undefined,
      null,
      "",
      "sk-",
      "SK-abcdefgh",
      "pk-abcdefgh",
      "Bearer sk-abcdefgh",
      "sk-abc def",
      "sk-abc\ndef",
      "sk-abc\u0000def",
      "sk-abc\u007f",
      "sk-é漢",
      `sk-${"x".repeat(510)}`,
      "sk-admin-abcdefgh",
      " sk-admin-abcdefgh",
      42,
      true,
      ["sk-abcdefgh"],
      { toString: () => "sk-abcdefgh" },
      new String("sk-abcdefgh"),
    ];
    for (const stranger of strangers) expect(ApiKey.parse(stranger), inspect(stranger)).toBeUndefined();
  });

  it("KEY-11 The hint is the last four characters, and never most of a short key.", () => {
    expect(parsed(CANARY).hint).toBe("6Hd3");
    expect(parsed("sk-12345678").hint).toBe("5678");
    expect(parsed("sk-1234567").hint).toBe("567");
    expect(parsed("sk-12").hint).toBe("2");
    expect(parsed("sk-1").hint).toBe("");
  });
});

describe("what can be seen of an API key", () => {
  it("KEY-12 A key in text, JSON or inspection is [redacted].", () => {
    const key = parsed(CANARY);
    expect(`${key}`).toBe("[redacted]");
    expect(String(key)).toBe("[redacted]");
    // biome-ignore lint/style/useTemplate: concatenation is another path than a template
    expect("" + key).toBe("[redacted]");
    expect(key.toString()).toBe("[redacted]");
    expect(JSON.stringify({ key, list: [key] })).toBe('{"key":"[redacted]","list":["[redacted]"]}');
    expect(inspect(key)).toBe("[redacted]");
    expect(inspect({ deep: { key } })).toContain("[redacted]");
    expect(format("%s %o %O %j", key, key, key, key)).toBe('[redacted] [redacted] [redacted] "[redacted]"');
  });

  it("KEY-12 No way of looking at an object that holds a key shows any of it.", () => {
    const key = parsed(CANARY);
    class Holder {
      readonly key = key;
      readonly map = new Map([[key, key]]);
      readonly nested = { list: [key], error: new Error(`failed with ${key}`, { cause: key }) };
    }
    const holder = new Holder();
    const looks = [
      inspect(holder, { showHidden: true, depth: null, getters: true }),
      inspect(holder, { showHidden: true, depth: null, getters: true, customInspect: false, showProxy: true }),
      inspect(new Proxy(key, {}), { showProxy: true, showHidden: true }),
      JSON.stringify(holder),
      JSON.stringify(Object.getOwnPropertyDescriptors(key)),
      JSON.stringify(structuredClone(key)),
      JSON.stringify({ ...key }),
      Reflect.ownKeys(key).map(String).join(),
      Object.values(key).join(),
      serialize(structuredClone(key)).toString("latin1"),
      serialize(key).toString("latin1"),
      format("%s %o %O %j %d %i", key, holder, holder, holder, key, key),
      holder.nested.error.stack ?? "",
      inspect(key.use),
      key.use.toString(),
    ];
    expect(looks.filter(leaks)).toEqual([]);
    expect(leaks(inspect({ key: CANARY }))).toBe(true);
  });

  it("KEY-12 A key cannot be made or changed from outside.", () => {
    const key = parsed(CANARY);
    expect(Object.isFrozen(key)).toBe(true);
    expect(Reflect.set(key, "toString", () => "x")).toBe(false);
    expect(() => ApiKey.prototype.use.call({}, (clear) => clear)).toThrow(TypeError);
  });

  it("KEY-12 A use gets the clear key and gives back its result; what it throws goes through.", () => {
    const key = parsed(CANARY);
    expect(key.use((clear) => clear.length)).toBe(CANARY.length);
    expect(() =>
      key.use(() => {
        throw new RangeError("of the use");
      }),
    ).toThrow(new RangeError("of the use"));
  });
});
