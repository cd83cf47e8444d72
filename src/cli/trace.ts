import { resolve } from "node:path";
import { readConfiguration } from "./configuration.ts";
import { fixOf } from "./docs/failure-help.ts";
import { traceCommand } from "./trace-command.ts";

/* `npm run trace`: the command of trace-command.ts on this machine. */

const projectFolder = resolve(import.meta.dirname, "../..");

process.exitCode = await traceCommand(process.argv.slice(2), {
  environment: process.env,
  configuration: (isDeployed) => readConfiguration(process.env, projectFolder, isDeployed),
  out: process.stdout,
  err: process.stderr,
  fetch,
  fixOf,
});
