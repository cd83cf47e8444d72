import { randomBytes } from "node:crypto";
import { type RawData, WebSocket } from "ws";
import * as z from "zod";
import { parseJson, RelayRefused, readRefusal } from "./relay-refusal.ts";

/**
 * The caller's end of a ConversationRelay socket, as Twilio holds it: sends `setup`, says things, collects the agent's
 * turns. Used by the terminal call, and by tests as their phone. (`ws`, because the WebSocket of Node can neither show
 * why a handshake was refused nor drop a connection without a close frame.)
 */

/** One stretch of the agent's speech, from its first text to `last`. */
export interface RelayTurn {
  readonly text: string;
  /** From the caller's last words, key or `setup` to the first text; undefined for a turn without any. */
  readonly firstWordMs: number | undefined;
  /** From the same moment to `last`, or to the interruption. */
  readonly turnMs: number;
  /** The caller spoke over it: there was no `last`. */
  readonly cut: boolean;
}

export interface RelayClose {
  readonly code: number;
  readonly reason: string;
}

export interface RelayOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields that differ from a call without a phone; `false`: send no `setup` at all. */
  readonly setup?: Readonly<Record<string, unknown>> | false;
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number;
  // The client is given with each: a frame can come before `connectRelay` has returned it.
  /** Every frame as it came, before anybody reads it. */
  readonly onFrame?: (client: RelayClient, text: string, isBinary: boolean) => void;
  /** Text that arrived; `isFirst` in its turn. */
  readonly onWords?: (client: RelayClient, text: string, isFirst: boolean) => void;
  readonly onTurn?: (client: RelayClient, turn: RelayTurn) => void;
  readonly onError?: (client: RelayClient, sentence: string, code: string) => void;
}

/** A turn was waited for in vain: the socket closed first, or the agent took too long. */
export class NoTurn extends Error {
  readonly why: "closed" | "timeout";

  constructor(why: "closed" | "timeout", message: string) {
    super(message);
    this.name = "NoTurn";
    this.why = why;
  }
}

const HANDSHAKE_MS = 10_000;
/** A peer that does not answer our close frame is dropped after this. */
const CLOSE_MS = 2_000;
const TURN_MS = 10_000;

const Frame = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), token: z.string(), last: z.boolean().default(false) }),
  z.object({ type: z.literal("end"), handoffData: z.string().optional() }),
  z.object({ type: z.literal("error"), error: z.string(), code: z.string() }),
]);

/** Opens the socket and sends `setup`. Throws {@link RelayRefused}. */
export function connectRelay(url: string, options: RelayOptions = {}): Promise<RelayClient> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      headers: { ...options.headers },
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
    });
    const client = new RelayClient(socket, options);
    // Stays for good: an error of an open socket is followed by its close, which is what counts.
    socket.on("error", () => reject(new RelayRefused(undefined)));
    socket.once("unexpected-response", (request, response) => {
      readRefusal(response)
        .then(reject, () => reject(new RelayRefused(response.statusCode)))
        .finally(() => request.destroy());
    });
    socket.once("open", () => {
      if (options.setup !== false) client.send({ ...setupFrame(), ...options.setup });
      resolve(client);
    });
  });
}

export class RelayClient {
  /** Finished and cut turns, in order. */
  readonly turns: RelayTurn[] = [];
  /** `error` frames, in order. */
  readonly errors: { readonly sentence: string; readonly code: string }[] = [];
  /** The `end` frame, when the agent has left. */
  ended: { readonly handoffData: string | undefined } | undefined;
  readonly closed: Promise<RelayClose>;

  readonly #socket: WebSocket;
  readonly #options: RelayOptions;
  readonly #now: () => number;
  #askedAtMs: number;
  #open: { text: string; readonly firstWordAtMs: number } | undefined;
  readonly #untaken: RelayTurn[] = [];
  #takers: { take: (turn: RelayTurn) => void; fail: (error: Error) => void }[] = [];
  #close: RelayClose | undefined;

  constructor(socket: WebSocket, options: RelayOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#askedAtMs = this.#now();
    socket.on("message", (data, isBinary) => this.#hear(textOf(data), isBinary));
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => {
        const close = { code, reason: String(reason) };
        this.#close = close;
        for (const taker of this.#takers.splice(0)) taker.fail(closedError(close));
        resolve(close);
      });
    });
  }

  /** The turn that is being spoken: what came of it, and for how long it has been coming. */
  get speaking(): { readonly text: string; readonly sinceMs: number } | undefined {
    return this.#open && { text: this.#open.text, sinceMs: Math.round(this.#now() - this.#open.firstWordAtMs) };
  }

  /** Closed, or about to be. */
  get isClosed(): boolean {
    return this.#socket.readyState !== WebSocket.OPEN;
  }

  /** Any frame; objects are sent as JSON, strings as they are. Nothing happens once the socket is closing. */
  send(frame: object | string): void {
    if (this.isClosed) return;
    this.#socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The caller's words of a whole turn. */
  say(text: string): void {
    this.#askedAtMs = this.#now();
    this.send({ type: "prompt", voicePrompt: text, lang: "en-US", last: true });
  }

  press(digit: string): void {
    this.#askedAtMs = this.#now();
    this.send({ type: "dtmf", digit });
  }

  info(name: string, value: string): void {
    this.send({ type: "info", name, value });
  }

  /** The caller spoke over the agent. By default all was heard that had come. */
  interrupt(heard = this.#open?.text ?? "", heardMs = this.speaking?.sinceMs ?? 0): void {
    this.send({ type: "interrupt", utteranceUntilInterrupt: heard, durationUntilInterruptMs: heardMs });
    this.#finish(true);
  }

  /**
   * The next finished turn that was not taken yet; cut turns are only in `turns`. Throws {@link NoTurn}.
   */
  nextTurn(timeoutMs = TURN_MS): Promise<RelayTurn> {
    const turn = this.#untaken.shift();
    if (turn) return Promise.resolve(turn);
    if (this.#close) return Promise.reject(closedError(this.#close));
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#takers = this.#takers.filter((other) => other !== taker);
        act();
      };
      const taker = {
        take: (turn: RelayTurn) => settle(() => resolve(turn)),
        fail: (error: Error) => settle(() => reject(error)),
      };
      const timer = setTimeout(
        () => taker.fail(new NoTurn("timeout", `the agent finished no turn within ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.#takers.push(taker);
    });
  }

  /** Closes as Twilio does when the caller hangs up. */
  hangUp(code = 1000, reason = "Closing websocket session"): Promise<RelayClose> {
    this.#socket.close(code, reason);
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    return this.closed.finally(() => clearTimeout(timer));
  }

  /** The connection breaks: no close frame. */
  drop(): Promise<RelayClose> {
    this.#socket.terminate();
    return this.closed;
  }

  #hear(text: string, isBinary: boolean): void {
    this.#options.onFrame?.(this, text, isBinary);
    const frame = isBinary ? undefined : Frame.safeParse(parseJson(text)).data;
    switch (frame?.type) {
      case "text":
        if (frame.token !== "") this.#hearWords(frame.token);
        if (frame.last) this.#finish(false);
        return;
      case "end":
        this.ended = { handoffData: frame.handoffData };
        void this.hangUp();
        return;
      case "error":
        this.errors.push({ sentence: frame.error, code: frame.code });
        this.#options.onError?.(this, frame.error, frame.code);
        return;
      case undefined: // Not a frame for a caller.
        return;
    }
  }

  #hearWords(words: string): void {
    const isFirst = this.#open === undefined;
    this.#open ??= { text: "", firstWordAtMs: this.#now() };
    this.#open.text += words;
    this.#options.onWords?.(this, words, isFirst);
  }

  #finish(cut: boolean): void {
    const open = this.#open;
    if (cut && !open) return;
    this.#open = undefined;
    const turn: RelayTurn = {
      text: open?.text ?? "",
      firstWordMs: open && Math.round(open.firstWordAtMs - this.#askedAtMs),
      turnMs: Math.round(this.#now() - this.#askedAtMs),
      cut,
    };
    this.turns.push(turn);
    this.#options.onTurn?.(this, turn);
    if (cut) return;
    const taker = this.#takers[0];
    if (taker) taker.take(turn);
    else this.#untaken.push(turn);
  }
}

/** All thirteen keys that Twilio sends; what a call without a phone does not have is empty, as Twilio does it. */
const setupFrame = (): Readonly<Record<string, unknown>> => ({
  type: "setup",
  sessionId: `VX${randomBytes(16).toString("hex")}`,
  accountSid: "",
  parentCallSid: "",
  callSid: "",
  from: "",
  to: "",
  forwardedFrom: "",
  callType: "CLIENT",
  callerName: "",
  direction: "inbound",
  callStatus: "RINGING",
  customParameters: {},
});

/** Frames come as Buffers, since nobody has asked the socket for another form. */
const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString("utf8") : "");

const closedError = ({ code }: RelayClose): NoTurn =>
  new NoTurn("closed", `the socket closed (${code}) before the agent finished a turn`);
