import { describe, expect, it } from "vitest";
import {
  checkClock,
  checkDatabase,
  checkFallbackKey,
  checkMigrations,
  checkModels,
  checkOpenAi,
  checkPrices,
  checkPublicOrigin,
  checkSecrets,
  checkTwilioSignature,
  type DatabaseAnswer,
  type OpenAiAnswer,
  type Probe,
} from "../../src/api/checks.ts";
import { PRICES_DATE } from "../../src/pricing/prices.ts";
import { KEY_STATUSES } from "../../src/protocol/rest.ts";
import { HEX_A, HEX_B } from "../vault/samples.ts";
import { harness, NOW_MS } from "./world.ts";

const { settings } = harness({ settings: { instructorToken: "Gs5Wc0Vf8Lx2Rk6Zn1Pq9Yt3" } }).deps;
const DAY_MS = 24 * 3_600_000;

const answered = <Answer>(answer: Answer, ms = 12): Probe<Answer> => ({ outcome: "answered", answer, ms });
const database = (answer: Partial<DatabaseAnswer> = {}, ms?: number) =>
  answered<DatabaseAnswer>({ nowMs: NOW_MS, missingColumns: [], ...answer }, ms);
const openai = (status: number, dateMs: number | null = NOW_MS) => answered<OpenAiAnswer>({ status, dateMs });

describe("the check page, one by one", () => {
  it("WORKSHOP-90 secrets: a token that can be guessed is warned of, one that opens two doors fails", () => {
    expect(checkSecrets(settings).status).toBe("ok");
    expect(checkSecrets({ ...settings, instructorToken: "teacher" }).status).toBe("warning");
    expect(checkSecrets({ ...settings, serviceToken: "reader" })).toMatchObject({
      status: "warning",
      fix: "Set a longer one: npx wrangler secret put SERVICE_TOKEN",
    });
    expect(checkSecrets({ ...settings, serviceToken: settings.instructorToken }).status).toBe("failed");
    const older = { newest: HEX_A, previous: [HEX_B] };
    expect(checkSecrets({ ...settings, masterKeyHexes: older }).found).toContain("1 older ENCRYPTION_KEY");
  });

  it.each<[string, Probe<DatabaseAnswer>, string, string]>([
    ["that answers", database(), "ok", "ok"],
    ["that is slow", database({}, 900), "warning", "ok"],
    ["that lacks a column", database({ missingColumns: ["workshops.seats"] }), "ok", "failed"],
    ["that fails", { outcome: "failed" }, "failed", "failed"],
    ["that is late", { outcome: "late" }, "failed", "failed"],
  ])("WORKSHOP-92 a database %s", (_what, probe, expected, migrations) => {
    expect([checkDatabase(probe).status, checkMigrations(probe).status]).toEqual([expected, migrations]);
  });

  it("WORKSHOP-92 names what is missing, and how much more", () => {
    const missingColumns = ["workshops.seats", "prompt_versions.prompt", "turns.seq"];
    expect(checkMigrations(database({ missingColumns }))).toMatchObject({
      found: "Missing: workshops.seats and 2 more.",
      fix: "Run: DATABASE_URL=… npm run db:migrate",
    });
  });

  it.each<[Probe<OpenAiAnswer>, string]>([
    [openai(401), "ok"],
    [openai(200), "ok"],
    [openai(403), "failed"],
    [openai(302), "failed"],
    [openai(500), "failed"],
    [{ outcome: "late" }, "failed"],
    [{ outcome: "failed" }, "failed"],
  ])("WORKSHOP-93 an OpenAI that answers as %j is %s", (probe, status) => {
    expect(checkOpenAi(probe).status).toBe(status);
  });

  it("WORKSHOP-94 a fallback key is judged as a student's; none is fine", () => {
    expect(checkFallbackKey("off")).toMatchObject({ status: "off", fix: "" });
    const verdicts = KEY_STATUSES.map((status) => checkFallbackKey(status));
    expect(verdicts.map(({ status }) => status)).toEqual(["ok", "failed", "failed", "failed", "warning"]);
    expect(verdicts.map(({ fix }) => fix !== "")).toEqual([false, true, true, true, true]);
  });

  it("WORKSHOP-95 a model that ends within 60 days is warned of, one that has ended fails", () => {
    expect(checkModels(settings, NOW_MS).status).toBe("ok");
    const old = { ...settings, voiceModel: "gpt-realtime" };
    const endMs = Date.UTC(2027, 0, 20);
    expect(checkModels(old, endMs - 61 * DAY_MS).status).toBe("ok");
    expect(checkModels(old, endMs - 60 * DAY_MS)).toMatchObject({
      status: "warning",
      found: "OpenAI ends VOICE_MODEL on 2027-01-20.",
      fix: "Set VOICE_MODEL to gpt-realtime-2.1.",
    });
    expect(checkModels(old, endMs - 1).status).toBe("warning");
    expect(checkModels(old, endMs)).toMatchObject({
      status: "failed",
      found: "OpenAI ended VOICE_MODEL on 2027-01-20.",
    });
    // Of two the one that ends first.
    expect(checkModels({ ...old, textModel: "gpt-5" }, endMs).found).toContain("TEXT_MODEL");
  });

  it("PRICE-20 prices are there with their day and age, and old after 30 days", () => {
    const lookedUpMs = Date.parse(PRICES_DATE);
    const found = (age: string) => `All models have prices, looked up on ${PRICES_DATE}, ${age}.`;
    expect(checkPrices(settings, lookedUpMs)).toEqual({ name: "prices", status: "ok", found: found("today"), fix: "" });
    expect(checkPrices(settings, lookedUpMs - 9 * DAY_MS).found).toBe(found("today"));
    expect(checkPrices(settings, lookedUpMs + DAY_MS).found).toBe(found("1 day ago"));
    expect(checkPrices(settings, lookedUpMs + 30 * DAY_MS)).toMatchObject({
      status: "ok",
      found: found("30 days ago"),
    });
    const old = checkPrices(settings, lookedUpMs + 30 * DAY_MS + 1);
    expect([old.status, old.found, old.fix.includes("npm run prices")]).toEqual([
      "warning",
      found("30 days ago"),
      true,
    ]);
  });

  it("PRICE-21 a configured model without a price, or with one of another kind, fails by its variable's name", () => {
    const atMs = Date.parse(PRICES_DATE) + 2 * DAY_MS;
    const unpriced = checkPrices({ ...settings, textModel: "CANARY-9" }, atMs);
    expect(unpriced).toMatchObject({
      status: "failed",
      found: `TEXT_MODEL has no price that is known here (looked up on ${PRICES_DATE}, 2 days ago).`,
    });
    expect(unpriced.fix).toMatch(/^Set it to a model of src\/pricing\/prices\.ts, or add a price/);
    expect(JSON.stringify(unpriced)).not.toContain("CANARY");
    const more = checkPrices({ ...settings, voiceModel: "gpt-6-luna", transcribeModel: "gpt-realtime-2.1" }, atMs);
    expect(more.found).toMatch(/^VOICE_MODEL and TRANSCRIBE_MODEL have no prices that are known here/);
  });

  it("WORKSHOP-96 a signature of Twilio's is verified on a request of our own; without a token there is no phone", async () => {
    const origin = "https://callroom.example";
    expect((await checkTwilioSignature(undefined, origin)).status).toBe("off");
    expect((await checkTwilioSignature("d41f7b90c36ea825f0719b3c8e5d2a46", origin)).status).toBe("ok");
    const odd = await checkTwilioSignature("CANARY-token", origin);
    expect([odd.status, JSON.stringify(odd).includes("CANARY")]).toEqual(["warning", false]);
  });

  it.each([
    [undefined, "off"],
    ["https://callroom.example", "ok"],
    ["https://callroom.example/", "ok"],
    ["https://old.example", "warning"],
    ["http://callroom.example", "warning"],
  ])("WORKSHOP-97 PUBLIC_ORIGIN %s seen from https://callroom.example is %s", (configured, status) => {
    expect(checkPublicOrigin(configured, "https://callroom.example").status).toBe(status);
  });

  it.each<[number | null, number | null, string]>([
    [0, 0, "ok"],
    [30_000, -30_000, "ok"],
    [30_001, 0, "warning"],
    [0, -31_000, "warning"],
    [null, 0, "ok"],
    [null, 31_000, "warning"],
    [null, null, "warning"],
  ])("WORKSHOP-98 a clock %j ms from OpenAI's and %j ms from the database's is %s", (openaiMs, databaseMs, status) => {
    const probe = openai(401, openaiMs === null ? null : NOW_MS + openaiMs);
    const rows: Probe<DatabaseAnswer> =
      databaseMs === null ? { outcome: "failed" } : database({ nowMs: NOW_MS + databaseMs });
    expect(checkClock(NOW_MS, probe, rows).status).toBe(status);
  });
});
