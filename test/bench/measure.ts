/** Percentiles, and what processes cost, read from Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly samples: number;
}

/** Nearest rank: every percentile is a value that was measured. `undefined` without samples. */
export function percentiles(samples: readonly number[]): Percentiles | undefined {
  if (samples.length === 0) return undefined;
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), samples: sorted.length };
}

/** CPU time of all threads of a process so far, user and kernel, in ms with the scheduler's own nanoseconds. */
function cpuMs(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [onCpu = "0"] = read(`/proc/${pid}/task/${thread}/schedstat`).split(" ");
    nanoseconds += Number(onCpu);
  }
  return nanoseconds / 1e6;
}

/** Memory that a process holds now. */
function rssKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** A process and all below it, which is what a server costs however many processes it made. */
function processTree(pid: number): number[] {
  const tree = [pid];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const children = read(`/proc/${pid}/task/${thread}/children`).trim();
    for (const child of children === "" ? [] : children.split(" ")) tree.push(...processTree(Number(child)));
  }
  return tree;
}

export const cpuMsOfTree = (pid: number): number => processTree(pid).reduce((sum, each) => sum + cpuMs(each), 0);
export const rssKiBOfTree = (pid: number): number => processTree(pid).reduce((sum, each) => sum + rssKiB(each), 0);

/** `/proc/stat` counts in hundredths of a second. */
const TICK_MS = 10;

/** CPU time that all of the machine spent, whoever for. */
function machineBusyMs(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (
    read("/proc/stat").split("\n")[0] ?? ""
  )
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
}

/** Starts to watch for work of others on this machine; the returned function tells how many cores it took since. */
export function watchForeignCores(): () => number {
  const busyMs = machineBusyMs();
  const oursMs = cpuMsOfTree(process.pid);
  const startedAtMs = performance.now();
  return () => {
    const foreignMs = machineBusyMs() - busyMs - (cpuMsOfTree(process.pid) - oursMs);
    return Math.max(0, foreignMs / (performance.now() - startedAtMs));
  };
}

/** One line about where the figures come from. */
export function machine(): string {
  const cores = cpus();
  const gibibytes = Math.round(totalmem() / 1024 ** 3);
  return `${cores.length} cores, ${cores[0]?.model ?? "unknown"}, ${gibibytes} GiB, Linux ${release()}, Node ${process.versions.node}`;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // A thread or a process may end between being listed and being read.
    return "";
  }
}
