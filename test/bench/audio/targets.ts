/** Whether what was measured is as good as it is meant to be. */
import { fixed, markdown, ratio } from "../cells.ts";
import { percentiles } from "../measure.ts";
import type { WireName } from "../options.ts";
import type { ServerFigures } from "./figures.ts";
import { addedMs, costCallsOf, find, framesOf } from "./report.ts";
import { addedBeside, type Compared, cpuBeside, type SideBySide } from "./side-by-side.ts";

/** Each target with what it is measured by. A line is left out when this run has no figure for it. */
export function targetTable(
  wire: WireName,
  all: readonly ServerFigures[],
  counts: readonly number[],
  side?: SideBySide,
): string {
  const ours = find(all, "callroom");
  const bare = find(all, "workerd-bare");
  if (ours?.singles === undefined) return "";
  const silentCalls = Math.max(...counts);
  const costCalls = costCallsOf(counts);
  const { slowStarts, bargeIns } = ours.singles;
  const { lost, misrouted } = framesOf(ours, 100);
  const answered = percentiles(slowStarts.openMs);
  const clear = percentiles(bargeIns.clearMs);
  const { singles } = bare ?? {};
  const rows = [
    atMost("frames lost or misrouted up to N=100", lost + misrouted, 0),
    atMost("speech lost at start, ms/call", slowStarts.lostMsPerCall, 0),
    atMost("upgrade answered, p90 ms", answered?.p90, 10),
    ...frameTargets(wire, all, costCalls, side),
    inRatio("calls held", compare(middle(ours.singles.held), middle(singles?.held)), "least", 0.8),
    inRatio(
      `KiB a silent call, N=${silentCalls}`,
      compare(ours.singles.silentCallKiB, singles?.silentCallKiB),
      "most",
      1.3,
    ),
    atMost("barge-in to clear, p99 ms", bargeIns.unanswered > 0 ? Number.POSITIVE_INFINITY : clear?.p99, 120),
  ].flatMap((row) => (row === undefined ? [] : [row]));
  return markdown([["", "callroom", "workerd-bare", "ratio", "target", ""], ...rows]);
}

/** What a frame may cost: of servers one after the other, and again of servers at work at once, where that was measured. */
function frameTargets(
  wire: WireName,
  all: readonly ServerFigures[],
  calls: number,
  side: SideBySide | undefined,
): (string[] | undefined)[] {
  const [ours, bare] = [find(all, "callroom"), find(all, "workerd-bare")];
  const inTurn = (what: (server: ServerFigures) => number | undefined): Compared =>
    compare(ours && what(ours), bare && what(bare));
  const rows = (where: string, added: (at: "p50" | "p90") => Compared, cpu: Compared) => [
    inRatio(`added p50 ms, ${where}`, added("p50"), "most", 1.2),
    inRatio(`added p90 ms, ${where}`, added("p90"), "most", 1.2),
    inRatio(`CPU ms a call-minute, ${where}`, cpu, "most", wire === "browser" ? 1 : 1.1),
  ];
  return [
    ...rows(
      `N=${calls}`,
      (at) => inTurn((server) => addedMs(server, all, calls)?.[at]),
      inTurn(({ byCalls }) => byCalls.get(calls)?.cpuMsPerCallMinute),
    ),
    ...(side === undefined ? [] : rows("side by side", (at) => addedBeside(side, at), cpuBeside(side))),
  ];
}

function atMost(what: string, value: number | undefined, most: number): string[] | undefined {
  if (value === undefined) return undefined;
  return [what, fixed(value, Number.isInteger(value) ? 0 : 2), "", "", `at most ${most}`, verdict(value <= most)];
}

function inRatio(
  what: string,
  { ours, bare, ratio: found }: Compared,
  bound: "most" | "least",
  times: number,
): string[] | undefined {
  // Few calls: what is measured may drown in what is subtracted.
  if (found === undefined || (ours ?? 0) <= 0 || (bare ?? 0) <= 0) return undefined;
  const isMet = bound === "most" ? found <= times : found >= times;
  return [what, fixed(ours, 2), fixed(bare, 2), `${found.toFixed(2)}x`, `at ${bound} ${times}x`, verdict(isMet)];
}

const compare = (ours: number | undefined, bare: number | undefined): Compared => ({
  ours,
  bare,
  ratio: ratio(ours, bare),
});
const verdict = (isMet: boolean): string => (isMet ? "met" : "**missed**");
const middle = (values: readonly number[] = []): number | undefined => percentiles(values)?.p50;
