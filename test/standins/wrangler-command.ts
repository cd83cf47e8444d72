import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import {
  beginCommand,
  CommandFailure,
  type CommandState,
  type CommandSurroundings,
  changeState,
  playCommand,
  readState,
  type StandinWorker,
} from "./command-state.ts";

/*
 * wrangler 4.155.0 and the Cloudflare behind it, as far as `npm run setup` uses them: a program of its own, with what it refuses
 * and in what words taken from wrangler's source. `CALLROOM_WRANGLER` makes setup run it. It deploys nothing: it reads the
 * configuration, and notes that it was asked to.
 */

const VERSION = "4.155.0";

const Secrets = z.record(z.string(), z.string().nullable());

function play(surroundings: CommandSurroundings): string {
  const { folder, args } = surroundings;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      name: { type: "string" },
      format: { type: "string" },
      json: { type: "boolean" },
      config: { type: "string" },
      version: { type: "boolean" },
    },
  });
  const words = ["secret", "deployments", "versions"].includes(positionals[0] ?? "") ? 2 : 1;
  const command = values.version ? "--version" : positionals.slice(0, words).join(" ");
  const end = beginCommand(command, surroundings);
  const { breaks, garbles, isOnline } = readState(folder);
  if (breaks === command) throw new CommandFailure("The flux capacitor has no flux [code: 424242]");
  if (garbles === command) return "Welcome to wrangler 9! Everything is different now.";
  if (!isOnline && command !== "--version") throw new CommandFailure("fetch failed");
  try {
    return answer(command, { ...surroundings, values, rest: positionals.slice(words) });
  } finally {
    end();
  }
}

interface Asked extends CommandSurroundings {
  readonly values: { readonly name?: string | undefined; readonly config?: string | undefined };
  readonly rest: readonly string[];
}

function answer(command: string, asked: Asked): string {
  switch (command) {
    case "--version":
      return VERSION;
    case "whoami":
      return whoAmI(asked);
    case "login":
      changeState(asked.folder, (state) => {
        state.isLoggedIn = true;
      });
      return "Successfully logged in.";
    case "secret list": {
      const { worker, name } = theWorker(asked);
      if (worker === undefined) throw new CommandFailure(workerNotFound(name));
      return JSON.stringify(Object.keys(worker.secrets).map((secret) => ({ name: secret, type: "secret_text" })));
    }
    case "secret bulk":
      return putSecrets(asked);
    case "deployments status": {
      const { worker, name, id } = theWorker(asked);
      if (worker === undefined) throw apiFailure(id, "This Worker does not exist on your account. [code: 10007]");
      const versions = [{ version_id: versionOf(name, worker), percentage: 100 }];
      return JSON.stringify({ id: versionOf(name, worker), source: "wrangler", versions }, null, 2);
    }
    case "versions view":
      return viewVersion(asked);
    case "deploy":
      return deploy(asked);
    default:
      throw new CommandFailure(`Unknown argument: ${command}`);
  }
}

/** @throws CommandFailure when nobody is logged in. */
function authenticated({ folder, environment }: Asked): CommandState {
  const state = readState(folder);
  const token = environment.CLOUDFLARE_API_TOKEN;
  if (token !== undefined && token !== state.apiToken) {
    throw new CommandFailure(
      "A request to the Cloudflare API (/user/tokens/verify) failed.\n\n  Invalid access token [code: 9109]",
    );
  }
  if (token === undefined && !state.isLoggedIn) {
    throw new CommandFailure(
      "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN environment variable for wrangler to work.",
    );
  }
  return state;
}

function whoAmI(asked: Asked): string {
  if (!readState(asked.folder).isLoggedIn && asked.environment.CLOUDFLARE_API_TOKEN === undefined) {
    process.exitCode = 1;
    return JSON.stringify({ loggedIn: false });
  }
  const { email, accounts } = authenticated(asked);
  return JSON.stringify({ loggedIn: true, authType: "OAuth Token", email, accounts }, null, 2);
}

interface Found {
  readonly state: CommandState;
  readonly accountId: string;
  readonly name: string;
  /** In the state, `<account>/<name>`. */
  readonly id: string;
  readonly worker: StandinWorker | undefined;
}

/** The Worker that a command is about, if there is one. @throws CommandFailure without a log-in, an account, or rights. */
function theWorker(asked: Asked): Found {
  const state = authenticated(asked);
  const given = asked.environment.CLOUDFLARE_ACCOUNT_ID;
  if (given === undefined && state.accounts.length > 1) {
    throw new CommandFailure("More than one account available but unable to select one in non-interactive mode.");
  }
  const accountId = given ?? state.accounts[0]?.id ?? "";
  const name = asked.values.name ?? "callroom";
  const id = `${accountId}/${name}`;
  if (!state.rights.includes(accountId)) throw apiFailure(id, "Authentication error [code: 10000]");
  if (!state.isEmailConfirmed) throw apiFailure(id, "You need to verify your email address. [code: 10034]");
  return { state, accountId, name, id, worker: state.workers[id] };
}

const EMPTY: StandinWorker = { secrets: {}, history: [], classes: [], deploys: 0, cpuLimit: false };

/** As wrangler does where nobody can be asked: without a Worker of this name it makes an empty one, and goes on. */
function putSecrets(asked: Asked): string {
  const { name, id, worker } = theWorker(asked);
  const lines = [`\u{1F300} Processing the secrets for the Worker "${name}"`];
  const { data } = Secrets.safeParse(parsed(asked.stdin));
  if (data === undefined) return "\u{1F6A8} No content found in file, or piped input.";
  if (worker === undefined) lines.push(`\u{1F300} Creating new Worker "${name}"...`);
  changeState(asked.folder, (state) => {
    const to = state.workers[id] ?? structuredClone(EMPTY);
    for (const [secret, value] of Object.entries(data)) {
      to.history.push({ name: secret, value });
      if (value === null) delete to.secrets[secret];
      else to.secrets[secret] = value;
    }
    state.workers[id] = to;
  });
  return [...lines, ...Object.keys(data).map((key) => `\u2728 Successfully created secret for key: ${key}`)].join("\n");
}

function viewVersion(asked: Asked): string {
  const { name, id, worker } = theWorker(asked);
  const [versionId] = asked.rest;
  if (worker === undefined || versionId !== versionOf(name, worker)) {
    throw apiFailure(id, "This version does not exist. [code: 10007]");
  }
  const objects = worker.classes.map((class_name) => ({ type: "durable_object_namespace", name: "X", class_name }));
  const secrets = Object.keys(worker.secrets).map((secret) => ({ type: "secret_text", name: secret }));
  return JSON.stringify({ id: versionId, resources: { bindings: [...objects, ...secrets] } }, null, 2);
}

function deploy(asked: Asked): string {
  const { state, name, id, accountId, worker } = theWorker(asked);
  const toml = readFileSync(resolve(asked.values.config ?? "wrangler.toml"), "utf8");
  const isFirst = worker === undefined;
  if (isFirst && state.subdomain === null) throw new CommandFailure(noSubdomain(accountId));
  const required = [...(/required = \[([^\]]*)\]/.exec(toml)?.[1]?.matchAll(/"(\w+)"/g) ?? [])].map(
    ([, one]) => one ?? "",
  );
  const missing = required.filter((secret) => worker?.secrets[secret] === undefined);
  if (missing.length > 0) {
    throw new CommandFailure(
      `The following required secrets have not been set: ${missing.join(", ")}${isFirst ? "\nThis Worker does not exist yet, so secrets cannot be set in advance with `wrangler secret put`." : ""}`,
    );
  }
  const hasCpuLimit = /^cpu_ms/m.test(toml);
  if (hasCpuLimit && state.plan === "free") {
    throw apiFailure(id, "CPU limits are not supported for the Free plan. [code: 100328]");
  }
  const target = `https://${name}.${state.subdomain ?? ""}.workers.dev`;
  changeState(asked.folder, ({ workers }) => {
    const deployed = workers[id] ?? structuredClone(EMPTY);
    deployed.classes = [...toml.matchAll(/class_name = "(\w+)"/g)].map(([, one]) => one ?? "");
    deployed.deploys += 1;
    deployed.cpuLimit = hasCpuLimit;
    workers[id] = deployed;
  });
  // Of a Worker that was there already it is found out when everything is uploaded.
  if (state.subdomain === null) throw new CommandFailure(noSubdomain(accountId));
  const outputFile = asked.environment.WRANGLER_OUTPUT_FILE_PATH;
  if (outputFile !== undefined) {
    const lines = [
      { type: "wrangler-session", version: 1, wrangler_version: VERSION },
      { type: "deploy", version: 1, worker_name: name, targets: [target] },
    ];
    for (const line of lines) appendFileSync(outputFile, `${JSON.stringify(line)}\n`);
  }
  return `[custom build] Running: npm run --silent build:web\nTotal Upload: 900.12 KiB / gzip: 240.00 KiB\nUploaded ${name} (4.20 sec)\nDeployed ${name} triggers (0.50 sec)\n  ${target}`;
}

const apiFailure = (id: string, note: string): CommandFailure => {
  const [accountId, name] = id.split("/");
  return new CommandFailure(
    `A request to the Cloudflare API (/accounts/${accountId}/workers/scripts/${name}) failed.\n\n  ${note}`,
  );
};

const workerNotFound = (name: string): string =>
  `Worker "${name}" not found.\n\nIf this is a new Worker, run \`wrangler deploy\` first to create it.`;

const noSubdomain = (accountId: string): string =>
  `You can either deploy your worker to one or more routes by specifying them in your wrangler.toml file, or register a workers.dev subdomain here:\nhttps://dash.cloudflare.com/${accountId}/workers/onboarding`;

/** A version's id, which changes with whatever is in it. */
function versionOf(name: string, { deploys, history }: StandinWorker): string {
  const hash = createHash("sha256").update(`${name} ${deploys} ${history.length}`).digest("hex");
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

await playCommand(play, (args) => args.includes("bulk"));
