import { once } from "node:events";
import { WebSocket } from "ws";
import type { ConsoleLiveMessage, StudentLiveMessage, WatchedMessage } from "../../src/protocol/live-messages.ts";
import { parseConsoleLiveMessage, parseStudentLiveMessage } from "../../src/protocol/read-live-message.ts";
import { eventually, type Room } from "./room.ts";

/** A page or a console at `/live`, as a browser opens it: with its cookie, and from our own origin. */
export class LiveListener<Message extends StudentLiveMessage | ConsoleLiveMessage> {
  /** With the moment in which each came, in milliseconds of `performance.now()`. */
  readonly heard: { readonly atMs: number; readonly message: Message }[] = [];
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, parse: (text: string) => Message | undefined) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const message = Buffer.isBuffer(data) ? parse(data.toString()) : undefined;
      if (message) this.heard.push({ atMs: performance.now(), message });
    });
  }

  static async page(room: Room, sessionToken: string): Promise<LiveListener<StudentLiveMessage>> {
    const socket = dial(room, "/live", `__Host-callroom=${sessionToken}`);
    const page = new LiveListener(socket, parseStudentLiveMessage);
    await once(socket, "open");
    return page;
  }

  static async wall(room: Room, workshopId: string, cookie: string): Promise<LiveListener<ConsoleLiveMessage>> {
    const socket = dial(room, `/live?workshop=${workshopId}`, cookie);
    const wall = new LiveListener(socket, parseConsoleLiveMessage);
    await once(socket, "open");
    return wall;
  }

  of<Type extends Message["type"]>(type: Type): Extract<Message, { readonly type: Type }>[] {
    return this.heard.flatMap(({ message }) =>
      message.type === type ? [message as Extract<Message, { readonly type: Type }>] : [],
    );
  }

  until<Value>(look: () => Value | undefined | false, what: string, withinMs?: number): Promise<Value> {
    return eventually(look, what, withinMs);
  }

  close(): void {
    this.#socket.close(1000);
  }
}

function dial(room: Room, path: string, cookie: string): WebSocket {
  return new WebSocket(`${room.url.replace("http", "ws")}${path}`, {
    headers: { origin: room.url, cookie },
    perMessageDeflate: false,
  });
}

/** What a page was shown of one call, in order. */
export const shownOf = (page: LiveListener<StudentLiveMessage>, callId: string): WatchedMessage[] =>
  page.of("call-messages").flatMap((message) => (message.callId === callId ? message.messages : []));

/** The cookie that the console gets for the instructor's token. */
export async function signInInstructor(room: Room): Promise<string> {
  const reply = await room.post("/api/workshop/login", { instructorToken: "instructor-token-of-the-tests" });
  const cookie = reply.headers.get("set-cookie")?.split(";")[0];
  if (!reply.ok || !cookie) throw new Error(`not signed in: ${reply.status}`);
  return cookie;
}
