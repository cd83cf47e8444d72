import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type Order, type SortKey, sortRows } from "./spend-table.ts";
import "./sort-table.css";

export interface Column<Row, Name extends string> {
  readonly name: Name;
  readonly words: string;
  /** Numbers stand at the right, and begin at the most. */
  readonly isNumber: boolean;
  readonly keyOf: (row: Row) => SortKey;
  readonly cell: (row: Row) => ComponentChildren;
}

/** A row below the others; a column that has no sum is empty there. */
export interface SumRow<Name extends string> {
  readonly label: string;
  readonly cells: Readonly<Partial<Record<Name, string>>>;
}

interface SortTableProps<Row, Name extends string> {
  readonly label: string;
  /** In the order in which equal rows stand. */
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  /** The first one names the row. */
  readonly columns: readonly Column<Row, Name>[];
  readonly sums: readonly SumRow<Name>[];
  readonly first: Name;
}

/** A table that any of its headings sorts. */
export function SortTable<Row, Name extends string>(props: SortTableProps<Row, Name>) {
  const { label, rows, rowId, columns, sums, first } = props;
  const orderOf = (column: Name): Order<Name> => ({ column, isDescending: isNumber(columns, column) });
  const [order, setOrder] = useState(() => orderOf(first));
  const sortBy = (column: Name): void =>
    setOrder(order.column === column ? { column, isDescending: !order.isDescending } : orderOf(column));
  const sorted = columns.find(({ name }) => name === order.column);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keyboard
    <section class="scroll-x" tabIndex={0} aria-label={label}>
      <table class="sort-table">
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.name} column={column} order={order} onSort={sortBy} />
            ))}
          </tr>
        </thead>
        <tbody>
          {(sorted ? sortRows(rows, sorted.keyOf, order.isDescending) : rows).map((row) => (
            <tr key={rowId(row)}>
              {columns.map(({ name, isNumber: isFigure, cell }, at) =>
                at === 0 ? (
                  <th key={name} scope="row">
                    {cell(row)}
                  </th>
                ) : (
                  <td key={name} class={isFigure ? "number" : ""}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
        <tfoot>
          {sums.map(({ label: words, cells }) => (
            <tr key={words}>
              <th scope="row">{words}</th>
              {columns.slice(1).map(({ name }) => (
                <td key={name} class="number">
                  {cells[name]}
                </td>
              ))}
            </tr>
          ))}
        </tfoot>
      </table>
    </section>
  );
}

const isNumber = <Row, Name extends string>(columns: readonly Column<Row, Name>[], wanted: Name): boolean =>
  columns.some(({ name, isNumber: isFigure }) => name === wanted && isFigure);

interface HeadingProps<Row, Name extends string> {
  readonly column: Column<Row, Name>;
  readonly order: Order<Name>;
  readonly onSort: (column: Name) => void;
}

function Heading<Row, Name extends string>({ column, order, onSort }: HeadingProps<Row, Name>) {
  const { name, words, isNumber: isFigure } = column;
  const isSorted = order.column === name;
  return (
    <th
      scope="col"
      class={isFigure ? "number" : ""}
      aria-sort={isSorted ? (order.isDescending ? "descending" : "ascending") : "none"}
    >
      <button type="button" onClick={() => onSort(name)}>
        {words}
        <span class="arrow" aria-hidden="true">
          {isSorted ? (order.isDescending ? "▼" : "▲") : ""}
        </span>
      </button>
    </th>
  );
}
