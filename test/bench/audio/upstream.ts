/**
 * OpenAI's Realtime service, played for speed: whatever sound a session is sent comes back at once as the sound of one
 * response that never ends, the base64 untouched. A process by itself, so that it shares no event loop with the client
 * that measures. Prints `{"port":…}` when ready. On the same port: `GET /v1/models` for the check of keys,
 * `POST /accept-delay/200` (from now on an upgrade is answered so much later), `GET /counts`.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { EchoSession, type UpstreamCounts } from "./echo-session.ts";

const MODELS = ["gpt-6-luna", "gpt-realtime-2.1-mini"];

let acceptDelayMs = 0;
const counts: UpstreamCounts = {
  open: 0,
  sessions: 0,
  appends: 0,
  pouredBytes: 0,
  outOfOrder: 0,
  mixed: 0,
  speechStartedAtMs: {},
};

const server = createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  const delay = /^\/accept-delay\/(\d+)$/.exec(request.url ?? "")?.[1];
  if (request.method === "POST" && delay !== undefined) {
    acceptDelayMs = Number(delay);
    response.end("{}");
  } else if (request.url === "/counts") {
    response.end(JSON.stringify(counts));
  } else if (request.url === "/v1/models") {
    const data = MODELS.map((id) => ({ id, object: "model", created: 0, owned_by: "openai" }));
    response.end(JSON.stringify({ object: "list", data }));
  } else {
    response.writeHead(404).end("{}");
  }
});
server.keepAliveTimeout = 120_000;

const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  handleProtocols: (names) => (names.has("realtime") ? "realtime" : false),
});
server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
  socket.on("error", () => socket.destroy());
  const accept = (): void => {
    if (!socket.destroyed) sockets.handleUpgrade(request, socket, head, open);
  };
  if (acceptDelayMs > 0) setTimeout(accept, acceptDelayMs);
  else accept();
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 1_024 }, () => {
  const address = server.address();
  if (address !== null && typeof address !== "string") console.log(JSON.stringify({ port: address.port }));
});

function open(socket: WebSocket): void {
  const session = new EchoSession(
    { send: (event) => socket.send(event), bufferedBytes: () => socket.bufferedAmount },
    counts,
  );
  socket.on("message", (data) => {
    if (Buffer.isBuffer(data)) session.receive(data.toString("latin1"));
  });
  socket.on("close", () => session.end());
  socket.on("error", () => socket.terminate());
}
