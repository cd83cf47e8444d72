import { WebSocket } from "ws";
import { nodeCallWorld } from "../../src/cli/call-world.ts";
import {
  type CallerMessage,
  type CallMessage,
  SOUND_BYTES_PER_MS,
  type TurnMessage,
} from "../../src/protocol/call-messages.ts";
import { type CallClosed, type CallConnection, CallSocket, type CallSocketLike } from "../../src/web/call-socket.ts";
import { FRAME_SAMPLES, Framer } from "../../src/web/pcm.ts";
import { PlayQueue } from "../../src/web/play-queue.ts";
import { systemClock } from "../standins/clock.ts";
import { fliteSpeaker } from "../standins/speech.ts";
import { Until } from "../standins/until.ts";
import type { PreparedCall } from "./voice-looks.ts";

/** Sound is played and said in blocks of 40 ms, each the size of a frame on the wire. */
const BLOCK_MS = 40;
const REPORT_MS = 120;
const SAMPLES_PER_MS = FRAME_SAMPLES / BLOCK_MS;

/** A frame of the server's as it came, before anybody reads it. */
export type RawFrame = string | Uint8Array;

export interface VoiceCallerOptions {
  /** Gets every frame that comes, and the reason of every close. */
  readonly onFrame?: (frame: RawFrame) => void;
  /** Headers of the handshake that a browser would add. */
  readonly headers?: Readonly<Record<string, string>>;
}

type MessageOf<Type extends CallMessage["type"]> = Extract<CallMessage, { type: Type }>;

/** A stretch of received sound that was played in one block. */
interface Played {
  readonly fromSample: number;
  readonly toSample: number;
  readonly atMs: number;
  /** How many blocks of time had gone by. */
  readonly block: number;
}

/**
 * A browser without a page: the client library of the page, a loudspeaker that plays in real time and says how far it is, a
 * microphone that says what it is given and silence otherwise. Keeps all that it was told and all that it heard; times are
 * those of `systemClock`, as the stand-ins'. Samples are counted over all sound that came, from socket to socket.
 */
export class VoiceCaller {
  readonly callId: string;
  readonly messages: { readonly atMs: number; readonly message: CallMessage; readonly atSample: number }[] = [];
  readonly connections: CallConnection[] = [];
  /** All sound that came. */
  readonly pieces: Int16Array[] = [];
  receivedSamples = 0;
  /** Frames of the microphone that left while nobody lost the line, silent ones too. */
  sentFrames = 0;
  closed: CallClosed | undefined;
  readonly #played: Played[] = [];
  readonly #queue = new PlayQueue();
  readonly #until = new Until();
  readonly #microphone = new Framer((frame) => {
    if (this.#isOver) return;
    this.sentFrames += 1;
    this.#socket.sendSound(frame.buffer);
  });
  readonly #options: VoiceCallerOptions;
  readonly #socket: CallSocket;
  #wire: WebSocket | undefined;
  #said = new Int16Array(0);
  #startedAtMs: number | undefined;
  #blocks = 0;
  #reportedMs = 0;
  #isOver = false;
  #stopTicking: () => void = () => {};

  /** Dials at once. */
  constructor(call: PreparedCall, options: VoiceCallerOptions = {}) {
    this.callId = call.callId;
    this.#options = options;
    this.#socket = new CallSocket(
      call,
      {
        onMessage: (message) => this.#hear(message),
        onSound: (pcm16) => this.#receive(new Int16Array(pcm16)),
        onConnection: (connection, closed) => this.#connected(connection, closed),
      },
      { ...nodeCallWorld, openSocket: (url, protocols) => this.#open(url, protocols) },
    );
  }

  /** Says it after what is still being said: PCM16, 24 kHz. */
  say(pcm16: Int16Array): void {
    const said = new Int16Array(this.#said.length + pcm16.length);
    said.set(this.#said);
    said.set(pcm16, this.#said.length);
    this.#said = said;
  }

  get isSaying(): boolean {
    return this.#said.length > 0;
  }

  send(message: CallerMessage): void {
    this.#socket.send(message);
  }

  /** Hangs up, and resolves when the socket is closed. */
  async hangUp(): Promise<CallClosed> {
    this.#isOver = true;
    this.#socket.hangUp();
    return this.end();
  }

  /** The network is gone, without a goodbye. */
  loseLine(): void {
    this.#wire?.terminate();
  }

  /** The socket, for frames that no browser sends. */
  get wire(): WebSocket {
    if (!this.#wire) throw new Error("no socket yet");
    return this.#wire;
  }

  of<Type extends CallMessage["type"]>(type: Type): MessageOf<Type>[] {
    return this.messages.flatMap(({ message }) => (isOf(message, type) ? [message] : []));
  }

  /** Turns as a page shows them, the last version of each, in their order. */
  get turns(): TurnMessage[] {
    const bySeq = new Map<number, TurnMessage>();
    for (const { message } of this.messages) {
      if (message.type === "call-start") for (const turn of message.turns) bySeq.set(turn.seq, turn);
      if (message.type === "turn") bySeq.set(message.seq, message);
    }
    return [...bySeq.values()].toSorted((a, b) => a.seq - b.seq);
  }

  /** What the agent has said, without what is still being said. */
  get answers(): string[] {
    return this.turns.flatMap(({ speaker, text, usage }) => (speaker === "agent" && usage ? [text] : []));
  }

  /** Resolves with what `read` returns, looked at whenever anything came or was played; rejects when the call is closed. */
  async until<Value>(read: () => Value | undefined | false, what: string, withinMs = 15_000): Promise<Value> {
    const why = (): string | undefined => this.closed && `the call is closed: ${JSON.stringify(this.closed)}`;
    try {
      return await this.#until.until(() => read() || undefined, what, why, withinMs);
    } catch (thrown) {
      const turns = this.turns.map(({ speaker, text, failure }) => `${speaker}: ${text} ${failure ?? ""}`);
      throw new Error(`${thrown} in ${this.callId}, after ${turns.join(" | ")}`);
    }
  }

  /** Resolves when the call has begun for us, and throws when it does not. */
  async begun(): Promise<MessageOf<"call-start">> {
    return this.until(() => this.of("call-start")[0], "the call's start");
  }

  /** Resolves when the call is over. */
  end(withinMs = 15_000): Promise<CallClosed> {
    return this.#until.until(
      () => this.closed,
      "the close",
      () => undefined,
      withinMs,
    );
  }

  /** When this sample of what came was played; `undefined`: it was not. */
  playedAtMs(sample: number): number | undefined {
    return this.#blockOf(sample)?.atMs;
  }

  /** How long the caller heard from one sample to another, gaps included, to a block; however late this machine was. */
  heardMs(fromSample: number, toSample: number): number {
    const [from, to] = [this.#blockOf(fromSample), this.#blockOf(toSample)];
    return from && to ? (to.block - from.block + 1) * BLOCK_MS : Number.NaN;
  }

  /** Sound as it came. */
  received(fromSample: number, samples: number): Int16Array {
    const out = new Int16Array(samples);
    let at = -fromSample;
    for (const piece of this.pieces) {
      const from = Math.max(0, -at);
      const to = Math.min(piece.length, samples - at);
      if (from < to) out.set(piece.subarray(from, to), at + from);
      at += piece.length;
    }
    return out;
  }

  #blockOf(sample: number): Played | undefined {
    return this.#played.find(({ fromSample, toSample }) => sample >= fromSample && sample < toSample);
  }

  /** The browser plays and says in blocks; a call that is closed does not. */
  #tick(): void {
    const startedAtMs = this.#startedAtMs ?? 0;
    while (systemClock.now() - startedAtMs >= (this.#blocks + 1) * BLOCK_MS) this.#pass();
    const nextMs = startedAtMs + (this.#blocks + 1) * BLOCK_MS;
    this.#stopTicking = systemClock.startTimer(() => this.#tick(), Math.max(0, nextMs - systemClock.now()));
    this.#until.changed();
  }

  #pass(): void {
    this.#blocks += 1;
    const fromSample = this.receivedSamples - this.#queue.queuedMs * SAMPLES_PER_MS;
    const samples = this.#queue.pull(new Int16Array(FRAME_SAMPLES));
    const atMs = systemClock.now();
    if (samples > 0) this.#played.push({ fromSample, toSample: fromSample + samples, atMs, block: this.#blocks });
    const { positionMs } = this.#queue;
    const began = this.#queue.takeBegan();
    const ended = this.#queue.takeEnded();
    if (began || ended || positionMs - this.#reportedMs >= REPORT_MS) this.#report(positionMs);
    const said = this.#said.subarray(0, FRAME_SAMPLES);
    this.#said = this.#said.subarray(said.length);
    this.#microphone.push(said);
    this.#microphone.push(new Int16Array(FRAME_SAMPLES - said.length));
  }

  #report(positionMs: number): void {
    this.#reportedMs = positionMs;
    this.#socket.send({ type: "played", positionMs, receivedMs: this.#queue.receivedMs });
  }

  #receive(samples: Int16Array): void {
    this.pieces.push(samples);
    this.receivedSamples += samples.length;
    this.#queue.push(samples);
    this.#until.changed();
  }

  #hear(message: CallMessage): void {
    this.messages.push({ atMs: systemClock.now(), message, atSample: this.receivedSamples });
    if (message.type === "clear") {
      const cutMs = this.#queue.clear();
      this.#queue.takeEnded();
      this.#report(cutMs);
    }
    this.#until.changed();
  }

  #connected(connection: CallConnection, closed: CallClosed | undefined): void {
    this.connections.push(connection);
    this.closed = closed;
    if (connection === "open") {
      this.#queue.resetPosition();
      this.#reportedMs = 0;
      this.#startedAtMs ??= this.#start();
    }
    if (connection === "closed") this.#stopTicking();
    this.#until.changed();
  }

  #start(): number {
    this.#stopTicking = systemClock.startTimer(() => this.#tick(), BLOCK_MS);
    return systemClock.now();
  }

  #open(url: string, protocols: string[]): CallSocketLike {
    const { headers = {}, onFrame } = this.#options;
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false, headers });
    socket.on("message", (data, isBinary) => {
      if (Buffer.isBuffer(data)) onFrame?.(isBinary ? data : data.toString());
      else if (data instanceof ArrayBuffer) onFrame?.(new Uint8Array(data));
    });
    socket.on("close", (_, reason) => onFrame?.(reason.toString()));
    this.#wire = socket;
    return socket;
  }
}

const isOf = <Type extends CallMessage["type"]>(message: CallMessage, type: Type): message is MessageOf<Type> =>
  message.type === type;

/** A sentence as a caller would say it into a browser's microphone; the same words are the same samples. */
export async function speech(words: string): Promise<Int16Array> {
  const bytes = await fliteSpeaker.speak(words, { format: "pcm16-24k", voice: "cedar" });
  const samples = new Int16Array(bytes.length / 2);
  new Uint8Array(samples.buffer).set(bytes);
  return samples;
}

export const msOf = (samples: number): number => samples / SAMPLES_PER_MS;
export const samplesOf = (ms: number): number => (ms * SOUND_BYTES_PER_MS) / 2;
