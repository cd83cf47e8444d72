import type { MiddlewareHandler } from "hono";
import { Failure } from "../failure.ts";
import type { ApiContext, ApiEnv } from "./deps.ts";
import { publicOrigin } from "./public-address.ts";

/** Replies of data: they are never a document, and no page may frame or embed them. */
const API_CSP = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** On every reply. The static page has the same ones, and its own policy, in the `_headers` file of its folder. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "strict-transport-security": "max-age=31536000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "microphone=(self), camera=(), geolocation=()",
};

/** Names the request, and puts on its reply, whatever that is, the headers that every reply has. */
export const dressReply: MiddlewareHandler<ApiEnv> = async (c, next) => {
  // Never the client's own id: it would be written to the log as it is.
  c.set("requestId", hex(c.env.randomBytes(12)));
  c.set("route", "unmatched");
  await next();
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value);
  if (!c.res.headers.has("content-security-policy")) c.res.headers.set("content-security-policy", API_CSP);
  if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  c.res.headers.set("x-request-id", c.var.requestId);
};

/**
 * Refuses what no client of ours sends: a change asked for by a page of another site (exact origin, so neither prefix
 * nor case nor `null` passes), and a compressed body, which could be any size when opened.
 */
export const refuseForeign: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (!isReading(c.req.method) && !isOwnOrigin(c)) throw new Failure("bad_origin");
  const encoding = c.req.header("content-encoding");
  if (encoding !== undefined && encoding !== "identity") {
    throw new Failure("unsupported_media_type", "content-encoding: must be absent");
  }
  await next();
};

const isReading = (method: string): boolean => method === "GET" || method === "HEAD";

/** Without the header it is no browser's cross-site request: browsers send it with every method but GET and HEAD. */
function isOwnOrigin(c: ApiContext): boolean {
  const origin = c.req.header("origin");
  return origin === undefined || origin === publicOrigin(c);
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
