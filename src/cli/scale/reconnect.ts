import { EventQueue, seededRandom } from "./event-queue.ts";
import { type Caller, PageCaller, PhoneCaller } from "./reconnect-callers.ts";
import { type ServerSpeed, SimulatedServer } from "./reconnect-server.ts";

/** One deploy under live calls. */
export interface Deploy {
  readonly seed: number;
  readonly calls: number;
  /** How many of them are phones. */
  readonly phones: number;
  /** Longest call: how long calls still have at the deploy is anything from nothing to this. */
  readonly callMs: number;
  /** `code_update_strategy`: objects of `immediate` are reset as the new code reaches them, the others when their delay is over. */
  readonly strategy: { readonly mode: "immediate" } | { readonly mode: "deferred"; readonly maxDelayMs: number };
  /** How long it takes until the new code, or the end of its delay, has reached every object. */
  readonly spreadMs: number;
  readonly speed: ServerSpeed;
}

export interface Aftermath {
  readonly cut: number;
  /** Of those that were cut: parts from 0 to 1 that had their call back within so many ms. */
  readonly backWithin: Readonly<Record<2_000 | 5_000 | 10_000 | 30_000, number>>;
  readonly lost: number;
  readonly lostFor: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Most tries to connect within a second: sockets, and Twilio's requests. */
  readonly peakPerSecond: number;
  /** Callers who are neither back nor lost when everything must have been decided. */
  readonly undecided: number;
}

/** Calls begin within this time before the deploy, and are steady then. */
const BEGINS_MS = 4_000;
const STEADY_MS = 6_000;
/** Longer than a page looks for its call and than Twilio tries. */
const DECIDED_MS = 75_000;
const LOOK_MS = 1_000;

/** What distance and waking are taken for: a class anywhere, an object that reads some rows. */
export const USUAL_SPEED: ServerSpeed = {
  connectsPerSecond: Number.POSITIVE_INFINITY,
  lineMs: 2_000,
  wayMs: [20, 150],
  wakeMs: [20, 120],
};

/** Lets a deploy happen. The same seed gives the same aftermath. */
export function simulateDeploy({ seed, calls, phones, callMs, strategy, spreadMs, speed }: Deploy): Aftermath {
  const random = seededRandom(seed);
  const queue = new EventQueue();
  // Before the deploy nobody waits in line: calls have come one by one.
  const easy = new SimulatedServer(queue, random, { ...speed, connectsPerSecond: Number.POSITIVE_INFINITY });
  const hard = new SimulatedServer(queue, random, speed);
  let server = easy;
  const surroundings = {
    queue,
    random,
    get server(): SimulatedServer {
      return server;
    },
  };
  const callers: Caller[] = [];
  for (let call = 0; call < calls; call += 1) {
    if (call < phones) callers.push(new PhoneCaller(surroundings));
    else queue.after(random() * BEGINS_MS, () => callers.push(new PageCaller(surroundings)));
  }
  queue.runUntil(BEGINS_MS + STEADY_MS);
  server = hard;
  const delayMs = strategy.mode === "deferred" ? strategy.maxDelayMs : 0;
  const cut = callers.filter(() => random() * callMs > delayMs);
  // Deferred objects are not moved one after the other: nothing happens until the delay is over, so time need not pass.
  for (const caller of cut) queue.after(random() * spreadMs, () => caller.cut());
  const deployedAtMs = queue.nowMs;
  const isDecided = ({ lostFor, backAfterMs }: Caller): boolean => lostFor !== undefined || backAfterMs !== undefined;
  const latestMs = deployedAtMs + spreadMs + DECIDED_MS;
  do queue.runUntil(queue.nowMs + LOOK_MS);
  while (queue.nowMs < latestMs && !cut.every(isDecided));

  const lost = cut.filter(({ lostFor }) => lostFor !== undefined);
  const back = cut.flatMap(({ lostFor, backAfterMs }) =>
    lostFor === undefined && backAfterMs !== undefined ? backAfterMs : [],
  );
  const within = (ms: number): number =>
    cut.length === 0 ? 1 : back.filter((afterMs) => afterMs <= ms).length / cut.length;
  return {
    cut: cut.length,
    backWithin: { 2000: within(2_000), 5000: within(5_000), 10000: within(10_000), 30000: within(30_000) },
    lost: lost.length,
    lostFor: counted(lost.map(({ lostFor }) => lostFor ?? "")),
    slowestMs: back.reduce((slowest, afterMs) => Math.max(slowest, afterMs), 0),
    peakPerSecond: hard.peakSince(deployedAtMs),
    undecided: cut.length - lost.length - back.length,
  };
}

function counted(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
