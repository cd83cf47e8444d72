import type { CallId, SessionToken } from "../protocol/ids.ts";
import type { ApiContext } from "./deps.ts";

/**
 * Scheme, host and port as the world sees us: configured, else those of the request. Configured is safer, since `Host`
 * is the client's to choose; every link, TwiML, signature and Origin check takes it from here.
 */
export function publicOrigin(c: ApiContext): string {
  return new URL(c.env.settings.publicOrigin ?? c.req.url).origin;
}

/** Where the agent of a student answers over ConversationRelay; `ws:` only where our own origin is plain http. */
export function websocketUrl(c: ApiContext, token: SessionToken): string {
  return `${publicOrigin(c).replace(/^http/, "ws")}/ws/${token}`;
}

/** Where the browser's call is, for the page. */
export function callSocketUrl(c: ApiContext, callId: CallId): string {
  return `${publicOrigin(c).replace(/^http/, "ws")}/call/${callId}`;
}

/** Our host's name, without a port. */
export function publicHost(c: ApiContext): string {
  return new URL(publicOrigin(c)).hostname;
}

/** What a student enters as voice webhook at Twilio. */
export function voiceUrl(c: ApiContext, token: SessionToken): string {
  return `${publicOrigin(c)}/twilio/voice/${token}`;
}
