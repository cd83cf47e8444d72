import { mkdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import * as z from "zod";
import { parseJson } from "../relay-refusal.ts";
import { freePlanConfig } from "./free-plan.ts";
import type { Command, Ran, SetupPorts, Variables } from "./ports.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import { isFreePlan, isWorkerMissing, troubleWith } from "./wrangler-trouble.ts";

/* Cloudflare, as far as setup needs it, through wrangler. What wrangler prints is parsed, and repeated nowhere. */

export interface CloudflareAccount {
  readonly id: string;
  readonly name: string;
}

export interface LogIn {
  /** `undefined`: the token may not say. */
  readonly email: string | undefined;
  /** Those it may see; with some tokens none. */
  readonly accounts: readonly CloudflareAccount[];
}

/** Of a Worker that is there: its secrets by name. */
export interface FoundWorker {
  readonly secretNames: readonly string[];
}

export interface Deployed {
  /** Where it answers, without a slash at the end; `undefined`: wrangler did not say. */
  readonly url: string | undefined;
  /** Cloudflare's free plan takes no CPU limit, so it was left out. */
  readonly withoutCpuLimit: boolean;
}

/** Every method throws SetupTrouble when wrangler fails, or says what nobody expects. */
export interface Wrangler {
  version(): Promise<string>;
  /** `undefined`: not logged in. */
  logIn(): Promise<LogIn | undefined>;
  /** The person logs in, in a browser. */
  askToLogIn(): Promise<void>;
  /** `undefined`: there is no Worker of this name. */
  find(accountId: string, worker: string): Promise<FoundWorker | undefined>;
  /** Classes of Durable Objects in the version that runs. */
  objectClasses(accountId: string, worker: string): Promise<readonly string[]>;
  /** All at once; `null` removes one. Makes the Worker when there is none: an empty one, until it is deployed. */
  putSecrets(accountId: string, worker: string, secrets: Readonly<Record<string, string | null>>): Promise<void>;
  deploy(accountId: string, worker: string): Promise<Deployed>;
}

const ASK_MS = 60_000;
const LOG_IN_MS = 10 * 60_000;
const DEPLOY_MS = 5 * 60_000;

const Account = z.object({ id: z.string().regex(/^[0-9a-f]{32}$/), name: z.string() });
const WhoAmI = z.discriminatedUnion("loggedIn", [
  z.object({ loggedIn: z.literal(true), email: z.string().nullish(), accounts: z.array(Account) }),
  z.object({ loggedIn: z.literal(false) }),
]);
const Secrets = z.array(z.object({ name: z.string() }));
const Deployment = z.object({ versions: z.tuple([z.object({ version_id: z.uuid() })], z.unknown()) });
const Version = z.object({
  resources: z.object({ bindings: z.array(z.object({ type: z.string(), class_name: z.string().optional() })) }),
});
/** A line of the file that wrangler writes for programs. */
const DeployLine = z.object({ type: z.literal("deploy"), targets: z.array(z.string()).optional() });

/** Quiet, and nothing of it on disk: wrangler's own log files have every variable of the Worker in them. */
const QUIET: Variables = {
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  NO_COLOR: "1",
  FORCE_COLOR: "0",
};

/**
 * Opens wrangler.
 *
 * @param environment of its processes, without any secret of the Worker.
 * @param keepOutput gets what a command said that failed in a way nobody has words for; tells where a person finds it.
 */
export function openWrangler(
  ports: Pick<SetupPorts, "run" | "projectFolder">,
  command: Command,
  environment: Variables,
  keepOutput: (ran: Ran) => string,
): Wrangler {
  const { run, projectFolder } = ports;
  const start = (
    args: readonly string[],
    accountId?: string,
    more: { readonly stdin?: string; readonly timeoutMs?: number; readonly variables?: Variables } = {},
  ): Promise<Ran> =>
    run({
      command,
      args,
      environment: {
        ...environment,
        ...QUIET,
        ...more.variables,
        ...(accountId === undefined ? {} : { CLOUDFLARE_ACCOUNT_ID: accountId }),
      },
      stdin: more.stdin,
      timeoutMs: more.timeoutMs ?? ASK_MS,
    });
  const fail = (ran: Ran, what: string, accountId?: string): SetupTrouble =>
    troubleWith(ran, what, accountId, () => keepOutput(ran));
  /** What a command printed as JSON, with whatever it said before. */
  const read = <Answer>(ran: Ran, what: string, shape: z.ZodType<Answer>): Answer => {
    const { data } = shape.safeParse(jsonIn(ran.stdout));
    if (data !== undefined) return data;
    throw new SetupTrouble(
      `wrangler ${what} said something that setup does not understand. It is in ${keepOutput(ran)}; npm ci installs the version that setup was written for.`,
    );
  };

  return {
    version: async () => {
      const ran = await start(["--version"]);
      const [version] = /\d+\.\d+\.\d+/.exec(ran.stdout) ?? [];
      if (ran.exitCode === 0 && version !== undefined) return version;
      throw new SetupTrouble("wrangler does not start: run npm ci, then this again through npm.");
    },

    logIn: async () => {
      const ran = await start(["whoami", "--json"]);
      const said = WhoAmI.safeParse(jsonIn(ran.stdout)).data;
      if (said?.loggedIn === false) return undefined;
      if (ran.exitCode !== 0) throw fail(ran, "whoami");
      const who = said ?? read(ran, "whoami", WhoAmI);
      return who.loggedIn ? { email: who.email ?? undefined, accounts: who.accounts } : undefined;
    },

    askToLogIn: async () => {
      const ran = await run({
        command,
        args: ["login"],
        environment: { ...environment, ...QUIET },
        timeoutMs: LOG_IN_MS,
        isForPerson: true,
      });
      if (ran.exitCode !== 0) throw new SetupTrouble("The log-in to Cloudflare was not finished.");
    },

    find: async (accountId, worker) => {
      const ran = await start(["secret", "list", "--name", worker, "--format", "json"], accountId);
      if (ran.exitCode === 0) {
        return { secretNames: read(ran, "secret list", Secrets).map(({ name }) => name) };
      }
      if (isWorkerMissing(ran)) return undefined;
      throw fail(ran, "secret list", accountId);
    },

    objectClasses: async (accountId, worker) => {
      const status = await start(["deployments", "status", "--name", worker, "--json"], accountId);
      if (status.exitCode !== 0 && /has no deployments/.test(status.stderr + status.stdout)) return [];
      if (status.exitCode !== 0) throw fail(status, "deployments status", accountId);
      const [{ version_id: versionId }] = read(status, "deployments status", Deployment).versions;
      const version = await start(["versions", "view", versionId, "--name", worker, "--json"], accountId);
      if (version.exitCode !== 0) throw fail(version, "versions view", accountId);
      const { bindings } = read(version, "versions view", Version).resources;
      return bindings.flatMap((binding) =>
        binding.type === "durable_object_namespace" && binding.class_name !== undefined ? [binding.class_name] : [],
      );
    },

    putSecrets: async (accountId, worker, secrets) => {
      const stdin = JSON.stringify(secrets);
      const ran = await start(["secret", "bulk", "--name", worker], accountId, { stdin });
      if (ran.exitCode !== 0) throw fail(ran, "secret bulk", accountId);
    },

    deploy: async (accountId, worker) => {
      const outputFile = resolve(projectFolder, `.callroom/wrangler-output.${process.pid}.json`);
      mkdirSync(dirname(outputFile), { recursive: true, mode: 0o700 });
      const attempt = (args: readonly string[]): Promise<Ran> =>
        start(["deploy", "--name", worker, ...args], accountId, {
          timeoutMs: DEPLOY_MS,
          variables: { WRANGLER_OUTPUT_FILE_PATH: outputFile },
        });
      try {
        let ran = await attempt([]);
        const withoutCpuLimit = ran.exitCode !== 0 && isFreePlan(ran);
        if (withoutCpuLimit) {
          const config = freePlanConfig(projectFolder);
          try {
            ran = await attempt(["--config", config.path]);
          } finally {
            config.remove();
          }
        }
        if (ran.exitCode !== 0) throw fail(ran, "deploy", accountId);
        return { url: addressIn(await textOf(outputFile), ran.stdout), withoutCpuLimit };
      } finally {
        rmSync(outputFile, { force: true });
      }
    },
  };
}

/** JSON at the end of what a command printed: warnings may stand before it. */
function jsonIn(text: string): unknown {
  const whole = parseJson(text);
  if (whole !== undefined) return whole;
  const at = text.search(/^[[{]/m);
  return at < 0 ? undefined : parseJson(text.slice(at));
}

/** Where a deployed Worker answers: a domain of its own rather than that of workers.dev. */
function addressIn(outputFile: string, printed: string): string | undefined {
  const targets = outputFile.split("\n").flatMap((line) => DeployLine.safeParse(parseJson(line)).data?.targets ?? []);
  const lines = targets.length > 0 ? targets : printed.split("\n");
  const urls = lines.flatMap((line) => {
    const domain = /^\s*([a-z0-9.-]+\.[a-z]{2,}) \(custom domain/.exec(line)?.[1];
    if (domain !== undefined) return [`https://${domain}`];
    const workersDev = /https:\/\/[a-z0-9.-]+\.workers\.dev(?=$|[\s/])/.exec(line)?.[0];
    return workersDev === undefined ? [] : [workersDev];
  });
  return urls.find((url) => !url.endsWith(".workers.dev")) ?? urls[0];
}

const textOf = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");
