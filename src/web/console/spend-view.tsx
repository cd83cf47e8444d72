import { useEffect, useState } from "preact/hooks";
import type { KeySource } from "../../protocol/call-record.ts";
import type { Room } from "./room.ts";
import {
  asSum,
  SPEND_COLUMNS,
  type SpendColumn,
  type SpendOrder,
  type SpendRow,
  type SpendSum,
  sortRows,
  spendRows,
  sumOf,
} from "./spend-table.ts";
import { countWords, minutesWords, PAYER_SHORT_WORDS, SPEND_COLUMN_WORDS, SPEND_WORDS, sumCostWords } from "./words.ts";
import { WALL_WORDS } from "./words-wall.ts";
import "./spend-view.css";

/** Names begin at A, money at the most. */
const firstOrder = (column: SpendColumn): SpendOrder => ({
  column,
  isDescending: column !== "name" && column !== "payer",
});

/** What the workshop has cost, by student and payer. */
export function SpendView({ room }: { readonly room: Room }) {
  const [order, setOrder] = useState<SpendOrder>(firstOrder("cost"));
  useEffect(() => void room.learn(), [room]);
  const summaries = room.summaries.value;
  if (summaries === null) return <p class="looking quiet">{SPEND_WORDS.loading}</p>;
  const rows = spendRows([...summaries.values()]);
  const sortBy = (column: SpendColumn): void =>
    setOrder(order.column === column ? { column, isDescending: !order.isDescending } : firstOrder(column));
  return (
    <div class="spend">
      <div class="title-row">
        <h2>{SPEND_WORDS.title}</h2>
        <div class="field-row">
          <button type="button" onClick={() => void room.learn()}>
            {SPEND_WORDS.again}
          </button>
          <button type="button" onClick={() => print()}>
            {SPEND_WORDS.print}
          </button>
        </div>
      </div>
      {rows.length === 0 ? (
        <p class="quiet">{SPEND_WORDS.none}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard
        <section class="scroll-x" tabIndex={0} aria-label={SPEND_WORDS.table}>
          <table class="spend-table">
            <thead>
              <tr>
                {SPEND_COLUMNS.map((column) => (
                  <Heading key={column} column={column} order={order} onSort={sortBy} />
                ))}
              </tr>
            </thead>
            <tbody>
              {sortRows(rows, order).map((row) => (
                <Row key={`${row.studentId} ${row.payer}`} row={row} />
              ))}
            </tbody>
            <tfoot>
              <Sum label={SPEND_WORDS.you} rows={rows} payer="instructor" />
              <Sum label={SPEND_WORDS.them} rows={rows} payer="student" />
              <Sum label={SPEND_WORDS.all} rows={rows} />
            </tfoot>
          </table>
        </section>
      )}
      <p class="hint">{SPEND_WORDS.note}</p>
    </div>
  );
}

interface HeadingProps {
  readonly column: SpendColumn;
  readonly order: SpendOrder;
  readonly onSort: (column: SpendColumn) => void;
}

function Heading({ column, order, onSort }: HeadingProps) {
  const isSorted = order.column === column;
  return (
    <th
      scope="col"
      class={isText(column) ? "" : "number"}
      aria-sort={isSorted ? (order.isDescending ? "descending" : "ascending") : "none"}
    >
      <button type="button" onClick={() => onSort(column)}>
        {SPEND_COLUMN_WORDS[column]}
        <span class="arrow" aria-hidden="true">
          {isSorted ? (order.isDescending ? "▼" : "▲") : ""}
        </span>
      </button>
    </th>
  );
}

const isText = (column: SpendColumn): boolean => column === "name" || column === "payer";

const Row = ({ row: { name, payer, spend } }: { readonly row: SpendRow }) => (
  <tr>
    <th scope="row">{name ?? WALL_WORDS.unnamed}</th>
    <td>{PAYER_SHORT_WORDS[payer]}</td>
    <Cells sum={asSum(spend)} />
  </tr>
);

interface SumProps {
  readonly label: string;
  readonly rows: readonly SpendRow[];
  readonly payer?: KeySource;
}

const Sum = ({ label, rows, payer }: SumProps) => (
  <tr>
    <th scope="row" colSpan={2}>
      {label}
    </th>
    <Cells sum={sumOf(rows, payer)} />
  </tr>
);

const Cells = ({ sum }: { readonly sum: SpendSum }) => (
  <>
    <td class="number">{countWords(sum.calls)}</td>
    <td class="number">{minutesWords(sum.ms)}</td>
    <td class="number">{countWords(sum.inputTokens)}</td>
    <td class="number">{countWords(sum.outputTokens)}</td>
    <td class="number">{sumCostWords(sum)}</td>
  </>
);
