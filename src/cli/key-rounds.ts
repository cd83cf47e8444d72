import type { MasterKeys } from "../vault/master-keys.ts";
import { countKeys, type KeyCensus, type KeyRows, rotateKeys } from "./key-rotation.ts";
import { startProgress, type Terminal } from "./progress.ts";

/** What rotating in rounds needs beside the rows. */
export interface Rounds {
  readonly randomBytes: (count: number) => Uint8Array;
  readonly out: Terminal;
  /** A value that another process keeps changing is tried this often before it is left to the next run. */
  readonly most: number;
  /** Waits between two rounds. */
  readonly pause: () => Promise<void>;
}

/** Rotates until nothing is stale: a Worker that has not heard of the newest master key yet may still seal under an older one. */
export async function rotateInRounds(
  rows: KeyRows,
  keys: MasterKeys,
  { randomBytes, out, most, pause }: Rounds,
): Promise<{ readonly census: KeyCensus; readonly resealed: number }> {
  let census = await countKeys(rows, keys);
  let resealed = 0;
  for (let round = 1; round <= most && census.stale > 0; round += 1) {
    if (round > 1) await pause();
    const progress = startProgress(out, "Rotating", census.sealedRows);
    try {
      resealed += await rotateKeys(rows, keys, randomBytes, (seen) => progress.update(seen));
    } finally {
      progress.end();
    }
    census = await countKeys(rows, keys);
  }
  return { census, resealed };
}
