import { verifyTwilioSignature } from "../caller/twilio-signature.ts";
import type { Settings } from "../env.ts";
import { Failure, factsOf, type Reason, reasonOf } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { errorName, log } from "../log.ts";
import { type CallId, callIdFrom, parseCallId, parseSessionToken, type SessionToken } from "../protocol/ids.ts";
import { openDatabase } from "../store/database.ts";
import { findStudent } from "../store/students.ts";
import { loadMasterKeys } from "../vault/master-keys.ts";
import { readTicket, type TicketClaims } from "../vault/ticket.ts";
import { isOpen } from "../workshop/dates.ts";
import { callStub } from "./call-directory.ts";
import type { BeginOutcome } from "./call-object.ts";
import { randomBytes } from "./call-secrets.ts";
import type { CallStart } from "./call-start.ts";
import { PASS_HEADER } from "./caller-sockets.ts";
import { ensureWebhookSecret } from "./first-webhook-secret.ts";
import { messageOf, payerOf } from "./payer.ts";

/**
 * Opens a call for a WebSocket that wants one, at `/ws/:sessionToken`, `/ws/:sessionToken/:ticket` (as our TwiML says)
 * or `/ws?sessionToken=`. Nothing wakes an object before Origin, signature, ticket and token have passed, and one query
 * reads all that the call needs. What breaks a rule of the handshake is refused with a status; whoever names a token is
 * let in and told what is wrong with it.
 */
export async function enterCall(request: Request, env: Cloudflare.Env, settings: Settings): Promise<Response> {
  const url = new URL(request.url);
  const origin = new URL(settings.publicOrigin ?? request.url).origin;
  const [, , pathToken, pathTicket] = url.pathname.split("/");
  const tokenText = pathToken ? decode(pathToken) : (url.searchParams.get("sessionToken") ?? "");
  try {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") throw new Failure("upgrade_required");
    if (request.method !== "GET") throw new Failure("method_not_allowed");
    const from = request.headers.get("origin");
    if (from !== null && from !== origin) throw new Failure("bad_origin");
    if (!(await isProven(request, url, origin, tokenText, settings))) throw new Failure("bad_signature");
    const ticket = pathTicket === undefined ? undefined : await claimsOf(pathTicket, settings);
    const sessionToken = parseSessionToken(tokenText);
    if (!sessionToken) throw new Failure("unknown_session");
    return await connect(env, settings, { sessionToken, ticket, ownHost: new URL(origin).hostname });
  } catch (thrown) {
    return refusal(thrown);
  }
}

interface Entry {
  readonly sessionToken: SessionToken;
  readonly ticket: TicketClaims | undefined;
  readonly ownHost: string;
}

async function connect(env: Cloudflare.Env, settings: Settings, entry: Entry): Promise<Response> {
  const database = openDatabase(settings.database, LIMITS.databaseStartMs);
  const student = await findStudent(database, entry.sessionToken).catch((thrown: unknown) => reasonOf(thrown));
  if (student === undefined) return told("unknown_session");
  if (typeof student === "string") return told(student);
  if (student.workshop && !isOpen(student.workshop, Date.now())) return told("workshop_closed");

  const payer = payerOf(student, settings);
  const ticketCallId = parseCallId(entry.ticket?.callId);
  let callId: CallId = ticketCallId ?? callIdFrom(randomBytes(16));
  log({ event: "key-chosen", callId: payer ? callId : null, message: messageOf(payer) });
  if (!payer) return told("no_key");

  const sealedWebhookSecret = await ensureWebhookSecret(database, settings, student);
  const start = (): CallStart => ({
    version: 1,
    callId,
    sessionToken: student.sessionToken,
    workshopId: student.workshop?.id ?? null,
    wayIn: "conversation-relay",
    prompt: student.config.prompt,
    greeting: student.config.greeting,
    voice: student.config.voice,
    toolsJson: Array.isArray(student.toolsJson) ? student.toolsJson : [],
    keySource: payer,
    sealedKey: student.sealedKey,
    sealedWebhookSecret,
    model: settings.textModel,
    startedAtMs: Date.now(),
    callMaxMs: Math.min(student.workshop?.callMaxMs ?? LIMITS.callDefaultMs, LIMITS.callMaxMs),
    // Only the call that its CallSid leads to can be found again.
    resumable: callId === ticketCallId,
    carrierGreets: student.origin === "predecessor" && entry.ticket === undefined,
    phoneCallId: entry.ticket?.phoneCallId ?? null,
    ownHost: entry.ownHost,
  });

  const open = async (ticketId: string | null): Promise<Response | BeginOutcome> => {
    const stub = callStub(env, callId);
    const pass = crypto.randomUUID();
    // Sent side by side, so that the caller waits for one hop and not for two. The pass lets only this upgrade in, and
    // only if the object agrees to begin.
    const upgrade = new Request("https://call/", { headers: { upgrade: "websocket", [PASS_HEADER]: pass } });
    const [outcome, response] = await Promise.all([stub.begin(start(), ticketId, pass), stub.fetch(upgrade)]);
    return outcome === "begun" ? response : outcome;
  };
  let opened = await open(entry.ticket?.id ?? null);
  if (opened === "over") {
    // The phone call of this ticket has ended here before: what comes now is a new call.
    callId = callIdFrom(randomBytes(16));
    opened = await open(null);
  }
  return opened instanceof Response ? opened : told("wrong_call");
}

/**
 * Whether the handshake may name this session token: always without a Twilio auth token; else it is signed by Twilio,
 * or it comes from the student (page or terminal), who proves it by presenting the token outside of the URL too.
 */
async function isProven(
  request: Request,
  url: URL,
  origin: string,
  tokenText: string,
  settings: Settings,
): Promise<boolean> {
  if (settings.twilioAuthToken === undefined) return true;
  const signature = request.headers.get("x-twilio-signature") ?? undefined;
  if (signature !== undefined) {
    // Twilio speaks TLS only, so the URL it signed is a `wss:` one, whatever we are reached by behind a tunnel.
    const signedUrl = `${origin.replace(/^https?/, "wss")}${url.pathname}${url.search}`;
    return verifyTwilioSignature({ authToken: settings.twilioAuthToken, url: signedUrl, signature });
  }
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const cookie = /(?:^|;\s*)__Host-callroom=([^;]+)/.exec(request.headers.get("cookie") ?? "")?.[1];
  return tokenText !== "" && (bearer === tokenText || cookie === tokenText);
}

async function claimsOf(ticket: string, settings: Settings): Promise<TicketClaims> {
  const keys = await loadMasterKeys(settings.masterKeyHexes.newest, settings.masterKeyHexes.previous);
  const claims = await readTicket(keys, ticket, Date.now());
  if (!claims) throw new Failure("forbidden");
  return claims;
}

/** A refusal for someone who knows a session token: accepted, told in a frame, closed. No object is involved. */
function told(reason: Reason): Response {
  log({ event: "call-refused", code: reason });
  const { sentence, closeCode } = factsOf(reason);
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.send(JSON.stringify({ type: "error", error: sentence, code: reason }));
  server.close(closeCode, reason);
  return new Response(null, { status: 101, webSocket: client });
}

function refusal(thrown: unknown): Response {
  const reason = reasonOf(thrown);
  if (reason === "internal") log({ event: "uncaught", where: "request", name: errorName(thrown) });
  const requestId = crypto.randomUUID().replaceAll("-", "");
  log({ event: "request-failed", requestId, route: "/ws", code: reason });
  const { status, sentence } = factsOf(reason);
  const headers = { "x-content-type-options": "nosniff", "cache-control": "no-store" };
  return Response.json({ success: false, error: sentence, code: reason, requestId }, { status, headers });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
