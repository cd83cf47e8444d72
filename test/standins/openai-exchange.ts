import type { IncomingMessage, ServerResponse } from "node:http";
import { sendAnswer } from "./openai-answer.ts";
import { readChatRequest } from "./openai-chat-request.ts";
import { noKey, noSuchUrl, notJson, notJsonType, tooBig, unknownModel, wrongMethod } from "./openai-errors.ts";
import type { JournalEntry } from "./openai-journal.ts";
import { bearerKey, type RouteKind } from "./openai-keys.ts";
import { findModel, isShutDown, listedModels, modelJson } from "./openai-models.ts";
import {
  type Exchange,
  parseJson,
  pathOf,
  playedBeforehand,
  readBody,
  sendJson,
  sendRefusal,
  type World,
} from "./openai-reply.ts";
import { readResponsesRequest } from "./openai-responses-request.ts";
import { isRecord, Refused, refuse } from "./openai-validate.ts";

/** Answers one request to `/v1`, and keeps the book about it. */
export async function serve(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const entry = world.journal.open(newEntry(world, request));
  response.setHeader("x-request-id", entry.requestId);
  response.setHeader("openai-version", "2020-10-01");
  response.setHeader("openai-organization", "org-standin");
  response.on("close", () => {
    entry.aborted = !response.writableFinished && !entry.faults.includes("reset");
    world.journal.close(entry, world.clock.now());
  });
  const body = await readBody(request, world.bodyBytes);
  if (body === undefined) return;
  const json = parseJson(body.text);
  entry.body = json ?? null;
  if (isRecord(json) && typeof json.model === "string") entry.model = json.model;
  world.journal.arrived(entry);
  const exchange: Exchange = { world, response, entry };
  try {
    route(exchange, request.headers["content-type"] ?? "", body.bytes, json);
  } catch (thrown) {
    if (!(thrown instanceof Refused)) throw thrown;
    sendRefusal(exchange, thrown.refusal);
  }
}

function newEntry({ clock, makeId }: World, request: IncomingMessage): JournalEntry {
  const { authorization, ...headers } = request.headers;
  return {
    atMs: clock.now(),
    endedAtMs: null,
    firstTokenAtMs: null,
    key: bearerKey(authorization) ?? null,
    method: request.method ?? "",
    path: pathOf(request.url),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    model: null,
    body: null,
    stored: false,
    status: 0,
    aborted: false,
    usage: null,
    faults: [],
    requestId: makeId("req"),
    responseId: null,
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

/** Checks in this order, as far as OpenAI's shows from outside: address, key, body, parameters, model, money. */
function route(exchange: Exchange, contentType: string, bytes: number, json: unknown): void {
  const { world, entry } = exchange;
  const { method, path, key } = entry;
  const { method: taken, kind } = routeOf(path) ?? refuse(noSuchUrl(method, path));
  if (taken !== method) refuse(wrongMethod(method, path));
  if (key === null) refuse(noKey());
  const refusedKey = world.keys.refuseKey(key, kind);
  if (refusedKey !== undefined) refuse(refusedKey);
  if (kind === "models") {
    sendModels(exchange, key);
    return;
  }
  if (bytes > world.bodyBytes) refuse(tooBig(world.bodyBytes, bytes));
  if (!/^application\/json\b/i.test(contentType)) refuse(notJsonType(contentType));
  if (!isRecord(json)) refuse(notJson());
  const read = kind === "chat" ? readChatRequest : readResponsesRequest;
  const prompt = read(json, world.today());
  entry.stored = prompt.stored;
  const refusedSpending = world.keys.refuseSpending(key, prompt.model);
  if (refusedSpending !== undefined) refuse(refusedSpending);
  sendAnswer(exchange, key, kind, json, prompt);
}

function sendModels(exchange: Exchange, key: string): void {
  const { world, entry } = exchange;
  const { trouble, kinds } = world.faults.take(key, entry.path);
  entry.faults = kinds;
  if (playedBeforehand(exchange, trouble)) return;
  if (entry.path === "/v1/models") {
    sendJson(exchange, 200, { object: "list", data: listedModels(world.today()) });
    return;
  }
  const id = entry.path.slice("/v1/models/".length);
  const model = findModel(id);
  if (model === undefined || isShutDown(model, world.today())) refuse(unknownModel(id));
  else sendJson(exchange, 200, modelJson(model));
}
