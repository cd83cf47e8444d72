import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import * as z from "zod";
import type { DatabaseAddress } from "../store/database.ts";
import { readDeployment } from "./deployment.ts";

/** What a running `npm run dev` leaves in its data folder for the other commands. Holds no secret of the Worker. */
const Endpoints = z.object({
  pageUrl: z.string(),
  databaseUrl: z.string(),
  databaseHttpEndpoint: z.string(),
  psqlUrl: z.string(),
  openaiBaseUrl: z.string(),
  joinCode: z.string(),
});
export type Endpoints = z.infer<typeof Endpoints>;

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * What a command runs with. An empty variable is an unset one, so `NAME= npm run …` does without that of `.dev.vars`;
 * white space around a value is removed.
 */
export interface Configuration {
  /** The environment's value, else that of `.dev.vars`. */
  variable(name: string): string | undefined;
  readonly endpoints: Endpoints | undefined;
  /** The configured database, else that of a running `npm run dev`; `undefined` when there is neither. */
  readonly database: DatabaseAddress | undefined;
}

/**
 * Reads what a command is configured with: the environment, then `.dev.vars` in the project's folder, then what a
 * running `npm run dev` wrote. A file that is absent or unreadable counts as empty. With `isDeployed` it is the environment,
 * then what is known here of the deployed Worker, and nothing of development.
 */
export function readConfiguration(environment: Variables, projectFolder: string, isDeployed = false): Configuration {
  const devText = (): string => textOf(resolve(projectFolder, ".dev.vars")) ?? "";
  const kept = Object.entries(isDeployed ? (readDeployment(projectFolder) ?? {}) : parseEnv(devText()));
  const devVars: Variables = Object.fromEntries(kept.filter(([name]) => environment[name] === undefined));
  const variable = (name: string): string | undefined => filled(environment[name] ?? devVars[name]);
  const dataFolder = resolve(projectFolder, filled(environment.DATA_DIR) ?? ".data");
  const endpoints = isDeployed ? undefined : parseEndpoints(textOf(resolve(dataFolder, "endpoints.json")));
  return { variable, endpoints, database: databaseOf(environment, devVars, endpoints) };
}

/**
 * A database's URL and its endpoint belong together: the endpoint is that of the source which named the URL, unless the
 * environment names one. Mixed, the password would go to another database's endpoint, and the wrong rows be changed.
 */
function databaseOf(
  environment: Variables,
  devVars: Variables,
  endpoints: Endpoints | undefined,
): DatabaseAddress | undefined {
  const ofDev = { url: endpoints?.databaseUrl, endpoint: endpoints?.databaseHttpEndpoint };
  const named = [addressIn(environment), addressIn(devVars), ofDev].find((source) => source.url !== undefined);
  if (named?.url === undefined) return undefined;
  // `npm run dev` may have been given this very URL: its endpoint stands before it.
  const beforeIt = named.url === ofDev.url ? ofDev.endpoint : undefined;
  return { url: named.url, httpEndpoint: addressIn(environment).endpoint ?? named.endpoint ?? beforeIt };
}

const addressIn = (variables: Variables) => ({
  url: filled(variables.DATABASE_URL),
  endpoint: filled(variables.DATABASE_HTTP_ENDPOINT),
});

const filled = (value: string | undefined): string | undefined => value?.trim() || undefined;

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function parseEndpoints(text: string | undefined): Endpoints | undefined {
  try {
    return Endpoints.safeParse(JSON.parse(text ?? "")).data;
  } catch {
    return undefined;
  }
}
