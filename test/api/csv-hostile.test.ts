import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initSync, Model } from "@ironcalc/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BYTE_ORDER_MARK, csvRow } from "../../src/api/csv.ts";
import { csvRows, type Separator } from "../../src/cli/reconcile-csv.ts";
import { storableText } from "../../src/store/columns.ts";
import { HOSTILE_NAMES, hostileNames } from "./hostile-names.ts";
import { asInstructor } from "./workshop-world.ts";
import { givenWorkshop, type Harness, harness, openTestDatabase, START_MS, type TestDatabase } from "./world.ts";

/*
 * Nothing runs when an export is opened. Three judges, none of which knows how the file was written: readers of CSV in every
 * dialect, a spreadsheet's engine that is given each cell as if somebody typed it, and, where there is one, LibreOffice:
 * `SOFFICE=/usr/bin/soffice npx vitest run test/api/csv-hostile.test.ts`.
 */

const NAMES = hostileNames();
/** The same, as if nobody had taken care. */
const carelessCell = (name: string): string => `"${storableText(name).replaceAll('"', '""')}"`;
/** Each stands at the beginning of a line and, with another at its side, in the middle of one. */
const NEXT = NAMES.toReversed();
const CAREFUL = NAMES.map((name, at) => csvRow([name, 7, NEXT[at] ?? null])).join("");
const CARELESS = NAMES.map((name, at) => `${carelessCell(name)},7,${carelessCell(NEXT[at] ?? "")}\r\n`).join("");

const SEPARATORS: readonly Separator[] = [",", ";", "\t"];
/** What one spreadsheet or another takes for the beginning of a formula; the last ones are those of East Asian keyboards. */
const BEGINS = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212]/;
/** What a spreadsheet may drop before it looks. */
const dropped = (cell: string): string => cell.replace(/^[\s\p{C}\p{Z}"]+/u, "");

const rowsIn = (text: string, separator: Separator): string[][] =>
  [...csvRows(text, separator)].map((row) => row ?? []);
const withoutApostrophes = (text: string): string => text.replaceAll("'", "");

/** Cells that a spreadsheet's engine makes a formula of, when each is typed into a sheet. */
function formulasIn(text: string, separator: Separator): string[] {
  const sheet = new Model("export", "en", "UTC", "en");
  sheet.pauseEvaluation();
  const formulas = rowsIn(text, separator).flatMap((cells, row) =>
    cells.filter((cell, column) => {
      sheet.setUserInput(0, row + 1, column + 1, cell);
      return sheet.getCellContent(0, row + 1, column + 1).startsWith("=");
    }),
  );
  sheet.free();
  return formulas;
}

beforeAll(() => {
  const engine = createRequire(import.meta.url).resolve("@ironcalc/wasm/wasm_bg.wasm");
  initSync({ module: readFileSync(engine) });
});

describe("ten thousand hostile names", () => {
  it("CSV-1 are ten thousand different ones, and those of them that are run would be many", () => {
    expect(new Set(NAMES).size).toBe(HOSTILE_NAMES);
    expect(NAMES.filter((name) => BEGINS.test(dropped(name))).length).toBeGreaterThan(3_000);
    expect(Math.max(...NAMES.map((name) => name.length))).toBeGreaterThan(40_000);
  });

  it("CSV-1 stay in their cells, and none of them begins a formula", () => {
    const rows = rowsIn(CAREFUL, ",");
    expect(rows).toHaveLength(HOSTILE_NAMES);
    const isFormula = (cell = ""): boolean => BEGINS.test(cell) || BEGINS.test(dropped(cell));
    const bad = rows.filter(
      ([name, seven, next, ...more]) => isFormula(name) || seven !== "7" || isFormula(next) || more.length > 0,
    );
    expect(bad).toEqual([]);
  });

  it("CSV-2 can still be read: nothing but apostrophes is added, and only what is no character is replaced", () => {
    const rows = rowsIn(CAREFUL, ",");
    const changed = NAMES.filter(
      (name, at) => withoutApostrophes(rows[at]?.[0] ?? "") !== withoutApostrophes(storableText(name)),
    );
    expect(changed).toEqual([]);
    // Whoever looks harmless is left as they are.
    const harmless = NAMES.map((name, at) => [name, rows[at]?.[0]]).filter(
      ([name = ""]) => !/[=+\-@＝＋－＠﹦﹢﹣﹫−\p{C}]|^[\t\r\n]/u.test(name),
    );
    expect(harmless.length).toBeGreaterThan(100);
    expect(harmless.filter(([name, read]) => name !== read)).toEqual([]);
  });

  it.each([";", "\t"] as const)("CSV-3 begin no formula where cells are parted by %j", (separator) => {
    const bad = rowsIn(CAREFUL, separator)
      .flat()
      .filter((cell) => BEGINS.test(dropped(cell)));
    expect(bad).toEqual([]);
  });

  it.each([",", ";", "\t", "|", "\n", "\r"])(
    "CSV-3 begin no formula for a reader that knows no quotes and parts at %j",
    (separator) => {
      const cells = CAREFUL.split(/\r\n/).flatMap((line) => line.split(separator));
      const bad = cells.filter((cell) => BEGINS.test(dropped(cell)));
      expect(bad).toEqual([]);
      const careless = CARELESS.split(/\r\n/).flatMap((line) => line.split(separator));
      expect(careless.filter((cell) => BEGINS.test(dropped(cell))).length).toBeGreaterThan(1_000);
    },
  );
});

describe("a spreadsheet's engine", () => {
  it.each(SEPARATORS)(
    "CSV-4 makes a formula of none of them where cells are parted by %j, and of many without care",
    (separator) => {
      expect(formulasIn(CAREFUL, separator)).toEqual([]);
      expect(formulasIn(CARELESS, separator).length).toBeGreaterThan(500);
    },
  );
});

describe("the exports of a workshop with ten thousand hostile students", { timeout: 4 * START_MS }, () => {
  let db: TestDatabase;
  let api: Harness;
  const stored = [...new Set(NAMES.map((name) => storableText(name)))];
  beforeAll(async () => {
    db = await openTestDatabase();
    api = harness({ database: db.database });
    await givenWorkshop(db, { id: "w1", joinCode: "MAPLE-7" });
    const rows = JSON.stringify(stored.map((name, at) => ({ token: `wst_${at}`, name, at })));
    await db.sql(
      `insert into student_configs (session_token, student_name, workshop_id, origin)
       select token, name, 'w1', 'joined' from jsonb_to_recordset($1::jsonb) as t(token text, name text)`,
      rows,
    );
    const usage = JSON.stringify({
      responses: 0,
      inputTokens: 0,
      cachedInputTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 0,
      reasoningTokens: 0,
      estimated: false,
    });
    // The model is text from outside as well.
    await db.sql(
      `insert into calls (id, session_token, workshop_id, way_in, started_at, key_source, model, usage, revision)
       select lpad(at::text, 26, '0'), token, 'w1', 'browser', '2026-11-22'::timestamptz + at * interval '1 second', 'student', name, $2::jsonb, 1
       from jsonb_to_recordset($1::jsonb) as t(token text, name text, at integer)`,
      rows,
      usage,
    );
    await db.sql(
      `insert into charges (call_id, seq, revision, session_token, workshop_id, at, kind, state, payer, model, usage, line_ms, upstream_id, price_version)
       select lpad(at::text, 26, '0'), 1, 1, token, 'w1', '2026-11-22'::timestamptz + at * interval '1 second', 'response', 'told', 'student', name, $2::jsonb, 0, name, name
       from jsonb_to_recordset($1::jsonb) as t(token text, name text, at integer)`,
      rows,
      usage,
    );
  }, 2 * START_MS);
  afterAll(() => db.close());

  it.each(["export.csv", "ledger.csv"])(
    "CSV-5 %s has each of them, readable, and runs nothing in any dialect",
    async (file) => {
      const reply = await asInstructor(api)("GET", `/workshops/w1/${file}`);
      const text = await reply.text();
      const [head = [], ...rows] = rowsIn(text, ",");
      expect(rows).toHaveLength(stored.length);
      expect(rows.filter((row) => row.length !== head.length)).toEqual([]);
      for (const column of head.filter((name) => name === "student" || name === "model" || name === "upstream_id")) {
        const at = head.indexOf(column);
        // The stand-in of the database drops the mark of byte order at the beginning of a text.
        const kept = stored.map((name) => withoutApostrophes(name.replace(/^\ufeff/, "")));
        const read = rows.map((row) => withoutApostrophes(row[at] ?? "").replace(/^\ufeff/, ""));
        const lost = kept.filter((name, row) => read[row] !== name);
        expect([column, lost]).toEqual([column, []]);
      }
      for (const separator of SEPARATORS) {
        const cells = rowsIn(text, separator).flat();
        expect(cells.filter((cell) => BEGINS.test(dropped(cell)))).toEqual([]);
        expect(formulasIn(text, separator)).toEqual([]);
      }
      for (const separator of [",", ";", "\t", "|"]) {
        const bare = text.split("\r\n").flatMap((line) => line.split(separator));
        expect(bare.filter((cell) => BEGINS.test(dropped(cell)))).toEqual([]);
      }
    },
  );
});

describe("LibreOffice", { timeout: 600_000 }, () => {
  const soffice = process.env.SOFFICE ?? "";
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "callroom-csv-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Formulas of a file that it opened, told to evaluate whatever it takes for one. */
  function opened(name: string, text: string, separator: string): number {
    writeFileSync(join(folder, `${name}.csv`), BYTE_ORDER_MARK + text);
    const reading = `CSV:${separator.charCodeAt(0)},34,76,1,,0,false,true,false,false,false,-1,true`;
    const profile = `-env:UserInstallation=file://${join(folder, "profile")}`;
    execFileSync(soffice, [
      profile,
      "--headless",
      "--convert-to",
      "fods",
      `--infilter=${reading}`,
      "--outdir",
      folder,
      join(folder, `${name}.csv`),
    ]);
    return readFileSync(join(folder, `${name}.fods`), "utf8").split("table:formula=").length - 1;
  }

  it.skipIf(soffice === "").each([...SEPARATORS, "|"])(
    "CSV-6 opens the file without a formula where cells are parted by %j",
    (separator) => {
      expect(opened("careful", CAREFUL, separator)).toBe(0);
      expect(opened("careless", CARELESS, separator)).toBeGreaterThan(50);
    },
  );
});
