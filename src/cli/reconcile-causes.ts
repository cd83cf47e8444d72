import { printable } from "./print-call.ts";
import type { Comparison } from "./reconcile-compare.ts";
import type { UsageExport } from "./reconcile-export.ts";
import { MEASURES, type Measure } from "./reconcile-measures.ts";
import { DAY_MS, dayOf, midnightOf } from "./reconcile-options.ts";
import type { ExportTally, LedgerTally } from "./reconcile-tally.ts";

export const MEASURE_NAMES: Readonly<Record<Measure, string>> = {
  requests: "requests",
  inputTokens: "input",
  cachedInputTokens: "cached",
  cacheWriteTokens: "cache write",
  inputAudioTokens: "audio in",
  cachedInputAudioTokens: "cached audio",
  outputTokens: "output",
  outputAudioTokens: "audio out",
  transcriptionMs: "seconds",
  microUsd: "USD",
};

export interface Findings {
  readonly files: readonly UsageExport[];
  readonly exported: ExportTally;
  readonly ledger: LedgerTally;
  readonly comparisons: readonly Comparison[];
  readonly isOneKey: boolean;
  readonly nowMs: number;
}

const NAME_CHARACTERS = 40;

/** What is to be known about a comparison, and what its differences may come from: sentences, what weighs most first. */
export function causesOf(findings: Findings): readonly string[] {
  return [...ofLedger(findings), ...ofDifferences(findings), ...ofExport(findings)];
}

function ofLedger({ ledger, comparisons }: Findings): readonly string[] {
  const groups = [...ledger.groups.values()];
  const estimated = sum(groups.map((group) => group.estimated));
  const unpriced = sum(groups.map((group) => group.unpriced));
  const used = comparisons.some(({ verdict }) => verdict === "estimated");
  return [
    ...(ledger.unreadable > 0
      ? [`${counted(ledger.unreadable, "row")} of the ledger cannot be read, so nobody knows on whose account.`]
      : []),
    ...(unpriced > 0
      ? [`No price is known for ${counted(unpriced, "charge")}: that money is missing from the ledger.`]
      : []),
    ...(estimated > 0
      ? [
          `${counted(estimated, "charge")} broke off before OpenAI told what was used. What we counted stands apart: OpenAI's numbers may be higher by as much.${used ? " Where it says about, they are." : ""}`,
        ]
      : []),
  ];
}

function ofDifferences({ comparisons, isOneKey, files, nowMs }: Findings): readonly string[] {
  const differing = comparisons.filter(({ verdict }) => verdict === "differs");
  if (differing.length === 0) return [];
  const more = differing.some((one) => MEASURES.some((measure) => gap(one, measure) > 0));
  const less = differing.some((one) => MEASURES.some((measure) => gap(one, measure) < 0));
  const fromMs = Math.min(...files.map((file) => file.fromMs));
  const toMs = Math.max(...files.map((file) => file.toMs));
  const isOn = (ms: number): boolean => differing.some(({ day }) => day === dayOf(ms));
  const elsewhere = "OpenAI has more than the ledger: was a key of this account used elsewhere?";
  return [
    ...(more ? [isOneKey ? elsewhere : `${elsewhere} Compare one key alone with --key-hint.`] : []),
    ...(less
      ? [
          "The ledger has more than OpenAI: is the export of the right account and key, and whole? Usage can come hours late.",
        ]
      : []),
    ...daysApart(differing),
    ...(fromMs % DAY_MS !== 0 && isOn(fromMs) ? [`The export begins in the middle of ${dayOf(fromMs)}.`] : []),
    ...(toMs % DAY_MS !== 0 && isOn(toMs - 1) ? [`The export ends in the middle of ${dayOf(toMs - 1)}.`] : []),
    ...(isOn(nowMs) ? [`${dayOf(nowMs)} is not over yet in UTC.`] : []),
  ];
}

/** What one day has too much of, and a day beside it too little. */
function daysApart(differing: readonly Comparison[]): readonly string[] {
  const isMoved = differing.some((one) =>
    differing.some(
      (next) =>
        next.model === one.model &&
        (midnightOf(next.day) ?? 0) - (midnightOf(one.day) ?? 0) === DAY_MS &&
        gap(one, "requests") !== 0 &&
        gap(one, "requests") === -gap(next, "requests"),
    ),
  );
  return isMoved
    ? [
        "What one day has too much, the day beside it has too little: requests around midnight UTC may stand on the other day.",
      ]
    : [];
}

function ofExport({ files, exported, comparisons }: Findings): readonly string[] {
  const repeated = sum(files.map((file) => file.repeated));
  const others = sum(files.map((file) => file.others));
  const columns = [...new Set(files.flatMap(({ unknownColumns }) => unknownColumns))];
  const untold = comparisons.flatMap((one) =>
    MEASURES.filter((measure) => isUntold(one, measure)).map((measure) => ({ measure, model: one.model ?? "" })),
  );
  const skipped = comparisons.filter(({ verdict, model }) => verdict === "not-compared" && model !== null);
  return [
    ...(repeated > 0 ? [`The export repeats ${counted(repeated, "row")}, word for word.`] : []),
    ...(files.some(({ isCut }) => isCut)
      ? ["A file ends before the last page: OpenAI says that more comes after it."]
      : []),
    ...(exported.unusual > 0
      ? [`The export has ${counted(exported.unusual, "row")} of the batch API or of another tier: calls use neither.`]
      : []),
    ...(untold.length > 0
      ? [
          `The export does not tell, and nobody compares, ${names(untold.map(({ measure }) => MEASURE_NAMES[measure]))} of ${names(untold.map(({ model }) => shortName(model)))}.`,
        ]
      : []),
    ...(skipped.length > 0
      ? [
          `Nothing in these files is of ${counted(sum(skipped.map(({ charges }) => charges)), "charge")} of the ledger: give the export of ${skippedSource(exported)} too.`,
        ]
      : []),
    ...(exported.otherDays > 0 ? [`Left out: ${counted(exported.otherDays, "row")} of other days.`] : []),
    ...(exported.otherKeys > 0 ? [`Left out: ${counted(exported.otherKeys, "row")} of other keys.`] : []),
    ...(others > 0 ? [`Left out: ${counted(others, "row")} of what calls do not use.`] : []),
    ...(columns.length > 0 ? [`Columns that are not known, and not read: ${names(columns.map(shortName))}.`] : []),
  ];
}

const skippedSource = ({ sources }: ExportTally): string =>
  sources.has("completions")
    ? "audio transcriptions"
    : sources.has("transcriptions")
      ? "completions"
      : "completions and audio transcriptions";

/** Of a model that OpenAI tells something of, something that we have and it does not tell. */
const isUntold = ({ openAi, ledger }: Comparison, measure: Measure): boolean =>
  measure !== "microUsd" && openAi.requests !== null && openAi[measure] === null && (ledger[measure] ?? 0) > 0;

const names = (all: readonly string[]): string => [...new Set(all)].join(", ");

/** How much more OpenAI has, where that is a difference. */
const gap = ({ verdicts, openAi, ledger }: Comparison, measure: Measure): number =>
  verdicts[measure] === "differs" ? (openAi[measure] ?? 0) - (ledger[measure] ?? 0) : 0;

const shortName = (name: string): string => printable(name).replaceAll(/\s/g, " ").slice(0, NAME_CHARACTERS);
const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
