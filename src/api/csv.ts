/**
 * CSV as RFC 4180 has it, safe to open in a spreadsheet, where a cell that begins like a formula is run as one
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */

/** Text as anybody may have written it, a number or an amount of ours, or nothing. */
export type Cell = string | number | Money | null;

/** Shown in dollars, to the last millionth. */
export interface Money {
  readonly microUsd: number;
}

/** `null`: not known, which is an empty cell and no 0. */
export const money = (microUsd: number | null): Cell => (microUsd === null ? null : { microUsd });

/** Says UTF-8 to spreadsheets that would guess otherwise; stands before the first row, once. */
export const BYTE_ORDER_MARK = "\ufeff";

/** What begins a formula, as it is, in its full-width and small forms, and as a minus sign. */
const TRIGGER = "[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212]";
/** What a spreadsheet drops or skips before it looks: white space, controls, marks that nobody sees. */
const UNSEEN = "[\\s\\p{C}\\p{Z}]";

const BEGINS_BADLY = new RegExp(`^(?:[\\t\\r\\n]|${UNSEEN}*${TRIGGER})`, "u");
/** Where commas stand in numbers, cells are parted by semicolons or tabs, and our quotes do not hold them together. */
const GOES_ON_BADLY = new RegExp(`([,;|\\t\\r\\n"]${UNSEEN}*)(?=${TRIGGER})`, "gu");

/** One row with its line end. */
export const csvRow = (cells: readonly Cell[]): string => `${cells.map(written).join(",")}\r\n`;

function written(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return Number.isFinite(cell) && cell >= 0 ? String(cell) : "";
  if (typeof cell === "object") return dollars(cell);
  return `"${harmless(cell).replaceAll('"', '""')}"`;
}

/** Written digit by digit: no division rounds it. */
function dollars({ microUsd }: Money): string {
  if (!Number.isSafeInteger(microUsd) || microUsd < 0) return "";
  const digits = String(microUsd).padStart(7, "0");
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** An apostrophe before whatever would be run: shown as text, the rest of it unchanged. */
function harmless(text: string): string {
  const inner = text.replaceAll("\u0000", "\ufffd").toWellFormed().replace(GOES_ON_BADLY, "$1'");
  return BEGINS_BADLY.test(inner) ? `'${inner}` : inner;
}
