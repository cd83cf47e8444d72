import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { callCommand } from "./call-command.ts";
import { readConfiguration } from "./configuration.ts";

/* `npm run call`: the command of call-command.ts at a real terminal. */

process.exitCode = await callCommand(process.argv.slice(2), {
  configuration: readConfiguration(process.env, resolve(import.meta.dirname, "../..")),
  input: process.stdin,
  out: process.stdout,
  err: process.stderr,
  now: () => performance.now(),
  sleep: (ms) => sleep(ms),
  onHangUp: (hangUp) => {
    process.once("SIGINT", hangUp);
    return () => process.off("SIGINT", hangUp);
  },
});
