import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type RawData, type WebSocket, WebSocketServer } from "ws";

export type Frame = Readonly<Record<string, unknown>>;

export const CALL = {
  id: "call-2",
  wayIn: "conversation-relay",
  startedAt: "2026-11-22T10:00:00.000Z",
  endedAt: "2026-11-22T10:01:07.000Z",
  endReason: "caller-left",
  keySource: "student",
  model: "gpt-6-luna",
  usage: {
    responses: 3,
    inputTokens: 523,
    cachedInputTokens: 128,
    cacheWriteTokens: 0,
    outputTokens: 41,
    reasoningTokens: 0,
    estimated: false,
  },
  costMicroUsd: 72,
};
/** Two minutes on the phone. */
export const BILL = { lines: [], costMicroUsd: 72, phoneMicroUsd: 157_000, estimated: false, priceVersion: "1" };
export const TURN = {
  seq: 1,
  speaker: "agent",
  text: "Hello.",
  heardText: null,
  toolCall: null,
  timings: null,
  usage: null,
};
export const TOOL = {
  ...TURN,
  seq: 3,
  speaker: "tool",
  toolCall: {
    toolCallId: "call_1",
    name: "current_time",
    arguments: '{"time_zone":"Asia/Tokyo"}',
    outcome: "ok",
    output: '{"time":"10:24"}',
    durationMs: 3,
  },
};

/** A Callroom of the size of a test, whose every answer the test may change. */
export class Callroom {
  origin = "";
  readonly requests: string[] = [];
  readonly frames: Frame[] = [];
  readonly closes: number[] = [];
  readonly authorizations = new Set<string | undefined>();
  nowMs = 0;
  greeting: string | null = "Hello!";
  listCalls = (): unknown[] => [];
  record: unknown = CALL;
  turns: unknown[] = [TURN, TOOL];
  refusal: { status: number; body: string } | undefined;
  joinReply: { status: number; body: unknown } = { status: 201, body: { success: true, sessionToken: "wst_new" } };
  /** The agent; by default it greets, and answers a prompt 420 ms later. */
  onFrame = (socket: WebSocket, frame: Frame): void => {
    if (frame.type === "setup" && this.greeting) say(socket, this.greeting);
    if (frame.type === "prompt") {
      this.nowMs += 420;
      say(socket, "You said ", `${String(frame.voicePrompt)}.`);
    }
  };
  /** What `POST /api/calls` answers; by default a call of this room. */
  callReply: { status: number; body: unknown } | undefined;
  /** The agent of a call with sound: given its socket, which it hears and answers by itself. */
  onCall = (socket: WebSocket): void => socket.close(1011);
  /** Runs when a socket has closed: the call's record appears. */
  onClose = (): void => {
    this.listCalls = () => [CALL];
  };

  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: ([first]) => first ?? false });

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url } = request;
    this.requests.push(`${method} ${url} ${await text(request)}`.trim());
    if (url !== "/api/join") this.authorizations.add(request.headers.authorization);
    const reply = (body: unknown, status = 200): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (url === "/api/join") return reply(this.joinReply.body, this.joinReply.status);
    if (url === "/api/me") return reply({ success: true, name: "Ada", config: { greeting: this.greeting } });
    if (method === "POST" && url === "/api/calls") {
      const call = { callId: "call-2", ticket: "ticket-2", url: `${this.origin.replace("http", "ws")}/call/call-2` };
      return reply(this.callReply?.body ?? { success: true, ...call }, this.callReply?.status);
    }
    if (url === "/api/me/calls") return reply({ success: true, calls: this.listCalls(), next: null });
    return reply({ success: true, call: this.record, turns: this.turns, bill: BILL, repriced: [] });
  }

  async start(): Promise<this> {
    this.#server.on("upgrade", (request, socket, head) => {
      this.requests.push(`UPGRADE ${request.url}`);
      this.authorizations.add(request.headers.authorization);
      if (this.refusal) {
        const { status, body } = this.refusal;
        return socket.end(
          `HTTP/1.1 ${status} X\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
      }
      return this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        if (request.url?.startsWith("/call/")) this.onCall(webSocket);
        else this.#hearRelay(webSocket);
        webSocket.on("close", (code) => {
          this.closes.push(code);
          this.onClose();
        });
      });
    });
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  #hearRelay(webSocket: WebSocket): void {
    webSocket.on("message", (data) => {
      const frame: Frame = JSON.parse(textOf(data));
      this.frames.push(frame);
      this.onFrame(webSocket, frame);
    });
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    for (const webSocket of this.#sockets.clients) webSocket.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

/** Frames come as Buffers, since nobody has asked the socket for another form. */
const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString("utf8") : "");
export const send = (socket: WebSocket, frame: Frame): void => socket.send(JSON.stringify(frame));
export function say(socket: WebSocket, ...pieces: readonly string[]): void {
  for (const token of pieces) send(socket, { type: "text", token, last: false });
  send(socket, { type: "text", token: "", last: true });
}
