import { describe, expect, it } from "vitest";
import { lineDiff } from "../../src/web/student/line-diff.ts";

/** As people read it: `-old`, `+new`, ` same`. */
const shown = (before: string, after: string): string[] =>
  lineDiff(before, after).map(({ mark, text }) => `${{ same: " ", gone: "-", new: "+" }[mark]}${text}`);

/** The text on one side of the comparison. */
const side = (before: string, after: string, without: "gone" | "new"): string =>
  lineDiff(before, after)
    .filter(({ mark }) => mark !== without)
    .map(({ text }) => text)
    .join("\n");

describe("two versions of a prompt, line by line", () => {
  it("AGENT-20 shows what was taken out and put in, where it stands", () => {
    expect(shown("a\nb\nc", "a\nb\nc")).toEqual([" a", " b", " c"]);
    expect(shown("a\nb\nc", "a\nx\nc")).toEqual([" a", "-b", "+x", " c"]);
    expect(shown("a\nc", "a\nb\nc")).toEqual([" a", "+b", " c"]);
    expect(shown("a\nb\nc", "c")).toEqual(["-a", "-b", " c"]);
    expect(shown("a\nb", "b\na")).toEqual(["-a", " b", "+a"]);
    expect(shown("", "a")).toEqual(["-", "+a"]);
    expect(shown("a\na\nb", "a\nb\nb")).toEqual([" a", "-a", "+b", " b"]);
  });

  it("AGENT-20 loses no line of either side, whatever they are", () => {
    // Every pair of texts of up to four lines of two kinds.
    const texts = ["", "a", "b"];
    for (let round = 0; round < 3; round += 1) {
      for (const text of [...texts]) if (text !== "") texts.push(`${text}\na`, `${text}\nb`);
    }
    const several = [...new Set(texts)];
    expect(several.length).toBeGreaterThan(25);
    for (const before of several) {
      for (const after of several) {
        expect(side(before, after, "new")).toBe(before);
        expect(side(before, after, "gone")).toBe(after);
      }
    }
  });

  it("AGENT-20 compares what is too long for a table as two blocks, around what both share", () => {
    const lines = (word: string): string => Array.from({ length: 1_200 }, (_, at) => `${word} ${at}`).join("\n");
    const diff = lineDiff(`first\n${lines("old")}\nlast`, `first\n${lines("new")}\nlast`);
    expect(diff).toHaveLength(2_402);
    expect([diff[0], diff.at(-1)]).toEqual([
      { mark: "same", text: "first" },
      { mark: "same", text: "last" },
    ]);
    expect(diff.filter(({ mark }) => mark === "new")).toHaveLength(1_200);
  });
});
