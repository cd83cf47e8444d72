import { describe, expect, it } from "vitest";
import { priceOf } from "../../src/pricing/cost.ts";
import type { Price } from "../../src/pricing/price.ts";
import { PRICE_VERSION, PRICES, PRICES_DATE } from "../../src/pricing/prices.ts";
import { MODEL_SHUTDOWNS, SHUTDOWNS_CHECKED } from "../../src/pricing/shutdowns.ts";
import { AT_MS } from "./samples.ts";

const isDay = (day: string): boolean => new Date(day).toISOString() === `${day}T00:00:00.000Z`;
const numbersOf = ({ text, audio, microUsdPerMinute, longContext }: Price): readonly (number | null)[] =>
  [text, audio, longContext].flatMap((rates) => (rates ? Object.values(rates) : [])).concat(microUsdPerMinute);

describe("the table of prices", () => {
  it("PRICE-1 has whole micro-dollars of a believable size only, each row with a source and its day", () => {
    expect(PRICES.length).toBeGreaterThan(30);
    for (const price of PRICES) {
      for (const number of numbersOf(price)) {
        if (number !== null)
          expect([price.model, Number.isSafeInteger(number), number > 0]).toEqual([price.model, true, true]);
        expect(number ?? 0).toBeLessThanOrEqual(200_000_000);
      }
      expect(isDay(price.addedOn) && price.sourceDate <= price.addedOn && price.addedOn <= PRICES_DATE).toBe(true);
      expect([price.source !== "", isDay(price.sourceDate), price.sourceDate <= PRICES_DATE]).toEqual([
        true,
        true,
        true,
      ]);
      for (const day of [price.effectiveFrom, price.shutdownDate]) expect(day === null || isDay(day)).toBe(true);
    }
    expect(PRICE_VERSION).toMatch(new RegExp(`^${PRICES_DATE}-[0-9a-f]{8}$`));
    expect(isDay(PRICES_DATE)).toBe(true);
  });

  it("PRICE-1 what a kind of model is billed for has a price in each of its rows, and nothing else has", () => {
    const shapes = PRICES.map(({ model, kind, text, audio, microUsdPerMinute }) => {
      const inAndOut = (rates: Price["text"]) => rates !== null && rates.input !== null && rates.output !== null;
      if (kind === "text") return inAndOut(text) && audio === null && microUsdPerMinute === null ? [] : [model];
      if (kind === "realtime") return inAndOut(text) && inAndOut(audio) && microUsdPerMinute === null ? [] : [model];
      if (kind === "phone") return text === null && audio === null && microUsdPerMinute !== null ? [] : [model];
      const byTokens = inAndOut(text) && audio !== null && audio.input !== null;
      return byTokens !== (microUsdPerMinute !== null) ? [] : [model];
    });
    expect(shapes.flat()).toEqual([]);
  });

  it("PRICE-1 no model has two prices on one day, its first is for ever before, and no name belongs to two models", () => {
    const days = PRICES.map(({ model, effectiveFrom }) => `${model} ${effectiveFrom}`);
    expect(new Set(days).size).toBe(days.length);
    for (const rows of Map.groupBy(PRICES, ({ model }) => model).values()) {
      expect(rows.filter(({ effectiveFrom }) => effectiveFrom === null)).toHaveLength(1);
      expect(new Set(rows.map(({ kind }) => kind)).size).toBe(1);
    }
    const names = [...Map.groupBy(PRICES, ({ model }) => model)].flatMap(([model, [row]]) => [
      model,
      ...(row?.aliases ?? []),
    ]);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it.each([
    ["conversation-relay", 70_000],
    ["media-streams", 4_000],
    ["carrier-inbound", 8_500],
  ])(
    "PRICE-2 a minute of %s is the instructor's Twilio bill, and its source is said to be second-hand",
    (line, microUsd) => {
      const price = priceOf(line, AT_MS);
      expect(price).toMatchObject({ kind: "phone", microUsdPerMinute: microUsd });
      expect(price?.source).toContain("not seen on Twilio's own page");
      expect(price?.note).toContain("instructor's Twilio bill");
    },
  );

  it("PRICE-3 the list of endings names each model once, with a day that exists, and nothing that ends instead", () => {
    const models = MODEL_SHUTDOWNS.flatMap((shutdown) => shutdown.models);
    expect(new Set(models).size).toBe(models.length);
    for (const day of [SHUTDOWNS_CHECKED, ...MODEL_SHUTDOWNS.map(({ on }) => on)])
      expect([day, isDay(day)]).toEqual([day, true]);
    expect(MODEL_SHUTDOWNS.filter(({ instead }) => models.includes(instead))).toEqual([]);
  });

  it("PRICE-3 what it names instead has a price, and a row's last day is the list's", () => {
    expect(MODEL_SHUTDOWNS.filter(({ instead }) => priceOf(instead, AT_MS) === undefined)).toEqual([]);
    for (const { model, shutdownDate } of PRICES) {
      const on = MODEL_SHUTDOWNS.find(({ models }) => models.includes(model))?.on ?? null;
      expect([model, shutdownDate]).toEqual([model, on]);
    }
  });
});
