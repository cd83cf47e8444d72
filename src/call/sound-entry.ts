import type { Settings } from "../env.ts";
import { Failure, type Reason } from "../failure.ts";
import { CALL_PROTOCOL } from "../protocol/call-messages.ts";
import { type CallId, parseCallId } from "../protocol/ids.ts";
import { callStub } from "./call-directory.ts";
import { TICKET_HEADER } from "./caller-sockets.ts";
import { claimsOf, closed, type Handshake, isSigned, readHandshake, refusal, switching, told } from "./handshake.ts";

/** A good ticket, as far as can be known without its call: that one knows whether it was used. */
interface Pass {
  readonly ticketId: string;
  readonly callId: CallId;
}

/**
 * Lets a caller with sound into the call that waits for them: a browser at `/call/:callId`, its ticket beside
 * {@link CALL_PROTOCOL} as subprotocol; Twilio Media Streams at `/media/:ticket`. Nothing wakes an object before Origin,
 * signature and ticket have passed, and the database is not asked: the first sound may follow at once.
 */
export async function enterSound(request: Request, env: Cloudflare.Env, settings: Settings): Promise<Response> {
  const isBrowser = new URL(request.url).pathname.startsWith("/call/");
  try {
    const handshake = readHandshake(request, settings);
    return await (isBrowser ? enterBrowser(handshake, env, settings) : enterPhone(handshake, env, settings));
  } catch (thrown) {
    return refusal(thrown, isBrowser ? "/call" : "/media");
  }
}

async function enterBrowser(handshake: Handshake, env: Cloudflare.Env, settings: Settings): Promise<Response> {
  const [, , callIdText, ...more] = handshake.url.pathname.split("/");
  const offered = (handshake.request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
  const tickets = offered.filter((name) => name !== CALL_PROTOCOL);
  const claims =
    offered.length === 2 && tickets.length === 1 && more.length === 0
      ? await claimsOf(tickets[0] ?? "", settings)
      : undefined;
  const callId = parseCallId(callIdText);
  if (!claims || !callId || claims.callId !== callId || claims.phoneCallId !== null) throw new Failure("bad_ticket");
  const upgrade = { upgrade: "websocket", "sec-websocket-protocol": CALL_PROTOCOL };
  const entered = await enter(env, { ticketId: claims.id, callId }, upgrade);
  return entered instanceof WebSocket
    ? switching(entered, CALL_PROTOCOL)
    : told(entered, { route: "/call", callId }, CALL_PROTOCOL);
}

async function enterPhone(handshake: Handshake, env: Cloudflare.Env, settings: Settings): Promise<Response> {
  const authToken = settings.twilioAuthToken;
  if (authToken !== undefined && !(await isSigned(handshake, authToken))) throw new Failure("bad_signature");
  const [, , ticket = "", ...more] = handshake.url.pathname.split("/");
  const claims = more.length === 0 ? await claimsOf(ticket, settings) : undefined;
  const callId = parseCallId(claims?.callId);
  if (!claims || !callId || claims.phoneCallId === null) throw new Failure("bad_ticket");
  const entered = await enter(env, { ticketId: claims.id, callId }, { upgrade: "websocket" });
  return entered instanceof WebSocket ? switching(entered) : closed(entered, { route: "/media", callId });
}

/** The socket into the call, or why the call does not let it in. */
async function enter(
  env: Cloudflare.Env,
  { ticketId, callId }: Pass,
  headers: Readonly<Record<string, string>>,
): Promise<WebSocket | Reason> {
  const upgrade = new Request("https://call/", { headers: { ...headers, [TICKET_HEADER]: ticketId } });
  const response = await callStub(env, callId).fetch(upgrade);
  if (response.webSocket) return response.webSocket;
  return response.status === 410 ? "call_over" : response.status === 403 ? "bad_ticket" : "internal";
}
