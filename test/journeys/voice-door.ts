import { once } from "node:events";
import { type RawData, WebSocket } from "ws";
import * as z from "zod";
import { CALL_PROTOCOL } from "../../src/protocol/call-messages.ts";
import type { Room } from "./room.ts";
import { VoiceCaller } from "./voice-caller.ts";
import { type PreparedCall, prepareCall, type RealtimeSession, type VoiceStudent } from "./voice-looks.ts";

/** A handshake as it may come from anybody. */
export interface Knock {
  /** Offered in this order; `undefined`: none at all. */
  readonly protocols?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a handshake came to: refused by status, or a socket, which may be closed after a frame that says why. */
export interface Answered {
  readonly status: number;
  /** Of the refusal's body, or of its frame. */
  readonly code: string | undefined;
  readonly closeCode: number | undefined;
}

const Refusal = z.object({ code: z.string() });

/** Opens a socket by hand and says how it was answered; one that is let in is closed again. */
export async function knock(url: string, { protocols = [], headers = {} }: Knock): Promise<Answered> {
  const socket = new WebSocket(url, [...protocols], { perMessageDeflate: false, headers });
  return new Promise((resolve, reject) => {
    let code: string | undefined;
    socket.on("error", reject);
    socket.on("unexpected-response", (_, reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("end", () => {
        const { data } = Refusal.safeParse(jsonOf(Buffer.concat(chunks).toString()));
        resolve({ status: reply.statusCode ?? 0, code: data?.code, closeCode: undefined });
      });
    });
    socket.on("message", (data) => {
      const message = jsonOf(textOf(data));
      code ??= Refusal.safeParse(message).data?.code;
      if (z.object({ type: z.literal("call-start") }).safeParse(message).success) socket.close(4_000);
    });
    socket.on("close", (closeCode) => resolve({ status: 101, code, closeCode }));
  });
}

/** The two subprotocols of a caller. */
export const withTicket = (ticket: string): readonly string[] => [CALL_PROTOCOL, ticket];

/** A socket that speaks before it is spoken to. */
export async function openedSocket(url: string, ticket: string): Promise<WebSocket> {
  const socket = new WebSocket(url, [...withTicket(ticket)], { perMessageDeflate: false });
  await once(socket, "open");
  return socket;
}

const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString() : "");

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Somebody in a call with sound all the time, who asks and is answered, whatever else happens on the server. */
export class VoiceWitness {
  caller: VoiceCaller;
  readonly #call: PreparedCall;
  #rounds = 0;
  #talk: Promise<void> = Promise.resolve();

  private constructor(caller: VoiceCaller, call: PreparedCall) {
    this.caller = caller;
    this.#call = call;
  }

  /** `port`: where their network is, when it is not the server's own. */
  static async in(room: Room, student: VoiceStudent, port = room.port): Promise<VoiceWitness> {
    const call = await prepareCall(room, student);
    const caller = new VoiceCaller({ ...call, url: call.url.replace(`:${room.port}/`, `:${port}/`) });
    await caller.begun();
    return new VoiceWitness(caller, call);
  }

  /** Comes back to the call with its latest ticket, in place of a page whose line was lost for longer than a page looks for it. */
  async comeBack(): Promise<void> {
    const ticket = this.caller.of("call-start").at(-1)?.resumeTicket;
    if (ticket === undefined) throw new Error("no way back was ever told");
    this.caller = new VoiceCaller({ ...this.#call, ticket });
    await this.caller.begun();
  }

  /** Asks, and resolves when the answer is there: one question at a time, whoever wants to know. */
  isStillAnswered(): Promise<void> {
    this.#talk = this.#talk.then(() => this.#ask());
    return this.#talk;
  }

  async #ask(): Promise<void> {
    this.#rounds += 1;
    const answer = `${this.#rounds} plus 1 is ${this.#rounds + 1}.`;
    this.caller.send({ type: "text", text: `What is ${this.#rounds} plus 1?` });
    await this.caller.until(() => this.caller.answers.includes(answer), `the answer: ${answer}`);
  }

  /** How much of what the microphone sent is missing in the one session, in frames of 40 ms. */
  lostFrames(sessions: readonly RealtimeSession[]): number {
    const heardMs = sessions.reduce((sum, { audioIn }) => sum + audioIn.ms, 0);
    return this.caller.sentFrames - heardMs / 40;
  }
}
