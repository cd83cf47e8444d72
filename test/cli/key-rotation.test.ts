import { describe, expect, it } from "vitest";
import { countKeys, rotateKeys } from "../../src/cli/key-rotation.ts";
import { loadMasterKeys, type MasterKeys } from "../../src/vault/master-keys.ts";
import { SEAL_PURPOSES, type SealPurpose, seal, sealedWith, unseal } from "../../src/vault/seal.ts";
import { LEGACY_ABSENT, legacy } from "../vault/legacy-fixtures.ts";
import { HEX_A, HEX_B, HEX_C, randomBytes, sealAsPredecessor } from "../vault/samples.ts";
import { RowsInMemory } from "./rows-in-memory.ts";

const before = await loadMasterKeys(HEX_B, []);
const keys = await loadMasterKeys(HEX_A, [HEX_B]);
const strange = await loadMasterKeys(HEX_C, []);

const sealed = (by: MasterKeys, sessionToken: string, plaintext: string, purpose: SealPurpose = "openai-key") =>
  seal(by, { purpose, sessionToken }, plaintext, randomBytes);
const opened = (by: MasterKeys, sessionToken: string, value: string | null, purpose: SealPurpose = "openai-key") =>
  unseal(by, { purpose, sessionToken }, value ?? "");

/** Rows as years leave them: previous keys, the predecessor's format, some already new, some with nothing. */
async function agedRows(count: number): Promise<{ rows: RowsInMemory; plaintexts: Map<string, string> }> {
  const rows = new RowsInMemory();
  const plaintexts = new Map<string, string>();
  for (let at = 0; at < count; at += 1) {
    const token = `ws_${String(at).padStart(4, "0")}`;
    const [key, secret] = [`sk-${at}`, `whsec_${at}`];
    rows.stored.set(token, {
      "openai-key": [
        await sealed(before, token, key),
        sealAsPredecessor(HEX_B, key),
        sealAsPredecessor(HEX_A, key, 12),
        await sealed(keys, token, key),
        null,
      ][at % 5]!,
      "webhook-secret": at % 3 === 0 ? null : await sealed(before, token, secret, "webhook-secret"),
    });
    if (at % 5 !== 4) plaintexts.set(`${token} openai-key`, key);
    if (at % 3 !== 0) plaintexts.set(`${token} webhook-secret`, secret);
  }
  return { rows, plaintexts };
}

async function plaintextsIn(rows: RowsInMemory, by: MasterKeys): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [token, row] of rows.stored) {
    for (const purpose of SEAL_PURPOSES) {
      const value = row[purpose];
      if (value !== null) found.set(`${token} ${purpose}`, (await opened(by, token, value, purpose)).plaintext);
    }
  }
  return found;
}

describe("rotating", () => {
  it("ROTATE-1 Every readable value is sealed under the newest master key afterwards, and says the same.", async () => {
    const { rows, plaintexts } = await agedRows(451);
    const seen: number[] = [];
    const resealed = await rotateKeys(rows, keys, randomBytes, (count) => seen.push(count));
    const newestOnly = await loadMasterKeys(HEX_A, []);
    expect(await plaintextsIn(rows, newestOnly)).toEqual(plaintexts);
    const census = await countKeys(rows, keys);
    expect(census).toMatchObject({ stale: 0, unreadable: [] });
    // Those that were new already were not written again.
    expect(resealed).toBe(plaintexts.size - [...Array(451).keys()].filter((at) => at % 5 === 3).length);
    expect(rows.writes).toBe(resealed);
    expect(seen.at(-1)).toBe((await rows.page(null, 1_000)).length);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it("ROTATE-1 The predecessor's sixteen keys come out as v2 of their own rows.", async ({ skip }) => {
    if (!legacy) return skip(LEGACY_ABSENT);
    const ring = await loadMasterKeys(HEX_C, [legacy.masterKeyHex]);
    const rows = new RowsInMemory();
    for (const { sessionToken, sealed } of legacy.readable) {
      rows.stored.set(sessionToken, { "openai-key": sealed, "webhook-secret": null });
    }
    expect(await rotateKeys(rows, ring, randomBytes, () => {})).toBe(16);
    for (const { sessionToken, plaintext } of legacy.readable) {
      const value = rows.stored.get(sessionToken)?.["openai-key"] ?? "";
      expect(sealedWith(value)).toEqual({ format: "v2", kid: ring.newest.kid });
      expect(await opened(strange, sessionToken, value)).toEqual({ plaintext, stale: false });
    }
  });

  it("ROTATE-2 A second run writes nothing.", async () => {
    const { rows } = await agedRows(50);
    await rotateKeys(rows, keys, randomBytes, () => {});
    const after = structuredClone(rows.stored);
    const writes = rows.writes;
    expect(await rotateKeys(rows, keys, randomBytes, () => {})).toBe(0);
    expect(rows.writes).toBe(writes);
    expect(rows.stored).toEqual(after);
  });

  it("ROTATE-2 Killed before or after any write, it loses nothing, and the next run does the rest.", async () => {
    const { rows: untouched, plaintexts } = await agedRows(20);
    const probe = new RowsInMemory();
    for (const [token, row] of untouched.stored) probe.stored.set(token, { ...row });
    const writes = await rotateKeys(probe, keys, randomBytes, () => {});
    expect(writes).toBeGreaterThan(20);
    for (let killedAt = 0; killedAt <= writes; killedAt += 1) {
      for (const when of ["beforeWrite", "afterWrite"] as const) {
        const rows = new RowsInMemory();
        for (const [token, row] of untouched.stored) rows.stored.set(token, { ...row });
        rows[when] = () => {
          if (rows.writes >= killedAt) throw new Error("killed");
        };
        const first = await rotateKeys(rows, keys, randomBytes, () => {}).catch(() => "killed");
        expect(first).toBe(killedAt < writes || (when === "afterWrite" && killedAt === writes) ? "killed" : writes);
        expect(await plaintextsIn(rows, keys)).toEqual(plaintexts);
        rows[when] = () => {};
        await rotateKeys(rows, keys, randomBytes, () => {});
        expect(rows.writes).toBe(writes);
        expect(await plaintextsIn(rows, await loadMasterKeys(HEX_A, []))).toEqual(plaintexts);
      }
    }
  });

  it("ROTATE-2 Two rotations at once do the work of one.", async () => {
    const { rows, plaintexts } = await agedRows(60);
    const [one, two] = await Promise.all([
      rotateKeys(rows, keys, randomBytes, () => {}),
      rotateKeys(rows, keys, randomBytes, () => {}),
    ]);
    expect(one + two).toBe(rows.writes);
    expect(await plaintextsIn(rows, await loadMasterKeys(HEX_A, []))).toEqual(plaintexts);
  });

  it("ROTATE-3 A key that a student replaces, forgets or brings meanwhile is left as the student made it.", async () => {
    const rows = new RowsInMemory();
    for (const token of ["anna", "ben", "carl"]) {
      rows.stored.set(token, { "openai-key": await sealed(before, token, "sk-old"), "webhook-secret": null });
    }
    const replaced = await sealed(keys, "anna", "sk-new");
    rows.beforeWrite = (token) => {
      if (token === "anna") rows.stored.set("anna", { "openai-key": replaced, "webhook-secret": null });
      if (token === "ben") rows.stored.set("ben", { "openai-key": null, "webhook-secret": null });
      if (token === "carl") rows.stored.delete("carl");
    };
    expect(await rotateKeys(rows, keys, randomBytes, () => {})).toBe(0);
    expect(rows.stored.get("anna")?.["openai-key"]).toBe(replaced);
    expect(rows.stored.get("ben")?.["openai-key"]).toBeNull();
    expect(rows.stored.has("carl")).toBe(false);
  });

  it("ROTATE-4 A value that cannot be opened is left as it is and stops nothing.", async () => {
    const rows = new RowsInMemory();
    const broken = {
      strange: await sealed(strange, "strange", "sk-1"),
      moved: await sealed(before, "somebody", "sk-2"),
      plaintext: "sk-proj-plaintext-never-sealed",
      empty: "",
    };
    for (const [token, value] of Object.entries(broken)) {
      rows.stored.set(token, { "openai-key": value, "webhook-secret": value });
    }
    rows.stored.set("zoe", { "openai-key": await sealed(before, "zoe", "sk-z"), "webhook-secret": null });
    // A webhook secret was never in the predecessor's format.
    rows.stored.set("yan", { "openai-key": null, "webhook-secret": sealAsPredecessor(HEX_A, "whsec_y") });
    expect(await rotateKeys(rows, keys, randomBytes, () => {})).toBe(1);
    for (const [token, value] of Object.entries(broken)) {
      expect(rows.stored.get(token)).toEqual({ "openai-key": value, "webhook-secret": value });
    }
    const census = await countKeys(rows, keys);
    expect(census.counts["openai-key"].unreadable).toBe(4);
    expect(census.counts["webhook-secret"].unreadable).toBe(5);
    expect(census.stale).toBe(0);
  });
});

describe("counting", () => {
  it("ROTATE-5 Each value is counted once, under the master key that opens it.", async () => {
    const { rows } = await agedRows(30);
    rows.stored.set("xenia", { "openai-key": await sealed(strange, "xenia", "sk-x"), "webhook-secret": "junk" });
    const stored = structuredClone(rows.stored);
    const census = await countKeys(rows, keys);
    const [newest, previous] = keys.all.map(({ kid }) => kid);
    expect(census.counts["openai-key"]).toEqual({
      byKid: new Map([
        [previous, 6],
        [newest, 6],
      ]),
      legacy: 12,
      unreadable: 1,
      none: 6,
    });
    expect(census.counts["webhook-secret"]).toEqual({
      byKid: new Map([[previous, 20]]),
      legacy: 0,
      unreadable: 1,
      none: 10,
    });
    expect(census.stale).toBe(6 + 12 + 20);
    expect(census.unreadable).toEqual([
      { purpose: "openai-key", sessionTokenEnd: "ia", missingKid: strange.newest.kid },
      { purpose: "webhook-secret", sessionTokenEnd: "ia", missingKid: undefined },
    ]);
    expect(rows.stored).toEqual(stored);
    expect(rows.writes).toBe(0);
  });

  it("ROTATE-5 Of a session token the last four characters are told, and never more than half of it.", async () => {
    const rows = new RowsInMemory();
    for (const token of ["a", "abc", "abcdefgh", "wst_0123456789"]) {
      rows.stored.set(token, { "openai-key": "junk", "webhook-secret": null });
    }
    const ends = (await countKeys(rows, keys)).unreadable.map(({ sessionTokenEnd }) => sessionTokenEnd);
    expect(ends).toEqual(["", "c", "efgh", "6789"]);
  });
});
