import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { keepDeployment } from "../../src/cli/deployment.ts";
import { type Reached, reachServer } from "../../src/store/reach.ts";
import { setupIn, typist } from "./setup-running.ts";
import { ADAS, type Clone, openClone } from "./setup-world.ts";

const RUN_MS = 30_000;
const ONLY = ["--yes", "--only", "database,migrations"];
const DAYS_MS = 86_400_000;

let clone: Clone;
beforeAll(async () => {
  clone = await openClone();
}, 60_000);
beforeEach(() => clone.reset());
afterAll(() => clone.close());

const keptMode = (name: string): number => statSync(join(clone.folder, ".callroom", name)).mode & 0o777;

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** The port of a server that answers everybody with this SQLSTATE, or not at all. */
async function answering(sqlState: string | undefined): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    const fields = Buffer.from(`SFATAL\0C${sqlState}\0Mno\0\0`);
    const length = Buffer.alloc(4);
    length.writeInt32BE(fields.length + 4);
    if (sqlState !== undefined)
      socket.once("data", () => socket.end(Buffer.concat([Buffer.from("E"), length, fields])));
    else socket.unref();
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("the database of setup", { timeout: RUN_MS }, () => {
  it("SETUP-14 one's own is taken when it answers, and migrated once", async () => {
    const environment = { DATABASE_URL: clone.database.url };
    const first = await setupIn(clone, ONLY, environment);
    expect(first).toMatchObject({ code: 0, said: expect.stringMatching(/migrations +applied: 0000_/) });
    expect(first.said).not.toContain("postgres:postgres");
    expect([clone.kept().DATABASE_URL, keptMode("deployment.env")]).toEqual([clone.database.url, 0o600]);
    expect((await setupIn(clone, ONLY)).said).toMatch(/migrations +up to date/);
    expect(clone.journal()).toEqual([]);
  });

  it("SETUP-14 one that cannot be used is said to be, without its password, and not kept", async () => {
    const { port } = new URL(clone.database.url);
    const knocks: [url: string, reached: Reached, timeoutMs: number][] = [
      ["postgres://u:hunter2@127.0.0.1:9/d", "closed", 10_000],
      ["postgres://u:hunter2@there-is-no-such-host.invalid/d", "unknown-host", 20_000],
      [`postgres://u:hunter2@127.0.0.1:${await answering(undefined)}/d`, "silent", 300],
      [`postgres://u:hunter2@127.0.0.1:${await answering("28P01")}/d`, "refused", 10_000],
      [`postgres://u:hunter2@127.0.0.1:${await answering("3D000")}/d`, "no-database", 10_000],
      [`postgres://u:hunter2@127.0.0.1:${await answering("57P03")}/d`, "broken", 10_000],
      [clone.database.url, "ok", 10_000],
    ];
    for (const [url, reached, timeoutMs] of knocks) {
      expect([url, await reachServer(url, timeoutMs)]).toEqual([url, reached]);
    }
    const refusals: [Reached, string][] = [
      ["closed", "nothing listens there"],
      ["unknown-host", "there is no such host"],
      ["silent", "it does not answer"],
      ["refused", "does not take this user and password"],
      ["no-database", "no database of this name"],
      ["broken", "sslmode=require"],
    ];
    for (const [reached, sentence] of refusals) {
      const { database } = clone.ports({});
      const url = `postgres://u:hunter2@127.0.0.1:${port}/d`;
      const parts = { database: { ...database, reach: async () => reached } };
      const { code, said } = await setupIn(clone, ONLY, { DATABASE_URL: url }, parts);
      expect([code, said]).toEqual([1, expect.stringContaining(sentence)]);
      expect(said).toContain(`127.0.0.1:${port}/d`);
      expect(said).not.toContain("hunter2");
    }
    expect(clone.kept()).toEqual({});
  });

  it("SETUP-14 one that a Worker could not ask is refused: a Worker asks over HTTP", async () => {
    const environment = { DATABASE_URL: clone.database.url, DATABASE_HTTP_ENDPOINT: "http://127.0.0.1:9/sql" };
    const closed = await setupIn(clone, ONLY, environment);
    expect(closed).toMatchObject({ code: 1, said: expect.stringContaining("not through DATABASE_HTTP_ENDPOINT") });
    const none = await setupIn(clone, ONLY, { ...environment, DATABASE_HTTP_ENDPOINT: "" });
    expect(none).toMatchObject({ code: 1, said: expect.stringContaining("not over HTTP as Neon's do") });
    expect(clone.kept()).toEqual({});
  });

  it("SETUP-15 without one it says so, or asks, or makes one at Neon", async () => {
    const alone = await setupIn(clone, ONLY);
    expect(alone).toMatchObject({ code: 1, said: expect.stringContaining("make one at Neon with --neon") });
    const prompt = typist("mysql://wrong", clone.database.url);
    const typed = await setupIn(clone, ["--only", "database"], {}, { prompt });
    expect(typed).toMatchObject({ code: 0, said: expect.stringContaining("DATABASE_URL is not usable") });
    expect([prompt.asked.length, clone.kept().DATABASE_URL]).toEqual([2, clone.database.url]);
    await clone.reset();
    const entered = await setupIn(clone, ["--only", "database"], {}, { prompt: typist() });
    expect(entered).toMatchObject({ code: 0, said: expect.stringContaining("made at Neon") });
    expect(clone.state().neonDatabases).toBe(1);
  });

  it("SETUP-15 one made at Neon is claimed in time: until then every run says how, and its file goes", async () => {
    const made = await setupIn(clone, [...ONLY, "--neon"]);
    expect(made.code).toBe(0);
    const { NEON_CLAIM_URL = "-", NEON_CLAIM_BEFORE = "" } = clone.kept();
    expect(made.said).toContain(NEON_CLAIM_URL);
    expect(made.said).toContain(`${NEON_CLAIM_BEFORE.slice(0, 16).replace("T", " ")} UTC`);
    expect(Date.parse(NEON_CLAIM_BEFORE) - Date.now()).toBeGreaterThan(2.9 * DAYS_MS);
    expect(existsSync(join(clone.folder, ".callroom/neon.env"))).toBe(false);
    const [run] = clone.journal();
    expect(run?.argv.slice(0, 3)).toEqual(["neon-new", "--yes", "--env"]);
    const inTime = await setupIn(clone, ONLY, {}, { now: () => Date.now() + 2 * DAYS_MS });
    expect(inTime.said).toContain(NEON_CLAIM_URL);
    const claimed = await setupIn(clone, ONLY, {}, { now: () => Date.now() + 4 * DAYS_MS });
    expect(claimed.code).toBe(0);
    expect(claimed.said).not.toContain(NEON_CLAIM_URL);
  });

  it("SETUP-15 one that nobody has claimed is gone, and another is made only when it is asked for", async () => {
    keepDeployment(clone.folder, {
      DATABASE_URL: "postgres://u:hunter2@127.0.0.1:9/d",
      NEON_CLAIM_URL: "https://neon.new/database/old",
      NEON_CLAIM_BEFORE: new Date(Date.now() - DAYS_MS).toISOString(),
    });
    const gone = await setupIn(clone, ONLY);
    expect(gone).toMatchObject({ code: 1, said: expect.stringContaining("make another with --neon") });
    const another = await setupIn(clone, [...ONLY, "--neon"]);
    expect(another.code).toBe(0);
    expect(clone.kept().DATABASE_URL).toBe(clone.database.url);
    expect(clone.kept().NEON_CLAIM_URL).not.toContain("old");
  });

  it("SETUP-15 a Neon that makes none, and a tool that is not there, are said to be", async () => {
    clone.change((state) => {
      state.isOnline = false;
    });
    const offline = await setupIn(clone, [...ONLY, "--neon"]);
    expect(offline).toMatchObject({ code: 1, said: expect.stringContaining("Neon did not make a database") });
    const missing = await setupIn(clone, [...ONLY, "--neon"], { CALLROOM_NEON_NEW: "/no/such/tool" });
    expect(missing).toMatchObject({ code: 1, said: expect.stringContaining("could not be started") });
    expect(clone.kept()).toEqual({});
  });

  it("SETUP-16 another database is put in the place of the first, and nothing else is put again", async () => {
    await setupIn(clone, ["--yes", "--neon"]);
    const before = clone.state().workers[`${ADAS}/callroom`]?.history.length ?? 0;
    const other = `${clone.database.url}?application_name=other`;
    const moved = await setupIn(clone, ["--yes"], { DATABASE_URL: other });
    expect(moved).toMatchObject({ code: 0, said: expect.stringContaining("in the place of") });
    const { history, secrets } = clone.state().workers[`${ADAS}/callroom`] ?? {};
    expect(history?.slice(before)).toEqual([{ name: "DATABASE_URL", value: other }]);
    expect(secrets?.ENCRYPTION_KEY).toBe(clone.kept().ENCRYPTION_KEY);
    expect(moved.said).not.toContain("https://neon.new");
  });

  it("SETUP-17 a database that does not let itself be migrated is as it was", async () => {
    const { database } = clone.ports({});
    const parts = { database: { ...database, migrate: () => Promise.reject(new Error("secret row 17")) } };
    const { code, said } = await setupIn(clone, ONLY, { DATABASE_URL: clone.database.url }, parts);
    expect([code, said]).toEqual([1, expect.stringContaining("nothing in it was changed")]);
    expect(said).not.toContain("secret row");
    const later = await setupIn(clone, ["--yes", "--neon", "--skip", "migrations"]);
    expect(later).toMatchObject({ code: 1, said: expect.stringContaining("do the step migrations too") });
    expect(clone.state().workers).toEqual({});
  });
});
