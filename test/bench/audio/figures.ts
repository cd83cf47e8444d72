/** From windows to figures. */
import { mean } from "../cells.ts";
import { type Percentiles, percentiles } from "../measure.ts";
import { countingOf, isNoisy } from "../rounds.ts";
import type { BargeIns, CallStarts, SoundWindow } from "./load.ts";
import { addTallies, NO_FRAMES, type Tally } from "./tally.ts";

/** A frame that comes back later than this is heard as a gap. */
const LATE_MS = 20;

export interface SoundFigures {
  readonly server: string;
  readonly calls: number;
  readonly roundTripMs: Percentiles | undefined;
  /** In the first seconds of the calls. */
  readonly firstRoundTripMs: Percentiles | undefined;
  /** Of all frames, those whose round trip took more than 20 ms. */
  readonly lateShare: number;
  /** Of all windows, noisy ones too: what is lost is lost. */
  readonly frames: Tally;
  readonly cpuMsPerCallMinute: number | undefined;
  readonly windows: number;
  readonly noisyWindows: number;
}

/** Joins what was seen in all quiet windows of one server with one number of calls; in all of them if none was quiet. */
export function soundFigures(server: string, calls: number, all: readonly SoundWindow[]): SoundFigures {
  const windows = countingOf(all);
  const roundTripsMs = windows.flatMap((window) => window.roundTripsMs);
  const cpu = windows.flatMap(({ cpuMsPerCallMinute }) => cpuMsPerCallMinute ?? []);
  return {
    server,
    calls,
    roundTripMs: percentiles(roundTripsMs),
    firstRoundTripMs: percentiles(windows.flatMap((window) => window.firstRoundTripsMs)),
    lateShare: roundTripsMs.filter((each) => each > LATE_MS).length / Math.max(1, roundTripsMs.length),
    frames: all.map(({ frames }) => frames).reduce(addTallies, NO_FRAMES),
    cpuMsPerCallMinute: cpu.length > 0 ? mean(cpu) : undefined,
    windows: windows.length,
    noisyWindows: windows.filter(isNoisy).length,
  };
}

/** What is measured of one server besides. */
export interface SoundSingles {
  readonly silentCallKiB: number | undefined;
  /** One entry a ramp. */
  readonly held: readonly number[];
  /** Starts while the upstream takes 200 ms to accept, and while it accepts at once. */
  readonly slowStarts: CallStarts;
  readonly starts: CallStarts;
  readonly bargeIns: BargeIns;
}

export interface ServerFigures {
  readonly name: string;
  readonly directName: string;
  readonly frameMs: number;
  /** By number of calls. */
  readonly byCalls: ReadonlyMap<number, SoundFigures>;
  /** Missing for `direct`. */
  readonly singles: SoundSingles | undefined;
}
