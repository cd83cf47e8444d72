/** What is compared for one wire: the upstream by itself, the least that Node and workerd can do, and Callroom. */
import { join } from "node:path";
import * as z from "zod";
import type { ServerName, WireName } from "../options.ts";
import { type Ours, startOurs } from "../ours.ts";
import { type Running, startNode } from "../processes.ts";
import type { Suite } from "../suite.ts";
import { startWorkerd } from "../workerd.ts";
import { dialBrowser, dialMediaStreams, dialUpstream, type SoundListener } from "./callers.ts";
import type { SoundFormat } from "./frames.ts";
import { newCallSid, ourBrowserDoor, ourMediaDoor } from "./our-doors.ts";
import type { SoundServer } from "./talkers.ts";

const FORMATS: Readonly<Record<WireName, SoundFormat>> = { "media-streams": "mulaw-8k", browser: "pcm16-24k" };

type OnStop = Suite["onStop"];

/** Twilio's frames, and those of the peers' browser clients; our own browser client sends half as many. */
export const FRAME_MS = 20;
export const OUR_BROWSER_FRAME_MS = 40;

/** A server, and the row of `direct` that its round trips are compared with: the one with the same frames. */
export interface Contender extends SoundServer {
  readonly directName: string;
}

export interface SoundUpstream {
  /** From now on an upgrade is answered so much later. */
  acceptDelay(delayMs: number): Promise<void>;
  counts(): Promise<z.infer<typeof Counts>>;
}

const Counts = z.object({
  open: z.number(),
  sessions: z.number(),
  appends: z.number(),
  pouredBytes: z.number(),
  outOfOrder: z.number(),
  mixed: z.number(),
  speechStartedAtMs: z.record(z.string(), z.number()),
});

export interface SoundServers {
  readonly all: readonly Contender[];
  readonly upstream: SoundUpstream;
}

/**
 * Starts the upstream and the named servers for one wire. In the browser the upstream and the bare object also appear
 * with frames as long as ours.
 *
 * @param students how many students Callroom has; each may have two calls.
 * @param folder whatever the servers write goes there.
 * @param onStop is given what ends each process, as soon as there is one to end.
 */
export async function startSoundServers(
  wire: WireName,
  names: readonly ServerName[],
  students: number,
  folder: string,
  onStop: OnStop,
): Promise<SoundServers> {
  const { upstream, baseUrl } = await startSoundUpstream(onStop);
  const frameLengths = wire === "browser" ? [FRAME_MS, OUR_BROWSER_FRAME_MS] : [FRAME_MS];
  const format = FORMATS[wire];
  const bare = (name: ServerName, lengths: readonly number[], { pid, port, close }: Running): Contender[] => {
    onStop(close);
    return lengths.map((frameMs) => ({
      name: nameOf(name, frameMs),
      directName: nameOf("direct", frameMs),
      format,
      frameMs,
      pid,
      dial: (_, listener) => dialBare(wire, `ws://127.0.0.1:${port}/${wire}`, listener),
    }));
  };
  const start = async (name: ServerName): Promise<Contender[]> => {
    switch (name) {
      case "direct":
        return frameLengths.map((frameMs) => ({
          name: nameOf(name, frameMs),
          directName: nameOf(name, frameMs),
          format,
          frameMs,
          pid: undefined,
          dial: (_, listener) => dialUpstream(baseUrl, format, listener),
        }));
      case "node-bare":
        return bare(name, [FRAME_MS], await startNode("audio/node-bare.ts", [baseUrl]));
      case "workerd-bare": {
        const config = join(import.meta.dirname, "../worker-bare/wrangler.toml");
        const variables = { OPENAI_BASE_URL: baseUrl };
        return bare(name, frameLengths, await startWorkerd(config, variables, join(folder, `${wire}-${name}`)));
      }
      case "callroom": {
        const ours = await startOurs(baseUrl, students, join(folder, `${wire}-${name}`));
        onStop(ours.close);
        return [ourContender(wire, ours)];
      }
    }
  };
  const all = await Promise.all(names.map(start));
  return { all: all.flat(), upstream };
}

const nameOf = (name: ServerName, frameMs: number): string => (frameMs === FRAME_MS ? name : `${name}, ${frameMs} ms`);

/** Callroom, called in one of the two ways with the frames of its own callers. */
export function ourContender(wire: WireName, ours: Ours): Contender {
  const frameMs = wire === "browser" ? OUR_BROWSER_FRAME_MS : FRAME_MS;
  const dial = wire === "browser" ? ourBrowserDoor(ours) : ourMediaDoor(ours);
  return {
    name: "callroom",
    directName: nameOf("direct", frameMs),
    format: FORMATS[wire],
    frameMs,
    pid: ours.pid,
    dial,
  };
}

const dialBare = (wire: WireName, url: string, listener: SoundListener) =>
  wire === "browser" ? dialBrowser(url, undefined, listener) : dialMediaStreams(url, newCallSid(), listener);

/** Starts the upstream. `baseUrl` is what a server takes for OpenAI's. */
export async function startSoundUpstream(
  onStop: OnStop,
): Promise<{ readonly upstream: SoundUpstream; readonly baseUrl: string }> {
  const { port, close } = await startNode("audio/upstream.ts");
  onStop(close);
  return { upstream: upstreamAt(port), baseUrl: `http://127.0.0.1:${port}/v1` };
}

function upstreamAt(port: number): SoundUpstream {
  const origin = `http://127.0.0.1:${port}`;
  return {
    async acceptDelay(delayMs) {
      const response = await fetch(`${origin}/accept-delay/${delayMs}`, { method: "POST" });
      await response.body?.cancel();
    },
    async counts() {
      const response = await fetch(`${origin}/counts`);
      return Counts.parse(await response.json());
    },
  };
}
