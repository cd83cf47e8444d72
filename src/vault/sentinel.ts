import type { MasterKeys } from "./master-keys.ts";
import { type SealBinding, SealedKeyUnreadable, type SealPurpose, seal, unseal } from "./seal.ts";

/*
 * A known text, sealed under every master key that was ever in use and stored beside what it protects. An ENCRYPTION_KEY that
 * is well formed and not the right one opens none of them: then nothing may be sealed, for it would be lost with the mistake.
 */

export interface Sentinel {
  readonly kid: string;
  readonly sealed: string;
}

/** What is known of one database: its sentinels, and values to judge by while it has none. */
export interface SentinelRows {
  list(): Promise<readonly Sentinel[]>;
  /** One that is there for this kid already stays. */
  add(sentinel: Sentinel): Promise<void>;
  /** A few sealed values of students, those that name one of these kids first. */
  sample(
    kids: readonly string[],
  ): Promise<readonly { readonly purpose: SealPurpose; readonly sessionToken: string; readonly sealed: string }[]>;
}

/**
 * `right`: it opens what is stored, or nothing is stored yet; the newest master key has its sentinel now. `wrong`: there are
 * sentinels and it opens none. `unproven`: there is none, and no value that it opens; nothing was written.
 */
export type RingVerdict = "right" | "wrong" | "unproven";

const BINDING: SealBinding = { purpose: "sentinel", sessionToken: "" };
const TEXT = "Callroom opens what it has sealed.";

/**
 * Judges the master keys by what a database holds, and leaves a sentinel of the newest one there. May run any number of times,
 * also at once.
 *
 * @param randomBytes cryptographic randomness, as for `seal`.
 * @throws what `rows` throws.
 */
export async function ensureSentinel(
  rows: SentinelRows,
  keys: MasterKeys,
  randomBytes: (count: number) => Uint8Array,
): Promise<RingVerdict> {
  const stored = await rows.list();
  const opening = await Promise.all(stored.map(({ sealed }) => opensAs(keys, BINDING, sealed)));
  if (stored.length > 0 && !opening.some((text) => text === TEXT)) return "wrong";
  if (stored.length === 0 && !(await opensSome(rows, keys))) return "unproven";
  if (!stored.some(({ kid }) => kid === keys.newest.kid)) await rows.add(await sentinelOf(keys, randomBytes));
  return "right";
}

/** The sentinel of the newest master key. Stored without `ensureSentinel`, it declares a ring to be right: what it cannot open is given up. */
export async function sentinelOf(keys: MasterKeys, randomBytes: (count: number) => Uint8Array): Promise<Sentinel> {
  return { kid: keys.newest.kid, sealed: await seal(keys, BINDING, TEXT, randomBytes) };
}

/**
 * Rings that were found right, by database. What was once right stays so while this isolate lives: its variables do not
 * change. Verdicts only and no promise of one: work that belongs to a request dies with it.
 */
const proven = new WeakMap<MasterKeys, Set<string>>();

/**
 * Whether something new may be sealed and stored: `ensureSentinel`, asked once in an isolate as long as all is well.
 *
 * @param database names the database of `rows` among those that this isolate may use.
 * @returns `false` for a ring that is known to be wrong. One that nothing is known about may go on: a single damaged row must
 * not keep everybody from entering their key.
 * @throws what `rows` throws.
 */
export async function maySeal(
  database: string,
  rows: SentinelRows,
  keys: MasterKeys,
  randomBytes: (count: number) => Uint8Array,
): Promise<boolean> {
  const databases = proven.get(keys) ?? new Set();
  if (databases.has(database)) return true;
  const verdict = await ensureSentinel(rows, keys, randomBytes);
  if (verdict === "right") proven.set(keys, databases.add(database));
  return verdict !== "wrong";
}

/** Whether there is nothing to open, or one value of those that there are opens. */
async function opensSome(rows: SentinelRows, keys: MasterKeys): Promise<boolean> {
  const values = await rows.sample(keys.all.map(({ kid }) => kid));
  const opened = await Promise.all(
    values.map(({ purpose, sessionToken, sealed }) => opensAs(keys, { purpose, sessionToken }, sealed)),
  );
  return values.length === 0 || opened.some((text) => text !== undefined);
}

async function opensAs(keys: MasterKeys, binding: SealBinding, sealed: string): Promise<string | undefined> {
  try {
    return (await unseal(keys, binding, sealed)).plaintext;
  } catch (thrown) {
    if (thrown instanceof SealedKeyUnreadable) return undefined;
    throw thrown;
  }
}
