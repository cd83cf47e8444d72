import type { DatabaseAddress } from "../store/database.ts";
import { isUsableMasterKey, loadMasterKeys, type MasterKeys, splitMasterKeys } from "../vault/master-keys.ts";
import type { Configuration } from "./configuration.ts";
import { KeyTrouble } from "./key-trouble.ts";

/** The master keys as texts, and loaded. */
export interface KeyRing {
  readonly newestHex: string;
  /** The latest first. */
  readonly previousHexes: readonly string[];
  readonly keys: MasterKeys;
}

const RULE = "64 hexadecimal characters, and not one byte repeated";

/**
 * @param variable a variable's value, if it has one.
 * @param where for a person: where it was looked for.
 * @throws KeyTrouble that names the variable which is missing or malformed, never its value.
 */
export async function readRing(variable: (name: string) => string | undefined, where: string): Promise<KeyRing> {
  const newest = variable("ENCRYPTION_KEY")?.trim() || undefined;
  const previousHexes = splitMasterKeys(variable("ENCRYPTION_KEY_PREVIOUS") ?? "");
  if (newest === undefined) throw new KeyTrouble(`ENCRYPTION_KEY is not set, ${where}.`);
  if (!isUsableMasterKey(newest)) throw new KeyTrouble(`ENCRYPTION_KEY is not usable: a master key is ${RULE}.`);
  if (!previousHexes.every(isUsableMasterKey)) {
    throw new KeyTrouble(`ENCRYPTION_KEY_PREVIOUS is not usable: each of its keys is ${RULE}.`);
  }
  return { newestHex: newest, previousHexes, keys: await loadMasterKeys(newest, previousHexes) };
}

/** The configured database, and what a person may read of its address. Throws KeyTrouble. */
export function readDatabase(
  { database }: Configuration,
  isDeployed: boolean,
): { readonly address: DatabaseAddress; readonly where: string } {
  if (database === undefined) {
    throw new KeyTrouble(
      isDeployed
        ? "No database: DATABASE_URL is neither in the environment nor in .callroom/deployment.env."
        : "No database: set DATABASE_URL, or start npm run dev in another terminal.",
    );
  }
  if (!/^postgres(ql)?:\/\//.test(database.url) || !URL.canParse(database.url)) {
    throw new KeyTrouble("DATABASE_URL is not a Postgres URL.");
  }
  const { host, pathname } = new URL(database.url);
  return { address: database, where: `${host}${pathname}` };
}
