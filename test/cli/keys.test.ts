import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { eq, getTableColumns } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { keyStoreIn } from "../../src/cli/key-rows.ts";
import { keysCommand } from "../../src/cli/keys-command.ts";
import { openDatabase } from "../../src/store/database.ts";
import { migratePglite } from "../../src/store/migrations.ts";
import { students } from "../../src/store/schema.ts";
import { pageOfSealed } from "../../src/store/sealed-keys.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { SEAL_PURPOSES, seal, unseal } from "../../src/vault/seal.ts";
import { type NeonStandin, startNeonStandin } from "../standins/neon.ts";
import { openPglite, type PgDatabase, type PgliteDatabase } from "../standins/postgres.ts";
import { HEX_A, HEX_B, HEX_C, randomBytes, sealAsPredecessor } from "../vault/samples.ts";
import { NOTHING_ELSE } from "./rows-in-memory.ts";

/** `npm run keys` as it is run: a process of its own, the driver of production, PostgreSQL. */

const PROJECT = resolve(import.meta.dirname, "../..");
const STUDENTS = 30;

const keys = await loadMasterKeys(HEX_A, [HEX_B]);
const previous = await loadMasterKeys(HEX_B, []);

let postgres: PgliteDatabase;
let neon: NeonStandin;
let dataDir: string;
/** Told the number of each UPDATE of a running command, before the database has it. */
let onUpdate: (number: number) => void = () => {};
const children = new Set<ChildProcess>();

beforeAll(async () => {
  postgres = await openPglite();
  await migratePglite(postgres.pglite);
  let updates = 0;
  const run: PgDatabase["run"] = (query) => {
    if (!/^update/i.test(query.text)) updates = 0;
    else onUpdate(++updates);
    return postgres.run(query);
  };
  neon = await startNeonStandin({ database: { ...postgres, run } });
  dataDir = mkdtempSync(join(tmpdir(), "callroom-keys-"));
}, 30_000);

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(dataDir, { recursive: true, force: true });
  await neon.close();
  await postgres.close();
});

const db = () => openDatabase({ url: neon.url, httpEndpoint: neon.endpoint }, 5_000);
const tokenAt = (at: number) => `wst_${String(at).padStart(4, "0")} é`;

/** Every student with a key and a webhook secret under the previous master key, every third key in the old format. */
beforeEach(async () => {
  neon.faults.kind = "none";
  onUpdate = () => {};
  await db().delete(students);
  const rows = Array.from({ length: STUDENTS }, async (_, at) => {
    const sessionToken = tokenAt(at);
    const sealedKey =
      at % 3 === 0
        ? sealAsPredecessor(HEX_B, `sk-canary-${at}`)
        : await seal(previous, { purpose: "openai-key", sessionToken }, `sk-canary-${at}`, randomBytes);
    const webhook = { purpose: "webhook-secret", sessionToken } as const;
    return { sessionToken, sealedKey, sealedWebhookSecret: await seal(previous, webhook, `whsec_${at}`, randomBytes) };
  });
  await db()
    .insert(students)
    .values([...(await Promise.all(rows)), { sessionToken: "wst_without" }]);
});

function start(verb: string, environment: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, ["src/cli/keys.ts", verb], {
    cwd: PROJECT,
    env: {
      ENCRYPTION_KEY: `${HEX_A}\n`,
      ENCRYPTION_KEY_PREVIOUS: HEX_B,
      DATABASE_URL: neon.url,
      DATABASE_HTTP_ENDPOINT: neon.endpoint,
      DATA_DIR: dataDir,
      ...environment,
    },
  });
  children.add(child);
  return child;
}

async function finished(child: ChildProcess): Promise<{ exitCode: number | null; said: string }> {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (said += chunk));
  const [exitCode] = await once(child, "close");
  children.delete(child);
  return { exitCode: typeof exitCode === "number" ? exitCode : null, said };
}

/** What every row says now; throws when one does not open. */
async function plaintexts() {
  const found = new Map<string, { key: string; secret: string; stale: boolean }>();
  for (const { sessionToken, sealed, sealedWebhookSecret } of await pageOfSealed(db(), { after: null, limit: 100 })) {
    const key = await unseal(keys, { purpose: "openai-key", sessionToken }, sealed ?? "");
    const secret = await unseal(keys, { purpose: "webhook-secret", sessionToken }, sealedWebhookSecret ?? "");
    found.set(sessionToken, { key: key.plaintext, secret: secret.plaintext, stale: key.stale || secret.stale });
  }
  return found;
}

const expected = new Map(
  Array.from({ length: STUDENTS }, (_, at) => [
    tokenAt(at),
    { key: `sk-canary-${at}`, secret: `whsec_${at}`, stale: false },
  ]),
);

/** The same command inside this process: a new one takes a second to start. */
async function inProcess(verb: string, environment: Record<string, string> = {}) {
  const variables: Record<string, string> = { ENCRYPTION_KEY: HEX_A, ENCRYPTION_KEY_PREVIOUS: HEX_B, ...environment };
  const database = { url: neon.url, httpEndpoint: neon.endpoint };
  const said: string[] = [];
  const terminal = { write: (text: string) => said.push(text) };
  const exitCode = await keysCommand([verb], {
    ...NOTHING_ELSE,
    configure: () => ({ variable: (name) => variables[name], endpoints: undefined, database }),
    out: terminal,
    err: terminal,
    openStore: () => keyStoreIn(db()),
  });
  return { exitCode, said: said.join("") };
}

describe("npm run keys on a real database", () => {
  it("ROTATE-9 Status, rotate, status: every sealed column ends under the newest master key.", {
    timeout: 30_000,
  }, async () => {
    const before = await inProcess("status");
    expect(before.exitCode).toBe(0);
    expect(before.said).toMatch(/predecessor's format +10 +0\n/);
    expect(before.said).toMatch(new RegExp(`previous ${previous.newest.kid} +20 +30\n`));
    expect(before.said).toMatch(/none +1 +1\n/);

    const rotation = await finished(start("rotate"));
    expect(rotation.exitCode).toBe(0);
    expect(rotation.said).toContain("Rotating  30/30\n");
    expect(rotation.said).toContain(`60 values sealed again under ${keys.newest.kid}.`);
    expect(await plaintexts()).toEqual(expected);

    const after = await inProcess("status", { ENCRYPTION_KEY_PREVIOUS: "" });
    expect(after.said).toMatch(new RegExp(`newest ${keys.newest.kid} +30 +30\n`));
    for (const { said } of [before, rotation, after]) expect(said).not.toMatch(/sk-canary|whsec_|wst_|postgres:/);
  });

  it("ROTATE-9 Every sealed column of the table is one that the rotation knows.", () => {
    const sealedColumns = Object.keys(getTableColumns(students)).filter((name) => name.startsWith("sealed"));
    expect(sealedColumns).toHaveLength(SEAL_PURPOSES.length);
  });

  it("ROTATE-9 Killed with SIGKILL again and again it loses nothing, and two at once do the rest.", {
    timeout: 60_000,
  }, async () => {
    for (const killedAt of [1, 20]) {
      const child = start("rotate");
      onUpdate = (number) => number === killedAt && child.kill("SIGKILL");
      const end = await finished(child);
      onUpdate = () => {};
      expect(end.exitCode).toBeNull();
      const now = await plaintexts();
      expect([...now].map(([token, { key, secret }]) => [token, key, secret])).toEqual(
        [...expected].map(([token, { key, secret }]) => [token, key, secret]),
      );
      expect([...now.values()].some(({ stale }) => stale)).toBe(true);
    }
    const ends = await Promise.all([inProcess("rotate"), inProcess("rotate")]);
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(await plaintexts()).toEqual(expected);
  });

  it("ROTATE-9 The lost reply to a write that took place does no harm.", async () => {
    onUpdate = (number) => {
      if (number === 6) neon.faults.kind = "lose-reply";
    };
    await expect(inProcess("rotate")).rejects.toMatchObject({ reason: "database_unavailable" });
    onUpdate = () => {};
    neon.faults.kind = "none";
    expect((await inProcess("rotate")).exitCode).toBe(0);
    expect(await plaintexts()).toEqual(expected);
  });

  it("ROTATE-9 A key that a student replaces while it is rotated stays the student's.", async () => {
    const sessionToken = tokenAt(7);
    const replaced = await seal(keys, { purpose: "openai-key", sessionToken }, "sk-canary-new", randomBytes);
    const rows = keyStoreIn(db());
    const [row] = (await rows.page(null, 100)).filter((each) => each.sessionToken === sessionToken);
    await db().update(students).set({ sealedKey: replaced }).where(eq(students.sessionToken, sessionToken));
    const from = row?.["openai-key"] ?? "";
    const to = await seal(keys, { purpose: "openai-key", sessionToken }, "sk-canary-7", randomBytes);
    expect(await rows.reseal("openai-key", sessionToken, { from, to })).toBe(false);
    expect((await plaintexts()).get(sessionToken)?.key).toBe("sk-canary-new");
  });

  it("ROTATE-22 How many students have words under each master key is counted, and nobody without.", async () => {
    const digests = [`${keys.newest.kid}:a`, `${previous.newest.kid}:b`, `${previous.newest.kid}:c`];
    for (const [at, recoveryDigest] of digests.entries()) {
      await db()
        .update(students)
        .set({ recoveryDigest })
        .where(eq(students.sessionToken, tokenAt(at)));
    }
    const words = await keyStoreIn(db()).words();
    expect(words).toEqual(
      new Map([
        [keys.newest.kid, 1],
        [previous.newest.kid, 2],
      ]),
    );
  });

  it("ROTATE-8 A database that does not answer is said in a sentence of ours, with 2.", {
    timeout: 30_000,
  }, async () => {
    neon.faults.kind = "error-500";
    const { exitCode, said } = await finished(start("status"));
    expect(exitCode).toBe(2);
    expect(said).toContain("The database does not answer. Try again in a moment.");
    expect(said).not.toMatch(/Internal Server Error|select|\bat .*\.ts/);
  });

  it("ROTATE-4 With other master keys nothing is written, and it ends with 1.", async () => {
    const before = await pageOfSealed(db(), { after: null, limit: 100 });
    const { exitCode, said } = await inProcess("rotate", { ENCRYPTION_KEY: HEX_C, ENCRYPTION_KEY_PREVIOUS: "" });
    expect(exitCode).toBe(1);
    expect(said).toContain("60 values cannot be opened");
    expect(said).toContain(`sealed under ${previous.newest.kid}, not configured`);
    expect(await pageOfSealed(db(), { after: null, limit: 100 })).toEqual(before);
  });
});
