/**
 * What one call is billed for: counted in Callroom's own Worker in workerd, with Twilio, OpenAI and Postgres played by us.
 * `npm run scale -- --measure` runs it; it writes `measured.json`, from which docs/scale.md is made.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browserCall, type MadeCall, phoneCall, relayCall } from "./calls.ts";
import { CountedCallroom, type Counts } from "./counted-callroom.ts";
import { bundle, startupActiveMs } from "./worker-weight.ts";

const MEMORY = "/dev/shm";
/** Two calls of each way, so that what a turn costs can be told from what a call costs. */
const TURNS = [1, 4] as const;
const STARTS = 7;
const OUT = join(import.meta.dirname, "measured.json");

const WAYS = { relay: relayCall, browser: browserCall, phone: phoneCall } as const;

const folder = await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "callroom-scale-"));
let place: CountedCallroom | undefined;
try {
  place = await CountedCallroom.start(folder);
  // The workshop's object makes its tables once.
  await place.enrol("scale_first");
  await relayCall(place, "scale_first", 1);
  const calls: object[] = [];
  for (const [way, make] of Object.entries(WAYS)) {
    const token = `scale_${way}`;
    await place.enrol(token);
    for (const turns of TURNS) {
      const before = await place.counts();
      const made = await make(place, token, turns);
      const after = await place.counts();
      const call = { way, turns, ...rounded(made), ...between(before, after) };
      calls.push(call);
      console.log(JSON.stringify(call));
    }
  }
  const worker = join(folder, "worker.bundle");
  const weight = await bundle(worker);
  const starts: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    starts.push(await startupActiveMs(worker, join(folder, "worker.cpuprofile")));
  }
  const measured = {
    measuredOn: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    worker: { ...weight, startupActiveMs: starts },
    calls,
  };
  await writeFile(OUT, `${JSON.stringify(measured, null, 2)}\n`);
} finally {
  await place?.close();
  await rm(folder, { recursive: true, force: true });
}

function rounded({ ms, busyMs, callerMessages }: MadeCall): object {
  return { ms: Math.round(ms), busyMs: Math.round(busyMs), callerMessages };
}

function between(before: Counts, after: Counts): object {
  const names = Object.entries(after).map(([name, count]) => {
    const earlier = Object.entries(before).find(([other]) => other === name)?.[1] ?? 0;
    return [name, count - earlier] as const;
  });
  return Object.fromEntries(names);
}
