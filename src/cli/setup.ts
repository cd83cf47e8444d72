import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { DataDirInUse, lockDataDir } from "../../test/standins/data-dir-lock.ts";
import { runProcess } from "./setup/processes.ts";
import { terminalPrompt } from "./setup/prompts.ts";
import { setupCommand } from "./setup/setup-command.ts";
import { setupDatabase } from "./setup/setup-database.ts";
import { SetupTrouble } from "./setup/setup-trouble.ts";

/* `npm run setup`: the command of setup/setup-command.ts with real processes, terminal, databases and time. */

const PROJECT = resolve(import.meta.dirname, "../..");

const FOLDER = resolve(PROJECT, ".callroom");

/** Two at once would make two of everything. */
function lock(): () => void {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  try {
    return lockDataDir(FOLDER, resolve(FOLDER, "setup.lock"));
  } catch (thrown) {
    if (!(thrown instanceof DataDirInUse)) throw thrown;
    throw new SetupTrouble("Another npm run setup is at work in this folder: wait until it has ended.");
  }
}

process.exitCode = await setupCommand(process.argv.slice(2), {
  environment: process.env,
  projectFolder: PROJECT,
  lock,
  nodeVersion: process.versions.node,
  out: process.stdout,
  err: process.stderr,
  prompt: process.stdin.isTTY ? terminalPrompt(process.stdin, process.stdout) : undefined,
  run: (request) => runProcess(request, PROJECT),
  fetcher: fetch,
  database: setupDatabase,
  now: Date.now,
  wait: (ms) => wait(ms),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
});
