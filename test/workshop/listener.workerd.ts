import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { type ConsoleLiveMessage, LIVE_PING, type StudentLiveMessage } from "../../src/protocol/live-messages.ts";
import { parseConsoleLiveMessage, parseStudentLiveMessage } from "../../src/protocol/read-live-message.ts";
import { WATCHER_HEADER, type Watcher } from "../../src/workshop/live-sockets.ts";
import { workshopStub } from "../../src/workshop/workshop-object.ts";
import { Until } from "../standins/until.ts";

const WAIT_MS = 5_000;

/** One end of `/live`, behind the front door: what a page or a console hears. */
class Listener<Message extends StudentLiveMessage | ConsoleLiveMessage> {
  readonly messages: Message[] = [];
  readonly pongs: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #until = new Until();
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, parse: (text: string) => Message | undefined) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const message = parse(String(data));
      if (message) this.messages.push(message);
      else this.pongs.push(String(data));
      this.#until.changed();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#until.changed();
    });
    socket.accept();
  }

  /** Messages of one type, oldest first. */
  of<Type extends Message["type"]>(type: Type): Extract<Message, { readonly type: Type }>[] {
    return this.messages.filter(
      (message): message is Extract<Message, { readonly type: Type }> => message.type === type,
    );
  }

  /** Waits for what `look` finds. */
  until<Value>(look: () => Value | undefined | false, what: string): Promise<Value> {
    const found = (): Value | undefined => look() || undefined;
    return this.#until.until(found, what, () => undefined, WAIT_MS);
  }

  ping(): void {
    this.#socket.send(LIVE_PING);
  }

  say(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.close(1000);
  }
}

async function opened(workshopId: string, watcher: Watcher): Promise<WebSocket> {
  const headers = { upgrade: "websocket", [WATCHER_HEADER]: encodeURIComponent(JSON.stringify(watcher)) };
  const response = await workshopStub(env, workshopId).fetch(new Request("https://workshop/", { headers }));
  if (!response.webSocket) throw new Error("the workshop let nobody in");
  return response.webSocket;
}

export type Page = Listener<StudentLiveMessage>;
export type Console = Listener<ConsoleLiveMessage>;

export const openPage = async (
  workshopId: string,
  page: Omit<Extract<Watcher, { kind: "page" }>, "kind">,
): Promise<Page> => new Listener(await opened(workshopId, { kind: "page", ...page }), parseStudentLiveMessage);

export const openWall = async (
  workshopId: string,
  row: Pick<Extract<Watcher, { kind: "wall" }>, "closing"> = {},
): Promise<Console> =>
  new Listener(await opened(workshopId, { kind: "wall", workshopId, ...row }), parseConsoleLiveMessage);

/** Takes a workshop out of memory; its sockets stay. */
export const sleep = (workshopId: string): Promise<void> =>
  evictDurableObject(workshopStub(env, workshopId), { webSockets: "hibernate" });
