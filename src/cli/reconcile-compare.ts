import type { ChargeKind } from "../protocol/charge.ts";
import type { Source } from "./reconcile-export-row.ts";
import { eachMeasure, type Measure, type Measures, NOT_TOLD, NOTHING, sumOf } from "./reconcile-measures.ts";
import type { ExportGroup, ExportTally, LedgerGroup, LedgerTally } from "./reconcile-tally.ts";

/**
 * `estimated`: OpenAI has more than it told us, by no more than we counted for what it did not tell. `not-compared`: one side
 * does not tell anything of it.
 */
export type Verdict = "agrees" | "estimated" | "differs" | "not-compared";

/** A model on a day, from both sides. */
export interface Comparison {
  /** `YYYY-MM-DD` in UTC. */
  readonly day: string;
  /** Null: the money of all models together. */
  readonly model: string | null;
  readonly verdict: Verdict;
  readonly charges: number;
  readonly estimated: number;
  readonly openAi: Measures;
  /** What OpenAI has told us. */
  readonly ledger: Measures;
  /** What we counted beside it, at most. */
  readonly most: Measures;
  readonly verdicts: Readonly<Record<Measure, Verdict>>;
}

/** Money agrees to the hundredth part: prices of a table, and sums that were rounded charge by charge. */
const MONEY_TOLERANCE = 0.01;
/** Half a micro-dollar for each charge that was rounded. */
const ROUNDING_MICRO_USD = 0.5;
const SECOND_MS = 1_000;

const SOURCE_OF: Readonly<Record<ChargeKind, Source | null>> = {
  response: "completions",
  sample: "completions",
  transcription: "transcriptions",
  phone: null,
};

/** Every day and model of either side, by day, then by model. */
export function compare(tally: ExportTally, { groups }: LedgerTally): readonly Comparison[] {
  const keys = [...new Set([...tally.groups.keys(), ...groups.keys()])].sort();
  const compared = keys.map((key) => compareGroup(tally, tally.groups.get(key), groups.get(key)));
  return [...compared, ...compareDays(tally, [...groups.values()])];
}

function compareGroup(
  { sources, microUsdOfDays }: ExportTally,
  theirs: ExportGroup | undefined,
  ours: LedgerGroup | undefined,
): Comparison {
  // What the files are not of, they do not miss.
  const isCovered = ours !== undefined && [...ours.kinds].every((kind) => sources.has(SOURCE_OF[kind] ?? "costs"));
  const usage = theirs?.usage ?? (isCovered && sources.size > (sources.has("costs") ? 1 : 0) ? NOTHING : NOT_TOLD);
  const isMoneyTold = sources.has("costs") && microUsdOfDays === null;
  return compared(
    { day: ours?.day ?? theirs?.day ?? "", model: ours?.model ?? theirs?.model ?? "" },
    { ...usage, microUsd: isMoneyTold ? (theirs?.microUsd ?? 0) : null },
    ours,
    theirs?.rounded ?? 0,
  );
}

/** The money of days, where the export names no model for it. */
function compareDays({ microUsdOfDays }: ExportTally, groups: readonly LedgerGroup[]): readonly Comparison[] {
  if (microUsdOfDays === null) return [];
  const days = [...new Set([...microUsdOfDays.keys(), ...groups.map(({ day }) => day)])].sort();
  return days.map((day) => {
    const ofDay = groups.filter((group) => group.day === day);
    const all = ofDay.reduce<LedgerGroup | undefined>((sum, group) => (sum ? added(sum, group) : group), undefined);
    return compared({ day, model: null }, { ...NOT_TOLD, microUsd: microUsdOfDays.get(day) ?? 0 }, all, 0);
  });
}

const added = (a: LedgerGroup, b: LedgerGroup): LedgerGroup => ({
  ...a,
  charges: a.charges + b.charges,
  told: sumOf(a.told, b.told),
  estimated: a.estimated + b.estimated,
  most: sumOf(a.most, b.most),
  unpriced: a.unpriced + b.unpriced,
});

function compared(
  which: Pick<Comparison, "day" | "model">,
  openAi: Measures,
  ours: LedgerGroup | undefined,
  rounded: number,
): Comparison {
  const { told = NOTHING, most = NOTHING, charges = 0, estimated = 0 } = ours ?? {};
  const tolerances: Partial<Record<Measure, number>> = {
    // Of seconds that were rounded, each row is less than one away.
    transcriptionMs: rounded === 0 ? 0 : rounded * SECOND_MS - 1,
    microUsd: Math.max(Math.abs(openAi.microUsd ?? 0) * MONEY_TOLERANCE, charges * ROUNDING_MICRO_USD),
  };
  const of = (measure: Measure): Verdict =>
    verdictOf(
      openAi[measure],
      told[measure],
      estimated === 0 ? 0 : upTo(most, measure),
      tolerances[measure] ?? 0,
      measure,
    );
  const verdicts = eachMeasure(of);
  const all = Object.values(verdicts);
  const verdict =
    (["differs", "estimated", "agrees"] as const).find((each) => all.includes(each)) ?? ("not-compared" as const);
  return { ...which, verdict, charges, estimated, openAi, ledger: told, most, verdicts };
}

/** Any part of what we counted may have been cached, which we never count. */
function upTo(most: Measures, measure: Measure): number | null {
  if (measure === "cachedInputTokens" || measure === "cacheWriteTokens") return most.inputTokens;
  return most[measure === "cachedInputAudioTokens" ? "inputAudioTokens" : measure];
}

function verdictOf(
  openAi: number | null,
  told: number | null,
  most: number | null,
  tolerance: number,
  measure: Measure,
): Verdict {
  if (openAi === null) return "not-compared";
  // Without a price the ledger has a hole, which must not pass for agreement.
  if (told === null || most === null) return measure === "microUsd" ? "differs" : "not-compared";
  const difference = openAi - told;
  if (Math.abs(difference) <= tolerance) return "agrees";
  return difference > 0 && difference <= most + tolerance ? "estimated" : "differs";
}
