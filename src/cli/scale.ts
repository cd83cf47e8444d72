import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { scaleCommand } from "./scale/scale-command.ts";

/* `npm run scale`: the command of scale/scale-command.ts, with what was measured and the measuring itself. */

const BENCH = resolve(import.meta.dirname, "../../test/bench/scale");

process.exitCode = await scaleCommand(process.argv.slice(2), {
  measured: () => readFileSync(resolve(BENCH, "measured.json"), "utf8"),
  measure: async () => {
    const child = spawn(process.execPath, [resolve(BENCH, "measure.ts")], { stdio: "inherit" });
    const [code]: unknown[] = await once(child, "exit");
    return typeof code === "number" ? code : 1;
  },
  out: process.stdout,
  err: process.stderr,
});
