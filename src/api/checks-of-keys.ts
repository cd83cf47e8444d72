import type { Check } from "../protocol/rest-workshop.ts";
import type { SealCount } from "../store/sentinels.ts";
import type { MasterKeys } from "../vault/master-keys.ts";
import { seal, unseal } from "../vault/seal.ts";
import type { RingVerdict } from "../vault/sentinel.ts";
import { check, type Probe } from "./checks.ts";

/* Of the checks, those of what is sealed. Kids and numbers are told, nothing that is sealed. */

/** Seals and opens a text of its own, as every key is; and whether it is the one that sealed what is stored. */
export async function checkMasterKey(
  masterKeys: () => Promise<MasterKeys>,
  randomBytes: (count: number) => Uint8Array,
  ring: Probe<RingVerdict>,
): Promise<Check> {
  const kid = await workingKid(masterKeys, randomBytes);
  if (kid === undefined) {
    const fix = "Set ENCRYPTION_KEY to 64 hexadecimal characters: openssl rand -hex 32";
    return check("master-key", "failed", "What it sealed could not be opened.", fix);
  }
  if (ring.outcome !== "answered") {
    const found = `Seals and opens (${kid}). Whether it sealed what is stored, only the database can tell.`;
    return check("master-key", "warning", found, "First make the database answer.");
  }
  const putBack =
    "Put the old one back: npx wrangler secret put ENCRYPTION_KEY. " +
    "If this one is meant to be new, put the old one into ENCRYPTION_KEY_PREVIOUS.";
  switch (ring.answer) {
    case "right":
      return check("master-key", "ok", `Opens what is stored. Its number is ${kid}.`);
    case "wrong":
      return check(
        "master-key",
        "failed",
        `This is not the ENCRYPTION_KEY that sealed what is stored (it is ${kid}). No key is taken until that is right.`,
        `${putBack} If the old one is lost for good, empty the table master_key_sentinels: students then enter their keys again.`,
      );
    case "unproven":
      return check(
        "master-key",
        "failed",
        `It (${kid}) opens none of the keys that are stored.`,
        `${putBack} If the old one is lost for good, students enter their keys again.`,
      );
  }
}

/** The newest master key's, if it does its work. An error of the runtime says nothing that helps. */
async function workingKid(
  masterKeys: () => Promise<MasterKeys>,
  randomBytes: (count: number) => Uint8Array,
): Promise<string | undefined> {
  try {
    const keys = await masterKeys();
    const binding = { purpose: "openai-key", sessionToken: "check" } as const;
    const text = [...randomBytes(16)].join();
    const opened = await unseal(keys, binding, await seal(keys, binding, text, randomBytes));
    return opened.plaintext === text && !opened.stale ? keys.newest.kid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What the stored keys and webhook secrets are sealed with.
 *
 * @param kids of the configured master keys, the newest first.
 */
export function checkSealedRows(probe: Probe<readonly SealCount[]>, kids: readonly string[]): Check {
  if (probe.outcome !== "answered") {
    return check("sealed-rows", "warning", "They could not be counted.", "First make the database answer.");
  }
  const [newest] = kids;
  const valuesWhere = (belongs: (count: SealCount) => boolean): number =>
    probe.answer.filter(belongs).reduce((sum, { values }) => sum + values, 0);
  const total = valuesWhere(() => true);
  if (total === 0) return check("sealed-rows", "ok", "Nothing is stored yet.");

  const lost = probe.answer.filter(({ kid }) => kid !== null && !kids.includes(kid));
  if (lost.length > 0) {
    const [values, names] = [lost.reduce((sum, each) => sum + each.values, 0), lost.map(({ kid }) => kid).join(", ")];
    return check(
      "sealed-rows",
      "failed",
      `${some(values, total)} under ${names}, which is not configured.`,
      "Put the ENCRYPTION_KEY of that number into ENCRYPTION_KEY_PREVIOUS. If it is lost, their students enter their keys again.",
    );
  }
  const plain = valuesWhere(({ shape }) => shape === "plaintext");
  if (plain > 0) {
    return check(
      "sealed-rows",
      "failed",
      `${some(plain, total)} not sealed: whoever reads the database reads ${plain === 1 ? "it" : "them"}.`,
      "Seal what is there: npm run adopt -- --from DATABASE_URL",
    );
  }
  const older = valuesWhere(({ shape, kid }) => shape === "predecessor" || (shape === "v2" && kid !== newest));
  if (older > 0) {
    return check(
      "sealed-rows",
      "warning",
      `${some(older, total)} not yet under the newest ENCRYPTION_KEY (${newest}).`,
      "Seal again: npm run keys -- rotate",
    );
  }
  const unreadable = valuesWhere(({ shape }) => shape === "unreadable");
  if (unreadable > 0) {
    return check(
      "sealed-rows",
      "warning",
      `${some(unreadable, total)} in no format that is known.`,
      "Find whose: npm run keys -- status. Those students enter their keys again.",
    );
  }
  return check("sealed-rows", "ok", `${total === 1 ? "The one value is" : `All ${total} values are`} under ${newest}.`);
}

/** "3 of 12 values are", to go on from. */
const some = (values: number, total: number): string =>
  `${values} of ${total} ${total === 1 ? "value" : "values"} ${values === 1 ? "is" : "are"}`;
