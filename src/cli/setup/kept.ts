import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { DEPLOYMENT_FILE, keepDeployment, readDeployment } from "../deployment.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import { SECRETS, type SecretName, wrongWith } from "./variables.ts";

/*
 * What setup keeps of a deployment, in `.callroom/deployment.env`: the secrets, which Worker they are for, its address. What is
 * there is written before it is put anywhere, so that a run that is killed loses nothing.
 */

/** What is kept beside the secrets. */
export const FACTS = [
  "CLOUDFLARE_ACCOUNT_ID",
  "WORKER_NAME",
  "CALLROOM_URL",
  /** Where to make a database of Neon's one's own, and until when (ISO 8601). */
  "NEON_CLAIM_URL",
  "NEON_CLAIM_BEFORE",
  /** Digests of the secrets that Cloudflare has taken from here, and of those that were on their way when a run ended. */
  "SECRETS_PUT",
  "SECRETS_ON_THEIR_WAY",
] as const;
export type KeptName = SecretName | (typeof FACTS)[number];

export type KeptChanges = { readonly [Name in KeptName]?: string | undefined };

export interface Kept {
  get(name: KeptName): string | undefined;
  /** @throws SetupTrouble when the folder cannot be written. */
  keep(changes: KeptChanges): void;
}

/**
 * Opens what is kept in a project's folder.
 *
 * @throws SetupTrouble when there is a file that cannot be read, or a secret in it that was damaged: going on would replace it.
 */
export function openKept(projectFolder: string): Kept {
  const read = readDeployment(projectFolder);
  if (read === undefined && existsSync(resolve(projectFolder, DEPLOYMENT_FILE))) {
    throw new SetupTrouble(`${DEPLOYMENT_FILE} cannot be read: may you open it? Nothing was changed.`);
  }
  for (const name of SECRETS) {
    const value = read?.[name];
    const wrong = value === undefined ? undefined : wrongWith(name, value);
    if (wrong !== undefined) throw new SetupTrouble(`In ${DEPLOYMENT_FILE}: ${wrong} Nothing was changed.`);
  }
  return {
    get: (name) => readDeployment(projectFolder)?.[name] || undefined,
    keep: (changes) => {
      try {
        keepDeployment(projectFolder, changes);
      } catch {
        throw new SetupTrouble(`${DEPLOYMENT_FILE} cannot be written: is the disk full, or the folder not yours?`);
      }
    },
  };
}

/** What went to a Worker: the names, each with a digest of what was put under it. */
export type PutDigests = ReadonlyMap<string, string>;

/** Reads `SECRETS_PUT` or `SECRETS_ON_THEIR_WAY`; of another Worker or account nothing counts. */
export function readDigests(text: string | undefined, worker: string): PutDigests {
  const [of, ...entries] = (text ?? "").split(" ");
  const pairs = entries.flatMap((entry): [string, string][] => {
    const [, name, digest] = /^([A-Z_]+):([0-9a-f]{16})$/.exec(entry) ?? [];
    return name === undefined || digest === undefined ? [] : [[name, digest]];
  });
  return new Map(of === worker ? pairs : []);
}

export const writeDigests = (worker: string, digests: PutDigests): string =>
  [worker, ...[...digests].map(([name, digest]) => `${name}:${digest}`)].join(" ");

/** Tells values apart, and nothing about them. */
export const digestOf = (name: string, value: string): string =>
  createHash("sha256").update(`${name}\0${value}`).digest("hex").slice(0, 16);
