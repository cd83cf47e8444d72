/**
 * The least a server in Node can do for a call with sound: one socket in, one out, dialled at once; what comes before it
 * is open waits. No parsing, no history, no tools, no keys. Prints `{"port":…}` when ready. Argument: the base URL.
 */
import { createServer } from "node:http";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { bareWireAt } from "./bare-wires.ts";
import { append, isSpeechStart, REALTIME_PATH, sessionUpdate, soundOf } from "./realtime-wire.ts";

const upstreamUrl = `${process.argv[2]?.replace(/^http/, "ws")}${REALTIME_PATH}`;
const BASE64 = {
  encode: (bytes: ArrayBuffer | Uint8Array): string =>
    (bytes instanceof ArrayBuffer
      ? Buffer.from(bytes)
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    ).toString("base64"),
  decode: (text: string): Uint8Array => Buffer.from(text, "base64"),
};

const server = createServer((_, response) => response.end("ok"));
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (caller, request) => passOn(caller, request.url ?? ""));
server.listen({ host: "127.0.0.1", port: 0, backlog: 1_024 }, () => {
  const address = server.address();
  if (address !== null && typeof address !== "string") console.log(JSON.stringify({ port: address.port }));
});

function passOn(caller: WebSocket, path: string): void {
  const wire = bareWireAt(path, BASE64);
  if (wire === undefined) {
    caller.close(1008);
    return;
  }
  const upstream = new WebSocket(upstreamUrl, ["realtime"], {
    perMessageDeflate: false,
    headers: { authorization: "Bearer sk-bench" },
  });
  let waiting: string[] | undefined = [];
  upstream.on("open", () => {
    upstream.send(sessionUpdate(wire.format));
    for (const event of waiting ?? []) upstream.send(event);
    waiting = undefined;
  });
  caller.on("message", (data, isBinary) => {
    const audio = wire.read(isBinary ? bytesOf(data) : bytesOf(data).toString());
    if (audio === undefined) return;
    if (waiting === undefined) upstream.send(append(audio));
    else waiting.push(append(audio));
  });
  upstream.on("message", (data) => {
    const event = bytesOf(data).toString();
    const audio = soundOf(event);
    if (audio !== undefined) caller.send(wire.sound(audio));
    else if (isSpeechStart(event)) caller.send(wire.clear());
  });
  caller.on("close", () => upstream.close());
  upstream.on("close", () => caller.close());
  for (const socket of [caller, upstream]) socket.on("error", () => socket.terminate());
}

/** `ws` gives a whole frame as one Buffer unless it is told otherwise. */
const bytesOf = (data: RawData): Buffer => (Buffer.isBuffer(data) ? data : Buffer.alloc(0));
