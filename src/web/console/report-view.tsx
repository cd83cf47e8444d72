import { useEffect, useState } from "preact/hooks";
import { REVOKE_URL, type ReportRow } from "../../protocol/closing.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { type Report, readReport } from "./read-replies.ts";
import type { Room } from "./room.ts";
import { askInstructor, routeOf, workshop } from "./session.ts";
import { type Column, SortTable, type SumRow } from "./sort-table.tsx";
import type { Cost } from "./spend-table.ts";
import { countWords, minutesWords, sumCostWords } from "./words.ts";
import {
  closingSteps,
  REPORT_COLUMN_WORDS,
  REPORT_WORDS,
  reportKeyWords,
  reportTitleWords,
  stepSentence,
} from "./words-closing.ts";
import { WALL_WORDS } from "./words-wall.ts";
import "./closing.css";

/** What each student used, and what became of their key: to look at, to print and as a file. */
export function ReportView({ room: { wall, workshopId } }: { readonly room: Room }) {
  const [report, setReport] = useState<Report | null>(null);
  const [alert, setAlert] = useState("");
  const load = async (): Promise<void> => {
    setAlert("");
    const answer = await askInstructor("GET", routeOf(workshopId, "/report"), readReport);
    if (answer.ok) setReport(answer.value);
    else setAlert(answer.sentence);
  };
  // Each step of the end changes it, and so do the last calls.
  const closing = workshop.value?.closing ?? null;
  const step = JSON.stringify(closing && { ...closing, calls: wall.totals.value.calls });
  useEffect(() => void load(), [workshopId, step]);
  return (
    <div class="report-view">
      <div class="title-row">
        <h2>{report === null ? REPORT_WORDS.title : reportTitleWords(report.workshop)}</h2>
        <div class="field-row">
          <a class="button" href={`/api/workshop${routeOf(workshopId, "/report.csv")}`} download>
            {REPORT_WORDS.csv}
          </a>
          <button type="button" onClick={() => print()}>
            {REPORT_WORDS.print}
          </button>
        </div>
      </div>
      {alert !== "" && (
        <p class="alert" role="alert">
          {alert}{" "}
          <button type="button" onClick={() => void load()}>
            {REPORT_WORDS.again}
          </button>
        </p>
      )}
      {report === null ? (
        alert === "" && <p class="looking quiet">{REPORT_WORDS.loading}</p>
      ) : (
        <ReportTable report={report} />
      )}
    </div>
  );
}

function ReportTable({ report: { rows, closing } }: { readonly report: Report }) {
  const isErased = closing !== null && closing.erasedAt !== null;
  return (
    <>
      {closing !== null && <p class="only-print">{closingSteps(closing).map(stepSentence).join(" ")}</p>}
      {isErased ? <p class="quiet">{REPORT_WORDS.erasedHint}</p> : <Revoke />}
      {rows.length === 0 ? (
        <p class="quiet">{REPORT_WORDS.none}</p>
      ) : (
        <SortTable
          label={REPORT_WORDS.label}
          rows={rows}
          rowId={({ studentId }) => studentId ?? ""}
          columns={isErased ? columnsOf(REPORT_WORDS.sum).slice(0, -1) : columnsOf(REPORT_WORDS.erased)}
          sums={isErased ? [] : [sumOf(rows)]}
          first="name"
        />
      )}
    </>
  );
}

/** For the class, after the last slide. */
const Revoke = () => (
  <p class="revoke-line">
    {REPORT_WORDS.lead}{" "}
    <a href={REVOKE_URL} target="_blank" rel="noopener">
      {REVOKE_URL.replace("https://", "")}
    </a>{" "}
    <CopyButton text={REVOKE_URL} what={REPORT_WORDS.copy} />
  </p>
);

type ColumnName = keyof typeof REPORT_COLUMN_WORDS;

/** Nothing that was used is a dash. */
const costOf = (microUsd: number | null): Cost => ({
  charges: microUsd === 0 ? 0 : 1,
  knownMicroUsd: microUsd ?? 0,
  isPartial: microUsd === null,
});
const costCell = (cost: Cost): string => (cost.charges === 0 ? "–" : sumCostWords(cost));

const columnsOf = (nobody: string): readonly Column<ReportRow, ColumnName>[] => {
  const nameOf = ({ studentId, name }: ReportRow): string =>
    studentId === null ? nobody : (name ?? WALL_WORDS.unnamed);
  const cost = (
    name: "own" | "lent",
    microUsdOf: (row: ReportRow) => number | null,
  ): Column<ReportRow, ColumnName> => ({
    name,
    words: REPORT_COLUMN_WORDS[name],
    isNumber: true,
    keyOf: (row) => costOf(microUsdOf(row)),
    cell: (row) => costCell(costOf(microUsdOf(row))),
  });
  return [
    { name: "name", words: REPORT_COLUMN_WORDS.name, isNumber: false, keyOf: nameOf, cell: nameOf },
    {
      name: "calls",
      words: REPORT_COLUMN_WORDS.calls,
      isNumber: true,
      keyOf: ({ calls }) => calls,
      cell: ({ calls }) => countWords(calls),
    },
    {
      name: "minutes",
      words: REPORT_COLUMN_WORDS.minutes,
      isNumber: true,
      keyOf: ({ ms }) => ms,
      cell: ({ ms }) => minutesWords(ms),
    },
    cost("own", ({ ownMicroUsd }) => ownMicroUsd),
    cost("lent", ({ lentMicroUsd }) => lentMicroUsd),
    {
      name: "key",
      words: REPORT_COLUMN_WORDS.key,
      isNumber: false,
      keyOf: ({ key }) => reportKeyWords(key),
      cell: ({ key }) => reportKeyWords(key),
    },
  ];
};

function sumOf(rows: readonly ReportRow[]): SumRow<ColumnName> {
  const calls = rows.reduce((sum, row) => sum + row.calls, 0);
  const cost = (microUsdOf: (row: ReportRow) => number | null): string => {
    const costs = rows.map((row) => costOf(microUsdOf(row)));
    return costCell({
      charges: costs.reduce((sum, { charges }) => sum + charges, 0),
      knownMicroUsd: costs.reduce((sum, { knownMicroUsd }) => sum + knownMicroUsd, 0),
      isPartial: costs.some(({ isPartial }) => isPartial),
    });
  };
  return {
    label: REPORT_WORDS.sum,
    cells: {
      calls: countWords(calls),
      minutes: minutesWords(rows.reduce((sum, { ms }) => sum + ms, 0)),
      own: cost(({ ownMicroUsd }) => ownMicroUsd),
      lent: cost(({ lentMicroUsd }) => lentMicroUsd),
    },
  };
}
