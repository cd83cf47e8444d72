import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ROUTES } from "../../src/api/routes.ts";
import { TRACE_USAGE } from "../../src/cli/trace-options.ts";
import { LIMITS } from "../../src/limits.ts";
import { END_REASONS } from "../../src/protocol/call-record.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const DOCUMENT = textOf("docs/architecture.md");
/** Everything in the document that stands between backticks. */
const quoted = [...DOCUMENT.matchAll(/`([^`\n]+)`/g)].map(([, words = ""]) => words);

/** Events of `log.ts` with their fields, from the text of its type: nothing of a type is left at run time. */
function eventsInCode(): Map<string, readonly string[]> {
  const union = /export type LogEvent =\n([\s\S]*?);\n\n/.exec(textOf("src/log.ts"))?.[1] ?? "";
  const members = union.split(/^ {2}\| /m).slice(1);
  return new Map(
    members.flatMap((member) => {
      const names = [...(/readonly event:([^;]+);/.exec(member)?.[1] ?? "").matchAll(/"([a-z-]+)"/g)];
      const fields = [...member.matchAll(/readonly (\w+):/g)].map(([, field = ""]) => field);
      return names.map(([, name = ""]) => [name, fields.filter((field) => field !== "event")] as const);
    }),
  );
}

/** Rows of the table of the log: event and fields. */
const eventsInDocument = new Map(
  [...DOCUMENT.matchAll(/^\| `([a-z-]+)` \| ((?:`\w+`(?:, )?)+) \| \S/gm)].map(([, event = "", fields = ""]) => [
    event,
    fields.split(", ").map((field) => field.replaceAll("`", "")),
  ]),
);

describe("docs/architecture.md", () => {
  it("ARCHDOC-1 lists every event of the log with every field, and none that there is not", () => {
    const inCode = eventsInCode();
    expect(inCode.size).toBeGreaterThan(20);
    expect(inCode.get("call-start")).toEqual(["callId", "wayIn", "keySource"]);
    expect(Object.fromEntries(eventsInDocument)).toEqual(Object.fromEntries(inCode));
  });

  it("ARCHDOC-2 names only files that there are", () => {
    const files = quoted.filter((words) => /^[\w./-]+\.(?:ts|tsx|md|toml)$/.test(words));
    expect(files.length).toBeGreaterThan(30);
    const missing = files.filter((file) => !existsSync(join(ROOT, "src", file)) && !existsSync(join(ROOT, file)));
    expect(missing).toEqual([]);
  });

  it("ARCHDOC-3 cites only rules that there are", () => {
    const rules = [...textOf("test/rules.md").matchAll(/^- ([A-Z]+-\d+) /gm)].map(([, rule]) => rule);
    const cited = [...DOCUMENT.matchAll(/\b[A-Z]+-\d+\b/g)].map(([rule]) => rule);
    expect(cited.length).toBeGreaterThan(15);
    expect(cited.filter((rule) => !rules.includes(rule))).toEqual([]);
  });

  it("ARCHDOC-4 says each limit as it is", () => {
    const said = [...DOCUMENT.matchAll(/`(\w+Ms)` \(([\d.]+) (s|min)\)/g)];
    expect(said.length).toBeGreaterThan(10);
    const inMs = { s: 1_000, min: 60_000 } as const;
    const limits: Readonly<Record<string, unknown>> = LIMITS;
    for (const [, name = "", amount, unit] of said) {
      expect([name, Number(amount) * (unit === "s" ? inMs.s : inMs.min)]).toEqual([name, limits[name]]);
    }
  });

  it("ARCHDOC-5 names only routes and ends of calls that there are, and the commands as they are", () => {
    const routes = quoted.flatMap((words) => /^(GET|POST) (\/[\w/:]+)/.exec(words)?.slice(1, 3).join(" ") ?? []);
    expect(routes.length).toBeGreaterThanOrEqual(3);
    const known = ROUTES.map(({ method, path }) => `${method} ${path}`);
    expect(routes.filter((route) => !known.includes(route))).toEqual([]);
    const errors = /^\| errors \|.*$/m.exec(DOCUMENT)?.[0] ?? "";
    const ends = [...errors.matchAll(/`([a-z-]+)`/g)].map(([, end]) => end);
    expect(ends.filter((end) => !END_REASONS.some((reason) => reason === end))).toEqual([]);
    const scripts = textOf("package.json");
    for (const [, script] of DOCUMENT.matchAll(/npm run (\w+)/g)) expect(scripts).toContain(`"${script}": `);
    expect(TRACE_USAGE).toContain("--logs");
  });

  it("ARCHDOC-6 is short: what is no table has room on two screens", () => {
    const [, prose = ""] = /^([\s\S]*)$/.exec(DOCUMENT.replace(/```mermaid[\s\S]*?```/, "")) ?? [];
    const lines = prose.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("|"));
    expect(lines.length).toBeLessThan(80);
  });
});
