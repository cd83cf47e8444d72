import { useState } from "preact/hooks";
import type { SpendRow } from "../../protocol/rest-workshop.ts";
import { type Column, SortTable, type SumRow } from "./sort-table.tsx";
import {
  byName,
  type Cost,
  costOf,
  PURSES,
  type Purse,
  purseOf,
  type StudentCost,
  studentCosts,
  usageOf,
} from "./spend-table.ts";
import { countWords, minutesWords, sumCostWords } from "./words.ts";
import {
  KIND_WORDS,
  MODEL_COLUMN_WORDS,
  PURSE_SHORT_WORDS,
  PURSE_WORDS,
  SPEND_BY_WORDS,
  SPEND_WORDS,
} from "./words-money.ts";
import { WALL_WORDS } from "./words-wall.ts";

type By = keyof typeof SPEND_BY_WORDS;

/** What it has cost: each student, or each student, payer and model. */
export function SpendTables({ rows }: { readonly rows: readonly SpendRow[] }) {
  const [by, setBy] = useState<By>("student");
  if (rows.length === 0) return <p class="quiet">{SPEND_WORDS.none}</p>;
  return (
    <section class="spend-part" aria-labelledby="costs-title">
      <div class="title-row">
        <h3 id="costs-title">{SPEND_WORDS.table}</h3>
        <fieldset class="chips">
          <legend class="hidden-label">{SPEND_WORDS.by}</legend>
          {(["student", "model"] as const).map((name) => (
            <button key={name} type="button" class="chip" aria-pressed={by === name} onClick={() => setBy(name)}>
              {SPEND_BY_WORDS[name]}
            </button>
          ))}
        </fieldset>
      </div>
      {by === "student" ? <ByStudent rows={rows} /> : <ByModel rows={rows} />}
    </section>
  );
}

type StudentColumn = "name" | Purse | "all";

const nameOf = ({ studentId, name }: Pick<StudentCost, "studentId" | "name">): string =>
  studentId === null ? SPEND_WORDS.erased : (name ?? WALL_WORDS.unnamed);

/** Nothing that was used is a dash: it is not the same as what costs nothing. */
const costCell = (cost: Cost): string => (cost.charges === 0 ? "–" : sumCostWords(cost));

const costColumn = (name: Purse | "all", words: string): Column<StudentCost, StudentColumn> => ({
  name,
  words,
  isNumber: true,
  keyOf: (row) => row[name],
  cell: (row) => costCell(row[name]),
});

const STUDENT_COLUMNS: readonly Column<StudentCost, StudentColumn>[] = [
  { name: "name", words: MODEL_COLUMN_WORDS.name, isNumber: false, keyOf: nameOf, cell: nameOf },
  ...PURSES.map((purse) => costColumn(purse, PURSE_SHORT_WORDS[purse])),
  costColumn("all", SPEND_WORDS.all),
];

function ByStudent({ rows }: { readonly rows: readonly SpendRow[] }) {
  const sum: SumRow<StudentColumn> = {
    label: SPEND_WORDS.all,
    cells: {
      instructor: costCell(costOf(rows, "instructor")),
      student: costCell(costOf(rows, "student")),
      phone: costCell(costOf(rows, "phone")),
      all: costCell(costOf(rows)),
    },
  };
  return (
    <SortTable
      label={`${SPEND_WORDS.table}, ${SPEND_BY_WORDS.student}`}
      rows={[...studentCosts(rows)].sort(byName)}
      rowId={({ studentId }) => studentId ?? ""}
      columns={STUDENT_COLUMNS}
      sums={[sum]}
      first="all"
    />
  );
}

type ModelColumn = keyof typeof MODEL_COLUMN_WORDS;

const figure = (
  name: ModelColumn,
  keyOf: (row: SpendRow) => number,
  cell: (count: number) => string,
): Column<SpendRow, ModelColumn> => ({
  name,
  words: MODEL_COLUMN_WORDS[name],
  isNumber: true,
  keyOf,
  cell: (row) => cell(keyOf(row)),
});

const text = (name: ModelColumn, wordsOf: (row: SpendRow) => string): Column<SpendRow, ModelColumn> => ({
  name,
  words: MODEL_COLUMN_WORDS[name],
  isNumber: false,
  keyOf: wordsOf,
  cell: wordsOf,
});

const modelWords = ({ model, kind }: SpendRow): string => [model, KIND_WORDS[kind]].filter(Boolean).join(", ");

const MODEL_COLUMNS: readonly Column<SpendRow, ModelColumn>[] = [
  text("name", nameOf),
  text("payer", (row) => PURSE_SHORT_WORDS[purseOf(row)]),
  text("model", modelWords),
  figure("charges", ({ charges }) => charges, countWords),
  figure("input", ({ inputTokens }) => inputTokens, countWords),
  figure("output", ({ outputTokens }) => outputTokens, countWords),
  figure(
    "minutes",
    ({ lineMs }) => lineMs,
    (ms) => (ms === 0 ? "–" : minutesWords(ms)),
  ),
  {
    name: "cost",
    words: MODEL_COLUMN_WORDS.cost,
    isNumber: true,
    keyOf: (row) => costOf([row]),
    cell: (row) => costCell(costOf([row])),
  },
];

function ByModel({ rows }: { readonly rows: readonly SpendRow[] }) {
  const sumOf = (label: string, purse?: Purse): SumRow<ModelColumn> => {
    const usage = usageOf(rows, purse);
    const cost = costOf(rows, purse);
    return {
      label,
      cells: {
        charges: countWords(cost.charges),
        input: countWords(usage.inputTokens),
        output: countWords(usage.outputTokens),
        minutes: usage.lineMs === 0 ? "–" : minutesWords(usage.lineMs),
        cost: costCell(cost),
      },
    };
  };
  return (
    <SortTable
      label={`${SPEND_WORDS.table}, ${SPEND_BY_WORDS.model}`}
      rows={[...rows].sort(byName)}
      rowId={({ studentId, payer, kind, model }) => [studentId, payer, kind, model].join(" ")}
      columns={MODEL_COLUMNS}
      sums={[...PURSES.map((purse) => sumOf(PURSE_WORDS[purse], purse)), sumOf(SPEND_WORDS.all)]}
      first="cost"
    />
  );
}
