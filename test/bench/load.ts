/** What is done to a server, and what is seen meanwhile. */
import { setTimeout as pause } from "node:timers/promises";
import type { Caller, Turn } from "./client.ts";
import { cpuMsOfTree, rssKiBOfTree, watchForeignCores } from "./measure.ts";
import { nowMs } from "./stamps.ts";
import { PAUSE_MS, TURN_MS, UPSTREAM } from "./workload.ts";

export interface Server {
  readonly name: string;
  /** Opens call number `call`, counted from 0 among those that are open. */
  dial(call: number): Promise<Caller>;
  /** The processes that this one and its children are, when it is a server at all. */
  readonly pid: number | undefined;
}

export interface Window {
  /** Each call's turns after its first, which only warms it up. */
  readonly turns: readonly Turn[];
  /** From dialling to the open socket, a sample a call. */
  readonly openMs: readonly number[];
  /** From the open socket until a prompt, sent in the same breath as `setup`, is at the upstream. */
  readonly readyMs: readonly number[];
  readonly cpuMsPerTurn: number | undefined;
  readonly foreignCores: number;
  /** Why calls or turns failed; one entry each. */
  readonly failures: readonly string[];
}

/** Holds `calls` calls that talk on and on, spread evenly over a turn's length so that they do not talk in step. */
export async function runWindow(server: Server, calls: number, turnsEach: number): Promise<Window> {
  const foreignCores = watchForeignCores();
  const turns: Turn[] = [];
  const openMs: number[] = [];
  const readyMs: number[] = [];
  const failures: string[] = [];
  // CPU is taken from the moment the last call talks until the first one is finished: with all of them at work.
  const cpuNow = (): CpuMark => ({ atMs: nowMs(), cpuMs: server.pid === undefined ? 0 : cpuMsOfTree(server.pid) });
  let warm = 0;
  let from: CpuMark | undefined;
  let to: CpuMark | undefined;

  const oneCall = async (call: number): Promise<void> => {
    await pause((call * TURN_MS) / calls);
    const caller = await server.dial(call);
    try {
      openMs.push(caller.openMs);
      const first = await caller.turn("hello?");
      readyMs.push(first.sentAtMs + first.upMs - caller.openedAtMs);
      warm += 1;
      if (warm === calls) from = cpuNow();
      for (let turn = 1; turn <= turnsEach; turn += 1) {
        await pause(PAUSE_MS);
        turns.push(await caller.turn(`question ${turn}`));
      }
      to ??= cpuNow();
    } finally {
      await caller.close();
    }
  };
  const calling = Array.from({ length: calls }, (_, call) =>
    oneCall(call).catch((error: unknown) => failures.push(`call ${call}: ${String(error)}`)),
  );
  await Promise.all(calling);
  const cpuMsPerTurn = server.pid === undefined ? undefined : cpuPerTurn(from, to, turns);
  return { turns, openMs, readyMs, cpuMsPerTurn, foreignCores: foreignCores(), failures };
}

interface CpuMark {
  readonly atMs: number;
  readonly cpuMs: number;
}

/** Turns count by the share of their length that lies between the two marks. */
function cpuPerTurn(from: CpuMark | undefined, to: CpuMark | undefined, turns: readonly Turn[]): number | undefined {
  if (from === undefined || to === undefined || to.atMs <= from.atMs) return undefined;
  let done = 0;
  for (const { sentAtMs, endedAtMs } of turns) {
    const insideMs = Math.min(endedAtMs, to.atMs) - Math.max(sentAtMs, from.atMs);
    done += Math.max(0, insideMs) / (endedAtMs - sentAtMs);
  }
  return done > 0 ? (to.cpuMs - from.cpuMs) / done : undefined;
}

/** Until the runtime has allocated what a new call makes it allocate. */
const SETTLE_MS = 1_500;

/** Memory that each open call adds while nobody speaks, by number of calls, in KiB. For a server that is still fresh. */
export async function memoryPerSilentCall(server: Server, callCounts: readonly number[]): Promise<Map<number, number>> {
  const { pid } = server;
  const perCallKiB = new Map<number, number>();
  if (pid === undefined) return perCallKiB;
  const beforeKiB = rssKiBOfTree(pid);
  const callers: Caller[] = [];
  for (const calls of callCounts) {
    while (callers.length < calls) callers.push(await server.dial(callers.length));
    await pause(SETTLE_MS);
    perCallKiB.set(calls, (rssKiBOfTree(pid) - beforeKiB) / calls);
  }
  await Promise.all(callers.map((caller) => caller.close()));
  return perCallKiB;
}

/** All calls dial at once and speak in the same breath as their `setup`. How many were answered? */
export async function promptWithSetup(server: Server, calls: number): Promise<{ answered: number; asked: number }> {
  const callers: Caller[] = [];
  const outcomes = await Promise.allSettled(
    Array.from({ length: calls }, async (_, call) => {
      const caller = await server.dial(call);
      callers.push(caller);
      await caller.turn("hello?");
    }),
  );
  await Promise.all(callers.map((caller) => caller.close()));
  return { answered: outcomes.filter(({ status }) => status === "fulfilled").length, asked: calls };
}

/** Frames of a turn whose tokens come from the upstream in groups. */
export async function framesPerBurstTurn(server: Server): Promise<number> {
  const caller = await server.dial(0);
  await caller.turn("hello?");
  const { frames } = await caller.turn(`please answer in a ${UPSTREAM.burstWord}`);
  await caller.close();
  return frames;
}
