/** The page of one wire, in Markdown: what was measured, with other servers beside it, and whether the targets are met. */
import { above, fixed, markdown, ratio, three } from "../cells.ts";
import { type Percentiles, percentiles } from "../measure.ts";
import type { WireName } from "../options.ts";
import type { ServerFigures } from "./figures.ts";
import { RAMP, SETTLE_MS } from "./load.ts";
import { PEERS, type Peer } from "./peers.ts";
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

/** Each target with what it is measured by. A line is left out when this run has no figure for it. */
export function targetTable(wire: WireName, all: readonly ServerFigures[], counts: readonly number[]): string {
  const ours = find(all, "callroom");
  const bare = find(all, "workerd-bare");
  if (ours?.singles === undefined) return "";
  const silentCalls = Math.max(...counts);
  const costCalls = costCallsOf(counts);
  const at = `N=${costCalls}`;
  const cpu = ours.byCalls.get(costCalls)?.cpuMsPerCallMinute;
  const bareCpu = bare?.byCalls.get(costCalls)?.cpuMsPerCallMinute;
  const { slowStarts, bargeIns } = ours.singles;
  const { lost, misrouted } = framesOf(ours, 100);
  const answered = percentiles(slowStarts.openMs);
  const mine = addedMs(ours, all, costCalls);
  const theirs = bare && addedMs(bare, all, costCalls);
  const clear = percentiles(bargeIns.clearMs);
  const rows = [
    atMost("frames lost or misrouted up to N=100", lost + misrouted, 0),
    atMost("speech lost at start, ms/call", slowStarts.lostMsPerCall, 0),
    atMost("upgrade answered, p90 ms", answered?.p90, 10),
    inRatio(`added p50 ms, ${at}`, mine?.p50, theirs?.p50, "most", 1.2),
    inRatio(`added p90 ms, ${at}`, mine?.p90, theirs?.p90, "most", 1.2),
    inRatio("calls held", middle(ours.singles.held), middle(bare?.singles?.held), "least", 0.8),
    inRatio(
      `KiB a silent call, N=${silentCalls}`,
      ours.singles.silentCallKiB,
      bare?.singles?.silentCallKiB,
      "most",
      1.3,
    ),
    inRatio(`CPU ms a call-minute, ${at}`, cpu, bareCpu, "most", wire === "browser" ? 1 : 1.1),
    atMost("barge-in to clear, p99 ms", bargeIns.unanswered > 0 ? Number.POSITIVE_INFINITY : clear?.p99, 120),
  ].flatMap((row) => (row === undefined ? [] : [row]));
  return markdown([["", "callroom", "workerd-bare", "ratio", "target", ""], ...rows]);
}

function atMost(what: string, value: number | undefined, most: number): string[] | undefined {
  if (value === undefined) return undefined;
  return [what, fixed(value, Number.isInteger(value) ? 0 : 2), "", "", `at most ${most}`, verdict(value <= most)];
}

function inRatio(
  what: string,
  mine: number | undefined,
  theirs: number | undefined,
  bound: "most" | "least",
  times: number,
): string[] | undefined {
  const found = ratio(mine, theirs);
  // Few calls: what is measured may drown in what is subtracted.
  if (found === undefined || (mine ?? 0) <= 0 || (theirs ?? 0) <= 0) return undefined;
  const isMet = bound === "most" ? found <= times : found >= times;
  return [what, fixed(mine, 2), fixed(theirs, 2), `${found.toFixed(2)}x`, `at ${bound} ${times}x`, verdict(isMet)];
}

const verdict = (isMet: boolean): string => (isMet ? "met" : "**missed**");
const find = (all: readonly ServerFigures[], name: string) => all.find((each) => each.name === name);
const middle = (values: readonly number[] = []): number | undefined => percentiles(values)?.p50;
const costCallsOf = (counts: readonly number[]): number =>
  counts.includes(COST_CALLS) ? COST_CALLS : Math.max(...counts);

function heldText(held: readonly number[] | undefined): string {
  if (held === undefined || held.length === 0) return "-";
  const [from, to] = [Math.min(...held), Math.max(...held)];
  const text = from === to ? `${from}` : `${from}-${to}`;
  return to === RAMP.mostCalls ? `${text}+` : text;
}
