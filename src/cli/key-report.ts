import type { MasterKeys } from "../vault/master-keys.ts";
import { SEAL_PURPOSES, type SealPurpose } from "../vault/seal.ts";
import type { KeyCensus } from "./key-rotation.ts";

/* What `npm run keys` says of the stored values: kids, counts and the ends of session tokens, never a value. */

const UNREADABLE_SHOWN = 20;

const NAMES: Readonly<Record<SealPurpose, string>> = { "openai-key": "OpenAI key", "webhook-secret": "webhook secret" };

export function table(census: KeyCensus, keys: MasterKeys): string {
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

export function unreadableText({ unreadable }: KeyCensus): string {
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

/** What to do next about the stored values. `command`: how this command is called, without its verb. */
export function adviceText(census: KeyCensus, keys: MasterKeys, command: (verb: string) => string): string {
  const { kid } = keys.newest;
  if (census.stale > 0) return `${counted(census.stale, "value")} not yet under ${kid}: ${command("rotate")}\n`;
  if (keys.all.length === 1) return `Everything readable is under ${kid}.\n`;
  return `Everything readable is under ${kid}. When no call of before is left, the older may go: ${command("retire")}\n`;
}

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** From when on something may be done, for a person: the next full minute. */
export const fromMoment = (atMs: number): string => moment(60_000 * Math.ceil(atMs / 60_000));

/** A moment for a person, to the minute. */
export const moment = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
