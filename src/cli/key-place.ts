import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { DataDirInUse, lockDataDir } from "../../test/standins/data-dir-lock.ts";
import { DEPLOYMENT_FILE, keepDeployment, readDeployment } from "./deployment.ts";
import { KeyTrouble } from "./key-trouble.ts";

/** Where the master keys of one Callroom are kept on this machine. Nobody else can say what they are: Cloudflare shows no secret. */
export interface KeyPlace {
  /** For a person: the file's path in the project's folder. */
  readonly file: string;
  read(): Readonly<Record<string, string | undefined>>;
  /** One write; `undefined` removes a variable. Killed at any moment, all of it is there or nothing. */
  keep(changes: Readonly<Record<string, string | undefined>>): void;
  /**
   * Keeps others from changing the master keys meanwhile: of two renewals at once, one would forget the key that the other
   * has begun to seal with.
   *
   * @returns what lets go of it.
   * @throws KeyTrouble when another process has it.
   */
  lock(): () => void;
}

/** Those of the deployed Worker. */
export const deployedKeys = (projectFolder: string): KeyPlace => ({
  file: DEPLOYMENT_FILE,
  read: () => readDeployment(projectFolder) ?? {},
  keep: (changes) => keepDeployment(projectFolder, changes),
  // The lock of npm run setup: it puts secrets too, those that it found here when it began.
  lock: () => lockKeys(projectFolder, "setup.lock"),
});

/** Those of `npm run dev`. */
export const devKeys = (projectFolder: string): KeyPlace => {
  const path = resolve(projectFolder, ".dev.vars");
  return {
    file: ".dev.vars",
    read: () => parseEnv(textOf(path)),
    keep: (changes) => writePrivately(path, changed(textOf(path), changes)),
    lock: () => lockKeys(projectFolder, "keys.lock"),
  };
};

/** The text of a file of variables with these in the place of theirs; whatever else somebody wrote there stays. */
function changed(text: string, changes: Readonly<Record<string, string | undefined>>): string {
  const kept = text.split("\n").filter((line) => {
    const [, name = ""] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(line) ?? [];
    return !Object.hasOwn(changes, name);
  });
  while (kept.at(-1) === "") kept.pop();
  const added = Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value}"`]));
  return [...kept, ...added].map((line) => `${line}\n`).join("");
}

function writePrivately(path: string, text: string): void {
  const next = `${path}.${process.pid}`;
  try {
    writeFileSync(next, text, { mode: 0o600, flush: true });
    renameSync(next, path);
  } finally {
    rmSync(next, { force: true });
  }
}

function lockKeys(projectFolder: string, name: string): () => void {
  const folder = resolve(projectFolder, ".callroom");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    return lockDataDir(folder, resolve(folder, name));
  } catch (thrown) {
    if (!(thrown instanceof DataDirInUse)) throw thrown;
    throw new KeyTrouble(
      "Another npm run keys or npm run setup is at work on the master keys: wait until it has ended.",
    );
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
