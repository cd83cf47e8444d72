import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { startNeonStandin } from "../../test/standins/neon.ts";
import { openPglite } from "../../test/standins/postgres.ts";
import { CHARGE_KINDS } from "../protocol/charge.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { chargesBetween, type LedgerPlace, type LedgerRow } from "../store/ledger-pages.ts";
import type { Configuration } from "./configuration.ts";

/** The ledger's rows of a time, the phone's too, from a millisecond on and before another, oldest first, some at a time. */
export type LedgerRows = (fromMs: number, toMs: number) => AsyncIterable<readonly LedgerRow[]>;

export interface Ledger {
  readonly rows: LedgerRows;
  close(): Promise<void>;
}

/** Each page sorts all there are anew, so they are few; of rows of 1 KB, one is far below what Neon answers with at most (64 MB). */
const PAGE_ROWS = 20_000;
/** A database may be asleep, and a page is large. */
const QUERY_MS = 60_000;

/** @throws Failure `database_unavailable` while rows are read. */
export const ledgerRowsIn = (db: Database, pageRows = PAGE_ROWS): LedgerRows =>
  async function* (fromMs, toMs) {
    let after: LedgerPlace | null = null;
    do {
      const { rows, next }: { rows: readonly LedgerRow[]; next: LedgerPlace | null } = await chargesBetween(
        db,
        fromMs,
        toMs,
        { after, limit: pageRows },
        CHARGE_KINDS,
      );
      yield rows;
      after = next;
    } while (after);
  };

/**
 * Opens the configured database, else that of a running `npm run dev`, else the embedded one that it has left in `DATA_DIR`.
 * `undefined`: there is none.
 *
 * @throws DataDirInUse when another program has the embedded one open.
 */
export async function openLedger(configuration: Configuration, projectFolder: string): Promise<Ledger | undefined> {
  const { database } = configuration;
  if (database) return { rows: ledgerRowsIn(openDatabase(database, QUERY_MS)), close: async () => {} };
  const dataDir = resolve(projectFolder, configuration.variable("DATA_DIR") ?? ".data", "postgres");
  if (!existsSync(dataDir)) return undefined;
  const embedded = await openPglite({ dataDir });
  const neon = await startNeonStandin({ database: embedded });
  return {
    rows: ledgerRowsIn(openDatabase({ url: neon.url, httpEndpoint: neon.endpoint }, QUERY_MS)),
    close: async () => {
      await neon.close();
      await embedded.close();
    },
  };
}
