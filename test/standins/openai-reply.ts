import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "./clock.ts";
import { type Refusal, refusalOfStatus } from "./openai-errors.ts";
import type { FaultQueue, Trouble } from "./openai-faults.ts";
import type { Journal } from "./openai-journal.ts";
import type { KeyRules } from "./openai-keys.ts";
import type { MakeId } from "./openai-responses.ts";
import type { Pace } from "./openai-stream.ts";
import type { PromptCache } from "./openai-usage.ts";

/** What all requests of one stand-in share. */
export interface World {
  readonly clock: Clock;
  /** Milliseconds since 1970 by which models count as shut down. */
  readonly today: () => number;
  readonly pace: Pace;
  readonly bodyBytes: number;
  readonly keys: KeyRules;
  readonly faults: FaultQueue;
  readonly journal: Journal;
  readonly cache: PromptCache;
  readonly makeId: MakeId;
}

/** One request, its reply and its entry in the journal. */
export interface Exchange {
  readonly world: World;
  readonly response: ServerResponse;
  readonly entry: ReturnType<Journal["open"]>;
}

export function sendRefusal(exchange: Exchange, refusal: Refusal): void {
  for (const [name, value] of Object.entries(refusal.headers)) exchange.response.setHeader(name, value);
  sendJson(exchange, refusal.status, { error: refusal.error });
}

export const sendJson = (exchange: Exchange, status: number, body: object): void =>
  sendText(exchange, status, JSON.stringify(body, null, 2));

export function sendText(exchange: Exchange, status: number, text: string): void {
  sendHead(exchange, status, { "content-type": "application/json" });
  exchange.response.end(text);
}

export function sendHead({ world, response, entry }: Exchange, status: number, headers: Record<string, string>): void {
  entry.status = status;
  const processingMs = Math.max(0, Math.round(world.clock.now() - entry.atMs));
  response.writeHead(status, { ...headers, "openai-processing-ms": String(processingMs) });
}

/** Plays a fault that leaves nothing to answer: no header at all, or a refusal by status. */
export function playedBeforehand(exchange: Exchange, trouble: Trouble | undefined): boolean {
  if (trouble?.kind === "hang") return true;
  if (trouble?.kind !== "status") return false;
  const usual = refusalOfStatus(trouble.status);
  const {
    type = usual.error.type,
    code = usual.error.code,
    message = usual.error.message,
    retryAfterSeconds,
  } = trouble;
  sendRefusal(exchange, {
    ...usual,
    headers: retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) },
    error: { ...usual.error, type, code, message },
  });
  return true;
}

export interface ReadBody {
  readonly text: string;
  readonly bytes: number;
}

/** The body, or of one over the limit only how far it was read. `undefined`: the client went away. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<ReadBody | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      chunks.push(chunk);
      if (bytes <= limitBytes) return;
      // The rest is read and dropped: a socket closed on unread bytes is reset, and the refusal might be lost with it.
      chunks.length = 0;
      resolve({ text: "", bytes });
    });
    request.on("end", () => resolve({ text: Buffer.concat(chunks).toString("utf8"), bytes }));
    request.on("close", () => resolve(undefined));
  });
}

/** `undefined` for no text and for broken JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The path of a request; of an unreadable URL, all of it. */
export const pathOf = (url: string | undefined): string =>
  URL.parse(url ?? "/", "http://standin")?.pathname ?? String(url);
