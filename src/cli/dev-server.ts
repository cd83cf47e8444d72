import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { unstable_startWorker as startWorker } from "wrangler";
import { startNeonStandin } from "../../test/standins/neon.ts";
import { startOpenAiStandin } from "../../test/standins/openai.ts";
import { lockDataDir, openPglite, openServer, servePsql } from "../../test/standins/postgres.ts";
import { parseJoinCode, parseWorkshopId } from "../protocol/ids.ts";
import { openDatabase } from "../store/database.ts";
import { migratePglite, migrateServer } from "../store/migrations.ts";
import { ensureDefaultWorkshop } from "../store/workshops.ts";
import type { Endpoints } from "./configuration.ts";
import { devVariables } from "./dev-secrets.ts";

export interface DevOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly projectFolder: string;
  /** Gets each line that the Worker logs. */
  readonly onLog: (line: string) => void;
}

export interface DevServer extends Endpoints {
  readonly consoleUrl: string;
  readonly openai: string;
  /** Stops everything that was started, in the reverse order; leaves the data. */
  close(): Promise<void>;
}

/** A sentence for the person at the terminal. */
export class DevRefusal extends Error {}

/**
 * Starts the whole of Callroom on this machine, without a network: Postgres, the endpoint that the Worker's own database
 * client speaks to, a stand-in for OpenAI, migrations, and the Worker in workerd.
 *
 * @throws DevRefusal with a sentence when a port is taken, or the data folder is in use by another instance
 */
export async function startDev({ environment, projectFolder, onLog }: DevOptions): Promise<DevServer> {
  const stops: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    const dataFolder = resolve(projectFolder, environment.DATA_DIR || ".data");
    const port = await freePort("PORT", environment.PORT || "8787");
    mkdirSync(dataFolder, { recursive: true });
    stops.push(lockDataDir(dataFolder));

    const variables = devVariables(environment, join(projectFolder, ".dev.vars"), hex);
    const openai = await startOpenAi(variables, environment, stops);
    const addresses = await addressesOf(variables.get("DATABASE_URL"), environment);
    variables.set("DATABASE_URL", addresses.url);
    variables.set("DATABASE_HTTP_ENDPOINT", addresses.httpEndpoint);
    if (!variables.has("ENROLLMENT")) variables.set("ENROLLMENT", "open");

    // Side by side, on two cores: Postgres comes up while the Worker is bundled.
    const starting = [
      startPostgres(addresses, dataFolder, stops),
      startTheWorker(projectFolder, dataFolder, port, variables, environment, onLog, stops),
    ] as const;
    // If one fails, the other is waited for: only what has started can be stopped.
    await Promise.allSettled(starting);
    const [, worker] = await Promise.all(starting);
    const workshop = await ensureDefaultWorkshop(openDatabase(addresses, 10_000), {
      id: known(parseWorkshopId("default")),
      name: "Workshop",
      joinCode: known(parseJoinCode(`${TREES[randomBytes(1).readUInt8() % TREES.length]}-${hex(2)}`)),
    });
    await worker.ready;

    const pageUrl = `http://127.0.0.1:${port}`;
    const endpoints: Endpoints = {
      pageUrl,
      databaseUrl: addresses.url,
      databaseHttpEndpoint: addresses.httpEndpoint,
      psqlUrl: addresses.url,
      openaiBaseUrl: openai.baseUrl,
      joinCode: workshop.joinCode,
    };
    const endpointsFile = join(dataFolder, "endpoints.json");
    writeFileSync(endpointsFile, `${JSON.stringify(endpoints, null, 2)}\n`);
    stops.push(() => rmSync(endpointsFile, { force: true }));
    const consoleUrl = `${pageUrl}/console#${variables.get("INSTRUCTOR_TOKEN")}`;
    return { ...endpoints, consoleUrl, openai: openai.name, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

type Stops = (() => Promise<void> | void)[];

async function startOpenAi(
  variables: Map<string, string>,
  environment: DevOptions["environment"],
  stops: Stops,
): Promise<{ baseUrl: string; name: string }> {
  const given = variables.get("OPENAI_BASE_URL");
  if (given) return { baseUrl: given, name: given };
  const standin = await startOpenAiStandin();
  stops.push(() => standin.close());
  variables.set("OPENAI_BASE_URL", standin.baseUrl);
  // Set but empty means: no fallback, please.
  if (environment.OPENAI_API_KEY === undefined && !variables.get("OPENAI_API_KEY")) {
    variables.set("OPENAI_API_KEY", "sk-standin-instructor-fallback");
  }
  return { baseUrl: standin.baseUrl, name: `a stand-in at ${standin.baseUrl} (no internet, no money)` };
}

interface Addresses {
  readonly url: string;
  readonly httpEndpoint: string;
  /** Where our own Postgres listens for psql; `undefined`: somebody else's is used. */
  readonly psqlPort: number | undefined;
  readonly neonPort: number;
}

/** Where the database and its endpoint will be, before they are. */
async function addressesOf(given: string | undefined, environment: DevOptions["environment"]): Promise<Addresses> {
  const neonPort = await freePort("PORT", "0");
  const httpEndpoint = `http://127.0.0.1:${neonPort}/sql`;
  if (given) return { url: given, httpEndpoint, psqlPort: undefined, neonPort };
  const psqlPort = await freePort("PG_PORT", environment.PG_PORT || "54329");
  return { url: `postgres://postgres:postgres@127.0.0.1:${psqlPort}/postgres`, httpEndpoint, psqlPort, neonPort };
}

async function startPostgres(addresses: Addresses, dataFolder: string, stops: Stops): Promise<void> {
  const { url, psqlPort, neonPort: port } = addresses;
  if (psqlPort === undefined) {
    await migrateServer(url);
    const server = openServer(url);
    stops.push(() => server.close());
    const neon = await startNeonStandin({ database: server, port });
    stops.push(() => neon.close());
    return;
  }
  const pglite = await openPglite({ dataDir: join(dataFolder, "postgres") });
  stops.push(() => pglite.close());
  await migratePglite(pglite.pglite);
  const psql = await servePsql(pglite, { port: psqlPort });
  stops.push(() => psql.close());
  const neon = await startNeonStandin({ database: pglite, port });
  stops.push(() => neon.close());
}

async function startTheWorker(
  projectFolder: string,
  dataFolder: string,
  port: number,
  variables: ReadonlyMap<string, string>,
  environment: DevOptions["environment"],
  onLog: DevOptions["onLog"],
  stops: Stops,
) {
  const worker = await startWorker({
    config: join(projectFolder, "wrangler.toml"),
    envFiles: [],
    bindings: Object.fromEntries([...variables].map(([name, value]) => [name, { type: "plain_text" as const, value }])),
    dev: {
      server: { hostname: "127.0.0.1", port },
      inspector: false,
      remote: false,
      watch: environment.WATCH !== "0",
      persist: join(dataFolder, "objects"),
      logLevel: "error",
      structuredLogsHandler: ({ message }: { readonly message: string }) => onLog(message),
    },
  });
  stops.push(() => worker.dispose());
  return worker;
}

/** The port that a variable names, if nobody listens there. 0 picks one. */
async function freePort(variable: string, text: string): Promise<number> {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new DevRefusal(`${variable} must be a port number, not "${text}".`);
  }
  return new Promise((resolvePort, reject) => {
    const probe = createServer();
    probe.once("error", () =>
      reject(new DevRefusal(`Port ${port} is taken by another program: stop it, or set ${variable} to another port.`)),
    );
    probe.listen(port, "127.0.0.1", () => {
      const address = probe.address();
      const free = typeof address === "object" && address ? address.port : port;
      probe.close(() => resolvePort(free));
    });
  });
}

const hex = (bytes: number): string => randomBytes(bytes).toString("hex");

const TREES = ["MAPLE", "CEDAR", "BIRCH", "ASPEN", "HAZEL", "ROWAN", "LARCH", "ALDER"] as const;

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("not an id");
  return value;
}
