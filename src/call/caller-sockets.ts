import { errorName, log } from "../log.ts";
import type { CallId } from "../protocol/ids.ts";

/** Of the upgrade that belongs to a `begin`. */
export const PASS_HEADER = "x-callroom-pass";
/** The ticket of a caller with sound: its id, read and found good by whoever let the upgrade through. */
export const TICKET_HEADER = "x-callroom-ticket";

/**
 * The caller's sockets in the object of a call: one that counts, the newest. Accepted by the hibernation API, so they
 * outlive the object's memory.
 */
export class CallerSockets {
  readonly #ctx: DurableObjectState;
  readonly #callId: () => CallId | null;
  readonly #passes = new Map<string, PromiseWithResolvers<boolean>>();
  #newest: WebSocket | undefined;

  /** `callId` is asked only for the log. */
  constructor(ctx: DurableObjectState, callId: () => CallId | null) {
    this.#ctx = ctx;
    this.#callId = callId;
  }

  /** Says whether the upgrade that shows this pass may come in. It may be here already, or still be on its way. */
  expect(pass: string, mayEnter: boolean): void {
    this.#pass(pass).resolve(mayEnter);
  }

  /** Answers an upgrade once its pass has been decided on. Earlier sockets of the call are closed. */
  async accept(upgrade: Request): Promise<Response> {
    const pass = upgrade.headers.get(PASS_HEADER) ?? "";
    const mayEnter = await this.#pass(pass).promise;
    this.#passes.delete(pass);
    if (!mayEnter) return new Response(null, { status: 403 });
    for (const earlier of this.#ctx.getWebSockets()) earlier.close(1000, "replaced");
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    server.serializeAttachment({ openedAtMs: Date.now() });
    this.#newest = server;
    return new Response(null, { status: 101, webSocket: client });
  }

  /** The newest open socket. Asked for every frame, so looked up only when it is not the one we had. */
  get current(): WebSocket | undefined {
    if (this.#newest?.readyState === WebSocket.OPEN) return this.#newest;
    const open = this.#ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.OPEN);
    this.#newest = open.toSorted((a, b) => openedAtMs(a) - openedAtMs(b)).at(-1);
    return this.#newest;
  }

  send(text: string): void {
    const socket = this.current;
    try {
      socket?.send(text);
    } catch (thrown) {
      // Leaving is not an error: the socket may have closed between two frames; its close event tells the call.
      if (socket?.readyState === WebSocket.OPEN)
        log({ event: "uncaught", where: "call", callId: this.#callId(), name: errorName(thrown) });
    }
  }

  close(closeCode: number, reason?: string): void {
    this.current?.close(closeCode, reason);
  }

  #pass(pass: string): PromiseWithResolvers<boolean> {
    const known = this.#passes.get(pass) ?? Promise.withResolvers<boolean>();
    this.#passes.set(pass, known);
    return known;
  }
}

function openedAtMs(socket: WebSocket): number {
  const attachment: unknown = socket.deserializeAttachment();
  return typeof attachment === "object" && attachment !== null && "openedAtMs" in attachment
    ? Number(attachment.openedAtMs)
    : 0;
}
