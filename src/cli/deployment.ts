import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseEnv } from "node:util";
import * as z from "zod";

/*
 * What is known here of the deployed Worker. Cloudflare shows a secret to nobody, so whoever wants to rotate the master key
 * or open the console needs a place that still knows it: a file that only its owner reads, in a folder that git ignores.
 */

export const DEPLOYMENT_FILE = ".callroom/deployment.env";

const Variable = z.string().regex(/^[A-Z][A-Z0-9_]*$/);
/** A value stands between double quotes in one line; nothing that is kept needs more. */
const Value = z.string().regex(/^[^"\\\r\n]*$/);

/** The variables of the deployed Worker that were kept, and its address as `CALLROOM_URL`; `undefined`: there is no file. */
export function readDeployment(projectFolder: string): Readonly<Record<string, string>> | undefined {
  try {
    const kept = Object.entries(parseEnv(readFileSync(resolve(projectFolder, DEPLOYMENT_FILE), "utf8")));
    return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  } catch {
    return undefined;
  }
}

/**
 * Keeps variables beside those that are kept already; `undefined` removes one. Killed at any moment, the file is as it was or
 * as it shall be.
 *
 * @throws RangeError for a name or value that cannot be kept; an Error of the file system.
 */
export function keepDeployment(projectFolder: string, changes: Readonly<Record<string, string | undefined>>): void {
  const path = resolve(projectFolder, DEPLOYMENT_FILE);
  const kept = Object.entries({ ...readDeployment(projectFolder), ...changes }).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (!Variable.safeParse(name).success || !Value.safeParse(value).success) {
      throw new RangeError(`${name} has a character that cannot be kept.`);
    }
    return [`${name}="${value}"\n`];
  });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.${process.pid}`;
  try {
    writeFileSync(next, `# Secrets of the deployed Worker. Keep a copy where you keep passwords.\n${kept.join("")}`, {
      mode: 0o600,
      flush: true,
    });
    renameSync(next, path);
  } finally {
    rmSync(next, { force: true });
  }
}
