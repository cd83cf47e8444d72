import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { docsCommand } from "./docs/docs-command.ts";

/* `npm run docs`: the command of docs/docs-command.ts on the files of this project. */

const PROJECT = resolve(import.meta.dirname, "../..");

process.exitCode = docsCommand(process.argv.slice(2), {
  read: (path) => (existsSync(resolve(PROJECT, path)) ? readFileSync(resolve(PROJECT, path), "utf8") : ""),
  write: (path, text) => writeFileSync(resolve(PROJECT, path), text),
  list: (folder) => globSync("**/*", { cwd: resolve(PROJECT, folder) }).map((path) => path.replaceAll("\\", "/")),
  out: process.stdout,
  err: process.stderr,
});
