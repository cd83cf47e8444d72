/** What is compared: the upstream by itself, the least that Node and workerd can do, and Callroom. */
import { join } from "node:path";
import { dialRelay, dialUpstream } from "./client.ts";
import type { Server } from "./load.ts";
import type { ServerName } from "./options.ts";
import { type Ours, startOurs } from "./ours.ts";
import { startNode } from "./processes.ts";
import { startWorkerd } from "./workerd.ts";

export interface Servers {
  readonly all: readonly Server[];
  readonly ours: Ours | undefined;
}

/**
 * Starts the upstream and, one after the other, the named servers.
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
  const all: Server[] = [];
  let ours: Ours | undefined;
  for (const name of names) {
    switch (name) {
      case "direct":
        all.push({ name, pid: undefined, dial: () => dialUpstream(baseUrl) });
        break;
      case "node-bare": {
        const { pid, port, close } = await startNode("node-bare.ts", [baseUrl]);
        onStop(close);
        all.push({ name, pid, dial: () => dialRelay(`ws://127.0.0.1:${port}/`) });
        break;
      }
      case "workerd-bare": {
        const config = join(import.meta.dirname, "worker-bare/wrangler.toml");
        const { pid, port, close } = await startWorkerd(config, { OPENAI_BASE_URL: baseUrl }, join(folder, name));
        onStop(close);
        all.push({ name, pid, dial: () => dialRelay(`ws://127.0.0.1:${port}/`) });
        break;
      }
      case "callroom":
        ours = await startOurs(baseUrl, students, join(folder, name));
        onStop(ours.close);
        all.push(ours);
        break;
    }
  }
  return { all, ours };
}
