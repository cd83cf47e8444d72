/** From windows to figures, and from figures to the page that is printed. */
import type { Window } from "./load.ts";
import { type Percentiles, percentiles } from "./measure.ts";
import type { StartRoundTrips } from "./ours.ts";

/** Others took more than this of the machine: the window says more about them than about us. */
export const FOREIGN_CORES_MAX = 0.3;

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
  /** Of these windows, those that were measured beside more than `FOREIGN_CORES_MAX`, for want of quiet ones. */
  readonly noisyWindows: number;
}

/** Joins what was seen in all quiet windows of one server with one number of calls; in all of them if none was quiet. */
export function figuresOf(
  server: string,
  calls: number,
  all: readonly Window[],
  silentCallKiB: number | undefined,
): Figures {
  const quiet = all.filter(({ foreignCores }) => foreignCores <= FOREIGN_CORES_MAX);
  const windows = quiet.length > 0 ? quiet : all;
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
    noisyWindows: windows.filter(({ foreignCores }) => foreignCores > FOREIGN_CORES_MAX).length,
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What is measured once, beside the windows. */
export interface Single {
  readonly server: string;
  readonly framesPerBurstTurn: number;
  readonly promptWithSetup: { readonly answered: number; readonly asked: number } | undefined;
  readonly startRoundTrips: StartRoundTrips | undefined;
}

/** What the server adds to the path, percentile by percentile. */
export function addedPathMs(figures: Figures, direct: Figures | undefined): Percentiles | undefined {
  const path = figures.pathMs;
  const own = direct?.pathMs;
  if (path === undefined || own === undefined) return undefined;
  return { p50: path.p50 - own.p50, p90: path.p90 - own.p90, p99: path.p99 - own.p99, samples: path.samples };
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
  const widths = HEAD.map((head, column) => Math.max(head.length, ...cells.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  const title = calls === 1 ? "1 call" : `${calls} calls`;
  return `${title} (p50 / p90 / p99)\n${[HEAD, ...cells].map(line).join("\n")}\n`;
}

const three = (values: Percentiles | undefined, digits: number): string =>
  values === undefined ? "-" : [values.p50, values.p90, values.p99].map((each) => each.toFixed(digits)).join(" / ");
const fixed = (value: number | undefined, digits: number): string =>
  value === undefined ? "-" : value.toFixed(digits);
const ratio = (value: number | undefined, of: number | undefined): number | undefined =>
  value === undefined || of === undefined || of === 0 ? undefined : value / of;

/** The figures that have a target, each with its target and what the bare Durable Object has. */
export function targets(all: readonly Figures[], singles: readonly Single[]): string {
  const find = (server: string, calls: number) => all.find((each) => each.server === server && each.calls === calls);
  const added = (server: string, calls: number) => {
    const figures = find(server, calls);
    return figures && addedPathMs(figures, find("direct", calls));
  };
  const lines: string[] = [];
  const compare = (
    what: string,
    ours: number | undefined,
    base: number | undefined,
    most: number,
    of: string,
  ): void => {
    const times = ratio(ours, base);
    if (times === undefined) return;
    const verdict = times <= most ? "met" : "missed";
    lines.push(
      `${what}: ${fixed(ours, 2)}, ${times.toFixed(2)}x ${of} (${fixed(base, 2)}); target ${most}x: ${verdict}`,
    );
  };
  const firstToken = (server: string, calls: number) => find(server, calls)?.firstTokenMs?.p50;
  for (const calls of new Set(all.map((each) => each.calls))) {
    compare(
      `first token p50 ms, N=${calls}`,
      firstToken("callroom", calls),
      firstToken("direct", calls),
      1.02,
      "direct",
    );
  }
  const bare = "workerd-bare";
  compare("added path p50 ms, N=1", added("callroom", 1)?.p50, added(bare, 1)?.p50, 1.5, bare);
  compare("added path p50 ms, N=50", added("callroom", 50)?.p50, added(bare, 50)?.p50, 1.2, bare);
  compare("added path p99 ms, N=200", added("callroom", 200)?.p99, added(bare, 200)?.p99, 1.2, bare);
  compare(
    "KiB per silent call, N=200",
    find("callroom", 200)?.silentCallKiB,
    find(bare, 200)?.silentCallKiB,
    1.3,
    bare,
  );
  for (const single of singles) lines.push(...singleLines(single));
  return `${lines.join("\n")}\n`;
}

function singleLines({ server, framesPerBurstTurn, promptWithSetup, startRoundTrips }: Single): string[] {
  const lines = [`${server}: 40 tokens that arrive in 10 groups leave in ${framesPerBurstTurn} frames`];
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
