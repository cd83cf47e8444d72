import { existsSync, globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { getTableColumns, getTableName, isTable } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { ROUTES } from "../../src/api/routes.ts";
import { LIMITS } from "../../src/limits.ts";
import { REVOKE_URL } from "../../src/protocol/closing.ts";
import * as schema from "../../src/store/schema.ts";

/** docs/security.md against the code that it speaks of. */

const ROOT = resolve(import.meta.dirname, "../..");
const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const page = text("docs/security.md");

/** Cells of each row of the table below a heading. */
function rowsUnder(heading: string): string[][] {
  const [, section = ""] = page.split(`\n## ${heading}\n`);
  const lines = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const unquoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, quoted]) => quoted ?? "");
const cited = (cell: string): string[] =>
  [...cell.matchAll(/\b[A-Z]{2,}-\d+\b/g)].map(([rule]) => rule).filter((rule) => rule !== "AES-256");

const threats = rowsUnder("Threats");
const secrets = rowsUnder("When a secret has leaked");
const stored = rowsUnder("What is stored");

/** What `readSettings` reads. */
const variables = new Set(
  [...text("src/env.ts").matchAll(/(?:required|optional|optionalUrl|url)\("([A-Z_]+)"/g)].map(([, name]) => name ?? ""),
);

/** Columns that say nothing of a person and hold nothing sealed: dates, settings and numbers of the instructor's. */
const IMPERSONAL = new Set(
  [
    ...["id", "name", "opens_at", "closes_at", "settings", "fallback_allowed", "call_max_ms", "seats"],
    ...["allowance_micro_usd", "student_allowance_micro_usd", "call_allowance_micro_usd", "fallback_models"],
    ...["created_at", "closed_at", "keys_at", "keys_deleted_at", "erase_at", "erased_at"],
  ].map((column) => `workshops.${column}`),
);

/** Of a student, and told with a column beside it: settings of an agent, states and times of a key, parts of a call or a charge. */
const TOLD_BESIDE: Readonly<Record<string, readonly string[]>> = {
  "student_configs.openai_api_key": ["key_status", "key_checked_at", "key_connected_at", "key_last_used_at"],
  "student_configs.key_hint": ["key_deleted_at"],
  "student_configs.student_id": [
    "workshop_id",
    "origin",
    "created_at",
    "updated_at",
    "adopted_updated_at",
    "own_cap_micro_usd",
  ],
  "student_configs.system_prompt": ["selected_voice", "language", "turn_end", "patience"],
  "prompt_versions.prompt": ["saved_at", "changed_at", "saved_by"],
  "calls.id": [
    "workshop_id",
    "way_in",
    "end_reason",
    "key_source",
    "model",
    "transcription_model",
    "cost_micro_usd",
    "revision",
  ],
  "turns.text": ["call_id", "seq", "revision", "speaker", "started_at", "timings", "usage", "failure"],
  "charges.call_id": [
    ...["seq", "revision", "workshop_id", "at", "kind", "state", "payer", "model", "usage", "line_ms"],
    ...["price_version", "cost_micro_usd"],
  ],
  "master_key_sentinels.sealed": ["kid", "created_at"],
};

describe("docs/security.md", () => {
  it("SECDOC-1 Every rule that it cites is one of the rules, and begins the name of a test.", () => {
    const rules = new Set([...text("test/rules.md").matchAll(/^- ([A-Z]+-\d+) /gm)].map(([, rule]) => rule ?? ""));
    const shown = new Set(
      globSync("test/**/*.test.ts", { cwd: ROOT }).flatMap((file) =>
        [...text(file).matchAll(/["'`]([A-Z]+-\d+) /g)].map(([, rule]) => rule ?? ""),
      ),
    );
    const all = [...new Set(cited(page))];
    expect(all.length).toBeGreaterThan(60);
    expect(all.filter((rule) => !rules.has(rule) || !shown.has(rule))).toEqual([]);
  });

  it("SECDOC-2 Every threat has a defence, and a rule that shows it.", () => {
    expect(threats.length).toBeGreaterThan(20);
    for (const [threat, defence, rules, ...more] of threats) {
      expect(threat).not.toBe("");
      expect(defence).not.toBe("");
      expect([threat, cited(rules ?? "").length]).not.toEqual([threat, 0]);
      expect(more).toEqual([]);
    }
  });

  it("SECDOC-3 Every variable of the Worker is in the table of leaks, and no variable that there is not.", () => {
    expect(variables.size).toBeGreaterThan(15);
    const named = secrets.flatMap(([secret]) => unquoted(secret ?? "")).filter((name) => /^[A-Z_]+$/.test(name));
    expect(named.toSorted()).toEqual([...variables].toSorted());
    for (const [secret, can, ...rest] of secrets) {
      expect([secret, can]).not.toEqual([secret, ""]);
      if (!can?.startsWith("nothing")) expect([secret, rest[0]]).not.toEqual([secret, ""]);
    }
  });

  it("SECDOC-4 Every column that holds something of a person, or something sealed, is in the table of what is stored.", () => {
    const told = new Set(stored.flatMap(([, where]) => unquoted(where ?? "")));
    const beside = Object.entries(TOLD_BESIDE).flatMap(([column, others]) => {
      expect(told).toContain(column);
      return others.map((other) => `${column.split(".")[0]}.${other}`);
    });
    const columns = Object.values(schema).flatMap((table: unknown) => {
      if (!isTable(table)) return [];
      return Object.values(getTableColumns(table)).map(({ name }) => `${getTableName(table)}.${name}`);
    });
    expect(columns.length).toBeGreaterThan(60);
    const known = new Set([...told, ...beside, ...IMPERSONAL]);
    expect(columns.filter((column) => !known.has(column))).toEqual([]);
    const tables = new Set(columns.map((column) => column.split(".")[0]));
    const named = [...told, ...beside, ...IMPERSONAL].filter((name) => tables.has(name.split(".")[0]));
    expect(named.filter((name) => !columns.includes(name))).toEqual([]);
    expect(new Set(named).size).toBe(named.length);
  });

  it("SECDOC-5 Every file, command, route and link that it names is there.", () => {
    const { scripts } = JSON.parse(text("package.json"));
    const usage = text("src/cli/keys-command.ts");
    for (const quoted of unquoted(page)) {
      const [, script] = /^npm run ([a-z:]+)/.exec(quoted) ?? [];
      if (script !== undefined) expect(Object.keys(scripts)).toContain(script);
      const [, verb] = /^npm run keys -- ([a-z]+)/.exec(quoted) ?? [];
      if (verb !== undefined) expect(usage).toContain(`\nnpm run keys -- ${verb}`.trim());
      const [, secret] = /^npx wrangler secret (?:put|delete) (\w+)$/.exec(quoted) ?? [];
      if (secret !== undefined) expect(variables).toContain(secret);
      else expect(quoted).not.toMatch(/^npx wrangler (?!delete$)/);
      const [, method, path] = /^(GET|POST|PUT|DELETE) (\/\S+)$/.exec(quoted) ?? [];
      if (path !== undefined)
        expect(ROUTES.map((route) => `${route.method} ${route.path}`)).toContain(`${method} ${path}`);
      if (/^(src|docs|test)\//.test(quoted)) expect([quoted, existsSync(join(ROOT, quoted))]).toEqual([quoted, true]);
    }
    expect([...page.matchAll(/https?:\/\/[^\s)]+/g)].map(([url]) => url.replace(/\.$/, ""))).toEqual([REVOKE_URL]);
    for (const [, target = ""] of page.matchAll(/\]\(([^)]+)\)/g))
      expect(existsSync(join(ROOT, "docs", target))).toBe(true);
  });

  it("SECDOC-6 Its numbers are those of the limits.", () => {
    const [day, hour, minute] = [24 * 3_600_000, 3_600_000, 60_000];
    expect(page.includes(`| ${LIMITS.sessionCookieMs / day} days; ${LIMITS.instructorCookieMs / hour} h |`)).toBe(true);
    expect(page.includes(`| ${LIMITS.loginForgetMs / hour} h; ${LIMITS.loginTrustMs / day} days`)).toBe(true);
    expect(page.includes(`one socket, ${LIMITS.ticketMs / 1_000} s, one phone call`)).toBe(true);
    expect(page.includes(`has ended, ${LIMITS.callMaxMs / minute} min\n`)).toBe(true);
  });
});
