import { describe, expect, it } from "vitest";
import * as z from "zod";
import { chargeOf } from "../pricing/samples.ts";
import { ADA, chargesOf, type Files, MIDNIGHT_MS, NOW_MS, reconciled, rowsOf, someUsage } from "./reconciling.ts";
import { completionsPage, costsPage, DAY_MS, dashboardCsv, transcriptionsPage, type Usage } from "./usage-exports.ts";

const USAGE = someUsage();
const ROWS = rowsOf(chargesOf(USAGE));

const filesOf = (usage: Usage): Files => ({
  "completions.json": completionsPage(usage),
  "transcriptions.json": transcriptionsPage(usage),
  "costs.json": costsPage(usage),
});

const Outcome = z.object({
  agrees: z.boolean(),
  lines: z.array(
    z.object({
      day: z.string(),
      model: z.string().nullable(),
      verdict: z.string(),
      verdicts: z.record(z.string(), z.string()),
    }),
  ),
  notes: z.array(z.string()),
});

/** What differs, as `day model measure`, and what is said about it. */
async function differences(files: Files, rows = ROWS, args: readonly string[] = []) {
  const { exitCode, out, err } = await reconciled(files, rows, ["--json", ...args]);
  const { agrees, lines, notes } = Outcome.parse(JSON.parse(out === "" ? "{}" : out));
  expect([exitCode, err]).toEqual([agrees ? 0 : 1, ""]);
  const found = lines.flatMap(({ day, model, verdicts }) =>
    Object.entries(verdicts).flatMap(([measure, verdict]) =>
      verdict === "differs" ? [`${day} ${model} ${measure}`] : [],
    ),
  );
  return { found, notes, lines };
}

const [first, ...others] = USAGE.answers;
const [transcript, ...transcripts] = USAGE.transcripts;
if (!first || !transcript) throw new Error("no usage");
const dayOf = ({ atMs }: { readonly atMs: number }): string => new Date(atMs).toISOString().slice(0, 10);
const FIRST = `${dayOf(first)} ${first.model}`;

describe("what is exported and what the ledger has", () => {
  it("RECON-1 agree on requests, on every kind of token, on seconds and on money", async () => {
    const { found, lines } = await differences(filesOf(USAGE));
    expect(found).toEqual([]);
    expect(lines).toHaveLength(8);
    const compared = new Set(
      lines.flatMap(({ verdicts }) =>
        Object.entries(verdicts).flatMap(([measure, verdict]) => (verdict === "agrees" ? [measure] : [])),
      ),
    );
    expect(compared.size).toBe(10);
    const { exitCode, out } = await reconciled(filesOf(USAGE), ROWS);
    expect([exitCode, out.trimEnd().split("\n").at(-1)]).toEqual([0, "They agree."]);
  });

  it.each([
    ["input", { input: first.input + 1 }, "inputTokens"],
    ["cached", { cached: first.cached + 1 }, "cachedInputTokens"],
    ["cached sound", { cachedAudioIn: first.cachedAudioIn + 1 }, "cachedInputAudioTokens"],
    ["output", { output: first.output - 1 }, "outputTokens"],
    ["spoken output", { audioOut: first.audioOut + 1 }, "outputAudioTokens"],
  ] as const)("RECON-2 one token of %s that is too many or missing is found", async (_, change, measure) => {
    const tampered = { ...USAGE, answers: [{ ...first, ...change }, ...others] };
    const { found } = await differences({ ...filesOf(USAGE), "completions.json": completionsPage(tampered) });
    expect(found).toEqual([`${FIRST} ${measure}`]);
  });

  it("RECON-2 one token of sound is found whether or not cached sound is counted apart", async () => {
    const tampered = {
      ...USAGE,
      answers: [{ ...first, audioIn: first.audioIn + 1, input: first.input + 1 }, ...others],
    };
    const { found } = await differences({ "completions.json": completionsPage(tampered) });
    expect(found).toEqual([`${FIRST} inputTokens`, `${FIRST} inputAudioTokens`]);
    const { data } = completionsPage(USAGE);
    const older = data.map((bucket) => ({
      ...bucket,
      results: bucket.results.map(({ input_cached_audio_tokens: cached, input_audio_tokens: sound, ...rest }) => ({
        ...rest,
        input_audio_tokens: Number(sound) + Number(cached),
      })),
    }));
    expect((await differences({ "completions.json": { data: older } })).found).toEqual([]);
  });

  it("RECON-2 a thousandth of a second is found, and seconds that were rounded may be less than one away for each row", async () => {
    const longer = { ...USAGE, transcripts: [{ ...transcript, seconds: transcript.seconds + 0.001 }, ...transcripts] };
    const { found } = await differences({ "t.json": transcriptionsPage(longer) });
    expect(found).toEqual([`${dayOf(transcript)} ${transcript.model} transcriptionMs`]);
    const rounded = (more: number) => ({
      data: transcriptionsPage(USAGE).data.map((bucket) => ({
        ...bucket,
        results: bucket.results.map((result) => ({ ...result, seconds: Math.ceil(Number(result.seconds)) + more })),
      })),
    });
    expect((await differences({ "t.json": rounded(0) })).found).toEqual([]);
    expect((await differences({ "t.json": rounded(1) })).found).toEqual([
      "2026-11-21 gpt-transcribe transcriptionMs",
      "2026-11-22 gpt-transcribe transcriptionMs",
    ]);
  });

  it("RECON-3 a request that is missing is found, on either side", async () => {
    const { found, notes } = await differences({ "completions.json": completionsPage({ ...USAGE, answers: others }) });
    expect(found).toContain(`${FIRST} requests`);
    expect(notes).toContainEqual(expect.stringMatching(/^The ledger has more than OpenAI/));
    const other = await differences({ "completions.json": completionsPage(USAGE) }, ROWS.slice(1));
    expect(other.found).toContain(`${FIRST} requests`);
    expect(other.notes).toContainEqual(expect.stringMatching(/used elsewhere\? Compare one key alone/));
  });

  it("RECON-3 a row that is there twice is found, and said to be", async () => {
    const page = completionsPage(USAGE);
    const [bucket, ...buckets] = page.data;
    if (!bucket?.results[0]) throw new Error("no row");
    const twice = { ...page, data: [{ ...bucket, results: [bucket.results[0], ...bucket.results] }, ...buckets] };
    const json = await differences({ "completions.json": twice });
    const [head = "", line = "", ...lines] = dashboardCsv(page).split("\n");
    const csv = await differences({ "completions.csv": [head, line, line, ...lines].join("\n") });
    for (const { found, notes } of [json, csv]) {
      expect(found.filter((each) => each.endsWith(" requests"))).toHaveLength(1);
      expect(notes).toContain("The export repeats 1 row, word for word.");
    }
  });

  it("RECON-3 a model or a day that the export does not have is found", async () => {
    const without = { ...USAGE, answers: USAGE.answers.filter(({ model }) => model !== "gpt-6-luna") };
    const { found } = await differences({ "completions.json": completionsPage(without) });
    expect(found.filter((each) => each.endsWith(" requests"))).toEqual([
      "2026-11-21 gpt-6-luna requests",
      "2026-11-22 gpt-6-luna requests",
    ]);
    const today = { ...USAGE, answers: USAGE.answers.filter(({ atMs }) => atMs >= MIDNIGHT_MS) };
    const half = { "completions.json": completionsPage(today) };
    expect((await differences(half)).found).toEqual([]);
    const asked = await differences(half, ROWS, ["--from", "2026-11-21"]);
    expect(asked.found.filter((each) => each.endsWith(" requests"))).toHaveLength(2);
  });

  it("RECON-4 a request is on its day in UTC: the last millisecond of one, or the first of the next", async () => {
    const at = (atMs: number): Usage => ({ ...USAGE, answers: [{ ...first, atMs }, ...others] });
    const [before, after] = [at(MIDNIGHT_MS - 1), at(MIDNIGHT_MS)];
    const rows = rowsOf(chargesOf(before));
    expect((await differences({ "a.json": completionsPage(before) }, rows)).found).toEqual([]);
    const { found, notes } = await differences({ "a.json": completionsPage(after) }, rows);
    expect(found.filter((each) => each.endsWith(" requests"))).toEqual([
      `2026-11-21 ${first.model} requests`,
      `2026-11-22 ${first.model} requests`,
    ]);
    expect(notes).toContainEqual(expect.stringMatching(/around midnight UTC/));
  });

  it("RECON-5 money may be one in a hundred away, and two in a hundred are found", async () => {
    for (const [factor, count] of [
      [1.009, 0],
      [0.991, 0],
      [1.02, 8],
      [0.98, 8],
    ] as const) {
      const { found } = await differences({ ...filesOf(USAGE), "costs.json": costsPage(USAGE, factor) });
      expect(found.filter((each) => each.endsWith(" microUsd"))).toHaveLength(count);
      expect(found).toHaveLength(count);
    }
  });

  it("RECON-5 money that no model is named for is compared day by day", async () => {
    const days = (factor: number) => ({
      data: costsPage(USAGE, factor).data.map(({ results, ...bucket }) => ({
        ...bucket,
        results: [
          {
            amount: { value: results.reduce((all, { amount }) => all + Object(amount).value, 0), currency: "usd" },
            line_item: null,
          },
        ],
      })),
    });
    const { lines, found } = await differences({ "costs.json": days(1) });
    expect(lines.filter(({ model }) => model === null).map(({ verdict }) => verdict)).toEqual(["agrees", "agrees"]);
    expect(found).toEqual([]);
    expect((await differences({ "costs.json": days(1.02) })).found).toEqual([
      "2026-11-21 null microUsd",
      "2026-11-22 null microUsd",
    ]);
  });

  it("RECON-5 a charge without a price is a difference, and no dollar of it is taken for nothing", async () => {
    const usage: Usage = { answers: [first], transcripts: [] };
    const [charge] = chargesOf(usage);
    if (!charge) throw new Error("no charge");
    const { found, notes } = await differences(filesOf(usage), rowsOf([{ ...charge, costMicroUsd: null }]));
    expect(found).toEqual([`${FIRST} microUsd`]);
    expect(notes).toContainEqual(expect.stringMatching(/^No price is known for 1 charge:/));
    const { out } = await reconciled(filesOf(usage), rowsOf([{ ...charge, costMicroUsd: null }]));
    expect(out).toMatch(/difference .*unpriced .*DIFFERS/);
  });

  it("RECON-6 what was counted by us stands apart, and OpenAI may have up to as much more", async () => {
    const charges = chargesOf(USAGE).map((charge, at) =>
      at === 0
        ? {
            ...charge,
            state: "estimated" as const,
            usage: {
              ...charge.usage,
              outputTokens: charge.usage.outputTokens + 40,
              cachedInputTokens: 0,
              cachedInputAudioTokens: 0,
              estimated: true,
            },
            costMicroUsd: (charge.costMicroUsd ?? 0) + 30_000,
          }
        : charge,
    );
    const { found, notes, lines } = await differences(filesOf(USAGE), rowsOf(charges));
    expect(found).toEqual([]);
    expect(lines.filter(({ verdict }) => verdict === "estimated")).toEqual([
      expect.objectContaining({ day: dayOf(first), model: first.model }),
    ]);
    expect(notes).toContainEqual(expect.stringMatching(/^1 charge broke off before OpenAI told/));
    // What OpenAI never billed is no difference either.
    const unbilled = { ...USAGE, answers: others };
    expect((await differences(filesOf(unbilled), rowsOf(charges))).found).toEqual([]);
    const more = { ...USAGE, answers: [{ ...first, output: first.output + 41, audioOut: first.audioOut }, ...others] };
    expect((await differences({ "c.json": completionsPage(more) }, rowsOf(charges))).found).toEqual([
      `${FIRST} outputTokens`,
    ]);
  });

  it("RECON-6 what goes on counts as what was counted by us, and what was refused as nothing", async () => {
    const usage: Usage = { answers: [first], transcripts: [] };
    const [charge] = chargesOf(usage);
    if (!charge) throw new Error("no charge");
    const rows = rowsOf([charge, { ...charge, state: "void" }, { ...charge, state: "open" }]);
    expect((await differences(filesOf(usage), rows)).found).toEqual([]);
  });

  it("RECON-7 a model's dated snapshots and other names are that model, of whose price nobody knows too", async () => {
    const named = (model: string): Usage => ({ answers: [{ ...first, model }], transcripts: [] });
    const pairs = [
      ["gpt-5-mini", "gpt-5-mini-2025-08-07"],
      ["gpt-4o-mini-transcribe-2025-12-15", "gpt-4o-mini-transcribe"],
      ["gpt-unheard-of", "gpt-unheard-of-2027-01-02"],
    ] as const;
    for (const [ours, theirs] of pairs) {
      const rows = rowsOf(chargesOf(named(ours)));
      expect((await differences({ "a.json": completionsPage(named(theirs)) }, rows)).found).toEqual([]);
    }
    const other = await differences(
      { "a.json": completionsPage(named("gpt-5-nano")) },
      rowsOf(chargesOf(named("gpt-5-mini"))),
    );
    expect(other.found.filter((each) => each.endsWith(" requests"))).toHaveLength(2);
  });

  it("RECON-8 an account is the instructor's or one student's, and the phone is on neither", async () => {
    const eve = "22222222-2222-4222-8222-222222222222";
    const own = chargesOf(USAGE).map((charge) => ({ ...charge, payer: "student" as const }));
    const phone = chargeOf({ kind: "phone", payer: "instructor", model: "conversation-relay", lineMs: 60_000 });
    const rows = [...rowsOf(own, ADA), ...rowsOf(own.slice(0, 9), eve), ...rowsOf([phone])];
    const files = filesOf(USAGE);
    expect((await differences(files, rows, ["--payer", "student", "--student", ADA])).found).toEqual([]);
    const wrong = [["--payer", "student", "--student", eve], []];
    for (const args of wrong) expect((await differences(files, rows, args)).found.length).toBeGreaterThan(0);
    expect((await differences(files, [...rows, ...ROWS])).found).toEqual([]);
  });

  it("RECON-9 one key can be compared alone, by its id or how it ends, and only the days that are asked for", async () => {
    const elsewhere = { ...USAGE, answers: [...USAGE.answers, { ...first, keyId: "key_elsewhere" }] };
    const files = { "a.json": completionsPage(elsewhere) };
    expect((await differences(files)).found).toContain(`${FIRST} requests`);
    for (const hint of ["key_instructor01", "tor01"]) {
      const { found, notes } = await differences(files, ROWS, ["--key-hint", hint]);
      expect(found).toEqual([]);
      expect(notes).toContain("Left out: 1 row of other keys.");
    }
    const tampered = {
      ...USAGE,
      answers: USAGE.answers.map((one) => (one.atMs < MIDNIGHT_MS ? { ...one, output: one.output + 1 } : one)),
    };
    const today = await differences({ "a.json": completionsPage(tampered) }, ROWS, ["--from", "2026-11-22"]);
    expect(today.found).toEqual([]);
    expect(today.notes).toContain("Left out: 2 rows of other days.");
    expect(
      (await differences({ "a.json": completionsPage(tampered) }, ROWS, ["--to", "2026-11-21"])).found,
    ).toHaveLength(2);
  });

  it("RECON-10 what the files are not of is not compared, and which file is missing is said", async () => {
    const { found, notes } = await differences({ "a.json": completionsPage(USAGE) });
    expect(found).toEqual([]);
    expect(notes).toContain(
      "Nothing in these files is of 20 charges of the ledger: give the export of audio transcriptions too.",
    );
    const { out } = await reconciled({ "a.json": completionsPage(USAGE) }, ROWS);
    expect(out).toContain("What can be compared agrees.");
    const nothing = await reconciled(
      { "t.json": transcriptionsPage(USAGE) },
      rowsOf(chargesOf({ ...USAGE, transcripts: [] })),
      ["--to", "2026-11-20", "--from", "2026-11-01"],
    );
    expect([nothing.exitCode, nothing.out]).toEqual([0, expect.stringContaining("Neither has anything.")]);
  });

  it("RECON-11 what a difference may come from is said: a day that goes on, a page that is missing, another tier", async () => {
    const page = completionsPage({ ...USAGE, answers: [{ ...first, atMs: NOW_MS, output: 1 }, ...others] });
    const data = page.data.map((bucket, at) => ({
      ...bucket,
      ...(at === 0 && { start_time: bucket.start_time + 3_600 }),
      results: bucket.results.map((result) => ({ ...result, batch: true })),
    }));
    const { notes } = await differences({ "a.json": { data, has_more: true } });
    expect(notes.slice(-5)).toEqual([
      "The export begins in the middle of 2026-11-21.",
      "2026-11-22 is not over yet in UTC.",
      "A file ends before the last page: OpenAI says that more comes after it.",
      "The export has 4 rows of the batch API or of another tier: calls use neither.",
      expect.stringMatching(/^Nothing in these files/),
    ]);
  });

  it("RECON-12 rows of the ledger that nobody can read keep both from agreeing", async () => {
    const [row] = ROWS;
    if (!row) throw new Error("no row");
    const { exitCode, out } = await reconciled(filesOf(USAGE), [...ROWS, { ...row, charge: undefined }]);
    expect([exitCode, out]).toEqual([1, expect.stringContaining("1 row of the ledger cannot be read")]);
  });

  it("RECON-13 every row comes to what it says when it is priced again, and one that does not is named", async () => {
    const sound = await reconciled({}, ROWS, ["--recompute"]);
    expect([sound.exitCode, sound.out]).toEqual([
      0,
      expect.stringMatching(/^80 rows .*\nAll come to what the ledger says\.\n$/),
    ]);
    const changed = ROWS.map((row, at) =>
      at === 5 && row.charge
        ? { ...row, charge: { ...row.charge, costMicroUsd: (row.charge.costMicroUsd ?? 0) + 1 } }
        : row,
    );
    const { exitCode, out } = await reconciled({}, changed, ["--recompute"]);
    expect(exitCode).toBe(1);
    expect(out).toMatch(
      /- call c{26}, charge 6 \(gpt-6-luna, prices .*\): \$0\.\d{6} in the ledger, \$0\.\d{6} computed/,
    );
    const both = await reconciled(filesOf(USAGE), changed, ["--recompute"]);
    expect([both.exitCode, both.out]).toEqual([1, expect.stringContaining("They agree.")]);
  });

  it("RECON-13 what was refused comes to nothing, and what has no price to no number", async () => {
    const [charge] = chargesOf(USAGE);
    if (!charge) throw new Error("no charge");
    const refused = { ...charge, state: "void" as const };
    const unknown = chargeOf({ model: "gpt-unheard-of", usage: { responses: 1, inputTokens: 5 } });
    const beforeAnyPrice = { ...charge, priceVersion: "2020-01-01-0", costMicroUsd: null };
    const phone = chargeOf({ kind: "phone", payer: "instructor", model: "conversation-relay", lineMs: 61_000 });
    const rows = rowsOf([{ ...refused, costMicroUsd: 0 }, unknown, beforeAnyPrice, phone]);
    expect((await reconciled({}, rows, ["--recompute"])).exitCode).toBe(0);
    const wrong = rowsOf([refused, { ...unknown, costMicroUsd: 0 }, { ...phone, lineMs: 60_000 }]);
    const { exitCode, out } = await reconciled({}, wrong, ["--recompute"]);
    expect(out.match(/^- call /gm)).toHaveLength(3);
    expect([exitCode, out]).toEqual([1, expect.stringContaining("$0.000000 in the ledger, no price computed")]);
  });

  it("RECON-14 a hundred thousand rows on each side are compared within seconds", async () => {
    const many = someUsage(75_000);
    const rows = rowsOf(chargesOf(many));
    const csv = dashboardCsv(completionsPage(many, 2_000));
    expect(rows).toHaveLength(100_000);
    expect(csv.split("\n").length).toBeGreaterThan(86_000);
    const startedMs = performance.now();
    const { found } = await differences({ "a.csv": csv }, rows);
    expect(found).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  }, 120_000);
});

it("RECON-15 the arguments are explained, and what is not understood is a sentence", async () => {
  const help = await reconciled({}, [], ["--help"]);
  expect([help.exitCode, help.out]).toEqual([0, expect.stringContaining("--payer WHO")]);
  for (const [args, sentence] of [
    [[], "Which export?"],
    [["--canary"], "The arguments are not understood."],
    [["--usage", ""], "cannot be empty"],
    [["--usage", "a", "--payer", "canary"], "--payer is instructor or student."],
    [["--usage", "a", "--payer", "student"], "Which student's account is it?"],
    [["--usage", "a", "--payer", "student", "--student", "canary"], "--student is not a student's id."],
    [["--usage", "a", "--student", ADA], "--student is for --payer student."],
    [["--usage", "a", "--from", "2026-02-30"], "--from and --to are days"],
    [["--usage", "a", "--to", "yesterday"], "--from and --to are days"],
    [["--usage", "a", "--from", "2026-11-22", "--to", "2026-11-21"], "--from is after --to."],
  ] as const) {
    const { exitCode, out, err } = await reconciled({}, [], args);
    expect([args, exitCode, out, err]).toEqual([args, 2, "", expect.stringContaining(sentence)]);
    expect(err).not.toContain("canary");
  }
});

it("RECON-15 days of the ledger before 1970 or after all are none", async () => {
  const far = rowsOf(chargesOf(USAGE).map((charge) => ({ ...charge, atMs: charge.atMs + 400 * DAY_MS })));
  const { exitCode, out } = await reconciled({}, far, ["--recompute"]);
  expect([exitCode, out]).toEqual([0, expect.stringMatching(/^0 rows /)]);
});
