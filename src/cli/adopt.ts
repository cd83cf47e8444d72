import { resolve } from "node:path";
import { openDatabase } from "../store/database.ts";
import { openPredecessor } from "../store/predecessor.ts";
import { adoptCommand } from "./adopt-command.ts";
import { readConfiguration } from "./configuration.ts";

/* `npm run adopt`: the command of adopt-command.ts on real databases. */

/** Hundreds of rows are one statement, and a database may have to wake up first; a caller could not wait so long. */
const QUERY_MS = 30_000;

process.exitCode = await adoptCommand(process.argv.slice(2), {
  configuration: (isDeployed) => readConfiguration(process.env, resolve(import.meta.dirname, "../.."), isDeployed),
  out: process.stdout,
  err: process.stderr,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  openDatabase: (address) => openDatabase(address, QUERY_MS),
  openPredecessor,
});
