import type { SealedRow } from "../../src/cli/key-rotation.ts";
import type { KeyStore } from "../../src/cli/key-world.ts";
import type { SealPurpose } from "../../src/vault/seal.ts";
import type { Sentinel, SentinelRows } from "../../src/vault/sentinel.ts";
import { randomBytes } from "../vault/samples.ts";

const never = () => {
  throw new Error("status and rotate touch nothing but the database");
};

/** What `status` and `rotate` need of the outside beside configuration, database and terminal: randomness. */
export const NOTHING_ELSE = {
  placeOf: () => ({ file: ".dev.vars", read: never, keep: never, lock: never }),
  fetch: never,
  runWrangler: never,
  randomBytes,
  nowMs: never,
  wait: never,
};

export type StoredRow = Record<SealPurpose, string | null>;

/** The rows of a table, in memory, with the store's compare-and-set and its order. */
export class RowsInMemory implements KeyStore {
  readonly stored = new Map<string, StoredRow>();
  /** Writes that took place. */
  writes = 0;
  /** Runs before each write: may change rows as another process would, or throw as a dying database does. */
  beforeWrite: (sessionToken: string, purpose: SealPurpose) => void = () => {};
  afterWrite: () => void = () => {};

  /** By kid; how many students have words under each. */
  readonly students = new Map<string, number>();
  readonly sentinelsByKid = new Map<string, Sentinel>();
  readonly sentinels: SentinelRows = {
    list: async () => [...this.sentinelsByKid.values()],
    add: async (sentinel) => {
      if (!this.sentinelsByKid.has(sentinel.kid)) this.sentinelsByKid.set(sentinel.kid, sentinel);
    },
    sample: async () =>
      [...this.stored].flatMap(([sessionToken, row]) => {
        const sealed = row["openai-key"];
        return sealed === null ? [] : [{ purpose: "openai-key" as const, sessionToken, sealed }];
      }),
  };

  async words(): Promise<ReadonlyMap<string, number>> {
    return this.students;
  }

  async count(): Promise<number> {
    return this.stored.size;
  }

  async page(after: string | null, limit: number): Promise<readonly SealedRow[]> {
    return [...this.stored]
      .filter(([token, row]) => (after === null || token > after) && Object.values(row).some((value) => value !== null))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([sessionToken, row]) => ({ sessionToken, ...row }));
  }

  async reseal(
    purpose: SealPurpose,
    sessionToken: string,
    { from, to }: { from: string; to: string },
  ): Promise<boolean> {
    this.beforeWrite(sessionToken, purpose);
    const row = this.stored.get(sessionToken);
    if (row?.[purpose] !== from) return false;
    row[purpose] = to;
    this.writes += 1;
    this.afterWrite();
    return true;
  }
}
