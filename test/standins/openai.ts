import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Clock, systemClock } from "./clock.ts";
import { serve } from "./openai-exchange.ts";
import { type FaultOrder, FaultQueue } from "./openai-faults.ts";
import { Journal, type JournalEntry, type UsageTotals } from "./openai-journal.ts";
import { KeyRules, type Keys } from "./openai-keys.ts";
import { parseJson, pathOf, type World } from "./openai-reply.ts";
import type { MakeId } from "./openai-responses.ts";
import { PromptCache } from "./openai-usage.ts";
import { type AttachedRealtime, attachRealtime, type RealtimeOptions, type RealtimeStandin } from "./realtime.ts";
import { type Controlled, controlRealtime, isForRealtime } from "./realtime-control.ts";

export type { FaultOrder } from "./openai-faults.ts";
export type { JournalEntry, UsageTotals } from "./openai-journal.ts";
export { KEY_WORDS, type KeyRole, type Keys } from "./openai-keys.ts";
export type { StandinUsage } from "./openai-usage.ts";
export type { RealtimeOptions, RealtimeStandin, SessionRecord } from "./realtime.ts";

export interface OpenAiStandinOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** 127.0.0.1 unless told otherwise. */
  readonly host?: string;
  /** Which keys there are; `"any"`, the default, is the table `KEY_WORDS`. */
  readonly keys?: Keys;
  /** From request to first token, 200 ms unless told otherwise; 0 with `tokensPerSecond: 0` answers at once. */
  readonly ttftMs?: number;
  /** 50 unless told otherwise; 0 sends all tokens together. */
  readonly tokensPerSecond?: number;
  readonly clock?: Clock;
  /** Milliseconds since 1970 by which models count as shut down; the clock's unless told otherwise. */
  readonly today?: () => number;
  /** Longer bodies are refused with 413; 512 KiB unless told otherwise (OpenAI's own limit is far higher). */
  readonly bodyBytes?: number;
  /** Part of every id, so that two runs share none; random unless told otherwise. */
  readonly idSeed?: string;
  /** How calls with sound go. */
  readonly realtime?: RealtimeOptions;
}

type Target = Pick<FaultOrder, "key" | "path" | "times">;
type ScriptedAnswer = Omit<Extract<FaultOrder, { kind: "answer" }>, "kind" | keyof Target>;

export interface OpenAiStandin {
  /** For `OPENAI_BASE_URL`, without a slash at its end: `http://127.0.0.1:…/v1`. */
  readonly baseUrl: string;
  /** Requests so far, oldest first, of one key or of all. */
  journal(key?: string): JournalEntry[];
  usageOf(key: string): UsageTotals;
  /** The next request that arrives from now on. */
  nextRequest(key?: string): Promise<JournalEntry>;
  /** Resolves once no request is going on, aborted ones included. */
  settled(): Promise<void>;
  clearJournal(): void;
  /** Scripts a fault for the next request that it fits; throws when the order makes no sense. */
  fault(order: FaultOrder): void;
  /** Scripts what is answered instead of the brain's words. */
  answerWith(answer: ScriptedAnswer, target?: Target): void;
  clearFaults(key?: string): void;
  /** Calls with sound, on the same port under `/v1/realtime`. */
  readonly realtime: RealtimeStandin;
  /** Drops every connection and the port. */
  close(): Promise<void>;
}

/** Starts OpenAI's text and Realtime APIs on this machine. See README.md for what it plays and what it does not. */
export async function startOpenAiStandin(options: OpenAiStandinOptions = {}): Promise<OpenAiStandin> {
  const clock = options.clock ?? systemClock;
  const world: World = {
    clock,
    today: options.today ?? (() => clock.now()),
    pace: { ttftMs: options.ttftMs ?? 200, tokensPerSecond: options.tokensPerSecond ?? 50 },
    bodyBytes: options.bodyBytes ?? 512 * 1024,
    keys: new KeyRules(options.keys ?? "any"),
    faults: new FaultQueue(),
    journal: new Journal(),
    cache: new PromptCache(),
    makeId: idMaker(options.idSeed ?? randomBytes(4).toString("hex")),
  };
  const server = createServer((request, response) => {
    const answered = pathOf(request.url).startsWith("/standin/")
      ? control(parts, request, response)
      : serve(world, request, response);
    answered.catch((thrown: unknown) => {
      console.error("the OpenAI stand-in has a bug:", thrown);
      response.destroy();
    });
  });
  const realtime = attachRealtime(server, world, options.realtime);
  const parts: Parts = {
    world,
    realtime,
    addFault: (order) => (isForRealtime(order) ? realtime.tryFault(order) : world.faults.tryAdd(order)),
  };
  const fault = (order: FaultOrder): void => {
    const problem = parts.addFault(order);
    if (problem !== undefined) throw new TypeError(problem);
  };
  // Longer than any client's pool keeps a connection: else a request may meet the closing of the one it was given.
  server.keepAliveTimeout = 120_000;
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port: options.port ?? 0, backlog: 1_024 }, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { journal } = world;
  return {
    baseUrl: `http://${host}:${port}/v1`,
    journal: (key) => journal.entries(key),
    usageOf: (key) => journal.usageOf(key),
    nextRequest: (key) => journal.nextRequest(key),
    settled: () => journal.settled(),
    clearJournal: () => clearJournal(parts),
    fault,
    answerWith: (answer, target = {}) => fault({ ...answer, ...target, kind: "answer" }),
    clearFaults: (key) => clearFaults(parts, key),
    realtime,
    close: () =>
      new Promise((resolve) => {
        realtime.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Both halves of the stand-in, and what concerns both. */
interface Parts {
  readonly world: World;
  readonly realtime: AttachedRealtime;
  /** Adds an order from outside to the half it is for; returns what is wrong with it. */
  readonly addFault: (order: unknown) => string | undefined;
}

function clearJournal({ world, realtime }: Parts): void {
  world.journal.clear();
  realtime.clear();
}

function clearFaults({ world, realtime }: Parts, key: string | undefined): void {
  world.faults.clear(key);
  realtime.clearFaults(key);
}

/** Ids of OpenAI's shape: a prefix and 32 hexadecimal characters, counted up. */
function idMaker(seed: string): MakeId {
  let made = 0;
  return (prefix) => {
    made += 1;
    return `${prefix}_${seed}${made.toString(16).padStart(32 - seed.length, "0")}`;
  };
}

const LOCAL_NAMES = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** The stand-in's own routes, for tests and people that only have its URL. */
async function control(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await controlled(parts, request);
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? "" : JSON.stringify(body, null, 2));
}

async function controlled(parts: Parts, request: IncomingMessage): Promise<Controlled> {
  const url = URL.parse(request.url ?? "", `http://${request.headers.host ?? "unnamed"}`);
  // The journal holds keys: a web page that points its own name at this machine does not get it.
  if (!LOCAL_NAMES.has(url?.hostname ?? ""))
    return { status: 403, body: { error: "ask by the address of this machine" } };
  const { journal } = parts.world;
  const key = url?.searchParams.get("key") ?? undefined;
  const route = `${request.method} ${url?.pathname}`;
  const sent = parseJson(await textOf(request));
  switch (route) {
    case "GET /standin/journal":
      return { status: 200, body: journal.entries(key) };
    case "DELETE /standin/journal":
      clearJournal(parts);
      return { status: 204 };
    case "GET /standin/usage":
      return { status: 200, body: journal.usageOf(key ?? "") };
    case "POST /standin/faults": {
      const problem = parts.addFault(sent);
      return problem === undefined ? { status: 201, body: { ok: true } } : { status: 400, body: { error: problem } };
    }
    case "DELETE /standin/faults":
      clearFaults(parts, key);
      return { status: 204 };
    default:
      return (
        controlRealtime(parts.realtime, route, key, sent) ?? {
          status: 404,
          body: { error: "see test/standins/README.md" },
        }
      );
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
