// First of all: wrangler, which this starts, keeps secrets out of files when these variables say so.
import "./wrangler-environment.ts";
import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Failure } from "../failure.ts";
import { openDatabase } from "../store/database.ts";
import { readConfiguration } from "./configuration.ts";
import { deployedKeys, devKeys } from "./key-place.ts";
import { keyStoreIn } from "./key-rows.ts";
import type { RunWrangler } from "./key-worker.ts";
import { keysCommand } from "./keys-command.ts";
import { childVariables, commandOf, runProcess } from "./setup/processes.ts";

/* `npm run keys`: the command of keys-command.ts on the real database, Worker, files and wrangler. */

const PROJECT = resolve(import.meta.dirname, "../..");
/** A rotation can wait for a database that wakes from its sleep; a caller could not. */
const QUERY_MS = 10_000;
const WRANGLER_MS = 120_000;

const WRANGLER = { file: process.execPath, args: [resolve(PROJECT, "node_modules/wrangler/bin/wrangler.js")] };

/** What it prints is parsed and repeated nowhere. */
const runWrangler: RunWrangler = ({ args, stdin, variables }) =>
  runProcess(
    {
      command: commandOf(process.env, "CALLROOM_WRANGLER", WRANGLER),
      args,
      stdin,
      environment: { ...childVariables(process.env), ...variables, NO_COLOR: "1" },
      timeoutMs: WRANGLER_MS,
    },
    PROJECT,
  );

try {
  process.exitCode = await keysCommand(process.argv.slice(2), {
    configure: (isDeployed) => readConfiguration(process.env, PROJECT, isDeployed),
    placeOf: (isDeployed) => (isDeployed ? deployedKeys(PROJECT) : devKeys(PROJECT)),
    openStore: (address) => keyStoreIn(openDatabase(address, QUERY_MS)),
    fetch,
    runWrangler,
    out: process.stdout,
    err: process.stderr,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    nowMs: Date.now,
    wait: (ms) => wait(ms),
  });
} catch (thrown) {
  // Only our own sentences: what anything else says may quote a value.
  const sentence = thrown instanceof Failure ? thrown.message : "Something went wrong on our side.";
  process.stderr.write(`${sentence}\nNothing is half done: run the command again, and it goes on from here.\n`);
  process.exitCode = 2;
}
