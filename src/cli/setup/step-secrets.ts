import { DatabaseFailure } from "../../store/database.ts";
import { loadMasterKeys, splitMasterKeys } from "../../vault/master-keys.ts";
import { ensureSentinel, type RingVerdict } from "../../vault/sentinel.ts";
import { DEPLOYMENT_FILE } from "../deployment.ts";
import { digestOf, readDigests, writeDigests } from "./kept.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import { GIVEN, MADE, type MadeName, SECRETS } from "./variables.ts";
import { accountOf, databaseOf, given, keepSecret, known, listed, type SetupWorld, type Step } from "./world.ts";
import type { FoundWorker } from "./wrangler.ts";

const SECRET_BYTES = 32;

/** Makes what nobody has given, keeps it here, and then puts what Cloudflare has not. */
export const secrets: Step = async (world) => {
  // On a dry run nobody may be logged in: then nothing is there yet, as far as anybody knows.
  if (world.options.isDry && world.accountId === undefined)
    return { line: `would make ${listed(MADE)}, and put all there is` };
  const accountId = accountOf(world);
  const found = (await world.wrangler.find(accountId, world.workerName)) ?? { secretNames: [] };
  refuseUnknown(world, found);
  const made = await makeMissing(world);
  const scope = `${accountId}/${world.workerName}`;
  const { put, removed, digests } = plan(world, found, scope);
  const { isDry } = world.options;
  const more =
    made.length === 0 ? [] : [`${listed(made)} ${isDry ? "would be " : ""}made and kept in ${DEPLOYMENT_FILE}`];
  const done = [
    ...(Object.keys(put).length === 0 ? [] : [`put ${listed(Object.keys(put))}`]),
    ...(removed.length === 0 ? [] : [`removed ${listed(removed)}`]),
  ].join("; ");
  if (isDry) return { line: done === "" ? "would put none" : `would have ${done}`, more };
  if (done === "") return { line: "all there", more };
  // Ended after Cloudflare has taken them and before that is kept, the next run puts the same values again.
  world.kept.keep({ SECRETS_ON_THEIR_WAY: writeDigests(scope, digests) });
  const gone = Object.fromEntries(removed.map((name) => [name, null]));
  await world.wrangler.putSecrets(accountId, world.workerName, { ...put, ...gone });
  world.kept.keep({ SECRETS_PUT: writeDigests(scope, digests), SECRETS_ON_THEIR_WAY: undefined });
  return { line: done, more };
};

/** What the Worker has and cannot do without, and what would be lost if setup made another. */
const IRREPLACEABLE = ["ENCRYPTION_KEY", "INSTRUCTOR_TOKEN", "DATABASE_URL"] as const;

/** @throws SetupTrouble when the Worker has a secret that is not known here. */
export function refuseUnknown(world: SetupWorld, { secretNames }: FoundWorker): void {
  const name = IRREPLACEABLE.find(
    (one) => secretNames.includes(one) && (known(world, one) ?? given(world, one)) === undefined,
  );
  if (name === undefined) return;
  const why =
    name === "ENCRYPTION_KEY"
      ? " Another one would make every stored key unreadable, so setup stops here."
      : " So setup stops here.";
  throw new SetupTrouble(
    `The Worker ${world.workerName} has a secret ${name} that is not known here, and Cloudflare tells it to nobody.${why} Nothing was changed. Copy ${DEPLOYMENT_FILE} from the computer that deployed it, or set ${name}, or begin anew beside it with --name.`,
  );
}

/** Names of the secrets that were made now. */
async function makeMissing(world: SetupWorld): Promise<readonly MadeName[]> {
  const missing = MADE.filter((name) => world.kept.get(name) === undefined);
  const values = missing.map((name) => ({ name, value: given(world, name) ?? hex(world.randomBytes(SECRET_BYTES)) }));
  const made = values.filter(({ name }) => given(world, name) === undefined).map(({ name }) => name);
  const isKeyMade = made.includes("ENCRYPTION_KEY");
  const key = values.find(({ name }) => name === "ENCRYPTION_KEY")?.value ?? known(world, "ENCRYPTION_KEY");
  // Before anything of it is kept: a key that was made in vain would stand in the way of the right one.
  if (key !== undefined && !(world.options.isDry && known(world, "DATABASE_URL") === undefined)) {
    await refuseWrongRing(world, key, isKeyMade);
  }
  for (const { name, value } of values) keepSecret(world, name, value);
  return made;
}

async function refuseWrongRing(world: SetupWorld, key: string, isKeyMade: boolean): Promise<void> {
  const verdict = await judge(world, key);
  if (verdict === "wrong" || (verdict === "unproven" && isKeyMade)) {
    throw new SetupTrouble(
      isKeyMade
        ? "The database holds keys that were sealed under an ENCRYPTION_KEY which is not known here. Set ENCRYPTION_KEY to that one; nothing was put."
        : "The database holds keys that this ENCRYPTION_KEY does not open. Set ENCRYPTION_KEY_PREVIOUS to the one that sealed them, or use another database; nothing was put.",
    );
  }
}

/** Whether this master key opens what the database holds; `undefined`: it has no tables yet. Writes nothing. */
export async function judge(world: SetupWorld, key: string): Promise<RingVerdict | undefined> {
  const previous = splitMasterKeys(known(world, "ENCRYPTION_KEY_PREVIOUS") ?? "");
  const rows = { ...world.database.sentinels(databaseOf(world)), add: async () => {} };
  try {
    return await ensureSentinel(rows, await loadMasterKeys(key, previous), world.randomBytes);
  } catch (thrown) {
    if (!(thrown instanceof DatabaseFailure)) throw thrown;
    if (thrown.reason === "database_unavailable") throw new SetupTrouble("The database does not answer just now.");
    if (world.options.isDry) return undefined;
    throw new SetupTrouble("The database has not all its tables: do the step migrations too.");
  }
}

interface Plan {
  readonly put: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
  /** Of all that Cloudflare has from here afterwards. */
  readonly digests: ReadonlyMap<string, string>;
}

/**
 * What has to go to Cloudflare: what is not there, what was changed here, and what was on its way when a run was ended. A key
 * that is there and of which nothing is known stays as it is.
 */
function plan(world: SetupWorld, { secretNames }: FoundWorker, scope: string): Plan {
  const before = readDigests(world.kept.get("SECRETS_PUT"), scope);
  const onTheirWay = readDigests(world.kept.get("SECRETS_ON_THEIR_WAY"), scope);
  const put: Record<string, string> = {};
  const digests = new Map<string, string>();
  for (const name of SECRETS) {
    const value = known(world, name);
    if (value === undefined) continue;
    const digest = digestOf(name, value);
    const isThere = secretNames.includes(name);
    const isLeft = MADE.some((one) => one === name) && !before.has(name);
    if (!isThere || onTheirWay.has(name) || (before.get(name) !== digest && !isLeft)) put[name] = value;
    if (!isThere || !isLeft || onTheirWay.has(name)) digests.set(name, digest);
  }
  const removed = GIVEN.filter(
    (name) =>
      secretNames.includes(name) && known(world, name) === undefined && (before.has(name) || onTheirWay.has(name)),
  );
  return { put, removed, digests };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
