import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answerMisconfigured } from "../../src/api/misconfigured.ts";
import { readSettings } from "../../src/env.ts";
import { Failure } from "../../src/failure.ts";
import { openDatabase } from "../../src/store/database.ts";
import { harness } from "../api/world.ts";
import { readState } from "../standins/command-state.ts";

/** A Worker of a wrangler stand-in, as the world sees it: Callroom's own API with the secrets that were put. */
export interface DeployedWorker {
  readonly url: string;
  /** Before each request: whatever a test wants to happen then. */
  onRequest: (path: string) => void;
  close(): Promise<void>;
}

const QUERY_MS = 5_000;

/** Serves the one Worker that is in the folder's state; before the first deploy it answers as Cloudflare does. */
export async function serveWorker(folder: string): Promise<DeployedWorker> {
  const served = { onRequest: (_path: string): void => {} };
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      served.onRequest(incoming.url ?? "/");
      const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
        headers: { authorization: incoming.headers.authorization ?? "" },
      });
      const response = await answer(folder, request);
      outgoing.writeHead(response.status, { "content-type": response.headers.get("content-type") ?? "text/plain" });
      outgoing.end(await response.text());
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return Object.assign(served, {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}

async function answer(folder: string, request: Request): Promise<Response> {
  const [worker] = Object.values(readState(folder).workers);
  if (worker === undefined || worker.deploys === 0) return new Response("There is nothing here yet", { status: 404 });
  const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  try {
    const settings = readSettings(worker.secrets);
    const { request: ask } = harness({ settings, database: openDatabase(settings.database, QUERY_MS) });
    const { pathname } = new URL(request.url);
    const authorization = request.headers.get("authorization") ?? "";
    return await ask("GET", pathname, authorization === "" ? {} : { headers: { authorization } });
  } catch (thrown) {
    const variable = thrown instanceof Failure ? thrown.field : undefined;
    return await answerMisconfigured(request, variable ?? "unknown", randomBytes);
  }
}
