import { callIdFrom } from "../protocol/ids.ts";
import type { BrowserCallReply } from "../protocol/rest.ts";
import { endpoint } from "./endpoint.ts";
import { callSocketUrl, publicHost } from "./public-address.ts";
import { succeeded } from "./replies.ts";
import { browserCallReply } from "./reply-schemas.ts";
import { browserCallRequest } from "./schemas.ts";
import { ticketFor } from "./tickets.ts";

/** What can be known to prevent the call is told here: a page cannot see why a socket was refused. */
export const startCall = endpoint("student", {
  summary: "Prepares a call with sound to the student's own agent, and gives a ticket for its socket.",
  body: browserCallRequest,
  reply: browserCallReply,
  fails: [
    "no_key",
    "key_unreadable",
    "workshop_not_open",
    "workshop_closed",
    "workshop_paused",
    "too_many_calls",
    "too_many_requests",
  ],
  handle: async (c, { asker: student }) => {
    const callId = callIdFrom(c.env.randomBytes(16));
    // A page is known by its cookie; whoever shows a token is a terminal, which no page shows by itself.
    const fromPage = c.req.header("authorization") === undefined;
    const call = { wayIn: "browser" as const, callId, phoneCallId: null, ownHost: publicHost(c), fromPage };
    await c.env.calls.prepare(student, call);
    return succeeded<BrowserCallReply>(c, {
      success: true,
      callId,
      ticket: await ticketFor(c, callId, null),
      url: callSocketUrl(c, callId),
    });
  },
});
