import { LIMITS } from "../limits.ts";
import { type CallId, callIdFrom } from "../protocol/ids.ts";
import { mintTicket } from "../vault/ticket.ts";
import type { ApiContext } from "./deps.ts";

/** A ticket for one socket of this call, good for `LIMITS.ticketMs`. `phoneCallId`: Twilio's CallSid, or null. */
export async function ticketFor(c: ApiContext, callId: CallId, phoneCallId: string | null): Promise<string> {
  const { masterKeys, now, randomBytes } = c.env;
  const id = callIdFrom(randomBytes(16));
  return mintTicket(await masterKeys(), { id, callId, phoneCallId, expiresAtMs: now() + LIMITS.ticketMs });
}
