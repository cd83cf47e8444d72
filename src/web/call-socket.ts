import { CALL_PROTOCOL, type CallerMessage, type CallMessage, SOUND_BYTES_PER_MS } from "../protocol/call-messages.ts";
import { parseCallMessage } from "../protocol/read-call-message.ts";
import { type CallSocketLike, type CallSocketWorld, platformWorld } from "./call-socket-world.ts";
import { closeSentence } from "./close-sentence.ts";
import { Heartbeat } from "./heartbeat.ts";
import { UnsentMessages } from "./unsent-messages.ts";

export type { CallSocketLike, CallSocketWorld } from "./call-socket-world.ts";

/**
 * - `connecting`: the first socket, until `call-start` comes;
 * - `open`: the call has us;
 * - `reconnecting`: the socket was lost, and the call is being looked for again;
 * - `closed`: for good.
 */
export type CallConnection = "connecting" | "open" | "reconnecting" | "closed";

export interface CallClosed {
  /** The socket's close code, or 1006 when none came. */
  readonly code: number;
  readonly reason: string;
  /** Why, for a person; absent when the call has ended in order. */
  readonly sentence?: string;
}

export interface CallSocketEvents {
  /** Every message that could be read, in order; a `call-start` right after `onConnection("open")`. */
  onMessage(message: CallMessage): void;
  /** Sound to be played: PCM16 little-endian, mono, 24 kHz. The buffer is the receiver's. */
  onSound(pcm16: ArrayBuffer): void;
  /** With `closed`, and only then, why. */
  onConnection(connection: CallConnection, closed?: CallClosed): void;
}

/** How long a socket may take until `call-start` is there: the first one, and one that looks for a lost call. */
const FIRST_ANSWER_MS = 10_000;
const ANSWER_MS = 5_000;
/** The call waits so long for a caller who was lost (`LIMITS.resumeWindowMs`). */
const GIVE_UP_MS = 30_000;
/** A socket that lives shorter does not end the loss before it: a line that flaps is given up too. */
const STEADY_MS = 5_000;
/** First wait between two tries, doubled up to the longest. */
const RETRY_MS = 500;
const RETRY_MAX_MS = 2_000;
/** Sound said while the first socket opens is kept so far; then the oldest goes. */
const SOUND_KEPT_BYTES = 2_000 * SOUND_BYTES_PER_MS;
/** More than this waiting to leave (10 s of sound): live sound would only come later and later. */
const SEND_QUEUE_BYTES = 512 * 1024;
/** After `end`, or after `call-end`, the server closes; a server that does not is not waited for. */
const CLOSE_MS = 2_000;

const NO_CONNECTION = "No connection to the server could be made.";
const OPEN = 1;
/** Close code for a socket that is given up but not the call: the server keeps the call for whoever comes back. */
const ABANDONED = 4_000;

/** The server has decided: coming back would change nothing. Whatever else closes a socket was an accident. */
const isFinal = (code: number): boolean =>
  code >= 4_000 || [1000, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1013].includes(code);

/**
 * The caller's end of a call with sound, in a page, in Node, anywhere with a WebSocket. It keeps the line: notices when it
 * is dead, comes back to the same call with its resume ticket, and says again there what a new socket has to know. Never
 * throws, and calls nobody back after `closed`.
 */
export class CallSocket {
  readonly #events: CallSocketEvents;
  readonly #world: CallSocketWorld;
  readonly #url: string;
  readonly #heartbeat: Heartbeat;
  readonly #unsent = new UnsentMessages();
  #connection: CallConnection = "connecting";
  #reconnects = 0;
  #socket: CallSocketLike | undefined;
  #ticket: string;
  /** Sound from before the first socket was open. */
  #earlySound: Uint8Array<ArrayBuffer>[] = [];
  #earlyBytes = 0;
  /** When the socket was lost, and how often it was tried to get another since. */
  #lostAtMs: number | undefined;
  #tries = 0;
  #openedAtMs = 0;
  /** The last one of this socket. */
  #error: Extract<CallMessage, { type: "error" }> | undefined;
  #isOver = false;
  #stopWaiting: () => void = () => {};
  #stopGivingUp: () => void = () => {};

  /**
   * Dials at once.
   *
   * @param call `url` and `ticket` as `POST /api/calls` gives them
   */
  constructor(
    call: { readonly url: string; readonly ticket: string },
    events: CallSocketEvents,
    world: CallSocketWorld = platformWorld,
  ) {
    this.#url = call.url;
    this.#ticket = call.ticket;
    this.#events = events;
    this.#world = world;
    this.#heartbeat = new Heartbeat(world, {
      onQuiet: () => this.#transmit({ type: "ping" }),
      onDead: () => this.#abandon("nothing comes any more"),
    });
    this.#dial();
  }

  get connection(): CallConnection {
    return this.#connection;
  }

  /** How often the call was found again. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /**
   * What the microphone hears: PCM16 little-endian, mono, 24 kHz, whole samples. Sound that cannot leave now is dropped,
   * as is all sound while muted; only before the first socket is open the last 2 s are kept.
   */
  sendSound(pcm16: ArrayBuffer | Uint8Array<ArrayBuffer>): void {
    if (this.#unsent.isMuted || this.#isOver || pcm16.byteLength === 0) return;
    if (this.#connection === "connecting") this.#keepEarly(pcm16);
    const socket = this.#openSocket;
    if (socket && socket.bufferedAmount <= SEND_QUEUE_BYTES) socket.send(pcm16);
  }

  /**
   * Sends a message, or keeps it for the next socket: words and digits as they are, of `mute`, `talk-mode` and `talk` the
   * last, of `played` and `ping` nothing, since they speak of the old socket.
   */
  send(message: CallerMessage): void {
    if (this.#isOver || this.#connection === "closed") return;
    if (message.type === "end") {
      this.hangUp();
    } else {
      this.#unsent.note(message, this.#openSocket !== undefined);
      this.#transmit(message);
    }
  }

  /** Ends the call. `closed` follows once the server has answered, 2 s at the latest; at once when there is no line. */
  hangUp(): void {
    if (this.#connection === "closed" || this.#isOver) return;
    this.#isOver = true;
    if (this.#openSocket) {
      this.#transmit({ type: "end" });
      this.#awaitClose();
    } else {
      this.#close({ code: 1000, reason: "" });
    }
  }

  get #openSocket(): CallSocketLike | undefined {
    return this.#connection === "open" && this.#socket?.readyState === OPEN ? this.#socket : undefined;
  }

  #transmit(message: CallerMessage): void {
    this.#openSocket?.send(JSON.stringify(message));
  }

  #keepEarly(pcm16: ArrayBuffer | Uint8Array<ArrayBuffer>): void {
    // A copy: the microphone may use its buffer again.
    const copy = new Uint8Array(pcm16).slice();
    this.#earlySound.push(copy);
    this.#earlyBytes += copy.byteLength;
    while (this.#earlyBytes > SOUND_KEPT_BYTES) this.#earlyBytes -= this.#earlySound.shift()?.byteLength ?? 0;
  }

  #dial(): void {
    this.#error = undefined;
    const socket = this.#openedSocket();
    if (socket === undefined) {
      this.#lost({ code: 1006, reason: "" });
      return;
    }
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }: { readonly data: unknown }) => this.#hear(data);
    socket.onclose = ({ code, reason }: CallClosed) => this.#closed({ code, reason });
    // Its close follows, and says all there is to know; without a handler Node would end the process.
    socket.onerror = () => {};
    const answerMs = this.#connection === "connecting" ? FIRST_ANSWER_MS : ANSWER_MS;
    this.#wait(() => this.#abandon("no answer"), answerMs);
  }

  /** A browser throws for an address it does not like; that is a line that cannot be had. */
  #openedSocket(): CallSocketLike | undefined {
    try {
      return this.#world.openSocket(this.#url, [CALL_PROTOCOL, this.#ticket]);
    } catch {
      return undefined;
    }
  }

  #hear(data: unknown): void {
    this.#heartbeat.heard();
    if (data instanceof ArrayBuffer && this.#connection === "open") this.#events.onSound(data);
    const message = typeof data === "string" ? parseCallMessage(data) : undefined;
    if (message === undefined) return;
    if (message.type === "call-start") this.#opened(message.resumeTicket);
    if (message.type === "error") this.#error = message;
    if (message.type === "call-end") this.#ended();
    this.#events.onMessage(message);
  }

  #opened(resumeTicket: string): void {
    this.#ticket = resumeTicket;
    if (this.#connection === "open") return;
    this.#openedAtMs = this.#world.nowMs();
    this.#stopWaiting();
    this.#stopGivingUp();
    if (this.#connection === "reconnecting") this.#reconnects += 1;
    this.#connection = "open";
    this.#heartbeat.start();
    for (const message of this.#unsent.take()) this.#transmit(message);
    for (const sound of this.#earlySound.splice(0)) this.#openSocket?.send(sound);
    this.#events.onConnection("open");
  }

  /** The last message: nothing of the caller is wanted any more. */
  #ended(): void {
    this.#isOver = true;
    this.#awaitClose();
  }

  #awaitClose(): void {
    this.#heartbeat.stop();
    this.#wait(() => this.#close({ code: 1000, reason: "" }), CLOSE_MS);
  }

  #closed({ code, reason }: CallClosed): void {
    this.#drop();
    if (isFinal(code)) {
      // A socket that closes for a failure has told it before, in the server's own words.
      const told = this.#error?.code === reason ? this.#error.error : undefined;
      this.#close({ code, reason, ...sentenceOf(told ?? closeSentence(code)) });
    } else if (this.#isOver) {
      this.#close({ code: 1000, reason });
    } else {
      this.#lost({ code, reason });
    }
  }

  #abandon(reason: string): void {
    const socket = this.#drop();
    closeQuietly(socket, ABANDONED, reason);
    this.#lost({ code: 1006, reason: "" });
  }

  #lost({ code, reason }: CallClosed): void {
    if (this.#connection === "connecting") {
      this.#close({ code, reason, sentence: NO_CONNECTION });
      return;
    }
    const nowMs = this.#world.nowMs();
    const wasSteady = this.#connection === "open" && nowMs - this.#openedAtMs >= STEADY_MS;
    if (this.#lostAtMs === undefined || wasSteady) {
      this.#lostAtMs = nowMs;
      this.#tries = 0;
    }
    this.#wait(() => this.#dial(), this.#retryMs());
    if (this.#connection !== "open") return;
    const giveUp = (): void => this.#close({ code, reason, ...sentenceOf(closeSentence(code)) });
    this.#stopGivingUp = this.#world.startTimer(giveUp, this.#lostAtMs + GIVE_UP_MS - nowMs);
    this.#connection = "reconnecting";
    this.#events.onConnection("reconnecting");
  }

  /** Nothing before the first try; then full jitter, so that a class does not come back in one moment. */
  #retryMs(): number {
    const tries = this.#tries++;
    return tries === 0 ? 0 : this.#world.random() * Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** (tries - 1));
  }

  #close(closed: CallClosed): void {
    if (this.#connection === "closed") return;
    this.#stopWaiting();
    this.#stopGivingUp();
    closeQuietly(this.#drop(), 1_000, "");
    this.#earlySound = [];
    this.#connection = "closed";
    this.#events.onConnection("closed", closed);
  }

  /** Lets go of the socket: nothing that still comes of it counts. */
  #drop(): CallSocketLike | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#heartbeat.stop();
    if (!socket) return undefined;
    socket.onmessage = null;
    socket.onclose = null;
    socket.onerror = () => {};
    return socket;
  }

  /** One wait at a time: for an answer, for the next try, or for the server's close. */
  #wait(run: () => void, afterMs: number): void {
    this.#stopWaiting();
    this.#stopWaiting = this.#world.startTimer(run, afterMs);
  }
}

const sentenceOf = (sentence: string | undefined): { sentence?: string } =>
  sentence === undefined ? {} : { sentence };

/** A socket that is being opened throws nothing in a browser, but does elsewhere. */
function closeQuietly(socket: CallSocketLike | undefined, code: number, reason: string): void {
  try {
    socket?.close(code, reason);
  } catch {
    // It is let go of either way.
  }
}
