import { beforeEach, describe, expect, it } from "vitest";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { SEAL_PURPOSES, seal, unseal } from "../../src/vault/seal.ts";
import { ensureSentinel, maySeal, type Sentinel, type SentinelRows, sentinelOf } from "../../src/vault/sentinel.ts";
import { HEX_A, HEX_B, HEX_C, randomBytes, sealAsPredecessor } from "./samples.ts";

type Value = Awaited<ReturnType<SentinelRows["sample"]>>[number];

/** A database's sentinels and values, in memory. */
class Rows implements SentinelRows {
  readonly sentinels: Sentinel[] = [];
  readonly values: Value[] = [];
  queries = 0;

  async list() {
    this.queries += 1;
    return [...this.sentinels];
  }

  async add(sentinel: Sentinel) {
    this.queries += 1;
    if (!this.sentinels.some(({ kid }) => kid === sentinel.kid)) this.sentinels.push(sentinel);
  }

  async sample() {
    this.queries += 1;
    return this.values;
  }

  get kids(): string[] {
    return this.sentinels.map(({ kid }) => kid);
  }
}

const key = (sealed: string, sessionToken = "wst_1"): Value => ({ purpose: "openai-key", sessionToken, sealed });
const sealedUnder = async (hex: string): Promise<Value> =>
  key(await seal(await loadMasterKeys(hex, []), { purpose: "openai-key", sessionToken: "wst_1" }, "sk-a", randomBytes));

describe("sentinels", () => {
  let rows: Rows;
  beforeEach(() => {
    rows = new Rows();
  });
  const judge = async (newest: string, ...previous: string[]) =>
    ensureSentinel(rows, await loadMasterKeys(newest, previous), randomBytes);
  const kidOf = async (hex: string) => (await loadMasterKeys(hex, [])).newest.kid;

  it("SENTINEL-1 a database where nothing is sealed takes any ring, and is given its sentinel once", async () => {
    expect([await judge(HEX_A), await judge(HEX_A)]).toEqual(["right", "right"]);
    expect(rows.kids).toEqual([await kidOf(HEX_A)]);
  });

  it("SENTINEL-2 a ring that opens none of the sentinels is wrong, and writes none", async () => {
    await judge(HEX_A);
    expect([await judge(HEX_B), await judge(HEX_B, HEX_C)]).toEqual(["wrong", "wrong"]);
    expect(rows.kids).toEqual([await kidOf(HEX_A)]);
  });

  it("SENTINEL-3 a new master key beside the old one is right and is given its own; then the old one may go", async () => {
    await judge(HEX_A);
    expect(await judge(HEX_B, HEX_A)).toBe("right");
    expect(rows.kids).toEqual([await kidOf(HEX_A), await kidOf(HEX_B)]);
    expect(await judge(HEX_B)).toBe("right");
  });

  it("SENTINEL-4 a sentinel that is damaged, moved to another number or something else proves nothing", async () => {
    const keys = await loadMasterKeys(HEX_A, []);
    const { kid, sealed } = await sentinelOf(keys, randomBytes);
    const [, , iv, tag, text] = sealed.split(":");
    const other = await seal(keys, { purpose: "openai-key", sessionToken: "" }, "Callroom opens", randomBytes);
    const another = await seal(keys, { purpose: "sentinel", sessionToken: "" }, "another text", randomBytes);
    for (const wrong of [
      `v2:${kid}:${tag?.slice(0, 16)}:${iv}:${text}`,
      `v2:00000000:${iv}:${tag}:${text}`,
      other,
      another,
      "",
    ]) {
      rows.sentinels.splice(0, 1, { kid, sealed: wrong });
      expect(await judge(HEX_A)).toBe("wrong");
    }
  });

  it("SENTINEL-5 without a sentinel the ring is judged by what students have sealed, also by the predecessor's values", async () => {
    rows.values.push(await sealedUnder(HEX_A));
    expect(await judge(HEX_B)).toBe("unproven");
    expect(rows.sentinels).toEqual([]);
    expect(await judge(HEX_B, HEX_A)).toBe("right");
    expect(rows.kids).toEqual([await kidOf(HEX_B)]);

    rows = new Rows();
    rows.values.push(key(sealAsPredecessor(HEX_C, "sk-old")));
    expect([await judge(HEX_A), await judge(HEX_C)]).toEqual(["unproven", "right"]);
  });

  it("SENTINEL-5 one value that opens is enough among damaged ones", async () => {
    rows.values.push(key("v2:00000000:a:b:c"), await sealedUnder(HEX_B), await sealedUnder(HEX_A));
    expect(await judge(HEX_A)).toBe("right");
  });

  it("SENTINEL-6 nothing is sealed with a ring that is known to be wrong, and it is asked about every time", async () => {
    await judge(HEX_A);
    const wrong = await loadMasterKeys(HEX_B, []);
    expect([await maySeal("db", rows, wrong, randomBytes), await maySeal("db", rows, wrong, randomBytes)]).toEqual([
      false,
      false,
    ]);
    // Put right behind its back, it is right at once.
    await rows.add(await sentinelOf(wrong, randomBytes));
    expect(await maySeal("db", rows, wrong, randomBytes)).toBe(true);
  });

  it("SENTINEL-6 a ring that nothing is known about may go on: one damaged row must not shut out everybody", async () => {
    rows.values.push(await sealedUnder(HEX_A));
    expect(await maySeal("db", rows, await loadMasterKeys(HEX_B, []), randomBytes)).toBe(true);
    expect(rows.sentinels).toEqual([]);
  });

  it("SENTINEL-7 a right ring is asked about once for each database", async () => {
    const keys = await loadMasterKeys(HEX_C, []);
    for (let times = 0; times < 50; times++) expect(await maySeal("one", rows, keys, randomBytes)).toBe(true);
    const once = rows.queries;
    expect(once).toBe(3);
    expect(await maySeal("another", rows, keys, randomBytes)).toBe(true);
    expect(rows.queries).toBe(once + 1);
  });

  it("SENTINEL-7 a database that fails is no verdict", async () => {
    const keys = await loadMasterKeys(HEX_A, [HEX_C]);
    rows.list = () => Promise.reject(new Error("down"));
    await expect(maySeal("third", rows, keys, randomBytes)).rejects.toThrow("down");
    rows.list = async () => [];
    expect(await maySeal("third", rows, keys, randomBytes)).toBe(true);
  });

  it("SENTINEL-9 a sentinel opens as nothing else, nothing else as a sentinel, and it is no purpose that is rotated", async () => {
    const keys = await loadMasterKeys(HEX_A, []);
    const { sealed } = await sentinelOf(keys, randomBytes);
    for (const purpose of SEAL_PURPOSES) {
      await expect(unseal(keys, { purpose, sessionToken: "" }, sealed)).rejects.toThrow("cannot be read");
    }
    expect(SEAL_PURPOSES).toEqual(["openai-key", "webhook-secret"]);
    expect(sealed).not.toContain("Callroom");
  });
});
