import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import type { Command, SetupPorts, Variables } from "./ports.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import { wrongWith } from "./variables.ts";

/*
 * A claimable database of Neon's: made without an account, deleted after 72 hours unless somebody claims it. Neon's own tool
 * makes it (https://neon.com/docs/reference/neon-launchpad) and appends what it made to an .env file; it also prints the
 * password, so nothing that it prints is shown.
 */

/** Run by npx: only whoever wants such a database needs it. Pinned, for it is asked for a secret. */
export const NEON_TOOL: Command = { file: "npx", args: ["--yes", "neon-new@0.14.0"] };

export interface ClaimableDatabase {
  readonly url: string;
  readonly claimUrl: string | undefined;
  /** Milliseconds since 1970. */
  readonly claimBeforeMs: number;
}

const FILE = ".callroom/neon.env";
const CLAIM_MS = 72 * 3_600_000;
const MAKE_MS = 180_000;

/**
 * Makes a database, or finds the one that an earlier run made before it was ended.
 *
 * @throws SetupTrouble when there is none afterwards.
 */
export async function makeNeonDatabase(
  { run, projectFolder, now }: Pick<SetupPorts, "run" | "projectFolder" | "now">,
  command: Command,
  environment: Variables,
): Promise<ClaimableDatabase> {
  const path = resolve(projectFolder, FILE);
  const earlier = readMade(path, now());
  if (earlier !== undefined) return earlier;
  mkdirSync(resolve(projectFolder, ".callroom"), { recursive: true, mode: 0o700 });
  // The tool appends, so the file keeps the mode that it has now. One without a URL is of no use to anybody.
  rmSync(path, { force: true });
  closeSync(openSync(path, "wx", 0o600));
  const ran = await run({
    command,
    args: ["--yes", "--env", path, "--ref", "callroom"],
    environment,
    timeoutMs: MAKE_MS,
  });
  const made = readMade(path, now());
  if (made !== undefined) return made;
  throw new SetupTrouble(
    ran.exitCode === null || ran.exitCode === 127
      ? "Neon's tool could not be started: npx neon-new. Set DATABASE_URL to a Postgres of your own instead."
      : "Neon did not make a database: is this machine online? Try again, or set DATABASE_URL to a Postgres of your own.",
  );
}

/** Once what it says is kept elsewhere. */
export function forgetNeonFile(projectFolder: string): void {
  rmSync(resolve(projectFolder, FILE), { force: true });
}

function readMade(path: string, nowMs: number): ClaimableDatabase | undefined {
  if (!existsSync(path)) return undefined;
  chmodSync(path, 0o600);
  const text = readFileSync(path, "utf8");
  const variables = parseEnv(text);
  const url = variables.DATABASE_URL;
  if (url === undefined || wrongWith("DATABASE_URL", url) !== undefined) return undefined;
  const claimUrl = Object.entries(variables).find(([name]) => name.endsWith("POSTGRES_CLAIM_URL"))?.[1];
  const isClaimUrl = claimUrl !== undefined && URL.canParse(claimUrl) && new URL(claimUrl).protocol === "https:";
  const saidMs = Date.parse(/^# Claimable DB expires at: (.+)$/m.exec(text)?.[1] ?? "");
  return {
    url,
    claimUrl: isClaimUrl ? new URL(claimUrl).href : undefined,
    claimBeforeMs: Number.isNaN(saidMs) ? nowMs + CLAIM_MS : saidMs,
  };
}
