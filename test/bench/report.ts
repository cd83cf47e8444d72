/** From windows to figures, and from figures to the page that is printed. */
import { above, aligned, fixed, mean, ratio, three } from "./cells.ts";
import type { Window } from "./load.ts";
import { type Percentiles, percentiles } from "./measure.ts";
import type { StartRoundTrips } from "./ours.ts";
import { countingOf, isNoisy } from "./rounds.ts";

export interface Figures {
  readonly server: string;
  readonly calls: number;
  readonly firstTokenMs: Percentiles | undefined;
  /** Prompt to upstream plus token to client, a sample a token. */
  readonly pathMs: Percentiles | undefined;
  /** Its two halves. */
  readonly upMs: Percentiles | undefined;
  readonly downMs: Percentiles | undefined;
  readonly openMs: Percentiles | undefined;
  readonly readyMs: Percentiles | undefined;
  readonly cpuMsPerTurn: number | undefined;
  readonly silentCallKiB: number | undefined;
  readonly framesPerTurn: number;
  readonly turns: number;
  readonly windows: number;
  /** Of these windows, those that were measured beside the work of others, for want of quiet ones. */
  readonly noisyWindows: number;
}

/** Joins what was seen in all quiet windows of one server with one number of calls; in all of them if none was quiet. */
export function figuresOf(
  server: string,
  calls: number,
  all: readonly Window[],
  silentCallKiB: number | undefined,
): Figures {
  const windows = countingOf(all);
  const turns = windows.flatMap((window) => window.turns);
  const cpu = windows.flatMap(({ cpuMsPerTurn }) => cpuMsPerTurn ?? []);
  return {
    server,
    calls,
    firstTokenMs: percentiles(turns.map((turn) => turn.firstTokenMs)),
    pathMs: percentiles(turns.flatMap(({ upMs, downMs }) => downMs.map((each) => upMs + each))),
    upMs: percentiles(turns.map((turn) => turn.upMs)),
    downMs: percentiles(turns.flatMap((turn) => turn.downMs)),
    openMs: percentiles(windows.flatMap((window) => window.openMs)),
    readyMs: percentiles(windows.flatMap((window) => window.readyMs)),
    cpuMsPerTurn: cpu.length > 0 ? mean(cpu) : undefined,
    silentCallKiB,
    framesPerTurn: mean(turns.map((turn) => turn.frames)),
    turns: turns.length,
    windows: windows.length,
    noisyWindows: windows.filter(isNoisy).length,
  };
}

/** What is measured once, beside the windows. */
export interface Single {
  readonly server: string;
  readonly framesPerBurst: number;
  readonly promptWithSetup: { readonly answered: number; readonly asked: number } | undefined;
  readonly startRoundTrips: StartRoundTrips | undefined;
}

/** What the server adds to the path, percentile by percentile. */
export function addedPathMs(figures: Figures, direct: Figures | undefined): Percentiles | undefined {
  return above(figures.pathMs, direct?.pathMs);
}

/** One block for each number of calls, a row a server. */
export function tables(all: readonly Figures[]): string {
  const counts = [...new Set(all.map(({ calls }) => calls))];
  return counts
    .map((calls) =>
      table(
        calls,
        all.filter((figures) => figures.calls === calls),
      ),
    )
    .join("\n");
}

const HEAD = [
  "",
  "first token ms",
  "of direct",
  "added path ms",
  "up + down p50",
  "dial to open ms",
  "open to ready ms",
  "CPU ms/turn",
  "KiB/silent call",
  "frames/turn",
  "turns",
];

function table(calls: number, rows: readonly Figures[]): string {
  const direct = rows.find(({ server }) => server === "direct");
  const cells = rows.map((row) => [
    row.server,
    three(row.firstTokenMs, 1),
    fixed(ratio(row.firstTokenMs?.p50, direct?.firstTokenMs?.p50), 3),
    row === direct ? "0" : three(addedPathMs(row, direct), 2),
    `${fixed(row.upMs?.p50, 2)} + ${fixed(row.downMs?.p50, 2)}`,
    row === direct ? "-" : three(row.openMs, 1),
    row === direct ? "-" : three(row.readyMs, 1),
    fixed(row.cpuMsPerTurn, 2),
    fixed(row.silentCallKiB, 0),
    fixed(row.framesPerTurn, 1),
    `${row.turns}${row.noisyWindows > 0 ? " (noisy)" : ""}`,
  ]);
  const title = calls === 1 ? "1 call" : `${calls} calls`;
  return `${title} (p50 / p90 / p99)\n${aligned([HEAD, ...cells]).join("\n")}\n`;
}

interface Target {
  readonly what: string;
  readonly calls: number;
  readonly beside: "direct" | "workerd-bare";
  /** Callroom's figure is at most so many times the other's. */
  readonly most: number;
  readonly value: (figures: Figures, direct: Figures | undefined) => number | undefined;
}

const firstTokenTarget = (calls: number): Target => ({
  what: "first token p50 ms",
  calls,
  beside: "direct",
  most: 1.02,
  value: (figures) => figures.firstTokenMs?.p50,
});
const addedPathTarget = (calls: number, percentile: "p50" | "p99", most: number): Target => ({
  what: `added path ${percentile} ms`,
  calls,
  beside: "workerd-bare",
  most,
  value: (figures, direct) => addedPathMs(figures, direct)?.[percentile],
});

const TARGETS: readonly Target[] = [
  ...[1, 50, 200].map(firstTokenTarget),
  addedPathTarget(1, "p50", 1.5),
  addedPathTarget(50, "p50", 1.2),
  addedPathTarget(200, "p99", 1.2),
  { what: "CPU ms a turn", calls: 50, beside: "workerd-bare", most: 1.25, value: ({ cpuMsPerTurn }) => cpuMsPerTurn },
  {
    what: "KiB a silent call",
    calls: 200,
    beside: "workerd-bare",
    most: 1.3,
    value: ({ silentCallKiB }) => silentCallKiB,
  },
];

/** A line for each target that was measured, and for what is measured once. */
export function targets(all: readonly Figures[], singles: readonly Single[]): string {
  const find = (server: string, calls: number) => all.find((each) => each.server === server && each.calls === calls);
  const rows = TARGETS.flatMap(({ what, calls, beside, most, value }): string[][] => {
    const [ours, other, direct] = [find("callroom", calls), find(beside, calls), find("direct", calls)];
    const mine = ours && value(ours, direct);
    const theirs = other && value(other, direct);
    const times = ratio(mine, theirs);
    if (times === undefined) return [];
    const verdict = times <= most ? "met" : "missed";
    return [
      [what, `N=${calls}`, fixed(mine, 2), fixed(theirs, 2), beside, `${times.toFixed(2)}x`, `${most}x`, verdict],
    ];
  });
  const head = ["", "", "callroom", "other", "", "ratio", "target", ""];
  return [...(rows.length > 0 ? aligned([head, ...rows]) : []), "", ...singles.flatMap(singleLines), ""].join("\n");
}

function singleLines({ server, framesPerBurst, promptWithSetup, startRoundTrips }: Single): string[] {
  const lines = [`${server}: 40 tokens that arrive in 10 groups leave in ${framesPerBurst} frames`];
  if (promptWithSetup) {
    const { answered, asked } = promptWithSetup;
    lines.push(`${server}: prompt in the same breath as setup, answered ${answered} of ${asked}`);
  }
  if (startRoundTrips) {
    const { untilOpen, untilPrompt } = startRoundTrips;
    lines.push(
      `${server}: database round trips a call start ${untilPrompt} (${untilOpen} before the socket opens); target 1`,
    );
  }
  return lines;
}
