/** Several servers at work in the same moments: whatever the machine does meanwhile, it does to all of them. */
import { type Percentiles, percentiles } from "../measure.ts";
import { DIAL_SPREAD_MS, SETTLE_MS, watchCpu } from "./load.ts";
import type { Contender } from "./servers.ts";
import { Talkers } from "./talkers.ts";

/** Of each server; the calls of all together are as many as the targets are for. */
export const SIDE_CALLS = 25;
const SETS_OF_CALLS = 3;
const WINDOWS_EACH = 2;
const WINDOW_MS = 5_000;

/** What was seen of one server in one window. */
export interface SideWindow {
  readonly roundTripMs: Percentiles | undefined;
  readonly cpuMsPerCallMinute: number | undefined;
}

/** Two servers, each with the row of `direct` that has the same frames, window by window. */
export interface SideBySide {
  readonly ours: readonly SideWindow[];
  readonly oursDirect: readonly SideWindow[];
  readonly bare: readonly SideWindow[];
  readonly bareDirect: readonly SideWindow[];
}

/** Measures `callroom` beside `workerd-bare` and the upstream itself; `undefined` when one of them is not there. */
export async function measureSideBySide(all: readonly Contender[]): Promise<SideBySide | undefined> {
  const named = (name: string | undefined): Contender | undefined => all.find((each) => each.name === name);
  const [ours, bare] = [named("callroom"), named("workerd-bare")];
  const [oursDirect, bareDirect] = [named(ours?.directName), named(bare?.directName)];
  if (!ours || !bare || !oursDirect || !bareDirect) return undefined;
  const windows = new Map<Contender, SideWindow[]>([ours, bare, oursDirect, bareDirect].map((each) => [each, []]));
  for (let set = 0; set < SETS_OF_CALLS; set += 1) {
    for (const [server, seen] of await oneSet([...windows.keys()])) windows.get(server)?.push(...seen);
  }
  const of = (server: Contender): readonly SideWindow[] => windows.get(server) ?? [];
  return { ours: of(ours), oursDirect: of(oursDirect), bare: of(bare), bareDirect: of(bareDirect) };
}

/** Calls of all servers stand together, and are measured in the same windows. */
async function oneSet(servers: readonly Contender[]): Promise<Map<Contender, SideWindow[]>> {
  const at = servers.map((server) => ({ server, talkers: new Talkers(server), seen: [] as SideWindow[] }));
  try {
    await Promise.all(at.map(({ talkers }) => talkers.grow(SIDE_CALLS, DIAL_SPREAD_MS / SIDE_CALLS)));
    await Promise.all(at.map(({ talkers }) => talkers.measure(SETTLE_MS)));
    for (let window = 0; window < WINDOWS_EACH; window += 1) {
      const cpus = at.map(({ server }) => watchCpu(server));
      const roundTrips = await Promise.all(at.map(({ talkers }) => talkers.measure(WINDOW_MS)));
      for (const [index, { seen }] of at.entries()) {
        seen.push({
          roundTripMs: percentiles(roundTrips[index] ?? []),
          cpuMsPerCallMinute: cpus[index]?.(SIDE_CALLS),
        });
      }
    }
  } finally {
    await Promise.all(at.map(({ talkers }) => talkers.close()));
  }
  return new Map(at.map(({ server, seen }) => [server, seen]));
}

/** Of the windows in turn; those without a figure are left out. */
export interface Compared {
  /** The middle one of each side, and of the ratios window by window. */
  readonly ours: number | undefined;
  readonly bare: number | undefined;
  readonly ratio: number | undefined;
}

/** What Callroom adds to a round trip, in ms, beside what the bare object adds in the same window. */
export function addedBeside(side: SideBySide, at: "p50" | "p90" | "p99"): Compared {
  const added = (window: SideWindow | undefined, direct: SideWindow | undefined): number =>
    (window?.roundTripMs?.[at] ?? Number.NaN) - (direct?.roundTripMs?.[at] ?? Number.NaN);
  return compared(
    side.ours.map((window, index) => added(window, side.oursDirect[index])),
    side.bare.map((window, index) => added(window, side.bareDirect[index])),
  );
}

/** CPU ms for a minute of one call. */
export function cpuBeside({ ours, bare }: SideBySide): Compared {
  const cpuOf = ({ cpuMsPerCallMinute }: SideWindow): number => cpuMsPerCallMinute ?? Number.NaN;
  return compared(ours.map(cpuOf), bare.map(cpuOf));
}

function compared(ours: readonly number[], bare: readonly number[]): Compared {
  const ratios = ours.map((value, index) => value / (bare[index] ?? Number.NaN));
  return { ours: middle(ours), bare: middle(bare), ratio: middle(ratios.filter((each) => each > 0)) };
}

const middle = (values: readonly number[]): number | undefined => percentiles(values.filter(Number.isFinite))?.p50;
