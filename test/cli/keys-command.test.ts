import { describe, expect, it } from "vitest";
import type { Configuration } from "../../src/cli/configuration.ts";
import { keysCommand } from "../../src/cli/keys-command.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { seal, sealedWith } from "../../src/vault/seal.ts";
import { HEX_A, HEX_B, HEX_C, randomBytes, sealAsPredecessor } from "../vault/samples.ts";
import { NOTHING_ELSE, RowsInMemory } from "./rows-in-memory.ts";

const PASSWORD = "canary-password";
const DATABASE = { url: `postgresql://user:${PASSWORD}@db.example.com/workshop`, httpEndpoint: undefined };
const VARIABLES = { ENCRYPTION_KEY: HEX_A, ENCRYPTION_KEY_PREVIOUS: ` ${HEX_B}\n, ${HEX_C}` };

const [newest, previous, oldest, strange] = await Promise.all(
  [HEX_A, HEX_B, HEX_C, "9d".repeat(31).concat("00")].map((hex) => loadMasterKeys(hex, [])),
);

async function rowsOf(keys: Record<string, string>): Promise<RowsInMemory> {
  const rows = new RowsInMemory();
  for (const [token, value] of Object.entries(keys))
    rows.stored.set(token, { "openai-key": value, "webhook-secret": null });
  return rows;
}

const sealedFor = (by: typeof newest, sessionToken: string) =>
  seal(by!, { purpose: "openai-key", sessionToken }, `sk-canary-${sessionToken}`, randomBytes);

async function run(args: readonly string[], rows: RowsInMemory, changes: Partial<Configuration> = {}) {
  const variables: Readonly<Record<string, string>> = VARIABLES;
  const configuration = { variable: (name: string) => variables[name], endpoints: undefined, database: DATABASE };
  const [out, err]: [string[], string[]] = [[], []];
  const exitCode = await keysCommand(args, {
    ...NOTHING_ELSE,
    configure: () => ({ ...configuration, ...changes }),
    out: { write: (text) => out.push(text) },
    err: { write: (text) => err.push(text) },
    openStore: () => rows,
  });
  return { exitCode, out: out.join(""), err: err.join("") };
}

describe("npm run keys", () => {
  it("ROTATE-6 Status is a table of kids and counts that changes nothing.", async () => {
    const rows = await rowsOf({
      wst_0001: await sealedFor(newest, "wst_0001"),
      wst_0002: await sealedFor(previous, "wst_0002"),
      wst_0003: await sealedFor(oldest, "wst_0003"),
      wst_0004: sealAsPredecessor(HEX_C, "sk-canary-4"),
      wst_0005: await sealedFor(strange, "wst_0005"),
      wst_0006: await sealedFor(newest, "wst_0001"),
    });
    rows.stored.set("wst_0007", { "openai-key": null, "webhook-secret": null });
    const before = structuredClone(rows.stored);
    const { exitCode, out, err } = await run(["status"], rows);
    expect([exitCode, err]).toEqual([0, ""]);
    expect(rows.stored).toEqual(before);
    expect(out).toBe(`Database    db.example.com/workshop

Sealed under                  OpenAI key  webhook secret
newest ${newest?.newest.kid}                        1               0
previous ${previous?.newest.kid}                      1               0
previous ${oldest?.newest.kid}                      1               0
predecessor's format                   1               0
unreadable                             2               0
none                                   1               7

2 values cannot be opened. An OpenAI key has to be entered again by its student:
  OpenAI key of …0005: sealed under ${strange?.newest.kid}, not configured
  OpenAI key of …0006: damaged, or not made for this row
3 values not yet under ${newest?.newest.kid}: npm run keys -- rotate
`);
  });

  it("ROTATE-6 Rotate seals what it can and ends with 0 when everything is readable.", async () => {
    const rows = await rowsOf({
      wst_0001: await sealedFor(newest, "wst_0001"),
      wst_0002: await sealedFor(previous, "wst_0002"),
      wst_0003: sealAsPredecessor(HEX_C, "sk-canary-3"),
    });
    const { exitCode, out } = await run(["rotate"], rows);
    expect(exitCode).toBe(0);
    expect(out).toContain(`2 values sealed again under ${newest?.newest.kid}.`);
    expect(out).toContain("When no call of before is left, the older may go: npm run keys -- retire");
    for (const row of rows.stored.values()) {
      expect(sealedWith(row["openai-key"] ?? "")).toEqual({ format: "v2", kid: newest?.newest.kid });
    }
    const again = await run(["rotate"], rows);
    expect(again.exitCode).toBe(0);
    expect(again.out).toContain("0 values sealed again");
  });

  it("ROTATE-6 Rotate ends with 1 while anything is unreadable, and still does the rest.", async () => {
    const rows = await rowsOf({ wst_0001: "junk", wst_0002: await sealedFor(previous, "wst_0002") });
    const { exitCode, out } = await run(["rotate"], rows);
    expect(exitCode).toBe(1);
    expect(out).toContain("1 value sealed again");
    expect(out).toContain("1 value cannot be opened");
    expect(rows.stored.get("wst_0001")?.["openai-key"]).toBe("junk");
  });

  it("ROTATE-6 A value that a Worker with the older master key writes meanwhile is rotated in the next pass.", async () => {
    const rows = await rowsOf({ wst_0001: await sealedFor(previous, "wst_0001") });
    const written = await sealedFor(previous, "wst_0001");
    rows.beforeWrite = () => {
      rows.stored.set("wst_0001", { "openai-key": written, "webhook-secret": null });
      rows.beforeWrite = () => {};
    };
    expect(await run(["rotate"], rows)).toMatchObject({ exitCode: 0 });
    expect(sealedWith(rows.stored.get("wst_0001")?.["openai-key"] ?? "")).toMatchObject({ kid: newest?.newest.kid });
  });

  it("ROTATE-6 A value that never holds still is given up after three passes, with 1.", async () => {
    const rows = await rowsOf({ wst_0001: await sealedFor(previous, "wst_0001") });
    const others = await Promise.all([1, 2, 3, 4].map(() => sealedFor(previous, "wst_0001")));
    let tries = 0;
    rows.beforeWrite = () =>
      rows.stored.set("wst_0001", { "openai-key": others[tries++] ?? "", "webhook-secret": null });
    const { exitCode, out } = await run(["rotate"], rows);
    expect([exitCode, tries]).toEqual([1, 3]);
    expect(out).toContain("1 value not yet under");
  });

  it("ROTATE-7 Nothing it says holds a key, a sealed value, a session token or a password.", async () => {
    const tokens = Array.from({ length: 40 }, (_, at) => `wst_token_${String(at).padStart(6, "0")}`);
    const values = await Promise.all(tokens.map((token, at) => sealedFor([newest, previous, strange][at % 3], token)));
    const rows = await rowsOf(Object.fromEntries(tokens.map((token, at) => [token, values[at] ?? ""])));
    const said = [];
    for (const args of [["status"], ["rotate"], ["rotate"], ["status"], [], ["--help"]]) {
      const { out, err } = await run(args, rows);
      said.push(out, err);
    }
    const all = said.join("\n");
    const kept = [...rows.stored.values()].map((row) => row["openai-key"] ?? "");
    const parts = [...values, ...kept].flatMap((value) => value.split(":").slice(2));
    const secrets = [HEX_A, HEX_B, HEX_C, PASSWORD, "sk-canary", ...parts, ...tokens.map((token) => token.slice(-5))];
    expect(secrets.filter((secret) => all.toLowerCase().includes(secret.toLowerCase()))).toEqual([]);
    expect(all).toContain("13 values cannot be opened");
    expect(all).not.toContain("and 20 more");
  });

  it("ROTATE-7 Of many unreadable values twenty are listed.", async () => {
    const rows = await rowsOf(Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`wst_${1_000 + at}`, "junk"])));
    const { out } = await run(["status"], rows);
    expect(out.match(/OpenAI key of …/g)).toHaveLength(20);
    expect(out).toContain("and 5 more");
  });

  it("ROTATE-8 What is missing or malformed is named, never shown, and ends with 2.", async () => {
    const rows = new RowsInMemory();
    const cases: [Record<string, string>, Configuration["database"], string][] = [
      [{}, DATABASE, "ENCRYPTION_KEY is not set, neither in the environment nor in .dev.vars."],
      [{ ENCRYPTION_KEY: `${HEX_A}0` }, DATABASE, "ENCRYPTION_KEY is not usable: "],
      [{ ENCRYPTION_KEY: "00".repeat(32) }, DATABASE, "ENCRYPTION_KEY is not usable: "],
      [
        { ENCRYPTION_KEY: HEX_A, ENCRYPTION_KEY_PREVIOUS: `${HEX_B},canary` },
        DATABASE,
        "ENCRYPTION_KEY_PREVIOUS is not usable: ",
      ],
      [VARIABLES, undefined, "No database: set DATABASE_URL, or start npm run dev in another terminal."],
      [VARIABLES, { url: "canary", httpEndpoint: undefined }, "DATABASE_URL is not a Postgres URL."],
      [VARIABLES, { url: "https://canary/", httpEndpoint: undefined }, "DATABASE_URL is not a Postgres URL."],
      [VARIABLES, { url: "postgres://canary:x", httpEndpoint: undefined }, "DATABASE_URL is not a Postgres URL."],
    ];
    for (const [variables, database, sentence] of cases) {
      const variable = (name: string) => variables[name];
      const { exitCode, out, err } = await run(["rotate"], rows, { variable, database });
      expect([exitCode, out]).toEqual([2, ""]);
      expect(err.startsWith(sentence), err).toBe(true);
      expect(err).not.toMatch(/canary|036e35/);
    }
  });

  it("ROTATE-8 Anything but status and rotate gets the usage and 2.", async () => {
    for (const args of [[], ["stat"], ["rotate", "now"], ["status", "--json"]]) {
      const { exitCode, out, err } = await run(args, new RowsInMemory());
      expect([exitCode, out]).toEqual([2, ""]);
      expect(err).toMatch(/^npm run keys -- status/);
    }
    expect(await run(["--help"], new RowsInMemory())).toMatchObject({ exitCode: 0, err: "" });
  });
});
