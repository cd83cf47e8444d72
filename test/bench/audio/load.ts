/** What is done to a server of sound, and what is seen meanwhile. */
import { setTimeout as pause } from "node:timers/promises";
import { cpuMsOfTree, percentiles, rssKiBOfTree, watchForeignCores } from "../measure.ts";
import { isNoisy } from "../rounds.ts";
import { nowMs } from "../stamps.ts";
import type { SoundCaller } from "./callers.ts";
import type { SoundUpstream } from "./servers.ts";
import { type SoundServer, Talker, Talkers } from "./talkers.ts";
import { addTallies, NO_FRAMES, type Tally } from "./tally.ts";

/** All calls together dial within about so long. */
export const DIAL_SPREAD_MS = 1_500;
/** What a server does once a call (Callroom archives the first turn after 3 s) is over by then; it is a figure by itself. */
export const SETTLE_MS = 6_000;

export interface SoundWindow {
  /** Of each frame, from the caller and back to it. */
  readonly roundTripsMs: readonly number[];
  /** The same in the seconds before, from the moment when all calls stand. */
  readonly firstRoundTripsMs: readonly number[];
  /** Over the whole life of all calls, first frame to last. */
  readonly frames: Tally;
  /** User and system time of the server for a minute of one call. */
  readonly cpuMsPerCallMinute: number | undefined;
  readonly foreignCores: number;
  /** Why calls failed; one entry each. */
  readonly failures: readonly string[];
}

/** Holds `calls` calls that talk without a pause, and measures for `measureMs`. */
export async function runSoundWindow(server: SoundServer, calls: number, measureMs: number): Promise<SoundWindow> {
  const talkers = new Talkers(server);
  const failures: string[] = [];
  const foreignCores = watchForeignCores();
  let roundTripsMs: readonly number[] = [];
  let firstRoundTripsMs: readonly number[] = [];
  let cpuMsPerCallMinute: number | undefined;
  try {
    await talkers.grow(calls, calls === 1 ? 0 : DIAL_SPREAD_MS / calls);
    firstRoundTripsMs = await talkers.measure(SETTLE_MS);
    const cpu = watchCpu(server);
    roundTripsMs = await talkers.measure(measureMs);
    cpuMsPerCallMinute = cpu(calls);
  } catch (error) {
    failures.push(String(error));
  }
  const frames = await talkers.drain();
  failures.push(...talkers.lost());
  await talkers.close();
  return { roundTripsMs, firstRoundTripsMs, frames, cpuMsPerCallMinute, foreignCores: foreignCores(), failures };
}

/** From now until it is asked: CPU ms of the server for a minute of one of so many calls. */
export function watchCpu({ pid }: SoundServer): (calls: number) => number | undefined {
  if (pid === undefined) return () => undefined;
  const startedAtMs = nowMs();
  const startedCpuMs = cpuMsOfTree(pid);
  return (calls) => ((cpuMsOfTree(pid) - startedCpuMs) / (calls * (nowMs() - startedAtMs))) * 60_000;
}

const SILENT_SETTLE_MS = 1_500;

/** Memory that each open call adds while nobody speaks, in KiB. For a server that is still fresh. */
export async function memoryPerSilentSoundCall(server: SoundServer, calls: number): Promise<number | undefined> {
  const { pid } = server;
  if (pid === undefined) return undefined;
  const beforeKiB = rssKiBOfTree(pid);
  const talkers: Talker[] = [];
  while (talkers.length < calls) {
    const talker = new Talker(server, talkers.length, () => {});
    await talker.dial();
    talkers.push(talker);
  }
  await pause(SILENT_SETTLE_MS);
  const perCallKiB = (rssKiBOfTree(pid) - beforeKiB) / calls;
  await Promise.all(talkers.map(({ caller }) => caller.close()));
  return perCallKiB;
}

export interface CallStarts {
  /** From dialling to the answered upgrade, a sample a call. */
  readonly openMs: readonly number[];
  /** From the open socket until the first frame is back. */
  readonly firstEchoMs: readonly number[];
  /** First sound of a call that never came back, in milliseconds of a call's speech. */
  readonly lostMsPerCall: number;
  readonly frames: Tally;
}

/** Long enough to hear the end of what waited for the upstream. */
const START_TALK_MS = 1_000;
const START_EVERY_MS = 50;

/** Calls begin one after the other and talk from the moment their socket is open, while the upstream takes its time. */
export async function startCalls(server: SoundServer, calls: number): Promise<CallStarts> {
  const openMs: number[] = [];
  const firstEchoMs: number[] = [];
  let frames = NO_FRAMES;
  const oneCall = async (call: number): Promise<void> => {
    await pause(call * START_EVERY_MS);
    const talker = new Talker(server, call, () => {});
    const caller = await talker.dial();
    openMs.push(caller.openMs);
    // Its own clock: the first frame leaves in the same breath as the socket opens.
    talker.speak();
    const timer = setInterval(talker.speak, server.frameMs);
    await pause(START_TALK_MS);
    clearInterval(timer);
    await pause(START_TALK_MS / 2);
    if (talker.firstEchoAtMs !== undefined) firstEchoMs.push(talker.firstEchoAtMs - caller.openedAtMs);
    frames = addTallies(frames, talker.tally());
    await caller.close();
  };
  await Promise.all(Array.from({ length: calls }, (_, call) => oneCall(call)));
  return { openMs, firstEchoMs, lostMsPerCall: (frames.lost * server.frameMs) / calls, frames };
}

export interface BargeIns {
  /** From the upstream's word that the caller speaks to the caller's being told to fall silent. */
  readonly clearMs: readonly number[];
  /** Calls that were never told. */
  readonly unanswered: number;
  /** Sound of the cancelled answer that came after that, over all calls. */
  readonly lateSoundMs: number;
}

const ANSWER_HEARD_MS = 400;
const CLEAR_TIMEOUT_MS = 1_000;

/** An answer of some seconds comes at once; while it plays, the caller speaks. One call after the other. */
export async function bargeIn(server: SoundServer, upstream: SoundUpstream, calls: number): Promise<BargeIns> {
  const clearMs: number[] = [];
  let lateSoundMs = 0;
  for (let call = 0; call < calls; call += 1) {
    const talker = new Talker(server, call, () => {});
    const caller: SoundCaller = await talker.dial();
    talker.speak("answer");
    await pause(ANSWER_HEARD_MS);
    talker.speak("speech");
    const untilMs = nowMs() + CLEAR_TIMEOUT_MS;
    while (talker.clearAtMs === undefined && nowMs() < untilMs) await pause(5);
    await pause(ANSWER_HEARD_MS / 4);
    const { speechStartedAtMs } = await upstream.counts();
    const toldAtMs = speechStartedAtMs[call];
    if (talker.clearAtMs !== undefined && toldAtMs !== undefined) clearMs.push(talker.clearAtMs - toldAtMs);
    lateSoundMs += talker.soundAfterClearMs;
    await caller.close();
  }
  return { clearMs, unanswered: calls - clearMs.length, lateSoundMs };
}

/** The steps of the ramp, and what each takes: so long that workerd's collector has been at work in each. */
export const RAMP = {
  firstCalls: 25,
  stepCalls: 25,
  mostCalls: 300,
  measureMs: 6_000,
  tries: 3,
  heldP99Ms: 20,
} as const;

/**
 * Adds calls until their frames come late. Returns the most calls whose p99 of the round trip stayed under
 * `RAMP.heldP99Ms` with every frame back; two steps in a row that fail end it.
 */
export async function callsHeld(server: SoundServer): Promise<number> {
  const talkers = new Talkers(server);
  let held = 0;
  let failed = 0;
  try {
    for (let calls: number = RAMP.firstCalls; calls <= RAMP.mostCalls && failed < 2; calls += RAMP.stepCalls) {
      await talkers.grow(calls, DIAL_SPREAD_MS / RAMP.stepCalls);
      await pause(SETTLE_MS);
      const isHeld = (await isInTime(talkers)) && talkers.lost().length === 0;
      if (isHeld) held = calls;
      failed = isHeld ? 0 : failed + 1;
    }
  } catch {
    // A call that could not be opened or heard nothing: that many are not held.
  }
  await talkers.close();
  return held;
}

/** A measurement that fails beside the work of others is repeated. */
async function isInTime(talkers: Talkers): Promise<boolean> {
  for (let tries = 0; tries < RAMP.tries; tries += 1) {
    const foreignCores = watchForeignCores();
    const roundTrip = percentiles(await talkers.measure(RAMP.measureMs));
    if (roundTrip !== undefined && roundTrip.p99 < RAMP.heldP99Ms) return true;
    if (!isNoisy({ foreignCores: foreignCores() })) return false;
  }
  return false;
}
