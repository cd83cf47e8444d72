import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fingerprint, type OldDatabase, openedUnder, openOldDatabase, rowsIn } from "../cli/adopting.ts";
import { fillOldDatabase, makeOldDeployment, type OldRow } from "./predecessor-rows.ts";
import { Room } from "./room.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const ROWS = 1_000;
const CALLS_AT_ONCE = 25;
const OLD = makeOldDeployment(20_250_301, ROWS);
const readable = OLD.rows.filter(({ apiKey }) => apiKey !== null);
const plaintext = OLD.rows.filter(({ state }) => state === "plaintext");
const broken = OLD.rows.filter(({ stored, apiKey }) => apiKey === null && stored !== null && stored !== "");

/** The command as its users have it, in the surroundings of a room. */
async function adopt(room: Room, args: readonly string[], variables: Readonly<Record<string, string>>) {
  const child = spawn(join(ROOT, "node_modules/.bin/node"), ["src/cli/adopt.ts", ...args], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      DATA_DIR: room.dataDir,
      DATABASE_URL: "",
      DATABASE_HTTP_ENDPOINT: "",
      ENCRYPTION_KEY_PREVIOUS: "",
      ...variables,
    },
  });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => err.push(text));
  const exitCode = await new Promise<number | null>((ended) => child.once("close", ended));
  return { exitCode, out: out.join(""), err: err.join("") };
}

/** One call in text at the predecessor's address, and whether OpenAI was asked with this student's key. */
async function answersOnOwnKey(room: Room, { token, apiKey, greeting }: OldRow, path?: string): Promise<boolean> {
  const call = await room.call(token, path);
  try {
    if (greeting !== null) await call.nextTurn();
    call.say("Are you there?");
    const { text } = await call.nextTurn();
    const asked = await room.journal(apiKey ?? "");
    return text !== "" && asked.some((entry) => entry.path === "/v1/responses");
  } finally {
    await call.hangUp();
  }
}

/** The ends of those whose call was not answered on their own key. */
async function unanswered(room: Room, rows: readonly OldRow[]): Promise<string[]> {
  const waiting = [...rows];
  const failed: string[] = [];
  const caller = async (): Promise<void> => {
    for (let row = waiting.pop(); row; row = waiting.pop()) {
      const { token, state } = row;
      if (!(await answersOnOwnKey(room, row).catch(() => false))) failed.push(`${state} ${token}`);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, caller));
  return failed;
}

/** Every column of every student. */
async function studentsOf(room: Room): Promise<{ hash: string; rows: Record<string, unknown>[] }> {
  const rows = await room.sql("select xmin::text, * from student_configs order by session_token");
  return { hash: createHash("sha256").update(JSON.stringify(rows)).digest("hex"), rows };
}

const count = (matching: (row: OldRow) => boolean): number => OLD.rows.filter(matching).length;

describe("the predecessor's class moves to another database", () => {
  let source: OldDatabase;
  let room: Room;
  const ENCRYPTION_KEY = `${"c0ffee".repeat(10)}1234`;
  const variables = (): Record<string, string> => ({
    ENCRYPTION_KEY,
    OLD_DATABASE_URL: source.url,
    OLD_ENCRYPTION_KEY: OLD.masterKeyHex,
  });
  const args = ["--from", "OLD_DATABASE_URL", "--key-variable", "OLD_ENCRYPTION_KEY", "--json"];
  beforeAll(async () => {
    source = await openOldDatabase();
    await fillOldDatabase(source.pglite, OLD);
    room = await Room.open({ ENCRYPTION_KEY, OPENAI_API_KEY: "" });
  }, 120_000);
  afterAll(async () => {
    await room.close();
    await source.close();
  });

  it("ADOPT-20 brings a thousand students with every key that can be read, and leaves the source as it was", async () => {
    const before = await fingerprint(source.pglite);
    const dry = await adopt(room, [...args, "--dry-run"], variables());
    expect(await room.sql("select count(*)::int as n from student_configs")).toEqual([{ n: 0 }]);
    const { exitCode, out, err } = await adopt(room, args, variables());
    expect(await fingerprint(source.pglite)).toBe(before);
    const report = JSON.parse(out);
    expect(JSON.parse(dry.out)).toMatchObject({ dryRun: true, students: report.students, keys: report.keys });

    expect(exitCode, err).toBe(1);
    expect(report).toMatchObject({
      isInPlace: false,
      there: { before: ROWS, after: ROWS },
      here: { before: 0, after: ROWS },
      students: { taken: ROWS, "already-here": 0, "not-taken": 0 },
      keys: {
        predecessor: count(({ state }) => state.startsWith("sealed-")),
        plaintext: plaintext.length,
        unreadable: broken.length,
        none: count(({ stored }) => stored === null || stored === ""),
      },
    });
    const counts = Object.values({ ...report.keys, unreadableBecause: 0, sealedInPlace: 0 });
    expect(counts.reduce((sum: number, each) => sum + Number(each), 0)).toBe(ROWS);
    const told = report.problems.map(({ sessionTokenEnd }: { sessionTokenEnd: string }) => sessionTokenEnd);
    expect(told.sort()).toEqual(broken.map(({ token }) => token.slice(-4)).sort());
    const said = dry.out + dry.err + out + err;
    for (const { token, stored } of OLD.rows) {
      expect(said).not.toContain(token);
      if (stored) expect(said).not.toContain(stored);
    }
    expect(said).not.toContain("secret-of-the-source");
  });

  it("ADOPT-21 answers every one of them at its old address, on its student's own key", async () => {
    expect(readable.length).toBe(650);
    expect(await unanswered(room, readable)).toEqual([]);
    const [one] = readable;
    expect(await answersOnOwnKey(room, one!, `/ws?sessionToken=${one!.token}`)).toBe(true);
  }, 300_000);

  it("ADOPT-22 leaves a student whose key is broken without one, until they come to their page and enter theirs", async () => {
    const { token } = broken[0]!;
    const call = await room.call(token);
    expect(await call.closed).toMatchObject({ code: 4001 });
    expect(call.errors).toMatchObject([{ code: "no_key" }]);

    const bearer = { authorization: `Bearer ${token}` };
    const words = await (await room.post("/api/me/recovery-phrase", {}, bearer)).json();
    const recovered = await room.post("/api/recover", { recoveryPhrase: Object(words).recoveryPhrase });
    expect(recovered.status).toBe(200);
    const cookie = /__Host-callroom=[^;]+/.exec(recovered.headers.get("set-cookie") ?? "")?.[0] ?? "";
    const apiKey = "sk-proj-entered-again-0123456789";
    const put = await fetch(`${room.url}/api/me/key`, {
      method: "PUT",
      headers: { cookie, "content-type": "application/json" },
      body: JSON.stringify({ openaiApiKey: apiKey }),
    });
    expect(await put.json()).toMatchObject({ key: { status: "connected", hint: "6789" } });
    expect(await answersOnOwnKey(room, { ...broken[0]!, apiKey })).toBe(true);
  });

  it("ADOPT-23 changes nothing when it runs again, also where a student has been at work meanwhile", async () => {
    const [busy] = readable;
    await room.save(busy!.token, { systemPrompt: "You are new here.", openaiApiKey: null });
    const [before, sourceBefore] = [await studentsOf(room), await fingerprint(source.pglite)];
    for (const more of [[], ["--update"]]) {
      const { exitCode, out } = await adopt(room, [...args, ...more], variables());
      expect(exitCode).toBe(1);
      const report = JSON.parse(out);
      expect(report).toMatchObject({ students: { taken: 0, renewed: 0, "key-added": 0, "already-here": ROWS } });
      // One of them has entered theirs.
      expect(report.problems).toHaveLength(broken.length - 1);
    }
    expect((await studentsOf(room)).hash).toBe(before.hash);
    expect(await fingerprint(source.pglite)).toBe(sourceBefore);
  });
});

describe("the predecessor's class stays in its database", () => {
  let database: OldDatabase;
  let room: Room;
  const variables = { ENCRYPTION_KEY: OLD.masterKeyHex };
  /** The same server by another of its names. */
  const from = (): string => database.url.replace("127.0.0.1", "localhost");
  beforeAll(async () => {
    database = await openOldDatabase();
    await fillOldDatabase(database.pglite, OLD);
    room = await Room.open({ ...variables, DATABASE_URL: database.url, OPENAI_API_KEY: "" });
  }, 120_000);
  afterAll(async () => {
    await room.close();
    await database.close();
  });

  it("ADOPT-24 knows that it is the same database, seals what lies open there, and touches nothing else", async () => {
    const before = await rowsIn(database.pglite);
    const { exitCode, out, err } = await adopt(room, ["--from", from(), "--json"], variables);
    expect(exitCode, err).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      isInPlace: true,
      here: { before: ROWS, after: ROWS },
      keys: { plaintext: plaintext.length, unreadable: broken.length, sealedInPlace: plaintext.length },
    });
    const after = await rowsIn(database.pglite);
    for (const { token, state, apiKey } of OLD.rows) {
      const row = after.get(token);
      if (state !== "plaintext") expect(row).toEqual(before.get(token));
      else {
        const { openai_api_key: sealed, ...rest } = row!;
        expect(sealed).toMatch(/^v2:/);
        expect(rest).toEqual({
          ...before.get(token),
          openai_api_key: undefined,
          key_hint: apiKey?.slice(-4),
          key_status: "unverified",
        });
      }
    }
  });

  it("ADOPT-25 answers them, and has nothing to do when it runs again", async () => {
    const before = await fingerprint(database.pglite);
    const { out } = await adopt(room, ["--from", from(), "--json"], variables);
    expect(JSON.parse(out)).toMatchObject({ keys: { plaintext: 0, sealedInPlace: 0 } });
    expect(await fingerprint(database.pglite)).toBe(before);
    const rows = await rowsIn(database.pglite);
    for (const { token, apiKey } of readable) {
      expect(await openedUnder(OLD.masterKeyHex, rows.get(token), token)).toBe(apiKey);
    }
    const some = readable.filter(({ state }, at) => state === "plaintext" || at % 5 === 0);
    expect(await unanswered(room, some)).toEqual([]);
  });
});
