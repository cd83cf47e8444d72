import type { MasterKeys } from "../vault/master-keys.ts";
import { SealedKeyUnreadable, type SealPurpose, seal, sealedWith, unseal } from "../vault/seal.ts";

/** The sealed columns of one student. The token is text of any shape: the predecessor's were. */
export type SealedRow = Readonly<{ sessionToken: string } & Record<SealPurpose, string | null>>;

/** What counting and rotating need of the store. */
export interface KeyRows {
  /** All rows, whether they hold something sealed or not. */
  count(): Promise<number>;
  /** Rows that hold something sealed, after a session token and in their order; an empty page is the end. */
  page(after: string | null, limit: number): Promise<readonly SealedRow[]>;
  /** Compare-and-set: writes `to` only where `from` still stands, and says whether it did. */
  reseal(purpose: SealPurpose, sessionToken: string, change: { from: string; to: string }): Promise<boolean>;
}

/** Every sealed column. What is not listed here is not rotated: a test compares this with the table. */
export const SEAL_PURPOSES = ["openai-key", "webhook-secret"] as const satisfies readonly SealPurpose[];

/** How the values of one column are sealed; each row is counted once. */
export interface SealCounts {
  /** Readable and under this master key, by kid. */
  readonly byKid: Map<string, number>;
  /** Readable and in the predecessor's format. */
  legacy: number;
  unreadable: number;
  none: number;
}

export interface UnreadableValue {
  readonly purpose: SealPurpose;
  /** The end of the session token: enough for the instructor to find the student, too little to sign in with. */
  readonly sessionTokenEnd: string;
  /** The master key it names when that is not one of ours; else the value is damaged or was moved from its row. */
  readonly missingKid: string | undefined;
}

export interface KeyCensus {
  readonly counts: Readonly<Record<SealPurpose, SealCounts>>;
  readonly unreadable: readonly UnreadableValue[];
  readonly rows: number;
  /** Readable values that are not under the newest master key in the present format. */
  readonly stale: number;
}

const PAGE_ROWS = 200;
/** Writes under way at once: each is a round trip, and a database of a workshop is small. */
const WRITES_AT_ONCE = 4;

/** Opens every sealed value once and counts what it is sealed with. Changes nothing. */
export async function countKeys(rows: KeyRows, keys: MasterKeys): Promise<KeyCensus> {
  const counts = { "openai-key": noCounts(), "webhook-secret": noCounts() };
  const unreadable: UnreadableValue[] = [];
  let rowCount = 0;
  let stale = 0;
  for await (const row of eachRow(rows)) {
    rowCount += 1;
    for (const purpose of SEAL_PURPOSES) {
      const sealed = row[purpose];
      const count = counts[purpose];
      if (sealed === null) {
        count.none += 1;
        continue;
      }
      const opened = await tryUnseal(keys, purpose, row.sessionToken, sealed);
      const shape = sealedWith(sealed);
      if (opened === undefined) {
        count.unreadable += 1;
        const missingKid = shape.format === "v2" && !isConfigured(keys, shape.kid) ? shape.kid : undefined;
        unreadable.push({ purpose, sessionTokenEnd: endOf(row.sessionToken), missingKid });
        continue;
      }
      if (opened.stale) stale += 1;
      if (shape.format === "v2") count.byKid.set(shape.kid, (count.byKid.get(shape.kid) ?? 0) + 1);
      else count.legacy += 1;
    }
  }
  return { counts, unreadable, rows: rowCount, stale };
}

/**
 * Seals every stale value again, under the newest master key. Each value is one compare-and-set of its own, so this
 * may be killed at any point, run again, run twice at once, and run beside live calls: a value that somebody changed
 * meanwhile is left as they made it. Values that cannot be opened are left as they are.
 *
 * @param onRow called after each row with the number of rows seen so far.
 * @returns how many values were sealed again.
 */
export async function rotateKeys(
  rows: KeyRows,
  keys: MasterKeys,
  randomBytes: (count: number) => Uint8Array,
  onRow: (rowsSeen: number) => void,
): Promise<number> {
  let resealed = 0;
  let seen = 0;
  const rotateRow = async (row: SealedRow): Promise<void> => {
    for (const purpose of SEAL_PURPOSES) {
      const from = row[purpose];
      if (from === null) continue;
      const opened = await tryUnseal(keys, purpose, row.sessionToken, from);
      if (opened?.stale !== true) continue;
      const to = await seal(keys, { purpose, sessionToken: row.sessionToken }, opened.plaintext, randomBytes);
      if (await rows.reseal(purpose, row.sessionToken, { from, to })) resealed += 1;
    }
    seen += 1;
    onRow(seen);
  };

  for await (const page of pages(rows)) {
    for (let at = 0; at < page.length; at += WRITES_AT_ONCE) {
      await Promise.all(page.slice(at, at + WRITES_AT_ONCE).map(rotateRow));
    }
  }
  return resealed;
}

async function* pages(rows: KeyRows): AsyncGenerator<readonly SealedRow[]> {
  let after: string | null = null;
  for (;;) {
    const page: readonly SealedRow[] = await rows.page(after, PAGE_ROWS);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.sessionToken;
  }
}

async function* eachRow(rows: KeyRows): AsyncGenerator<SealedRow> {
  for await (const page of pages(rows)) yield* page;
}

async function tryUnseal(keys: MasterKeys, purpose: SealPurpose, sessionToken: string, sealed: string) {
  try {
    return await unseal(keys, { purpose, sessionToken }, sealed);
  } catch (thrown) {
    if (thrown instanceof SealedKeyUnreadable) return undefined;
    throw thrown;
  }
}

const noCounts = (): SealCounts => ({ byKid: new Map(), legacy: 0, unreadable: 0, none: 0 });

const isConfigured = (keys: MasterKeys, kid: string): boolean => keys.all.some((masterKey) => masterKey.kid === kid);

/** The last four characters; fewer of a token so short that four would be most of it. */
const endOf = (sessionToken: string): string =>
  sessionToken.slice(sessionToken.length - Math.min(4, Math.floor(sessionToken.length / 2)));
