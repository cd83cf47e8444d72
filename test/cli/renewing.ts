import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfiguration } from "../../src/cli/configuration.ts";
import { keepDeployment, readDeployment } from "../../src/cli/deployment.ts";
import { deployedKeys, devKeys, type KeyPlace } from "../../src/cli/key-place.ts";
import type { WranglerRun } from "../../src/cli/key-worker.ts";
import { type ExitCode, keysCommand } from "../../src/cli/keys-command.ts";
import type { Ran } from "../../src/cli/setup/ports.ts";
import { loadMasterKeys, splitMasterKeys } from "../../src/vault/master-keys.ts";
import { seal, unseal } from "../../src/vault/seal.ts";
import { sentinelOf } from "../../src/vault/sentinel.ts";
import { HEX_A, randomBytes, sealAsPredecessor } from "../vault/samples.ts";
import { RowsInMemory } from "./rows-in-memory.ts";

export const TOKEN = "instructor-token-canary";
const DATABASE_URL = "postgresql://user:canary-password@db.example.com/workshop";

/** What is kept beside the secrets. */
export const FACTS = {
  CALLROOM_URL: "https://callroom.example",
  WORKER_NAME: "callroom-of-the-tests",
  CLOUDFLARE_ACCOUNT_ID: "0123456789abcdef0123456789abcdef",
};

class Killed extends Error {}

/**
 * A Callroom to renew the master key of: a real file, a Worker with secrets, students' keys. Everything that leaves a trace
 * outside is an effect; the command can be killed before or after any of them.
 */
export class Renewing {
  readonly folder = mkdtempSync(join(tmpdir(), "callroom-renewing-"));
  readonly rows = new RowsInMemory();
  /** Secrets of the Worker that runs. */
  worker: Record<string, string> = {};
  /** Asked so often, it still runs with what it had before. */
  slowAsks = 0;
  nowMs = Date.UTC(2026, 10, 23, 9);
  wranglerExitCode = 0;
  wranglerSays = "";
  /** What the Worker answers in place of its check. */
  refusal: (() => Response) | undefined;
  environment: Record<string, string> = {};
  readonly wranglerRuns: WranglerRun[] = [];
  effects: string[] = [];
  /** Number of the effect at which the command dies, and on which side of it. */
  killAt: { readonly effect: number; readonly when: "before" | "after" } | undefined;
  readonly expected = new Map<string, string>();
  #before: Record<string, string> = {};
  /** What swallows an error of the network must not bring a dead process back. */
  #isDead = false;

  static async open(variables: Readonly<Record<string, string>> = {}): Promise<Renewing> {
    const world = new Renewing();
    world.worker = { ENCRYPTION_KEY: HEX_A, INSTRUCTOR_TOKEN: TOKEN, DATABASE_URL, ...variables };
    keepDeployment(world.folder, { ...world.worker, ...FACTS });
    const keys = await world.workerKeys();
    for (let at = 0; at < 5; at += 1) {
      const sessionToken = `wst_${at}`;
      const clear = `sk-canary-${at}`;
      const binding = { purpose: "openai-key", sessionToken } as const;
      const sealed = at === 4 ? sealAsPredecessor(HEX_A, clear) : await seal(keys, binding, clear, randomBytes);
      world.rows.stored.set(sessionToken, { "openai-key": sealed, "webhook-secret": null });
      world.expected.set(sessionToken, clear);
    }
    await world.rows.sentinels.add(await sentinelOf(keys, randomBytes));
    return world;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  get file(): Readonly<Record<string, string>> {
    return readDeployment(this.folder) ?? {};
  }

  workerKeys = () => ringOf(this.worker);

  /** A student enters a key: the Worker that runs seals it. */
  async enter(sessionToken: string, clear: string): Promise<void> {
    const sealed = await seal(await this.workerKeys(), { purpose: "openai-key", sessionToken }, clear, randomBytes);
    this.rows.stored.set(sessionToken, { "openai-key": sealed, "webhook-secret": null });
    this.expected.set(sessionToken, clear);
  }

  /** What every student's key says to the Worker that runs; throws when one does not open. */
  async plaintexts(): Promise<Map<string, string>> {
    const keys = await this.workerKeys();
    const opened = [...this.rows.stored].map(async ([sessionToken, row]): Promise<[string, string]> => {
      const { plaintext } = await unseal(keys, { purpose: "openai-key", sessionToken }, row["openai-key"] ?? "");
      return [sessionToken, plaintext];
    });
    return new Map(await Promise.all(opened));
  }

  /** `killed`: it died at `killAt`. */
  async run(...args: string[]): Promise<{ exitCode: ExitCode | "killed"; said: string }> {
    const said: string[] = [];
    const terminal = { write: (text: string) => said.push(text) };
    this.effects = [];
    this.rows.beforeWrite = (sessionToken) => this.#enter(`write ${sessionToken}`);
    this.rows.afterWrite = () => this.#leave();
    try {
      const exitCode = await keysCommand(args, {
        configure: (isDeployed) => readConfiguration(this.environment, this.folder, isDeployed),
        placeOf: (isDeployed) => this.#placed(isDeployed ? deployedKeys(this.folder) : devKeys(this.folder)),
        openStore: () => this.rows,
        fetch: async (input, init) => this.#effect("ask", () => this.#answer(new Request(input, init))),
        runWrangler: (run) => this.#effect("wrangler", () => this.#wrangler(run)),
        out: terminal,
        err: terminal,
        randomBytes,
        nowMs: () => this.nowMs,
        wait: async (ms) => {
          this.nowMs += ms;
        },
      });
      return { exitCode: this.#isDead ? "killed" : exitCode, said: said.join("") };
    } catch (thrown) {
      if (!(thrown instanceof Killed)) throw thrown;
      return { exitCode: "killed", said: said.join("") };
    } finally {
      this.killAt = undefined;
      this.#isDead = false;
    }
  }

  #placed(place: KeyPlace): KeyPlace {
    return {
      ...place,
      keep: (changes) => {
        this.#enter("keep");
        place.keep(changes);
        this.#leave();
      },
    };
  }

  async #effect<Value>(name: string, act: () => Value): Promise<Value> {
    this.#enter(name);
    const value = act();
    this.#leave();
    return value;
  }

  #enter(name: string): void {
    if (!this.#isDead) this.effects.push(name);
    this.#dieIf("before");
  }

  #leave(): void {
    this.#dieIf("after");
  }

  #dieIf(side: "before" | "after"): void {
    this.#isDead ||= this.killAt?.when === side && this.killAt.effect === this.effects.length;
    if (this.#isDead) throw new Killed();
  }

  #wrangler(run: WranglerRun): Ran {
    this.wranglerRuns.push(run);
    const ran = { exitCode: this.wranglerExitCode, stdout: "", stderr: this.wranglerSays };
    if (ran.exitCode !== 0) return ran;
    this.#before = this.worker;
    const secrets: Record<string, string | null> = JSON.parse(run.stdin);
    const after = Object.entries({ ...this.worker, ...secrets });
    this.worker = Object.fromEntries(after.flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
    return ran;
  }

  async #answer(request: Request): Promise<Response> {
    if (request.url !== "https://callroom.example/api/workshop/check" && !request.url.startsWith("http://127.0.0.1:")) {
      return new Response("", { status: 404 });
    }
    if (request.headers.get("authorization") !== `Bearer ${TOKEN}`) {
      return Response.json({ success: false, error: "canary", code: "unauthorized", requestId: "r" }, { status: 401 });
    }
    if (this.refusal) return this.refusal();
    const isSlow = this.slowAsks > 0 && Object.keys(this.#before).length > 0;
    if (isSlow) this.slowAsks -= 1;
    const keys = await ringOf(isSlow ? this.#before : this.worker);
    const [masterKey, ...olderMasterKeys] = keys.all.map(({ kid }) => kid);
    return Response.json({ success: true, masterKey, olderMasterKeys, checks: [] });
  }
}

const ringOf = (secrets: Readonly<Record<string, string>>) =>
  loadMasterKeys(secrets.ENCRYPTION_KEY ?? "", splitMasterKeys(secrets.ENCRYPTION_KEY_PREVIOUS ?? ""));

/** What a running `npm run dev` leaves for the others. */
export function leaveEndpoints(folder: string): void {
  const databaseHttpEndpoint = "http://127.0.0.1:2/sql";
  const urls = {
    databaseUrl: DATABASE_URL,
    psqlUrl: DATABASE_URL,
    openaiBaseUrl: "http://127.0.0.1:3",
    joinCode: "A-1",
  };
  const endpoints = { pageUrl: "http://127.0.0.1:1", databaseHttpEndpoint, ...urls };
  writeFileSync(join(folder, "endpoints.json"), JSON.stringify(endpoints));
}

export const textIn = (folder: string, file: string): string => readFileSync(join(folder, file), "utf8");
