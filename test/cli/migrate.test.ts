import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { migrateCommand } from "../../src/cli/migrate-command.ts";
import { openPglite, type PgliteDatabase, servePsql } from "../standins/postgres.ts";
import type { PsqlServer } from "../standins/psql.ts";

const Journal = z.object({ entries: z.array(z.object({ tag: z.string() })) });
const journal = readFileSync(resolve(import.meta.dirname, "../../drizzle/meta/_journal.json"), "utf8");
const MIGRATIONS = Journal.parse(JSON.parse(journal)).entries.map(({ tag }) => tag);
const START_MS = 60_000;

describe("npm run db:migrate", () => {
  let folder: string;
  let served: PgliteDatabase;
  let psql: PsqlServer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "callroom-migrate-"));
    served = await openPglite();
    psql = await servePsql(served, { port: 0 });
  }, START_MS);
  afterAll(async () => {
    await psql.close();
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function migrate(environment: Record<string, string>): Promise<{ code: number; said: string[] }> {
    const said: string[] = [];
    const code = await migrateCommand({ environment, projectFolder: folder, print: (line) => said.push(line) });
    return { code, said };
  }

  it(
    "MIGRATE-9 without a URL the embedded database is migrated, and a second time there is nothing to do",
    async () => {
      const first = await migrate({});
      expect(first).toEqual({
        code: 0,
        said: [
          ...MIGRATIONS.map((name) => `applied  ${name}`),
          `Done: the embedded database in ${join(folder, ".data/postgres")} is up to date.`,
        ],
      });
      const second = await migrate({ DATA_DIR: ".data" });
      expect(second.code).toBe(0);
      expect(second.said).toEqual([expect.stringContaining("Nothing to do")]);
    },
    START_MS,
  );

  it(
    "MIGRATE-10 a folder that a running instance has open is refused with a sentence",
    async () => {
      const dataDir = join(folder, "busy", "postgres");
      const running = await openPglite({ dataDir });
      try {
        const { code, said } = await migrate({ DATA_DIR: "busy" });
        expect(code).toBe(2);
        expect(said[0]).toContain(`The data in ${dataDir} is in use by process ${process.pid}`);
      } finally {
        await running.close();
      }
    },
    START_MS,
  );

  it("MIGRATE-11 a server is migrated by its URL, once even when two do it together", async () => {
    const environment = { DATABASE_URL: `postgres://postgres:canary@127.0.0.1:${psql.port}/postgres` };
    const runs = await Promise.all([migrate(environment), migrate(environment)]);
    expect(runs.map((run) => run.code)).toEqual([0, 0]);
    expect(runs.flatMap((run) => run.said).filter((line) => line.startsWith("applied"))).toEqual(
      MIGRATIONS.map((name) => `applied  ${name}`),
    );
    expect(runs.flatMap((run) => run.said).join()).not.toContain("canary");
  });

  it("MIGRATE-12 a database that cannot be reached is said in words, without the password", async () => {
    const { code, said } = await migrate({ DATABASE_URL: "postgres://postgres:canary@127.0.0.1:1/postgres" });
    expect(code).toBe(1);
    expect(said).toEqual([expect.stringMatching(/^Not migrated, nothing was changed: /)]);
    expect(said.join()).not.toContain("canary");
    expect(await migrate({ DATABASE_URL: "mysql://x" })).toEqual({
      code: 1,
      said: ["DATABASE_URL is not a PostgreSQL URL."],
    });
  });
});
