import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import type { SetupPorts } from "../../src/cli/setup/ports.ts";
import { runProcess } from "../../src/cli/setup/processes.ts";
import { setupDatabase } from "../../src/cli/setup/setup-database.ts";
import {
  type CommandState,
  changeState,
  type JournaledRun,
  type NewCommandState,
  readJournal,
  readState,
  writeState,
} from "../standins/command-state.ts";
import { startNeonStandin } from "../standins/neon.ts";
import { openPglite, servePsql } from "../standins/postgres.ts";
import { type DeployedWorker, serveWorker } from "./setup-worker.ts";

export const ROOT = resolve(import.meta.dirname, "../..");
export const ADAS = "0123456789abcdef0123456789abcdef";
export const BOBS = "fedcba9876543210fedcba9876543210";
export const TWILIO_TOKEN = "7f".repeat(16);

export interface SetupRun {
  /** `null`: it was killed. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A Postgres with its endpoint, as a Worker can use it. */
export interface ClassDatabase {
  readonly url: string;
  readonly endpoint: string;
  rows(sql: string): Promise<(string | null)[][]>;
  /** As it was when it was made. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export async function startDatabase(): Promise<ClassDatabase> {
  const pglite = await openPglite();
  const psql = await servePsql(pglite, { port: 0 });
  const neon = await startNeonStandin({ database: pglite });
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${psql.port}/postgres`,
    endpoint: neon.endpoint,
    rows: async (text) => (await pglite.run({ text, params: [] })).rows.map((row) => [...row]),
    empty: async () => {
      await pglite.pglite.exec(
        "drop schema if exists drizzle cascade; drop schema public cascade; create schema public",
      );
    },
    close: async () => {
      await neon.close();
      await psql.close();
      await pglite.close();
    },
  };
}

/** A clone with everything around it: Cloudflare, Neon, the deployed Worker. Setup runs in it as a process of its own. */
export interface Clone {
  readonly folder: string;
  readonly worker: DeployedWorker;
  readonly database: ClassDatabase;
  /** Setup within this process: as the real one, but for what is given. */
  ports(parts: Partial<SetupPorts>): SetupPorts & { readonly said: () => string };
  /** Runs it to its end. `watch` sees stdout as it grows, and may kill. */
  run(args: readonly string[], options?: RunOptions): Promise<SetupRun>;
  state(): CommandState;
  change(change: (state: CommandState) => void): void;
  journal(): JournaledRun[];
  /** What is kept; empty when nothing is. */
  kept(): Record<string, string | undefined>;
  /** As if nothing had ever been done here, in a world like this. */
  reset(state?: Partial<NewCommandState>): Promise<void>;
  /** The same without the database's emptying. */
  forget(state?: Partial<NewCommandState>): void;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly watch?: (stdout: string, kill: () => void) => void;
}

const COPIED = ["src", "drizzle", "wrangler.toml", "package.json", "test/standins/data-dir-lock.ts"];

export async function openClone(): Promise<Clone> {
  const folder = mkdtempSync(join(tmpdir(), "callroom-setup-"));
  const services = mkdtempSync(join(tmpdir(), "callroom-services-"));
  for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const database = await startDatabase();
  const worker = await serveWorker(services);
  const forget = (state: Partial<NewCommandState> = {}): void => {
    rmSync(join(folder, ".callroom"), { recursive: true, force: true });
    rmSync(join(services, "journal.ndjson"), { force: true });
    writeState(services, {
      accounts: [{ id: ADAS, name: "Ada's class" }],
      rights: [ADAS],
      neonUrl: database.url,
      ...state,
    });
  };
  const reset = async (state?: Partial<NewCommandState>): Promise<void> => {
    await database.empty();
    forget(state);
  };
  await reset();
  const variables = {
    PATH: process.env.PATH ?? "",
    HOME: services,
    COMMAND_STANDIN_FOLDER: services,
    CALLROOM_WRANGLER: join(ROOT, "test/standins/wrangler-command.ts"),
    CALLROOM_NEON_NEW: join(ROOT, "test/standins/neon-command.ts"),
    DATABASE_HTTP_ENDPOINT: database.endpoint,
    PUBLIC_ORIGIN: worker.url,
  };
  return {
    folder,
    worker,
    database,
    reset,
    forget,
    state: () => readState(services),
    change: (change) => changeState(services, change),
    journal: () => readJournal(services),
    kept: () => {
      const path = join(folder, ".callroom/deployment.env");
      return existsSync(path) ? parseEnv(readFileSync(path, "utf8")) : {};
    },
    ports: (parts) => {
      let said = "";
      const terminal = {
        write: (text: string): void => {
          said += text;
        },
      };
      return {
        projectFolder: folder,
        lock: () => () => {},
        nodeVersion: process.versions.node,
        out: terminal,
        err: terminal,
        prompt: undefined,
        run: (request) => runProcess(request, folder),
        fetcher: fetch,
        database: setupDatabase,
        now: Date.now,
        wait: async () => {},
        randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
        said: () => said,
        ...parts,
        environment: { ...variables, ...parts.environment },
      };
    },
    run: (args, { environment = {}, watch } = {}) =>
      new Promise((ended) => {
        const child = spawn(process.execPath, ["src/cli/setup.ts", ...args], {
          cwd: folder,
          env: { ...variables, ...environment },
          stdio: ["ignore", "pipe", "pipe"],
        });
        let [out, err] = ["", ""];
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          out += text;
          watch?.(out, () => child.kill("SIGKILL"));
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          err += text;
        });
        worker.onRequest = (path) => {
          if (watch !== undefined) watch(`${out}\nGET ${path}`, () => child.kill("SIGKILL"));
        };
        child.once("close", (code) => ended({ code, out, err }));
      }),
    close: async () => {
      await worker.close();
      await database.close();
      for (const made of [folder, services]) rmSync(made, { recursive: true, force: true });
    },
  };
}
