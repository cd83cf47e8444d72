import { describe, expect, it, vi } from "vitest";
import { type DialledSocket, dialRealtime } from "../../src/model/realtime-dial.ts";
import { ApiKey } from "../../src/vault/api-key.ts";

const KEY = "sk-proj-CANARY-0123456789";

/** Dials a network that upgrades; returns our end, and OpenAI's. */
async function dialled(): Promise<{ socket: DialledSocket; openai: WebSocket; upgrade: Headers }> {
  const { 0: ours, 1: openai } = new WebSocketPair();
  const apiKey = ApiKey.parse(KEY);
  if (apiKey === undefined) throw new Error("no key");
  let upgrade = new Headers();
  const socket = await dialRealtime(
    apiKey,
    "https://api.openai.example/v1",
    "gpt-realtime-2.1-mini",
    async (url, init) => {
      // As the platform takes it: a request that workerd refuses would throw here.
      upgrade = new Request(url, init).headers;
      openai.accept();
      openai.send('{"type":"session.created"}');
      return new Response(null, { status: 101, webSocket: ours });
    },
  );
  if ("reason" in socket) throw new Error(socket.reason);
  return { socket, openai, upgrade };
}

/** Listens to a socket and keeps what it tells. */
function listening(socket: DialledSocket): { messages: string[]; closes: [number, string][]; closed: Promise<void> } {
  const messages: string[] = [];
  const closes: [number, string][] = [];
  const closed = new Promise<void>((resolve) => {
    socket.listen({
      onMessage: (text) => messages.push(text),
      onClose: (code, reason) => {
        closes.push([code, reason]);
        resolve();
      },
    });
  });
  return { messages, closes, closed };
}

const closeOf = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => {
    socket.addEventListener("close", ({ code }) => resolve(code));
  });

/** A task later: what was ready to be told has been told. */
const nextTask = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });

describe("a socket of the platform", () => {
  it("VOICE-152 asks for an upgrade with the key in a header, and carries text both ways", async () => {
    const { socket, openai, upgrade } = await dialled();
    expect(upgrade.get("authorization")).toBe(`Bearer ${KEY}`);
    expect(upgrade.get("upgrade")).toBe("websocket");
    expect(upgrade.get("openai-beta")).toBeNull();
    const heard = new Promise((resolve) => {
      openai.addEventListener("message", ({ data }) => resolve(data));
    });
    const { messages } = listening(socket);
    socket.send('{"type":"session.update"}');
    expect(await heard).toBe('{"type":"session.update"}');
    openai.send(new Uint8Array([1, 2, 3]));
    await vi.waitUntil(() => messages.length === 2);
    // What came before anybody listened is there; what is no text is empty.
    expect(messages).toEqual(['{"type":"session.created"}', ""]);
    expect(socket.bufferedAmount).toBe(0);
    socket.close();
  });

  it("VOICE-152 tells of its close once, with code and reason, and answers it", async () => {
    const { socket, openai } = await dialled();
    const answered = closeOf(openai);
    const { closes, closed } = listening(socket);
    openai.close(3000, "invalid_request_error.invalid_api_key");
    await closed;
    await answered;
    await nextTask();
    expect(closes).toEqual([[3000, "invalid_request_error.invalid_api_key"]]);
  });

  it("VOICE-152 nothing of it throws after its end, and a second close is none", async () => {
    const { socket, openai } = await dialled();
    const ended = closeOf(openai);
    listening(socket);
    socket.close();
    socket.close();
    socket.send("late");
    expect(await ended).toBe(1_000);
    await nextTask();
    socket.send("later");
  });

  it("VOICE-152 one that nobody listens to can be closed", async () => {
    const { socket, openai } = await dialled();
    const ended = closeOf(openai);
    socket.close();
    expect(await ended).toBe(1_000);
  });
});
