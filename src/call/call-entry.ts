import type { Settings } from "../env.ts";
import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { type CallId, callIdFrom, parseCallId, parseSessionToken, type SessionToken } from "../protocol/ids.ts";
import { openDatabase } from "../store/database.ts";
import { findStudent } from "../store/students.ts";
import type { TicketClaims } from "../vault/ticket.ts";
import { callStub } from "./call-directory.ts";
import type { BeginOutcome } from "./call-object.ts";
import { randomBytes } from "./call-secrets.ts";
import type { CallStart } from "./call-start.ts";
import { PASS_HEADER } from "./caller-sockets.ts";
import { claimsOf, type Handshake, isSigned, readHandshake, refusal, told } from "./handshake.ts";
import { prepareStart } from "./prepare-start.ts";

/**
 * Opens a call for a WebSocket that wants one, at `/ws/:sessionToken`, `/ws/:sessionToken/:ticket` (as our TwiML says)
 * or `/ws?sessionToken=`. Nothing wakes an object before Origin, signature, ticket and token have passed, and one query
 * reads all that the call needs. What breaks a rule of the handshake is refused with a status; whoever names a token is
 * let in and told what is wrong with it.
 */
export async function enterCall(request: Request, env: Cloudflare.Env, settings: Settings): Promise<Response> {
  try {
    const handshake = readHandshake(request, settings);
    const [, , pathToken, pathTicket] = handshake.url.pathname.split("/");
    const tokenText = pathToken ? decode(pathToken) : (handshake.url.searchParams.get("sessionToken") ?? "");
    if (!(await isProven(handshake, tokenText, settings))) throw new Failure("bad_signature");
    const ticket = pathTicket === undefined ? undefined : await claimsOf(pathTicket, settings);
    if (pathTicket !== undefined && !ticket) throw new Failure("forbidden");
    const sessionToken = parseSessionToken(tokenText);
    if (!sessionToken) throw new Failure("unknown_session");
    return await connect(env, settings, { sessionToken, ticket, ownHost: new URL(handshake.origin).hostname });
  } catch (thrown) {
    return refusal(thrown, "/ws");
  }
}

interface Entry {
  readonly sessionToken: SessionToken;
  readonly ticket: TicketClaims | undefined;
  readonly ownHost: string;
}

async function connect(env: Cloudflare.Env, settings: Settings, entry: Entry): Promise<Response> {
  let start: CallStart;
  try {
    start = await startOf(settings, entry);
  } catch (thrown) {
    if (thrown instanceof Failure) return told(thrown.reason, comesTo(parseCallId(entry.ticket?.callId)));
    throw thrown;
  }
  let opened = await open(env, start, entry.ticket?.id ?? null);
  if (opened === "over") {
    // The phone call of this ticket has ended here before: what comes now is a new call, which nothing leads back to.
    opened = await open(env, { ...start, callId: callIdFrom(randomBytes(16)), resumable: false }, null);
  }
  return opened instanceof Response ? opened : told("wrong_call", comesTo(start.callId));
}

const comesTo = (callId: CallId | undefined) => ({ route: "/ws", callId: callId ?? null }) as const;

async function startOf(settings: Settings, { sessionToken, ticket, ownHost }: Entry): Promise<CallStart> {
  const database = openDatabase(settings.database, LIMITS.databaseStartMs);
  const student = await findStudent(database, sessionToken);
  if (!student) throw new Failure("unknown_session");
  const ticketCallId = parseCallId(ticket?.callId);
  const way = {
    wayIn: "conversation-relay" as const,
    callId: ticketCallId ?? callIdFrom(randomBytes(16)),
    phoneCallId: ticket?.phoneCallId ?? null,
    ownHost,
    // Only the call that its CallSid leads to can be found again.
    resumable: ticketCallId !== undefined,
    carrierGreets: student.origin === "predecessor" && ticket === undefined,
    fromPage: false,
  };
  return prepareStart(database, settings, student, way, Date.now());
}

async function open(
  env: Cloudflare.Env,
  start: CallStart,
  ticketId: string | null,
): Promise<Response | Exclude<BeginOutcome, "begun">> {
  const stub = callStub(env, start.callId);
  const pass = crypto.randomUUID();
  // Sent side by side, so that the caller waits for one hop and not for two. The pass lets only this upgrade in, and
  // only if the object agrees to begin.
  const upgrade = new Request("https://call/", { headers: { upgrade: "websocket", [PASS_HEADER]: pass } });
  const [outcome, response] = await Promise.all([stub.begin(start, ticketId, pass), stub.fetch(upgrade)]);
  return outcome === "begun" ? response : outcome;
}

/**
 * Whether the handshake may name this session token: always without a Twilio auth token; else it is signed by Twilio,
 * or it comes from the student (page or terminal), who proves it by presenting the token outside of the URL too.
 */
async function isProven(handshake: Handshake, tokenText: string, settings: Settings): Promise<boolean> {
  if (settings.twilioAuthToken === undefined) return true;
  const signed = await isSigned(handshake, settings.twilioAuthToken);
  if (signed !== undefined) return signed;
  const { headers } = handshake.request;
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const cookie = /(?:^|;\s*)__Host-callroom=([^;]+)/.exec(headers.get("cookie") ?? "")?.[1];
  return tokenText !== "" && (bearer === tokenText || cookie === tokenText);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
