import { describe, expect, it } from "vitest";
import { type Cell, csvRow, money } from "../../src/api/csv.ts";
import { seeded } from "../vault/samples.ts";

/** RFC 4180, strictly: quotes only around a whole cell, doubled inside it, each record ended by CRLF. */
function parsed(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(text.slice(at));
    const cell = quoted?.[0] ?? /^[^",\r\n]*/.exec(text.slice(at))?.[0] ?? "";
    row.push(quoted ? (quoted[1] ?? "").replaceAll('""', '"') : cell);
    at += cell.length;
    if (text.startsWith(",", at)) {
      at += 1;
    } else if (text.startsWith("\r\n", at)) {
      at += 2;
      rows.push(row);
      row = [];
    } else {
      throw new Error(`no end of a cell at ${at}`);
    }
  }
  return rows;
}

const cellOf = (name: Cell): string | undefined => parsed(csvRow([name, 1]))[0]?.[0];

const TRIGGERS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "−"];

describe("a cell of the export", () => {
  it.each([
    ["=1+1", "'=1+1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["-2+3", "'-2+3"],
    ["+49 170", "'+49 170"],
    ["  =1", "'  =1"],
    ["\u0001\u200b\ufeff=1", "'\u0001\u200b\ufeff=1"],
    ["\tAda", "'\tAda"],
    ["＝1", "'＝1"],
    ["Ada;=1", "Ada;'=1"],
    ["Ada\n =1", "Ada\n '=1"],
    ['Ada","=1', 'Ada","\'=1'],
    ["Ada Lovelace", "Ada Lovelace"],
    ['O\'Neil, "Bob"', 'O\'Neil, "Bob"'],
    ["Jean-Luc", "Jean-Luc"],
    ["a@b.example", "a@b.example"],
    ["李小龙 🙂", "李小龙 🙂"],
    ["", ""],
  ])("WORKSHOP-8 %j is read as %j", (name, read) => expect(cellOf(name)).toBe(read));

  it("WORKSHOP-8 numbers stand as they are, and what is not known is empty", () => {
    expect(csvRow([0, 12.345, 0.000_001, null, Number.NaN, -1])).toBe("0,12.345,0.000001,,,\r\n");
  });

  it.each([
    [0, "0.000000"],
    [1, "0.000001"],
    [999_999, "0.999999"],
    [1_000_000, "1.000000"],
    [300_000, "0.300000"],
    [10_000_000_001, "10000.000001"],
    [Number.MAX_SAFE_INTEGER, "9007199254.740991"],
    [null, ""],
    [-1, ""],
    [0.5, ""],
    [Number.NaN, ""],
  ])("MONEY-33 %j micro-dollars are written as %j, every digit of them", (microUsd, written) => {
    expect(csvRow([money(microUsd)])).toBe(`${written}\r\n`);
  });

  it("WORKSHOP-9 no name of 10,000 hostile ones begins a formula, or leaves its cell", () => {
    const random = seeded(11);
    const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)];
    const pieces = [
      ...TRIGGERS,
      ...[
        '"',
        '""',
        ",",
        ";",
        "\r\n",
        "\n",
        "'",
        " ",
        "\u00a0",
        "\u2028",
        "\u200b",
        "\ufeff",
        "\u0000",
        "\u0007",
        "\ud800",
      ],
      ...["cmd|'/C calc'!A0", 'HYPERLINK("https://x.example")', "Ada", "é", "漢", "🙂", "|", "%", "\u202e", "\\"],
    ];
    for (let round = 0; round < 10_000; round += 1) {
      const name = Array.from({ length: 1 + Math.floor(random() * 8) }, () => pick(pieces)).join("");
      const rows = parsed(csvRow([name, 7, name, null]));
      expect(rows.map((row) => row.length)).toEqual([4]);
      const [first = "", number, second, nothing] = rows[0] ?? [];
      expect([number, second, nothing]).toEqual(["7", first, ""]);
      expect([name, TRIGGERS.includes(first.charAt(0))]).toEqual([name, false]);
      // What a spreadsheet skips before it looks.
      const seen = first.replace(/^[\s\p{C}\p{Z}]+/u, "");
      expect([name, first === "" || TRIGGERS.includes(seen.charAt(0))]).toEqual([name, first === ""]);
      // Nothing but the apostrophes was added, and nothing taken away.
      const kept = name.toWellFormed().replaceAll("\u0000", "\ufffd");
      expect(first.replaceAll("'", "")).toBe(kept.replaceAll("'", ""));
    }
  });

  it("WORKSHOP-9 where cells are parted by semicolons or tabs, a name begins no formula either", () => {
    for (const separator of [";", "\t", "|", "\n"]) {
      for (const trigger of TRIGGERS.filter((each) => each.trim() !== "")) {
        for (const name of [
          `Ada${separator}${trigger}1`,
          `Ada"${separator} "${trigger}1`,
          `Ada${separator}\u200b${trigger}1`,
        ]) {
          const cells = csvRow([name]).split(separator);
          const bare = cells.map((cell) => cell.replace(/^["\s\p{C}\p{Z}]+/u, ""));
          expect([name, bare.filter((cell) => TRIGGERS.includes(cell.charAt(0)))]).toEqual([name, []]);
        }
      }
    }
  });
});
