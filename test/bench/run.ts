/**
 * `npm run bench`: what does Callroom add to a text call, beside the upstream itself and the least that a server in the
 * same runtime, and in Node, adds? See README.md. Reports, and fails only when something did not answer.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  framesPerBurstTurn,
  memoryPerSilentCall,
  promptWithSetup,
  runWindow,
  type Server,
  type Window,
} from "./load.ts";
import { machine } from "./measure.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { startRoundTrips } from "./ours.ts";
import { addedPathMs, type Figures, FOREIGN_CORES_MAX, figuresOf, type Single, tables, targets } from "./report.ts";
import { type Servers, startServers } from "./servers.ts";
import { turnsPerCall, UPSTREAM } from "./workload.ts";

const WARM_UP_CALLS = 20;
const PROMPT_WITH_SETUP_CALLS = 100;
const SLOW_DATABASE_MS = 100;
const ROUND_TRIP_CALLS = 5;

const options = readOptions(process.argv.slice(2));
if (options === undefined) {
  console.error(`usage: ${USAGE}`);
  process.exit(2);
}
const folder = await mkdtemp(join(tmpdir(), "callroom-bench-"));
const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
const stopAll = async (): Promise<void> => {
  for (const stop of stops.splice(0).reverse()) await stop();
};
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}
/** What was not answered, one entry a call. */
const failures: string[] = [];
try {
  await bench(options);
} finally {
  await stopAll();
}
process.exit(failures.length > 0 ? 1 : 0);

async function bench(given: Options): Promise<void> {
  const startedAt = new Date();
  say("starting the upstream and the servers");
  const students = Math.max(PROMPT_WITH_SETUP_CALLS, ...given.calls);
  const servers = await startServers(given.servers, students, folder, (stop) => stops.push(stop));

  say("warming up, and the memory of silent calls");
  const silentKiB = new Map<string, ReadonlyMap<number, number>>();
  const silentCalls = given.calls.filter((calls) => calls > 1).toSorted((a, b) => a - b);
  await Promise.all(servers.all.map(async (server) => note(server, await runWindow(server, WARM_UP_CALLS, 1))));
  for (const server of servers.all) silentKiB.set(server.name, await memoryPerSilentCall(server, silentCalls));

  const windows = await inRounds(given, servers.all);
  say("prompts with setup, bursts, database round trips");
  const singles = await measureSingles(servers);

  const figures = given.calls.flatMap((calls) =>
    servers.all.map(({ name }) =>
      figuresOf(name, calls, windows.get(`${name} ${calls}`) ?? [], silentKiB.get(name)?.get(calls)),
    ),
  );
  const lastedS = Math.round((Date.now() - startedAt.getTime()) / 1_000);
  console.log(`
Text calls over ConversationRelay: ${UPSTREAM.tokens} tokens, the first after ${UPSTREAM.ttftMs} ms, then one each ${UPSTREAM.tokenMs} ms
${startedAt.toISOString()}, ${machine()}; ${given.rounds} rounds, ${lastedS} s

${tables(figures)}
${targets(figures, singles)}`);
  for (const failure of failures.slice(0, 20)) console.log(`not answered: ${failure}`);
  if (failures.length > 20) console.log(`and ${failures.length - 20} more`);
  await writeResults({ startedAt, machine: machine(), given, figures: withAdded(figures), singles, failures });
}

/** All servers with one number of calls, then with the next, and all of that again; another server first each time. */
async function inRounds(given: Options, servers: readonly Server[]): Promise<Map<string, Window[]>> {
  const windows = new Map<string, Window[]>();
  let repeats = given.repeats;
  for (let round = 0; round < given.rounds; round += 1) {
    const first = round % servers.length;
    for (const calls of given.calls) {
      say(`round ${round + 1} of ${given.rounds}: ${calls === 1 ? "1 call" : `${calls} calls`}`);
      for (const server of [...servers.slice(first), ...servers.slice(0, first)]) {
        const seen = [await runWindow(server, calls, turnsPerCall(calls))];
        if ((seen[0]?.foreignCores ?? 0) > FOREIGN_CORES_MAX && repeats > 0) {
          repeats -= 1;
          seen.push(await runWindow(server, calls, turnsPerCall(calls)));
        }
        for (const window of seen) note(server, window);
        windows.set(`${server.name} ${calls}`, [...(windows.get(`${server.name} ${calls}`) ?? []), ...seen]);
      }
    }
  }
  return windows;
}

async function measureSingles({ all, ours }: Servers): Promise<Single[]> {
  const singles = all.map(async (server): Promise<Single[]> => {
    if (server.name === "direct") return [];
    const isOurs = ours !== undefined && server.name === ours.name;
    try {
      if (isOurs) await ours.database.delay(SLOW_DATABASE_MS);
      const together = await promptWithSetup(server, PROMPT_WITH_SETUP_CALLS);
      if (isOurs) await ours.database.delay(0);
      if (together.answered < together.asked) failures.push(`${server.name}, a prompt with setup`);
      const framesPerBurst = await framesPerBurstTurn(server);
      const startTrips = isOurs ? await startRoundTrips(ours, ROUND_TRIP_CALLS) : undefined;
      return [{ server: server.name, framesPerBurst, promptWithSetup: together, startRoundTrips: startTrips }];
    } catch (error) {
      failures.push(`${server.name}, ${String(error)}`);
      return [];
    }
  });
  return (await Promise.all(singles)).flat();
}

function note(server: Server, window: Window): void {
  failures.push(...window.failures.map((why) => `${server.name}, ${why}`));
}

function withAdded(figures: readonly Figures[]): object[] {
  const directOf = (calls: number) => figures.find((each) => each.server === "direct" && each.calls === calls);
  return figures.map((each) => ({ ...each, addedPathMs: addedPathMs(each, directOf(each.calls)) }));
}

async function writeResults(results: object): Promise<void> {
  const to = join(import.meta.dirname, "results");
  await mkdir(to, { recursive: true });
  await writeFile(join(to, "latest.json"), `${JSON.stringify(results, null, 2)}\n`);
}

/** Progress, beside the page on standard output. */
function say(what: string): void {
  console.error(`${Math.round(performance.now() / 1_000)} s: ${what}`);
}
