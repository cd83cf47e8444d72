import { describe, expect, it } from "vitest";
import { type ServerFigures, soundFigures } from "./figures.ts";
import { sideTable } from "./report.ts";
import { addedBeside, cpuBeside, type SideBySide, type SideWindow } from "./side-by-side.ts";
import { NO_FRAMES } from "./tally.ts";
import { targetTable } from "./targets.ts";

const window = (p50: number, cpuMsPerCallMinute?: number): SideWindow => ({
  roundTripMs: { p50, p90: 2 * p50, p99: 3 * p50, samples: 100 },
  cpuMsPerCallMinute,
});
const DIRECT = [window(1), window(2), window(1)];
/** The machine is twice as slow in the second window, and in the third something happens to Callroom alone. */
const SIDE: SideBySide = {
  ours: [window(2.1, 330), window(4.2, 660), window(9, 990)],
  oursDirect: DIRECT,
  bare: [window(2, 300), window(4, 600), window(2, 300)],
  bareDirect: DIRECT,
};

describe("side by side", () => {
  it("BENCH-17 Servers at work at once are compared window by window, and the middle window counts.", () => {
    expect(cpuBeside(SIDE)).toEqual({ ours: 660, bare: 300, ratio: 1.1 });
    const added = addedBeside(SIDE, "p50");
    expect(added).toMatchObject({ bare: 1 });
    expect(added.ours).toBeCloseTo(2.2);
    expect(added.ratio).toBeCloseTo(1.1);
    expect(addedBeside(SIDE, "p99").ratio).toBeCloseTo(1.1);
    const unread: SideBySide = { ...SIDE, bare: [] };
    expect(cpuBeside(unread)).toEqual({ ours: 660, bare: undefined, ratio: undefined });
  });

  it("BENCH-18 What a frame may cost is judged by servers in turn, and again by servers at work at once.", () => {
    const starts = { openMs: [4], firstEchoMs: [5], lostMsPerCall: 0, frames: NO_FRAMES };
    const bargeIns = { clearMs: [3], unanswered: 0, lateSoundMs: 0 };
    const server = (name: string): ServerFigures => ({
      name,
      directName: "direct",
      frameMs: 20,
      byCalls: new Map([[50, soundFigures(name, 50, [])]]),
      singles: { silentCallKiB: 200, held: [], slowStarts: starts, starts, bargeIns },
    });
    const lines = (side: SideBySide | undefined, wire: "browser" | "media-streams" = "media-streams") =>
      targetTable(wire, [server("callroom"), server("workerd-bare")], [50], side);
    expect(lines(undefined)).not.toContain("CPU");
    expect(lines(SIDE)).toMatch(/CPU ms a call-minute, side by side .* 1\.10x \| +at most 1\.1x \| +met/);
    expect(lines(SIDE, "browser")).toMatch(
      /CPU ms a call-minute, side by side .* 1\.10x \| +at most 1x \| \*\*missed\*\*/,
    );
    expect(lines(SIDE)).toMatch(/added p90 ms, side by side .* 1\.10x \| +at most 1\.2x \| +met/);
    expect(sideTable(SIDE)).toMatch(/\| x bare +\| +1\.10 \/ 1\.10 \/ 1\.10 \| +1\.10 \|/);
    expect(sideTable(undefined)).toBe("");
  });
});
