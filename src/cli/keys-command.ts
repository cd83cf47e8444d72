import type { DatabaseAddress } from "../store/database.ts";
import { isUsableMasterKey, loadMasterKeys, type MasterKeys, splitMasterKeys } from "../vault/master-keys.ts";
import { SEAL_PURPOSES, type SealPurpose } from "../vault/seal.ts";
import type { Configuration } from "./configuration.ts";
import { countKeys, type KeyCensus, type KeyRows, rotateKeys } from "./key-rotation.ts";
import { startProgress, type Terminal } from "./progress.ts";

/*
 * `npm run keys -- status` and `-- rotate`: what they say and when they fail. Prints kids, counts and the ends of session
 * tokens, never a value.
 */

const USAGE = `npm run keys -- status   counts the stored secrets by the master key that seals them; changes nothing
npm run keys -- rotate   seals every one of them again under the newest master key

Before rotating, deploy the Worker with the new ENCRYPTION_KEY and the old one in ENCRYPTION_KEY_PREVIOUS: until then it
cannot open what is sealed under the new one.

Reads ENCRYPTION_KEY, ENCRYPTION_KEY_PREVIOUS and DATABASE_URL from the environment, then from .dev.vars; without a
DATABASE_URL, the database of a running npm run dev.
`;

/** What the command needs of the outside. */
export interface KeysSurroundings {
  readonly configuration: Configuration;
  readonly out: Terminal;
  readonly err: Terminal;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly openRows: (database: DatabaseAddress) => KeyRows;
}

/** 0: done. 1: something is unreadable or left under an older master key. 2: the command could not do its work. */
export type ExitCode = 0 | 1 | 2;

/** A value that another process keeps changing is tried this often before it is left to the next run. */
const PASSES = 3;
const UNREADABLE_SHOWN = 20;

const NAMES: Readonly<Record<SealPurpose, string>> = { "openai-key": "OpenAI key", "webhook-secret": "webhook secret" };

/** Runs `status` or `rotate`. What the store throws goes through. */
export async function keysCommand(args: readonly string[], surroundings: KeysSurroundings): Promise<ExitCode> {
  const { configuration, out, err, randomBytes, openRows } = surroundings;
  const [verb, ...more] = args;
  if (verb === "--help" || verb === "help") {
    out.write(USAGE);
    return 0;
  }
  if ((verb !== "status" && verb !== "rotate") || more.length > 0) {
    err.write(USAGE);
    return 2;
  }
  const ready = await prepared(configuration);
  if (typeof ready === "string") {
    err.write(`${ready}\n`);
    return 2;
  }
  const { keys, database, where } = ready;
  const rows = openRows(database);
  out.write(`Database    ${where}\n`);
  let census = await countKeys(rows, keys);
  let resealed = 0;
  if (verb === "rotate") {
    for (let pass = 1; pass <= PASSES && census.stale > 0; pass += 1) {
      const progress = startProgress(out, "Rotating", census.sealedRows);
      try {
        resealed += await rotateKeys(rows, keys, randomBytes, (seen) => progress.update(seen));
      } finally {
        progress.end();
      }
      census = await countKeys(rows, keys);
    }
    out.write(`${counted(resealed, "value")} sealed again under ${keys.newest.kid}.\n`);
  }
  out.write(`\n${table(census, keys)}\n${unreadableText(census)}${adviceText(census, keys)}`);
  return verb === "rotate" && (census.unreadable.length > 0 || census.stale > 0) ? 1 : 0;
}

/** The command's configuration, or a sentence that says which variable is wrong, never its value. */
async function prepared(
  configuration: Configuration,
): Promise<{ keys: MasterKeys; database: DatabaseAddress; where: string } | string> {
  const newest = configuration.variable("ENCRYPTION_KEY");
  const previous = splitMasterKeys(configuration.variable("ENCRYPTION_KEY_PREVIOUS") ?? "");
  if (newest === undefined) return "ENCRYPTION_KEY is not set, neither in the environment nor in .dev.vars.";
  const rule = "64 hexadecimal characters, and not one byte repeated";
  if (!isUsableMasterKey(newest)) return `ENCRYPTION_KEY is not usable: a master key is ${rule}.`;
  if (!previous.every(isUsableMasterKey)) return `ENCRYPTION_KEY_PREVIOUS is not usable: each of its keys is ${rule}.`;
  const { database } = configuration;
  if (database === undefined) return "No database: set DATABASE_URL, or start npm run dev in another terminal.";
  if (!/^postgres(ql)?:\/\//.test(database.url) || !URL.canParse(database.url))
    return "DATABASE_URL is not a Postgres URL.";
  const { host, pathname } = new URL(database.url);
  return { keys: await loadMasterKeys(newest, previous), database, where: `${host}${pathname}` };
}

function table(census: KeyCensus, keys: MasterKeys): string {
  const lines: [label: string, count: (purpose: SealPurpose) => number][] = keys.all.map(({ kid }, at) => [
    `${at === 0 ? "newest" : "previous"} ${kid}`,
    (purpose) => census.counts[purpose].byKid.get(kid) ?? 0,
  ]);
  lines.push(
    ["predecessor's format", (purpose) => census.counts[purpose].legacy],
    ["unreadable", (purpose) => census.counts[purpose].unreadable],
    ["none", (purpose) => census.counts[purpose].none],
  );
  const header = `${"Sealed under".padEnd(24)}${SEAL_PURPOSES.map((purpose) => NAMES[purpose].padStart(16)).join("")}\n`;
  const rows = lines.map(([label, count]) => {
    const cells = SEAL_PURPOSES.map((purpose) => String(count(purpose)).padStart(16));
    return `${label.padEnd(24)}${cells.join("")}\n`;
  });
  return header + rows.join("");
}

function unreadableText(census: KeyCensus): string {
  const { unreadable } = census;
  if (unreadable.length === 0) return "";
  const lines = unreadable.slice(0, UNREADABLE_SHOWN).map(({ purpose, sessionTokenEnd, missingKid }) => {
    const why =
      missingKid === undefined ? "damaged, or not made for this row" : `sealed under ${missingKid}, not configured`;
    return `  ${NAMES[purpose]} of …${sessionTokenEnd}: ${why}\n`;
  });
  const hidden = unreadable.length - lines.length;
  if (hidden > 0) lines.push(`  and ${hidden} more\n`);
  return `${counted(unreadable.length, "value")} cannot be opened. An OpenAI key has to be entered again by its student:\n${lines.join("")}`;
}

function adviceText(census: KeyCensus, keys: MasterKeys): string {
  if (census.stale > 0) {
    return `${counted(census.stale, "value")} not yet under ${keys.newest.kid}: npm run keys -- rotate\n`;
  }
  if (keys.all.length === 1) return `Everything readable is under ${keys.newest.kid}.\n`;
  return `Everything readable is under ${keys.newest.kid}: ENCRYPTION_KEY_PREVIOUS is not needed any more.\n`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
