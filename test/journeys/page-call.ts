import type { WebSocket } from "ws";
import { type CallerMessage, type CallMessage, parseCallerMessage } from "../../src/protocol/call-messages.ts";
import {
  type ConsoleLiveMessage,
  LIVE_PING,
  LIVE_PONG,
  type StudentLiveMessage,
} from "../../src/protocol/live-messages.ts";

/** One socket of a call, its other end in the hands of a test. */
export class PageCall {
  readonly ticket: string;
  readonly messages: CallerMessage[] = [];
  /** Sizes of the binary frames, in bytes, and when each came. */
  readonly sound: { readonly bytes: number; readonly atMs: number }[] = [];
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, ticket: string) {
    this.#socket = socket;
    this.ticket = ticket;
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) this.sound.push({ bytes: data.byteLength, atMs: performance.now() });
      else {
        const message = parseCallerMessage(data.toString());
        if (!message) throw new Error(`the page sent what nobody can read: ${data.toString()}`);
        this.messages.push(message);
        if (message.type === "ping") this.send({ type: "pong" });
      }
    });
  }

  send(...messages: readonly CallMessage[]): void {
    for (const message of messages) this.#socket.send(JSON.stringify(message));
  }

  /** PCM16 at 24 kHz, in frames of 40 ms, all at once: OpenAI is ahead of the listener too. */
  play(pcm16: Uint8Array): void {
    for (let at = 0; at < pcm16.length; at += 1_920) this.#socket.send(pcm16.subarray(at, at + 1_920));
  }

  ofType<Type extends CallerMessage["type"]>(type: Type): Extract<CallerMessage, { type: Type }>[] {
    return this.messages.filter((message) => message.type === type) as never;
  }

  close(code: number): void {
    this.#socket.close(code);
  }

  /** As a network does that is cut: no close frame. */
  drop(): void {
    this.#socket.terminate();
  }
}

/** One socket of `/live`: a student's, or the console's of the workshop it names. */
export class PageLive {
  /** `null`: a student's. */
  readonly workshopId: string | null;
  readonly #socket: WebSocket;
  isOpen = true;

  constructor(socket: WebSocket, workshopId: string | null) {
    this.#socket = socket;
    this.workshopId = workshopId;
    socket.on("message", (data: Buffer) => {
      if (data.toString() === LIVE_PING) socket.send(LIVE_PONG);
    });
    socket.once("close", () => {
      this.isOpen = false;
    });
  }

  send(...messages: readonly (StudentLiveMessage | ConsoleLiveMessage)[]): void {
    for (const message of messages) this.#socket.send(JSON.stringify(message));
  }

  drop(): void {
    this.#socket.terminate();
  }
}
