import {
  type CallerMessage,
  type CallMessage,
  parseCallerMessage,
  SOUND_BYTES_PER_MS,
  type TurnMessage,
} from "../../src/protocol/call-messages.ts";
import type { CallSocketLike } from "../../src/web/call-socket.ts";

/** What an agent holds of a caller's socket. */
export interface AgentEnd {
  send(frame: string | Uint8Array<ArrayBuffer>): void;
  close(code: number, reason?: string): void;
}

export interface Answer {
  readonly words: string;
  /** PCM16, 24 kHz. */
  readonly sound: Uint8Array<ArrayBuffer>;
  /** What the caller's words are written down as; after the answer has begun. */
  readonly heardAs?: string;
}

export const TIMINGS = { ttftMs: 210, ttfbMs: 320, turnLatencyMs: 321, heardLatencyMs: null, turnMs: 900 };

const LOUD = 500;
/** Silence that ends a turn. */
const PAUSE_MS = 480;
const CHUNK_BYTES = 9_600;

/** An agent of the browser's wire: greets, hears by loudness when the caller has finished, and answers what it was given. */
export class VoiceAgent {
  readonly messages: CallerMessage[] = [];
  /** All frames of sound from the caller. */
  readonly frames: Uint8Array[] = [];
  /** Runs instead of the next answer. */
  onTurn: (() => void) | undefined;
  readonly #greeting: Answer | undefined;
  readonly #answers: Answer[];
  #end: AgentEnd | undefined;
  #seq = 0;
  #sentMs = 0;
  #silentMs = 0;
  #isSpeech = false;
  #latest: TurnMessage | undefined;

  constructor(greeting: Answer | undefined, answers: readonly Answer[]) {
    this.#greeting = greeting;
    this.#answers = [...answers];
  }

  /** A caller is there, or there again. */
  join(end: AgentEnd, resumed = false): void {
    this.#end = end;
    this.#sentMs = 0;
    this.tell({
      type: "call-start",
      callId: "call-2",
      resumed,
      keySource: "student",
      model: "gpt-realtime-2",
      voice: "marin",
      startedAtMs: 0,
      endsAtMs: 900_000,
      resumeTicket: "resume-1",
      turns: [],
    });
    this.tell({ type: "state", state: "listening" });
    if (this.#greeting && !resumed) this.say(this.#greeting, false);
  }

  hear(frame: string | Uint8Array): void {
    if (typeof frame === "string") this.#hearMessage(frame);
    else this.#hearSound(frame);
  }

  #hearMessage(frame: string): void {
    const message = parseCallerMessage(frame);
    if (!message) throw new Error(`not a message of a caller: ${frame}`);
    this.messages.push(message);
    if (message.type === "ping") this.tell({ type: "pong" });
    if (message.type === "end") this.end("caller-left");
    if (message.type === "played" && this.#latest && message.positionMs >= this.#sentMs) this.#playedOut();
  }

  tell(message: CallMessage): void {
    this.#end?.send(JSON.stringify(message));
  }

  /** The next turn of the agent; `isAnswer`: the caller's turn before it is over. */
  say({ words, sound, heardAs }: Answer, isAnswer = true): void {
    const heardSeq = isAnswer ? this.#seq + 1 : 0;
    this.#seq += isAnswer ? 2 : 1;
    if (isAnswer) this.tell({ ...turn(heardSeq, "caller"), text: "" });
    this.tell({ type: "state", state: "speaking" });
    for (const word of words.match(/\S+\s*/g) ?? []) {
      this.tell({ type: "caption", seq: this.#seq, speaker: "agent", delta: word });
    }
    this.sound(sound);
    this.#latest = { ...turn(this.#seq, "agent"), text: words, timings: isAnswer ? TIMINGS : null };
    this.tell(this.#latest);
    if (isAnswer) this.tell({ ...turn(heardSeq, "caller"), text: heardAs ?? "Something." });
  }

  sound(sound: Uint8Array<ArrayBuffer>): void {
    for (let from = 0; from < sound.length; from += CHUNK_BYTES) this.#end?.send(sound.slice(from, from + CHUNK_BYTES));
    this.#sentMs += sound.length / SOUND_BYTES_PER_MS;
  }

  end(endReason: "caller-left" | "agent-ended"): void {
    this.tell({ type: "call-end", endReason });
    this.#end?.close(1000);
  }

  close(code: number, reason?: string): void {
    this.#end?.close(code, reason);
  }

  #playedOut(): void {
    if (this.#latest?.timings) this.tell({ ...this.#latest, timings: { ...TIMINGS, heardLatencyMs: 381 } });
    this.#latest = undefined;
    this.tell({ type: "state", state: "listening" });
  }

  #hearSound(frame: Uint8Array): void {
    this.frames.push(frame);
    const isLoud = samplesOf(frame).some((sample) => Math.abs(sample) > LOUD);
    this.#silentMs = isLoud ? 0 : this.#silentMs + frame.length / SOUND_BYTES_PER_MS;
    if (isLoud) this.#isSpeech = true;
    if (!this.#isSpeech || this.#silentMs < PAUSE_MS) return;
    this.#isSpeech = false;
    const answer = this.#answers.shift();
    if (this.onTurn) this.onTurn();
    else if (answer) this.say(answer);
  }
}

export const turn = (seq: number, speaker: "caller" | "agent" | "tool"): TurnMessage => ({
  type: "turn",
  seq,
  speaker,
  startedAtMs: 0,
  text: "",
  heardText: null,
  toolCall: null,
  timings: null,
  usage: null,
  failure: null,
});

export const samplesOf = (frame: Uint8Array): Int16Array => new Int16Array(frame.slice().buffer);

/** A socket that leads to an agent without a network: frames arrive in order, and never within the call that sent them. */
export class WiredSocket implements CallSocketLike {
  binaryType = "blob";
  readyState = 0;
  readonly bufferedAmount = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly #agent: VoiceAgent;

  constructor(agent: VoiceAgent, resumed: boolean) {
    this.#agent = agent;
    queueMicrotask(() => {
      this.readyState = 1;
      agent.join(
        {
          send: (frame) => this.#soon(() => this.onmessage?.({ data: dataOf(frame) } as never)),
          close: (code, reason = "") => this.drop(code, reason),
        },
        resumed,
      );
    });
  }

  send(frame: string | ArrayBuffer | Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 1) throw new Error("the socket is not open");
    this.#agent.hear(typeof frame === "string" ? frame : new Uint8Array(frame).slice());
  }

  close(): void {
    this.readyState = 3;
  }

  /** The line breaks, or the agent's side closes it. */
  drop(code: number, reason = ""): void {
    this.#soon(() => {
      this.readyState = 3;
      this.onclose?.({ code, reason } as never);
    });
  }

  #soon(run: () => void): void {
    queueMicrotask(() => {
      if (this.readyState === 1) run();
    });
  }
}

const dataOf = (frame: string | Uint8Array<ArrayBuffer>): string | ArrayBuffer =>
  typeof frame === "string" ? frame : frame.slice().buffer;
