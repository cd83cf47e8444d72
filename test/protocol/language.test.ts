import { expect, it } from "vitest";
import { languageCodeOf, parseLanguage } from "../../src/protocol/language.ts";

it.each([
  ["en", "en"],
  [" DE\n", "de"],
  ["pt-br", "pt-BR"],
  ["ES-419", "es-419"],
  ["zh-hant-tw", "zh-Hant-TW"],
  ["SR-LATN", "sr-Latn"],
])("CFG-106 the language %j is %s", (text, language) => {
  expect(parseLanguage(text)).toBe(language);
  expect(parseLanguage(language)).toBe(language);
  expect(languageCodeOf(language)).toBe(text.trim().slice(0, 2).toLowerCase());
});

it.each([
  ...["", " ", "-", "e", "xx", "jp", "cz", "gr", "eng", "english", "en_US", "en-", "en-USA", "en-US-", "en--US"],
  ...["en-x-private", "de-DE-1996", "en\nde", "en\u0000", "ｅｎ", "en-US,de", "*", "constructor", "e".repeat(100_000)],
])("CFG-107 %j is no language", (text) => {
  expect(parseLanguage(text)).toBeUndefined();
});

it("CFG-107 what is no text is no language, and nothing makes the reader throw", () => {
  for (const value of [undefined, null, 0, {}, ["en"], { toString: () => "en" }, Symbol("en"), 1n]) {
    expect(parseLanguage(value)).toBeUndefined();
  }
});

it("CFG-106 each code of ISO 639-1 is a language that has a name", () => {
  const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });
  const letters = "abcdefghijklmnopqrstuvwxyz".split("");
  const pairs = letters.flatMap((first) => letters.map((second) => first + second));
  const codes = pairs.filter((pair) => parseLanguage(pair) !== undefined);
  expect(codes).toHaveLength(183);
  expect(codes.filter((code) => names.of(code) === undefined)).toEqual([]);
  // Those that are named and not taken were withdrawn.
  expect(pairs.filter((pair) => names.of(pair) !== undefined && !codes.includes(pair))).toEqual([
    "bh",
    "in",
    "iw",
    "ji",
    "jw",
    "mo",
    "sh",
  ]);
});
