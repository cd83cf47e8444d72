import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Refusal } from "./openai-errors.ts";
import type { MakeId } from "./openai-responses.ts";
import { closeReasonOf, type Ending } from "./realtime-errors.ts";
import type { FieldsOf, ServerEventType } from "./realtime-shapes.ts";

/** The socket of one session, on which the API's events are written. After the close, writing does nothing. */
export class Wire {
  readonly #socket: WebSocket;
  readonly #tcp: Duplex;
  readonly #makeId: MakeId;
  #isMuted = false;
  #sentClose: { readonly code: number; readonly reason: string } | undefined;

  constructor(socket: WebSocket, tcp: Duplex, makeId: MakeId) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#makeId = makeId;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** How the server itself ended it, once it has. */
  get sentClose(): { readonly code: number; readonly reason: string } | undefined {
    return this.#sentClose;
  }

  event<Type extends ServerEventType>(type: Type, fields: FieldsOf<Type>): void {
    this.strange(type, fields);
  }

  /** An event that the API does not know. */
  strange(type: string, fields: object): void {
    this.text(JSON.stringify({ type, event_id: this.#makeId("event"), ...fields }));
  }

  /** Anything, also what is no event. */
  text(text: string): void {
    if (!this.#isMuted && this.isOpen) this.#socket.send(text);
  }

  /** @param clientEventId the `event_id` of the event that is refused, `null` when it had none. */
  refusal({ error }: Pick<Refusal, "error">, clientEventId: string | null): void {
    this.event("error", { error: { ...error, event_id: clientEventId } });
  }

  /** An `error` event and the close that goes with it. */
  end(ending: Ending): void {
    this.refusal(ending, null);
    this.close(ending.closeCode, closeReasonOf(ending));
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.#sentClose = { code, reason };
    this.#socket.close(code, reason);
  }

  /** As a broken network: RST, without a close frame. What was written before has left. */
  reset(): void {
    const { resetAndDestroy } = this.#tcp as Partial<{ resetAndDestroy: () => void }>;
    this.#tcp.write("", () => (resetAndDestroy === undefined ? this.#tcp.destroy() : resetAndDestroy.call(this.#tcp)));
  }

  /** Nothing more is written; the connection stays, and answers pings. */
  mute(): void {
    this.#isMuted = true;
  }

  ping(): void {
    if (this.isOpen) this.#socket.ping();
  }
}
