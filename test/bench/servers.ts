/** What is compared: the upstream by itself, the least that Node and workerd can do, and Callroom. */
import { join } from "node:path";
import { dialRelay, dialUpstream } from "./client.ts";
import type { Server } from "./load.ts";
import type { ServerName } from "./options.ts";
import { type Ours, startOurs } from "./ours.ts";
import { type Running, startNode } from "./processes.ts";
import { startWorkerd } from "./workerd.ts";

export interface Servers {
  readonly all: readonly Server[];
  readonly ours: Ours | undefined;
}

/**
 * Starts the upstream and the named servers.
 *
 * @param students how many calls Callroom must be able to hold at once.
 * @param folder empty; whatever the servers write goes there.
 * @param onStop is given what ends each process, as soon as there is one to end.
 */
export async function startServers(
  names: readonly ServerName[],
  students: number,
  folder: string,
  onStop: (stop: () => Promise<void>) => void,
): Promise<Servers> {
  const upstream = await startNode("upstream.ts");
  onStop(upstream.close);
  const baseUrl = `http://127.0.0.1:${upstream.port}/v1`;
  const local = (name: string, { pid, port, close }: Running): Server => {
    onStop(close);
    return { name, pid, dial: () => dialRelay(`ws://127.0.0.1:${port}/`) };
  };
  let ours: Ours | undefined;
  const start = async (name: ServerName): Promise<Server> => {
    switch (name) {
      case "direct":
        return { name, pid: undefined, dial: () => dialUpstream(baseUrl) };
      case "node-bare":
        return local(name, await startNode("node-bare.ts", [baseUrl]));
      case "workerd-bare": {
        const config = join(import.meta.dirname, "worker-bare/wrangler.toml");
        return local(name, await startWorkerd(config, { OPENAI_BASE_URL: baseUrl }, join(folder, name)));
      }
      case "callroom":
        ours = await startOurs(baseUrl, students, join(folder, name));
        onStop(ours.close);
        return ours;
    }
  };
  const all = await Promise.all(names.map(start));
  return { all, ours };
}
