/** From figures to the cells of a page. */
import type { Percentiles } from "./measure.ts";

/** p50 / p90 / p99. */
export const three = (values: Percentiles | undefined, digits: number): string =>
  values === undefined ? "-" : [values.p50, values.p90, values.p99].map((each) => each.toFixed(digits)).join(" / ");

export const fixed = (value: number | undefined, digits: number): string =>
  value === undefined ? "-" : value.toFixed(digits);

export const ratio = (value: number | undefined, of: number | undefined): number | undefined =>
  value === undefined || of === undefined || of === 0 ? undefined : value / of;

/** Percentile by percentile, what is left of `values` above `base`. */
export const above = (values: Percentiles | undefined, base: Percentiles | undefined): Percentiles | undefined =>
  values === undefined || base === undefined
    ? undefined
    : {
        p50: values.p50 - base.p50,
        p90: values.p90 - base.p90,
        p99: values.p99 - base.p99,
        samples: values.samples,
      };

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Columns of one width: the first is flush left, the others flush right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = widthsOf(rows);
  return rows.map((row) => padded(row, widths).join("  "));
}

/** A Markdown table, readable as it is; the first row is its head. */
export function markdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  // A rule has three characters at least.
  const widths = widthsOf([head, ...rows]).map((width) => Math.max(width, 3));
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [head, rule, ...rows].map((row) => `| ${padded(row, widths).join(" | ")} |`).join("\n");
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return widths;
}

const padded = (row: readonly string[], widths: readonly number[]): string[] =>
  row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)));
