/** A table of Markdown. Cells are Markdown themselves; a bar in one is kept from ending it. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** Puts what was made between the two marks of that name; what stands around them is written by hand. */
export function betweenMarks(page: string, name: string, made: string): string {
  const [from, to] = [`<!-- made: ${name} -->`, "<!-- /made -->"];
  const begin = page.indexOf(from);
  const end = page.indexOf(to, begin);
  if (begin === -1 || end === -1) throw new Error(`The page has no marks for ${name}.`);
  return `${page.slice(0, begin + from.length)}\n\n${made.trim()}\n\n${page.slice(end)}`;
}

/** Names of all marks of a page, in order. */
export const marksOf = (page: string): readonly string[] =>
  [...page.matchAll(/<!-- made: ([a-z-]+) -->/g)].map(([, name]) => name ?? "");
