/** `npm run bench -- --soak`: does Callroom stand a lesson by telephone, with listeners that have stopped to listen? */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fixed, markdown, three } from "../cells.ts";
import { machine, percentiles, rssKiBOfTree, watchForeignCores } from "../measure.ts";
import type { Options } from "../options.ts";
import { type Ours, startOurs } from "../ours.ts";
import { printFailures, type Suite, say, writeResults } from "../suite.ts";
import { type Contender, ourContender, startSoundUpstream } from "./servers.ts";
import { Talker, Talkers } from "./talkers.ts";
import type { Tally } from "./tally.ts";

const LIMITS = { lostFrames: 0, p99Ms: 50, growthMiB: 64 } as const;
const CALLS = 60;
const STALLED = 10;
const DIAL_EVERY_MS = 25;
/** By then the runtime has the heap that it wants; growth is counted from there. */
const WARM_UP_SHARE = 0.1;
const WARM_UP_MOST_MS = 30_000;
const MEMORY_EVERY_MS = 500;
/** Workerd's collector gives back memory in steps: the highest value of a stretch is compared with that of another. */
const STRETCH_SHARE = 0.1;
/** A stalled listener's connection is dropped and another one comes: students close their lids and open them again. */
const STALLED_FOR_MS = 30_000;

interface SoakFigures {
  readonly frames: Tally;
  readonly roundTripsMs: readonly number[];
  /** Memory of the server, in MiB: at the end of the warm-up, at the end, and the highest. */
  readonly memoryMiB: { readonly from: number; readonly to: number; readonly highest: number };
}

/** 60 healthy calls of 50 frames a second beside 10 sockets that never read while sound is poured into them. */
export async function runSoak(given: Options, { folder, onStop, failures }: Suite): Promise<void> {
  const startedAt = new Date();
  const lastsMs = given.soakMinutes * 60_000;
  const calls = given.quick ? CALLS / 6 : CALLS;
  const stalled = given.quick ? STALLED / 5 : STALLED;
  say("soak: starting the upstream and the server");
  // A call whose connection was dropped is kept for half a minute: a newcomer must not be its student's third.
  const { upstream, baseUrl } = await startSoundUpstream(onStop);
  const ours = await startOurs(baseUrl, calls + 2 * stalled, join(folder, "callroom"));
  onStop(ours.close);
  const server = ourContender("media-streams", ours);
  const talkers = new Talkers(server);
  await talkers.grow(calls, DIAL_EVERY_MS);
  say(`${calls} calls stand, ${stalled} more stop to listen; ${given.soakMinutes} min`);
  const pouring = pourInto(ours, calls, stalled, (why) => failures.push(why));
  const memory = watchMemory(server);
  const foreignCores = watchForeignCores();
  const warmUpMs = Math.min(WARM_UP_MOST_MS, lastsMs * WARM_UP_SHARE);
  await pause(warmUpMs);
  const roundTripsMs = await talkers.measure(lastsMs - warmUpMs);
  const others = foreignCores();
  const memoryMiB = memory(warmUpMs, lastsMs * STRETCH_SHARE);
  const frames = await talkers.drain();
  failures.push(...talkers.lost());
  const listeners = await pouring();
  const { pouredBytes } = await upstream.counts();
  await talkers.close();

  const figures: SoakFigures = { frames, roundTripsMs, memoryMiB };
  const pouredMiB = Math.round(pouredBytes / 1024 ** 2);
  console.log(`
Soak: ${calls} calls by Media Streams at 50 frames a second, ${given.soakMinutes} min; beside them
${stalled} callers that never read (${listeners} in turn, by telephone and browser), ${pouredMiB} MiB of sound poured at them
${startedAt.toISOString()}, ${machine()}; others took ${fixed(others, 2)} cores

${soakTable(figures)}
`);
  if (frames.lost + frames.misrouted + frames.changed > 0) failures.push(`frames: ${JSON.stringify(frames)}`);
  printFailures(failures);
  if (given.quick) return;
  const kept = { ...figures, roundTripsMs: percentiles(roundTripsMs) };
  await writeResults("latest-soak.json", {
    startedAt,
    machine: machine(),
    foreignCores: others,
    given,
    figures: kept,
    failures,
  });
}

/** The result, a line a limit. */
export function soakTable({ frames, roundTripsMs, memoryMiB }: SoakFigures): string {
  const roundTrip = percentiles(roundTripsMs);
  const growthMiB = memoryMiB.to - memoryMiB.from;
  const wrong = frames.lost + frames.misrouted + frames.outOfOrder + frames.changed;
  const line = (what: string, found: string, most: string, isMet: boolean): string[] => [
    what,
    found,
    most,
    isMet ? "met" : "**missed**",
  ];
  const memory = [memoryMiB.from, memoryMiB.to, memoryMiB.highest].map((each) => fixed(each, 0));
  return markdown([
    ["healthy calls", "measured", "at most", ""],
    line("frames lost, misrouted, out of order, changed", `${wrong} of ${frames.sent}`, "0", wrong === 0),
    line(
      "round trip of a frame, ms (p50 / p90 / p99)",
      three(roundTrip, 2),
      `p99 ${LIMITS.p99Ms}`,
      roundTrip !== undefined && roundTrip.p99 <= LIMITS.p99Ms,
    ),
    line(
      `growth of memory, MiB (from ${memory[0]} to ${memory[1]}, highest ${memory[2]})`,
      fixed(growthMiB, 1),
      `${LIMITS.growthMiB}`,
      growthMiB <= LIMITS.growthMiB,
    ),
  ]);
}

/**
 * Holds so many calls whose callers read nothing while the upstream pours sound into them, each replaced after a while:
 * phones and browsers in turn. The returned function ends it and tells how many there were.
 */
function pourInto(
  ours: Ours,
  firstCall: number,
  stalled: number,
  onFailure: (why: string) => void,
): () => Promise<number> {
  const ending = new AbortController();
  let listeners = 0;
  const one = async (place: number): Promise<void> => {
    const server = ourContender(place % 2 === 0 ? "media-streams" : "browser", ours);
    for (let turn = 0; !ending.signal.aborted; turn += 1) {
      const talker = new Talker(server, firstCall + place * 2 + (turn % 2), () => {});
      const caller = await talker.dial();
      listeners += 1;
      talker.speak("flood");
      caller.stall();
      // They still speak, into the void: a caller who hears nothing does.
      const timer = setInterval(() => talker.speak(), server.frameMs);
      await pause(STALLED_FOR_MS, undefined, { signal: ending.signal }).catch(() => undefined);
      clearInterval(timer);
      caller.terminate();
    }
  };
  const places = Array.from({ length: stalled }, (_, place) =>
    one(place).catch((error: unknown) => onFailure(`stalled call ${place}: ${String(error)}`)),
  );
  return async () => {
    ending.abort();
    await Promise.all(places);
    return listeners;
  };
}

/** Reads the server's memory all the time. The returned function compares the stretch after the warm-up with the last. */
function watchMemory({ pid }: Contender): (warmUpMs: number, stretchMs: number) => SoakFigures["memoryMiB"] {
  const startedAtMs = performance.now();
  const seen: { readonly atMs: number; readonly mib: number }[] = [];
  const look = (): void => {
    if (pid !== undefined) seen.push({ atMs: performance.now() - startedAtMs, mib: rssKiBOfTree(pid) / 1024 });
  };
  const timer = setInterval(look, MEMORY_EVERY_MS);
  return (warmUpMs, stretchMs) => {
    clearInterval(timer);
    look();
    const endMs = performance.now() - startedAtMs;
    const highest = (fromMs: number, toMs: number): number =>
      Math.max(...seen.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map(({ mib }) => mib));
    return {
      from: highest(warmUpMs, warmUpMs + stretchMs),
      to: highest(endMs - stretchMs, endMs),
      highest: highest(0, endMs),
    };
  };
}
