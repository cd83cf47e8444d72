/**
 * `npm run bench`: what does Callroom add to a call, in text and with sound, beside the upstream itself and the least
 * that a server in the same runtime, and in Node, adds? `--soak`: does it stand a lesson? See README.md. Reports, and
 * fails when something did not answer.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAudio } from "./audio/audio.ts";
import { runSoak } from "./audio/soak.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import type { Suite } from "./suite.ts";
import { runText } from "./text.ts";

/**
 * Where objects store. workerd on this machine waits for the disk on the one thread that carries all calls, which
 * Cloudflare's storage does not: in memory, if there is such a folder and nobody asks for another.
 */
const MEMORY = "/dev/shm";
const storage = process.env.TMPDIR ?? (existsSync(MEMORY) ? MEMORY : tmpdir());

const options = readOptions(process.argv.slice(2));
if (options === undefined) {
  console.error(`usage: ${USAGE}`);
  process.exit(2);
}
const stops: (() => Promise<void>)[] = [];
const stopAll = async (): Promise<void> => {
  for (const stop of stops.splice(0).reverse()) await stop();
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}
let failed = 0;
for (const suite of suitesOf(options)) {
  const folder = await mkdtemp(join(storage, "callroom-bench-"));
  stops.push(() => rm(folder, { recursive: true, force: true }));
  const failures: string[] = [];
  try {
    await suite(options, { folder, onStop: (stop) => stops.push(stop), failures });
  } finally {
    await stopAll();
  }
  failed += failures.length;
}
process.exit(failed > 0 ? 1 : 0);

type RunSuite = (given: Options, suite: Suite) => Promise<void>;

function suitesOf({ soak, suites, wires }: Options): RunSuite[] {
  if (soak) return [runSoak];
  const audio = wires.map(
    (wire): RunSuite =>
      (given, suite) =>
        runAudio(wire, given, suite),
  );
  return suites.flatMap((name) => (name === "text" ? [runText] : audio));
}
