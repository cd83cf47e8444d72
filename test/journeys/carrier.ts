import { randomBytes } from "node:crypto";
import { connectRelay, type RelayClient, signTwilioRequest } from "../standins/twilio.ts";
import type { Room } from "./room.ts";

/** Twilio's steps one by one, for journeys in which its phone (`placeCall`) would do too much by itself. */
export class Carrier {
  readonly #room: Room;
  readonly #authToken: string;
  readonly #query: string;

  /** `query`: of the voice webhook, as it is set at the number. */
  constructor(room: Room, authToken: string, query = "") {
    this.#room = room;
    this.#authToken = authToken;
    this.#query = query;
  }

  /** A phone rings: the TwiML that answers it, or the status. */
  ring(sessionToken: string, callSid: string): Promise<string> {
    return this.#post(`/twilio/voice/${sessionToken}${this.#query}`, { CallSid: callSid, CallStatus: "ringing" });
  }

  /** The socket of a phone call was lost: the TwiML that answers that, or the status. */
  lost(sessionToken: string, callSid: string): Promise<string> {
    const form = { CallSid: callSid, CallStatus: "in-progress", SessionStatus: "failed", ErrorCode: "64105" };
    return this.#post(`/twilio/voice/${sessionToken}/ended${this.#query}`, form);
  }

  /** The handshake at the address that the TwiML names, and `setup`. Throws RelayRefused. */
  dial(twiml: string, callSid: string): Promise<RelayClient> {
    const wss = socketUrlIn(twiml);
    return connectRelay(wss.replace("wss:", "ws:"), {
      headers: { "x-twilio-signature": signTwilioRequest(this.#authToken, wss) },
      setup: { callSid, accountSid: `AC${"0".repeat(32)}`, callType: "PSTN" },
    });
  }

  async #post(path: string, form: Record<string, string>): Promise<string> {
    const url = `${this.#room.url}${path}`;
    const headers = { "x-twilio-signature": signTwilioRequest(this.#authToken, url, form) };
    const reply = await fetch(url, { method: "POST", body: new URLSearchParams(form), headers });
    return reply.status === 200 ? reply.text() : String(reply.status);
  }
}

export const newCallSid = (): string => `CA${randomBytes(16).toString("hex")}`;

/** The address of the socket in a TwiML document; an address is its own. */
export const socketUrlIn = (twiml: string): string => /url="([^"]+)"/.exec(twiml)?.[1] ?? twiml;
