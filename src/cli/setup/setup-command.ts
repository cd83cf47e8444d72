import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { type Kept, openKept } from "./kept.ts";
import type { Ran, SetupPorts } from "./ports.ts";
import { childVariables, commandOf } from "./processes.ts";
import { readSetupOptions, type SetupOptions, STEPS, type StepName, USAGE } from "./setup-options.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import { account } from "./step-account.ts";
import { openClass } from "./step-class.ts";
import { database } from "./step-database.ts";
import { deploy } from "./step-deploy.ts";
import { look } from "./step-look.ts";
import { migrations } from "./step-migrations.ts";
import { options } from "./step-options.ts";
import { secrets } from "./step-secrets.ts";
import { tools } from "./step-tools.ts";
import { isWorkerName, SECRETS, wrongWith } from "./variables.ts";
import { given, type Said, type SetupWorld, type Step } from "./world.ts";
import { openWrangler } from "./wrangler.ts";

/*
 * `npm run setup`: from a clone to an open class. Each step looks at what there is and does what is missing, so a run may be
 * ended anywhere, and the next one goes on from there.
 */

const DO: Readonly<Record<StepName, Step>> = {
  tools,
  account,
  database,
  migrations,
  options,
  secrets,
  deploy,
  look,
  class: openClass,
};

/** 0: done. 1: a step could not be done. 2: arguments or variables are not understood, and nothing was done. */
export type SetupExitCode = 0 | 1 | 2;

/** Runs setup. Writes sentences; never a secret, but the instructor's token when it is asked for by name. */
export async function setupCommand(args: readonly string[], ports: SetupPorts): Promise<SetupExitCode> {
  const { out, err } = ports;
  const wanted = readSetupOptions(args);
  if (wanted === "help") {
    out.write(USAGE);
    return 0;
  }
  if ("problem" in wanted) {
    err.write(`${wanted.problem}\n\n${USAGE}`);
    return 2;
  }
  const wrong = wrongBeforehand(wanted, ports);
  if (wrong !== undefined) {
    err.write(`${wrong}\nNothing was done.\n`);
    return 2;
  }
  let unlock = (): void => {};
  try {
    if (!wanted.isDry) unlock = ports.lock();
    const world = openWorld(wanted, ports);
    for (const step of wanted.steps) await show(world, step);
    return 0;
  } catch (thrown) {
    // Only our own sentences: what anything else says may quote a value.
    const isOurs = thrown instanceof SetupTrouble || thrown instanceof Failure;
    err.write(`\n${isOurs ? thrown.message : "Something went wrong on our side."}\n`);
    if (!wanted.isDry) err.write("Nothing is half done: run setup again, and it goes on from here.\n");
    return 1;
  } finally {
    unlock();
  }
}

/** What can be seen to be wrong before anything is done. */
function wrongBeforehand(wanted: SetupOptions, ports: SetupPorts): string | undefined {
  const name = wanted.workerName ?? given(ports, "WORKER_NAME");
  if (name !== undefined && !isWorkerName(name)) {
    return "The Worker's name is not usable. It should be 1 to 63 characters: a to z, 0 to 9, and - between them.";
  }
  for (const secret of SECRETS) {
    const value = given(ports, secret);
    const wrong = value === undefined ? undefined : wrongWith(secret, value);
    if (wrong !== undefined) return wrong;
  }
  const accountId = given(ports, "CLOUDFLARE_ACCOUNT_ID");
  if (accountId !== undefined && !/^[0-9a-f]{32}$/.test(accountId)) {
    return "CLOUDFLARE_ACCOUNT_ID is not usable. It should be 32 characters, 0 to 9 and a to f.";
  }
  if (ports.prompt === undefined && !wanted.isUnattended && !wanted.isDry) {
    return "Nobody can be asked here: run it in a terminal, or with --yes.";
  }
  return undefined;
}

function openWorld(wanted: SetupOptions, ports: SetupPorts): SetupWorld {
  const { environment, projectFolder } = ports;
  const kept = openKept(projectFolder);
  for (const name of ["ENCRYPTION_KEY", "INSTRUCTOR_TOKEN"] as const) {
    const [now, before] = [given(ports, name), kept.get(name)];
    if (now === undefined || before === undefined || now === before) continue;
    throw new SetupTrouble(
      `${name} is set, and is not the one that this deployment has. Unset it${name === "ENCRYPTION_KEY" ? "; to change it: npm run keys -- renew --deployed" : ""}.`,
    );
  }
  const command = commandOf(environment, "CALLROOM_WRANGLER", {
    file: process.execPath,
    args: [resolve(projectFolder, "node_modules/wrangler/bin/wrangler.js")],
  });
  const keepOutput = (ran: Ran): string => keepLog(ports, kept, ran);
  return {
    ...ports,
    prompt: wanted.isUnattended ? undefined : ports.prompt,
    options: wanted,
    kept,
    wrangler: openWrangler(ports, command, childVariables(environment), keepOutput),
    workerName: nameOfWorker(wanted, ports, kept),
    accountId: kept.get("CLOUDFLARE_ACCOUNT_ID"),
    wouldKeep: new Map(),
  };
}

function nameOfWorker(wanted: SetupOptions, ports: SetupPorts, kept: Kept): string {
  const now = wanted.workerName ?? given(ports, "WORKER_NAME");
  const before = kept.get("WORKER_NAME");
  const isBegun = kept.get("SECRETS_PUT") !== undefined || kept.get("SECRETS_ON_THEIR_WAY") !== undefined;
  if (now !== undefined && before !== undefined && now !== before && isBegun) {
    throw new SetupTrouble(
      `This folder keeps the deployment of the Worker ${before}. Make the second one from a clone of its own.`,
    );
  }
  const toml = readFileSync(resolve(ports.projectFolder, "wrangler.toml"), "utf8");
  return now ?? before ?? /^name = "([^"]+)"$/m.exec(toml)?.[1] ?? "callroom";
}

const NAME_COLUMN = Math.max(...STEPS.map((name) => name.length)) + 2;
const INDENT = " ".repeat(6 + NAME_COLUMN);

/** Does a step: on a terminal its name stands there meanwhile; a line, and what more there is to say, when it is done. */
async function show(world: SetupWorld, name: StepName): Promise<void> {
  const { out } = world;
  const head = `${STEPS.indexOf(name) + 1}/${STEPS.length}   ${name.padEnd(NAME_COLUMN)}`;
  if (out.isTTY) out.write(`${head}…`);
  let said: Said;
  try {
    said = await DO[name](world);
  } finally {
    if (out.isTTY) out.write("\r\x1b[K");
  }
  out.write(`${head}${said.line}\n`);
  const indent = name === "class" ? "  " : INDENT;
  for (const line of said.more ?? []) out.write(line === "" ? "\n" : `${indent}${line}\n`);
}

const LOG = ".callroom/setup.log";

/** Keeps what a command said that failed, without what is secret in it; tells where. */
function keepLog({ environment, projectFolder }: SetupPorts, kept: Kept, { stdout, stderr }: Ran): string {
  const values = SECRETS.flatMap((name) => [kept.get(name), environment[name]?.trim()]);
  let text = `${stdout}\n${stderr}`;
  for (const value of [...values, environment.CLOUDFLARE_API_TOKEN?.trim()]) {
    if (value) text = text.replaceAll(value, "[redacted]");
  }
  try {
    mkdirSync(resolve(projectFolder, ".callroom"), { recursive: true, mode: 0o700 });
    writeFileSync(resolve(projectFolder, LOG), text, { mode: 0o600 });
    return LOG;
  } catch {
    return "no file, for none could be written";
  }
}
