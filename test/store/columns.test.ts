import { describe, expect, it } from "vitest";
import { storableJson, storableText } from "../../src/store/columns.ts";

describe("what PostgreSQL takes", () => {
  it("STORE-1 characters that PostgreSQL refuses become the replacement character", () => {
    expect(storableText("a\u0000b\ud800c😀")).toBe("a\ufffdb\ufffdc😀");
    expect(JSON.parse(storableJson({ "k\u0000": ["\udfff", "😀\n"] }))).toEqual({ "k\ufffd": ["\ufffd", "😀\n"] });
  });

  it("STORE-2 text that only looks like a refused character stays what it is", () => {
    for (const text of ["\\u0000", "\\\\u0000", "\\ud800", "C:\\users\\ud800"]) {
      expect(JSON.parse(storableJson(text))).toBe(text);
    }
  });
});
