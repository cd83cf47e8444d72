import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "pg";
import { connectRelay, type RelayClient } from "../standins/twilio.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** `npm run dev` as its users have it: its own process, its own data, driven from outside only. */
export class Room {
  readonly dataDir: string;
  readonly port: number;
  readonly psqlPort: number;
  variables: Readonly<Record<string, string>>;
  /** Every line that the Worker and the dev server wrote. */
  readonly log: string[] = [];
  #process: ChildProcess | undefined;

  private constructor(dataDir: string, port: number, psqlPort: number, variables: Readonly<Record<string, string>>) {
    this.dataDir = dataDir;
    this.port = port;
    this.psqlPort = psqlPort;
    this.variables = variables;
  }

  /** Starts a fresh instance. Variables are those of `npm run dev`. */
  static async open(variables: Readonly<Record<string, string>> = {}): Promise<Room> {
    const dataDir = mkdtempSync(join(tmpdir(), "callroom-"));
    const room = new Room(dataDir, await freePort(), await freePort(), variables);
    await room.start();
    return room;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it on the data that are there, from now on with these variables too; resolves when it serves. */
  async start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
    this.variables = { ...this.variables, ...variables };
    const child = spawn(join(ROOT, "node_modules/.bin/node"), ["src/cli/dev.ts"], {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        WATCH: "0",
        WRANGLER_LOG_PATH: join(this.dataDir, "wrangler"),
        ENCRYPTION_KEY: "5f".repeat(15) + "a1".repeat(17),
        INSTRUCTOR_TOKEN: "instructor-token-of-the-tests",
        SERVICE_TOKEN: "service-token-of-the-tests",
        ...this.variables,
        PORT: String(this.port),
        PG_PORT: String(this.psqlPort),
        DATA_DIR: this.dataDir,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    await new Promise<void>((started, failed) => {
      child.once("exit", (code) => failed(new Error(`dev ended with ${code}:\n${this.log.join("\n")}`)));
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on("line", (line) => {
          this.log.push(line);
          if (line.includes("Ctrl-C stops everything")) started();
        });
      }
    });
  }

  /** As Ctrl-C: resolves with the exit code when the process is gone. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const gone = new Promise<number | null>((resolveGone) => child.once("exit", resolveGone));
    child.kill("SIGINT");
    return gone;
  }

  /** SIGKILL for workerd and for everything around it, in mid-sentence. */
  async crash(): Promise<void> {
    const child = this.#process;
    if (!child?.pid) return;
    const gone = new Promise((resolveGone) => child.once("exit", resolveGone));
    for (const pid of this.workerds()) process.kill(pid, "SIGKILL");
    child.kill("SIGKILL");
    await gone;
  }

  /** Process ids of the workerds of this room. */
  workerds(): number[] {
    return descendantsOf(this.#process?.pid ?? -1).filter((pid) => commandOf(pid).includes("workerd"));
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  get endpoints(): { databaseUrl: string; openaiBaseUrl: string; joinCode: string } {
    return JSON.parse(readFileSync(join(this.dataDir, "endpoints.json"), "utf8"));
  }

  /** Rows of a query, over the wire protocol as psql would ask. */
  async sql(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.endpoints.databaseUrl });
    await client.connect();
    try {
      return (await client.query(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  }

  /** The predecessor's save, which with `ENROLLMENT=open` also makes a student. */
  async save(sessionToken: string, config: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const reply = await this.post("/api/student-config-save", { sessionToken, ...config });
    return Object(await reply.json());
  }

  /** A ConversationRelay socket of a student. */
  async call(
    sessionToken: string,
    path = `/ws/${sessionToken}`,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RelayClient> {
    return connectRelay(`${this.url.replace("http", "ws")}${path}`, { headers });
  }

  /** What the OpenAI stand-in was asked, by key. */
  async journal(key?: string): Promise<Record<string, unknown>[]> {
    const url = new URL("/standin/journal", this.endpoints.openaiBaseUrl);
    if (key !== undefined) url.searchParams.set("key", key);
    const json: unknown = await (await fetch(url)).json();
    return Array.isArray(json) ? json : Object(json).entries;
  }

  async fault(fault: Record<string, unknown>): Promise<void> {
    const url = new URL("/standin/faults", this.endpoints.openaiBaseUrl);
    const reply = await fetch(url, { method: "POST", body: JSON.stringify(fault) });
    if (!reply.ok) throw new Error(`fault refused: ${await reply.text()}`);
  }
}

/**
 * A port that nobody listens on. Below those that the system hands out by itself: one of them could go to a stand-in
 * between this look and the start of the server it was meant for.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const isFree = await new Promise<boolean>((answer) => {
      const probe = createServer().once("error", () => answer(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => answer(true)));
    });
    if (isFree) return port;
  }
}

/** Waits until a look at the outside says so; for things that are not told, only seen. */
export async function eventually<Value>(
  look: () => Promise<Value | undefined | false> | Value | undefined | false,
  what: string,
  withinMs = 15_000,
): Promise<Value> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadlineMs) throw new Error(`waited ${withinMs} ms for ${what}`);
    await new Promise((resolveWait) => setTimeout(resolveWait, 50));
  }
}

function descendantsOf(pid: number): number[] {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(Number(name)) === pid)
    .map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(
      readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")[1],
    );
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
