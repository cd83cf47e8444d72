import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { callCommand } from "./call-command.ts";
import { nodeCallWorld } from "./call-world.ts";
import { readConfiguration } from "./configuration.ts";

/* `npm run call`: the command of call-command.ts at a real terminal. */

/** npm runs its commands in the project's folder, and says here where the person was. */
const pathOf = (typed: string): string => resolve(process.env.INIT_CWD ?? "", typed);

process.exitCode = await callCommand(process.argv.slice(2), {
  configuration: readConfiguration(process.env, resolve(import.meta.dirname, "../..")),
  input: process.stdin,
  out: process.stdout,
  err: process.stderr,
  now: () => performance.now(),
  files: {
    read: (path) => readFile(pathOf(path)),
    write: (path, bytes) => writeFile(pathOf(path), bytes),
  },
  callWorld: nodeCallWorld,
  sleep: (ms) => sleep(ms),
  onHangUp: (hangUp) => {
    process.once("SIGINT", hangUp);
    return () => process.off("SIGINT", hangUp);
  },
});
