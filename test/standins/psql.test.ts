import { once } from "node:events";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { protocol } from "@electric-sql/pglite";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPglite, PgError, type PgliteDatabase, servePsql } from "./postgres.ts";
import type { PsqlServer } from "./psql.ts";

const OPEN_MS = 60_000;
const { serialize, Parser } = protocol;

describe("psql at the embedded database", () => {
  let database: PgliteDatabase;
  let server: PsqlServer;
  const clients: Client[] = [];

  beforeAll(async () => {
    database = await openPglite();
    server = await servePsql(database, { port: 0 });
  }, OPEN_MS);
  afterAll(async () => {
    await server.close();
    await database.close();
  });
  beforeEach(async () => {
    await ours("drop table if exists t");
    await ours("create table t (v text)");
  });
  afterEach(async () => void (await Promise.all(clients.splice(0).map((client) => client.end()))));

  const ours = async (text: string, ...params: string[]): Promise<string> =>
    (await database.run({ text, params })).rows.map((row) => row.join()).join(";");

  async function psql(): Promise<Client> {
    const client = new Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
    // A client that a test cuts off complains.
    client.on("error", () => {});
    await client.connect();
    clients.push(client);
    return client;
  }

  it("PSQL-1 clients and the Worker share the database, and none gets another's rows", async () => {
    const [a, b] = [await psql(), await psql()];
    for (let round = 0; round < 20; round += 1) {
      const [fromA, fromB, own] = await Promise.all([
        a.query("select $1::text as v", [`a${round}`]),
        b.query("select $1::text as v", [`b${round}`]),
        ours("select $1::text", `own${round}`),
      ]);
      expect([fromA.rows[0].v, fromB.rows[0].v, own]).toEqual([`a${round}`, `b${round}`, `own${round}`]);
    }
  });

  it("PSQL-2 the Worker's writes never land in a client's transaction", async () => {
    const client = await psql();
    await client.query("begin");
    await client.query("insert into t values ('theirs')");
    const write = ours("insert into t values ('ours')");
    await client.query("rollback");
    await write;
    expect(await ours("select v from t")).toBe("ours");
  });

  it("PSQL-3 while a transaction stays open the Worker waits, and then is told why", async () => {
    const client = await psql();
    await client.query("begin");
    const refusal: unknown = await ours("select 1").catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(PgError);
    expect(refusal).toMatchObject({ fields: { code: "55P03" } });
    await client.query("commit");
    expect(await ours("select 1")).toBe("1");
  });

  it("PSQL-4 a client that vanishes leaves no transaction behind", async () => {
    const client = await psql();
    await client.query("begin");
    await client.query("insert into t values ('theirs')");
    const socket: Duplex = Reflect.get(Reflect.get(client, "connection"), "stream");
    socket.destroy();
    expect(await ours("select count(*) from t")).toBe("0");
  });

  it("PSQL-5 what a client prepares with a flush is finished before anybody else's statement", async () => {
    const socket = connect(server.port, "127.0.0.1");
    const names: string[] = [];
    const parser = new Parser();
    const until = async (name: string): Promise<string[]> => {
      while (!names.includes(name)) {
        const [chunk] = await once(socket, "data");
        parser.parse(chunk, (message) => names.push(message.name));
      }
      return names.splice(0);
    };
    socket.write(serialize.startup({ user: "postgres", database: "postgres" }));
    await until("readyForQuery");
    socket.write(
      Buffer.concat([
        serialize.parse({ text: "select $1::int" }),
        serialize.describe({ type: "S" }),
        serialize.flush(),
      ]),
    );
    await until("rowDescription");
    const own = ours("select 'ours'");
    socket.write(Buffer.concat([serialize.bind({ values: ["7"] }), serialize.execute({}), serialize.sync()]));
    expect(await until("readyForQuery")).toEqual(["bindComplete", "dataRow", "commandComplete", "readyForQuery"]);
    expect(await own).toBe("ours");
    socket.destroy();
  });

  it("PSQL-6 errors come as PostgreSQL words them, and the connection goes on", async () => {
    const client = await psql();
    await expect(client.query("select 1 / 0")).rejects.toMatchObject({ code: "22012" });
    await expect(client.query("select $1::int", ["x"])).rejects.toMatchObject({ code: "22P02" });
    expect((await client.query("select 2 as two")).rows).toEqual([{ two: 2 }]);
  });

  it("PSQL-7 a copy into the database is refused: it would stop the process for ever", async () => {
    const client = await psql();
    await expect(client.query("copy t from stdin")).rejects.toMatchObject({ code: "0A000" });
    await expect(client.query({ text: "/* a dump */ COPY t (v) FROM stdin", values: [] })).rejects.toMatchObject({
      code: "0A000",
    });
    await expect(ours("copy t from stdin")).rejects.toMatchObject({ fields: { code: "0A000" } });
    expect((await client.query("select count(*)::int as n from t")).rows).toEqual([{ n: 0 }]);
  });

  it("PSQL-8 settings of a client go with the last of them", async () => {
    const client = await psql();
    await client.query("set timezone = 'Asia/Tokyo'");
    await client.query("set default_transaction_read_only = on");
    await client.end();
    clients.splice(0);
    await expect.poll(() => ours("show timezone")).toBe("UTC");
    await ours("insert into t values ('written')");
  });

  it("PSQL-9 requests for encryption are declined, those to cancel are dropped", async () => {
    for (const code of [80_877_103, 80_877_104]) {
      const socket = connect(server.port, "127.0.0.1");
      const request = Buffer.alloc(8);
      request.writeInt32BE(8, 0);
      request.writeInt32BE(code, 4);
      socket.write(request);
      const [answer] = await once(socket, "data");
      expect(String(answer)).toBe("N");
      socket.destroy();
    }
    const socket = connect(server.port, "127.0.0.1");
    const cancel = Buffer.alloc(16);
    cancel.writeInt32BE(16, 0);
    cancel.writeInt32BE(80_877_102, 4);
    socket.write(cancel);
    await once(socket, "close");
    expect(await ours("select 1")).toBe("1");
  });

  it("PSQL-10 a taken port is said to the one who asked for it", async () => {
    await expect(servePsql(database, { port: server.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
