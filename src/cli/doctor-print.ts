import type { CheckStatus } from "../protocol/rest-workshop.ts";
import type { Line } from "./doctor-lines.ts";
import type { Terminal } from "./progress.ts";

/** Symbol, word and colour: whoever misses one still has the others. */
const MARKS: Readonly<Record<CheckStatus, readonly [symbol: string, style: string]>> = {
  ok: ["✓", "32"],
  warning: ["!", "33"],
  failed: ["✗", "31"],
  off: ["–", "2"],
};
const WORD_CHARACTERS = "warning".length;
/** Shorter lines are hard to read in columns; longer ones anywhere. */
const WIDTH = { least: 60, most: 110 } as const;

/** Prints lines in columns: mark, name, what was found, and beneath it what to do. */
export function printLines(out: Terminal, lines: readonly Line[], isColored: boolean): void {
  const nameCharacters = Math.max(0, ...lines.map(({ name }) => name.length));
  const indent = " ".repeat(2 + 2 + WORD_CHARACTERS + 2 + nameCharacters + 2);
  const width = Math.min(WIDTH.most, Math.max(WIDTH.least, out.columns ?? WIDTH.most)) - indent.length;
  const paint = (text: string, style: string): string => (isColored ? `\x1b[${style}m${text}\x1b[0m` : text);
  for (const { name, status, found, fix } of lines) {
    const [symbol, style] = MARKS[status];
    const mark = paint(`${symbol} ${status.padEnd(WORD_CHARACTERS)}`, style);
    const [first = "", ...more] = wrapped(found, width);
    out.write(`  ${mark}  ${name.padEnd(nameCharacters)}  ${first}\n`);
    for (const text of more) out.write(`${indent}${text}\n`);
    for (const [at, text] of wrapped(fix, width - 2).entries()) {
      out.write(`${indent}${at === 0 ? paint("→", style) : " "} ${text}\n`);
    }
  }
}

/** "10 ok, 1 warning, 1 failed, 2 off": what there is none of is not named. */
export function sumOf(lines: readonly Line[]): string {
  const statuses: readonly CheckStatus[] = ["failed", "warning", "ok", "off"];
  return statuses
    .map((status) => [lines.filter((each) => each.status === status).length, status] as const)
    .filter(([count]) => count > 0)
    .map(([count, status]) => `${count} ${status}`)
    .join(", ");
}

/** Breaks between words only: a command or a URL must stay one. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").filter((each) => each !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
