import type { ModelInfo } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { genaiRows } from "../../src/cli/genai-prices.ts";
import { microUsdOf } from "../../src/cli/micro-usd.ts";
import { combined, nextTable, ownRows, versionOf } from "../../src/cli/price-table.ts";
import type { OwnPrice } from "../../src/pricing/overrides.ts";
import type { Price } from "../../src/pricing/price.ts";

const model = (info: Partial<ModelInfo> = {}): ModelInfo => ({
  id: "gpt-a",
  match: { equals: "gpt-a" },
  prices: { input_mtok: 1, output_mtok: 2 },
  ...info,
});
const TODAY = "2026-12-20";
const read = (info: Partial<ModelInfo>) => genaiRows([model(info)], [{ model: "gpt-a", kind: "text" }], TODAY);
const own = (price: Partial<OwnPrice>, addedOn = TODAY): Price => {
  const [row] = ownRows(
    [
      {
        model: "gpt-a",
        kind: "text",
        text: { input: 1, output: 2 },
        source: "a page",
        sourceDate: "2026-10-01",
        ...price,
      },
    ],
    addedOn,
  );
  if (!row) throw new Error("one row of one price");
  return row;
};
const pricesOf = (rows: readonly Price[]) => rows.map(({ effectiveFrom, text }) => [effectiveFrom, text?.input]);

describe("dollars", () => {
  it.each([
    [0.01, 10_000],
    [3.125, 3_125_000],
    [0.0045, 4_500],
    [0.000001, 1],
    [15, 15_000_000],
    [0.1 * 3, undefined],
    [1e-7, undefined],
    [-1, undefined],
    [Number.NaN, undefined],
  ])("PRICE-4 a price of %d is taken by its digits, or not at all", (usd, microUsd) => {
    if (microUsd === undefined) expect(() => microUsdOf(usd)).toThrow("no price");
    else expect(microUsdOf(usd)).toBe(microUsd);
  });
});

describe("reading genai-prices", () => {
  it("PRICE-5 a price that changed on a day is a row of its own", () => {
    const prices: ModelInfo["prices"] = [
      { prices: { input_mtok: 1, output_mtok: 6 } },
      { constraint: { type: "start_date", start_date: "2026-07-30" }, prices: { input_mtok: 0.2, output_mtok: 1.2 } },
    ];
    expect(pricesOf(read({ prices }))).toEqual([
      [null, 1_000_000],
      ["2026-07-30", 200_000],
    ]);
  });

  it("PRICE-5 a second tier is what longer requests cost, beside prices that have only one", () => {
    const prices: ModelInfo["prices"] = {
      input_mtok: { base: 0.1, tiers: [{ start: 272_000, price: 0.2 }] },
      cache_read_mtok: 0.01,
      output_mtok: { base: 0.5, tiers: [{ start: 272_000, price: 0.75 }] },
      web_searches_kcount: 10,
    };
    expect(read({ prices })[0]).toMatchObject({
      text: { input: 100_000, cachedInput: 10_000, cacheWrite: null, output: 500_000 },
      longContext: { overInputTokens: 272_000, input: 200_000, cachedInput: 10_000, cacheWrite: null, output: 750_000 },
    });
  });

  it("PRICE-5 an hour of sound is a minute's price", () => {
    const prices = { audio_hours: 0.27, input_audio_hours: 0.27 };
    expect(read({ prices })[0]).toMatchObject({ text: null, audio: null, microUsdPerMinute: 4_500 });
  });

  it("PRICE-6 names come from the rules, each to the picked model whose name it begins with", () => {
    const match = {
      or: [
        { equals: "gpt-a" },
        { equals: "gpt-a-mini" },
        { equals: "gpt-a-2026-01-02" },
        { equals: "gpt-a-mini-2026-01-02" },
        { equals: "other-name" },
        { regex: "^gpt-a-mini-\\d{4}-\\d{2}$" },
        { starts_with: "gpt-a-nano-" },
      ],
    };
    const rows = genaiRows(
      [model({ match })],
      [
        { model: "gpt-a", kind: "text", aliases: ["by-hand"] },
        { model: "gpt-a-mini", kind: "text" },
      ],
      TODAY,
    );
    expect(rows.map(({ aliases }) => aliases)).toEqual([
      ["by-hand", "gpt-a-2026-01-02", "gpt-a-nano-*", "other-name"],
      ["gpt-a-mini-####-##", "gpt-a-mini-2026-01-02"],
    ]);
  });

  it.each<[string, Partial<ModelInfo>, string]>([
    ["a model that is gone", { match: { equals: "gpt-b" } }, "does not know gpt-a"],
    ["a rule of another shape", { match: { or: [{ equals: "gpt-a" }, { contains: "a" }] } }, "names gpt-a in a way"],
    ["a rule of odd signs", { match: { or: [{ equals: "gpt-a" }, { regex: "^gpt-(a|b)$" }] } }, "names gpt-a in a way"],
    ["a price of something new", { prices: { input_mtok: 1, dreams_mtok: 2 } }, "not known here: dreams_mtok"],
    [
      "three tiers",
      {
        prices: {
          input_mtok: {
            base: 1,
            tiers: [
              { start: 1, price: 2 },
              { start: 2, price: 3 },
            ],
          },
        },
      },
      "has tiers",
    ],
    [
      "tiers of two lengths",
      {
        prices: {
          input_mtok: { base: 1, tiers: [{ start: 1, price: 2 }] },
          output_mtok: { base: 1, tiers: [{ start: 2, price: 2 }] },
        },
      },
      "several lengths",
    ],
    [
      "prices of an hour of the day",
      {
        prices: [{ constraint: { type: "time_of_date", start_time: "00:00", end_time: "08:00" }, prices: {} }],
      },
      "time of day",
    ],
    ["an hour without an exact minute", { prices: { input_audio_hours: 0.000001 } }, "no exact minute"],
  ])("PRICE-7 %s stops the generator with a sentence", (_what, info, sentence) => {
    expect(() => read(info)).toThrow(sentence);
  });
});

describe("the next table", () => {
  it("PRICE-8 what was looked up by hand stands before the package's, row by row", () => {
    const rows = combined([own({ source: "theirs" })], [own({ source: "ours" }), own({ effectiveFrom: "2026-11-01" })]);
    expect(rows.map(({ source, effectiveFrom }) => [source, effectiveFrom])).toEqual([
      ["ours", null],
      ["a page", "2026-11-01"],
    ]);
  });

  it("PRICE-8 a price that differs is a new row from the day of its source; the old row stays, and then nothing changes", () => {
    const old = [own({})];
    const changed = [own({ text: { input: 3, output: 2 }, source: "a newer page", sourceDate: "2026-12-01" })];
    const next = nextTable(old, changed, []);
    expect(pricesOf(next)).toEqual([
      [null, 1_000_000],
      ["2026-12-01", 3_000_000],
    ]);
    expect(next.map(({ source }) => source)).toEqual(["a page", "a newer page"]);
    expect(nextTable(next, changed, [])).toEqual(next);
    // Later the source dates the change itself.
    const dated = [
      own({}),
      own({ text: { input: 3, output: 2 }, effectiveFrom: "2026-12-01", sourceDate: "2026-12-20" }),
    ];
    expect(pricesOf(nextTable(next, dated, []))).toEqual(pricesOf(next));
  });

  it("PRICE-8 a row keeps the day on which the table first had it, a new one has that of the new table", () => {
    const old = [own({}, "2026-10-02"), own({ model: "gpt-b", sourceDate: "2026-10-01" }, "2026-10-02")];
    const looked = [own({ note: "seen again" }), own({ model: "gpt-b", text: { input: 3 }, sourceDate: "2026-12-01" })];
    const next = nextTable(old, looked, []);
    expect(next.map(({ model: name, effectiveFrom, addedOn, note }) => [name, effectiveFrom, addedOn, note])).toEqual([
      ["gpt-a", null, "2026-10-02", "seen again"],
      ["gpt-b", null, "2026-10-02", ""],
      ["gpt-b", "2026-12-01", TODAY, ""],
    ]);
  });

  it("PRICE-8 a row whose source has forgotten it stays", () => {
    const old = [
      own({}),
      own({ model: "gpt-b" }),
      own({ effectiveFrom: "2026-07-30", text: { input: 0.2, output: 2 } }),
    ];
    const next = nextTable(old, [own({ text: { input: 0.2, output: 2 } })], []);
    expect(next.map(({ model: name, effectiveFrom }) => [name, effectiveFrom])).toEqual([
      ["gpt-a", null],
      ["gpt-a", "2026-07-30"],
      ["gpt-b", null],
    ]);
    expect(pricesOf(next)[0]).toEqual([null, 1_000_000]);
  });

  it("PRICE-8 two different prices from one day are refused with a sentence", () => {
    const old = [own({}), own({ effectiveFrom: "2026-12-01", text: { input: 2, output: 2 } })];
    const changed = [own({ text: { input: 3, output: 2 }, sourceDate: "2026-12-01" })];
    expect(() => nextTable(old, changed, [])).toThrow("from 2026-12-01 or later already");
  });

  it("PRICE-9 names and the last day are those of now in every row of a model", () => {
    const old = [own({ aliases: ["old"] }), own({ effectiveFrom: "2026-07-30", aliases: ["old"] })];
    const endings = [{ models: ["gpt-a"], on: "2027-01-14", instead: "gpt-b" }];
    const next = nextTable(old, [own({ aliases: ["new"] })], endings);
    expect(next.map(({ aliases, shutdownDate }) => [aliases, shutdownDate])).toEqual([
      [["new"], "2027-01-14"],
      [["new"], "2027-01-14"],
    ]);
  });

  it("PRICE-10 the version differs with any price, name or day, and not with a note", () => {
    const version = versionOf([own({})], "2026-11-22");
    expect(version).toMatch(/^2026-11-22-[0-9a-f]{8}$/);
    expect(versionOf([own({ note: "looked at again" })], "2026-11-22")).toBe(version);
    const others = [
      own({ text: { input: 1.000001, output: 2 } }),
      own({ text: { input: 1, cachedInput: 1, output: 2 } }),
      own({ audio: { input: 1 } }),
      own({ usdPerMinute: 1 }),
      own({ longContext: { overInputTokens: 1, input: 1, output: 2 } }),
      own({ aliases: ["b"] }),
      own({ effectiveFrom: "2026-11-01" }),
      own({ kind: "realtime" }),
      own({ model: "gpt-b" }),
    ].map((row) => versionOf([row], "2026-11-22"));
    expect(new Set([version, ...others, versionOf([own({})], "2026-11-23")]).size).toBe(others.length + 2);
  });
});
