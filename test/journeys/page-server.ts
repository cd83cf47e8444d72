import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { build } from "vite";
import { type WebSocket, WebSocketServer } from "ws";
import {
  CALL_PROTOCOL,
  type CallerMessage,
  type CallMessage,
  parseCallerMessage,
} from "../../src/protocol/call-messages.ts";
import { eventually } from "./room.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const COOKIE = "__Host-callroom=wst_page; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Strict";

/** One socket of the page, its other end in the hands of a test. */
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
}

/**
 * The page as it is built, with the headers it is served with, and behind it a call that does what a test says. For what a
 * real server would do only by accident, or at no known moment.
 */
export class PageServer {
  readonly calls: PageCall[] = [];
  /** The failure that the next `POST /api/calls` is answered with. */
  refusal: { readonly code: string; readonly error: string } | undefined;
  readonly #folder: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #server = createServer((request, response) => this.#answer(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => CALL_PROTOCOL });

  private constructor(folder: string) {
    this.#folder = folder;
    this.#headers = headersOf(readFileSync(join(folder, "_headers"), "utf8"));
    this.#server.on("upgrade", (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const ticket = request.headers["sec-websocket-protocol"]?.split(",")[1]?.trim() ?? "";
        this.calls.push(new PageCall(webSocket, ticket));
      });
    });
  }

  static async open(): Promise<PageServer> {
    const outDir = mkdtempSync(join(tmpdir(), "callroom-page-"));
    const configFile = join(ROOT, "src/web/vite.config.ts");
    await build({ root: join(ROOT, "src/web"), configFile, logLevel: "warn", build: { outDir, emptyOutDir: true } });
    const server = new PageServer(outDir);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The socket that is opened next, or has just been. */
  async call(number: number): Promise<PageCall> {
    return eventually(() => this.calls[number], `socket ${number} of the page`);
  }

  async close(): Promise<void> {
    this.#sockets.close();
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #answer({ method, url = "/", headers }: IncomingMessage, response: ServerResponse): void {
    const isIn = headers.cookie?.includes("__Host-callroom=wst_page") ?? false;
    const route = `${method} ${url}`;
    if (route === "POST /api/join") {
      reply(response, { success: true }, { "set-cookie": COOKIE });
    } else if (route === "GET /api/me" && isIn) {
      reply(response, { success: true, name: "Ada", workshop: { name: "Voice agents" } });
    } else if (route === "POST /api/calls" && isIn && !this.refusal) {
      reply(response, { success: true, callId: "c", ticket: "first-ticket", url: `ws://${headers.host}/call/c` });
    } else if (url.startsWith("/api/")) {
      refuse(response, this.refusal ?? { code: "unauthorized", error: "You need to be signed in for this." });
    } else this.#file(url === "/" ? "/index.html" : url, response);
  }

  #file(path: string, response: ServerResponse): void {
    try {
      const body = readFileSync(join(this.#folder, path));
      response.writeHead(200, { ...this.#headers, "content-type": TYPES[extname(path)] ?? "text/plain" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }
}

function reply(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, failure: { readonly code: string; readonly error: string }): void {
  response.writeHead(401, { "content-type": "application/json" });
  response.end(JSON.stringify({ success: false, ...failure, requestId: "0" }));
}

/** Cloudflare's file of headers; ours has one section, for every path. */
function headersOf(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.startsWith("  "));
  return Object.fromEntries(lines.map((line) => [line.slice(2, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
}
