import { expect, it } from "vitest";
import { spokenName, spokenPath } from "../../src/protocol/spoken-name.ts";

/** RFC 9923, FNV-1a of 64 bits. */
const VECTORS: readonly (readonly [text: string, name: string])[] = [
  ["", "cbf29ce484222325"],
  ["a", "af63dc4c8601ec8c"],
  ["foobar", "85944171f73967e8"],
];

it.each(VECTORS)('SPOKEN-13 the name of "%s" is %s', (text, name) => {
  expect(spokenName(text)).toBe(name);
  expect(spokenPath(text)).toBe(`/spoken/${name}.ulaw`);
});

it("SPOKEN-13 changed words have another name, which is always of 16 digits", () => {
  const names = Array.from({ length: 2_000 }, (_, index) => spokenName(`I'm sorry, this is sentence ${index}.`));
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^[0-9a-f]{16}$/.test(name))).toEqual([]);
});
