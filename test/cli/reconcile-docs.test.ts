import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { END_OF_REFUSAL } from "../../src/call/call-facts.ts";
import { readReconcileOptions } from "../../src/cli/reconcile-options.ts";
import { FAILURES } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { LOW_SHARE } from "../../src/protocol/bill.ts";
import { ADA } from "./reconciling.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const TEXT = readFileSync(join(ROOT, "docs/money.md"), "utf8");

describe("docs/money.md", () => {
  it("RECON-50 quotes what is said to callers, and leaves out no sentence about money", () => {
    const quoted = [...TEXT.matchAll(/\| "([^"]+)"/g)].map(([, sentence]) => sentence);
    const ofMoney = new Set([
      "budget_low",
      ...Object.entries(END_OF_REFUSAL).flatMap(([reason, end]) => (end === "budget" ? [reason] : [])),
    ]);
    const spoken = Object.entries(FAILURES).flatMap(([reason, facts]) =>
      ofMoney.has(reason) && "spoken" in facts ? [facts.spoken] : [],
    );
    expect(spoken.length).toBeGreaterThan(6);
    expect(new Set(quoted)).toEqual(new Set(spoken));
  });

  it("RECON-50 has the numbers of the code", () => {
    const dollars = (microUsd: number): string => `**$${(microUsd / 1e6).toFixed(2)}**`;
    for (const number of [
      dollars(LIMITS.poolMicroUsd),
      dollars(LIMITS.studentAllowanceMicroUsd),
      `**${LIMITS.reservationMs / 1_000} s**`,
      `| ${LOW_SHARE * 100} % of the nearest limit`,
      `within ${LIMITS.shutdownSoonMs / 86_400_000} days`,
      `more than ${LIMITS.pricesOldMs / 86_400_000} days`,
    ]) {
      expect(TEXT).toContain(number);
    }
  });

  it("RECON-50 names rules that tests show, and commands that are there", () => {
    const named = [...TEXT.matchAll(/[(, ]([A-Z]+-\d+)(?=[), ])/g)].map(([, rule]) => rule);
    const tests = globSync("test/**/*.test.ts", { cwd: ROOT }).map((file) => readFileSync(join(ROOT, file), "utf8"));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((rule) => !tests.some((text) => text.includes(`"${rule} `)))).toEqual([]);
    const lines = [...TEXT.matchAll(/^npm run reconcile -- (.*?)(?: {4,}.*)?$/gm)].map(([, args = ""]) => args.trim());
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      expect([line, readReconcileOptions(line.replace("--student ID", `--student ${ADA}`).split(" ")).wish]).toEqual([
        line,
        "reconcile",
      ]);
    }
  });
});
