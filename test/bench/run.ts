/**
 * `npm run bench`: what does Callroom add to a text call, beside the upstream itself and the least that a server in the
 * same runtime, and in Node, adds? See README.md. Reports, and fails only when something did not answer.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { dialRelay, dialUpstream } from "./client.ts";
import {
  framesPerBurstTurn,
  memoryPerSilentCall,
  promptWithSetup,
  runWindow,
  type Server,
  type Window,
} from "./load.ts";
import { machine } from "./measure.ts";
import { type Ours, startOurs, startRoundTrips } from "./ours.ts";
import { startNode } from "./processes.ts";
import { addedPathMs, type Figures, FOREIGN_CORES_MAX, figuresOf, type Single, tables, targets } from "./report.ts";
import { startWorkerd } from "./workerd.ts";
import { turnsPerCall, UPSTREAM } from "./workload.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SUITES = ["text"];
const SERVERS = ["direct", "node-bare", "workerd-bare", "callroom"];
/** Windows that may be measured again because others used the machine. */
const REPEATS = 8;
const WARM_UP_CALLS = 20;
const PROMPT_WITH_SETUP_CALLS = 100;
const SLOW_DATABASE_MS = 100;

const options = readOptions();
const folder = await mkdtemp(join(tmpdir(), "callroom-bench-"));
const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
const stopAll = async (): Promise<void> => {
  for (const stop of stops.splice(0).reverse()) await stop();
};
process.once("SIGINT", () => void stopAll().finally(() => process.exit(130)));
try {
  process.exitCode = (await bench()) > 0 ? 1 : 0;
} finally {
  await stopAll();
}

/** @returns how many calls or turns failed to be answered. */
async function bench(): Promise<number> {
  const startedAt = new Date();
  const { servers, ours } = await startServers();
  const failures: string[] = [];

  console.error("warming up, then memory of silent calls");
  const silent = new Map<string, Map<number, number>>();
  for (const server of servers) {
    failures.push(...(await runWindow(server, WARM_UP_CALLS, 1)).failures.map((why) => `${server.name}, ${why}`));
  }
  for (const server of servers) {
    silent.set(
      server.name,
      await memoryPerSilentCall(
        server,
        options.calls.filter((calls) => calls > 1),
      ),
    );
  }

  const windows = new Map<string, Window[]>();
  let repeats = REPEATS;
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const calls of options.calls) {
      console.error(`round ${round} of ${options.rounds}: ${calls === 1 ? "1 call" : `${calls} calls`}`);
      for (const server of servers) {
        let window = await runWindow(server, calls, turnsPerCall(calls));
        keep(server, calls, window);
        if (window.foreignCores > FOREIGN_CORES_MAX && repeats > 0) {
          repeats -= 1;
          window = await runWindow(server, calls, turnsPerCall(calls));
          keep(server, calls, window);
        }
      }
    }
  }
  function keep(server: Server, calls: number, window: Window): void {
    const key = `${server.name} ${calls}`;
    windows.set(key, [...(windows.get(key) ?? []), window]);
    failures.push(...window.failures.map((why) => `${server.name}, ${why}`));
  }

  console.error("prompt with setup, bursts, round trips");
  const singles: Single[] = [];
  for (const server of servers.filter(({ name }) => name !== "direct")) {
    const isOurs = ours !== undefined && server === ours;
    if (isOurs) await ours.database.delay(SLOW_DATABASE_MS);
    const together = await promptWithSetup(server, PROMPT_WITH_SETUP_CALLS);
    if (isOurs) await ours.database.delay(0);
    if (together.answered < together.asked) failures.push(`${server.name}, prompt with setup: ${together.answered}`);
    singles.push({
      server: server.name,
      framesPerBurstTurn: await framesPerBurstTurn(server),
      promptWithSetup: together,
      startRoundTrips: isOurs ? await startRoundTrips(ours, 10) : undefined,
    });
  }

  const figures = options.calls.flatMap((calls) =>
    servers.map(({ name }) =>
      figuresOf(name, calls, windows.get(`${name} ${calls}`) ?? [], silent.get(name)?.get(calls)),
    ),
  );
  const seconds = Math.round((Date.now() - startedAt.getTime()) / 1_000);
  const { ttftMs, tokens, tokenMs } = UPSTREAM;
  console.log(`
Text calls over ConversationRelay: first token after ${ttftMs} ms, ${tokens} tokens, one each ${tokenMs} ms
${startedAt.toISOString()}, ${machine()}; ${options.rounds} rounds in ${seconds} s

${tables(figures)}
${targets(figures, singles)}`);
  for (const failure of failures.slice(0, 20)) console.log(`not answered: ${failure}`);
  if (failures.length > 0) console.log(`${failures.length} failures`);
  await writeResults({
    startedAt,
    machine: machine(),
    rounds: options.rounds,
    figures: withAdded(figures),
    singles,
    failures,
  });
  return failures.length;
}

async function startServers(): Promise<{ servers: Server[]; ours: Ours | undefined }> {
  console.error("starting the upstream and the servers");
  const upstream = await startNode(new URL("upstream.ts", import.meta.url));
  stops.push(() => upstream.close());
  const baseUrl = `http://127.0.0.1:${upstream.port}/v1`;
  const wants = (name: string): boolean => options.servers.includes(name);
  const servers: Server[] = [];
  if (wants("direct")) servers.push({ name: "direct", pid: undefined, dial: () => dialUpstream(baseUrl) });
  if (wants("node-bare")) {
    const { pid, port, close } = await startNode(new URL("node-bare.ts", import.meta.url), [baseUrl]);
    stops.push(close);
    servers.push({ name: "node-bare", pid, dial: () => dialRelay({ url: `ws://127.0.0.1:${port}/`, headers: {} }) });
  }
  if (wants("workerd-bare")) {
    const bundle = join(folder, "bare");
    const config = join(HERE, "worker-bare/wrangler.toml");
    const { pid, port, close } = await startWorkerd(config, { OPENAI_BASE_URL: baseUrl }, bundle);
    stops.push(close);
    servers.push({ name: "workerd-bare", pid, dial: () => dialRelay({ url: `ws://127.0.0.1:${port}/`, headers: {} }) });
  }
  let ours: Ours | undefined;
  if (wants("callroom")) {
    const students = Math.max(PROMPT_WITH_SETUP_CALLS, ...options.calls);
    ours = await startOurs(baseUrl, students, join(folder, "callroom"));
    stops.push(ours.close);
    servers.push(ours);
  }
  return { servers, ours };
}

function withAdded(figures: readonly Figures[]): object[] {
  const directOf = (calls: number) => figures.find((each) => each.server === "direct" && each.calls === calls);
  return figures.map((each) => ({ ...each, addedPathMs: addedPathMs(each, directOf(each.calls)) }));
}

async function writeResults(results: object): Promise<void> {
  await mkdir(join(HERE, "results"), { recursive: true });
  await writeFile(join(HERE, "results/latest.json"), `${JSON.stringify(results, null, 2)}\n`);
}

function readOptions(): { calls: number[]; rounds: number; servers: string[] } {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      servers: { type: "string" },
      calls: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const list = (text: string | undefined, all: readonly string[]): string[] => text?.split(",") ?? [...all];
  const unknown = [
    ...list(values.only, SUITES).filter((name) => !SUITES.includes(name)),
    ...list(values.servers, SERVERS).filter((name) => !SERVERS.includes(name)),
  ];
  const calls = list(values.calls, values.quick ? ["1", "50"] : ["1", "50", "200"]).map(Number);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (unknown.length > 0 || ![...calls, rounds].every((each) => Number.isInteger(each) && each > 0)) {
    console.error(
      `usage: npm run bench -- [--only ${SUITES}] [--servers ${SERVERS}] [--calls 1,50,200] [--rounds 3] [--quick]`,
    );
    process.exit(2);
  }
  return { calls, rounds, servers: list(values.servers, SERVERS) };
}
