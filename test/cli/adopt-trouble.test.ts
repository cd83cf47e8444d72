import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAdoptOptions } from "../../src/cli/adopt-options.ts";
import { openDatabase } from "../../src/store/database.ts";
import { HEX_B, HEX_C, sealAsPredecessor } from "../vault/samples.ts";
import {
  adopt,
  fingerprint,
  type NewDatabase,
  type OldDatabase,
  openNewDatabase,
  openOldDatabase,
} from "./adopting.ts";

const SECRET = "canary-of-the-password";

let source: OldDatabase;
let target: NewDatabase;
beforeAll(async () => {
  source = await openOldDatabase();
  target = await openNewDatabase();
}, 60_000);
afterAll(async () => {
  await source.close();
  await target.close();
});

/** A server that refuses every login as PostgreSQL does, quoting whom it refuses. */
async function refusing(sqlState: string): Promise<{ url: string; close: () => Promise<void> }> {
  const fields = ["SFATAL", "VFATAL", `C${sqlState}`, `Mno entry for ${SECRET}`].map((field) => `${field}\0`).join("");
  const body = Buffer.from(`${fields}\0`);
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(body.length + 4, 1);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(Buffer.concat([head, body])));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://me:${SECRET}@127.0.0.1:${port}/old`,
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}

/** The sentence, and that nothing was written or given away. */
async function sentence(args: readonly string[], variables: Readonly<Record<string, string>> = {}, changes = {}) {
  const before = await fingerprint(target.pglite);
  const { exitCode, out, err } = await adopt(target, args, variables, changes);
  expect([exitCode, await fingerprint(target.pglite)]).toEqual([2, before]);
  expect(out + err).not.toContain(SECRET);
  expect(err).toMatch(/\nNothing was changed\.\n$/);
  return err.split("\n")[0];
}

describe("npm run adopt, when it cannot work", () => {
  it("ADOPT-14 says in one sentence what is wrong with the predecessor's database", async () => {
    for (const [state, said] of [
      ["28P01", "The predecessor's database refuses the user or the password of that URL."],
      ["28000", "The predecessor's database refuses the user or the password of that URL."],
      ["3D000", "That server has no database of this name."],
      ["57P03", "The predecessor's database does not answer. Is its host right, and is it awake?"],
      ["XX000", "The predecessor's database cannot be read."],
    ] as const) {
      const server = await refusing(state);
      expect([state, await sentence(["--from", server.url])]).toEqual([state, said]);
      await server.close();
    }
    const away = `postgres://me:${SECRET}@127.0.0.1:1/old`;
    expect(await sentence(["--from", away])).toContain("does not answer");
    expect(await sentence(["--from", `${source.url}?sslmode=require`])).toContain("No safe connection");
    expect(await sentence(["--from", source.url])).toContain("has no table student_configs");
    await source.pglite.exec("create table student_configs (id int)");
    expect(await sentence(["--from", source.url])).toContain("has no column session_token");
    await source.pglite.exec("drop table student_configs");
    expect(await sentence(["--from", `mysql://me:${SECRET}@127.0.0.1/old`])).toContain("neither a PostgreSQL URL nor");
    expect(await sentence(["--from", "OLD_URL"])).toBe("--from names the variable OLD_URL, which is not set.");
    expect(await sentence(["--from", "OLD_URL"], { OLD_URL: SECRET })).toBe("OLD_URL is not a PostgreSQL URL.");
  });

  it("ADOPT-14 says in one sentence what is wrong with Callroom's own", async () => {
    const from = ["--from", source.url];
    const with_ = (address: { url?: string; httpEndpoint?: string }) => ({
      openDatabase: () => openDatabase({ url: target.neon.url, httpEndpoint: target.neon.endpoint, ...address }, 2_000),
    });
    const wrong = new URL(target.neon.url);
    wrong.password = SECRET;
    expect(await sentence(from, {}, with_({ url: wrong.href }))).toBe(
      "Callroom's database refuses the user or the password of DATABASE_URL.",
    );
    expect(await sentence(from, {}, with_({ httpEndpoint: "http://127.0.0.1:1/sql" }))).toBe(
      "Callroom's database does not answer.",
    );
    await target.pglite.exec("alter table student_configs drop column adopted_updated_at");
    expect(await sentence(from)).toBe("Callroom's database is not up to date. Run npm run db:migrate on it first.");
    await target.pglite.exec("alter table student_configs add column adopted_updated_at timestamp");
    const nowhere = { configuration: () => ({ variable: () => HEX_C, endpoints: undefined, database: undefined }) };
    expect(await sentence(from, {}, nowhere)).toContain("No database to adopt into");
    expect(await sentence([...from, "--deployed"], {}, nowhere)).toContain("run npm run setup");
  });

  it("ADOPT-14 says which master key is unusable, and never shows it", async () => {
    const from = ["--from", source.url];
    const rule = "is not usable: a master key is 64 hexadecimal characters, and not one byte repeated.";
    expect(await sentence(from, { ENCRYPTION_KEY: SECRET })).toBe(`ENCRYPTION_KEY ${rule}`);
    expect(await sentence(from, { ENCRYPTION_KEY_PREVIOUS: `${HEX_C},${SECRET}` })).toBe(
      `ENCRYPTION_KEY_PREVIOUS ${rule}`,
    );
    const named = [...from, "--key-variable", "OLD_KEY"];
    expect(await sentence(named)).toBe("OLD_KEY is not set.");
    expect(await sentence(named, { OLD_KEY: SECRET })).toBe(`OLD_KEY ${rule}`);
    await source.pglite.exec("create table student_configs (session_token text, openai_api_key text)");
    await source.pglite.query("insert into student_configs values ('ws_1', $1)", [
      sealAsPredecessor(HEX_B, `sk-${SECRET}`),
    ]);
    expect(await sentence(named, { OLD_KEY: HEX_C })).toContain("Is OLD_KEY really its ENCRYPTION_KEY?");
    expect(await sentence(from)).toContain("name that with --key-variable");
    await source.pglite.exec("drop table student_configs");
  });

  it("ADOPT-18 understands its arguments, and takes no key among them", async () => {
    const problemOf = (...args: string[]) => {
      const read = readAdoptOptions(args);
      return read.wish === "not-understood" ? read.problem : read.wish;
    };
    expect(problemOf()).toContain("Which database?");
    expect(problemOf("--from", "")).toContain("Which database?");
    expect(problemOf("--from", "A", "--into", "B")).toBe("The arguments are not understood.");
    expect(problemOf("--from", "A", "more")).toBe("The arguments are not understood.");
    expect(problemOf("--from", "A", "--workshop", "!")).toContain("--workshop is a join code");
    for (const key of [HEX_B, HEX_C, "0".repeat(64), ""]) {
      expect(problemOf("--from", "A", "--key-variable", key)).toContain("never the key itself");
    }
    expect(problemOf("--help")).toBe("help");
    expect(readAdoptOptions(["--from", "A", "--workshop", "maple-7", "--update", "--dry-run"])).toEqual({
      wish: "adopt",
      options: {
        from: "A",
        workshop: "MAPLE-7",
        keyVariable: null,
        withoutKeys: false,
        update: true,
        dryRun: true,
        deployed: false,
        json: false,
      },
    });
    expect(await adopt(target, ["--help"])).toMatchObject({ exitCode: 0, err: "" });
    const { exitCode, out, err } = await adopt(target, ["--from", "A", "--key-variable", HEX_B]);
    expect([exitCode, out, err.includes(HEX_B)]).toEqual([2, "", false]);
  });

  it("ADOPT-17 reports in plain words, with the ends of tokens and no value", async () => {
    await source.pglite.exec(`create table student_configs (id int, session_token text, openai_api_key text,
      system_prompt text, tools jsonb, student_name text, student_email text, ivr_greeting text, selected_voice text,
      created_at timestamp, updated_at timestamp)`);
    for (const [token, key, prompt] of [
      ["ws_fine_0001", sealAsPredecessor(HEX_B, `sk-proj-${SECRET}`), "Be kind."],
      ["ws_open_0002", `sk-proj-${SECRET}`, null],
      ["ws_gone_0003", "AAAA", null],
      ["ws_long_0004", null, "x".repeat(16_385)],
    ]) {
      await source.pglite.query(
        "insert into student_configs (session_token, openai_api_key, system_prompt) values ($1, $2, $3)",
        [token, key, prompt],
      );
    }
    const { out } = await adopt(target, ["--from", source.url, "--key-variable", "OLD_KEY"], { OLD_KEY: HEX_B });
    const { host } = new URL(source.url);
    expect(out).toBe(`From  ${host}/postgres
Into  127.0.0.1/postgres
Adopting  4/4

Students                      there     here
  before                          4        0
  after                           4        4

  taken                           4
  already here                    0
  could not be taken              0

Keys
  sealed, and readable            1
  in plain text                   1
  unreadable                      1
  none                            1

Could not be taken
      1  openai_api_key: it is neither a sealed value nor an OpenAI key
         …0003
      1  system_prompt: the prompt is longer than 16,384 bytes
         …0004

1 key lay there in plain text, and here it is sealed. Whoever could read that database knows it: its student should make a new one at OpenAI.
Students whose key is unreadable have to enter it again. Until then they are students without a key.
Columns there that Callroom has no use for, not taken: id.
They belong to no workshop: their agents work, and no class in the console shows them. Without a key of their own they may use the instructor's, if there is one: $0.50 each, $10.00 in all.

Not everything could be taken: see above.
`);
  });
});
