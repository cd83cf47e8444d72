import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  isUsableMasterKey,
  loadMasterKeys,
  type MasterKey,
  MasterKeyUnusable,
  splitMasterKeys,
} from "../../src/vault/master-keys.ts";
import { seal, unseal } from "../../src/vault/seal.ts";
import { HEX_A, HEX_B, HEX_C, randomBytes } from "./samples.ts";

const kidOf = (hex: string) => createHash("sha256").update(Buffer.from(hex, "hex")).digest("hex").slice(0, 8);
const secretsOf = ({ sealing, ...others }: MasterKey) =>
  [...Object.values(sealing), ...Object.values(others)].filter((secret) => secret instanceof CryptoKey);

describe("master key texts", () => {
  it("KEY-8 A master key is 64 hexadecimal characters of either case, white space around it tolerated.", async () => {
    const spellings = [
      HEX_A,
      HEX_A.toUpperCase(),
      `${HEX_A}\n`,
      `\r\n\t ${HEX_A} \n`,
      `${HEX_A.slice(0, 32)}${HEX_A.slice(32).toUpperCase()}`,
    ];
    const value = await seal(
      await loadMasterKeys(HEX_A, []),
      { purpose: "openai-key", sessionToken: "a" },
      "sk-a",
      randomBytes,
    );
    for (const spelling of spellings) {
      expect(isUsableMasterKey(spelling)).toBe(true);
      const keys = await loadMasterKeys(spelling, []);
      expect(keys.newest.kid).toBe(kidOf(HEX_A));
      expect(await unseal(keys, { purpose: "openai-key", sessionToken: "a" }, value)).toEqual({
        plaintext: "sk-a",
        stale: false,
      });
    }
  });

  it("KEY-8 Everything else is refused, and so is one byte repeated.", async () => {
    const texts = [
      "",
      " ",
      "undefined",
      HEX_A.slice(1),
      `${HEX_A}0`,
      `${HEX_A}${HEX_A}`,
      `0x${HEX_A.slice(2)}`,
      `${HEX_A.slice(0, 32)} ${HEX_A.slice(32)}`,
      `${HEX_A.slice(0, 63)}g`,
      `${HEX_A},${HEX_B}`,
      Buffer.from(HEX_A, "hex").toString("base64"),
      "0".repeat(64),
      "f".repeat(64),
      "5a".repeat(32),
      "aA".repeat(32),
    ];
    for (const text of texts) {
      expect(isUsableMasterKey(text), text).toBe(false);
      await expect(loadMasterKeys(text, []), text).rejects.toThrow(MasterKeyUnusable);
      await expect(loadMasterKeys(HEX_A, [text]), text).rejects.toThrow(MasterKeyUnusable);
    }
    expect(isUsableMasterKey(`${"00".repeat(31)}01`)).toBe(true);
  });

  it("KEY-8 The error of an unusable master key does not quote it.", async () => {
    const thrown = await loadMasterKeys(`${HEX_A}0`, []).catch((error: unknown) => error);
    expect(inspect(thrown)).not.toContain(HEX_A.slice(0, 8));
  });

  it("KEY-8 A list of master keys is split at commas, blanks skipped.", () => {
    expect(splitMasterKeys(` ${HEX_A}\n,, ${HEX_B} ,`)).toEqual([HEX_A, HEX_B]);
    expect(splitMasterKeys(" \n")).toEqual([]);
  });
});

describe("loaded master keys", () => {
  it("KEY-9 The kid is the first 8 hex digits of SHA-256 over the key's bytes.", async () => {
    const keys = await loadMasterKeys(HEX_A, [HEX_B, HEX_C]);
    expect(keys.newest).toBe(keys.all[0]);
    expect(keys.all.map(({ kid }) => kid)).toEqual([kidOf(HEX_A), kidOf(HEX_B), kidOf(HEX_C)]);
  });

  it("KEY-9 A master key given twice counts once, and the newest is never previous.", async () => {
    const keys = await loadMasterKeys(HEX_A, [HEX_B, HEX_A.toUpperCase(), ` ${HEX_B}`, HEX_B.toUpperCase()]);
    expect(keys.all.map(({ kid }) => kid)).toEqual([kidOf(HEX_A), kidOf(HEX_B)]);
  });

  it("KEY-10 No key in memory can be exported.", async () => {
    const keys = await loadMasterKeys(HEX_A, [HEX_B]);
    const secrets = [...keys.all.flatMap(secretsOf), keys.instructorSessions];
    expect(secrets).toHaveLength(15);
    for (const secret of secrets) {
      expect(secret.extractable).toBe(false);
      for (const format of ["raw", "jwk"] as const) {
        await expect(crypto.subtle.exportKey(format, secret)).rejects.toThrow();
      }
    }
  });

  it("KEY-10 Previous master keys cannot encrypt, and nothing can seal in the predecessor's format.", async () => {
    const keys = await loadMasterKeys(HEX_A, [HEX_B, HEX_C]);
    const sealing = keys.all.map(({ sealing }) => Object.values(sealing).map(({ usages }) => [...usages].sort()));
    const both = ["decrypt", "encrypt"];
    expect(sealing).toEqual([
      [both, both, both],
      [["decrypt"], ["decrypt"], ["decrypt"]],
      [["decrypt"], ["decrypt"], ["decrypt"]],
    ]);
    for (const { predecessor } of keys.all) expect(predecessor.usages).toEqual(["decrypt"]);
    const previous = keys.all[1]!.sealing["openai-key"];
    const encryption = crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, previous, new Uint8Array(1));
    await expect(encryption).rejects.toThrow();
  });

  it("KEY-10 Inspecting the master keys shows nothing of them.", async () => {
    const keys = await loadMasterKeys(HEX_A, [HEX_B]);
    const seen = inspect(keys, { showHidden: true, depth: null, getters: true }) + JSON.stringify(keys);
    for (const hex of [HEX_A, HEX_B]) {
      const bytes = Buffer.from(hex, "hex");
      for (const form of [hex, bytes.toString("base64"), [...bytes].join(", "), hex.match(/../g)!.join(" ")]) {
        expect(seen).not.toContain(form.slice(0, 16));
      }
    }
  });

  it("KEY-10 Each purpose has its own key: what one sealed, no other opens.", async () => {
    const keys = await loadMasterKeys(HEX_A, []);
    const iv = new Uint8Array(12);
    const cipher = { name: "AES-GCM", iv };
    const bytes = await crypto.subtle.encrypt(cipher, keys.newest.sealing["openai-key"], new Uint8Array(4));
    await expect(crypto.subtle.decrypt(cipher, keys.newest.sealing["openai-key"], bytes)).resolves.toBeDefined();
    await expect(crypto.subtle.decrypt(cipher, keys.newest.sealing["webhook-secret"], bytes)).rejects.toThrow();
    await expect(crypto.subtle.decrypt(cipher, keys.newest.predecessor, bytes)).rejects.toThrow();
  });
});
