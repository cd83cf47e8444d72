import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPages, replaceFiles } from "../../src/cli/build-web.ts";
import { bytesOf, PAGE_BYTES, PAGES, pageSize, sizeLine } from "../../src/cli/page-sizes.ts";

/** What a page may fetch behind that: tools, history, sheets, receipts. */
const LATER_BYTES = 40 * 1_024;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "callroom-sizes-"));
  await buildPages(join(folder, "built"));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("what a page weighs", () => {
  it.each(PAGES)("SIZE-1 $address and what it needs to be used is no more than 60 KB, gzip -9", ({ file }) => {
    const size = pageSize(join(folder, "built"), file);
    const opened = size.opened.map(({ path }) => path);
    console.log(sizeLine(size));
    expect(opened[0]).toBe(file);
    expect(opened.filter((path) => path.endsWith(".js")).length).toBeGreaterThan(0);
    expect(opened.filter((path) => path.endsWith(".css")).length).toBeGreaterThan(0);
    // The call's worklets are no imports, but addresses in its script.
    if (file === "index.html") expect(opened.filter((path) => path.includes("worklet"))).toHaveLength(2);
    expect(bytesOf(size.opened)).toBeGreaterThan(10_000);
    expect(bytesOf(size.opened)).toBeLessThanOrEqual(PAGE_BYTES);
    expect(bytesOf(size.later)).toBeLessThanOrEqual(LATER_BYTES);
  });

  it("SIZE-2 what is imported, preloaded and fetched as a worklet is counted once each, and apart what comes later", () => {
    const page = join(folder, "scripted");
    mkdirSync(join(page, "assets"), { recursive: true });
    const opened = {
      "index.html":
        '<link rel="modulepreload" href="/assets/shared.js"><link rel="stylesheet" href="/assets/a.css">' +
        '<script type="module" src="/assets/a.js"></script><a href="https://elsewhere.example/not.js">x</a>',
      "assets/a.js": `const deps=["assets/later.css"];import{b}from"./shared.js";import("./later.js");
        ear.addModule(\`/assets/worklet.js\`);say("Node.js")`,
      "assets/a.css": '@import "./b.css";p{color:red}',
      "assets/b.css": "p{margin:0}",
      "assets/shared.js": 'import"./a.js";export const b=1',
      "assets/worklet.js": "registerProcessor()",
    };
    const later = {
      "assets/later.js": 'import"./shared.js";import"./deeper.js"',
      "assets/later.css": "b{}",
      "assets/deeper.js": "1",
    };
    const texts: Readonly<Record<string, string>> = { ...opened, ...later };
    for (const [path, text] of Object.entries(texts)) writeFileSync(join(page, path), text);
    const size = pageSize(page, "index.html");
    expect(size.opened.map(({ path }) => path).sort()).toEqual(Object.keys(opened).sort());
    expect(size.later.map(({ path }) => path).sort()).toEqual(Object.keys(later).sort());
    for (const { path, gzipBytes } of [...size.opened, ...size.later]) {
      expect([path, gzipBytes]).toEqual([path, gzipSync(texts[path] ?? "", { level: 9 }).length]);
    }
    rmSync(join(page, "assets/deeper.js"));
    expect(() => pageSize(page, "index.html")).toThrow("assets/later.js asks for ./deeper.js, which was not built");
  });

  it.each(PAGES)("SIZE-3 $address has no script, style or handler within it", ({ file }) => {
    const html = readFileSync(join(folder, "built", file), "utf8").replace(/>[^<]*</g, "><");
    expect(html).toMatch(/<script [^>]*src="/);
    expect(html.match(/<script(?![^>]*\bsrc=)[^>]*>/g)).toBeNull();
    expect(html.match(/<style|\sstyle=|\son[a-z]+=|javascript:|data:text/gi)).toBeNull();
  });

  it("SIZE-4 a build takes the place of the one before, page by page, and leaves nothing of it", () => {
    const [from, to] = [join(folder, "fresh"), join(folder, "served")];
    mkdirSync(join(from, "assets"), { recursive: true });
    mkdirSync(join(to, "assets"), { recursive: true });
    for (const [path, text] of [
      ["index.html", "new"],
      ["assets/new.js", "1"],
      ["assets/same.css", "p{}"],
    ] as const) {
      writeFileSync(join(from, path), text);
    }
    for (const [path, text] of [
      ["index.html", "old"],
      ["assets/old.js", "0"],
      ["assets/same.css", "p{}"],
    ] as const) {
      writeFileSync(join(to, path), text);
    }
    const { mtimeMs } = statSync(join(to, "assets/same.css"));
    replaceFiles(from, to);
    expect(readdirSync(join(to, "assets")).sort()).toEqual(["new.js", "same.css"]);
    expect(readFileSync(join(to, "index.html"), "utf8")).toBe("new");
    expect(statSync(join(to, "assets/same.css")).mtimeMs).toBe(mtimeMs);
  });
});
