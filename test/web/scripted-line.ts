import type { CallerMessage, CallMessage } from "../../src/protocol/call-messages.ts";
import {
  type CallClosed,
  type CallConnection,
  CallSocket,
  type CallSocketLike,
  type CallSocketWorld,
} from "../../src/web/call-socket.ts";
import { ManualClock } from "../standins/clock.ts";

/** One end of a line whose other end is the test. */
export class ScriptedSocket implements CallSocketLike {
  binaryType = "blob";
  readyState = 0;
  bufferedAmount = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly url: string;
  readonly protocols: string[];
  readonly sent: (string | ArrayBuffer | Uint8Array)[] = [];
  /** Given to `close` from our side. */
  closedWith: { code: number | undefined; reason: string | undefined } | undefined;

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  send(frame: string | ArrayBuffer | Uint8Array): void {
    this.sent.push(frame);
  }

  close(code?: number, reason?: string): void {
    this.closedWith ??= { code, reason };
    this.readyState = 2;
  }

  /** The messages that were sent, parsed. */
  get messages(): CallerMessage[] {
    return this.sent.filter((frame) => typeof frame === "string").map((frame) => JSON.parse(frame));
  }

  get sounds(): Uint8Array[] {
    return this.sent.flatMap((frame) => (typeof frame === "string" ? [] : [new Uint8Array(frame)]));
  }

  /** The handshake succeeds and the call says that it has begun. */
  begin(resumeTicket = "resume-1", resumed = false): void {
    this.readyState = 1;
    this.hear({ ...CALL_START, resumeTicket, resumed });
  }

  hear(message: CallMessage | string | ArrayBuffer): void {
    const data = typeof message === "string" || message instanceof ArrayBuffer ? message : JSON.stringify(message);
    this.onmessage?.({ data } as never);
  }

  /** The line breaks, or the server closes it. */
  drop(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.onerror?.({} as never);
    this.onclose?.({ code, reason, wasClean: code !== 1006 } as never);
  }
}

export const CALL_START = {
  type: "call-start",
  callId: "call-1",
  resumed: false,
  keySource: "student",
  model: "gpt-realtime-1",
  voice: "marin",
  startedAtMs: 1_000,
  endsAtMs: 901_000,
  resumeTicket: "resume-1",
  turns: [],
} as const satisfies CallMessage;

/** A call socket in a world that stands still until the test moves it. */
export class ScriptedLine {
  readonly clock = new ManualClock();
  readonly sockets: ScriptedSocket[] = [];
  readonly messages: CallMessage[] = [];
  readonly sounds: ArrayBuffer[] = [];
  readonly connections: CallConnection[] = [];
  closed: CallClosed | undefined;
  /** What `random` gives. */
  random = 1;
  /** Whether a socket can be had at all. */
  refuses = false;
  readonly call: CallSocket;

  constructor() {
    const world: CallSocketWorld = {
      openSocket: (url, protocols) => {
        if (this.refuses) throw new SyntaxError("The URL is invalid.");
        const socket = new ScriptedSocket(url, protocols);
        this.sockets.push(socket);
        return socket;
      },
      startTimer: this.clock.startTimer,
      nowMs: this.clock.now,
      random: () => this.random,
    };
    const events = {
      onMessage: (message: CallMessage) => this.messages.push(message),
      onSound: (pcm16: ArrayBuffer) => this.sounds.push(pcm16),
      onConnection: (connection: CallConnection, closed?: CallClosed) => {
        this.connections.push(connection);
        this.closed = closed;
      },
    };
    this.call = new CallSocket({ url: "wss://callroom.test/call/call-1", ticket: "ticket-1" }, events, world);
  }

  /** The latest socket. */
  get socket(): ScriptedSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nobody has dialled");
    return socket;
  }

  /** A call that has been on for a while. */
  static open(): ScriptedLine {
    const line = new ScriptedLine();
    line.socket.begin();
    for (let second = 0; second < 6; second++) {
      line.clock.advance(1_000);
      line.socket.hear({ type: "pong" });
    }
    return line;
  }
}

/** 40 ms of sound, every byte of it `value`. */
export const frame = (value: number): Uint8Array<ArrayBuffer> => new Uint8Array(1_920).fill(value);
