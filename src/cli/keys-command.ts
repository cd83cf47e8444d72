import type { DatabaseAddress } from "../store/database.ts";
import type { Configuration } from "./configuration.ts";
import type { KeyPlace } from "./key-place.ts";
import { renewMasterKey } from "./key-renewal.ts";
import { adviceText, counted, table, unreadableText } from "./key-report.ts";
import { retireMasterKeys } from "./key-retirement.ts";
import { readDatabase, readRing } from "./key-ring.ts";
import { countKeys } from "./key-rotation.ts";
import { rotateInRounds } from "./key-rounds.ts";
import { KeyTrouble } from "./key-trouble.ts";
import { askWorkerRing, type RunWrangler } from "./key-worker.ts";
import type { KeyStore, KeyWorld } from "./key-world.ts";
import type { Terminal } from "./progress.ts";

/*
 * `npm run keys`: its verbs, what they say and when they fail. Prints kids, counts and the ends of session tokens, never a
 * value.
 */

const USAGE = `npm run keys -- status   counts the stored secrets by the master key that seals them; changes nothing
npm run keys -- renew    a new master key: makes it, gives it to the Worker, seals everything again under it
npm run keys -- retire   takes the older master keys away, when nothing needs them any more
npm run keys -- rotate   only seals everything again under the newest

  --deployed       of the deployed Worker, as .callroom/deployment.env knows it; else of npm run dev
  --again          renew: also while the older of the last time are still there
  --forget-words   retire: also when students would lose the four words that bring them back

Any of them may be stopped at any moment and run again: it goes on from there. Calls go on meanwhile.
`;

/** What the command needs of the outside. */
export interface KeysSurroundings {
  /** As it is now: a `npm run dev` that was started again is somewhere else. */
  readonly configure: (isDeployed: boolean) => Configuration;
  readonly placeOf: (isDeployed: boolean) => KeyPlace;
  readonly openStore: (database: DatabaseAddress) => KeyStore;
  readonly fetch: typeof fetch;
  readonly runWrangler: RunWrangler;
  readonly out: Terminal;
  readonly err: Terminal;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly nowMs: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

/** 0: done. 1: something is unreadable, left under an older master key, or not yet time for. 2: the command could not do its work. */
export type ExitCode = 0 | 1 | 2;

const ROUNDS = 3;

const VERBS = ["status", "rotate", "renew", "retire"] as const;
type Verb = (typeof VERBS)[number];

interface Asked {
  readonly verb: Verb;
  readonly isDeployed: boolean;
  readonly isAgain: boolean;
  readonly forgetWords: boolean;
}

/** Runs one of the verbs. What the store throws goes through. */
export async function keysCommand(args: readonly string[], surroundings: KeysSurroundings): Promise<ExitCode> {
  const { out, err } = surroundings;
  if (args[0] === "--help" || args[0] === "help") {
    out.write(USAGE);
    return 0;
  }
  const asked = readArguments(args);
  if (!asked) {
    err.write(USAGE);
    return 2;
  }
  try {
    if (asked.verb === "status" || asked.verb === "rotate") return await statusOrRotate(asked, surroundings);
    const world = worldOf(asked.isDeployed, surroundings);
    const unlock = world.place.lock();
    try {
      if (asked.verb === "renew") return await renewMasterKey(world, asked.isAgain);
      return await retireMasterKeys(world, asked.forgetWords);
    } finally {
      unlock();
    }
  } catch (thrown) {
    if (!(thrown instanceof KeyTrouble)) throw thrown;
    err.write(`${thrown.message}\n`);
    return 2;
  }
}

function readArguments([verbText, ...options]: readonly string[]): Asked | undefined {
  const verb = VERBS.find((known) => known === verbText);
  const allowed = ["--deployed", ...(verb === "renew" ? ["--again"] : verb === "retire" ? ["--forget-words"] : [])];
  if (!verb || !options.every((option) => allowed.includes(option))) return undefined;
  const has = (option: string) => options.includes(option);
  return { verb, isDeployed: has("--deployed"), isAgain: has("--again"), forgetWords: has("--forget-words") };
}

async function statusOrRotate({ verb, isDeployed }: Asked, surroundings: KeysSurroundings): Promise<ExitCode> {
  const { out, randomBytes, openStore } = surroundings;
  const configuration = surroundings.configure(isDeployed);
  const where = `neither in the environment nor in ${surroundings.placeOf(isDeployed).file}`;
  const { keys } = await readRing((name) => configuration.variable(name), where);
  const database = readDatabase(configuration, isDeployed);
  const rows = openStore(database.address);
  out.write(`Database    ${database.where}\n`);
  if (verb === "status") {
    const census = await countKeys(rows, keys);
    out.write(`\n${table(census, keys)}\n${unreadableText(census)}${adviceText(census, keys, commandOf(isDeployed))}`);
    return 0;
  }
  const pause = () => Promise.resolve();
  const { census, resealed } = await rotateInRounds(rows, keys, { randomBytes, out, most: ROUNDS, pause });
  out.write(`${counted(resealed, "value")} sealed again under ${keys.newest.kid}.\n`);
  out.write(`\n${table(census, keys)}\n${unreadableText(census)}${adviceText(census, keys, commandOf(isDeployed))}`);
  return census.unreadable.length > 0 || census.stale > 0 ? 1 : 0;
}

/** @throws KeyTrouble while something is missing that renewing or retiring needs. */
function worldOf(isDeployed: boolean, surroundings: KeysSurroundings): KeyWorld {
  const { configure, placeOf, openStore, out } = surroundings;
  const place = placeOf(isDeployed);
  const configuration = configure(isDeployed);
  for (const name of ["ENCRYPTION_KEY", "ENCRYPTION_KEY_PREVIOUS"]) {
    if (configuration.variable(name) !== (place.read()[name]?.trim() || undefined)) {
      throw new KeyTrouble(`The environment has another ${name} than ${place.file}. Unset it: this changes the file.`);
    }
  }
  const access = () => {
    const now = configure(isDeployed);
    const url = isDeployed ? now.variable("CALLROOM_URL") : now.endpoints?.pageUrl;
    const instructorToken = now.variable("INSTRUCTOR_TOKEN");
    if (url !== undefined && instructorToken !== undefined) return { url, instructorToken };
    throw new KeyTrouble(
      isDeployed
        ? `The Worker must be asked, and ${place.file} does not know its CALLROOM_URL and INSTRUCTOR_TOKEN.`
        : "The Worker must be asked: start npm run dev in another terminal.",
    );
  };
  const { where } = readDatabase(configuration, isDeployed);
  out.write(`Worker      ${hostOf(access().url)}\nDatabase    ${where}\nKept in     ${place.file}\n\n`);
  return {
    ...surroundings,
    isDeployed,
    place,
    workerRing: async () => askWorkerRing(surroundings.fetch, access()),
    openStore: () => openStore(readDatabase(configure(isDeployed), isDeployed).address),
    command: commandOf(isDeployed),
  };
}

function hostOf(url: string): string {
  if (!URL.canParse(url)) throw new KeyTrouble("CALLROOM_URL is not a URL.");
  return new URL(url).host;
}

const commandOf = (isDeployed: boolean) => (verb: string) =>
  `npm run keys -- ${verb}${isDeployed ? " --deployed" : ""}`;
