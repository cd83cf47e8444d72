import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfiguration } from "../../src/cli/configuration.ts";
import { reconcileCommand } from "../../src/cli/reconcile-command.ts";
import { type Ledger, ledgerRowsIn, openLedger } from "../../src/cli/reconcile-ledger.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";
import { migratePglite } from "../../src/store/migrations.ts";
import { openPglite } from "../standins/postgres.ts";
import { type DatabaseUnderTest, openDatabaseUnderTest } from "../store/database-under-test.ts";
import { chargesOf, NOW_MS, someUsage } from "./reconciling.ts";
import { completionsPage, costsPage, DAY_MS, transcriptionsPage, type Usage } from "./usage-exports.ts";

const OPEN_MS = 60_000;
const PAGE_ROWS = 1_000;
const ANSWERS = 2_100;
const ROWS = (ANSWERS * 4) / 3;
const USAGE = someUsage(ANSWERS);
const FILES = filesOf(USAGE);
const COLUMNS =
  "call_id, seq, revision, session_token, workshop_id, at, kind, state, payer, model, usage, line_ms, raw_usage, upstream_id, price_version, cost_micro_usd";

let database: DatabaseUnderTest;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "callroom-reconcile-"));
  database = await openDatabaseUnderTest();
  await database.migrate();
  await database.sql(...insertOf(chargesOf(USAGE)));
}, OPEN_MS);
afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** All charges in one statement, as one call's. */
function insertOf(charges: readonly Charge[]): [text: string, rows: string] {
  const rows = charges.map((charge, at) => ({
    call_id: callIdFrom(new Uint8Array(16)),
    seq: at + 1,
    revision: 1,
    session_token: null,
    workshop_id: "w1",
    at: new Date(charge.atMs).toISOString(),
    kind: charge.kind,
    state: charge.state,
    payer: charge.payer,
    model: charge.model,
    usage: charge.usage,
    line_ms: 0,
    raw_usage: null,
    upstream_id: null,
    price_version: charge.priceVersion,
    cost_micro_usd: charge.costMicroUsd,
  }));
  const text = `insert into charges (${COLUMNS}) select ${COLUMNS} from jsonb_populate_recordset(null::charges, $1::jsonb)`;
  return [text, JSON.stringify(rows)];
}

function filesOf(usage: Usage): Readonly<Record<string, string>> {
  return {
    completions: JSON.stringify(completionsPage(usage)),
    transcriptions: JSON.stringify(transcriptionsPage(usage)),
    costs: JSON.stringify(costsPage(usage)),
  };
}

async function reconcile(usage: Usage, open: () => Promise<Ledger | undefined>, args: readonly string[] = []) {
  const [out, err]: [string[], string[]] = [[], []];
  const files = usage === USAGE ? FILES : filesOf(usage);
  const named = Object.keys(files).flatMap((name) => ["--usage", name]);
  const exitCode = await reconcileCommand([...named, ...args], {
    out: { write: (text) => out.push(text) },
    err: { write: (text) => err.push(text) },
    nowMs: () => NOW_MS,
    readFile: async (path) => new TextEncoder().encode(files[path]),
    openLedger: open,
  });
  return { exitCode, out: out.join(""), err: err.join("") };
}

const underTest = async (): Promise<Ledger> => ({ rows: ledgerRowsIn(database.db, PAGE_ROWS), close: async () => {} });
const configured = (variables: Record<string, string>) => () =>
  openLedger(readConfiguration(variables, folder), folder);

describe("the ledger in a database", { timeout: OPEN_MS }, () => {
  it("RECON-30 agrees page by page, none of its rows left out or twice, and each comes to what it says", async () => {
    const { requests } = database.neon.counted;
    const { exitCode, out } = await reconcile(USAGE, underTest, ["--recompute"]);
    expect([exitCode, out]).toEqual([0, expect.stringContaining("They agree.")]);
    expect(out).toContain(`${ROWS} rows of the ledger`);
    expect(database.neon.counted.requests - requests).toBe(Math.ceil(ROWS / PAGE_ROWS));
    const [first, ...others] = USAGE.answers;
    const tampered = { ...USAGE, answers: [...others, { ...first!, output: first!.output + 1 }] };
    expect((await reconcile(tampered, underTest)).exitCode).toBe(1);
  });

  it("RECON-30 a row that was changed behind everybody's back is found, with or without an export", async () => {
    await database.sql("update charges set cost_micro_usd = cost_micro_usd - 1 where seq = 77");
    const { exitCode, out } = await reconcile(USAGE, underTest, ["--recompute"]);
    expect([exitCode, out]).toEqual([1, expect.stringMatching(/- call 0{26}, charge 77 /)]);
    await database.sql("update charges set cost_micro_usd = cost_micro_usd + 1 where seq = 77");
  });

  it("RECON-30 a row that is none is not read over", async () => {
    await database.sql(`update charges set usage = usage || '{"inputTokens": "canary"}' where seq = 78`);
    const { exitCode, out } = await reconcile(USAGE, underTest);
    expect([exitCode, out]).toEqual([1, expect.stringContaining("1 row of the ledger cannot be read")]);
    expect(out).not.toContain("canary");
  });

  it("RECON-31 is that of DATABASE_URL, or the embedded one that npm run dev has left behind", async () => {
    const url = { DATABASE_URL: database.neon.url, DATABASE_HTTP_ENDPOINT: database.neon.endpoint };
    const seen = await reconcile(USAGE, configured(url));
    expect([seen.exitCode, seen.out]).toEqual([1, expect.stringContaining(`${ROWS - 1} charges`)]);
    const left = await openPglite({ dataDir: join(folder, ".data", "postgres") });
    await migratePglite(left.pglite);
    const small = someUsage(6);
    const [text, rows] = insertOf(chargesOf(small));
    await left.run({ text, params: [rows] });
    const inUse = await reconcile(small, configured({}));
    expect([inUse.exitCode, inUse.out, inUse.err]).toEqual([2, "", expect.stringContaining("in use")]);
    await left.close();
    const { exitCode, out } = await reconcile(small, configured({}));
    expect([exitCode, out]).toEqual([0, expect.stringContaining("8 charges")]);
  });

  it("RECON-32 that is not there, not up to date or does not answer is a sentence, and exit code 2", async () => {
    const nowhere = await reconcile(USAGE, configured({ DATA_DIR: "nowhere" }));
    expect([nowhere.exitCode, nowhere.err]).toEqual([2, expect.stringMatching(/^No database: set DATABASE_URL/)]);
    const silent = {
      DATABASE_URL: "postgres://u:canary@127.0.0.1:9/db",
      DATABASE_HTTP_ENDPOINT: "http://127.0.0.1:9/sql",
    };
    const { exitCode, out, err } = await reconcile(USAGE, configured(silent));
    expect([exitCode, out, err]).toEqual([2, "", "The database does not answer. Try it again.\n"]);
    mkdirSync(join(folder, "old"));
    const old = await openPglite({ dataDir: join(folder, "old", "postgres") });
    await old.close();
    const bare = await reconcile(USAGE, configured({ DATA_DIR: "old" }));
    expect([bare.exitCode, bare.err]).toEqual([
      2,
      "The database has no ledger that can be read: npm run db:migrate brings it up to date.\n",
    ]);
  });

  it("RECON-33 nothing is written: neither a row changes, nor does a folder appear", async () => {
    const before = await database.sql("select md5(string_agg(charges::text, ',' order by seq)) as sum from charges");
    await reconcile(USAGE, underTest, ["--recompute", "--from", new Date(NOW_MS - DAY_MS).toISOString().slice(0, 10)]);
    await reconcile(USAGE, configured({ DATA_DIR: "nowhere" }));
    expect(await database.sql("select md5(string_agg(charges::text, ',' order by seq)) as sum from charges")).toEqual(
      before,
    );
    expect(() => rmSync(join(folder, "nowhere"), { recursive: true })).toThrow("ENOENT");
  });
});
