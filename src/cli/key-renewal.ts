import { LIMITS } from "../limits.ts";
import { loadMasterKeys } from "../vault/master-keys.ts";
import { ensureSentinel } from "../vault/sentinel.ts";
import { counted, fromMoment, moment, table, unreadableText } from "./key-report.ts";
import { type KeyRing, readRing } from "./key-ring.ts";
import { countKeys } from "./key-rotation.ts";
import { rotateInRounds } from "./key-rounds.ts";
import { KeyTrouble } from "./key-trouble.ts";
import { putSecrets, type WorkerRing } from "./key-worker.ts";
import { awaitWorker, BEGUN_AT, DONE_AT, instantIn, type KeyWorld, written } from "./key-world.ts";

/*
 * `npm run keys -- renew`: a new master key for a Callroom in use. Which step is next is read from the file, the Worker and
 * the rows each time, so it may be killed anywhere and run again. Two things hold at every moment: whatever the Worker has is in
 * the file too, and whatever is stored can be opened by the Worker.
 */

/** After the last value was sealed again: no call of before goes on, and none of its tickets is good. */
export const RETIRE_AFTER_MS = LIMITS.callMaxMs + LIMITS.resumeWindowMs;

const MASTER_KEY_BYTES = 32;
/** A new version of a Worker is everywhere within seconds. A person starts `npm run dev` again when they have read this. */
const DEPLOYED_MS = 3 * 60_000;
const RESTARTED_MS = 10 * 60_000;
/** How often in a row the Worker must say so: asked every 2 s, for what Cloudflare may need to have it everywhere. */
const TIMES_DEPLOYED = 10;
const ROUNDS = 10;
const ROUND_PAUSE_MS = 1_000;

/** @returns the exit code. @throws KeyTrouble; what the store throws. */
export async function renewMasterKey(world: KeyWorld, isAgain: boolean): Promise<0 | 1> {
  const { place, out, command } = world;
  let ring = await readRing((name) => place.read()[name], `in ${place.file}`);
  const worker = await world.workerRing();
  checkSame(world, ring, worker);
  if ((await ensureSentinel(world.openStore().sentinels, ring.keys, world.randomBytes)) === "wrong") {
    throw new KeyTrouble(`The master keys in ${place.file} are not those of this database: nothing was changed.`);
  }
  const isAtWorker = worker.newest === ring.keys.newest.kid;
  const isUnderWay = instantIn(place, BEGUN_AT) !== undefined || !isAtWorker;
  const doneAtMs = instantIn(place, DONE_AT);
  const isToRetire = !isUnderWay && doneAtMs !== undefined && ring.previousHexes.length > 0;
  if (isToRetire && !isAgain && (await countKeys(world.openStore(), ring.keys)).stale === 0) {
    out.write(`The master key was renewed at ${moment(doneAtMs)}; it is ${ring.keys.newest.kid}.
The older may go from ${fromMoment(doneAtMs + RETIRE_AFTER_MS)} on: ${command("retire")}
For one more new master key now: ${command("renew")} --again\n`);
    return 0;
  }
  if (isUnderWay)
    out.write(`Goes on with the renewal that was begun: the new master key is ${ring.keys.newest.kid}.\n`);
  else if (isAgain || !isToRetire) ring = await begin(world, ring);
  await bringToWorker(world, ring);
  return rotateAll(world, ring);
}

/** Before anything else the file has both: no secret of this can be read back from Cloudflare. */
async function begin({ place, randomBytes, nowMs, out }: KeyWorld, ring: KeyRing): Promise<KeyRing> {
  const kids = ring.keys.all.map(({ kid }) => kid);
  for (;;) {
    const newestHex = Buffer.from(randomBytes(MASTER_KEY_BYTES)).toString("hex");
    const previousHexes = [ring.newestHex, ...ring.previousHexes];
    const keys = await loadMasterKeys(newestHex, previousHexes);
    // Kids are compared with those of the Worker, so no two may be alike.
    if (kids.includes(keys.newest.kid)) continue;
    place.keep({
      ENCRYPTION_KEY: newestHex,
      ENCRYPTION_KEY_PREVIOUS: previousHexes.join(),
      [BEGUN_AT]: written(nowMs()),
      [DONE_AT]: undefined,
    });
    out.write(`A new master key, ${keys.newest.kid}, is in ${place.file}; the older stay beside it.\n`);
    return { newestHex, previousHexes, keys };
  }
}

async function bringToWorker(world: KeyWorld, { newestHex, previousHexes, keys }: KeyRing): Promise<void> {
  const { isDeployed, place, out, command } = world;
  const { kid } = keys.newest;
  const has = ({ newest, older }: WorkerRing) =>
    newest === kid && keys.all.slice(1).every((masterKey) => older.includes(masterKey.kid));
  if (!has(await world.workerRing())) {
    if (isDeployed) {
      await putSecrets(world.runWrangler, place.read(), {
        ENCRYPTION_KEY: newestHex,
        ENCRYPTION_KEY_PREVIOUS: previousHexes.join(),
      });
      out.write("The Worker has been given all of them at once. Waiting until it seals under the new one.\n");
    } else {
      out.write("Now stop npm run dev in its terminal and start it again: this goes on by itself when it runs.\n");
    }
  }
  await awaitWorker(world, has, {
    times: isDeployed ? TIMES_DEPLOYED : 1,
    withinMs: isDeployed ? DEPLOYED_MS : RESTARTED_MS,
    sentence: `The Worker does not seal under ${kid} yet. Nothing is lost: ${command("renew")} goes on from here.`,
  });
  out.write(`The Worker seals under ${kid}.\n`);
}

async function rotateAll(world: KeyWorld, { keys }: KeyRing): Promise<0 | 1> {
  const { place, out, randomBytes, nowMs, wait, command } = world;
  const store = world.openStore();
  await ensureSentinel(store.sentinels, keys, randomBytes);
  const pause = () => wait(ROUND_PAUSE_MS);
  const { census, resealed } = await rotateInRounds(store, keys, { randomBytes, out, most: ROUNDS, pause });
  const { kid } = keys.newest;
  out.write(`${counted(resealed, "value")} sealed again under ${kid}.\n\n${table(census, keys)}\n`);
  out.write(unreadableText(census));
  if (census.stale > 0) {
    out.write(`${counted(census.stale, "value")} not yet under ${kid}: ${command("renew")} goes on from here.\n`);
    return 1;
  }
  const older = [...(await store.words())].reduce((sum, [of, students]) => (of === kid ? sum : sum + students), 0);
  const atMs = nowMs();
  out.write(`The master key is renewed. Calls that go on may still need the older, until the longest of them has ended.
From ${fromMoment(atMs + RETIRE_AFTER_MS)} on: ${command("retire")}\n`);
  if (older > 0) {
    out.write(
      `${counted(older, "student")} can come back by four words of before; using them moves them to the new key.\n`,
    );
  }
  // Last of all: killed before it, the next run says this once more instead of making one more key.
  place.keep({ [BEGUN_AT]: undefined, [DONE_AT]: written(atMs) });
  return census.unreadable.length > 0 ? 1 : 0;
}

/** The file must be that of this Worker: what it does not know is lost when the Worker is given what it knows. */
export function checkSame({ place }: Pick<KeyWorld, "place">, { keys }: KeyRing, worker: WorkerRing): void {
  const known = new Set(keys.all.map(({ kid }) => kid));
  const strange = [worker.newest, ...worker.older].find((kid) => !known.has(kid));
  if (strange === undefined) return;
  const which = strange === worker.newest ? `seals under ${strange}` : `also has the older master key ${strange}`;
  throw new KeyTrouble(
    `The Worker ${which}, which ${place.file} does not know: nothing was changed. Add it there first.`,
  );
}
