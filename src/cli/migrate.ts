import { resolve } from "node:path";
import { migrateCommand } from "./migrate-command.ts";

/* `npm run db:migrate`: the command of migrate-command.ts. */

process.exitCode = await migrateCommand({
  environment: process.env,
  projectFolder: resolve(import.meta.dirname, "../.."),
  print: (line) => console.log(line),
});
