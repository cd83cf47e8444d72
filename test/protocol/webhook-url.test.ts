import { describe, expect, it } from "vitest";
import { webhookUrlProblem } from "../../src/protocol/webhook-url.ts";

const RULES = { urlCharacters: 2_048, ownHost: "callroom.example", standinOrigin: undefined };

/** Ways to write an address inside, or to hide one, that URL parsers are known to take. */
const INWARD = [
  "http://example.com/hook",
  "ftp://example.com/",
  "https://example.com:8443/",
  "https://user@example.com/",
  "https://user:pw@example.com/",
  "https://@example.com/",
  "https://127.0.0.1/",
  "https://2130706433/",
  "https://0x7f.1/",
  "https://127.1/",
  "https://017700000001/",
  "https://0/",
  "https://①②⑦.⓪.⓪.①/",
  "https://[::1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[fd00::1]/",
  "https://169.254.169.254/latest/meta-data/",
  "https://10.0.0.1/",
  "https://localhost/",
  "https://localhost./",
  "https://example.com./",
  "https://intranet/",
  "https://printer.local/",
  "https://db.internal/",
  "https://router.home.arpa/",
  "https://a.localhost/",
  "https://callroom.example/api/me",
  "https://CALLROOM.example/",
  "https://127.0.0.1:80\\@example.com/",
  "https://example.com@127.0.0.1/",
  "https://exa\tmple.com/",
  " https://example.com/",
  "https://example.com/\u0000",
  "javascript:alert(1)",
  "data:text/plain,hi",
  "file:///etc/passwd",
  "//example.com/",
  "example.com",
  "",
  `https://example.com/${"a".repeat(2_100)}`,
];

describe("a webhook's URL", () => {
  it.each(INWARD)("HOOK-1 that points inward, is hidden or is none is refused: %j", (url) => {
    expect(webhookUrlProblem(url, RULES)).toEqual(expect.any(String));
  });

  it.each([
    "https://example.com/hook",
    "https://hooks.example.com/a?b=c#d",
    "https://bücher.example/",
    "https://1.example.com/",
  ])("HOOK-2 of a public host is taken: %s", (url) => {
    expect(webhookUrlProblem(url, RULES)).toBeUndefined();
  });

  it("HOOK-3 may be that of the stand-in only where there is one, and only exactly", () => {
    const rules = { ...RULES, standinOrigin: "http://127.0.0.1:4000" };
    expect(webhookUrlProblem("http://127.0.0.1:4000/ok", rules)).toBeUndefined();
    expect(webhookUrlProblem("http://127.0.0.1:4001/ok", rules)).toBeDefined();
    expect(webhookUrlProblem("http://127.0.0.1:4000/ok", RULES)).toBeDefined();
  });
});
