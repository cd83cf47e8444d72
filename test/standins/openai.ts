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

export type { FaultOrder } from "./openai-faults.ts";
export type { JournalEntry, UsageTotals } from "./openai-journal.ts";
export { KEY_WORDS, type KeyRole, type Keys } from "./openai-keys.ts";
export type { StandinUsage } from "./openai-usage.ts";

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
  /** Drops every connection and the port. */
  close(): Promise<void>;
}

/** Starts OpenAI's text API on this machine. See README.md for what it plays and what it does not. */
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
      ? control(world, request, response)
      : serve(world, request, response);
    answered.catch((thrown: unknown) => {
      console.error("the OpenAI stand-in has a bug:", thrown);
      response.destroy();
    });
  });
  // Longer than any client's pool keeps a connection: else a request may meet the closing of the one it was given.
  server.keepAliveTimeout = 120_000;
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port: options.port ?? 0, backlog: 1_024 }, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { journal, faults } = world;
  return {
    baseUrl: `http://${host}:${port}/v1`,
    journal: (key) => journal.entries(key),
    usageOf: (key) => journal.usageOf(key),
    nextRequest: (key) => journal.nextRequest(key),
    settled: () => journal.settled(),
    clearJournal: () => journal.clear(),
    fault: (order) => faults.add(order),
    answerWith: (answer, target = {}) => faults.add({ ...answer, ...target, kind: "answer" }),
    clearFaults: (key) => faults.clear(key),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
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
async function control(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await controlled(world, request);
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? "" : JSON.stringify(body, null, 2));
}

async function controlled(
  { journal, faults }: World,
  request: IncomingMessage,
): Promise<{ readonly status: number; readonly body?: unknown }> {
  const url = URL.parse(request.url ?? "", `http://${request.headers.host ?? "unnamed"}`);
  // The journal holds keys: a web page that points its own name at this machine does not get it.
  if (!LOCAL_NAMES.has(url?.hostname ?? ""))
    return { status: 403, body: { error: "ask by the address of this machine" } };
  const key = url?.searchParams.get("key") ?? undefined;
  switch (`${request.method} ${url?.pathname}`) {
    case "GET /standin/journal":
      return { status: 200, body: journal.entries(key) };
    case "DELETE /standin/journal":
      journal.clear();
      return { status: 204 };
    case "GET /standin/usage":
      return { status: 200, body: journal.usageOf(key ?? "") };
    case "POST /standin/faults": {
      const problem = faults.tryAdd(parseJson(await textOf(request)));
      return problem === undefined ? { status: 201, body: { ok: true } } : { status: 400, body: { error: problem } };
    }
    case "DELETE /standin/faults":
      faults.clear(key);
      return { status: 204 };
    default:
      return { status: 404, body: { error: "see test/standins/README.md" } };
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
