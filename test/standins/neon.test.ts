import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type NeonStandin, startNeonStandin } from "./neon.ts";
import { openPglite, openServer, type PgDatabase, type PgliteDatabase, servePsql } from "./postgres.ts";
import type { PsqlServer } from "./psql.ts";

const OPEN_MS = 60_000;

/* The same wire before both kinds of PostgreSQL: the embedded one, and a server through `pg`. */
describe.each(["embedded", "server"] as const)("Neon's endpoint before %s PostgreSQL", (kind) => {
  let pglite: PgliteDatabase;
  let psql: PsqlServer;
  let database: PgDatabase;
  let neon: NeonStandin;

  beforeAll(async () => {
    pglite = await openPglite();
    psql = await servePsql(pglite, { port: 0 });
    database =
      kind === "embedded" ? pglite : openServer(`postgres://postgres:postgres@127.0.0.1:${psql.port}/postgres`);
    neon = await startNeonStandin({ database });
  }, OPEN_MS);
  afterAll(async () => {
    await neon.close();
    if (kind === "server") await database.close();
    await psql.close();
    await pglite.close();
  });
  beforeEach(async () => {
    await database.run({ text: "drop table if exists t", params: [] });
    await database.run({ text: "create table t (k int primary key, v text)", params: [] });
  });
  afterEach(async () => {
    Object.assign(neon.faults, { kind: "none", delayMs: 0 });
    await neon.up();
  });

  const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(neon.endpoint, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: {
        "Neon-Connection-String": neon.url,
        "Neon-Raw-Text-Output": "true",
        "Neon-Array-Mode": "true",
        ...headers,
      },
    });
  const ask = async (query: string, ...params: unknown[]) => {
    const response = await post({ query, params });
    return { status: response.status, body: await response.json() };
  };

  it("NEON-1 a statement is answered with its fields, and every value as PostgreSQL's text", async () => {
    const { status, body } = await ask("select $1::int as n, true as b, null as z, '{\"a\": 1}'::jsonb as j", "7");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      command: "SELECT",
      rowCount: 1,
      rowAsArray: true,
      rows: [["7", "t", null, '{"a": 1}']],
    });
    expect(body.fields.map((field: object) => field)).toMatchObject([
      { name: "n", dataTypeID: 23, tableID: 0, columnID: 0, dataTypeSize: 4, dataTypeModifier: -1, format: "text" },
      { name: "b", dataTypeID: 16 },
      { name: "z", dataTypeID: 25 },
      { name: "j", dataTypeID: 3802 },
    ]);
  });

  it("NEON-2 what has no rows says its command, and how many it changed where there is a number", async () => {
    expect((await ask("insert into t values (1, 'a'), (2, 'b')")).body).toMatchObject({
      command: "INSERT",
      rowCount: 2,
      rows: [],
    });
    expect((await ask("create index on t (v)")).body).toMatchObject({ command: "CREATE", rowCount: null });
  });

  it("NEON-3 a database error is a 400 with all its fields", async () => {
    await ask("insert into t values (1, 'a')");
    const { status, body } = await ask("insert into t values ($1, 'b')", 1);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      message: 'duplicate key value violates unique constraint "t_pkey"',
      code: "23505",
      severity: "ERROR",
      detail: "Key (k)=(1) already exists.",
      schema: "public",
      table: "t",
      constraint: "t_pkey",
      hint: null,
      column: null,
    });
    expect(Object.keys(body)).toHaveLength(17);
  });

  it("NEON-4 two statements in one query are refused", async () => {
    expect((await ask("select 1; select 2")).body).toMatchObject({ code: "42601" });
  });

  it("NEON-5 a batch is one transaction, undone whole by any error", async () => {
    const insert = (k: number) => ({ query: "insert into t values ($1, 'x')", params: [String(k)] });
    const done = await post({ queries: [insert(1), { query: "select count(*) from t", params: [] }] });
    expect(await done.json()).toMatchObject({ results: [{ command: "INSERT" }, { rows: [["1"]] }] });
    const undone = await post({ queries: [insert(2), insert(1)] });
    expect(undone.status).toBe(400);
    expect((await ask("select k from t")).body.rows).toEqual([["1"]]);
  });

  it("NEON-6 a batch has the isolation and the modes that it asks for", async () => {
    const show = {
      queries: ["transaction_isolation", "transaction_read_only", "transaction_deferrable"].map((name) => ({
        query: `show ${name}`,
        params: [],
      })),
    };
    const shown = async (headers: Record<string, string>) =>
      (await (await post(show, headers)).json()).results.map((result: { rows: string[][] }) => result.rows[0]?.[0]);
    expect(await shown({})).toEqual(["read committed", "off", "off"]);
    expect(
      await shown({
        "Neon-Batch-Isolation-Level": "Serializable",
        "Neon-Batch-Read-Only": "true",
        "Neon-Batch-Deferrable": "true",
      }),
    ).toEqual(["serializable", "on", "on"]);
    const refused = await post(
      { queries: [{ query: "insert into t values (9, 'x')", params: [] }] },
      { "Neon-Batch-Read-Only": "true" },
    );
    expect(await refused.json()).toMatchObject({ code: "25006" });
  });

  it("NEON-7 a stray begin does not outlive its request", async () => {
    await ask("begin");
    await ask("insert into t values (5, 'kept')");
    expect((await ask("rollback")).status).toBe(200);
    expect((await ask("select v from t where k = 5")).body.rows).toEqual([["kept"]]);
  });

  it("NEON-8 a wrong password is refused before any database is asked", async () => {
    const { statements } = neon.counted;
    const wrong = neon.url.replace("postgres@", "guess@");
    const response = await post({ query: "select 1", params: [] }, { "Neon-Connection-String": wrong });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "28P01", severity: "FATAL" });
    expect(neon.counted.statements).toBe(statements);
  });

  it("NEON-9 requests that no driver sends are refused", async () => {
    const statuses = await Promise.all([
      post("{").then((response) => response.status),
      post({ query: 7 }).then((response) => response.status),
      post({ query: "select $1", params: [{}] }).then((response) => response.status),
      post({ query: "select 1" }, { "Neon-Array-Mode": "false" }).then((response) => response.status),
      post({ query: "select 1" }, { "Neon-Connection-String": "nonsense" }).then((response) => response.status),
      post({ queries: [] }, { "Neon-Batch-Isolation-Level": "Whatever" }).then((response) => response.status),
      post("x".repeat(10 * 1024 * 1024 + 1)).then((response) => response.status),
      fetch(neon.endpoint).then((response) => response.status),
      fetch(neon.endpoint.replace("/sql", "/other"), { method: "POST" }).then((response) => response.status),
    ]);
    expect(statuses).toEqual([400, 400, 400, 400, 400, 400, 413, 405, 404]);
  });

  it("NEON-10 faults come on wish and go again, and what arrived is counted", async () => {
    const { requests, statements } = neon.counted;
    neon.faults.kind = "error-500";
    expect((await post({ query: "select 1", params: [] })).status).toBe(500);
    neon.faults.kind = "refuse";
    await expect(ask("select 1")).rejects.toThrow();
    neon.faults.kind = "lose-reply";
    await expect(ask("insert into t values (3, 'written')")).rejects.toThrow();
    await neon.down();
    await expect(ask("select 1")).rejects.toThrow();
    await neon.up();
    neon.faults.kind = "none";
    expect((await ask("select v from t where k = 3")).body.rows).toEqual([["written"]]);
    expect(neon.counted.statements - statements).toBe(2);
    expect(neon.counted.requests - requests).toBeGreaterThanOrEqual(3);
  });

  it("NEON-11 forty at once are all answered, each with its own", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => ask("select $1::text", `n${n}`)));
    expect(answers.map(({ body }) => body.rows[0][0])).toEqual(Array.from({ length: 40 }, (_, n) => `n${n}`));
  });
});
