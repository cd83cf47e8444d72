import { scaleTables } from "../scale/scale-tables.ts";
import { betweenMarks, marksOf } from "./markdown.ts";
import { troubleshootingPage } from "./troubleshooting.ts";

const USAGE = `npm run docs            writes the pages of docs/ that are made from the code
npm run docs -- --check says which of them are out of date, and changes nothing
`;

/** Files of the project, by their path in it. */
export interface DocsSurroundings {
  readonly read: (path: string) => string;
  readonly write: (path: string, text: string) => void;
  /** Files below a folder, by their path in it. */
  readonly list: (folder: string) => readonly string[];
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

export type ExitCode = 0 | 1 | 2;

/** What each page that is made should be. @throws Error when a page by hand has marks that nothing fills. */
export function madePages({ read, list }: Pick<DocsSurroundings, "read" | "list">): ReadonlyMap<string, string> {
  const commands = list("src/cli").filter((path) => path.endsWith(".ts"));
  const scale = read("docs/scale.md");
  const tables = scaleTables(read("test/bench/scale/measured.json"));
  return new Map([
    [
      "docs/troubleshooting.md",
      troubleshootingPage({
        commands: new Map(commands.map((path) => [path, read(`src/cli/${path}`)])),
        twilio: read("src/api/twilio.ts"),
      }),
    ],
    ["docs/scale.md", marksOf(scale).reduce((page, name) => betweenMarks(page, name, filling(tables, name)), scale)],
  ]);
}

function filling(tables: Readonly<Record<string, string>>, name: string): string {
  const made = tables[name];
  if (made === undefined) throw new Error(`docs/scale.md has marks for ${name}, which nothing makes.`);
  return made;
}

/** `npm run docs`. Exit code 1: `--check` found a page that is out of date. 2: the arguments are not understood. */
export function docsCommand(args: readonly string[], surroundings: DocsSurroundings): ExitCode {
  const { read, write, out, err } = surroundings;
  const [option, ...more] = args;
  if (option === "--help") {
    out.write(USAGE);
    return 0;
  }
  if (more.length > 0 || (option !== undefined && option !== "--check")) {
    err.write(USAGE);
    return 2;
  }
  const stale = [...madePages(surroundings)].filter(([path, text]) => read(path) !== text);
  for (const [path, text] of stale) {
    if (option === undefined) write(path, text);
    out.write(option === undefined ? `written      ${path}\n` : `out of date  ${path}\n`);
  }
  if (stale.length === 0) out.write("All pages are up to date.\n");
  else if (option === "--check") err.write("Bring them up to date: npm run docs\n");
  return stale.length > 0 && option === "--check" ? 1 : 0;
}
