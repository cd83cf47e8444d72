/** Callroom itself: the Worker as it is deployed, its database beside it, and a student for every call. */
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { dialRelay } from "./client.ts";
import type { Server } from "./load.ts";
import { type Running, startNode } from "./processes.ts";
import { startWorkerd } from "./workerd.ts";

const Control = z.object({ url: z.string(), endpoint: z.string(), requests: z.number() });
const CONFIG = join(import.meta.dirname, "../../wrangler.toml");
const PROMPT = "You are a friendly agent on the telephone. Answer in one or two short sentences.";
/** Saves that run at once: each asks the upstream about its key. */
const SAVES_AT_ONCE = 10;

export interface Ours extends Server {
  readonly pid: number;
  readonly origin: string;
  readonly database: OurDatabase;
  /** The session token of the student who makes call number `call`. */
  tokenOf(call: number): string;
  readonly close: () => Promise<void>;
}

export interface OurDatabase {
  requests(): Promise<number>;
  /** From now on each request waits so long. */
  delay(delayMs: number): Promise<void>;
}

/** Starts Callroom with `students` students whose agents have a prompt, a key, no greeting and no tools. */
export async function startOurs(upstreamBaseUrl: string, students: number, folder: string): Promise<Ours> {
  const database = await startNode("ours-database.ts");
  const control = new Controls(database);
  let worker: Running | undefined;
  const close = async (): Promise<void> => {
    await worker?.close();
    await database.close();
  };
  try {
    const { url, endpoint } = await control.ask("GET", "/");
    const variables = {
      ENCRYPTION_KEY: randomBytes(32).toString("hex"),
      INSTRUCTOR_TOKEN: randomBytes(32).toString("hex"),
      DATABASE_URL: url,
      DATABASE_HTTP_ENDPOINT: endpoint,
      OPENAI_BASE_URL: upstreamBaseUrl,
      ENROLLMENT: "open",
      CALLS_PER_WORKSHOP: "1000",
    };
    await mkdir(folder, { recursive: true });
    worker = await startWorkerd(CONFIG, variables, folder);
    const origin = `http://127.0.0.1:${worker.port}`;
    for (let first = 0; first < students; first += SAVES_AT_ONCE) {
      const last = Math.min(students, first + SAVES_AT_ONCE);
      await Promise.all(Array.from({ length: last - first }, (_, index) => enrol(origin, tokenOf(first + index))));
    }
    return {
      name: "callroom",
      pid: worker.pid,
      origin,
      tokenOf: (call) => tokenOf(call % students),
      dial: (call) => dialRelay(`${origin.replace("http", "ws")}/ws/${tokenOf(call)}`),
      database: control,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const tokenOf = (student: number): string => `bench_student_${student}`;

async function enrol(origin: string, sessionToken: string): Promise<void> {
  const response = await fetch(`${origin}/api/student-config-save`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      sessionToken,
      openaiApiKey: `sk-bench-${sessionToken}`,
      systemPrompt: PROMPT,
      ivrGreeting: null,
      tools: [],
    }),
  });
  if (!response.ok) throw new Error(`student-config-save answered ${response.status}`);
  await response.body?.cancel();
}

class Controls implements OurDatabase {
  readonly #origin: string;

  constructor(process: Running) {
    this.#origin = `http://127.0.0.1:${process.port}`;
  }

  async ask(method: "GET" | "POST", path: string): Promise<z.infer<typeof Control>> {
    const response = await fetch(`${this.#origin}${path}`, { method });
    return Control.parse(await response.json());
  }

  async requests(): Promise<number> {
    return (await this.ask("GET", "/")).requests;
  }

  async delay(delayMs: number): Promise<void> {
    await this.ask("POST", `/delay/${delayMs}`);
  }
}

/** After the prompt is at the upstream, and before its first token could make us write anything. */
const SENT_MS = 100;
/** Nothing asked of the database for so long: what the call before wrote at its end is written. */
const QUIET_MS = 300;

export interface StartRoundTrips {
  /** Until the socket is open, and until the first prompt is at the upstream; a call's average. */
  readonly untilOpen: number;
  readonly untilPrompt: number;
}

/** Counts the database requests that one call after another makes at its start. */
export async function startRoundTrips(ours: Ours, calls: number): Promise<StartRoundTrips> {
  let untilOpen = 0;
  let untilPrompt = 0;
  for (let call = 0; call < calls; call += 1) {
    const before = await requestsOnceQuiet(ours.database);
    const caller = await ours.dial(call);
    const answer = caller.turn("hello?");
    untilOpen += (await ours.database.requests()) - before;
    await pause(SENT_MS);
    untilPrompt += (await ours.database.requests()) - before;
    await answer;
    await caller.close();
  }
  return { untilOpen: untilOpen / calls, untilPrompt: untilPrompt / calls };
}

async function requestsOnceQuiet(database: OurDatabase): Promise<number> {
  let requests = await database.requests();
  for (;;) {
    await pause(QUIET_MS);
    const later = await database.requests();
    if (later === requests) return requests;
    requests = later;
  }
}
