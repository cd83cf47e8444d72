import { messageOf, payerOf } from "../call/payer.ts";
import type { FormParams } from "../caller/twilio-signature.ts";
import { connectTwiml, sayTwiml, streamTwiml } from "../caller/twiml.ts";
import { Failure, factsOf } from "../failure.ts";
import { log } from "../log.ts";
import { type CallId, callIdFrom, parseSessionToken, type SessionToken } from "../protocol/ids.ts";
import { findStudent, type Student } from "../store/students.ts";
import { callIdBytesFor, olderCallIdBytesFor } from "../vault/ticket.ts";
import { stateOf } from "../workshop/dates.ts";
import { ownKey } from "./api-keys.ts";
import type { ApiContext, CarrierSession } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { publicHost, publicOrigin } from "./public-address.ts";
import { noteFailure, noteThrown, twiml } from "./replies.ts";
import { voiceQuery } from "./schemas.ts";
import { ticketFor } from "./tickets.ts";

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
  query: voiceQuery,
  reply: TWIML,
  fails: [],
  handle: async (c, { asker: form, query: { wayIn } }) => {
    try {
      const phone = await phoneOf(c, form);
      const student = await findStudent(c.env.database, phone.sessionToken);
      if (!student) throw new Failure("unknown_session");
      if (wayIn === "conversation-relay") {
        const state = student.workshop ? stateOf(student.workshop, c.env.now()) : "open";
        if (state !== "open") throw new Failure(state === "not-open" ? "workshop_not_open" : "workshop_closed");
        await checkSomeKey(c, student, phone.callId);
        return twiml(c, await relay(c, phone));
      }
      const { callId, phoneCallId } = phone;
      const waits = await c.env.calls.prepare(student, { wayIn, callId, phoneCallId, ownHost: publicHost(c) });
      return twiml(c, waits === "over" ? HANG_UP : await stream(c, phone));
    } catch (thrown) {
      return spoken(c, thrown);
    }
  },
});

/**
 * The carrier's session has ended; the phone call itself may go on, also while the database is away. Of a stream the
 * carrier says no more than that the phone is still there: its call knows why it ended.
 */
export const ended = endpoint("twilio", {
  summary: "The end of a phone session: resumes a dropped call, else says goodbye.",
  query: voiceQuery,
  reply: TWIML,
  fails: [],
  handle: async (c, { asker: form, query: { wayIn } }) => {
    const phone = await phoneOf(c, form);
    const isStream = wayIn === "media-streams";
    const session = sessionOf(form, phone, isStream);
    // Nobody's token wakes nobody's object. When the database is away, a call goes on without asking it.
    const student = await findStudent(c.env.database, phone.sessionToken).catch(() => "unknown" as const);
    if (student === undefined) return twiml(c, HANG_UP);
    const isPhoneUp = first(form, "CallStatus") === "in-progress";
    const mayResume = isStream || (session.status === "failed" && RECOVERABLE_ERRORS.has(session.errorCode ?? ""));
    if (isPhoneUp && mayResume) {
      const { verdict, callId } = await resumed(c, phone, session);
      const found = { ...phone, callId };
      if (verdict === "resume") return twiml(c, await (isStream ? stream(c, found) : relay(c, found)));
      if (verdict === "handed-over") return twiml(c, sayTwiml(LAST_WORDS.handOver));
      return twiml(c, isStream && verdict === "over" ? HANG_UP : sayTwiml(LAST_WORDS.lost));
    }
    for (const callId of [phone.callId, ...phone.olderCallIds]) {
      c.env.waitUntil(c.env.calls.over(callId, session).catch(noteThrown));
    }
    const words = isPhoneUp ? lastWords(session, first(form, "HandoffData")) : undefined;
    return twiml(c, words === undefined ? HANG_UP : sayTwiml(words));
  },
});

/** Asks the call of this phone whether it may go on. Under an older master key only when there is none under the newest. */
async function resumed(c: ApiContext, { callId, olderCallIds }: Phone, session: CarrierSession) {
  let verdict = await c.env.calls.resume(callId, session).catch(noteThrown);
  for (const older of olderCallIds) {
    if (verdict !== "over") break;
    verdict = await c.env.calls.resume(older, session).catch(noteThrown);
    if (verdict !== "over") return { verdict, callId: older };
  }
  return { verdict, callId };
}

/** There must be a key to call on, and the student's own must be one: its call would find out too late for a sentence. */
async function checkSomeKey(c: ApiContext, student: Student, callId: CallId): Promise<void> {
  const payer = payerOf(student, c.env.settings);
  if (payer === undefined) {
    log({ event: "key-chosen", callId, message: messageOf(payer) });
    throw new Failure("no_key");
  }
  if (payer === "student" && (await ownKey(c, student)) === "unreadable") throw new Failure("key_unreadable");
}

/** Twilio hears and speaks. */
async function relay(c: ApiContext, { sessionToken, phoneCallId, callId }: Phone): Promise<string> {
  return connectTwiml({
    socketUrl: `${phoneSockets(c)}/ws/${sessionToken}/${await ticketFor(c, callId, phoneCallId)}`,
    actionUrl: `/twilio/voice/${sessionToken}/ended`,
  });
}

/** The model hears and speaks. */
async function stream(c: ApiContext, { sessionToken, phoneCallId, callId }: Phone): Promise<string> {
  return streamTwiml({
    socketUrl: `${phoneSockets(c)}/media/${await ticketFor(c, callId, phoneCallId)}`,
    redirectUrl: `/twilio/voice/${sessionToken}/ended?wayIn=media-streams`,
  });
}

/** Twilio takes nothing but wss, whatever scheme this request came by. */
const phoneSockets = (c: ApiContext): string => `wss://${new URL(publicOrigin(c)).host}`;

/** Whose agent is called, and by which phone call. */
interface Phone {
  readonly sessionToken: SessionToken;
  readonly phoneCallId: string;
  readonly callId: CallId;
  /** Of a call that began before the master key was renewed. */
  readonly olderCallIds: readonly CallId[];
}

async function phoneOf(c: ApiContext, form: FormParams): Promise<Phone> {
  const phoneCallId = first(form, "CallSid");
  if (phoneCallId === undefined || !/^[A-Za-z0-9]{1,64}$/.test(phoneCallId)) {
    throw new Failure("bad_request", "CallSid: must be the id of a phone call");
  }
  const sessionToken = parseSessionToken(c.req.param("sessionToken"));
  if (!sessionToken) throw new Failure("unknown_session");
  const keys = await c.env.masterKeys();
  const callId = callIdFrom(await callIdBytesFor(keys, phoneCallId));
  const olderCallIds = (await olderCallIdBytesFor(keys, phoneCallId)).map(callIdFrom);
  return { sessionToken, phoneCallId, callId, olderCallIds };
}

/** Of a stream's end nothing is posted, so while the phone is up it counts as one that failed. */
function sessionOf(form: FormParams, { sessionToken, phoneCallId }: Phone, isStream: boolean): CarrierSession {
  const isPhoneUp = first(form, "CallStatus") === "in-progress";
  const status = isStream ? (isPhoneUp ? "failed" : "completed") : first(form, "SessionStatus");
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
