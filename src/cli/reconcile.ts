import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readConfiguration } from "./configuration.ts";
import { reconcileCommand } from "./reconcile-command.ts";
import { openLedger } from "./reconcile-ledger.ts";

/* `npm run reconcile`: the command of reconcile-command.ts on the real database. */

const projectFolder = resolve(import.meta.dirname, "../..");

process.exitCode = await reconcileCommand(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  nowMs: () => Date.now(),
  // npm runs its commands in the project's folder, and says here where the person was.
  readFile: (path) => readFile(resolve(process.env.INIT_CWD ?? "", path)),
  openLedger: () => openLedger(readConfiguration(process.env, projectFolder), projectFolder),
});
