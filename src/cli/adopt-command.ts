import type { JoinCode } from "../protocol/ids.ts";
import { identityOfStudents } from "../store/adopting.ts";
import type { Database, DatabaseAddress } from "../store/database.ts";
import type { Predecessor } from "../store/predecessor.ts";
import { probeDatabase } from "../store/probe.ts";
import { countStudents } from "../store/sealed-keys.ts";
import { findWorkshop, findWorkshopByJoinCode } from "../store/workshops.ts";
import { isUsableMasterKey, loadMasterKeys, splitMasterKeys } from "../vault/master-keys.ts";
import { adoptInPlace, keysInPlace } from "./adopt-in-place.ts";
import { anyOpens, type Rings } from "./adopt-key.ts";
import { ADOPT_USAGE, type AdoptOptions, isVariableName, readAdoptOptions } from "./adopt-options.ts";
import { type Adoption, adoptionJson, adoptionText } from "./adopt-report.ts";
import { AdoptTally } from "./adopt-tally.ts";
import { type Transfer, transfer } from "./adopt-transfer.ts";
import { AdoptTrouble, sentenceOf } from "./adopt-trouble.ts";
import type { Configuration } from "./configuration.ts";
import { startProgress, type Terminal } from "./progress.ts";

/** What the command needs of the outside. */
export interface AdoptSurroundings {
  readonly configuration: (isDeployed: boolean) => Configuration;
  readonly out: Terminal;
  readonly err: Terminal;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly openDatabase: (address: DatabaseAddress) => Database;
  readonly openPredecessor: (url: string) => Promise<Predecessor>;
}

/** 0: all is taken. 1: something could not be. 2: the command could not do its work. */
export type ExitCode = 0 | 1 | 2;

const KEYS_PAGE_ROWS = 500;

/**
 * `npm run adopt`: moves the predecessor's students into our database, or looks after the keys of those who are there.
 * Prints counts, ends of session tokens and names of columns, never a value.
 */
export async function adoptCommand(args: readonly string[], world: AdoptSurroundings): Promise<ExitCode> {
  const { out, err } = world;
  const read = readAdoptOptions(args);
  if (read.wish === "help") {
    out.write(ADOPT_USAGE);
    return 0;
  }
  if (read.wish === "not-understood") {
    err.write(`${read.problem}\n\n${ADOPT_USAGE}`);
    return 2;
  }
  const { options } = read;
  const writing = { hasBegun: false };
  try {
    const adoption = await adopted(options, world, writing);
    out.write(options.json ? adoptionJson(adoption) : adoptionText(adoption));
    return adoption.tally.isComplete ? 0 : 1;
  } catch (thrown) {
    const next = writing.hasBegun ? "Run the command again, and it goes on from here." : "Nothing was changed.";
    err.write(`${sentenceOf(thrown)}\n${next}\n`);
    return 2;
  }
}

async function adopted(
  options: AdoptOptions,
  world: AdoptSurroundings,
  writing: { hasBegun: boolean },
): Promise<Adoption> {
  const configuration = world.configuration(options.deployed);
  const rings = await ringsOf(options, configuration);
  const address = addressOf(options, configuration);
  const fromUrl = fromUrlOf(options, configuration);
  const db = world.openDatabase(address);
  await mustBeMigrated(db);
  const workshop = options.workshop && (await workshopOf(db, options.workshop));
  const predecessor = await world.openPredecessor(fromUrl);
  try {
    const isInPlace = predecessor.identity === (await identityOfStudents(db));
    const names = { from: placeOf(fromUrl), into: placeOf(address.url) };
    const chatter = options.json ? world.err : world.out;
    chatter.write(
      isInPlace
        ? `In place  ${names.into}: this is Callroom's own database, and its students are here already\n`
        : `From  ${names.from}\nInto  ${names.into}\n`,
    );
    const [thereBefore, hereBefore] = [await predecessor.count(), await countStudents(db)];
    const tally = new AdoptTally();
    const progress = startProgress(chatter, isInPlace ? "Looking" : "Adopting", thereBefore);
    const { dryRun, update } = options;
    const onRows = (seen: number): void => progress.update(seen);
    const workshopId = workshop ? workshop.id : null;
    const shared = { db, rings, workshopId, dryRun, randomBytes: world.randomBytes, onRows };
    const begin = (): void => {
      writing.hasBegun = !dryRun;
    };
    let assigned = 0;
    try {
      if (isInPlace) {
        await mustOpenSome(options, rings, keysInPlace(db));
        begin();
        assigned = await adoptInPlace(shared, tally);
      } else {
        await predecessor.reading(async (snapshot) => {
          await mustOpenSome(options, rings, snapshot.keys(KEYS_PAGE_ROWS));
          begin();
          await transfer(snapshot, { ...shared, update } satisfies Transfer, tally);
        });
      }
    } finally {
      progress.end();
    }
    const hereAfter = await countStudents(db);
    const columns = isInPlace ? { unknown: [], missing: [] } : predecessor.columns;
    const into = workshop && (await findWorkshop(db, workshop.id));
    return {
      ...names,
      isInPlace,
      dryRun,
      workshop: into ? { ...into, students: into.studentCount } : null,
      assigned,
      there: { before: thereBefore, after: await predecessor.count() },
      here: { before: hereBefore, after: hereAfter },
      columns,
      tally,
    };
  } finally {
    await predecessor.close();
  }
}

/** Our master keys, and the predecessor's with them; a sentence names the variable that is wrong, never its value. */
async function ringsOf({ keyVariable }: AdoptOptions, configuration: Configuration): Promise<Rings> {
  const newest = configuration.variable("ENCRYPTION_KEY");
  const previous = splitMasterKeys(configuration.variable("ENCRYPTION_KEY_PREVIOUS") ?? "");
  const theirs = keyVariable === null ? [] : splitMasterKeys(configuration.variable(keyVariable) ?? "");
  if (newest === undefined) throw new AdoptTrouble("ENCRYPTION_KEY is not set: Callroom's own master key is needed.");
  if (keyVariable !== null && theirs.length === 0) throw new AdoptTrouble(`${keyVariable} is not set.`);
  for (const [name, keys] of [
    ["ENCRYPTION_KEY", [newest]],
    ["ENCRYPTION_KEY_PREVIOUS", previous],
    [keyVariable, theirs],
  ] as const) {
    if (keys.every(isUsableMasterKey)) continue;
    const rule = "a master key is 64 hexadecimal characters, and not one byte repeated";
    throw new AdoptTrouble(`${name} is not usable: ${rule}.`);
  }
  const own = await loadMasterKeys(newest, previous);
  return { own, all: theirs.length === 0 ? own : await loadMasterKeys(newest, [...previous, ...theirs]) };
}

function addressOf({ deployed }: AdoptOptions, { database }: Configuration): DatabaseAddress {
  if (database === undefined) {
    throw new AdoptTrouble(
      deployed
        ? "The database of the deployed Worker is not known here: set DATABASE_URL, or run npm run setup."
        : "No database to adopt into: set DATABASE_URL, or start npm run dev in another terminal.",
    );
  }
  if (!isPostgresUrl(database.url)) throw new AdoptTrouble("DATABASE_URL is not a PostgreSQL URL.");
  return database;
}

function fromUrlOf({ from }: AdoptOptions, configuration: Configuration): string {
  if (!isVariableName(from)) return from;
  const url = configuration.variable(from);
  if (url === undefined) throw new AdoptTrouble(`--from names the variable ${from}, which is not set.`);
  if (!isPostgresUrl(url)) throw new AdoptTrouble(`${from} is not a PostgreSQL URL.`);
  return url;
}

async function mustBeMigrated(db: Database): Promise<void> {
  const { missingColumns } = await probeDatabase(db);
  if (missingColumns.length === 0) return;
  throw new AdoptTrouble("Callroom's database is not up to date. Run npm run db:migrate on it first.");
}

async function workshopOf(db: Database, code: JoinCode) {
  const workshop = await findWorkshopByJoinCode(db, code);
  if (!workshop) throw new AdoptTrouble("There is no workshop of this join code in Callroom's database.");
  if (workshop.closing !== null) throw new AdoptTrouble("This workshop is closed for good: nobody can be put into it.");
  return workshop;
}

/** A wrong master key is a mistake of one line, and would cost every student a minute. */
async function mustOpenSome(
  { withoutKeys, keyVariable }: AdoptOptions,
  rings: Rings,
  keys: Parameters<typeof anyOpens>[1],
): Promise<void> {
  if (withoutKeys || (await anyOpens(rings, keys)) !== "no") return;
  const advice =
    keyVariable === null
      ? "Put its ENCRYPTION_KEY into a variable, and name that with --key-variable."
      : `Is ${keyVariable} really its ENCRYPTION_KEY?`;
  throw new AdoptTrouble(
    `Not one of the sealed keys can be opened: they were sealed under another master key. ${advice} With --without-keys it goes on, and every student enters their key again.`,
  );
}

const isPostgresUrl = (text: string): boolean => /^postgres(ql)?:\/\//.test(text) && URL.canParse(text);

function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
