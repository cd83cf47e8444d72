import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSessionToken, type SessionToken } from "../../src/protocol/ids.ts";
import {
  forgetKey,
  noteKeyUse,
  pageOfSealed,
  replaceKey,
  reseal,
  resealWebhookSecret,
  type SealedRow,
  storeWebhookSecret,
} from "../../src/store/sealed-keys.ts";
import { enrolStudent, findStudent } from "../../src/store/students.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const NOON = Date.UTC(2026, 10, 1, 12);
const key = { sealed: "v2:1:a:b:c", hint: "wxyz", status: "connected", atMs: NOON } as const;
const nobody = parseSessionToken("nobody")!;

describe("sealed keys", () => {
  let under: DatabaseUnderTest;
  let number = 0;
  beforeAll(async () => {
    under = await openDatabaseUnderTest();
    await under.migrate();
  }, OPEN_MS);
  afterAll(() => under.close());

  const enrolled = async (): Promise<SessionToken> => {
    number += 1;
    const sessionToken = parseSessionToken(`wst_${String(number).padStart(3, "0")}`)!;
    const config = { prompt: null, greeting: null, voice: null, toolsJson: null };
    const person = { workshopId: null, name: null, email: null, origin: "joined" } as const;
    await enrolStudent(under.db, { sessionToken, ...person, ...config });
    return sessionToken;
  };

  it("STORE-20 a new key takes the place of the old one and of all that was known about it", async () => {
    const token = await enrolled();
    expect(await replaceKey(under.db, token, key)).toBe(true);
    await noteKeyUse(under.db, token, { status: "no_credit", atMs: NOON + 1_000 });
    await replaceKey(under.db, token, { ...key, sealed: "v2:1:d:e:f", hint: "1234", atMs: NOON + 2_000 });
    expect(await findStudent(under.db, token)).toMatchObject({
      sealedKey: "v2:1:d:e:f",
      keyHint: "1234",
      keyStatus: "connected",
      keyConnectedAtMs: NOON + 2_000,
      keyLastUsedAtMs: null,
    });
    expect(await replaceKey(under.db, nobody, key)).toBe(false);
  });

  it("STORE-21 a forgotten key leaves no trace in the row but its hint, and when it went", async () => {
    const token = await enrolled();
    await replaceKey(under.db, token, key);
    expect(await forgetKey(under.db, token)).toBe(true);
    const [row] = await under.sql("select * from student_configs where session_token = $1", token);
    const kept = { deleted_key_hint: key.hint, key_deleted_at: expect.any(String) };
    expect(row).toMatchObject(kept);
    const ofKey = Object.entries(row ?? {}).filter(
      ([name]) => !(name in kept) && (name.startsWith("key_") || name === "openai_api_key"),
    );
    expect(ofKey).toHaveLength(6);
    expect(ofKey.every(([, value]) => value === null)).toBe(true);
    expect(await forgetKey(under.db, nobody)).toBe(false);
  });

  it("STORE-22 of two that re-seal the same value one wins, and nothing is lost", async () => {
    const token = await enrolled();
    await replaceKey(under.db, token, key);
    const from = key.sealed;
    const won = await Promise.all(["v2:2:x", "v2:2:y"].map((to) => reseal(under.db, token, { from, to })));
    expect(won.filter(Boolean)).toHaveLength(1);
    const stored = (await findStudent(under.db, token))?.sealedKey;
    expect(stored).toBe(won[0] ? "v2:2:x" : "v2:2:y");
    expect((await findStudent(under.db, token))?.keyHint).toBe("wxyz");
  });

  it("STORE-23 re-sealing never brings back a key that was replaced or forgotten meanwhile", async () => {
    const token = await enrolled();
    await replaceKey(under.db, token, key);
    await replaceKey(under.db, token, { ...key, sealed: "v2:1:new" });
    expect(await reseal(under.db, token, { from: key.sealed, to: "v2:2:old" })).toBe(false);
    expect((await findStudent(under.db, token))?.sealedKey).toBe("v2:1:new");
    await forgetKey(under.db, token);
    expect(await reseal(under.db, token, { from: "v2:1:new", to: "v2:2:new" })).toBe(false);
    expect((await findStudent(under.db, token))?.sealedKey).toBeNull();
  });

  it("STORE-24 the later use of a key counts, in whichever order two calls end", async () => {
    const token = await enrolled();
    await replaceKey(under.db, token, key);
    await noteKeyUse(under.db, token, { atMs: NOON + 9_000 });
    await noteKeyUse(under.db, token, { atMs: NOON + 5_000, status: "restricted" });
    expect(await findStudent(under.db, token)).toMatchObject({
      keyLastUsedAtMs: NOON + 9_000,
      keyStatus: "restricted",
      keyConnectedAtMs: NOON,
    });
  });

  it("STORE-25 a call that began with the key before says nothing about its successor", async () => {
    const token = await enrolled();
    await replaceKey(under.db, token, { ...key, sealed: "v2:1:new" });
    await noteKeyUse(under.db, token, { status: "rejected", atMs: NOON, ifSealed: key.sealed });
    expect(await findStudent(under.db, token)).toMatchObject({ keyStatus: "connected", keyLastUsedAtMs: null });
    await noteKeyUse(under.db, token, { status: "rejected", atMs: NOON, ifSealed: "v2:1:new" });
    expect(await findStudent(under.db, token)).toMatchObject({ keyStatus: "rejected", keyLastUsedAtMs: NOON });
  });

  it("STORE-26 without a key no use is noted", async () => {
    const token = await enrolled();
    await noteKeyUse(under.db, token, { status: "connected", atMs: NOON });
    expect(await findStudent(under.db, token)).toMatchObject({ keyStatus: null, keyLastUsedAtMs: null });
  });

  it("STORE-27 of two that make the first webhook secret one wins; a new one replaces it only on wish", async () => {
    const token = await enrolled();
    const first = { sealed: "v2:1:s1", onlyIfAbsent: true };
    const second = { sealed: "v2:1:s2", onlyIfAbsent: true };
    const won = await Promise.all([first, second].map((secret) => storeWebhookSecret(under.db, token, secret)));
    expect(won.filter(Boolean)).toHaveLength(1);
    const kept = won[0] ? first.sealed : second.sealed;
    expect((await findStudent(under.db, token))?.sealedWebhookSecret).toBe(kept);
    expect(await resealWebhookSecret(under.db, token, { from: "v2:1:other", to: "v2:2:s" })).toBe(false);
    expect(await resealWebhookSecret(under.db, token, { from: kept, to: "v2:2:s" })).toBe(true);
    expect(await storeWebhookSecret(under.db, token, { sealed: "v2:1:s3", onlyIfAbsent: false })).toBe(true);
    expect((await findStudent(under.db, token))?.sealedWebhookSecret).toBe("v2:1:s3");
    expect(await storeWebhookSecret(under.db, nobody, { sealed: "x", onlyIfAbsent: false })).toBe(false);
  });

  it("STORE-28 page by page every sealed value is met once, whatever the token looks like", async () => {
    await under.sql("delete from student_configs");
    const odd = ["a token with spaces", "ümlaut", "z".repeat(300)];
    for (const token of odd) {
      await under.sql("insert into student_configs (session_token, openai_api_key) values ($1, 'sealed')", token);
    }
    await enrolled();
    const withKey = await enrolled();
    await replaceKey(under.db, withKey, key);
    const withSecret = await enrolled();
    await storeWebhookSecret(under.db, withSecret, { sealed: "v2:1:s", onlyIfAbsent: true });

    const met: SealedRow[] = [];
    for (let after: string | null = null, page: SealedRow[] = []; ; after = page.at(-1)?.sessionToken ?? null) {
      page = await pageOfSealed(under.db, { after, limit: 2 });
      met.push(...page);
      if (page.length < 2) break;
    }
    expect(met.map((row) => row.sessionToken).sort()).toEqual([...odd, withKey, withSecret].sort());
    expect(met).toContainEqual({ sessionToken: withKey, sealed: key.sealed, sealedWebhookSecret: null });
    expect(met).toContainEqual({ sessionToken: withSecret, sealed: null, sealedWebhookSecret: "v2:1:s" });
  });
});
