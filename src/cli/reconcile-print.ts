import type { KeySource } from "../protocol/call-record.ts";
import { printable } from "./print-call.ts";
import { counted, MEASURE_NAMES } from "./reconcile-causes.ts";
import type { Comparison, Verdict } from "./reconcile-compare.ts";
import { eachMeasure, MEASURES, type Measure, type Measures } from "./reconcile-measures.ts";
import { dayOf } from "./reconcile-options.ts";
import type { Miscomputed, Recomputation } from "./reconcile-recompute.ts";

/** What came of it. */
export interface Outcome {
  readonly payer: KeySource;
  readonly fromMs: number;
  readonly toMs: number;
  /** Undefined: only rows were priced again. */
  readonly compared:
    | {
        readonly rows: number;
        readonly charges: number;
        readonly comparisons: readonly Comparison[];
        readonly notes: readonly string[];
      }
    | undefined;
  readonly recomputed: Recomputation | undefined;
  readonly agrees: boolean;
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  agrees: "agrees",
  estimated: "about",
  differs: "DIFFERS",
  "not-compared": "not compared",
};
const MODEL_CHARACTERS = 40;
const MISCOMPUTED_SHOWN = 20;

/** For people. */
export function outcomeText({ payer, fromMs, toMs, compared, recomputed }: Outcome): string {
  const [first, last] = [dayOf(fromMs), dayOf(toMs - 1)];
  const days = `${first === last ? first : `${first} to ${last}`} (UTC)`;
  const lines: string[] = [];
  if (compared) {
    const { rows, charges, comparisons, notes } = compared;
    lines.push(
      `OpenAI's export against the ledger, ${days}, paid by the ${payer}: ${counted(rows, "row")}, ${counted(charges, "charge")}.`,
      "",
      ...(comparisons.length === 0 ? ["Neither has anything."] : tableOf(comparisons)),
      "",
      ...notes.map((note) => `- ${note}`),
      ...(notes.length > 0 ? [""] : []),
      closing(comparisons),
    );
  }
  if (recomputed) lines.push(...(compared ? [""] : []), ...recomputedLines(recomputed, days));
  return `${lines.join("\n")}\n`;
}

function closing(comparisons: readonly Comparison[]): string {
  const count = (wanted: Verdict): number => comparisons.filter(({ verdict }) => verdict === wanted).length;
  if (count("differs") > 0) return `They differ: ${count("differs")} of ${counted(comparisons.length, "line")}.`;
  return count("not-compared") > 0 ? "What can be compared agrees." : "They agree.";
}

/** For programs. */
export function outcomeJson({ payer, fromMs, toMs, compared, recomputed, agrees }: Outcome): string {
  const value = {
    agrees,
    payer,
    from: dayOf(fromMs),
    to: dayOf(toMs - 1),
    ...(compared && {
      rows: compared.rows,
      charges: compared.charges,
      lines: compared.comparisons,
      notes: compared.notes,
    }),
    ...(recomputed && {
      recomputed: { rows: recomputed.rows, unreadable: recomputed.unreadable, differing: recomputed.differing },
    }),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function tableOf(comparisons: readonly Comparison[]): readonly string[] {
  const shown = MEASURES.filter((measure) =>
    comparisons.some(({ openAi, ledger, most }) => [openAi, ledger, most].some((side) => (side[measure] ?? 0) !== 0)),
  );
  const cells = (side: Measures): string[] => shown.map((measure) => amount(measure, side[measure]));
  const rows = comparisons.flatMap((one): string[][] => {
    const name = [one.day, one.model === null ? "all models" : shortModel(one.model)];
    const verdict = VERDICTS[one.verdict];
    // Only what was compared stands for both.
    const compared = eachMeasure((each) => (one.verdicts[each] === "agrees" ? one.ledger[each] : null));
    if (one.verdict === "agrees") return [[...name, "both", ...cells(compared), verdict]];
    if (one.verdict === "not-compared") return [[...name, "ledger", ...cells(one.ledger), verdict]];
    const marked = shown.map((measure) => (one.verdicts[measure] === "agrees" ? "" : differenceOf(one, measure)));
    return [
      [...name, "OpenAI", ...cells(one.openAi), ""],
      ["", "", "ledger", ...cells(one.ledger), ""],
      ...(one.estimated > 0 ? [["", "", "+ at most", ...cells(one.most), ""]] : []),
      ["", "", "difference", ...marked, verdict],
    ];
  });
  const head = ["Day", "Model", "", ...shown.map((measure) => MEASURE_NAMES[measure]), ""];
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const isText = (column: number): boolean => column < 3 || column === head.length - 1;
  return table.map((row) =>
    row
      .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

function differenceOf({ openAi, ledger, verdicts }: Comparison, measure: Measure): string {
  const [theirs, ours] = [openAi[measure], ledger[measure]];
  if (verdicts[measure] === "not-compared" || theirs === null) return "";
  if (ours === null) return "unpriced";
  const difference = theirs - ours;
  return `${difference > 0 ? "+" : "-"}${amount(measure, Math.abs(difference))}`;
}

function amount(measure: Measure, value: number | null): string {
  if (value === null) return "-";
  if (measure === "microUsd") return (value / 1_000_000).toFixed(6);
  return (measure === "transcriptionMs" ? value / 1_000 : value).toLocaleString("en-US");
}

function shortModel(model: string): string {
  const line = printable(model).replaceAll(/\s/g, " ");
  return line.length > MODEL_CHARACTERS ? `${line.slice(0, MODEL_CHARACTERS - 1)}…` : line;
}

function recomputedLines({ rows, unreadable, differing }: Recomputation, days: string): readonly string[] {
  const hidden = differing.length - MISCOMPUTED_SHOWN;
  return [
    `${counted(rows, "row")} of the ledger, ${days}, priced again from what was used, when, and by which prices:`,
    ...(unreadable > 0 ? [`- ${counted(unreadable, "row")} cannot be read.`] : []),
    ...differing.slice(0, MISCOMPUTED_SHOWN).map(miscomputedLine),
    ...(hidden > 0 ? [`- and ${hidden} more`] : []),
    differing.length + unreadable === 0 ? "All come to what the ledger says." : "Not all come to what the ledger says.",
  ];
}

const miscomputedLine = (one: Miscomputed): string =>
  `- call ${printable(one.callId)}, charge ${one.seq} (${shortModel(one.model)}, prices ${printable(one.priceVersion)}): ` +
  `${dollars(one.storedMicroUsd)} in the ledger, ${dollars(one.computedMicroUsd)} computed`;

const dollars = (microUsd: number | null): string =>
  microUsd === null ? "no price" : `$${(microUsd / 1_000_000).toFixed(6)}`;
