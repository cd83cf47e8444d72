/** How a call with sound gets into Callroom: as a page does, and as Twilio does. */
import { randomBytes } from "node:crypto";
import * as z from "zod";
import { CALL_PROTOCOL } from "../../../src/protocol/call-messages.ts";
import type { Ours } from "../ours.ts";
import { dialBrowser, dialMediaStreams } from "./callers.ts";
import type { SoundServer } from "./talkers.ts";

type Dial = SoundServer["dial"];

const Prepared = z.object({ url: z.string(), ticket: z.string() });

/** `POST /api/calls`, then the socket that it names, with its ticket. */
export const ourBrowserDoor =
  (ours: Ours): Dial =>
  async (call, listener) => {
    const response = await fetch(`${ours.origin}/api/calls`, {
      method: "POST",
      headers: { authorization: `Bearer ${ours.tokenOf(call)}`, "content-type": "application/json" },
      body: "{}",
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`a call of the browser was refused with ${response.status} ${text}`);
    const { url, ticket } = Prepared.parse(JSON.parse(text));
    return dialBrowser(socketUrl(ours, url), [CALL_PROTOCOL, ticket], listener);
  };

/** A phone call: TwiML for a new CallSid, then the stream that it names. */
export const ourMediaDoor =
  (ours: Ours): Dial =>
  async (call, listener) => {
    const callSid = newCallSid();
    const response = await fetch(`${ours.origin}/twilio/voice/${ours.tokenOf(call)}?wayIn=media-streams`, {
      method: "POST",
      body: new URLSearchParams({ CallSid: callSid, CallStatus: "ringing" }),
    });
    const twiml = await response.text();
    const url = /<Stream[^>]* url="([^"]+)"/.exec(twiml)?.[1];
    if (url === undefined) throw new Error(`a phone call was answered with ${response.status} ${twiml}`);
    return dialMediaStreams(socketUrl(ours, url), callSid, listener);
  };

/** The Worker names itself as the world would see it: the path is taken, the origin is where it listens. */
function socketUrl(ours: Ours, named: string): string {
  const { pathname } = new URL(named, ours.origin);
  return `${ours.origin.replace("http", "ws")}${pathname}`;
}

export const newCallSid = (): string => `CA${randomBytes(16).toString("hex")}`;
