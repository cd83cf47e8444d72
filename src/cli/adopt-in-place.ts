import type { WorkshopId } from "../protocol/ids.ts";
import { assignWorkshop, countUnassigned, type KeySealing, pageOfStudents, sealStoredKeys } from "../store/adopting.ts";
import type { Database } from "../store/database.ts";
import type { PredecessorKey, PredecessorRow } from "../store/predecessor-table.ts";
import { type Rings, readKey, sealedKeyOf } from "./adopt-key.ts";
import { readRow } from "./adopt-row.ts";
import type { AdoptTally } from "./adopt-tally.ts";

/*
 * In the database that was the predecessor's: the migrations have adopted its table, and every row is here. What is left
 * to do is to seal what the Worker could not open, and to say what it cannot use. No value is ever lost: one that nobody
 * can open stays, and one that somebody changes meanwhile is left as they made it.
 */

export interface InPlace {
  readonly db: Database;
  readonly rings: Rings;
  /** Where the predecessor's students of no workshop go; `null`: they stay. */
  readonly workshopId: WorkshopId | null;
  readonly dryRun: boolean;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly onRows: (rowsSeen: number) => void;
}

const PAGE_ROWS = 500;

/**
 * Looks at every row, and seals what lies open.
 *
 * @returns how many students were put into the workshop.
 * @throws what the store throws.
 */
export async function adoptInPlace(world: InPlace, tally: AdoptTally): Promise<number> {
  const { db, workshopId, dryRun } = world;
  let seen = 0;
  for await (const page of pagesOf(db)) {
    const sealings: KeySealing[] = [];
    for (const row of page) sealings.push(...(await lookAt(row, world, tally)));
    tally.sealedInPlace +=
      dryRun || sealings.length === 0 ? sealings.length : (await sealStoredKeys(db, sealings)).size;
    seen += page.length;
    world.onRows(seen);
  }
  if (workshopId === null) return 0;
  return dryRun ? countUnassigned(db) : assignWorkshop(db, workshopId);
}

/** Every key of our own table. */
export async function* keysInPlace(db: Database): AsyncGenerator<readonly PredecessorKey[]> {
  for await (const page of pagesOf(db)) {
    yield page.flatMap(({ token, key }) => (key === null ? [] : [{ token: token ?? "", key }]));
  }
}

async function lookAt(row: PredecessorRow, world: InPlace, tally: AdoptTally): Promise<readonly KeySealing[]> {
  const { rings, randomBytes } = world;
  const token = row.token ?? "";
  const reading = readRow(row);
  if (reading.student) {
    tally.student("already-here");
    tally.mailbox(row.email);
    tally.fields(token, reading.problems);
  } else {
    tally.notTaken(row.token, reading.problem);
  }
  // Also of a row that nobody can use: what lies open in it is a key.
  const key = await readKey(rings, token, row.key);
  if (reading.student) tally.key(key);
  if (key.is === "unreadable" && reading.student) tally.fault(token, key.fault);
  if (key.is !== "readable" || key.opensHere || row.key === null) return [];
  const { sealed, hint } = await sealedKeyOf(rings, token, key.apiKey, randomBytes);
  return [{ token, from: row.key, to: sealed, hint }];
}

async function* pagesOf(db: Database): AsyncGenerator<readonly PredecessorRow[]> {
  let after: string | null = null;
  for (;;) {
    const page: readonly PredecessorRow[] = await pageOfStudents(db, { after, limit: PAGE_ROWS });
    yield page;
    after = page.at(-1)?.token ?? null;
    if (page.length < PAGE_ROWS || after === null) return;
  }
}
