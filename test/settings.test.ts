import { describe, expect, it, vi } from "vitest";
import { readSettings } from "../src/env.ts";
import { FAILURES, Failure, factsOf, type Reason } from "../src/failure.ts";
import { LIMITS } from "../src/limits.ts";
import { errorName, type LogEvent, log } from "../src/log.ts";

const MASTER = "036e35153f09e98fd24e6a732546a17a99676870aea4f199634fdbb6eee31da3";
const GOOD = { ENCRYPTION_KEY: MASTER, DATABASE_URL: "postgres://u:p@host/db", INSTRUCTOR_TOKEN: "teacher" };

const problemOf = (env: object): string | undefined => {
  try {
    readSettings(env);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Failure && thrown.reason === "misconfigured" ? thrown.field : "another error";
  }
};

describe("the configuration", () => {
  it("ENV-1 is complete with three secrets; everything else has a default", () => {
    expect(readSettings(GOOD)).toMatchObject({
      instructorApiKey: undefined,
      serviceToken: undefined,
      twilioAuthToken: undefined,
      openaiBaseUrl: "https://api.openai.com/v1",
      textModel: "gpt-6-luna",
      voiceModel: "gpt-realtime-2.1-mini",
      transcribeModel: "gpt-transcribe",
      enrollment: "code",
      callsPerWorkshop: LIMITS.callsPerWorkshop,
    });
  });

  it("ENV-2 tolerates white space around a value, and a slash at the end of an address", () => {
    const settings = readSettings({
      ...GOOD,
      ENCRYPTION_KEY: ` ${MASTER}\n`,
      OPENAI_BASE_URL: "http://127.0.0.1:1/v1/ ",
    });
    expect(settings.masterKeyHexes.newest).toBe(MASTER);
    expect(settings.openaiBaseUrl).toBe("http://127.0.0.1:1/v1");
  });

  it("ENV-5 names the models of calls in text and with sound, and of the transcripts", () => {
    const models = { TEXT_MODEL: "text-1", VOICE_MODEL: "voice-1", TRANSCRIBE_MODEL: "transcribe-1" };
    expect(readSettings({ ...GOOD, ...models })).toMatchObject({
      textModel: "text-1",
      voiceModel: "voice-1",
      transcribeModel: "transcribe-1",
    });
  });

  it.each([
    ["ENCRYPTION_KEY", undefined],
    ["ENCRYPTION_KEY", ""],
    ["ENCRYPTION_KEY", "abc"],
    ["ENCRYPTION_KEY", "0".repeat(64)],
    ["ENCRYPTION_KEY", "z".repeat(64)],
    ["ENCRYPTION_KEY_PREVIOUS", `${MASTER},short`],
    ["TWILIO_ACCOUNT_SID", "AC123"],
    ["TWILIO_ACCOUNT_SID", `SK${"0".repeat(32)}`],
    ["TWILIO_API_BASE_URL", "api.twilio.com"],
    ["DATABASE_URL", undefined],
    ["DATABASE_URL", "mysql://host/db"],
    ["INSTRUCTOR_TOKEN", " "],
    ["OPENAI_API_KEY", "not a key"],
    ["OPENAI_BASE_URL", "ftp://x"],
    ["PUBLIC_ORIGIN", "callroom"],
    ["ENROLLMENT", "everybody"],
    ["CALLS_PER_WORKSHOP", "many"],
  ])("ENV-3 with a bad %s (%j) is refused by the variable's name", (name, value) => {
    expect(problemOf({ ...GOOD, [name]: value })).toBe(name);
  });

  it("WORKSHOP-19 Cloudflare Access is set up by both of its variables, or not at all", () => {
    const [ACCESS_TEAM_DOMAIN, ACCESS_AUDIENCE] = ["team.cloudflareaccess.com", "aud"];
    expect(readSettings(GOOD).access).toBeUndefined();
    expect(readSettings({ ...GOOD, ACCESS_TEAM_DOMAIN, ACCESS_AUDIENCE }).access).toEqual({
      teamDomain: ACCESS_TEAM_DOMAIN,
      audience: ACCESS_AUDIENCE,
    });
    expect(problemOf({ ...GOOD, ACCESS_TEAM_DOMAIN })).toBe("ACCESS_AUDIENCE");
    expect(problemOf({ ...GOOD, ACCESS_AUDIENCE })).toBe("ACCESS_TEAM_DOMAIN");
    for (const domain of [`https://${ACCESS_TEAM_DOMAIN}`, "team", "team.cloudflareaccess.com/x", "a b.example"]) {
      expect(problemOf({ ...GOOD, ACCESS_TEAM_DOMAIN: domain, ACCESS_AUDIENCE })).toBe("ACCESS_TEAM_DOMAIN");
    }
  });

  it("ENV-4 never shows a value in what it throws", () => {
    try {
      readSettings({ ...GOOD, OPENAI_API_KEY: "CANARY-0123456789" });
      expect.unreachable();
    } catch (thrown) {
      expect(`${thrown} ${JSON.stringify(thrown)} ${thrown instanceof Error ? thrown.stack : ""}`).not.toContain(
        "CANARY",
      );
    }
  });
});

describe("a failure", () => {
  const reasons = Object.keys(FAILURES).filter((reason): reason is Reason => reason in FAILURES);

  it("FAIL-1 has a status, a close code of the design, and a sentence for a person", () => {
    for (const reason of reasons) {
      const { status, closeCode, sentence, spoken } = factsOf(reason);
      expect(status).toBeGreaterThanOrEqual(400);
      expect([1000, 1008, 1009, 1011, 1012, 1013, 4001, 4002, 4003, 4004]).toContain(closeCode);
      for (const text of spoken === undefined ? [sentence] : [sentence, spoken]) expect(text).toMatch(/^[A-Z].*[.]$/);
    }
  });

  it("FAIL-2 of the model has words for the caller", () => {
    for (const reason of reasons.filter((name) => name.startsWith("upstream_")))
      expect(factsOf(reason).spoken).toBeDefined();
  });
});

describe("the log", () => {
  it("LOG-1 writes one JSON line, and no secret even if one got in", () => {
    const lines: string[] = [];
    const spy = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    for (const secret of [
      "sk-proj-CANARY123456",
      "wst_CANARY1234567890",
      "whsec_CANARYabcdefg=",
      "Bearer CANARY123456",
    ]) {
      const event: LogEvent = { event: "variable-missing", variable: `x ${secret} y` };
      log(event);
    }
    spy.mockRestore();
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ event: "variable-missing" });
      expect(line).not.toContain("CANARY");
    }
  });

  it("LOG-2 names an error by its class and not by its message", () => {
    expect(errorName(new TypeError("sk-CANARY"))).toBe("TypeError");
    expect(errorName("sk-CANARY")).toBe("string");
  });
});
