import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { migratePglite } from "../../src/store/migrations.ts";
import { type NeonStandin, startNeonStandin } from "../standins/neon.ts";
import { openPglite, type PgliteDatabase, servePsql as serve, type servePsql } from "../standins/postgres.ts";
import { HEX_B, sealAsPredecessor } from "../vault/samples.ts";
import { adopt, fingerprint, OUR_KEY, openedHere, rowsIn } from "./adopting.ts";

const PLAIN = "sk-proj-lies-open-0123456789";
const NEW = "sk-proj-entered-meanwhile-0123";
const KEYS = {
  ws_ours: sealAsPredecessor(OUR_KEY, "sk-proj-ours-0123456789"),
  ws_theirs: sealAsPredecessor(HEX_B, "sk-proj-theirs-0123456789", 12),
  ws_plain: PLAIN,
  ws_plain_too: `${PLAIN}-too`,
  "a bad token": `${PLAIN}-bad`,
  ws_broken: "AAAA:BBBB:CCCC",
  ws_none: null,
};

describe("npm run adopt, in place", () => {
  let postgres: PgliteDatabase;
  let psql: Awaited<ReturnType<typeof servePsql>>;
  let neon: NeonStandin;
  beforeEach(async () => {
    postgres = await openPglite();
    await postgres.pglite.exec("create table student_configs (session_token text primary key, openai_api_key text)");
    for (const [token, key] of Object.entries(KEYS)) {
      await postgres.pglite.query("insert into student_configs values ($1, $2)", [token, key]);
    }
    await migratePglite(postgres.pglite);
    psql = await serve(postgres, { port: 0 });
    neon = await startNeonStandin({ database: postgres });
  }, 60_000);
  afterEach(async () => {
    await neon.close();
    await psql.close();
    await postgres.close();
  });

  const run = (args: readonly string[] = [], variables: Readonly<Record<string, string>> = {}, changes = {}) =>
    adopt(
      { neon },
      ["--from", `postgres://me@localhost:${psql.port}/other_name`, "--json", ...args],
      variables,
      changes,
    );
  const here = async (token: string) => (await rowsIn(postgres.pglite)).get(token);

  it("ADOPT-15 seals what lies open, also in a row that nobody can use, and leaves every other value", async () => {
    const dry = await run(["--dry-run"]);
    expect((await here("ws_plain"))?.openai_api_key).toBe(PLAIN);
    const { exitCode, out } = await run();
    expect(exitCode).toBe(1);
    const report = JSON.parse(out);
    expect(report).toMatchObject({
      isInPlace: true,
      keys: { predecessor: 1, plaintext: 2, unreadable: 2, none: 1, sealedInPlace: 3 },
      students: { "already-here": 6, "not-taken": 1 },
    });
    expect(JSON.parse(dry.out)).toEqual({ ...report, dryRun: true });
    for (const [token, key] of Object.entries(KEYS)) {
      const row = await here(token);
      if (!key?.startsWith("sk-")) expect(row?.openai_api_key).toBe(key);
      else expect([await openedHere(row, token), row?.key_hint]).toEqual([key, key.slice(-4)]);
    }
    const before = await fingerprint(postgres.pglite);
    expect(JSON.parse((await run()).out)).toMatchObject({ keys: { plaintext: 0, sealedInPlace: 0 } });
    expect(await fingerprint(postgres.pglite)).toBe(before);
  });

  it("ADOPT-15 does not write over a key that is entered while it is at work", async () => {
    let isFirst = true;
    const randomBytes = (count: number): Uint8Array => {
      if (isFirst)
        void postgres.pglite.query("update student_configs set openai_api_key = $1 where session_token = 'ws_plain'", [
          NEW,
        ]);
      isFirst = false;
      return crypto.getRandomValues(new Uint8Array(count));
    };
    const { out } = await run([], {}, { randomBytes });
    expect(JSON.parse(out)).toMatchObject({ keys: { sealedInPlace: 2 } });
    expect((await here("ws_plain"))?.openai_api_key).toBe(NEW);
    expect(JSON.parse((await run()).out)).toMatchObject({ keys: { sealedInPlace: 1 } });
    expect(await openedHere(await here("ws_plain"), "ws_plain")).toBe(NEW);
  });

  it("ADOPT-16 seals anew what only the named master key opens, so that the Worker can", async () => {
    const { out } = await run(["--key-variable", "OLD_KEY"], { OLD_KEY: HEX_B });
    expect(JSON.parse(out)).toMatchObject({ keys: { predecessor: 2, unreadable: 1, sealedInPlace: 4 } });
    expect((await here("ws_ours"))?.openai_api_key).toBe(KEYS.ws_ours);
    expect(await openedHere(await here("ws_theirs"), "ws_theirs")).toBe("sk-proj-theirs-0123456789");
  });

  it("ADOPT-16 puts the predecessor's students of no workshop into the one that is named, and nobody else", async () => {
    await postgres.pglite.exec(`insert into workshops (id, name, join_code) values ('w1', 'One', 'ONE-1'), ('w2', 'Two', 'TWO-2');
      update student_configs set workshop_id = 'w2' where session_token = 'ws_ours';
      insert into student_configs (session_token, origin) values ('wst_joined', 'joined')`);
    expect(JSON.parse((await run(["--workshop", "ONE-1", "--dry-run"])).out)).toMatchObject({ assigned: 6 });
    expect((await here("ws_none"))?.workshop_id).toBe(null);
    expect(JSON.parse((await run(["--workshop", "ONE-1"])).out)).toMatchObject({ assigned: 6 });
    const rows = await rowsIn(postgres.pglite);
    const members = [...rows].map(([token, { workshop_id: id }]) => [token, id]);
    expect(new Map(members as [string, unknown][])).toEqual(
      new Map([
        ...Object.keys(KEYS).map((token) => [token, token === "ws_ours" ? "w2" : "w1"] as const),
        ["wst_joined", null],
      ]),
    );
    expect(JSON.parse((await run(["--workshop", "ONE-1"])).out)).toMatchObject({ assigned: 0 });
  });

  it("ADOPT-16 writes nothing when no master key opens any of the sealed keys", async () => {
    const before = await fingerprint(postgres.pglite);
    const { exitCode, err } = await run([], { ENCRYPTION_KEY: "9d".repeat(31).concat("00") });
    expect([exitCode, await fingerprint(postgres.pglite)]).toEqual([2, before]);
    expect(err).toContain("Not one of the sealed keys can be opened");
  });
});
