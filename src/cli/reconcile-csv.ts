/*
 * Reads CSV as programs write it: cells parted by commas, semicolons or tabs, in quotes where they need them (RFC 4180),
 * lines ended by LF or CRLF.
 */

const SEPARATORS = [",", ";", "\t"] as const;
export type Separator = (typeof SEPARATORS)[number];

/** Of those that part cells, the one that stands in the first line most often outside of quotes. */
export function separatorOf(text: string): Separator {
  const firstLine = /^[^\r\n]*/.exec(text)?.[0].replace(/"[^"]*"/g, "") ?? "";
  const timesOf = (separator: Separator): number => firstLine.split(separator).length;
  return SEPARATORS.reduce((best, each) => (timesOf(each) > timesOf(best) ? each : best));
}

/**
 * The rows of a text, one by one; an empty line is no row. A quote that is not closed reaches to the end of the text: its row
 * comes as `undefined`, the last.
 */
export function* csvRows(text: string, separator: Separator): Generator<string[] | undefined, void> {
  let at = text.startsWith("\ufeff") ? 1 : 0;
  while (at < text.length) {
    const row: string[] = [];
    for (let isOpen = true; isOpen; ) {
      let cell = "";
      if (text[at] === '"') {
        const read = quotedAt(text, at + 1);
        if (read === undefined) {
          yield undefined;
          return;
        }
        cell = read.cell;
        at = read.at;
      }
      const end = endOfBare(text, at, separator);
      row.push(cell + text.slice(at, end));
      isOpen = text[end] === separator;
      at = isOpen ? end + 1 : afterLineEnd(text, end);
    }
    if (row.length > 1 || row[0] !== "") yield row;
  }
}

/** A cell whose quote has been opened before `from`, and where it ends. */
function quotedAt(text: string, from: number): { readonly cell: string; readonly at: number } | undefined {
  let cell = "";
  for (let at = from; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return undefined;
    cell += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { cell, at: quote + 1 };
    cell += '"';
    at = quote + 2;
  }
}

function endOfBare(text: string, from: number, separator: Separator): number {
  let at = from;
  while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
  return at;
}

const afterLineEnd = (text: string, at: number): number => at + (text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1);
