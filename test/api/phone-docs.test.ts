import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ROUTES } from "../../src/api/routes.ts";
import { voiceQuery } from "../../src/api/schemas.ts";
import { readSettings } from "../../src/env.ts";
import { LIMITS } from "../../src/limits.ts";
import { OWN_PRICES } from "../../src/pricing/overrides.ts";
import { NUMBER_TARGETS } from "../../src/protocol/observed.ts";
import { CHECKS } from "../../src/protocol/rest-workshop.ts";
import { PHONE_WORDS, SHEET_WORDS } from "../../src/web/words-join.ts";
import { HEX_A } from "../vault/samples.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const TEXT = readFileSync(join(ROOT, "docs/phone.md"), "utf8");
const QUOTED = [...TEXT.matchAll(/`([^`\n]+)`/g)].map(([, quoted]) => quoted ?? "");

describe("docs/phone.md", () => {
  it("NUMBERS-20 names routes and ways in that there are", () => {
    const paths = QUOTED.filter((quoted) => quoted.includes("/twilio/voice/"));
    expect(paths).toHaveLength(2);
    const posts = ROUTES.filter(({ method }) => method === "POST").map(({ path }) => path);
    for (const path of paths) {
      const url = new URL(path.replace("…", "callroom.example").replace("<session token>", "wst_1"));
      expect(posts).toContain(url.pathname.replace("wst_1", ":sessionToken"));
      expect(voiceQuery.safeParse(Object.fromEntries(url.searchParams)).success).toBe(true);
    }
    // Another method is refused, as the table of errors says.
    expect(ROUTES.some(({ method, path }) => method === "GET" && path.startsWith("/twilio/voice"))).toBe(false);
  });

  it("NUMBERS-20 names variables that are read, each refused or used as it says", () => {
    const names = new Set(QUOTED.filter((quoted) => /^[A-Z]+(_[A-Z]+)+$/.test(quoted)));
    expect(names).toEqual(new Set(["TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID", "PUBLIC_ORIGIN"]));
    const settings = readSettings({
      ENCRYPTION_KEY: HEX_A,
      DATABASE_URL: "postgres://u:p@host/db",
      INSTRUCTOR_TOKEN: "teacher",
      TWILIO_AUTH_TOKEN: "token",
      TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}`,
      PUBLIC_ORIGIN: "https://callroom.example",
    });
    expect([settings.twilioAuthToken, settings.twilioAccountSid, settings.publicOrigin]).not.toContain(undefined);
  });

  it("NUMBERS-20 has the words of the pages, the checks, and files that there are", () => {
    expect(TEXT).toContain(`*${SHEET_WORDS.phone}*`);
    expect(PHONE_WORDS.steps.join(" ")).toMatch(/“A call comes in”.*HTTP POST/);
    for (const target of NUMBER_TARGETS.slice(0, 2)) expect(TEXT).toContain(`*${target}*`);
    for (const name of ["twilio-signature", "public-origin"] as const) {
      expect([CHECKS.includes(name), QUOTED.includes(name)]).toEqual([true, true]);
    }
    for (const path of QUOTED.filter((quoted) => /^(src|docs)\//.test(quoted))) {
      expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
    }
  });

  it("NUMBERS-21 adds up what a minute costs, at the prices of the code and of their day", () => {
    const priceOf = (line: string): number => {
      const price = OWN_PRICES.find(({ model, kind }) => model === line && kind === "phone");
      expect(TEXT).toContain(`quoted on ${price?.sourceDate}`);
      return price?.usdPerMinute ?? Number.NaN;
    };
    const dollars = (usd: number): string => `$${usd.toFixed(4)}`;
    const number = priceOf("carrier-inbound");
    for (const [name, line] of [
      ["ConversationRelay", "conversation-relay"],
      ["Media Streams", "media-streams"],
    ] as const) {
      const ours = priceOf(line);
      expect(TEXT).toContain(`| ${name} | ${dollars(ours)} | ${dollars(number)} | ${dollars(ours + number)} |`);
    }
  });

  it("NUMBERS-22 says how long a call lasts and how often a phone comes back, as the limits have it", () => {
    expect(TEXT).toContain(`after ${LIMITS.callDefaultMs / 60_000} minutes unless`);
    expect(LIMITS.resumesPerCall).toBe(2);
    expect(TEXT).toContain("twice at the most");
  });
});
