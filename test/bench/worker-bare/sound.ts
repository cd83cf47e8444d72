/**
 * The least a Durable Object per call can do for a call with sound: one socket in, one out, dialled at once; what comes
 * before it is open waits. Plain sockets, no hibernation, no parsing, no history, no tools, no keys.
 */
import { DurableObject } from "cloudflare:workers";
import { Buffer } from "node:buffer";
import { type BareWire, bareWireAt } from "../audio/bare-wires.ts";
import { append, isSpeechStart, REALTIME_PATH, sessionUpdate, soundOf } from "../audio/realtime-wire.ts";

interface BareSoundEnv {
  readonly OPENAI_BASE_URL: string;
}

const BASE64 = {
  encode: (bytes: ArrayBuffer | Uint8Array): string =>
    (bytes instanceof ArrayBuffer
      ? Buffer.from(bytes)
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    ).toString("base64"),
  decode: (text: string): Uint8Array => Buffer.from(text, "base64"),
};

export class BareSoundCall extends DurableObject<BareSoundEnv> {
  override fetch(request: Request): Response {
    const wire = bareWireAt(new URL(request.url).pathname, BASE64);
    if (wire === undefined) return new Response(null, { status: 404 });
    const { 0: theirs, 1: caller } = new WebSocketPair();
    caller.binaryType = "arraybuffer";
    caller.accept();
    const waiting: string[] = [];
    let upstream: WebSocket | undefined;
    caller.addEventListener("message", ({ data }) => {
      const audio = wire.read(data);
      if (audio === undefined) return;
      if (upstream === undefined) waiting.push(append(audio));
      else upstream.send(append(audio));
    });
    let isOver = false;
    caller.addEventListener("close", () => {
      isOver = true;
      upstream?.close();
    });
    this.#dial(wire, caller)
      .then((socket) => {
        if (isOver) return socket.close();
        for (const event of waiting.splice(0)) socket.send(event);
        upstream = socket;
      })
      .catch(() => caller.close(1011));
    return new Response(null, { status: 101, webSocket: theirs });
  }

  async #dial(wire: BareWire, caller: WebSocket): Promise<WebSocket> {
    const { webSocket: upstream } = await fetch(`${this.env.OPENAI_BASE_URL}${REALTIME_PATH}`, {
      headers: { upgrade: "websocket", authorization: "Bearer sk-bench", "sec-websocket-protocol": "realtime" },
    });
    if (upstream === null) throw new Error("not upgraded");
    upstream.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      const audio = soundOf(data);
      if (audio !== undefined) caller.send(wire.sound(audio));
      else if (isSpeechStart(data)) caller.send(wire.clear());
    });
    upstream.addEventListener("close", () => caller.close());
    upstream.accept();
    upstream.send(sessionUpdate(wire.format));
    return upstream;
  }
}
