/** Calls with sound, one wire at a time: what does Callroom add to each frame, and what does a call cost? */
import { machine } from "../measure.ts";
import type { Options, WireName } from "../options.ts";
import { inRounds, windowKey } from "../rounds.ts";
import { printFailures, type Suite, say, writeResults } from "../suite.ts";
import { type ServerFigures, type SoundSingles, soundFigures } from "./figures.ts";
import {
  bargeIn,
  callsHeld,
  memoryPerSilentSoundCall,
  RAMP,
  runSoundWindow,
  type SoundWindow,
  startCalls,
} from "./load.ts";
import { addedMs, frameTable, sideTable, startTable } from "./report.ts";
import { type Contender, type SoundServers, startSoundServers } from "./servers.ts";
import { measureSideBySide } from "./side-by-side.ts";
import { targetTable } from "./targets.ts";

const WARM_UP_CALLS = 20;
const WARM_UP_MS = 1_000;
const MEASURE_MS = 6_000;
const QUICK_MEASURE_MS = 3_000;
const RAMPS = 3;
const SLOW_ACCEPT_MS = 200;
const START_CALLS = 20;
const BARGE_INS = 20;
const CALLS_PER_STUDENT = 2;

const TITLES: Readonly<Record<WireName, string>> = {
  "media-streams": "Sound by telephone: Media Streams, mu-law 8 kHz",
  browser: "Sound in the browser: PCM16 24 kHz in binary frames",
};

/** Measures one wire and prints its page. */
export async function runAudio(wire: WireName, given: Options, { folder, onStop, failures }: Suite): Promise<void> {
  const startedAt = new Date();
  const counts = given.calls.audio;
  say(`${wire}: starting the upstream and the servers`);
  const students = Math.max(RAMP.mostCalls / CALLS_PER_STUDENT, START_CALLS, ...counts);
  const servers = await startSoundServers(wire, given.servers, students, folder, onStop);
  const measure = async (server: Contender, calls: number, measureMs: number): Promise<SoundWindow> => {
    const window = await runSoundWindow(server, calls, measureMs);
    failures.push(...window.failures.map((why) => `${wire}, ${server.name}, N=${calls}: ${why}`));
    return window;
  };

  say("warming up, and the memory of silent calls");
  for (const server of servers.all) await measure(server, WARM_UP_CALLS, WARM_UP_MS);
  const silentKiB = await silentMemory(servers, Math.max(...counts));
  const plan = { rounds: given.rounds, repeats: given.repeats, calls: counts };
  const measureMs = given.quick ? QUICK_MEASURE_MS : MEASURE_MS;
  const windows = await inRounds(plan, servers.all, (server, calls) => measure(server, calls, measureMs));
  const held = given.quick ? new Map<string, number[]>() : await ramps(servers);
  say("side by side");
  const side = given.quick ? undefined : await measureSideBySide(servers.all);
  say("starts of calls, barge-ins");
  const singles = await measureSingles(servers, (why) => failures.push(`${wire}, ${why}`));

  const figures = servers.all.map(({ name, directName, frameMs }): ServerFigures => {
    const single = singles.get(name);
    return {
      name,
      directName,
      frameMs,
      byCalls: new Map(
        counts.map((calls) => [calls, soundFigures(name, calls, windows.get(windowKey(name, calls)) ?? [])]),
      ),
      singles: single && { ...single, silentCallKiB: silentKiB.get(name), held: held.get(name) ?? [] },
    };
  });
  const { outOfOrder, mixed, appends } = await servers.upstream.counts();
  const lastedS = Math.round((Date.now() - startedAt.getTime()) / 1_000);
  console.log(`
${TITLES[wire]}
${startedAt.toISOString()}, ${machine()}; rounds: ${given.rounds}, windows of ${measureMs / 1_000} s, ${lastedS} s in all
added = round trip of a frame, less that of \`direct\` with the same frames (in brackets); p50 / p90 / p99
At the upstream: ${appends} pieces of sound, ${outOfOrder} out of order, ${mixed} in another call's session

${frameTable(wire, figures, counts)}

While the upstream takes ${SLOW_ACCEPT_MS} ms to accept (first two columns), ${START_CALLS} calls; ${BARGE_INS} barge-ins

${startTable(wire, figures, counts)}

${sideTable(side)}

${targetTable(wire, figures, counts, side)}
`);
  printFailures(failures);
  if (given.quick) return;
  const kept = figures.map((server) => ({
    ...server,
    byCalls: [...server.byCalls.values()].map((each) => ({ ...each, addedMs: addedMs(server, figures, each.calls) })),
  }));
  await writeResults(`latest-${wire}.json`, { startedAt, machine: machine(), given, figures: kept, side, failures });
}

/** Once a process: the rows of one process with other frames would find its memory used. */
async function silentMemory({ all }: SoundServers, calls: number): Promise<Map<string, number | undefined>> {
  const perCallKiB = new Map<string, number | undefined>();
  const measured = new Set<number>();
  for (const server of all) {
    if (server.pid === undefined || measured.has(server.pid)) continue;
    measured.add(server.pid);
    perCallKiB.set(server.name, await memoryPerSilentSoundCall(server, calls));
  }
  return perCallKiB;
}

async function ramps({ all }: SoundServers): Promise<Map<string, number[]>> {
  const held = new Map<string, number[]>();
  for (let ramp = 0; ramp < RAMPS; ramp += 1) {
    for (const server of all.filter(({ pid }) => pid !== undefined)) {
      say(`ramp ${ramp + 1} of ${RAMPS}: ${server.name}`);
      held.set(server.name, [...(held.get(server.name) ?? []), await callsHeld(server)]);
    }
  }
  return held;
}

async function measureSingles(
  { all, upstream }: SoundServers,
  onFailure: (why: string) => void,
): Promise<Map<string, Omit<SoundSingles, "silentCallKiB" | "held">>> {
  const singles = new Map<string, Omit<SoundSingles, "silentCallKiB" | "held">>();
  for (const server of all.filter(({ pid }) => pid !== undefined)) {
    try {
      await upstream.acceptDelay(SLOW_ACCEPT_MS);
      const slowStarts = await startCalls(server, START_CALLS);
      await upstream.acceptDelay(0);
      const starts = await startCalls(server, START_CALLS);
      singles.set(server.name, { slowStarts, starts, bargeIns: await bargeIn(server, upstream, BARGE_INS) });
    } catch (error) {
      onFailure(`${server.name}: ${String(error)}`);
    }
  }
  await upstream.acceptDelay(0);
  return singles;
}
