/** The page of one wire, in Markdown: what was measured, with other servers beside it, and whether the targets are met. */
import { above, fixed, markdown, ratio, three } from "../cells.ts";
import { type Percentiles, percentiles } from "../measure.ts";
import type { WireName } from "../options.ts";
import type { ServerFigures } from "./figures.ts";
import { RAMP, SETTLE_MS } from "./load.ts";
import { PEERS, type Peer } from "./peers.ts";
import { addedBeside, cpuBeside, SIDE_CALLS, type SideBySide } from "./side-by-side.ts";
import { addTallies, NO_FRAMES, type Tally } from "./tally.ts";

/** Cost is compared here: enough calls that fixed cost does not count, few enough that nothing queues. */
export const COST_CALLS = 50;

/** What a server adds to the round trip of a frame, percentile by percentile. */
export function addedMs(server: ServerFigures, all: readonly ServerFigures[], calls: number): Percentiles | undefined {
  const direct = all.find(({ name }) => name === server.directName);
  return above(server.byCalls.get(calls)?.roundTripMs, direct?.byCalls.get(calls)?.roundTripMs);
}

/** Frames of all windows of a server with so many calls at most. */
export const framesOf = ({ byCalls }: ServerFigures, mostCalls = Number.POSITIVE_INFINITY): Tally =>
  [...byCalls.values()]
    .filter(({ calls }) => calls <= mostCalls)
    .map(({ frames }) => frames)
    .reduce(addTallies, NO_FRAMES);

/** Latency, capacity, cost and memory: a row a server, then the peers. */
export function frameTable(wire: WireName, all: readonly ServerFigures[], counts: readonly number[]): string {
  const costCalls = costCallsOf(counts);
  const silentCalls = Math.max(...counts);
  const bareCpu = find(all, "workerd-bare")?.byCalls.get(costCalls)?.cpuMsPerCallMinute;
  const head = [
    "",
    "frames",
    ...counts.map((calls) => `added ms, N=${calls}`),
    `over 20 ms, N=${counts.includes(100) ? 100 : silentCalls}`,
    "calls held",
    `CPU ms/call-min, N=${costCalls}`,
    "x bare",
    `KiB/silent call, N=${silentCalls}`,
    "lost",
    "misrouted",
  ];
  const rows = all.map((server) => {
    const { singles, byCalls } = server;
    const isDirect = server.name === server.directName;
    const cpu = byCalls.get(costCalls)?.cpuMsPerCallMinute;
    const { sent, lost, misrouted, outOfOrder, changed } = framesOf(server);
    const late = byCalls.get(counts.includes(100) ? 100 : silentCalls)?.lateShare;
    return [
      server.name,
      `${server.frameMs} ms`,
      ...counts.map((calls) => {
        const figures = byCalls.get(calls);
        const noisy = (figures?.noisyWindows ?? 0) > 0 ? " (noisy)" : "";
        return `${isDirect ? `(${three(figures?.roundTripMs, 2)})` : three(addedMs(server, all, calls), 2)}${noisy}`;
      }),
      late === undefined ? "-" : `${(late * 100).toFixed(1)} %`,
      heldText(singles?.held),
      fixed(cpu, 0),
      fixed(ratio(cpu, bareCpu), 2),
      fixed(singles?.silentCallKiB, 0),
      `${lost} of ${sent}${outOfOrder + changed > 0 ? `, ${outOfOrder} out of order, ${changed} changed` : ""}`,
      `${misrouted}`,
    ];
  });
  const peers = PEERS[wire].map((peer) => peerRow(wire, peer, counts, costCalls, silentCalls));
  return markdown([head, ...rows, ...peers]);
}

function peerRow(
  wire: WireName,
  peer: Peer,
  counts: readonly number[],
  costCalls: number,
  silentCalls: number,
): string[] {
  const bare = PEERS[wire].find(({ name }) => name === "workerd-bare");
  const isCost = costCalls === COST_CALLS;
  return [
    `*${peer.name}*`,
    "20 ms",
    ...counts.map((calls) => peer.addedMs[calls] ?? "-"),
    "-",
    peer.held,
    isCost ? `${peer.cpuMsPerCallMinute}` : "-",
    isCost ? fixed(ratio(peer.cpuMsPerCallMinute, bare?.cpuMsPerCallMinute), 2) : "-",
    silentCalls === 200 ? `${peer.silentCallKiB}` : "-",
    "-",
    "-",
  ];
}

/** The beginning of a call, and being spoken over. */
export function startTable(wire: WireName, all: readonly ServerFigures[], counts: readonly number[]): string {
  const costCalls = costCallsOf(counts);
  const head = [
    "",
    "speech lost at start, ms/call",
    "upgrade answered, ms",
    "first echo, ms",
    `round trip in the first ${SETTLE_MS / 1_000} s, N=${costCalls}, ms`,
    "barge-in to clear, ms",
    "sound after clear, ms",
  ];
  const rows = all.flatMap(({ name, singles, byCalls }): string[][] => {
    if (singles === undefined) return [];
    const { slowStarts, starts, bargeIns } = singles;
    const missing = bargeIns.unanswered > 0 ? `, ${bargeIns.unanswered} never` : "";
    return [
      [
        name,
        fixed(slowStarts.lostMsPerCall, 0),
        three(percentiles(slowStarts.openMs), 1),
        three(percentiles(starts.firstEchoMs), 1),
        three(byCalls.get(costCalls)?.firstRoundTripMs, 2),
        `${three(percentiles(bargeIns.clearMs), 1)}${missing}`,
        fixed(bargeIns.lateSoundMs, 0),
      ],
    ];
  });
  const peers = PEERS[wire].flatMap((peer): string[][] =>
    peer.startLostMs === null
      ? []
      : [
          [
            `*${peer.name}*`,
            `${peer.startLostMs}`,
            peer.heldBackMs === null ? "not held back" : `${peer.heldBackMs}`,
            `${peer.firstEchoMs ?? "-"}`,
            "-",
            "-",
            "-",
          ],
        ],
  );
  return markdown([head, ...rows, ...peers]);
}

/** Callroom and the bare object at work at once. Empty when they were not. */
export function sideTable(side: SideBySide | undefined): string {
  if (side === undefined) return "";
  const [p50, p90, p99] = (["p50", "p90", "p99"] as const).map((at) => addedBeside(side, at));
  const cpu = cpuBeside(side);
  const row = (name: string, of: "ours" | "bare"): string[] => [
    name,
    [p50, p90, p99].map((each) => fixed(each?.[of], 2)).join(" / "),
    fixed(cpu[of], 0),
  ];
  return `Side by side, ${SIDE_CALLS} calls of each in the same ${side.ours.length} windows; the middle window

${markdown([
  ["", "added ms (p50 / p90 / p99)", "CPU ms/call-min"],
  row("workerd-bare", "bare"),
  row("callroom", "ours"),
  ["x bare", [p50, p90, p99].map((each) => fixed(each?.ratio, 2)).join(" / "), fixed(cpu.ratio, 2)],
])}`;
}

export const find = (all: readonly ServerFigures[], name: string) => all.find((each) => each.name === name);
export const costCallsOf = (counts: readonly number[]): number =>
  counts.includes(COST_CALLS) ? COST_CALLS : Math.max(...counts);

function heldText(held: readonly number[] | undefined): string {
  if (held === undefined || held.length === 0) return "-";
  const [from, to] = [Math.min(...held), Math.max(...held)];
  const text = from === to ? `${from}` : `${from}-${to}`;
  return to === RAMP.mostCalls ? `${text}+` : text;
}
