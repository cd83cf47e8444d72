import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { readConfiguration } from "./configuration.ts";
import { doctorCommand } from "./doctor-command.ts";
import type { Machine } from "./doctor-machine.ts";

/* `npm run doctor`: the command of doctor-command.ts on this machine. */

const projectFolder = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);
const GIT_MS = 5_000;

const machine: Machine = {
  nodeVersion: process.versions.node,
  wrangler: {
    installed: fieldOf("node_modules/wrangler/package.json", z.object({ version: z.string() }))?.version,
    pinned: fieldOf("package.json", z.object({ devDependencies: z.record(z.string(), z.string()) }))?.devDependencies
      .wrangler,
  },
  exists: (path) => existsSync(resolve(projectFolder, path)),
  modeOf: (path) => {
    const stats = statSync(resolve(projectFolder, path), { throwIfNoEntry: false });
    return process.platform === "win32" ? undefined : stats && stats.mode & 0o777;
  },
  isIgnored: async (path) => {
    try {
      await run("git", ["check-ignore", "--quiet", path], { cwd: projectFolder, timeout: GIT_MS });
      return true;
    } catch (thrown) {
      // 1: git would take it. Anything else: no git, or no repository.
      return z.object({ code: z.literal(1) }).safeParse(thrown).success ? false : undefined;
    }
  },
};

process.exitCode = await doctorCommand(process.argv.slice(2), {
  environment: process.env,
  configuration: (isDeployed) => readConfiguration(process.env, projectFolder, isDeployed),
  out: process.stdout,
  err: process.stderr,
  fetch,
  machine,
});

function fieldOf<Shape>(path: string, shape: z.ZodType<Shape>): Shape | undefined {
  try {
    return shape.safeParse(JSON.parse(readFileSync(resolve(projectFolder, path), "utf8"))).data;
  } catch {
    return undefined;
  }
}
