import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import { buildPages } from "../../src/cli/build-web.ts";
import { CALL_PROTOCOL } from "../../src/protocol/call-messages.ts";
import type { StudentMoney, WallStudent, WatchedCall, WorkshopMoney } from "../../src/protocol/live-messages.ts";
import { PageApi } from "./page-api.ts";
import { PageCall, PageLive } from "./page-call.ts";
import { NO_MONEY } from "./page-money.ts";
import { STARTED_AT_MS, WORKSHOP_MONEY } from "./page-world.ts";
import { eventually } from "./room.ts";

const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

let built: Promise<string> | undefined;

/** Built once in a process, and gone with it. */
function builtPages(): Promise<string> {
  built ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), "callroom-page-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    await buildPages(folder);
    return folder;
  })();
  return built;
}

/**
 * The pages as they are built, with the headers they are served with, and behind them an API, a call and a `/live` that do
 * what a test says. For what a real server would do only by accident, or at no known moment.
 */
export class PageServer {
  readonly api = new PageApi();
  readonly calls: PageCall[] = [];
  /** Sockets of `/live`, of both pages, in the order in which they came. */
  readonly lives: PageLive[] = [];
  /** What a student's page is told to watch when it comes. */
  watched: readonly WatchedCall[] = [];
  /** And what they may still spend. */
  money: StudentMoney = NO_MONEY;
  /** Who is on the console's wall when it comes, and what is lent to them. */
  wall: readonly WallStudent[] = [];
  wallMoney: WorkshopMoney = WORKSHOP_MONEY;
  /** No request is answered, and no socket opened. */
  isDown = false;
  readonly #folder: string;
  readonly #headers: readonly HeaderSection[];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has(CALL_PROTOCOL) ? CALL_PROTOCOL : false),
  });

  private constructor(folder: string) {
    this.#folder = folder;
    this.#headers = headerSections(readFileSync(join(folder, "_headers"), "utf8"));
    this.#server.on("upgrade", (request, socket, head) => {
      if (this.isDown) socket.destroy();
      else this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#opened(webSocket, request));
    });
  }

  static async open(): Promise<PageServer> {
    const server = new PageServer(await builtPages());
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

  /** The call's socket that is opened next, or has just been. */
  async call(number = 0): Promise<PageCall> {
    return eventually(() => this.calls[number], `socket ${number} of the page`);
  }

  /** The newest open socket of `/live`: a student's, or with a workshop the console's. */
  async live(workshopId: string | null = null): Promise<PageLive> {
    return eventually(
      () => this.lives.findLast((live) => live.isOpen && live.workshopId === workshopId),
      "a socket of /live",
    );
  }

  async close(): Promise<void> {
    this.#sockets.close();
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  #opened(socket: WebSocket, { url = "", headers }: IncomingMessage): void {
    const { pathname, searchParams } = new URL(url, this.url);
    if (pathname !== "/live") {
      this.calls.push(new PageCall(socket, headers["sec-websocket-protocol"]?.split(",")[1]?.trim() ?? ""));
      return;
    }
    const live = new PageLive(socket, searchParams.get("workshop"));
    this.lives.push(live);
    const { facts } = this.api;
    if (live.workshopId === null) live.send({ type: "live-start", calls: this.watched, money: this.money, ...facts });
    else {
      const { workshopId } = live;
      live.send({
        type: "wall-start",
        workshopId,
        nowMs: STARTED_AT_MS,
        students: this.wall,
        money: this.wallMoney,
        ...facts,
      });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = request;
    const { pathname, search } = new URL(url, this.url);
    if (this.isDown) {
      response.destroy();
    } else if (pathname.startsWith("/api/")) {
      const asked = { method, path: pathname, search, body: await bodyOf(request) };
      const {
        status,
        body,
        headers: more,
      } = this.api.answer({
        ...asked,
        cookie: headers.cookie ?? "",
        host: headers.host ?? "",
      });
      const isJson = typeof body === "object" && !(body instanceof Uint8Array);
      response.writeHead(status, { ...(isJson && { "content-type": "application/json" }), ...more });
      response.end(isJson ? JSON.stringify(body) : body);
    } else this.#file(pathname, response);
  }

  /** As Cloudflare: `/console` is `console.html`. */
  #file(pathname: string, response: ServerResponse): void {
    const path = pathname === "/" ? "/index.html" : extname(pathname) === "" ? `${pathname}.html` : pathname;
    try {
      const body = readFileSync(join(this.#folder, path));
      const headers = Object.fromEntries(
        this.#headers.filter(({ matches }) => matches(pathname)).flatMap((section) => section.headers),
      );
      response.writeHead(200, { ...headers, "content-type": TYPES[extname(path)] ?? "text/plain" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text === "" ? {} : Object(JSON.parse(text));
}

interface HeaderSection {
  readonly matches: (pathname: string) => boolean;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Cloudflare's file of headers: a path, of which the end may be `*`, and its headers indented below it. */
function headerSections(text: string): HeaderSection[] {
  const sections = text.split(/^(?=\/)/m).filter((section) => section.startsWith("/"));
  return sections.map((section) => {
    const [path = "", ...lines] = section.split("\n").map((line) => line.trimEnd());
    const prefix = path.endsWith("*") ? path.slice(0, -1) : undefined;
    return {
      matches: (pathname) => (prefix === undefined ? pathname === path : pathname.startsWith(prefix)),
      headers: lines
        .filter((line) => line !== "")
        .map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]),
    };
  });
}
