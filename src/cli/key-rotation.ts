import type { MasterKeys } from "../vault/master-keys.ts";
import { SEAL_PURPOSES, SealedKeyUnreadable, type SealPurpose, seal, sealedWith, unseal } from "../vault/seal.ts";

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

/** How the values of one column are sealed; each value is counted once. */
export interface SealCounts {
  /** Readable, by the kid of the master key. */
  readonly byKid: ReadonlyMap<string, number>;
  /** Readable, in the predecessor's format. */
  readonly legacy: number;
  readonly unreadable: number;
  readonly none: number;
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
  /** Rows that hold something sealed. */
  readonly sealedRows: number;
  /** Readable values that are not under the newest master key in the present format. */
  readonly stale: number;
}

const PAGE_ROWS = 200;
/** Rows written at once: each is a round trip, and a workshop's database is small. */
const ROWS_AT_ONCE = 4;

/** Opens every sealed value once and counts what it is sealed with. Changes nothing. */
export async function countKeys(rows: KeyRows, keys: MasterKeys): Promise<KeyCensus> {
  const students = await rows.count();
  const formats: Record<SealPurpose, string[]> = { "openai-key": [], "webhook-secret": [] };
  const unreadable: UnreadableValue[] = [];
  let sealedRows = 0;
  let stale = 0;
  for await (const page of pages(rows)) {
    sealedRows += page.length;
    for (const { row, purpose, sealed } of valuesOf(page)) {
      const opened = await tryUnseal(keys, purpose, row.sessionToken, sealed);
      const shape = sealedWith(sealed);
      const kid = shape.format === "v2" ? shape.kid : undefined;
      formats[purpose].push(opened ? (kid ?? "legacy") : "unreadable");
      if (opened?.stale) stale += 1;
      if (!opened) {
        const missingKid = keys.all.some((masterKey) => masterKey.kid === kid) ? undefined : kid;
        unreadable.push({ purpose, sessionTokenEnd: endOf(row.sessionToken), missingKid });
      }
    }
  }
  const counts = {
    "openai-key": countsOf(formats["openai-key"], students),
    "webhook-secret": countsOf(formats["webhook-secret"], students),
  };
  return { counts, unreadable, sealedRows, stale };
}

function countsOf(formats: readonly string[], students: number): SealCounts {
  const byKid = new Map<string, number>();
  for (const format of formats) byKid.set(format, (byKid.get(format) ?? 0) + 1);
  const [legacy, unreadable] = [byKid.get("legacy") ?? 0, byKid.get("unreadable") ?? 0];
  byKid.delete("legacy");
  byKid.delete("unreadable");
  // Students may have joined between the count and the pages.
  return { byKid, legacy, unreadable, none: Math.max(0, students - formats.length) };
}

/**
 * Seals every stale value again, under the newest master key. Each value is one compare-and-set of its own, so this
 * may be killed at any point, run again, run twice at once, and run beside live calls: a value that somebody changed
 * meanwhile is left as they made it. Values that cannot be opened are left as they are.
 *
 * @param onRows called with the number of rows seen so far.
 * @returns how many values were sealed again.
 */
export async function rotateKeys(
  rows: KeyRows,
  keys: MasterKeys,
  randomBytes: (count: number) => Uint8Array,
  onRows: (rowsSeen: number) => void,
): Promise<number> {
  let resealed = 0;
  let seen = 0;
  const rotate = async ({ row, purpose, sealed }: SealedValue): Promise<void> => {
    const { sessionToken } = row;
    const opened = await tryUnseal(keys, purpose, sessionToken, sealed);
    if (!opened?.stale) return;
    const to = await seal(keys, { purpose, sessionToken }, opened.plaintext, randomBytes);
    if (await rows.reseal(purpose, sessionToken, { from: sealed, to })) resealed += 1;
  };

  for await (const page of pages(rows)) {
    for (let at = 0; at < page.length; at += ROWS_AT_ONCE) {
      const some = page.slice(at, at + ROWS_AT_ONCE);
      await Promise.all(valuesOf(some).map(rotate));
      seen += some.length;
      onRows(seen);
    }
  }
  return resealed;
}

interface SealedValue {
  readonly row: SealedRow;
  readonly purpose: SealPurpose;
  readonly sealed: string;
}

/** Every purpose is asked for, so a new sealed column cannot be forgotten here. */
const valuesOf = (rows: readonly SealedRow[]): SealedValue[] =>
  rows.flatMap((row) =>
    SEAL_PURPOSES.flatMap((purpose) => {
      const sealed = row[purpose];
      return sealed === null ? [] : [{ row, purpose, sealed }];
    }),
  );

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

async function tryUnseal(keys: MasterKeys, purpose: SealPurpose, sessionToken: string, sealed: string) {
  try {
    return await unseal(keys, { purpose, sessionToken }, sealed);
  } catch (thrown) {
    if (thrown instanceof SealedKeyUnreadable) return undefined;
    throw thrown;
  }
}

/** The last four characters; fewer of a token so short that four would be most of it. */
export const endOf = (sessionToken: string): string =>
  sessionToken.slice(sessionToken.length - Math.min(4, Math.floor(sessionToken.length / 2)));
