import { resolve } from "node:path";
import { screenshotsCommand } from "./screenshots-command.ts";

/* `npm run screenshots`: the command of screenshots-command.ts. `-- join wall` makes only those. */

process.exitCode = await screenshotsCommand({
  folder: resolve(import.meta.dirname, "../../docs/screens"),
  only: process.argv.slice(2),
  print: (line) => console.log(line),
});
