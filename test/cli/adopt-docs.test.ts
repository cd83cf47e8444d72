import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ADOPT_USAGE, readAdoptOptions } from "../../src/cli/adopt-options.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const TEXT = readFileSync(join(ROOT, "docs/adopting.md"), "utf8");

describe("docs/adopting.md", () => {
  it("ADOPT-19 names commands and options that are there", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const commands = [...TEXT.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.filter((name) => !(String(name) in scripts))).toEqual([]);

    const lines = [...TEXT.matchAll(/^ *npm run adopt -- (.*)$/gm)].map(([, line = ""]) => line.trim().split(" "));
    expect(lines).toHaveLength(4);
    for (const line of lines) expect([line, readAdoptOptions(line).wish]).toEqual([line, "adopt"]);

    const named = [...TEXT.matchAll(/`(--[a-z-]+)/g)].map(([, option = ""]) => option);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((option) => !ADOPT_USAGE.includes(`  ${option} `))).toEqual([]);
  });

  it("ADOPT-19 names rules that tests show, and every option that the command says it has is understood", () => {
    const tests = globSync("test/**/*.test.ts", { cwd: ROOT }).map((file) => readFileSync(join(ROOT, file), "utf8"));
    const rules = [...TEXT.matchAll(/\b(ADOPT-\d+)\b/g)].map(([, rule]) => rule);
    expect(rules.length).toBeGreaterThan(12);
    expect(rules.filter((rule) => !tests.some((text) => text.includes(`"${rule} `)))).toEqual([]);

    const options = [...ADOPT_USAGE.matchAll(/^ {2}(--[a-z-]+)( [A-Z]+)?/gm)];
    expect(options).toHaveLength(8);
    for (const [, option = "", value] of options) {
      const args = [
        "--from",
        "OLD_DATABASE_URL",
        option,
        ...(value ? ["MAPLE_7".replace("_", option === "--workshop" ? "-" : "_")] : []),
      ];
      expect([option, readAdoptOptions(args).wish]).toEqual([option, "adopt"]);
    }
  });
});
