import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { findProvider } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { configuredModels } from "../../src/cli/configured-models.ts";
import { type PricesSurroundings, pricesCommand } from "../../src/cli/prices-command.ts";
import { DEFAULT_MODELS } from "../../src/env.ts";
import { GENAI_PRICES, OWN_PRICES, PICKED, PRICES_CHECKED } from "../../src/pricing/overrides.ts";
import { PRICES, PRICES_DATE } from "../../src/pricing/prices.ts";
import { MODEL_SHUTDOWNS } from "../../src/pricing/shutdowns.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const TEXT = readFileSync(join(ROOT, "src/pricing/prices.ts"), "utf8");
const WRANGLER = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
const DAY_MS = 24 * 3_600_000;
const DATE_MS = Date.parse(PRICES_DATE);

const environment = (variables: Readonly<Record<string, string>>) => ({ variable: (name: string) => variables[name] });

interface Ran {
  readonly code: number;
  readonly lines: readonly string[];
  readonly written: readonly string[];
}

/** The command in this folder, on the day of the table, with what a test changes of that. */
function run(args: readonly string[], changed: Partial<PricesSurroundings> = {}): Ran {
  const lines: string[] = [];
  const written: string[] = [];
  const code = pricesCommand(args, {
    genai: { version: GENAI_PRICES.version, models: findProvider({ providerId: "openai" })?.models ?? [] },
    overrides: { checked: PRICES_CHECKED, picked: PICKED, own: OWN_PRICES, shutdowns: MODEL_SHUTDOWNS },
    table: { rows: PRICES, text: TEXT, date: PRICES_DATE },
    write: (text) => written.push(text),
    configured: configuredModels(WRANGLER, environment({})),
    nowMs: DATE_MS,
    print: (line) => lines.push(line),
    ...changed,
  });
  return { code, lines, written };
}

const check = (changed: Partial<PricesSurroundings> = {}) => run(["--check"], changed);
const good = `Good: ${PRICES.length} prices, looked up on ${PRICES_DATE}.`;

describe("npm run prices -- --check", () => {
  it("PRICE-11 the committed table is what its sources come to, and what is configured has prices", () => {
    expect(check()).toEqual({ code: 0, lines: [good], written: [] });
  });

  it("PRICE-11 the command itself says so, from the files of this folder", () => {
    const said = execFileSync(process.execPath, [join(ROOT, "src/cli/prices.ts"), "--check"], {
      cwd: ROOT,
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    });
    expect(said.trim().split("\n").at(-1)).toBe(good);
  });

  it.each<[string, (text: string) => string]>([
    ["a price", (text) => text.replace("input: 100_000", "input: 100_001")],
    ["its version", (text) => text.replace(/PRICE_VERSION = ".*"/, 'PRICE_VERSION = "mine"')],
    ["a note", (text) => text.replace('note: ""', 'note: "checked"')],
  ])("PRICE-12 it fails when somebody has changed %s by hand", (_what, change) => {
    const text = change(TEXT);
    expect(text).not.toBe(TEXT);
    expect(check({ table: { rows: PRICES, text, date: PRICES_DATE } })).toMatchObject({
      code: 1,
      lines: ["src/pricing/prices.ts is not what its sources come to: npm run prices"],
    });
  });

  it("PRICE-12 it fails when a source has changed, and writes nothing", () => {
    const own = OWN_PRICES.map((price) =>
      price.model === "media-streams" ? { ...price, usdPerMinute: 0.005 } : price,
    );
    const checked = new Date(DATE_MS + DAY_MS).toISOString().slice(0, 10);
    const dated = own.map((price) => ({ ...price, sourceDate: checked }));
    const overrides = { checked, picked: PICKED, own: dated, shutdowns: MODEL_SHUTDOWNS };
    expect(check({ overrides })).toMatchObject({ code: 1, written: [] });
    const { code, written } = run([], { overrides });
    expect([code, written.length]).toEqual([0, 1]);
    expect(written[0]?.match(/model: "media-streams"/g)).toHaveLength(2);
  });

  it("PRICE-13 it fails for a configured model without a price, wherever it is configured, a sentence each", () => {
    const toml = 'TEXT_MODEL = "gpt-6-luna"\n[env.class.vars]\nTEXT_MODEL = "gpt-99"\n# VOICE_MODEL = "gpt-98"\n';
    const configured = configuredModels(toml, environment({ TRANSCRIBE_MODEL: "gpt-97", VOICE_MODEL: "gpt-6-luna" }));
    expect(check({ configured })).toMatchObject({
      code: 1,
      lines: [
        "TEXT_MODEL of wrangler.toml is gpt-99, which has no price for that.",
        "VOICE_MODEL of the environment is gpt-6-luna, which has no price for that.",
        "TRANSCRIBE_MODEL of the environment is gpt-97, which has no price for that.",
      ],
    });
  });

  it("PRICE-13 what is configured is the defaults, wrangler.toml and the environment, each once", () => {
    const models = configuredModels(WRANGLER, environment({ TEXT_MODEL: "gpt-6-sol" }));
    expect(models.map(({ variable, model, where }) => [variable, model, where])).toEqual([
      ["TEXT_MODEL", DEFAULT_MODELS.textModel, "src/env.ts"],
      ["VOICE_MODEL", DEFAULT_MODELS.voiceModel, "src/env.ts"],
      ["TRANSCRIBE_MODEL", DEFAULT_MODELS.transcribeModel, "src/env.ts"],
      ["TEXT_MODEL", "gpt-6-sol", "the environment"],
    ]);
  });

  it("PRICE-14 it warns of a configured model that ends within 60 days, or has, and succeeds", () => {
    const configured = configuredModels("", environment({ VOICE_MODEL: "gpt-realtime" }));
    const endMs = Date.UTC(2027, 0, 20);
    const warnings = (nowMs: number) => {
      const { code, lines } = check({ configured, nowMs });
      return { code, lines: lines.filter((line) => line.includes("VOICE_MODEL")) };
    };
    expect(warnings(endMs - 60 * DAY_MS - 1)).toEqual({ code: 0, lines: [] });
    const ends = "VOICE_MODEL of the environment is gpt-realtime, which OpenAI ends on 2027-01-20.";
    expect(warnings(endMs - 60 * DAY_MS)).toEqual({
      code: 0,
      lines: [`Warning: ${ends} It names gpt-realtime-2.1 instead.`],
    });
    const over = warnings(endMs);
    expect([over.code, over.lines[0]?.includes("which OpenAI ended on 2027-01-20")]).toEqual([0, true]);
  });

  it("PRICE-15 it warns of prices that were looked up more than 30 days ago, and succeeds", () => {
    expect(check({ nowMs: DATE_MS + 30 * DAY_MS }).lines).toEqual([good]);
    const { code, lines } = check({ nowMs: DATE_MS + 30 * DAY_MS + 1 });
    expect([code, lines.length, lines[0]?.startsWith(`Warning: The prices were looked up on ${PRICES_DATE}.`)]).toEqual(
      [0, 2, true],
    );
    // A clock that is behind.
    expect(check({ nowMs: 0 }).lines).toEqual([good]);
  });

  it("PRICE-16 it warns of our own price for a model that the package has learnt", () => {
    const models = [
      ...(findProvider({ providerId: "openai" })?.models ?? []),
      { id: "gpt-6.1-sol", match: { equals: "gpt-6.1-sol" }, prices: { input_mtok: 2, output_mtok: 10 } },
    ];
    expect(check({ genai: { version: GENAI_PRICES.version, models } })).toMatchObject({
      code: 0,
      lines: ["Warning: genai-prices knows gpt-6.1-sol now: pick it, and remove our own price.", good],
    });
  });
});

describe("npm run prices", () => {
  it("PRICE-17 writes what is committed again; from its sources alone comes a table of the same prices of today", () => {
    const again = run([]);
    expect([again.code, again.written[0] === TEXT]).toEqual([0, true]);
    expect(again.lines).toEqual(["Nothing to do: src/pricing/prices.ts is up to date."]);
    const empty = run([], { table: { rows: [], text: "", date: PRICES_DATE } });
    expect(empty.lines).toEqual(["Written: src/pricing/prices.ts."]);
    const fieldsOf = (text = "") => new Set(text.match(/^ {4}(?:model|text|audio|microUsdPerMinute): .*$/gm));
    expect(fieldsOf(TEXT).size).toBeGreaterThan(50);
    expect([...fieldsOf(empty.written[0])].filter((field) => !fieldsOf(TEXT).has(field))).toEqual([]);
  });

  it("PRICE-17 writes nothing when the package is of another version than is dated, or cannot be read", () => {
    const { models } = findProvider({ providerId: "openai" }) ?? { models: [] };
    const newer = run([], { genai: { version: "0.9.0", models } });
    expect([newer.code, newer.written, newer.lines[0]?.includes("genai-prices 0.9.0 is installed")]).toEqual([
      1,
      [],
      true,
    ]);
    const gone = run([], { genai: { version: GENAI_PRICES.version, models: [] } });
    expect(gone).toEqual({ code: 1, lines: ["genai-prices does not know gpt-4o-mini."], written: [] });
    expect(check({ genai: { version: "0.9.0", models } }).code).toBe(1);
  });

  it.each([[["--chek"]], [["--check", "more"]], [["check"]]])(
    "PRICE-18 %j is not understood, and changes nothing",
    (args) => {
      const { code, lines, written } = run(args);
      expect([code, written, lines[0]?.includes("npm run prices -- --check")]).toEqual([2, [], true]);
    },
  );

  it("PRICE-18 --help says what it does", () => {
    const { code, lines, written } = run(["--help"]);
    expect([code, written, lines[0]?.includes("changes nothing")]).toEqual([0, [], true]);
  });
});
