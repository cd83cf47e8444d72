import { verifyTwilioSignature } from "../caller/twilio-signature.ts";
import type { Settings } from "../env.ts";
import { Failure, factsOf, type Reason, reasonOf } from "../failure.ts";
import { type CallRoute, errorName, log } from "../log.ts";
import type { CallId } from "../protocol/ids.ts";
import { loadMasterKeys } from "../vault/master-keys.ts";
import { readTicket, type TicketClaims } from "../vault/ticket.ts";

/** A request that asks for a socket, and where the world thinks it went. */
export interface Handshake {
  readonly request: Request;
  readonly url: URL;
  /** Our own: scheme, host and port. */
  readonly origin: string;
}

/**
 * Checks what every handshake must be: a GET that upgrades, and when a browser sends it, from a page of ours.
 *
 * @throws Failure `upgrade_required`, `method_not_allowed` or `bad_origin`.
 */
export function readHandshake(request: Request, settings: Settings): Handshake {
  const origin = new URL(settings.publicOrigin ?? request.url).origin;
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw new Failure("upgrade_required");
  if (request.method !== "GET") throw new Failure("method_not_allowed");
  const from = request.headers.get("origin");
  if (from !== null && from !== origin) throw new Failure("bad_origin");
  return { request, url: new URL(request.url), origin };
}

/** Whether Twilio signed this handshake; `undefined`: it carries no signature. */
export async function isSigned({ request, url, origin }: Handshake, authToken: string): Promise<boolean | undefined> {
  const signature = request.headers.get("x-twilio-signature");
  if (signature === null) return undefined;
  // Twilio speaks TLS only, so the URL it signed is a `wss:` one, whatever we are reached by behind a tunnel.
  const signedUrl = `${origin.replace(/^https?/, "wss")}${url.pathname}${url.search}`;
  return verifyTwilioSignature({ authToken, url: signedUrl, signature });
}

/** The claims of a ticket of ours that is still good, else `undefined`. Whether it was used, only its call knows. */
export async function claimsOf(ticket: string, settings: Settings): Promise<TicketClaims | undefined> {
  const keys = await loadMasterKeys(settings.masterKeyHexes.newest, settings.masterKeyHexes.previous);
  return readTicket(keys, ticket, Date.now());
}

/** A refusal for a client that cannot see why a handshake fails: accepted, told in a frame, closed. No object is involved. */
export function told(reason: Reason, comes: Comes, subprotocol?: string): Response {
  const frame = JSON.stringify({ type: "error", error: factsOf(reason).sentence, code: reason });
  return accepted(reason, comes, frame, subprotocol);
}

/** A refusal for a carrier, which knows no frames of ours: accepted and closed. */
export const closed = (reason: Reason, comes: Comes): Response => accepted(reason, comes, undefined, undefined);

/** What is known of a caller who is refused, for the log. */
interface Comes {
  readonly route: CallRoute;
  /** Null: the call has no id yet. */
  readonly callId: CallId | null;
}

function accepted(reason: Reason, comes: Comes, frame: string | undefined, subprotocol: string | undefined): Response {
  log({ event: "call-refused", callId: comes.callId, route: comes.route, code: reason });
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  if (frame !== undefined) server.send(frame);
  server.close(factsOf(reason).closeCode, reason);
  return switching(client, subprotocol);
}

/** The answer to a handshake that succeeds. */
export function switching(socket: WebSocket, subprotocol?: string): Response {
  const headers = subprotocol === undefined ? {} : { "sec-websocket-protocol": subprotocol };
  return new Response(null, { status: 101, webSocket: socket, headers });
}

/** The answer to a handshake that breaks a rule; `route` is for the log. */
export function refusal(thrown: unknown, route: string): Response {
  const reason = reasonOf(thrown);
  if (reason === "internal") log({ event: "uncaught", where: "request", callId: null, name: errorName(thrown) });
  const requestId = crypto.randomUUID().replaceAll("-", "");
  log({ event: "request-failed", requestId, route, code: reason });
  const { status, sentence } = factsOf(reason);
  const headers = { "x-content-type-options": "nosniff", "cache-control": "no-store" };
  return Response.json({ success: false, error: sentence, code: reason, requestId }, { status, headers });
}
