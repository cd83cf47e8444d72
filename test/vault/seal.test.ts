import { webcrypto } from "node:crypto";
import { describe, expect, it } from "vitest";
import { loadMasterKeys, type MasterKeys } from "../../src/vault/master-keys.ts";
import { type SealBinding, seal, sealedWith, unseal } from "../../src/vault/seal.ts";
import { LEGACY_ABSENT, legacy } from "./legacy-fixtures.ts";
import { HEX_A, HEX_B, HEX_C, randomBytes, refusalOf, sealAsPredecessor, seeded, THE_REFUSAL } from "./samples.ts";

const keys = await loadMasterKeys(HEX_A, [HEX_B]);
const ANNA: SealBinding = { purpose: "openai-key", sessionToken: "wst_anna" };
const KEY = "sk-proj-4f9QzU-canary_0123456789";

const sealed = (plaintext = KEY, binding = ANNA, by: MasterKeys = keys) => seal(by, binding, plaintext, randomBytes);

describe("the sealed format", () => {
  it("KEY-1 A sealed value is v2, kid, iv, tag and ciphertext in standard base64.", async () => {
    const [version, kid, iv, authTag, ciphertext, ...more] = (await sealed("sk-aé")).split(":");
    expect([version, kid, more]).toEqual(["v2", keys.newest.kid, []]);
    expect(Buffer.from(iv ?? "", "base64")).toHaveLength(12);
    expect(Buffer.from(authTag ?? "", "base64")).toHaveLength(16);
    expect(Buffer.from(ciphertext ?? "", "base64")).toHaveLength(6);
    for (const part of [iv, authTag, ciphertext]) expect(part).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
  });

  it("KEY-1 The value opens with the documented derivation and additional data, by an independent hand.", async () => {
    const [, kid, iv, authTag, ciphertext] = (await sealed()).split(":");
    const field = (text: string) => {
      const bytes = Buffer.from(text, "utf8");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    const { subtle } = webcrypto;
    const source = await subtle.importKey("raw", Buffer.from(HEX_A, "hex"), "HKDF", false, ["deriveBits"]);
    const info = Buffer.from("callroom/v2/seal/openai-key");
    const bits = await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: Buffer.alloc(0), info }, source, 256);
    const key = await subtle.importKey("raw", bits, "AES-GCM", false, ["decrypt"]);
    const plaintext = await subtle.decrypt(
      {
        name: "AES-GCM",
        iv: Buffer.from(iv ?? "", "base64"),
        additionalData: Buffer.concat(["callroom/v2", "openai-key", "wst_anna", kid ?? ""].map(field)),
      },
      key,
      Buffer.concat([Buffer.from(ciphertext ?? "", "base64"), Buffer.from(authTag ?? "", "base64")]),
    );
    expect(Buffer.from(plaintext).toString()).toBe(KEY);
  });

  it("KEY-2 What was sealed opens again, letter for letter.", async () => {
    const random = seeded(2);
    const anyText = (length: number) => {
      const codePoints = Array.from({ length }, () => {
        const point = Math.floor(random() * [0x80, 0x800, 0xd800, 0x110000][Math.floor(random() * 4)]!);
        return point >= 0xd800 && point < 0xe000 ? 0xfffd : point;
      });
      return String.fromCodePoint(...codePoints);
    };
    const texts = ["", "\u0000", "\ufeffsk-bom", "é漢🙂", "a:b:c", "\r\n ", "x".repeat(10_240), anyText(10_240)];
    for (let length = 0; length < 300; length += 1) texts.push(anyText(length));
    for (const text of texts) {
      const binding: SealBinding = { purpose: "webhook-secret", sessionToken: text };
      expect(await unseal(keys, binding, await sealed(text, binding))).toEqual({ plaintext: text, stale: false });
    }
  });

  it("KEY-3 Every seal takes a fresh iv: 20,000 seals, no iv twice.", { timeout: 30_000 }, async () => {
    const ivs = new Set<string>();
    for (let batch = 0; batch < 200; batch += 1) {
      const values = await Promise.all(Array.from({ length: 100 }, () => sealed("sk-")));
      for (const value of values) ivs.add(value.split(":")[2] ?? "");
    }
    expect(ivs.size).toBe(20_000);
  });

  it("KEY-3 A seal asks for 12 random bytes once, and they are its iv.", async () => {
    const asked: number[] = [];
    const value = await seal(keys, ANNA, KEY, (count) => {
      asked.push(count);
      return new Uint8Array(count).fill(7);
    });
    expect(asked).toEqual([12]);
    expect(value.split(":")[2]).toBe(Buffer.alloc(12, 7).toString("base64"));
  });

  it("KEY-3 A source of randomness that gives too little is refused.", async () => {
    await expect(seal(keys, ANNA, KEY, () => new Uint8Array(11))).rejects.toThrow(RangeError);
    await expect(seal(keys, ANNA, KEY, () => new Uint8Array(0))).rejects.toThrow(RangeError);
  });
});

describe("what a sealed value is bound to", () => {
  it("KEY-4 A sealed value opens in its own row and for its own purpose only.", async () => {
    const value = await sealed();
    expect((await unseal(keys, ANNA, value)).plaintext).toBe(KEY);
    const elsewhere: SealBinding[] = [
      { purpose: "openai-key", sessionToken: "wst_ben" },
      { purpose: "openai-key", sessionToken: "" },
      { purpose: "openai-key", sessionToken: "wst_anna " },
      { purpose: "openai-key", sessionToken: "WST_ANNA" },
      { purpose: "webhook-secret", sessionToken: "wst_anna" },
    ];
    for (const binding of elsewhere) expect(await refusalOf(unseal(keys, binding, value))).toBe(THE_REFUSAL);
  });

  it("KEY-4 No row opens the value of another: 100 rows, 9,900 swaps.", async () => {
    const tokens = Array.from({ length: 100 }, (_, at) => `ws_${at}`);
    const values = await Promise.all(tokens.map((sessionToken) => sealed(KEY, { ...ANNA, sessionToken })));
    let opened = 0;
    for (const [row, sessionToken] of tokens.entries()) {
      const swaps = values.filter((_, at) => at !== row);
      const refusals = await Promise.all(
        swaps.map((value) => refusalOf(unseal(keys, { ...ANNA, sessionToken }, value))),
      );
      opened += refusals.filter((refusal) => refusal !== THE_REFUSAL).length;
    }
    expect(opened).toBe(0);
  });

  it("KEY-4 A value with another kid written into it does not open.", async () => {
    const value = await sealed();
    const previousKid = keys.all[1]?.kid ?? "";
    expect(previousKid).toMatch(/^[0-9a-f]{8}$/);
    const renamed = value.replace(keys.newest.kid, previousKid);
    expect(await refusalOf(unseal(keys, ANNA, renamed))).toBe(THE_REFUSAL);
  });

  it("KEY-4 A v2 value with its version and kid cut off does not pass as the predecessor's.", async () => {
    const downgraded = (await sealed()).split(":").slice(2).join(":");
    expect(sealedWith(downgraded)).toEqual({ format: "legacy" });
    expect(await refusalOf(unseal(keys, ANNA, downgraded))).toBe(THE_REFUSAL);
  });

  it("KEY-4 A predecessor's value with a version and a kid put before it does not pass as v2.", async () => {
    const upgraded = `v2:${keys.newest.kid}:${sealAsPredecessor(HEX_A, KEY, 12)}`;
    expect(sealedWith(upgraded)).toEqual({ format: "v2", kid: keys.newest.kid });
    expect(await refusalOf(unseal(keys, ANNA, upgraded))).toBe(THE_REFUSAL);
  });
});

describe("the predecessor's format", () => {
  it("KEY-5 All sixteen sealed keys of the predecessor open, and ask to be sealed again.", async ({ skip }) => {
    if (!legacy) return skip(LEGACY_ABSENT);
    const ring = await loadMasterKeys(legacy.masterKeyHex, []);
    expect(legacy.readable).toHaveLength(16);
    for (const { sessionToken, sealed, plaintext } of legacy.readable) {
      const opened = await unseal(ring, { purpose: "openai-key", sessionToken }, sealed);
      expect(opened).toEqual({ plaintext, stale: true });
      expect(sealedWith(sealed)).toEqual({ format: "legacy" });
    }
  });

  it("KEY-5 They open under a previous master key as well.", async ({ skip }) => {
    if (!legacy) return skip(LEGACY_ABSENT);
    const ring = await loadMasterKeys(HEX_C, [HEX_B, legacy.masterKeyHex]);
    for (const { sessionToken, sealed, plaintext } of legacy.readable) {
      const opened = await unseal(ring, { purpose: "openai-key", sessionToken }, sealed);
      expect(opened).toEqual({ plaintext, stale: true });
    }
    const without = await loadMasterKeys(HEX_C, [HEX_B]);
    for (const { sessionToken, sealed } of legacy.readable) {
      expect(await refusalOf(unseal(without, { purpose: "openai-key", sessionToken }, sealed))).toBe(THE_REFUSAL);
    }
  });

  it("KEY-5 The predecessor's format is taken for an OpenAI key and for nothing else.", async () => {
    const value = sealAsPredecessor(HEX_A, KEY);
    expect(await unseal(keys, ANNA, value)).toEqual({ plaintext: KEY, stale: true });
    const binding: SealBinding = { purpose: "webhook-secret", sessionToken: ANNA.sessionToken };
    expect(await refusalOf(unseal(keys, binding, value))).toBe(THE_REFUSAL);
  });

  it("KEY-5 Only ivs of 16 and 12 bytes are taken.", async () => {
    for (let ivBytes = 8; ivBytes <= 32; ivBytes += 1) {
      const refusal = await refusalOf(unseal(keys, ANNA, sealAsPredecessor(HEX_A, KEY, ivBytes)));
      expect(refusal).toBe(ivBytes === 12 || ivBytes === 16 ? "opened" : THE_REFUSAL);
    }
  });
});

describe("refusal", () => {
  it("KEY-6 Every refused value of the predecessor is refused with the one error text.", async ({ skip }) => {
    if (!legacy) return skip(LEGACY_ABSENT);
    const ring = await loadMasterKeys(legacy.masterKeyHex, []);
    expect(legacy.refused.length).toBeGreaterThan(0);
    for (const { why, sealed } of legacy.refused) {
      const refusal = await refusalOf(unseal(ring, { purpose: "openai-key", sessionToken: "ws_fixture_0" }, sealed));
      expect(refusal, why).toBe(THE_REFUSAL);
    }
  });

  it("KEY-6 A tag of any length but 16 bytes is refused, though WebCrypto would take a short one.", async () => {
    const [version, kid, iv, authTag, ciphertext] = (await sealed()).split(":");
    const tag = Buffer.from(authTag ?? "", "base64");
    for (const length of [0, 4, 8, 12, 13, 14, 15]) {
      const short = [version, kid, iv, tag.subarray(0, length).toString("base64"), ciphertext].join(":");
      expect(sealedWith(short)).toEqual({ format: "unreadable" });
      expect(await refusalOf(unseal(keys, ANNA, short))).toBe(THE_REFUSAL);
    }
  });

  it("KEY-6 A tag that swallowed the ciphertext, or the other way round, is refused.", async () => {
    const [version, kid, iv, authTag, ciphertext] = (await sealed())
      .split(":")
      .map((part) => Buffer.from(part, "base64"));
    expect([version, kid].every((part) => part !== undefined)).toBe(true);
    const both = Buffer.concat([ciphertext!, authTag!]);
    for (const border of [0, 15, 17, both.length]) {
      const parts = [iv!, both.subarray(border), both.subarray(0, border)].map((part) => part.toString("base64"));
      const moved = ["v2", keys.newest.kid, ...parts].join(":");
      const isSame = both.length - border === 16;
      expect(await refusalOf(unseal(keys, ANNA, moved))).toBe(isSame ? "opened" : THE_REFUSAL);
    }
  });

  it("KEY-6 Only the one spelling of base64 is read.", async () => {
    // 16 bytes end in two padding characters, and the last letter before them carries four bits that mean nothing.
    const value = await sealed("sk-seventeen-bytes"); // 18 bytes: the ciphertext has no padding
    const parts = value.split(":");
    const tag = parts[3] ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const last = alphabet.indexOf(tag[21] ?? "");
    const spellings = [
      `${tag.slice(0, 21)}${alphabet[last ^ 1]}==`,
      `${tag.slice(0, 21)}${alphabet[last ^ 15]}==`,
      tag.slice(0, 22),
      tag.slice(0, 23),
      `${tag}=`,
      ` ${tag}`,
      `${tag}\n`,
      `${tag.slice(0, 4)} ${tag.slice(4)}`,
      tag.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
    ];
    for (const spelling of spellings) {
      expect(Buffer.from(spelling, "base64"), spelling).toEqual(Buffer.from(tag, "base64"));
      const respelled = [...parts.slice(0, 3), spelling, parts[4]].join(":");
      expect(await refusalOf(unseal(keys, ANNA, respelled)), spelling).toBe(THE_REFUSAL);
    }
  });

  it("KEY-6 Nothing but the two formats is taken, and sealedWith says so without opening.", async () => {
    const value = await sealed();
    const [, kid, iv, authTag, ciphertext] = value.split(":");
    const strangers = [
      "",
      ":",
      "::",
      "::::",
      "v2",
      "v2::::",
      KEY,
      "undefined",
      "[object Object]",
      ` ${value}`,
      `${value}\n`,
      `${value}:`,
      `V2:${kid}:${iv}:${authTag}:${ciphertext}`,
      `v1:${kid}:${iv}:${authTag}:${ciphertext}`,
      `v3:${kid}:${iv}:${authTag}:${ciphertext}`,
      `v2:${kid?.toUpperCase()}x:${iv}:${authTag}:${ciphertext}`,
      `v2:${kid}0:${iv}:${authTag}:${ciphertext}`,
      `v2:${kid?.slice(1)}:${iv}:${authTag}:${ciphertext}`,
      `v2:${iv}:${authTag}:${ciphertext}`,
      `v2:${kid}:AAAAAAAAAAAAAAAAAAAAAA==:${authTag}:${ciphertext}`,
      `v2:${kid}::${authTag}:${ciphertext}`,
      "é:漢:🙂",
      "\ud800:\ud800:\ud800",
    ];
    for (const stranger of strangers) {
      expect(sealedWith(stranger), stranger).toEqual({ format: "unreadable" });
      expect(await refusalOf(unseal(keys, ANNA, stranger)), stranger).toBe(THE_REFUSAL);
    }
  });

  it("KEY-6 No change of a sealed value opens: 10,000 bit flips, cuts, swaps and forged versions.", async () => {
    const originals = [
      await sealed(),
      await sealed(""),
      sealAsPredecessor(HEX_A, KEY),
      sealAsPredecessor(HEX_B, KEY, 12),
    ];
    const others = [await sealed("sk-other"), await sealed(KEY, { ...ANNA, sessionToken: "wst_ben" })];
    const random = seeded(6);
    const below = (count: number) => Math.floor(random() * count);
    const anyOf = <T>(list: readonly T[]): T => list[below(list.length)]!;
    const changes: ((value: string) => string)[] = [
      // One bit of one part, as bytes
      (value) => {
        const parts = value.split(":");
        const from = parts[0] === "v2" ? 2 : 0;
        const at = from + below(parts.length - from);
        const bytes = Buffer.from(parts[at] ?? "", "base64");
        const byteAt = below(bytes.length);
        if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(byteAt) ^ (1 << below(8)), byteAt);
        parts[at] = bytes.toString("base64");
        return parts.join(":");
      },
      // One character, of the alphabet or any
      (value) => {
        const at = below(value.length);
        const character = random() < 0.8 ? anyOf("ABab01+/=:v2f".split("")) : String.fromCharCode(below(0x250));
        return value.slice(0, at) + character + value.slice(at + 1);
      },
      (value) => value.slice(0, below(value.length)),
      (value) => value.slice(1 + below(value.length - 1)),
      (value) => {
        const at = below(value.length);
        return value.slice(0, at) + anyOf("A=: \n0".split("")) + value.slice(at);
      },
      // Two parts of one value change places
      (value) => {
        const parts = value.split(":");
        const [a, b] = [below(parts.length), below(parts.length)];
        [parts[a], parts[b]] = [parts[b] ?? "", parts[a] ?? ""];
        return parts.join(":");
      },
      // A part of another value
      (value) => {
        const parts = value.split(":");
        const donor = anyOf([...others, ...originals]).split(":");
        parts[below(parts.length)] = anyOf(donor);
        return parts.join(":");
      },
      (value) => `${anyOf(["v1", "v2", "v3", "", keys.newest.kid])}:${value}`,
      (value) => value.split(":").slice(1).join(":"),
      (value) => value.replace(keys.newest.kid, anyOf(["00000000", "ffffffff", keys.all[1]?.kid ?? ""])),
    ];
    let tried = 0;
    const opened: string[] = [];
    while (tried < 10_000) {
      const changed = anyOf(changes)(anyOf(originals));
      if (originals.includes(changed)) continue;
      tried += 1;
      if ((await refusalOf(unseal(keys, ANNA, changed))) !== THE_REFUSAL) opened.push(changed);
    }
    expect(opened).toEqual([]);
  });
});

describe("rotation of master keys", () => {
  it("KEY-7 A value under a previous master key opens and asks to be sealed again.", async () => {
    const before = await loadMasterKeys(HEX_B, []);
    const value = await sealed(KEY, ANNA, before);
    expect(await unseal(before, ANNA, value)).toEqual({ plaintext: KEY, stale: false });
    expect(await unseal(keys, ANNA, value)).toEqual({ plaintext: KEY, stale: true });
    expect(sealedWith(value)).toEqual({ format: "v2", kid: before.newest.kid });
    const again = await sealed(KEY, ANNA, keys);
    expect(sealedWith(again)).toEqual({ format: "v2", kid: keys.newest.kid });
    expect(await refusalOf(unseal(before, ANNA, again))).toBe(THE_REFUSAL);
  });

  it("KEY-7 A value under a master key that is gone is refused.", async () => {
    const gone = await loadMasterKeys(HEX_C, []);
    expect(await refusalOf(unseal(keys, ANNA, await sealed(KEY, ANNA, gone)))).toBe(THE_REFUSAL);
  });
});
