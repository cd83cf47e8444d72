import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { bearerKey, type KeyRules } from "./openai-keys.ts";
import { findModel, isShutDown } from "./openai-models.ts";
import {
  badKey,
  betaShape,
  type Ending,
  forbidden,
  missingModel,
  noKeyAtAll,
  noSuchModel,
  notRealtime,
  outOfCredit,
  sessionNotPlayed,
  tooManyRequests,
} from "./realtime-errors.ts";

export const REALTIME_PATH = "/v1/realtime";

/** Where headers are impossible, the key comes as one of the offered subprotocols. */
const KEY_PROTOCOL = "openai-insecure-api-key.";

/** Who knocks, as the handshake tells it. */
export interface Caller {
  readonly key: string | null;
  readonly model: string | null;
  readonly query: URLSearchParams;
  readonly sendsBetaHeader: boolean;
}

export function readCaller({ headers, url }: IncomingMessage): Caller {
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
  const keyProtocol = offered.find((one) => one.startsWith(KEY_PROTOCOL));
  const query = URL.parse(url ?? "", "http://standin")?.searchParams ?? new URLSearchParams();
  return {
    key: bearerKey(headers.authorization) ?? keyProtocol?.slice(KEY_PROTOCOL.length) ?? null,
    model: query.get("model"),
    query,
    sendsBetaHeader: headers["openai-beta"] !== undefined,
  };
}

/**
 * Why this caller gets no session; `undefined` when they do. Never by status: the upgrade succeeds first, and whoever takes
 * an open socket for a good key is wrong.
 */
export function refuseCaller(caller: Caller, keys: KeyRules, nowMs: number): Ending | undefined {
  if (caller.sendsBetaHeader) return betaShape();
  if (caller.key === null) return noKeyAtAll();
  if (keys.role(caller.key) === "unknown") return badKey(caller.key);
  // Realtime wants the scope of the model endpoints, as Chat Completions does.
  const refusedKey = keys.refuseKey(caller.key, "chat");
  if (refusedKey !== undefined) return forbidden(refusedKey);
  const other = ["call_id", "intent"].find((name) => caller.query.has(name));
  if (other !== undefined) return sessionNotPlayed(other);
  if (caller.model === null || caller.model === "") return missingModel();
  const model = findModel(caller.model);
  if (model === undefined || isShutDown(model, nowMs)) return noSuchModel(caller.model);
  if (!isRealtimeModel(model.id)) return notRealtime(caller.model);
  const refusedSpending = keys.refuseSpending(caller.key, caller.model);
  if (refusedSpending === undefined) return undefined;
  return keys.role(caller.key) === "no-credit" ? outOfCredit() : tooManyRequests(refusedSpending);
}

const isRealtimeModel = (id: string): boolean => id.startsWith("gpt-realtime");

/** Models from the second generation on think before they speak, and take `reasoning` and `parallel_tool_calls`. */
export const isReasoningModel = (id: string): boolean => id.startsWith("gpt-realtime-2");

/** Answers a handshake with a status, as a plain HTTP reply. */
export function refuseUpgrade(tcp: Duplex, status: number, body: string): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  tcp.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
