import { type CallMessage, type CallState, SOUND_HZ } from "../protocol/call-messages.ts";
import { type CallClosed, type CallConnection, CallSocket, type CallSocketWorld } from "../web/call-socket.ts";
import { FRAME_SAMPLES, Framer, LevelMeter } from "../web/pcm.ts";
import { PlayQueue } from "../web/play-queue.ts";

/** Sound is played in blocks of 20 ms, and sent in frames of two of them. */
const BLOCK_MS = 20;
const BLOCK_SAMPLES = (SOUND_HZ * BLOCK_MS) / 1_000;
/** Further behind than this, as after a laptop's sleep, lost time is lost: nobody hears a minute in one go. */
const CATCH_UP_MS = 1_000;
const REPORT_MS = 100;

const SILENT_FRAME = new Int16Array(FRAME_SAMPLES);
const SILENT_BLOCK = new Int16Array(BLOCK_SAMPLES);

export interface VoiceLineEvents {
  onMessage(message: CallMessage): void;
  onConnection(connection: CallConnection): void;
}

/** Why waiting is over: it has come about, the call is over, or it took too long. */
export type Waited = "met" | "closed" | "late";

/**
 * A caller with a microphone and a loudspeaker, in real time: sends what it is given to say and silence otherwise, plays
 * what comes, tells the call how far that was heard, and keeps what was heard. Begins when the call has begun.
 */
export class VoiceLine {
  /** Of the sound that was played. */
  readonly heard = new LevelMeter();
  /** All that was heard since the call began, with the silence between: PCM16, 24 kHz. Empty unless it is to be kept. */
  readonly recording: Int16Array[] = [];
  state: CallState = "connecting";
  /** The latest turn of the agent, 0 before there is one. */
  agentSeq = 0;
  closed: CallClosed | undefined;
  readonly #world: CallSocketWorld;
  readonly #events: VoiceLineEvents;
  readonly #keeps: boolean;
  readonly #socket: CallSocket;
  readonly #queue = new PlayQueue();
  /** What is being said, and how much of it was. */
  #said = new Int16Array(0);
  #saidSamples = 0;
  readonly #microphone = new Framer((frame) => this.#socket.sendSound(frame.buffer));
  #startedAtMs: number | undefined;
  /** Blocks played since. */
  #blocks = 0;
  #reportedMs = 0;
  #busyAtMs = 0;
  #looks: (() => void)[] = [];
  #stopTicking: () => void = () => {};

  constructor(
    call: { readonly url: string; readonly ticket: string },
    events: VoiceLineEvents,
    world: CallSocketWorld,
    keepsRecording: boolean,
  ) {
    this.#world = world;
    this.#events = events;
    this.#keeps = keepsRecording;
    this.#socket = new CallSocket(
      call,
      {
        onMessage: (message) => this.#hear(message),
        onSound: (pcm16) => this.#queue.push(new Int16Array(pcm16)),
        onConnection: (connection, closed) => this.#connected(connection, closed),
      },
      world,
    );
  }

  /** Says it after what is still being said: PCM16, 24 kHz. */
  say(pcm16: Int16Array): void {
    const rest = this.#said.subarray(this.#saidSamples);
    const said = new Int16Array(rest.length + pcm16.length);
    said.set(rest);
    said.set(pcm16, rest.length);
    this.#said = said;
    this.#saidSamples = 0;
  }

  get isSaying(): boolean {
    return this.#saidSamples < this.#said.length;
  }

  /** For how long nobody has said anything and nobody was about to, in milliseconds. */
  get quietMs(): number {
    return this.#startedAtMs === undefined ? 0 : this.#world.nowMs() - this.#busyAtMs;
  }

  get isPlaying(): boolean {
    return this.#queue.queuedMs > 0;
  }

  hangUp(): void {
    this.#socket.hangUp();
  }

  /** Resolves once `isMet`; looks at every block of sound. */
  until(isMet: () => boolean, atMostMs: number): Promise<Waited> {
    const untilMs = this.#world.nowMs() + atMostMs;
    return new Promise((resolve) => {
      let stopWaiting = (): void => {};
      const look = (): void => {
        const waited = isMet() ? "met" : this.closed ? "closed" : this.#world.nowMs() >= untilMs ? "late" : undefined;
        if (waited === undefined) return;
        this.#looks = this.#looks.filter((other) => other !== look);
        stopWaiting();
        resolve(waited);
      };
      this.#looks.push(look);
      stopWaiting = this.#world.startTimer(look, atMostMs);
      look();
    });
  }

  /** What is left to be heard is heard to its end. */
  async rest(atMostMs: number): Promise<void> {
    const untilMs = this.#world.nowMs() + atMostMs;
    while (this.isPlaying && this.#world.nowMs() < untilMs) {
      await new Promise<void>((resolve) => {
        this.#world.startTimer(resolve, BLOCK_MS);
      });
    }
  }

  /** How long the call has lasted, as far as it was heard. */
  get heardMs(): number {
    return this.#blocks * BLOCK_MS;
  }

  /** Nothing is played or kept any more. */
  stop(): void {
    this.#stopTicking();
  }

  #connected(connection: CallConnection, closed: CallClosed | undefined): void {
    this.closed = closed;
    if (connection === "open") {
      this.#queue.resetPosition();
      this.#reportedMs = 0;
      if (this.#startedAtMs === undefined) this.#start();
    }
    this.#events.onConnection(connection);
    this.#look();
  }

  #hear(message: CallMessage): void {
    switch (message.type) {
      case "state":
        this.state = message.state;
        break;
      case "turn":
      case "caption":
        if (message.speaker === "agent") this.agentSeq = Math.max(this.agentSeq, message.seq);
        break;
      case "clear":
        this.#clear();
        break;
      default: // Nothing that the sound depends on.
    }
    this.#events.onMessage(message);
  }

  #clear(): void {
    const cutMs = this.#queue.clear();
    this.#queue.takeEnded();
    this.#report(cutMs);
  }

  #start(): void {
    this.#startedAtMs = this.#world.nowMs();
    this.#busyAtMs = this.#startedAtMs;
    this.#stopTicking = this.#world.startTimer(() => this.#tick(), BLOCK_MS);
  }

  #tick(): void {
    const nowMs = this.#world.nowMs();
    const startedAtMs = this.#startedAtMs ?? nowMs;
    const behindMs = nowMs - startedAtMs - this.#blocks * BLOCK_MS;
    const lostMs = behindMs > CATCH_UP_MS ? behindMs - BLOCK_MS : 0;
    this.#startedAtMs = startedAtMs + lostMs;
    for (let leftMs = behindMs - lostMs; leftMs >= BLOCK_MS; leftMs -= BLOCK_MS) this.#pass();
    if (this.state !== "listening" || this.isPlaying || this.isSaying) this.#busyAtMs = nowMs;
    this.#look();
    const nextMs = this.#startedAtMs + (this.#blocks + 1) * BLOCK_MS;
    this.#stopTicking = this.#world.startTimer(() => this.#tick(), Math.max(0, nextMs - this.#world.nowMs()));
  }

  /** Another block of time goes by. */
  #pass(): void {
    this.#blocks += 1;
    const block = new Int16Array(BLOCK_SAMPLES);
    const played = this.#queue.pull(block);
    this.heard.add(block.subarray(0, played));
    if (this.#keeps) this.recording.push(played > 0 ? block : SILENT_BLOCK);
    this.#tellPosition();
    this.#speak();
  }

  #tellPosition(): void {
    const { positionMs } = this.#queue;
    const began = this.#queue.takeBegan();
    const ended = this.#queue.takeEnded();
    if (began || ended || positionMs - this.#reportedMs >= REPORT_MS) this.#report(positionMs);
  }

  #report(positionMs: number): void {
    this.#reportedMs = positionMs;
    this.#socket.send({ type: "played", positionMs, receivedMs: this.#queue.receivedMs });
  }

  #speak(): void {
    const said = this.#said.subarray(this.#saidSamples, this.#saidSamples + BLOCK_SAMPLES);
    this.#saidSamples += said.length;
    this.#microphone.push(said);
    this.#microphone.push(SILENT_FRAME.subarray(said.length, BLOCK_SAMPLES));
  }

  #look(): void {
    for (const look of this.#looks.slice()) look();
  }
}
