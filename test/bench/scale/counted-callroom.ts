import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { type OpenAiStandin, startOpenAiStandin } from "../../standins/openai.ts";
import { type Running, startNode } from "../processes.ts";
import { startWorkerd } from "../workerd.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const TWILIO_AUTH_TOKEN = "twilio-auth-token-of-the-bench";
/** Nothing was counted for so long: what calls do after their end is done. */
const QUIET_MS = 1_500;

const Counted = z.object({
  workerRequests: z.number(),
  callRequests: z.number(),
  workshopRequests: z.number(),
  loginRequests: z.number(),
  alarms: z.number(),
  sleepingMessages: z.number(),
  plainMessages: z.number(),
  rowsRead: z.number(),
  rowsWritten: z.number(),
  alarmsSet: z.number(),
  fetches: z.number(),
  logLines: z.number(),
});
const Database = z.object({ url: z.string(), endpoint: z.string(), requests: z.number() });

/** What the counting Worker and the database count, since they were started. */
export type Counts = z.infer<typeof Counted> & { readonly databaseRequests: number };

/** Callroom as it is deployed, with everything counted, a database and an OpenAI beside it. */
export class CountedCallroom {
  readonly origin: string;
  readonly openai: OpenAiStandin;
  readonly authToken: string = TWILIO_AUTH_TOKEN;
  readonly #worker: Running;
  readonly #database: Running;

  private constructor(worker: Running, database: Running, openai: OpenAiStandin) {
    this.origin = `http://127.0.0.1:${worker.port}`;
    this.openai = openai;
    this.#worker = worker;
    this.#database = database;
  }

  /** `folder` holds the bundle and what objects store. */
  static async start(folder: string): Promise<CountedCallroom> {
    const openai = await startOpenAiStandin();
    const database = await startNode("ours-database.ts");
    try {
      const { url, endpoint } = await databaseAt(database);
      const variables = {
        ENCRYPTION_KEY: randomBytes(32).toString("hex"),
        INSTRUCTOR_TOKEN: randomBytes(32).toString("hex"),
        TWILIO_AUTH_TOKEN,
        DATABASE_URL: url,
        DATABASE_HTTP_ENDPOINT: endpoint,
        OPENAI_BASE_URL: openai.baseUrl,
        ENROLLMENT: "open",
      };
      const bundle = join(folder, "worker");
      mkdirSync(bundle, { recursive: true });
      const worker = await startWorkerd(countingConfig(folder), variables, bundle);
      return new CountedCallroom(worker, database, openai);
    } catch (thrown) {
      await database.close();
      await openai.close();
      throw thrown;
    }
  }

  /** Once nothing happens any more. */
  async counts(): Promise<Counts> {
    let last = await this.#counts();
    for (;;) {
      await pause(QUIET_MS);
      const later = await this.#counts();
      if (JSON.stringify(later) === JSON.stringify(last)) return later;
      last = later;
    }
  }

  /** A student with a key of their own and a greeting. */
  async enrol(sessionToken: string): Promise<void> {
    const response = await fetch(`${this.origin}/api/student-config-save`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        sessionToken,
        openaiApiKey: `sk-test-${sessionToken}-0123456789`,
        systemPrompt: "You are a friendly agent. Answer in one or two short sentences.",
        ivrGreeting: "Hello! What can I do for you?",
        tools: [],
      }),
    });
    if (!response.ok) throw new Error(`student-config-save answered ${response.status}`);
    await response.body?.cancel();
  }

  async close(): Promise<void> {
    await this.#worker.close();
    await this.#database.close();
    await this.openai.close();
  }

  async #counts(): Promise<Counts> {
    const response = await fetch(`${this.origin}/counted`);
    const { requests } = await databaseAt(this.#database);
    return { ...Counted.parse(await response.json()), databaseRequests: requests };
  }
}

async function databaseAt({ port }: Running): Promise<z.infer<typeof Database>> {
  return Database.parse(await (await fetch(`http://127.0.0.1:${port}/`)).json());
}

/** The project's own configuration, with the counting Worker for its main file and without pages. */
function countingConfig(folder: string): string {
  const pages = join(folder, "pages");
  mkdirSync(pages, { recursive: true });
  // Named as the bundle is to be named.
  const main = join(folder, "worker.ts");
  const counting = JSON.stringify(resolve(import.meta.dirname, "counting-worker.workerd.ts"));
  writeFileSync(main, `export * from ${counting};\nexport { default } from ${counting};\n`);
  const toml = readFileSync(join(ROOT, "wrangler.toml"), "utf8")
    .replace('main = "src/worker.ts"', `main = ${JSON.stringify(main)}`)
    .replace('directory = "dist/web"', `directory = ${JSON.stringify(pages)}`)
    .replace(/^\[build\]\n(?:.+\n)*/m, "");
  const path = join(folder, "wrangler.toml");
  writeFileSync(path, toml);
  return path;
}
