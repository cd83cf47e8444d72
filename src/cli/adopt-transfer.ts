import type { WorkshopId } from "../protocol/ids.ts";
import {
  type AdoptedStudent,
  addAdoptedKeys,
  adoptStudents,
  renewAdopted,
  type Standing,
  standingOf,
} from "../store/adopting.ts";
import type { Database } from "../store/database.ts";
import type { PredecessorSnapshot } from "../store/predecessor.ts";
import type { PredecessorRow } from "../store/predecessor-table.ts";
import { type KeyReading, type Rings, readKey, sealedKeyOf } from "./adopt-key.ts";
import { type FieldProblem, readRow } from "./adopt-row.ts";
import type { AdoptTally, Fate } from "./adopt-tally.ts";

/*
 * From the predecessor's database into ours. Each write is one statement of many rows, all of them or none, and each
 * writes only what still is as it was seen: this may be killed at any point and run again, or run beside live calls.
 */

export interface Transfer {
  readonly db: Database;
  readonly rings: Rings;
  readonly workshopId: WorkshopId | null;
  /** Also what the predecessor saved since, where nobody has touched the row here. */
  readonly update: boolean;
  readonly dryRun: boolean;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly onRows: (rowsSeen: number) => void;
}

const PAGE_ROWS = 500;
/** Of one statement: Neon's endpoint takes 10 MiB. */
const STATEMENT_CHARACTERS = 2_000_000;

/** Takes every row that can be taken. @throws what the store throws. */
export async function transfer(
  snapshot: Pick<PredecessorSnapshot, "pages">,
  world: Transfer,
  tally: AdoptTally,
): Promise<void> {
  let seen = 0;
  let lastToken: string | undefined;
  for await (const page of snapshot.pages(PAGE_ROWS)) {
    const found: Found[] = [];
    for (const row of page) {
      const reading = readRow(row);
      if (!reading.student) tally.notTaken(row.token, reading.problem);
      else if (reading.student.token === lastToken) tally.notTaken(lastToken, "another row of this token is newer");
      else found.push({ row, ...reading, key: await readKey(world.rings, reading.student.token, row.key) });
      lastToken = row.token ?? undefined;
    }
    for (const { student, key } of found) {
      tally.mailbox(student.email);
      tally.key(key);
    }
    await settle(found, world, tally);
    seen += page.length;
    world.onRows(seen);
  }
}

interface Found {
  readonly row: PredecessorRow;
  readonly student: Omit<AdoptedStudent, "key">;
  readonly problems: readonly FieldProblem[];
  readonly key: KeyReading;
}

type Write = Exclude<Fate, "already-here" | "not-taken">;

async function settle(found: readonly Found[], world: Transfer, tally: AdoptTally): Promise<void> {
  const { db, dryRun } = world;
  const standing = await standingByToken(db, found);
  const wishes = found.map((each) => ({
    ...each,
    wish: wishFor(each, standing.get(each.student.token), world.update),
  }));
  const written = new Map<string, Write>();
  for (const wish of ["taken", "renewed", "key-added"] as const) {
    const some = wishes.filter((each) => each.wish === wish);
    const tokens = dryRun ? some.map(({ student }) => student.token) : await write(wish, some, world);
    for (const token of tokens) written.set(token, wish);
  }
  // Somebody else may have come between: the row that is here now wins.
  const missed = wishes.filter(({ wish, student }) => wish === "taken" && !written.has(student.token));
  const late = missed.length > 0 ? await standingByToken(db, missed) : new Map<string, Standing>();
  for (const { student, problems, key } of wishes) {
    const { token } = student;
    const fate = written.get(token);
    const here = standing.get(token) ?? late.get(token);
    if (fate === undefined && !here) {
      tally.notTaken(token, "a rule of Callroom's table refuses it: does another row have its e-mail address?");
      continue;
    }
    tally.student(fate ?? "already-here");
    // What a student has made of it here is theirs.
    if (fate === undefined && !here?.isUntouched) continue;
    tally.fields(token, problems);
    if (key.is === "unreadable" && !here?.hasKey) tally.fault(token, key.fault);
  }
}

function wishFor({ key }: Found, here: Standing | undefined, update: boolean): Write | undefined {
  if (!here) return "taken";
  if (!here.isUntouched) return undefined;
  if (here.isOlder) return update ? "renewed" : undefined;
  return key.is === "readable" && !here.hasKey ? "key-added" : undefined;
}

async function standingByToken(db: Database, found: readonly Found[]): Promise<ReadonlyMap<string, Standing>> {
  if (found.length === 0) return new Map();
  const standing = await standingOf(
    db,
    found.map(({ student }) => student),
  );
  return new Map(standing.map((each) => [each.token, each]));
}

/** @returns the tokens of the rows that were written. */
async function write(wish: Write, found: readonly Found[], world: Transfer): Promise<readonly string[]> {
  const { db, workshopId } = world;
  const adopted = await Promise.all(
    found.map(async ({ student, key }) => ({ ...student, key: await keyFor(wish, student.token, key, world) })),
  );
  const tokens: string[] = [];
  for (const rows of chunksOf(adopted)) {
    switch (wish) {
      case "taken":
        tokens.push(...(await adoptStudents(db, rows, workshopId)));
        break;
      case "renewed":
        tokens.push(...(await renewAdopted(db, rows)));
        break;
      case "key-added":
        tokens.push(...(await addAdoptedKeys(db, rows)));
        break;
    }
  }
  return tokens;
}

async function keyFor(
  wish: Write,
  token: string,
  key: KeyReading,
  { rings, randomBytes }: Transfer,
): Promise<AdoptedStudent["key"]> {
  if (key.is === "readable") return sealedKeyOf(rings, token, key.apiKey, randomBytes);
  // What nobody can open does not take the place of a key that works.
  return wish === "renewed" && key.is === "unreadable" ? "keep" : null;
}

/** Rows of one statement each; a row that is larger than all is alone. */
function* chunksOf(rows: readonly AdoptedStudent[]): Generator<readonly AdoptedStudent[]> {
  let chunk: AdoptedStudent[] = [];
  let characters = 0;
  for (const row of rows) {
    const length = JSON.stringify(row).length;
    if (chunk.length > 0 && characters + length > STATEMENT_CHARACTERS) {
      yield chunk;
      [chunk, characters] = [[], 0];
    }
    chunk.push(row);
    characters += length;
  }
  if (chunk.length > 0) yield chunk;
}
