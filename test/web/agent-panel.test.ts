import { describe, expect, it } from "vitest";
import { DEFAULT_GREETING } from "../../src/protocol/agent-config.ts";
import { parseLanguage } from "../../src/protocol/language.ts";
import { KEY_STATUSES, SHOWN_KEY_STATUSES } from "../../src/protocol/rest.ts";
import { type CallFacts, FIRST_STEPS, stepsDone } from "../../src/web/student/checklist-facts.ts";
import { codeIn, nextAskMs } from "../../src/web/student/entrance.ts";
import { KEY_STAGES, looksLikeKey, pastedKey, stagesOf } from "../../src/web/student/key-check.ts";
import { LANGUAGE_CODES, languageChoices } from "../../src/web/student/languages.ts";
import type { Me } from "../../src/web/student/me.ts";
import { bytesOf, spokenSeconds } from "../../src/web/student/spoken-length.ts";
import { whenWords } from "../../src/web/student/when.ts";
import { MARK_WORDS, OUTCOME_WORDS, STAGE_WORDS, STEP_WORDS } from "../../src/web/words.ts";
import { ME } from "../journeys/page-world.ts";

const OWN_KEY: NonNullable<Me["key"]> = { status: "connected", hint: "a1b2", connectedAt: null, lastUsedAt: null };
const NO_CALLS: CallFacts = { keySources: [], usedTool: false };
const FRESH: Me = { ...ME, config: { ...ME.config, prompt: null, greeting: DEFAULT_GREETING }, key: null };
const done = (me: Me, calls: CallFacts): string[] => [...stepsDone(me, calls)];

describe("the first steps", () => {
  it("AGENT-30 tick themselves from what is there", () => {
    expect(done(FRESH, NO_CALLS)).toEqual([]);
    expect(done(FRESH, { keySources: ["instructor"], usedTool: false })).toEqual(["called"]);
    expect(done(FRESH, { keySources: ["instructor"], usedTool: true })).toEqual(["called", "tool"]);
    expect(done({ ...FRESH, config: { ...FRESH.config, greeting: "Hi!" } }, NO_CALLS)).toEqual(["yours"]);
    expect(done({ ...FRESH, config: { ...FRESH.config, greeting: null } }, NO_CALLS)).toEqual([]);
    expect(done({ ...FRESH, config: { ...FRESH.config, prompt: "You are Juno." } }, NO_CALLS)).toEqual(["yours"]);
    const own = { ...FRESH, key: OWN_KEY };
    expect(done(own, { keySources: ["instructor"], usedTool: false })).toEqual(["called", "key"]);
    expect(done(own, { keySources: ["student", "instructor"], usedTool: false })).toEqual([
      "called",
      "key",
      "own-key-call",
    ]);
    expect(done({ ...FRESH, key: { ...OWN_KEY, status: "unreadable" } }, NO_CALLS)).toEqual([]);
    expect(Object.keys(STEP_WORDS)).toEqual([...FIRST_STEPS]);
  });
});

describe("the check of a key", () => {
  it("AGENT-31 ticks through five stages, and says of each what is known and no more", () => {
    const marks = (state: Parameters<typeof stagesOf>[0]): string =>
      stagesOf(state)
        .map(({ mark }) => mark)
        .join(" ");
    expect(stagesOf("asking").map(({ stage }) => stage)).toEqual([...KEY_STAGES]);
    expect(marks("bad-shape")).toBe("failed open open open open");
    expect(marks("asking")).toBe("passed busy open open open");
    expect(marks("connected")).toBe("passed passed passed passed passed");
    expect(marks("rejected")).toBe("passed failed open open open");
    expect(marks("restricted")).toBe("passed passed failed unknown passed");
    expect(marks("no_credit")).toBe("passed passed unknown failed passed");
    expect(marks("unverified")).toBe("passed unknown unknown unknown passed");
  });

  it("AGENT-31 saves with every outcome but a rejection, and has words for all of them", () => {
    const saved = KEY_STATUSES.filter((status) => stagesOf(status).at(-1)?.mark === "passed");
    expect(saved).toEqual(KEY_STATUSES.filter((status) => status !== "rejected"));
    const sentences = [...SHOWN_KEY_STATUSES, "bad-shape" as const].map((status) => OUTCOME_WORDS[status][0]);
    expect(new Set(sentences).size).toBe(SHOWN_KEY_STATUSES.length + 1);
    expect(Object.keys(STAGE_WORDS)).toEqual([...KEY_STAGES]);
    for (const status of KEY_STATUSES) for (const { mark } of stagesOf(status)) expect(MARK_WORDS[mark]).toBeTruthy();
  });

  it("AGENT-32 takes a key as people paste it", () => {
    const key = "sk-proj-0123456789_abcDEF";
    for (const pasted of [
      key,
      `  ${key}\n`,
      `"${key}"`,
      `'${key}',`,
      `OPENAI_API_KEY=${key}`,
      `export OPENAI_API_KEY="${key}"`,
      `\`${key}\``,
    ]) {
      expect(pastedKey(pasted)).toBe(key);
      expect(looksLikeKey(pastedKey(pasted))).toBe(true);
    }
    for (const other of [
      "",
      "hello",
      "sk-",
      "sk-short",
      `sk-admin-${"0".repeat(40)}`,
      `${key} ${key}`,
      `sk-${"ä".repeat(20)}`,
    ]) {
      expect(looksLikeKey(pastedKey(other))).toBe(false);
    }
    expect(looksLikeKey(`sk-${"0".repeat(509)}`)).toBe(true);
    expect(looksLikeKey(`sk-${"0".repeat(510)}`)).toBe(false);
  });
});

describe("waiting for a workshop to begin", () => {
  it("AGENT-33 asks again when it opens and at least every 30 s, not all pages in the same moment", () => {
    expect(nextAskMs(10_000, 0, 0)).toBe(10_000);
    expect(nextAskMs(3_600_000, 0, 0)).toBe(30_000);
    expect(nextAskMs(null, 0, 0)).toBe(30_000);
    expect(nextAskMs(0, 5_000, 0)).toBe(30_000);
    expect(nextAskMs(10_000, 0, 0.999)).toBe(12_997);
  });

  it("AGENT-34 reads the code of a link, and nothing from a broken one", () => {
    expect(codeIn("#maple-7f")).toBe("MAPLE-7F");
    expect(codeIn("#%20MAPLE-7F%20")).toBe("MAPLE-7F");
    expect(codeIn("")).toBe("");
    expect(codeIn("#%E0%A4%A")).toBe("");
    expect(codeIn(`#${"A".repeat(400)}`)).toHaveLength(32);
  });
});

describe("the fields of the agent", () => {
  it("AGENT-35 offers languages that the server takes, by their English names and their own, and the saved one", () => {
    for (const code of LANGUAGE_CODES) expect(parseLanguage(code)).toBe(code);
    expect(new Set(LANGUAGE_CODES).size).toBe(LANGUAGE_CODES.length);
    const choices = languageChoices(null);
    expect(choices).toHaveLength(LANGUAGE_CODES.length);
    expect(choices.find(({ code }) => code === "de")?.label).toBe("German · Deutsch");
    expect(choices.find(({ code }) => code === "en")?.label).toBe("English");
    const english = choices.map(({ label }) => label.split(" · ")[0] ?? "");
    expect(english).toEqual([...english].sort((one, other) => one.localeCompare(other, "en")));
    expect(languageChoices("pt-BR")).toHaveLength(LANGUAGE_CODES.length + 1);
    expect(languageChoices("pt-BR").some(({ code }) => code === "pt-BR")).toBe(true);
    expect(languageChoices("de")).toHaveLength(LANGUAGE_CODES.length);
  });

  it("AGENT-36 says about how long a greeting takes, and counts bytes as the server does", () => {
    expect(spokenSeconds("")).toBe(0);
    expect(spokenSeconds("  \n")).toBe(0);
    expect(spokenSeconds("Hi!")).toBe(1);
    expect(spokenSeconds(DEFAULT_GREETING)).toBe(4);
    expect(spokenSeconds("こんにちは、ご用件をどうぞ。".repeat(2))).toBe(5);
    expect(bytesOf("Grüße 👋")).toBe(12);
  });

  it("AGENT-37 tells the hour of today, and with another day its date", () => {
    const nowMs = Date.parse("2026-11-22T15:00:00");
    expect(whenWords("2026-11-22T09:05:00", nowMs)).toMatch(/^\D{0,2}0?9\D05/);
    expect(whenWords("2026-11-21T09:05:00", nowMs)).toMatch(/21/);
  });
});
