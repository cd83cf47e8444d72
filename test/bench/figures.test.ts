import { describe, expect, it } from "vitest";
import { AnswerReader } from "./answer-stream.ts";
import type { Turn } from "./client.ts";
import type { Window } from "./load.ts";
import { percentiles } from "./measure.ts";
import { readOptions } from "./options.ts";
import { addedPathMs, figuresOf } from "./report.ts";
import { FOREIGN_CORES_MAX } from "./rounds.ts";
import { readStamps, stampToken } from "./stamps.ts";

describe("stamps", () => {
  it("BENCH-1 A stamp is read back to the microsecond, also after the clock of the stamps has begun anew.", () => {
    const cycleMs = 36 ** 6 / 1_000;
    for (const atMs of [12.345, cycleMs - 0.001, 5 * cycleMs + 0.25]) {
      const text = `so ${stampToken("arrived", atMs)}${stampToken("emitted", atMs + 200)}`;
      const [arrived, emitted] = readStamps(text, atMs + 201);
      expect(arrived?.kind).toBe("arrived");
      expect(arrived?.atMs).toBeCloseTo(atMs, 2);
      expect(emitted?.kind).toBe("emitted");
      expect(emitted?.atMs).toBeCloseTo(atMs + 200, 2);
    }
  });

  it("BENCH-1 Ordinary words hold no stamp.", () => {
    expect(readStamps("I have already said, for example, 42 or 1000000000 times", 1_000)).toEqual([]);
  });
});

describe("the answer stream", () => {
  const delta = (text: string): string =>
    `event: response.output_text.delta\ndata: ${JSON.stringify({ type: "response.output_text.delta", delta: text })}\n\n`;

  it("BENCH-2 Every delta is read once, wherever the stream is cut.", () => {
    const stream = `event: response.created\ndata: {}\n\n${delta("one ")}${delta("two")}event: response.completed\ndata: {}\n\n`;
    for (let cut = 1; cut < stream.length; cut += 1) {
      const reader = new AnswerReader();
      const parts = [reader.read(stream.slice(0, cut)), reader.read(stream.slice(cut))];
      expect(parts.flatMap(({ deltas }) => deltas)).toEqual(["one ", "two"]);
      expect(parts.at(-1)?.done).toBe(true);
    }
  });
});

describe("figures", () => {
  const turn = (upMs: number, downMs: readonly number[]): Turn => ({
    sentAtMs: 0,
    endedAtMs: 1_000,
    upMs,
    downMs,
    firstTokenMs: 200 + upMs,
    frames: downMs.length + 1,
  });
  const window = (turns: readonly Turn[], foreignCores = 0): Window => ({
    turns,
    openMs: [1],
    readyMs: [2],
    cpuMsPerTurn: 4,
    foreignCores,
    failures: [],
  });

  it("BENCH-3 A percentile is the measured value of its rank.", () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentiles(samples)).toEqual({ p50: 50, p90: 90, p99: 99, samples: 100 });
    expect(percentiles([7])).toEqual({ p50: 7, p90: 7, p99: 7, samples: 1 });
    expect(percentiles([])).toBeUndefined();
  });

  it("BENCH-4 The added path is both ways through the server, less both ways without it.", () => {
    const direct = figuresOf("direct", 1, [window([turn(1, [0.5, 0.5])])], undefined);
    const server = figuresOf("server", 1, [window([turn(2, [1, 1])])], undefined);
    expect(addedPathMs(server, direct)).toEqual({ p50: 1.5, p90: 1.5, p99: 1.5, samples: 2 });
  });

  it("BENCH-5 A window beside the work of others counts only when there is no quiet one.", () => {
    const noisy = window([turn(90, [90])], FOREIGN_CORES_MAX + 0.1);
    const quiet = window([turn(1, [1])]);
    expect(figuresOf("server", 1, [noisy, quiet], undefined)).toMatchObject({ turns: 1, noisyWindows: 0 });
    expect(figuresOf("server", 1, [noisy, quiet], undefined).pathMs?.p50).toBe(2);
    expect(figuresOf("server", 1, [noisy], undefined)).toMatchObject({ turns: 1, noisyWindows: 1 });
  });
});

describe("the command line", () => {
  it("BENCH-6 Unknown flags, names and counts are refused; servers run in their own order.", () => {
    expect(readOptions(["--servers", "callroom,direct", "--calls", "1,50"])).toMatchObject({
      servers: ["direct", "callroom"],
      calls: { text: [1, 50], audio: [1, 50] },
      rounds: 3,
    });
    expect(readOptions(["--only", "audio", "--wires", "browser"])).toMatchObject({
      suites: ["audio"],
      wires: ["browser"],
      soak: false,
      calls: { text: [1, 50, 200], audio: [1, 50, 100, 200] },
    });
    expect(readOptions(["--soak", "--minutes", "0.5"])).toMatchObject({ soak: true, soakMinutes: 0.5 });
    for (const args of [
      ["--servers", "nobody"],
      ["--calls", "0"],
      ["--rounds", "x"],
      ["--only", "video"],
      ["--wires", "pigeon"],
      ["--minutes", "0"],
      ["--soak", "5"],
      ["--fast"],
    ]) {
      expect(readOptions(args)).toBeUndefined();
    }
  });
});
