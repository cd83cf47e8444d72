import { basename } from "node:path";
import { DataDirInUse } from "../../test/standins/postgres.ts";
import { Failure } from "../failure.ts";
import { printable } from "./print-call.ts";
import type { Terminal } from "./progress.ts";
import { causesOf } from "./reconcile-causes.ts";
import { compare } from "./reconcile-compare.ts";
import { readExport, type UsageExport } from "./reconcile-export.ts";
import { ExportProblem } from "./reconcile-export-row.ts";
import type { Ledger, LedgerRows } from "./reconcile-ledger.ts";
import { DAY_MS, RECONCILE_USAGE, type ReconcileOptions, readReconcileOptions } from "./reconcile-options.ts";
import { type Outcome, outcomeJson, outcomeText } from "./reconcile-print.ts";
import { Recomputation } from "./reconcile-recompute.ts";
import { LedgerTally, tallyExports } from "./reconcile-tally.ts";

/** What the command needs of the outside. */
export interface ReconcileSurroundings {
  readonly out: Terminal;
  readonly err: Terminal;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** `undefined`: no database is configured, and none runs. */
  readonly openLedger: () => Promise<Ledger | undefined>;
}

/** 0: both agree. 1: they differ. 2: they cannot be read or compared. */
export type ExitCode = 0 | 1 | 2;

/** A sentence for the person at the terminal. */
class Trouble extends Error {}

/**
 * `npm run reconcile`: compares what OpenAI has exported with the ledger, or prices the ledger's rows again, and prints what
 * came of it. Writes nothing anywhere else.
 */
export async function reconcileCommand(args: readonly string[], world: ReconcileSurroundings): Promise<ExitCode> {
  const wish = readReconcileOptions(args);
  if (wish.wish === "help") {
    world.out.write(RECONCILE_USAGE);
    return 0;
  }
  if (wish.wish === "not-understood") {
    world.err.write(`${wish.problem}\n\n${RECONCILE_USAGE}`);
    return 2;
  }
  try {
    const outcome = await reconciled(wish.options, world);
    world.out.write(wish.options.json ? outcomeJson(outcome) : outcomeText(outcome));
    return outcome.agrees ? 0 : 1;
  } catch (thrown) {
    world.err.write(`${sentenceOf(thrown)}\n`);
    return 2;
  }
}

async function reconciled(options: ReconcileOptions, world: ReconcileSurroundings): Promise<Outcome> {
  const files: UsageExport[] = [];
  for (const path of options.usage) files.push(await exportIn(path, world));
  if (files.length > 0 && files.every(({ sources }) => sources.size === 0)) {
    throw new ExportProblem("There is no usage in this export, and it does not say of what: nothing can be compared.");
  }
  const range = rangeOf(options, files, world.nowMs());
  const exported = files.length === 0 ? undefined : tallyExports(files, { ...range, keyHints: options.keyHints });
  const ledger = new LedgerTally(options);
  const recomputed = options.recompute ? new Recomputation() : undefined;
  await eachRow(world, async (rows) => {
    for await (const page of rows(range.fromMs, range.toMs)) {
      for (const row of page) {
        ledger.add(row);
        recomputed?.add(row);
      }
    }
  });
  const isSound = recomputed?.isSound ?? true;
  if (!exported) return { ...options, ...range, compared: undefined, recomputed, agrees: isSound };
  const comparisons = compare(exported, ledger);
  if (comparisons.length > 0 && comparisons.every(({ verdict }) => verdict === "not-compared")) {
    throw new ExportProblem("What is in these files and what is in the ledger have nothing that can be compared.");
  }
  const isOneKey = options.keyHints.length > 0;
  const notes = causesOf({ files, exported, ledger, comparisons, isOneKey, nowMs: world.nowMs() });
  const charges = [...ledger.groups.values()].reduce((sum, group) => sum + group.charges, 0);
  const differs = comparisons.some(({ verdict }) => verdict === "differs") || ledger.unreadable > 0;
  return {
    ...options,
    ...range,
    compared: { rows: exported.rows, charges, comparisons, notes },
    recomputed,
    agrees: !differs && isSound,
  };
}

async function exportIn(path: string, { readFile }: ReconcileSurroundings): Promise<UsageExport> {
  const name = printable(basename(path));
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch {
    throw new Trouble(`${name}: this file cannot be read.`);
  }
  try {
    return readExport(bytes);
  } catch (thrown) {
    if (thrown instanceof ExportProblem) throw new Trouble(`${name}: ${thrown.message}`);
    throw thrown;
  }
}

/** Whole days in UTC: those asked for, else the export's, else all there are. */
function rangeOf({ fromMs, toMs }: ReconcileOptions, files: readonly UsageExport[], nowMs: number) {
  const firstMs = files.length === 0 ? 0 : Math.min(...files.map((file) => file.fromMs));
  const lastMs = files.length === 0 ? nowMs : Math.max(...files.map((file) => file.toMs)) - 1;
  const range = {
    fromMs: fromMs ?? firstMs - (firstMs % DAY_MS),
    toMs: toMs ?? lastMs - (lastMs % DAY_MS) + DAY_MS,
  };
  if (range.fromMs >= range.toMs) throw new Trouble("The export has no day from --from to --to.");
  return range;
}

async function eachRow(world: ReconcileSurroundings, read: (rows: LedgerRows) => Promise<void>): Promise<void> {
  const ledger = await world.openLedger();
  if (!ledger) throw new Trouble("No database: set DATABASE_URL, or start npm run dev once, which makes one.");
  try {
    await read(ledger.rows);
  } finally {
    await ledger.close();
  }
}

/** Only sentences of ours: what anything else says may quote a value. */
function sentenceOf(thrown: unknown): string {
  if (thrown instanceof Trouble || thrown instanceof ExportProblem || thrown instanceof DataDirInUse)
    return thrown.message;
  if (!(thrown instanceof Failure)) return "Something went wrong on our side.";
  return thrown.reason === "internal"
    ? "The database has no ledger that can be read: npm run db:migrate brings it up to date."
    : "The database does not answer. Try it again.";
}
