import { describe, expect, it } from "vitest";
import { startProgress } from "../../src/cli/progress.ts";

function terminalOf(shape: { isTTY?: boolean; columns?: number }) {
  const writes: string[] = [];
  return { ...shape, writes, write: (text: string) => void writes.push(text) };
}

describe("progress", () => {
  it("PROGRESS-1 On a terminal the bar redraws its own line and ends full.", () => {
    const terminal = terminalOf({ isTTY: true, columns: 100 });
    let nowMs = 0;
    const progress = startProgress(terminal, "Rotating", 4, () => nowMs);
    for (let done = 1; done <= 4; done += 1) {
      nowMs += 1_000;
      progress.update(done);
    }
    progress.end();
    expect(terminal.writes).toEqual([
      `\rRotating  ${"░".repeat(30)}  0/4\x1b[K`,
      `\rRotating  ${"█".repeat(7)}${"░".repeat(23)}  1/4\x1b[K`,
      `\rRotating  ${"█".repeat(15)}${"░".repeat(15)}  2/4  2 s left\x1b[K`,
      `\rRotating  ${"█".repeat(22)}${"░".repeat(8)}  3/4  1 s left\x1b[K`,
      `\rRotating  ${"█".repeat(30)}  4/4\x1b[K`,
      "\n",
    ]);
  });

  it("PROGRESS-1 The bar is drawn at most ten times a second, and its end always.", () => {
    const terminal = terminalOf({ isTTY: true });
    let nowMs = 0;
    const progress = startProgress(terminal, "Rotating", 10_000, () => nowMs);
    for (let done = 1; done <= 10_000; done += 1) {
      nowMs += 0.1;
      progress.update(done);
    }
    expect(terminal.writes.length).toBeLessThanOrEqual(12);
    expect(terminal.writes.at(-1)).toContain("10000/10000");
  });

  it("PROGRESS-1 The line never wraps, however narrow the terminal.", () => {
    const terminal = terminalOf({ isTTY: true, columns: 20 });
    startProgress(terminal, "Rotating", 5, () => 0).update(5);
    for (const write of terminal.writes) {
      expect(write.replace("\r", "").replace("\x1b[K", "").length).toBeLessThan(20);
    }
  });

  it("PROGRESS-1 A terminal that does not know its width is taken for 80 columns.", () => {
    const terminal = terminalOf({ isTTY: true, columns: 0 });
    startProgress(terminal, "Rotating", 1_500, () => 0).update(1_500);
    expect(terminal.writes.at(-1)).toBe(`\rRotating  ${"█".repeat(30)}  1500/1500\x1b[K`);
  });

  it("PROGRESS-2 In a file it writes plain lines, one for each tenth.", () => {
    const terminal = terminalOf({});
    const progress = startProgress(terminal, "Rotating", 1_000, () => 0);
    for (let done = 1; done <= 1_000; done += 1) progress.update(done);
    progress.end();
    expect(terminal.writes).toEqual(Array.from({ length: 10 }, (_, at) => `Rotating  ${at + 1}00/1000\n`));
  });

  it("PROGRESS-3 More than the total, or a total of nothing, is no error.", () => {
    for (const isTTY of [true, false]) {
      const terminal = terminalOf({ isTTY });
      const over = startProgress(terminal, "Rotating", 3, () => 0);
      over.update(7);
      expect(terminal.writes.at(-1)).toContain("3/3");
      startProgress(terminal, "Rotating", 0, () => 0).update(2);
    }
  });
});
