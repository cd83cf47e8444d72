import type { KeyRows, SealedRow } from "../../src/cli/key-rotation.ts";
import type { SealPurpose } from "../../src/vault/seal.ts";

export type StoredRow = Record<SealPurpose, string | null>;

/** The rows of a table, in memory, with the store's compare-and-set and its order. */
export class RowsInMemory implements KeyRows {
  readonly stored = new Map<string, StoredRow>();
  /** Writes that took place. */
  writes = 0;
  /** Runs before each write: may change rows as another process would, or throw as a dying database does. */
  beforeWrite: (sessionToken: string, purpose: SealPurpose) => void = () => {};
  afterWrite: () => void = () => {};

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
