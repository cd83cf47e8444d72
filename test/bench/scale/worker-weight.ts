import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "../../..");
const WRANGLER = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
const OFFLINE = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_WRITE_LOGS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};
const LONGEST_MS = 120_000;

/** How heavy the Worker is as it would be uploaded. */
export interface Weight {
  readonly uploadKib: number;
  readonly gzipKib: number;
}

/** The line that wrangler ends a dry run with. @throws Error when it is not there. */
export function readWeight(said: string): Weight {
  const [, upload, gzip] = /Total Upload: ([\d.]+) KiB \/ gzip: ([\d.]+) KiB/.exec(said) ?? [];
  if (upload === undefined || gzip === undefined) throw new Error("wrangler did not say how heavy the Worker is.");
  return { uploadKib: Number(upload), gzipKib: Number(gzip) };
}

/** Bundles the Worker into one file, as it would be uploaded, for {@link startupActiveMs}. */
export async function bundle(path: string): Promise<Weight> {
  return readWeight(await wrangler(["deploy", "--dry-run", "--outfile", path]));
}

/** Starts a bundled Worker in a fresh workerd; returns the milliseconds of its start in which something ran. */
export async function startupActiveMs(bundlePath: string, profilePath: string): Promise<number> {
  const said = await wrangler(["check", "startup", "--worker", bundlePath, "--outfile", profilePath]);
  const active = Number(/Active: ([\d.]+) ms/.exec(said)?.[1]);
  if (!(active > 0)) throw new Error("wrangler did not say how long the Worker takes to start.");
  return active;
}

async function wrangler(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...OFFLINE },
    timeout: LONGEST_MS,
  });
  return stdout;
}
