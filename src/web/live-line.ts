import { LIVE_PING, LIVE_PONG } from "../protocol/live-messages.ts";
import { type CallSocketLike, type CallSocketWorld, platformWorld } from "./call-socket-world.ts";
import { Heartbeat } from "./heartbeat.ts";

/**
 * - `connecting`: the first socket, until its first message comes;
 * - `open`: what is pushed arrives;
 * - `lost`: the socket is gone and another is being looked for, for as long as the page is there;
 * - `closed`: for good, by the server's decision or by `close`.
 */
export type LiveConnection = "connecting" | "open" | "lost" | "closed";

export interface LiveLineEvents<Message> {
  /** Reads one text frame; `undefined`: not a message that this page knows, and it is passed over. */
  parse(text: string): Message | undefined;
  /** The first of each socket says how everything is, and comes right after `onConnection("open")`. */
  onMessage(message: Message): void;
  onConnection(connection: LiveConnection): void;
  /** A try to get a socket failed, `tries` of them since the last message: whoever is signed out finds out by asking. */
  onFailedTry?(tries: number): void;
}

export type LiveLineWorld = Pick<CallSocketWorld, "startTimer" | "nowMs" | "random"> & {
  openSocket(url: string): CallSocketLike;
};

/** How long a socket may take until its first message is there. */
const ANSWER_MS = 8_000;
/** First wait between two tries, doubled up to the longest; the very first try comes at once. */
const RETRY_MS = 500;
const RETRY_MAX_MS = 10_000;
/** A socket that lives shorter counts as one more failed try: a line that flaps is not dialled without a pause. */
const STEADY_MS = 5_000;
const OPEN = 1;
/** Close code for a socket that is given up. */
const ABANDONED = 4_000;

/** The server has decided who may listen; whatever else closes a socket was an accident. */
const isFinal = (code: number): boolean => code === 1_000 || code === 1_008 || code >= 4_000;

/**
 * Listens to what the workshop pushes over `/live`, over as many sockets as it takes. It notices a line that is dead and
 * never gives up: a page may lie open through a night. Never throws, and calls nobody back after `closed`.
 */
export class LiveLine<Message> {
  readonly #url: string;
  readonly #events: LiveLineEvents<Message>;
  readonly #world: LiveLineWorld;
  readonly #heartbeat: Heartbeat;
  #connection: LiveConnection = "connecting";
  #socket: CallSocketLike | undefined;
  #openedAtMs = 0;
  #tries = 0;
  #stopWaiting: () => void = () => {};

  /** Dials at once. */
  constructor(url: string, events: LiveLineEvents<Message>, world: LiveLineWorld = liveWorld) {
    this.#url = url;
    this.#events = events;
    this.#world = world;
    this.#heartbeat = new Heartbeat(world, {
      onQuiet: () => {
        if (this.#socket?.readyState === OPEN) this.#socket.send(LIVE_PING);
      },
      onDead: () => this.#abandon(),
    });
    this.#dial();
  }

  get connection(): LiveConnection {
    return this.#connection;
  }

  /** The network is back, or the page is looked at again: no reason to wait any longer. */
  retryNow(): void {
    if (this.#connection === "lost" && this.#socket === undefined) this.#dial();
  }

  close(): void {
    if (this.#connection === "closed") return;
    this.#connection = "closed";
    this.#stopWaiting();
    closeQuietly(this.#drop(), 1_000);
  }

  #dial(): void {
    this.#wait(() => this.#abandon(), ANSWER_MS);
    let socket: CallSocketLike;
    try {
      socket = this.#world.openSocket(this.#url);
    } catch {
      this.#lost();
      return;
    }
    this.#socket = socket;
    socket.onmessage = ({ data }: { readonly data: unknown }) => this.#hear(data);
    socket.onclose = ({ code }: { readonly code: number }) => this.#ended(code);
    // Its close follows, and says all there is to know.
    socket.onerror = () => {};
  }

  #hear(data: unknown): void {
    this.#heartbeat.heard();
    if (typeof data !== "string" || data === LIVE_PONG) return;
    const message = this.#events.parse(data);
    if (message === undefined) return;
    if (this.#connection !== "open") this.#opened();
    this.#events.onMessage(message);
  }

  #opened(): void {
    this.#stopWaiting();
    this.#openedAtMs = this.#world.nowMs();
    this.#heartbeat.start();
    this.#become("open");
  }

  #ended(code: number): void {
    this.#drop();
    if (!isFinal(code)) {
      this.#lost();
      return;
    }
    this.#stopWaiting();
    this.#become("closed");
  }

  #abandon(): void {
    closeQuietly(this.#drop(), ABANDONED);
    this.#lost();
  }

  #lost(): void {
    if (this.#connection === "open") {
      if (this.#world.nowMs() - this.#openedAtMs >= STEADY_MS) this.#tries = 0;
      this.#wait(() => this.#dial(), this.#retryMs());
      this.#become("lost");
      return;
    }
    this.#wait(() => this.#dial(), this.#retryMs());
    if (this.#connection === "connecting") this.#become("lost");
    this.#events.onFailedTry?.(this.#tries);
  }

  /** Nothing before the first try; then full jitter, so that a class does not come back in one moment. */
  #retryMs(): number {
    const tries = this.#tries++;
    return tries === 0 ? 0 : this.#world.random() * Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** (tries - 1));
  }

  #become(connection: LiveConnection): void {
    this.#connection = connection;
    this.#events.onConnection(connection);
  }

  /** Lets go of the socket: nothing that still comes of it counts. */
  #drop(): CallSocketLike | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#heartbeat.stop();
    if (!socket) return undefined;
    socket.onmessage = null;
    socket.onclose = null;
    return socket;
  }

  /** One wait at a time: for an answer, or for the next try. */
  #wait(run: () => void, afterMs: number): void {
    this.#stopWaiting();
    this.#stopWaiting = this.#world.startTimer(run, afterMs);
  }
}

/** The page's own. */
const liveWorld: LiveLineWorld = { ...platformWorld, openSocket: (url) => new WebSocket(url) };

/** The address of `/live` beside this page: `https:` becomes `wss:`. */
export function liveUrl(pageUrl: string, workshopId?: string): string {
  const url = new URL("/live", pageUrl);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  if (workshopId !== undefined) url.searchParams.set("workshop", workshopId);
  return url.href;
}

/** A socket that is being opened throws nothing in a browser, but does elsewhere. */
function closeQuietly(socket: CallSocketLike | undefined, code: number): void {
  try {
    socket?.close(code);
  } catch {
    // It is let go of either way.
  }
}
