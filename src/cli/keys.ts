import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import { openDatabase } from "../store/database.ts";
import { readConfiguration } from "./configuration.ts";
import { keyRowsIn } from "./key-rows.ts";
import { keysCommand } from "./keys-command.ts";

/* `npm run keys`: the command of keys-command.ts on the real database. */

/** A rotation can wait for a database that wakes from its sleep; a caller could not. */
const QUERY_MS = 10_000;

try {
  process.exitCode = await keysCommand(process.argv.slice(2), {
    configuration: readConfiguration(process.env, resolve(import.meta.dirname, "../..")),
    out: process.stdout,
    err: process.stderr,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    openRows: (address) => keyRowsIn(openDatabase(address, QUERY_MS)),
  });
} catch (thrown) {
  // Only our own sentences: what anything else says may quote a value.
  const sentence = thrown instanceof Failure ? thrown.message : "Something went wrong on our side.";
  process.stderr.write(`${sentence}\nNothing is half done: run the command again, and it goes on from here.\n`);
  process.exitCode = 2;
}
