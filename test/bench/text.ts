/** Calls in text: what does Callroom add, beside the upstream itself and the least that a server in the same runtime adds? */
import {
  framesPerBurstTurn,
  memoryPerSilentCall,
  promptWithSetup,
  runWindow,
  type Server,
  type Window,
} from "./load.ts";
import { machine } from "./measure.ts";
import type { Options } from "./options.ts";
import { startRoundTrips } from "./ours.ts";
import { addedPathMs, type Figures, figuresOf, type Single, tables, targets } from "./report.ts";
import { inRounds, windowKey } from "./rounds.ts";
import { type Servers, startServers } from "./servers.ts";
import { printFailures, type Suite, say, writeResults } from "./suite.ts";
import { turnsPerCall, UPSTREAM } from "./workload.ts";

const WARM_UP_CALLS = 20;
const PROMPT_WITH_SETUP_CALLS = 100;
const SLOW_DATABASE_MS = 100;
const ROUND_TRIP_CALLS = 5;

/** Measures and prints the page. */
export async function runText(given: Options, { folder, onStop, failures }: Suite): Promise<void> {
  const startedAt = new Date();
  const counts = given.calls.text;
  say("text: starting the upstream and the servers");
  const students = Math.max(PROMPT_WITH_SETUP_CALLS, ...counts);
  const servers = await startServers(given.servers, students, folder, onStop);

  const measure = async (server: Server, calls: number, turns = turnsPerCall(calls)): Promise<Window> => {
    const window = await runWindow(server, calls, turns);
    failures.push(...window.failures.map((why) => `${server.name}, ${why}`));
    return window;
  };
  say("warming up, and the memory of silent calls");
  const silentKiB = new Map<string, ReadonlyMap<number, number>>();
  const silentCalls = counts.filter((calls) => calls > 1).toSorted((a, b) => a - b);
  await Promise.all(servers.all.map((server) => measure(server, WARM_UP_CALLS, 1)));
  for (const server of servers.all) silentKiB.set(server.name, await memoryPerSilentCall(server, silentCalls));

  const plan = { rounds: given.rounds, repeats: given.repeats, calls: counts };
  const windows = await inRounds(plan, servers.all, (server, calls) => measure(server, calls));
  say("prompts with setup, bursts, database round trips");
  const singles = await measureSingles(servers, failures);

  const figures = counts.flatMap((calls) =>
    servers.all.map(({ name }) =>
      figuresOf(name, calls, windows.get(windowKey(name, calls)) ?? [], silentKiB.get(name)?.get(calls)),
    ),
  );
  const lastedS = Math.round((Date.now() - startedAt.getTime()) / 1_000);
  console.log(`
Text calls over ConversationRelay: ${UPSTREAM.tokens} tokens, the first after ${UPSTREAM.ttftMs} ms, then one each ${UPSTREAM.tokenMs} ms
${startedAt.toISOString()}, ${machine()}; ${given.rounds} rounds, ${lastedS} s

${tables(figures)}
${targets(figures, singles)}`);
  printFailures(failures);
  if (given.quick) return;
  await writeResults("latest.json", {
    startedAt,
    machine: machine(),
    given,
    figures: withAdded(figures),
    singles,
    failures,
  });
}

async function measureSingles({ all, ours }: Servers, failures: string[]): Promise<Single[]> {
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

function withAdded(figures: readonly Figures[]): object[] {
  const directOf = (calls: number) => figures.find((each) => each.server === "direct" && each.calls === calls);
  return figures.map((each) => ({ ...each, addedPathMs: addedPathMs(each, directOf(each.calls)) }));
}
