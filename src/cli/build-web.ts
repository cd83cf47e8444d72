import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { build } from "vite";
import { PAGES, pageSize, sizeLine } from "./page-sizes.ts";

const WEB = resolve(import.meta.dirname, "../web");

/**
 * Builds the pages into a folder, which is emptied before. Each by itself: a file that two pages share would bring each of them
 * what only the other needs.
 */
export async function buildPages(outDir: string): Promise<void> {
  const { NODE_ENV } = process.env;
  // Vite takes any other value, a test's for one, for a page under development.
  process.env.NODE_ENV = "production";
  try {
    for (const [at, { file }] of PAGES.entries()) {
      await build({
        root: WEB,
        configFile: join(WEB, "vite.config.ts"),
        logLevel: "warn",
        build: { outDir, emptyOutDir: at === 0, copyPublicDir: at === 0, rolldownOptions: { input: join(WEB, file) } },
      });
    }
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}

/**
 * Makes `to` what `from` is: first what is new, pages last, then what is gone is removed. Whoever serves the folder meanwhile
 * finds every page, and with it all its parts.
 */
export function replaceFiles(from: string, to: string): void {
  const files = filesIn(from).sort((one, other) => Number(one.endsWith(".html")) - Number(other.endsWith(".html")));
  for (const file of files) {
    const content = readFileSync(join(from, file));
    if (existsSync(join(to, file)) && readFileSync(join(to, file)).equals(content)) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    writeFileSync(join(to, file), content);
  }
  for (const file of filesIn(to)) if (!files.includes(file)) rmSync(join(to, file), { force: true });
}

const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    : [];

/* `npm run build:web`: builds what is deployed, and says what each page weighs. */
if (import.meta.main) {
  const outDir = resolve(import.meta.dirname, "../../dist/web");
  const fresh = mkdtempSync(join(tmpdir(), "callroom-web-"));
  try {
    await buildPages(fresh);
    replaceFiles(fresh, outDir);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  for (const { file } of PAGES) console.log(sizeLine(pageSize(outDir, file)));
}
