import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "./clock.ts";
import { think } from "./openai-brain.ts";
import { ChatWriter } from "./openai-chat.ts";
import { readChatRequest } from "./openai-chat-request.ts";
import {
  noSuchUrl,
  notJson,
  notJsonType,
  type Refusal,
  refusalOfStatus,
  tooBig,
  unknownModel,
  wrongMethod,
} from "./openai-errors.ts";
import type { FaultQueue, Faults, Trouble } from "./openai-faults.ts";
import type { Journal, JournalEntry } from "./openai-journal.ts";
import { bearerKey, type KeyRules, type RouteKind, SLOW_FIRST_TOKEN_MS } from "./openai-keys.ts";
import { findModel, isShutDown, listedModels, modelJson, REASONING_TOKENS } from "./openai-models.ts";
import { type Prompt, planAnswer, tokenCountOf } from "./openai-prompt.ts";
import { type MakeId, ResponsesWriter } from "./openai-responses.ts";
import { readResponsesRequest } from "./openai-responses-request.ts";
import { type Pace, play, writeScript } from "./openai-stream.ts";
import type { PromptCache, StandinUsage } from "./openai-usage.ts";
import { isRecord, type Json, Refused } from "./openai-validate.ts";

/** What all requests of one stand-in share. */
export interface World {
  readonly clock: Clock;
  /** The date by which models are shut down. */
  readonly today: () => number;
  readonly pace: Pace;
  readonly bodyBytes: number;
  readonly keys: KeyRules;
  readonly faults: FaultQueue;
  readonly journal: Journal;
  readonly cache: PromptCache;
  readonly makeId: MakeId;
}

type OpenEntry = ReturnType<Journal["open"]>;

interface Exchange {
  readonly world: World;
  readonly response: ServerResponse;
  readonly entry: OpenEntry;
}

const NO_FAULTS: Faults = {
  answer: undefined,
  firstTokenMs: undefined,
  split: undefined,
  trouble: undefined,
  kinds: [],
};

/** Answers one request to `/v1`, and keeps the book about it. */
export async function serve(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const entry = world.journal.open(newEntry(world, request));
  const exchange: Exchange = { world, response, entry };
  response.setHeader("x-request-id", entry.requestId);
  response.setHeader("openai-version", "2020-10-01");
  response.setHeader("openai-organization", "org-standin");
  response.on("close", () => {
    entry.aborted = !response.writableFinished && !entry.faults.includes("reset");
    world.journal.close(entry, world.clock.now());
  });
  const body = await readBody(request, world.bodyBytes);
  if (body === undefined) return;
  entry.key = bearerKey(request.headers.authorization) ?? null;
  if (body.bytes > world.bodyBytes) response.setHeader("connection", "close");
  const json = parseJson(body.text);
  entry.body = json ?? null;
  if (isRecord(json) && typeof json.model === "string") entry.model = json.model;
  world.journal.arrived(entry);
  try {
    route(exchange, request, body.bytes, json);
  } catch (thrown) {
    if (!(thrown instanceof Refused)) throw thrown;
    sendRefusal(exchange, thrown.refusal);
  }
}

function newEntry({ clock, makeId }: World, request: IncomingMessage): JournalEntry {
  const headers = Object.entries(request.headers).filter(([name]) => name !== "authorization");
  return {
    atMs: clock.now(),
    endedAtMs: null,
    firstTokenAtMs: null,
    key: null,
    method: request.method ?? "",
    path: new URL(request.url ?? "/", "http://standin").pathname,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
    model: null,
    body: null,
    stored: false,
    status: 0,
    aborted: false,
    usage: null,
    faults: [],
    requestId: makeId("req"),
  };
}

interface Route {
  readonly method: string;
  readonly kind: RouteKind;
}

const PAID: ReadonlyMap<string, Route> = new Map([
  ["/v1/responses", { method: "POST", kind: "responses" }],
  ["/v1/chat/completions", { method: "POST", kind: "chat" }],
]);

const routeOf = (path: string): Route | undefined =>
  path === "/v1/models" || path.startsWith("/v1/models/") ? { method: "GET", kind: "models" } : PAID.get(path);

/** The order of OpenAI's checks as far as it shows: address, key, body, parameters, model, money. */
function route(exchange: Exchange, request: IncomingMessage, bytes: number, json: unknown): void {
  const { world, entry } = exchange;
  const found = routeOf(entry.path);
  if (found === undefined) return sendRefusal(exchange, noSuchUrl(entry.method, entry.path));
  if (found.method !== entry.method) return sendRefusal(exchange, wrongMethod(entry.method, entry.path));
  const refused = world.keys.refuseKey(entry.key ?? undefined, found.kind);
  if (refused !== undefined || entry.key === null) return sendRefusal(exchange, refused ?? refusalOfStatus(401));
  if (found.kind === "models") return sendModels(exchange, entry.key);
  if (bytes > world.bodyBytes) return sendRefusal(exchange, tooBig(world.bodyBytes, bytes));
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\b/i.test(type)) return sendRefusal(exchange, notJsonType(type));
  if (!isRecord(json)) return sendRefusal(exchange, notJson());
  const prompt =
    found.kind === "chat" ? readChatRequest(json, world.today()) : readResponsesRequest(json, world.today());
  entry.stored = prompt.stored;
  const tooMuch = world.keys.refuseSpending(entry.key, prompt.model);
  if (tooMuch !== undefined) return sendRefusal(exchange, tooMuch);
  sendAnswer(exchange, entry.key, found.kind, json, prompt);
}

function sendModels(exchange: Exchange, key: string): void {
  const { world, entry } = exchange;
  const { trouble, kinds } = world.faults.take(key, entry.path);
  entry.faults = kinds;
  if (playedBeforehand(exchange, trouble)) return;
  if (entry.path === "/v1/models")
    return sendJson(exchange, 200, { object: "list", data: listedModels(world.today()) });
  const id = decodeURIComponent(entry.path.slice("/v1/models/".length));
  const model = findModel(id);
  if (model === undefined || isShutDown(model, world.today())) return sendRefusal(exchange, unknownModel(id));
  sendJson(exchange, 200, modelJson(model));
}

function sendAnswer(exchange: Exchange, key: string, kind: RouteKind, json: Json, prompt: Prompt): void {
  const { world, response, entry } = exchange;
  const { clock } = world;
  const scripted = world.faults.take(key, entry.path);
  const slow = world.keys.role(key) === "slow" ? { firstTokenMs: scripted.firstTokenMs ?? SLOW_FIRST_TOKEN_MS } : {};
  const faults: Faults = { ...NO_FAULTS, ...scripted, ...slow };
  entry.faults = faults.kinds;
  if (playedBeforehand(exchange, faults.trouble)) return;

  const input = world.cache.count(key, prompt);
  const plan = planAnswer(faults.answer ?? think(prompt), REASONING_TOKENS[prompt.effort], prompt.maxOutputTokens);
  const { reasoningTokens } = plan;
  const usageAt = (tokens: number): StandinUsage => ({
    ...input,
    outputTokens: reasoningTokens + tokens,
    reasoningTokens,
  });
  entry.usage = { ...input, outputTokens: 0, reasoningTokens: 0 };
  const onSent = (tokens: number, isWhole: boolean): void => {
    if (tokens > 0) entry.firstTokenAtMs ??= clock.now();
    if (tokens > 0 || isWhole) entry.usage = usageAt(tokens);
  };
  const writer =
    kind === "chat"
      ? new ChatWriter(prompt, plan, clock.now(), world.makeId)
      : new ResponsesWriter(json, prompt, plan, clock.now(), world.makeId);
  for (const [name, value] of Object.entries(RATE_LIMIT_HEADERS)) response.setHeader(name, value);

  const script = writeScript(plan, writer, world.pace, faults, usageAt);
  if (prompt.stream) {
    sendHead(exchange, 200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
    play(response, { script, clock, arrivedMs: entry.atMs, split: faults.split, onSent });
    return;
  }
  // Without a stream the client sees nothing until all is there.
  const readyMs = script.chunks.at(-1)?.dueMs ?? 0;
  const finish = (): void => {
    if (faults.trouble?.kind === "stall") return;
    if (faults.trouble?.kind === "reset") {
      response.socket?.destroy();
      return;
    }
    const tokens = tokenCountOf(plan);
    const text = JSON.stringify(wholeOf(exchange, kind, json, prompt, plan, usageAt(tokens)));
    onSent(tokens, true);
    sendText(exchange, 200, faults.trouble?.kind === "malformed-event" ? text.slice(0, text.length / 2) : text);
  };
  response.on("close", clock.startTimer(finish, Math.max(0, readyMs)));
}

/** A writer writes one answer once, and the script has used the first. */
function wholeOf(
  { world }: Exchange,
  kind: RouteKind,
  json: Json,
  prompt: Prompt,
  plan: ReturnType<typeof planAnswer>,
  usage: StandinUsage,
): object {
  const nowMs = world.clock.now();
  return kind === "chat"
    ? new ChatWriter(prompt, plan, nowMs, world.makeId).whole(usage)
    : new ResponsesWriter(json, prompt, plan, nowMs, world.makeId).whole(usage);
}

/** Plays a fault that leaves nothing to answer. */
function playedBeforehand(exchange: Exchange, trouble: Trouble | undefined): boolean {
  if (trouble?.kind === "hang") return true;
  if (trouble?.kind !== "status") return false;
  const usual = refusalOfStatus(trouble.status);
  const { type, code, message, retryAfterSeconds } = trouble;
  sendRefusal(exchange, {
    ...usual,
    headers: retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) },
    error: {
      ...usual.error,
      ...(type === undefined ? {} : { type }),
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
    },
  });
  return true;
}

function sendRefusal(exchange: Exchange, refusal: Refusal): void {
  for (const [name, value] of Object.entries(refusal.headers)) exchange.response.setHeader(name, value);
  sendJson(exchange, refusal.status, { error: refusal.error });
}

const sendJson = (exchange: Exchange, status: number, body: object): void =>
  sendText(exchange, status, JSON.stringify(body, null, 2));

function sendText(exchange: Exchange, status: number, text: string): void {
  sendHead(exchange, status, { "content-type": "application/json" });
  exchange.response.end(text);
}

function sendHead({ world, response, entry }: Exchange, status: number, headers: Record<string, string>): void {
  entry.status = status;
  const processingMs = Math.max(0, Math.round(world.clock.now() - entry.atMs));
  response.writeHead(status, { ...headers, "openai-processing-ms": String(processingMs) });
}

/** On every reply of a paid route. The form is OpenAI's; the numbers mean nothing. */
const RATE_LIMIT_HEADERS = {
  "x-ratelimit-limit-requests": "500",
  "x-ratelimit-limit-tokens": "200000",
  "x-ratelimit-remaining-requests": "499",
  "x-ratelimit-remaining-tokens": "199000",
  "x-ratelimit-reset-requests": "120ms",
  "x-ratelimit-reset-tokens": "6m0s",
};

/** The body, up to the limit; of a longer one as much as was read. `undefined`: the client went away. */
function readBody(
  request: IncomingMessage,
  limitBytes: number,
): Promise<{ readonly text: string; readonly bytes: number } | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (): void => resolve({ text: Buffer.concat(chunks).toString("utf8"), bytes });
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      chunks.push(chunk);
      if (bytes <= limitBytes) return;
      request.pause();
      chunks.length = 0;
      finish();
    });
    request.on("end", finish);
    request.on("close", () => resolve(undefined));
  });
}

function parseJson(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
