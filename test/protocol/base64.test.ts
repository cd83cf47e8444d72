import { describe, expect, it } from "vitest";
import { base64Bytes, isBase64 } from "../../src/protocol/base64.ts";
import { mulberry32 } from "../caller/mutations.ts";

const WHOLE = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

describe("base64", () => {
  it("BASE64-1 any character in any place is one of the 64, padding at the end, or none", () => {
    for (let code = 0; code < 0x300; code++) {
      for (let at = 0; at < 8; at++) {
        for (const rest of ["AAAAAAAA", "AAAAAAA=", "AAAAAA=="]) {
          const text = `${rest.slice(0, at)}${String.fromCharCode(code)}${rest.slice(at + 1)}`;
          expect([text, isBase64(text)]).toEqual([text, WHOLE.test(text)]);
        }
      }
    }
  });

  it("BASE64-1 nothing, half groups and too much padding are none", () => {
    for (const text of ["", "A", "AA", "AAA", "AAAAA", "====", "A===", "AA=A", "=AAA", "AAAA====", " AAA", "AAA\n"]) {
      expect([text, isBase64(text)]).toEqual([text, false]);
    }
  });

  it("BASE64-2 a part of a text is judged like a text of its own", () => {
    const text = 'x"AAAA/w=="y';
    for (let from = 0; from <= text.length; from++) {
      for (let to = 0; to <= text.length; to++) {
        expect([from, to, isBase64(text, from, to)]).toEqual([
          from,
          to,
          WHOLE.test(text.substring(from, Math.max(from, to))),
        ]);
      }
    }
  });

  it("BASE64-3 the bytes are those that it stands for", () => {
    const random = mulberry32(64);
    for (let length = 1; length < 200; length++) {
      const bytes = Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
      const text = bytes.toString("base64");
      expect(isBase64(text)).toBe(true);
      expect(base64Bytes(text)).toBe(length);
    }
  });
});
