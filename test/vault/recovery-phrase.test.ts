import { wordlist } from "@scure/bip39/wordlists/english.js";
import { describe, expect, it } from "vitest";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import {
  isKnownDigest,
  newRecoveryPhrase,
  readRecoveryPhrase,
  recoveryDigest,
  recoveryDigests,
} from "../../src/vault/recovery-phrase.ts";

const OLD = "1a".repeat(16) + "2b".repeat(16);
const NEW = "3c".repeat(16) + "4d".repeat(16);
const crypto6 = (count: number) => crypto.getRandomValues(new Uint8Array(count));

describe("recovery phrases", () => {
  it("ME-1 a phrase is four words of the list, made of 44 random bits", () => {
    const bytes = Uint8Array.of(0xff, 0xf0, 0, 0, 0, 3);
    // From the low end: 3, then twice 0, then the upper bits that are left of 44.
    expect(newRecoveryPhrase(() => bytes)).toBe([wordlist[3], wordlist[0], wordlist[0], wordlist[0x7f8]].join(" "));
    const phrases = new Set(Array.from({ length: 500 }, () => newRecoveryPhrase(crypto6)));
    expect(phrases.size).toBe(500);
    for (const phrase of phrases) {
      const words = phrase.split(" ");
      expect(words).toHaveLength(4);
      expect(words.filter((word) => !wordlist.includes(word))).toEqual([]);
    }
    expect(() => newRecoveryPhrase(() => new Uint8Array(5))).toThrow(RangeError);
  });

  it("ME-2 a phrase is read in any case, with anything between its words, and by four letters of each", () => {
    const phrase = "maple river candy act";
    for (const typed of [
      phrase,
      "  MAPLE   River\tcandy\nACT ",
      "maple-river-candy-act",
      "1. maple, 2. river, 3. candy, 4. act.",
      "maplle river candies act",
      "maplewood riverside candycane act",
      "ｍａｐｌｅ river candy act",
    ]) {
      expect([typed, readRecoveryPhrase(typed)]).toEqual([typed, { phrase }]);
    }
    // Every word of the list is read as itself, those of three letters too.
    for (let at = 0; at < wordlist.length; at += 4) {
      const four = wordlist.slice(at, at + 4).join(" ");
      expect(readRecoveryPhrase(four.toUpperCase())).toEqual({ phrase: four });
    }
  });

  it("ME-3 what is no phrase is told apart: by the number of its words, or by the word", () => {
    for (const typed of ["", "maple", "maple river candy", "maple river candy act act", "a ".repeat(400), "1 2 3 4"]) {
      expect([typed, readRecoveryPhrase(typed)]).toEqual([typed, { problem: "not-four-words" }]);
    }
    expect(readRecoveryPhrase("maple rivvr candy act")).toEqual({ problem: "unknown-word", position: 2 });
    expect(readRecoveryPhrase("maple river candy act act")).toEqual({ problem: "not-four-words" });
    expect(readRecoveryPhrase("maple river candy acts")).toEqual({ problem: "unknown-word", position: 4 });
  });

  it("ME-4 the digest of a phrase holds nothing of it, and is another under each master key", async () => {
    const phrase = "maple river candy act";
    const before = await loadMasterKeys(OLD, []);
    const rotated = await loadMasterKeys(NEW, [OLD]);
    const kept = await recoveryDigest(before, phrase);
    expect(kept).toMatch(/^[0-9a-f]{8}:[A-Za-z0-9_-]{43}$/);
    for (const word of phrase.split(" ")) expect(kept).not.toContain(word);
    expect(await recoveryDigest(before, phrase)).toBe(kept);
    expect(await recoveryDigest(before, "maple river candy actor")).not.toBe(kept);
    expect(await recoveryDigests(rotated, phrase)).toEqual([await recoveryDigest(rotated, phrase), kept]);
    expect((await recoveryDigest(rotated, phrase)) === kept).toBe(false);
  });

  it("ME-5 a phrase outlives the rotation of the master key, and ends with the key that it was made under", async () => {
    const before = await loadMasterKeys(OLD, []);
    const kept = await recoveryDigest(before, "maple river candy act");
    expect(isKnownDigest(before, kept)).toBe(true);
    expect(isKnownDigest(await loadMasterKeys(NEW, [OLD]), kept)).toBe(true);
    expect(isKnownDigest(await loadMasterKeys(NEW, []), kept)).toBe(false);
    expect(isKnownDigest(before, "")).toBe(false);
  });
});
