import { checkSame, RETIRE_AFTER_MS } from "./key-renewal.ts";
import { counted, fromMoment, unreadableText } from "./key-report.ts";
import { readRing } from "./key-ring.ts";
import { countKeys } from "./key-rotation.ts";
import { putSecrets } from "./key-worker.ts";
import { awaitWorker, BEGUN_AT, DONE_AT, instantIn, type KeyWorld, written } from "./key-world.ts";

/** `npm run keys -- retire`: the older master keys go, once nothing needs them: no value, no call, no ticket. */

const DEPLOYED_MS = 3 * 60_000;

/** @returns the exit code; 1: not yet. @throws KeyTrouble; what the store throws. */
export async function retireMasterKeys(world: KeyWorld, forgetWords: boolean): Promise<0 | 1> {
  const { place, out, isDeployed, command, nowMs } = world;
  const ring = await readRing((name) => place.read()[name], `in ${place.file}`);
  const { kid } = ring.keys.newest;
  const worker = await world.workerRing();
  checkSame(world, ring, worker);
  const older = ring.keys.all.slice(1);
  if (older.length === 0) {
    out.write(`There is no older master key: everything is under ${kid}.\n`);
    return 0;
  }
  if (worker.newest !== kid || instantIn(place, BEGUN_AT) !== undefined) {
    out.write(`A renewal is under way: first let it end. ${command("renew")}\n`);
    return 1;
  }
  const store = world.openStore();
  const census = await countKeys(store, ring.keys);
  if (census.stale > 0) {
    // A call that has begun with such a value is as old as this moment at the most.
    place.keep({ [DONE_AT]: undefined });
    out.write(`${counted(census.stale, "value")} not yet under ${kid}: ${command("renew")}\n`);
    return 1;
  }
  const untilMs = waitUntil(world);
  if (nowMs() < untilMs) {
    out.write(
      `Nothing stored needs an older master key, but a call that goes on may. From ${fromMoment(untilMs)} on they may go.\n`,
    );
    return 1;
  }
  const kids = new Set(older.map((masterKey) => masterKey.kid));
  const words = [...(await store.words())].reduce((sum, [of, students]) => (kids.has(of) ? sum + students : sum), 0);
  if (words > 0 && !forgetWords) {
    out.write(`${counted(words, "student")} would lose the four words that bring them back: nobody can seal those anew but themselves, by
using them. Whoever is signed in stays so, and can make new words. To go on: ${command("retire")} --forget-words\n`);
    return 1;
  }
  out.write(unreadableText(census));
  if (isDeployed && worker.older.length > 0) {
    await putSecrets(world.runWrangler, place.read(), { ENCRYPTION_KEY_PREVIOUS: null });
    await awaitWorker(world, (now) => now.newest === kid && now.older.length === 0, {
      times: 1,
      withinMs: DEPLOYED_MS,
      sentence: `The Worker still has older master keys. Nothing is lost: ${command("retire")} goes on from here.`,
    });
  }
  place.keep({ ENCRYPTION_KEY_PREVIOUS: undefined, [DONE_AT]: undefined });
  out.write(`Gone: ${[...kids].join(", ")}. Everything is under ${kid}.${isDeployed ? "" : " Start npm run dev again."}
A backup of the database from before cannot be opened any more.\n`);
  return 0;
}

/** When the longest call of before has ended. Nobody knows when the rotation ended: then it has ended now. */
function waitUntil({ place, nowMs }: KeyWorld): number {
  const doneAtMs = instantIn(place, DONE_AT);
  if (doneAtMs !== undefined) return doneAtMs + RETIRE_AFTER_MS;
  const atMs = nowMs();
  place.keep({ [DONE_AT]: written(atMs) });
  return atMs + RETIRE_AFTER_MS;
}
