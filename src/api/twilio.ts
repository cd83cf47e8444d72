import type { FormParams } from "../caller/twilio-signature.ts";
import { connectTwiml, sayTwiml } from "../caller/twiml.ts";
import { Failure, factsOf } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { log } from "../log.ts";
import { type CallId, callIdFrom, parseSessionToken, type SessionToken } from "../protocol/ids.ts";
import { findStudent, type Student } from "../store/students.ts";
import { callIdBytesFor, mintTicket } from "../vault/ticket.ts";
import { isOpen } from "../workshop/dates.ts";
import { ownKey } from "./api-keys.ts";
import type { ApiContext, CarrierSession } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { publicOrigin } from "./public-address.ts";
import { noteFailure, noteThrown, twiml } from "./replies.ts";

const TWIML = "text/xml";

/** Ends a phone call without a word. */
const HANG_UP = '<?xml version="1.0" encoding="UTF-8"?><Response/>';

/** What the caller hears when there is nobody left to say it. */
const LAST_WORDS = {
  lost: "I'm sorry, the connection was lost. Please call again. Goodbye.",
  handOver:
    "Nobody can take over this call right now, but your wish to speak to a person has been noted. " +
    "Thank you for calling. Goodbye.",
  goodbye: "Thank you for calling. Goodbye.",
} as const;

/**
 * Errors after which a new socket may work. 64105: our side dropped, also by a deploy; 39001, 64103, 64111 and 64112
 * as Twilio's own agent-connect treats them.
 */
const RECOVERABLE_ERRORS = new Set(["39001", "64103", "64105", "64111", "64112"]);

/** A call comes in. Whatever prevents it is said to the caller: a phone shows no error page. */
export const voice = endpoint("twilio", {
  summary: "A phone call: TwiML that connects it to the student's agent, or says why it cannot.",
  reply: TWIML,
  fails: [],
  handle: async (c, { asker: form }) => {
    try {
      const { sessionToken, phoneCallId } = addressOf(c, form);
      const student = await findStudent(c.env.database, sessionToken);
      if (!student) throw new Failure("unknown_session");
      if (student.workshop && !isOpen(student.workshop, c.env.now())) throw new Failure("workshop_closed");
      const callId = await callIdOf(c, phoneCallId);
      await checkSomeKey(c, student, callId);
      return twiml(c, await connection(c, sessionToken, phoneCallId, callId));
    } catch (thrown) {
      return spoken(c, thrown);
    }
  },
});

/** The carrier's session has ended; the phone call itself may go on, also while the database is away. */
export const ended = endpoint("twilio", {
  summary: "The end of a phone session: resumes a dropped call, else says goodbye.",
  reply: TWIML,
  fails: [],
  handle: async (c, { asker: form }) => {
    const { sessionToken, phoneCallId } = addressOf(c, form);
    const callId = await callIdOf(c, phoneCallId);
    const session = sessionOf(form, sessionToken, phoneCallId);
    // Nobody's token wakes nobody's object. When the database is away, a call goes on without asking it.
    const student = await findStudent(c.env.database, sessionToken).catch(() => "unknown" as const);
    if (student === undefined) return twiml(c, HANG_UP);
    const isPhoneUp = first(form, "CallStatus") === "in-progress";
    if (isPhoneUp && session.status === "failed" && RECOVERABLE_ERRORS.has(session.errorCode ?? "")) {
      const verdict = await c.env.calls.resume(callId, session).catch(noteThrown);
      if (verdict !== "resume") return twiml(c, sayTwiml(LAST_WORDS.lost));
      return twiml(c, await connection(c, sessionToken, phoneCallId, callId));
    }
    c.env.waitUntil(c.env.calls.over(callId, session).catch(noteThrown));
    const words = isPhoneUp ? lastWords(session, first(form, "HandoffData")) : undefined;
    return twiml(c, words === undefined ? HANG_UP : sayTwiml(words));
  },
});

/**
 * There must be a key to call on: the student's own, or for those who gave none the instructor's, where that is allowed.
 * One that cannot be read must be entered again, not paid for by somebody else.
 */
async function checkSomeKey(c: ApiContext, student: Student, callId: CallId): Promise<void> {
  const own = await ownKey(c, student);
  const isFallbackAllowed = student.workshop?.fallbackAllowed ?? true;
  const hasKey = own === "none" ? isFallbackAllowed && c.env.settings.instructorApiKey : own !== "unreadable";
  if (hasKey) return;
  log({ event: "key-chosen", callId, message: "No OpenAI API key available" });
  throw new Failure(own === "none" ? "no_key" : "key_unreadable");
}

async function connection(
  c: ApiContext,
  sessionToken: SessionToken,
  phoneCallId: string,
  callId: CallId,
): Promise<string> {
  const { masterKeys, now, randomBytes } = c.env;
  const ticket = await mintTicket(await masterKeys(), {
    id: callIdFrom(randomBytes(16)),
    callId,
    phoneCallId,
    expiresAtMs: now() + LIMITS.ticketMs,
  });
  // Twilio takes nothing but wss, whatever scheme this request came by.
  const { host } = new URL(publicOrigin(c));
  return connectTwiml({
    socketUrl: `wss://${host}/ws/${sessionToken}/${ticket}`,
    actionUrl: `/twilio/voice/${sessionToken}/ended`,
  });
}

async function callIdOf(c: ApiContext, phoneCallId: string): Promise<CallId> {
  return callIdFrom(await callIdBytesFor(await c.env.masterKeys(), phoneCallId));
}

/** Whose agent is called, and by which phone call. */
function addressOf(c: ApiContext, form: FormParams): { sessionToken: SessionToken; phoneCallId: string } {
  const phoneCallId = first(form, "CallSid");
  if (phoneCallId === undefined || !/^[A-Za-z0-9]{1,64}$/.test(phoneCallId)) {
    throw new Failure("bad_request", "CallSid: must be the id of a phone call");
  }
  const sessionToken = parseSessionToken(c.req.param("sessionToken"));
  if (!sessionToken) throw new Failure("unknown_session");
  return { sessionToken, phoneCallId };
}

function sessionOf(form: FormParams, sessionToken: SessionToken, phoneCallId: string): CarrierSession {
  const status = first(form, "SessionStatus");
  return {
    sessionToken,
    phoneCallId,
    status: status === "completed" || status === "ended" || status === "failed" ? status : "unknown",
    errorCode: /^\d{1,6}$/.exec(first(form, "ErrorCode") ?? "")?.[0] ?? null,
  };
}

/** What is left to say. After its own goodbye the agent has said it all, and gives the reason as handoff data. */
function lastWords(session: CarrierSession, handoffData: string | undefined): string | undefined {
  if (session.status === "failed") return LAST_WORDS.lost;
  if (session.status !== "ended") return undefined;
  const reason = handoffReason(handoffData);
  if (reason === "hand-over") return LAST_WORDS.handOver;
  return reason === undefined ? LAST_WORDS.goodbye : undefined;
}

function handoffReason(handoffData: string | undefined): string | undefined {
  try {
    const handoff: unknown = JSON.parse(handoffData ?? "");
    if (typeof handoff !== "object" || handoff === null || !("reason" in handoff)) return undefined;
    return typeof handoff.reason === "string" ? handoff.reason : undefined;
  } catch {
    return undefined;
  }
}

/** Says a reason that has words for a caller; the others are no caller's business and stay HTTP failures. */
function spoken(c: ApiContext, thrown: unknown): Response {
  const reason = noteThrown(thrown);
  const { spoken: words } = factsOf(reason);
  if (words === undefined) throw thrown;
  noteFailure(c, reason);
  return twiml(c, sayTwiml(words));
}

const first = (form: FormParams, name: string): string | undefined => form.get(name)?.[0];
