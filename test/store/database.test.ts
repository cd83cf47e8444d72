import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ask, DatabaseFailure, openDatabase } from "../../src/store/database.ts";
import { startNeonStandin } from "../standins/neon.ts";
import { type PgDatabase, PgError } from "../standins/postgres.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const CANARY = "sk-canary-in-a-parameter";

async function failureOf(query: PromiseLike<unknown>): Promise<DatabaseFailure> {
  const thrown: unknown = await ask(query).then(
    () => undefined,
    (error) => error,
  );
  if (!(thrown instanceof DatabaseFailure)) throw new Error("the query did not fail as it should");
  return thrown;
}

describe("asking the database", () => {
  let under: DatabaseUnderTest;
  beforeAll(async () => {
    under = await openDatabaseUnderTest(150);
    // The first query of a process pays for what is loaded lazily.
    await under.sql("select 1");
  }, OPEN_MS);
  afterAll(() => under.close());
  afterEach(async () => {
    Object.assign(under.neon.faults, { kind: "none", delayMs: 0 });
    await under.neon.up();
  });

  const one = () => under.db.execute(sql`select ${CANARY}::text as canary`);
  const both = () =>
    under.db.batch([under.db.execute(sql`select ${CANARY}::text`), under.db.execute(sql`select 2 as two`)]);

  it("STORE-3 a database that refuses, hangs, fails, loses its answer or is gone is unavailable, within the deadline", async () => {
    const began = performance.now();
    for (const kind of ["refuse", "hang", "error-500", "lose-reply"] as const) {
      under.neon.faults.kind = kind;
      for (const query of [one, both]) {
        expect(await failureOf(query()), kind).toMatchObject({ reason: "database_unavailable", sqlState: undefined });
      }
    }
    await under.neon.down();
    for (const query of [one, both]) expect((await failureOf(query())).reason).toBe("database_unavailable");
    // Two of the ten wait for the deadline.
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it("STORE-4 an answer that is late is given up at the deadline, a slow one in time is taken", async () => {
    under.neon.faults.delayMs = 20;
    expect((await ask(one())).rows).toEqual([{ canary: CANARY }]);
    under.neon.faults.delayMs = 400;
    expect((await failureOf(one())).reason).toBe("database_unavailable");
  });

  it("STORE-5 a failure holds neither SQL nor parameter nor the database's words", async () => {
    const wrong = [
      () => under.db.execute(sql`select ${CANARY}::integer`),
      () => under.db.batch([under.db.execute(sql`select ${CANARY}::integer`)]),
      () => under.db.execute(sql`select * from ${sql.identifier(CANARY)}`),
    ];
    for (const query of wrong) {
      const failure = await failureOf(query());
      expect(failure.reason).toBe("internal");
      const everything = [failure.stack, String(failure), ...Object.getOwnPropertyNames(failure).map(String)];
      expect(JSON.stringify([everything, failure, Object.entries(failure), failure.cause])).not.toContain("canary");
      expect(failure.cause).toBeUndefined();
    }
  });

  it("STORE-6 a failure says by code what the database refused", async () => {
    expect(await failureOf(under.db.execute(sql`select 1 / 0`))).toMatchObject({
      reason: "internal",
      sqlState: "22012",
    });
    expect(await failureOf(under.db.execute(sql`select * from nowhere`))).toMatchObject({ sqlState: "42P01" });
  });

  it("STORE-7 a wrong password, no such database, a full or a stopping server may pass; a wrong query does not", async () => {
    const passing = ["08006", "28P01", "3D000", "40001", "40P01", "53300", "55P03", "57P01", "58030", "25006"];
    const lasting = ["22001", "23505", "42501", "42P01", "XX000"];
    let code = "";
    const refuse = () => Promise.reject(new PgError("no", { code }));
    const refusing: PgDatabase = { password: "postgres", run: refuse, batch: refuse, close: async () => {} };
    const neon = await startNeonStandin({ database: refusing });
    const db = openDatabase({ url: neon.url, httpEndpoint: neon.endpoint }, 1_000);
    try {
      for (code of passing) {
        const failure = await failureOf(db.execute(sql`select 1`));
        expect(failure).toMatchObject({ reason: "database_unavailable", sqlState: code });
      }
      for (code of lasting) {
        const failure = await failureOf(db.batch([db.execute(sql`select 1`)]));
        expect(failure).toMatchObject({ reason: "internal", sqlState: code });
      }
    } finally {
      await neon.close();
    }
  });

  it("STORE-8 two databases in one process keep their endpoints and their passwords", async () => {
    const name = (text: string): PgDatabase => ({
      password: text,
      run: async () => ({
        fields: [{ name: "n", tableID: 0, columnID: 0, dataTypeID: 25, dataTypeSize: -1, dataTypeModifier: -1 }],
        rows: [[text]],
        command: "SELECT",
        rowCount: 1,
      }),
      batch: async () => [],
      close: async () => {},
    });
    const neons = await Promise.all(["first", "second"].map((text) => startNeonStandin({ database: name(text) })));
    try {
      // Opened one after the other, asked at once: the second must not have moved the first.
      const dbs = neons.map((neon) => openDatabase({ url: neon.url, httpEndpoint: neon.endpoint }, 1_000));
      const answers = await Promise.all(dbs.map((db) => db.execute(sql`select 'x' as n`)));
      expect(answers.map((answer) => answer.rows)).toEqual([[{ n: "first" }], [{ n: "second" }]]);
    } finally {
      await Promise.all(neons.map((neon) => neon.close()));
    }
  });

  it("STORE-9 without an endpoint of its own a database is asked at Neon's", async () => {
    const asked: string[] = [];
    const before = globalThis.fetch;
    globalThis.fetch = async (input) => {
      asked.push(input instanceof Request ? input.url : input.toString());
      throw new TypeError("offline");
    };
    try {
      const url = "postgresql://user:secret@ep-cool-rain-123.eu-central-1.aws.neon.tech/main";
      const db = openDatabase({ url, httpEndpoint: undefined }, 1_000);
      expect((await failureOf(db.execute(sql`select 1`))).reason).toBe("database_unavailable");
      expect(asked).toEqual(["https://api.eu-central-1.aws.neon.tech/sql"]);
    } finally {
      globalThis.fetch = before;
    }
  });
});
