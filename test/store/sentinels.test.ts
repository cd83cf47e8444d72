import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DatabaseFailure, openDatabase } from "../../src/store/database.ts";
import { countSeals, sentinelsIn } from "../../src/store/sentinels.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { seal, sealedWith } from "../../src/vault/seal.ts";
import { ensureSentinel } from "../../src/vault/sentinel.ts";
import { HEX_A, HEX_B, HEX_C, randomBytes, sealAsPredecessor } from "../vault/samples.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

describe("sentinels and what is sealed", () => {
  let under: DatabaseUnderTest;
  beforeAll(async () => {
    under = await openDatabaseUnderTest();
    await under.migrate();
  }, OPEN_MS);
  afterAll(() => under.close());
  beforeEach(async () => {
    await under.sql("delete from student_configs");
    await under.sql("delete from master_key_sentinels");
  });

  let number = 0;
  const given = async (openaiKey: string | null, webhookSecret: string | null = null): Promise<string> => {
    number += 1;
    const token = `wst_${number}`;
    await under.sql(
      "insert into student_configs (session_token, openai_api_key, webhook_secret) values ($1, $2, $3)",
      token,
      openaiKey,
      webhookSecret,
    );
    return token;
  };
  const sealed = async (hex: string, sessionToken: string, purpose: "openai-key" | "webhook-secret" = "openai-key") =>
    seal(await loadMasterKeys(hex, []), { purpose, sessionToken }, "sk-proj-abc", randomBytes);
  const kidOf = async (hex: string) => (await loadMasterKeys(hex, [])).newest.kid;

  it("SENTINEL-10 a sentinel is kept once for each kid, and the first one stays", async () => {
    const rows = sentinelsIn(under.db);
    expect(await rows.list()).toEqual([]);
    await Promise.all(["one", "two", "three"].map((text) => rows.add({ kid: "aaaaaaaa", sealed: text })));
    const [first] = await rows.list();
    await rows.add({ kid: "aaaaaaaa", sealed: "four" });
    await rows.add({ kid: "bbbbbbbb", sealed: "five" });
    expect(await rows.list()).toEqual([first, { kid: "bbbbbbbb", sealed: "five" }]);
  });

  it("SENTINEL-11 the sample holds well-formed values of both columns, those of the kids asked for first", async () => {
    for (let times = 0; times < 30; times++) await given(await sealed(HEX_B, "x"));
    await given("sk-proj-plain");
    await given("");
    const legacy = await given(sealAsPredecessor(HEX_C, "sk-old"));
    const ours = await given(null, await sealed(HEX_A, "y", "webhook-secret"));
    const rows = sentinelsIn(under.db);
    const sample = await rows.sample([await kidOf(HEX_A), await kidOf(HEX_C)]);
    expect(sample).toHaveLength(20);
    expect(sample[0]).toMatchObject({ purpose: "webhook-secret", sessionToken: ours });
    for (const { sealed: value } of sample) expect(sealedWith(value).format).not.toBe("unreadable");
    await under.sql("delete from student_configs where openai_api_key like 'v2:%'");
    expect((await rows.sample(["cccccccc"])).map(({ sessionToken }) => sessionToken).sort()).toEqual(
      [legacy, ours].sort(),
    );
  });

  it("SENTINEL-12 a real database proves a ring by its rows, then by its sentinel", async () => {
    const token = await given(null);
    await under.sql(
      "update student_configs set openai_api_key = $1 where session_token = $2",
      await sealed(HEX_A, token),
      token,
    );
    const judge = async (newest: string, ...previous: string[]) =>
      ensureSentinel(sentinelsIn(under.db), await loadMasterKeys(newest, previous), randomBytes);
    expect(await judge(HEX_B)).toBe("unproven");
    expect(await judge(HEX_A)).toBe("right");
    await under.sql("delete from student_configs");
    expect([await judge(HEX_B), await judge(HEX_B, HEX_A), await judge(HEX_B)]).toEqual(["wrong", "right", "right"]);
    expect(await under.sql("select kid from master_key_sentinels order by created_at")).toEqual([
      { kid: await kidOf(HEX_A) },
      { kid: await kidOf(HEX_B) },
    ]);
  });

  it("DOCTOR-2 every value is counted once, by what it is sealed with, as the vault reads it", async () => {
    await given(await sealed(HEX_A, "a"), await sealed(HEX_A, "a", "webhook-secret"));
    await given(await sealed(HEX_A, "b"));
    await given(await sealed(HEX_B, "c"));
    await given(sealAsPredecessor(HEX_C, "sk-old"), null);
    await given(sealAsPredecessor(HEX_C, "sk-old", 12));
    await given("sk-proj-plain", " whsec_plain");
    await given("nonsense", "v2:zz:zz");
    await given("");
    await given(" ", null);
    expect(await countSeals(under.db)).toEqual([
      { shape: "v2", kid: await kidOf(HEX_A), values: 3 },
      { shape: "plaintext", kid: null, values: 2 },
      { shape: "predecessor", kid: null, values: 2 },
      { shape: "unreadable", kid: null, values: 2 },
      { shape: "v2", kid: await kidOf(HEX_B), values: 1 },
    ]);
  });

  it("DOCTOR-2 ten thousand rows are counted in one query", async () => {
    await under.sql(
      "insert into student_configs (session_token, openai_api_key) select 'many_' || n, $1 from generate_series(1, 10000) n",
      await sealed(HEX_A, "many"),
    );
    const before = under.neon.counted.requests;
    expect(await countSeals(under.db)).toEqual([{ shape: "v2", kid: await kidOf(HEX_A), values: 10_000 }]);
    expect(under.neon.counted.requests - before).toBe(1);
  });

  it("SENTINEL-13 without the database there is a failure and no verdict", async () => {
    const nowhere = openDatabase({ url: "postgresql://u:p@127.0.0.1/d", httpEndpoint: "http://127.0.0.1:9/sql" }, 500);
    await expect(sentinelsIn(nowhere).list()).rejects.toThrow(DatabaseFailure);
    await expect(countSeals(nowhere)).rejects.toThrow(DatabaseFailure);
  });
});
