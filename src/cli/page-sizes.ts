import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { gzipSync } from "node:zlib";

/** What a page may weigh when it is opened, gzip -9: 60 KB. */
export const PAGE_BYTES = 60 * 1_024;

/** The built pages and the addresses they are served at. */
export const PAGES = [
  { file: "index.html", address: "/" },
  { file: "console.html", address: "/console" },
] as const;

export interface PageFile {
  /** Within the folder of the build. */
  readonly path: string;
  readonly gzipBytes: number;
}

export interface PageSize {
  readonly page: string;
  /** The page itself, and everything it needs to be used: scripts and what they import, styles, worklets. */
  readonly opened: readonly PageFile[];
  /** Parts that are fetched behind it, for tabs and sheets that are not open yet. */
  readonly later: readonly PageFile[];
}

/**
 * What a browser loads of a built page, each file compressed by itself, as it is served.
 *
 * @throws Error naming a file that is asked for and was not built
 */
export function pageSize(folder: string, page: string): PageSize {
  const opened = closure(folder, [page], (asked) => !asked.isLater);
  const all = closure(folder, opened, () => true);
  const sized = (paths: readonly string[]): PageFile[] =>
    paths.map((path) => ({ path, gzipBytes: gzipSync(readFileSync(join(folder, path)), { level: 9 }).length }));
  return { page, opened: sized(opened), later: sized(all.filter((path) => !opened.includes(path))) };
}

export const bytesOf = (files: readonly PageFile[]): number => files.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0);

/** `/  52.1 of 60 KB when opened (gzip -9, 11 files), 22.3 KB behind it`. */
export function sizeLine({ page, opened, later }: PageSize): string {
  const address = PAGES.find(({ file }) => file === page)?.address ?? page;
  const behind = later.length === 0 ? "" : `, ${kilobytes(later)} KB behind it`;
  const files = `${opened.length} files`;
  return `${address.padEnd(10)}${kilobytes(opened)} of ${PAGE_BYTES / 1_024} KB when opened (gzip -9, ${files})${behind}`;
}

const kilobytes = (files: readonly PageFile[]): string => (bytesOf(files) / 1_024).toFixed(1);

interface Asked {
  readonly path: string;
  readonly isLater: boolean;
}

function closure(folder: string, from: readonly string[], isWanted: (asked: Asked) => boolean): string[] {
  const reached = new Set<string>();
  const open = [...from];
  for (let path = open.shift(); path !== undefined; path = open.shift()) {
    if (reached.has(path)) continue;
    reached.add(path);
    open.push(...filesAskedFor(folder, path).flatMap((asked) => (isWanted(asked) ? [asked.path] : [])));
  }
  return [...reached];
}

/** An address of a script or style within a script or style: `./shared.js`, `/assets/worklet.js`, `assets/part.css`. */
const ADDRESS = /(\bimport\(|\bimport|\bfrom)?\s*["'`(]((?:\.{0,2}\/|assets\/)[^"'`()\s]+\.(?:js|css))["'`)]/g;
const ADDRESS_IN_HTML = /()(?:src|href)="([^"]+\.(?:js|css))"/g;

/** Every file of the bundler's stands as a text of its own in what asks for it. */
function filesAskedFor(folder: string, path: string): Asked[] {
  if (!/\.(?:html|js|css)$/.test(path)) return [];
  const isHtml = path.endsWith(".html");
  const text = readFileSync(join(folder, path), "utf8");
  return [...text.matchAll(isHtml ? ADDRESS_IN_HTML : ADDRESS)].flatMap(([, how, address = ""]) => {
    if (/^[a-z]+:/.test(address)) return [];
    const found = [address, posix.join(isHtml ? "" : dirname(path), address)]
      .map((candidate) => candidate.replace(/^\.?\//, ""))
      .find((candidate) => existsSync(join(folder, candidate)));
    if (found === undefined) throw new Error(`${path} asks for ${address}, which was not built`);
    // `import()` waits for somebody to want it, as does what Vite lists beside one, by a path without a slash before it.
    const isLater = path.endsWith(".js") && (how === "import(" || address.startsWith("assets/"));
    return [{ path: found, isLater }];
  });
}
