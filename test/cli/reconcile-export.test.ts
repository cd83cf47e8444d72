import { describe, expect, it } from "vitest";
import { csvRows, separatorOf } from "../../src/cli/reconcile-csv.ts";
import { chargesOf, reconciled, rowsOf, someUsage } from "./reconciling.ts";
import { completionsPage, costsPage, DAY_MS, dashboardCsv, transcriptionsPage } from "./usage-exports.ts";

const USAGE = someUsage();
const ROWS = rowsOf(chargesOf(USAGE));
const PAGES = [completionsPage(USAGE), transcriptionsPage(USAGE), costsPage(USAGE)];
const HOUR_MS = 3_600_000;

/** That the files agree with the ledger, in everything that they tell. */
async function expectAgreement(files: readonly unknown[]): Promise<void> {
  const named = Object.fromEntries(files.map((file, at) => [`${at}`, file]));
  const { exitCode, out, err } = await reconciled(named, ROWS);
  expect([exitCode, err]).toEqual([0, ""]);
  expect(out).toContain("20 rows, 80 charges");
  expect(out).toContain("\nThey agree.\n");
}

describe("an export", () => {
  it("RECON-20 is a page, pages, buckets, or a page a line, of the Usage and the Costs API", async () => {
    await expectAgreement(PAGES);
    await expectAgreement([PAGES]);
    await expectAgreement(PAGES.map(({ data }) => data));
    await expectAgreement([PAGES.map((page) => JSON.stringify(page)).join("\n")]);
    const cut = PAGES.flatMap((page) => [
      { ...page, data: page.data.slice(0, 1), has_more: true },
      { ...page, data: page.data.slice(1) },
    ]);
    await expectAgreement(cut);
    // A day on which nothing was used, and a kind of use that nobody made.
    await expectAgreement([...PAGES, { object: "page", data: [], has_more: false }]);
  });

  it.each([
    ["commas", {}],
    ["semicolons", { separator: ";" }],
    ["tabs", { separator: "\t", lineEnd: "\r\n" }],
  ])("RECON-21 is the file that the dashboard makes, with %s", async (_, dialect) => {
    const files = PAGES.map((page) => dashboardCsv(page, dialect));
    await expectAgreement(files);
    await expectAgreement(files.map((file) => `\ufeff${file}`));
    await expectAgreement(files.map((file) => Buffer.from(`\ufeff${file}`, "utf16le")));
  });

  it("RECON-21 has its columns in any order and under other names, and those that nobody knows are named", async () => {
    const other: Readonly<Record<string, string>> = {
      start_time: "Timestamp",
      model: "snapshot_id",
      num_model_requests: "n_requests",
      input_tokens: "N Context Tokens Total",
      input_cached_tokens: "n_cached_context_tokens_total",
      output_tokens: "n_generated_tokens_total",
      amount_value: "cost_usd",
    };
    const files = PAGES.map((page) =>
      [...csvRows(dashboardCsv(page), ",")]
        .map((row = [], at) =>
          row
            .toReversed()
            .map((cell) => `"${at === 0 ? (other[cell] ?? cell) : cell}"`)
            .join(","),
        )
        .join("\n"),
    );
    await expectAgreement(files);
    const [file = ""] = files;
    const lines = file.split("\n").map((line, at) => `${line},${at === 0 ? "Moon\u001bphase" : "full"}`);
    const { exitCode, out } = await reconciled({ "a.csv": lines.join("\n") }, ROWS);
    expect([exitCode, out]).toEqual([
      0,
      expect.stringContaining("Columns that are not known, and not read: moonphase."),
    ]);
  });

  it("RECON-22 has buckets of days, hours or minutes, and its times with or without a zone", async () => {
    for (const bucketMs of [HOUR_MS, 60_000]) {
      const { exitCode } = await reconciled({ "a.json": completionsPage(USAGE, bucketMs) }, ROWS);
      expect(exitCode).toBe(0);
    }
    const [head = "", ...lines] = dashboardCsv(completionsPage(USAGE, HOUR_MS)).trimEnd().split("\n");
    for (const time of [
      (iso: string) => iso,
      (iso: string) => iso.replace("+00:00", "Z"),
      (iso: string) => iso.slice(0, 19).replace("T", " "),
      // Two hours east of Greenwich.
      (iso: string) => new Date(Date.parse(iso) + 2 * HOUR_MS).toISOString().replace(".000Z", "+02:00"),
    ]) {
      const changed = lines.map((line) => {
        const [, , start = "", end = "", ...cells] = line.split(",");
        return [time(start), time(end), ...cells].join(",");
      });
      const file = [head.replace("start_time,end_time,", ""), ...changed].join("\n");
      expect((await reconciled({ "a.csv": file }, ROWS)).exitCode).toBe(0);
    }
  });

  it("RECON-23 names the model of a cost in its line items, with a tier before it and a part behind it", async () => {
    const [, , costs] = PAGES;
    if (!costs) throw new Error("no costs");
    const tiered = costs.data.map((bucket) => ({
      ...bucket,
      results: bucket.results.map((result) => ({
        ...result,
        line_item: `standard | ${String(result.line_item)}, long context`,
      })),
    }));
    expect((await reconciled({ "c.json": { data: tiered } }, ROWS)).exitCode).toBe(0);
    const tool = { amount: { value: "0.25", currency: "usd" }, line_item: "web search tool calls" };
    const more = costs.data.map((bucket, at) => ({
      ...bucket,
      results: at === 0 ? [...bucket.results, tool] : bucket.results,
    }));
    const { exitCode, out } = await reconciled({ "c.json": { data: more } }, ROWS);
    expect([exitCode, out]).toEqual([1, expect.stringMatching(/web search tool calls +OpenAI .*0\.250000\n/)]);
  });

  it("RECON-24 may tell of what calls do not use: that is left out, and said", async () => {
    const embeddings = {
      object: "organization.usage.embeddings.result",
      input_tokens: 5,
      num_model_requests: 1,
      model: "x",
    };
    const page = completionsPage(USAGE);
    const data = page.data.map((bucket) => ({ ...bucket, results: [...bucket.results, embeddings] }));
    const { exitCode, out } = await reconciled({ "a.json": { data } }, ROWS);
    expect([exitCode, out]).toEqual([0, expect.stringContaining("Left out: 2 rows of what calls do not use.")]);
  });
});

const [TIME, ROW] = [
  "start_time,end_time,model,num_model_requests,input_tokens,output_tokens",
  "1795219200,1795305600,m,1,2,3",
];
const BUCKET = { start_time: 1_795_219_200, end_time: 1_795_305_600 };
const RESULT = {
  object: "organization.usage.completions.result",
  model: "m",
  num_model_requests: 1,
  input_tokens: 2,
  output_tokens: 3,
};
const json = (result: Record<string, unknown>) => ({ data: [{ ...BUCKET, results: [{ ...RESULT, ...result }] }] });

describe("a file that is no export, or cannot be compared", () => {
  const NO_EXPORT = "a: This is no export of OpenAI's usage or costs, neither JSON nor CSV.";
  it.each<[unknown, string]>([
    ["", NO_EXPORT],
    ["canary", NO_EXPORT],
    ["canary,b\n1,2\n", NO_EXPORT],
    [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff, 0), NO_EXPORT],
    [{ canary: 1 }, NO_EXPORT],
    [[], NO_EXPORT],
    [[{ data: "canary" }], NO_EXPORT],
    ['{"data": [{"canary', "a: This looks like JSON, and is none: it may have been cut off."],
    [{ data: [] }, "There is no usage in this export, and it does not say of what: nothing can be compared."],
    [
      "start_time,end_time,start_time_iso,end_time_iso\n1795219200,1795305600,2026-11-21,2026-11-22\n",
      "There is no usage in this export, and it does not say of what: nothing can be compared.",
    ],
    [`${TIME}\n${ROW}\n"canary`, "a: Row 3: a quotation mark is never closed."],
    [`${TIME}\n${ROW}\n1795219200,canary`, "a: Row 3 has 2 cells, and the first row 6."],
    [`${TIME}\ncanary,1795305600,m,1,2,3`, "a: Row 2: start_time cannot be read."],
    [`${TIME}\n,1795305600,m,1,2,3`, "a: Row 2: start_time cannot be read."],
    [`${TIME}\n${ROW.replace(",2,", ",-2,")}`, "a: Row 2: input_tokens cannot be read."],
    [`${TIME}\n${ROW.replace(",2,", ",2.5,")}`, "a: Row 2: input_tokens cannot be read."],
    [`${TIME}\n${ROW.replace(",2,", ",canary,")}`, "a: Row 2: input_tokens cannot be read."],
    [`${TIME}\n${ROW.replace(/3$/, "")}`, "a: Row 2: output_tokens is missing."],
    [`${TIME}\n${ROW.replace(",m,", ",,")}`, "a: Row 2: model is missing. Export it grouped by model."],
    [
      `${TIME}\n${ROW.replace("1795305600", "1795305601")}`,
      "a: Row 2: its time goes over midnight UTC, and no day can be compared. Export it in days, hours or minutes.",
    ],
    [
      `${TIME}\n${ROW.replace("1795305600", "1795219200")}`,
      "a: Row 2: its time goes over midnight UTC, and no day can be compared. Export it in days, hours or minutes.",
    ],
    [json({ input_tokens: -1 }), "a: Bucket 1, result 1: input_tokens cannot be read."],
    [json({ input_tokens: "canary" }), "a: Bucket 1, result 1: input_tokens cannot be read."],
    [json({ num_model_requests: null }), "a: Bucket 1, result 1: num_model_requests is missing."],
    [json({ model: null }), "a: Bucket 1, result 1: model is missing. Export it grouped by model."],
    [
      { data: [{ ...BUCKET, results: [{ amount: { value: 1, currency: "eur" } }] }] },
      "a: Bucket 1, result 1: amount_currency is not usd.",
    ],
    [
      { data: [{ ...BUCKET, results: [{ amount: { value: "canary" } }] }] },
      "a: Bucket 1, result 1: amount_value cannot be read.",
    ],
    [{ data: [{ ...BUCKET, results: [{ canary: 1 }] }] }, "a: Bucket 1, result 1: num_model_requests is missing."],
    [{ data: [{ start_time: "canary", results: [] }] }, "a: Bucket 1: start_time cannot be read."],
  ])("RECON-25 %j is a sentence that says where, quotes nothing, and exit code 2", async (file, sentence) => {
    const { exitCode, out, err } = await reconciled({ a: file }, ROWS);
    expect([exitCode, out, err]).toEqual([2, "", `${sentence}\n`]);
  });

  it("RECON-25 neither is a file that is not there, nor a key that no row tells of", async () => {
    const gone = await reconciled({}, ROWS, ["--usage", "folder/gone.csv"]);
    expect([gone.exitCode, gone.err]).toEqual([2, "gone.csv: this file cannot be read.\n"]);
    const keyless = await reconciled({ a: json({}) }, ROWS, ["--key-hint", "key_1"]);
    expect([keyless.exitCode, keyless.err]).toEqual([
      2,
      "No row tells of an API key, so --key-hint finds none. Export it grouped by API key.\n",
    ]);
    const apart = await reconciled({ a: transcriptionsPage(USAGE) }, rowsOf(chargesOf({ ...USAGE, transcripts: [] })), [
      "--from",
      "2030-01-01",
    ]);
    expect([apart.exitCode, apart.err]).toEqual([2, "The export has no day from --from to --to.\n"]);
  });

  it("RECON-25 nor is one of which the ledger has nothing that can be compared", async () => {
    const answers = rowsOf(chargesOf({ ...USAGE, transcripts: [] }));
    const { exitCode, err } = await reconciled(
      {
        a: {
          data: [
            { ...BUCKET, results: [] },
            ...transcriptionsPage({
              answers: [],
              transcripts: [{ ...USAGE.transcripts[0]!, atMs: BUCKET.start_time * 1_000 + 30 * DAY_MS }],
            }).data,
          ],
        },
      },
      answers,
      ["--to", "2026-11-21"],
    );
    expect([exitCode, err]).toEqual([
      2,
      "What is in these files and what is in the ledger have nothing that can be compared.\n",
    ]);
  });

  it("RECON-25 half of a file is never compared as a whole one, wherever it was cut", async () => {
    const [page, csv] = [JSON.stringify(completionsPage(USAGE)), dashboardCsv(completionsPage(USAGE)).trimEnd()];
    for (let at = 1; at < page.length; at += 97) {
      expect((await reconciled({ a: page.slice(0, at) }, ROWS)).exitCode).toBe(2);
    }
    const lastLine = csv.lastIndexOf("\n") + 1;
    for (let at = lastLine + 1; at < csv.length; at += 7) {
      // Within the last cell it is the name of another model.
      const { exitCode } = await reconciled({ a: csv.slice(0, at) }, ROWS);
      expect([at, exitCode]).toEqual([at, csv.slice(at).includes(",") ? 2 : 1]);
    }
  });

  it("RECON-27 every cell counts: damage to one that is compared is found, and to any other changes nothing", async () => {
    const [head = [], ...rows] = [...csvRows(dashboardCsv(completionsPage(USAGE)), ",")].map((row) => row ?? []);
    const compared =
      /^(?:model|num_model_requests|(?:in|out)put(?:_cached|_cache_write|_audio|_cached_audio)?_tokens)$/;
    const damagedAt = (column: number, row: number, damage: string): string =>
      [head, ...rows.map((cells, at) => (at === row ? cells.with(column, damage + cells[column]) : cells))]
        .map((cells) => cells.join(","))
        .join("\n");
    for (const [column, name] of head.entries()) {
      if (/^(?:start|end)_time$|^batch$|^service_tier$/.test(name)) continue;
      for (const row of rows.keys()) {
        const more = await reconciled({ a: damagedAt(column, row, "9") }, ROWS);
        const text = await reconciled({ a: damagedAt(column, row, "canary ") }, ROWS);
        const isCount = compared.test(name) && name !== "model";
        const expected = compared.test(name) ? [1, isCount ? 2 : 1] : [0, 0];
        expect([name, more.exitCode, text.exitCode]).toEqual([name, ...expected]);
        expect(text.err).not.toContain("canary");
      }
    }
  });
});

describe("a row of CSV", () => {
  const rowsIn = (text: string) => [...csvRows(text, separatorOf(text))];
  it("RECON-26 has quotes where it needs them, and lines of either end", () => {
    expect(rowsIn('a,"b,""c""\r\nd",\r\n\n"e"f;g,,h')).toEqual([
      ["a", 'b,"c"\r\nd', ""],
      ["ef;g", "", "h"],
    ]);
    expect(rowsIn("\ufeffa\tb\rc\td")).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    expect(rowsIn('a;b;"c,d,e,f"\n')).toEqual([["a", "b", "c,d,e,f"]]);
    expect(rowsIn('a,b\nc,"d')).toEqual([["a", "b"], undefined]);
  });
});
