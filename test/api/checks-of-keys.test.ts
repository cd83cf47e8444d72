import { describe, expect, it } from "vitest";
import type { Probe } from "../../src/api/checks.ts";
import { checkMasterKey, checkSealedRows } from "../../src/api/checks-of-keys.ts";
import type { SealCount } from "../../src/store/sentinels.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import type { RingVerdict } from "../../src/vault/sentinel.ts";
import { HEX_A, HEX_B, randomBytes } from "../vault/samples.ts";

const keys = () => loadMasterKeys(HEX_A, [HEX_B]);
const answered = <Answer>(answer: Answer): Probe<Answer> => ({ outcome: "answered", answer, ms: 3 });
const RIGHT = answered<RingVerdict>("right");

describe("the check of the master key", () => {
  it("WORKSHOP-91 master key: what it seals it must open, and one that fails says nothing of itself", async () => {
    const { kid } = (await keys()).newest;
    expect(await checkMasterKey(keys, randomBytes, RIGHT)).toEqual({
      name: "master-key",
      status: "ok",
      found: `Opens what is stored. Its number is ${kid}.`,
      fix: "",
    });
    const broken = [() => Promise.reject(new Error(HEX_A)), async () => ({ ...(await keys()), all: [] })];
    for (const masterKeys of broken) {
      const check = await checkMasterKey(masterKeys, randomBytes, RIGHT);
      expect([check.status, check.fix]).toEqual([
        "failed",
        "Set ENCRYPTION_KEY to 64 hexadecimal characters: openssl rand -hex 32",
      ]);
      expect(JSON.stringify(check)).not.toContain(HEX_A.slice(0, 8));
    }
    const noBytes = await checkMasterKey(keys, () => new Uint8Array(0), RIGHT);
    expect(noBytes.status).toBe("failed");
  });

  it.each([
    ["wrong", "failed", "This is not the ENCRYPTION_KEY that sealed what is stored"],
    ["unproven", "failed", "opens none of the keys that are stored"],
  ] as const)(
    "SENTINEL-8 a ring that is %s is %s, and the fix is the old ENCRYPTION_KEY",
    async (ring, status, found) => {
      const check = await checkMasterKey(keys, randomBytes, answered(ring));
      expect(check.status).toBe(status);
      expect(check.found).toContain(found);
      expect(check.fix).toMatch(
        /^Put the old one back: npx wrangler secret put ENCRYPTION_KEY\..*ENCRYPTION_KEY_PREVIOUS/,
      );
      expect(check.fix).toContain("If the old one is lost for good");
      expect(JSON.stringify(check)).not.toContain(HEX_A.slice(0, 8));
    },
  );

  it("SENTINEL-8 without a database nothing is claimed about what is stored", async () => {
    expect(await checkMasterKey(keys, randomBytes, { outcome: "failed" })).toMatchObject({
      status: "warning",
      fix: "First make the database answer.",
    });
  });
});

describe("the check of what is sealed", () => {
  const KIDS = ["aaaaaaaa", "bbbbbbbb"];
  const count = (shape: SealCount["shape"], values: number, kid: string | null = null): SealCount => ({
    shape,
    kid,
    values,
  });
  const ROTATE = "Seal again: npm run keys -- rotate";

  it.each<[string, SealCount[], string, string, string]>([
    ["nothing", [], "ok", "Nothing is stored yet.", ""],
    ["one under the newest", [count("v2", 1, "aaaaaaaa")], "ok", "The one value is under aaaaaaaa.", ""],
    ["all under the newest", [count("v2", 31, "aaaaaaaa")], "ok", "All 31 values are under aaaaaaaa.", ""],
    [
      "some under the previous",
      [count("v2", 2, "aaaaaaaa"), count("v2", 1, "bbbbbbbb")],
      "warning",
      "1 of 3 values is not yet under the newest ENCRYPTION_KEY (aaaaaaaa).",
      ROTATE,
    ],
    [
      "some as the predecessor sealed",
      [count("v2", 2, "aaaaaaaa"), count("predecessor", 5)],
      "warning",
      "5 of 7 values are not yet under the newest ENCRYPTION_KEY (aaaaaaaa).",
      ROTATE,
    ],
    [
      "some under a key nobody has",
      [count("v2", 2, "cccccccc"), count("v2", 1, "dddddddd"), count("plaintext", 1)],
      "failed",
      "3 of 4 values are under cccccccc, dddddddd, which is not configured.",
      "Put the ENCRYPTION_KEY of that number into ENCRYPTION_KEY_PREVIOUS. If it is lost, their students enter their keys again.",
    ],
    [
      "one unsealed",
      [count("v2", 2, "aaaaaaaa"), count("plaintext", 1), count("predecessor", 1)],
      "failed",
      "1 of 4 values is not sealed: whoever reads the database reads it.",
      "Seal what is there: npm run adopt -- --from DATABASE_URL",
    ],
    [
      "one of no format",
      [count("unreadable", 1)],
      "warning",
      "1 of 1 value is in no format that is known.",
      "Find whose: npm run keys -- status. Those students enter their keys again.",
    ],
  ])("DOCTOR-1 with %s stored", (_what, counts, status, found, fix) => {
    expect(checkSealedRows(answered(counts), KIDS)).toEqual({ name: "sealed-rows", status, found, fix });
  });

  it("DOCTOR-1 what could not be counted is no good news", () => {
    expect(checkSealedRows({ outcome: "late" }, KIDS).status).toBe("warning");
  });
});
