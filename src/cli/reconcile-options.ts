import { parseArgs } from "node:util";
import { KEY_SOURCES, type KeySource } from "../protocol/call-record.ts";
import { parseStudentId, type StudentId } from "../protocol/ids.ts";

export const RECONCILE_USAGE = `npm run reconcile -- --usage FILE   compares what OpenAI has exported with the ledger; changes nothing
npm run reconcile -- --recompute   prices every row of the ledger again, from what was used and when

  --usage FILE      JSON of OpenAI's Usage or Costs API, or the CSV that its dashboard exports; can be repeated
  --payer WHO       whose account was exported: instructor (as without it) or student
  --student ID      which student's, with --payer student
  --key-hint KEY    only rows of this API key: its id, its name, or how it ends; can be repeated
  --from, --to DAY  the first and the last day, YYYY-MM-DD in UTC; without them those of the export
  --json            the outcome as JSON

Exit code: 0 both agree, 1 they differ, 2 they cannot be read or compared.
`;

export interface ReconcileOptions {
  /** Paths, as typed. */
  readonly usage: readonly string[];
  readonly payer: KeySource;
  readonly studentId: StudentId | null;
  readonly keyHints: readonly string[];
  /** Midnight UTC of the first day, and of the day after the last; null: the export's. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly json: boolean;
  readonly recompute: boolean;
}

export type ReconcileWish =
  | { readonly wish: "reconcile"; readonly options: ReconcileOptions }
  | { readonly wish: "help" }
  /** The problem is a sentence about the arguments. */
  | { readonly wish: "not-understood"; readonly problem: string };

export const DAY_MS = 86_400_000;

export function readReconcileOptions(args: readonly string[]): ReconcileWish {
  const read = parse(args);
  if (read === undefined) return notUnderstood("The arguments are not understood.");
  if (read.help) return { wish: "help" };
  const { usage = [], recompute = false } = read;
  const payer = KEY_SOURCES.find((source) => source === (read.payer ?? "instructor"));
  const keyHints = read["key-hint"] ?? [];
  if (usage.length === 0 && !recompute) return notUnderstood("Which export? Name its file with --usage.");
  if (usage.includes("") || keyHints.includes("")) return notUnderstood("--usage and --key-hint cannot be empty.");
  if (payer === undefined) return notUnderstood("--payer is instructor or student.");
  if (payer === "student" && read.student === undefined) {
    return notUnderstood("Which student's account is it? Give their id with --student: it is in the ledger's CSV.");
  }
  if (payer === "instructor" && read.student !== undefined) return notUnderstood("--student is for --payer student.");
  const studentId = parseStudentId(read.student) ?? null;
  if (read.student !== undefined && studentId === null) return notUnderstood("--student is not a student's id.");
  const fromMs = read.from === undefined ? null : midnightOf(read.from);
  const lastMs = read.to === undefined ? null : midnightOf(read.to);
  if (fromMs === undefined || lastMs === undefined) return notUnderstood("--from and --to are days, like 2026-11-22.");
  const toMs = lastMs === null ? null : lastMs + DAY_MS;
  if (fromMs !== null && toMs !== null && fromMs >= toMs) return notUnderstood("--from is after --to.");
  const options = { usage, payer, studentId, keyHints, fromMs, toMs, json: read.json ?? false, recompute };
  return { wish: "reconcile", options };
}

const notUnderstood = (problem: string): ReconcileWish => ({ wish: "not-understood", problem });

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        usage: { type: "string", multiple: true },
        payer: { type: "string" },
        student: { type: "string" },
        "key-hint": { type: "string", multiple: true },
        from: { type: "string" },
        to: { type: "string" },
        json: { type: "boolean" },
        recompute: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch {
    return undefined;
  }
}

/** Milliseconds of a day's beginning in UTC; `undefined`: there is no such day. */
export function midnightOf(day: string): number | undefined {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  // 2026-02-30 is read as a day of March.
  return Number.isNaN(ms) || dayOf(ms) !== day ? undefined : ms;
}

/** `YYYY-MM-DD` in UTC. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
