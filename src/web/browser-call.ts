import { type CallMessage, SOUND_BYTES_PER_MS, SOUND_HZ, type TalkMode } from "../protocol/call-messages.ts";
import { CallSocket } from "./call-socket.ts";
import type { ViewChange } from "./call-view.ts";
import { Microphone } from "./microphone.ts";
import type { MicrophoneFrame } from "./microphone-worklet.ts";
import { prepareCall } from "./rest-client.ts";
import { Speaker } from "./speaker.ts";
import type { SpeakerReport } from "./speaker-worklet.ts";
import { NO_SOUND_WORDS } from "./words.ts";

export interface BrowserCallEvents {
  /** Something that changes what the page shows. */
  onChange(change: ViewChange): void;
  onPlayback(report: SpeakerReport): void;
}

/** One call: a microphone, a socket and a speaker, from the press of a button to the last sound. No DOM. */
export class BrowserCall {
  readonly #events: BrowserCallEvents;
  readonly #context: AudioContext;
  #microphone: Microphone | undefined;
  #speaker: Speaker | undefined;
  #socket: CallSocket | undefined;
  #muted = false;
  #talkMode: TalkMode = "open";
  #talking = false;
  /** The talk button was let go: what is in the frame under way still belongs to the turn. */
  #releasing = false;
  #isPlaying = false;
  /** Sound that came since the socket opened. */
  #receivedMs = 0;
  #isOver = false;

  /** To be made while a click is handled: browsers let sound begin only then. */
  constructor(events: BrowserCallEvents) {
    this.#events = events;
    this.#context = new AudioContext({ sampleRate: SOUND_HZ, latencyHint: "interactive" });
    // Safari makes it suspended even in a click. Where it may not run, `played` never moves, and the page shows silence.
    this.#context.resume().catch(() => {});
  }

  /**
   * @param withMicrophone false: a call that is typed, and heard all the same
   * @throws MicrophoneTrouble before anything was asked of the server; no call has begun then
   */
  async start(withMicrophone: boolean): Promise<void> {
    try {
      // Before the ticket, which waits half a minute: a person may think about the browser's question for longer.
      if (withMicrophone) this.#microphone = await this.#openMicrophone();
    } catch (thrown) {
      this.#close();
      throw thrown;
    }
    if (this.#isOver) return this.#close();
    this.#events.onChange({ type: "dial", hasMicrophone: withMicrophone });
    try {
      this.#speaker = await Speaker.open(this.#context, (report) => this.#onPlayback(report));
    } catch {
      return this.#fail(NO_SOUND_WORDS);
    }
    const ticket = await prepareCall();
    if (this.#isOver) return this.#close();
    if (!ticket.ok) return this.#fail(ticket.sentence);
    this.#socket = new CallSocket(ticket.value, {
      onMessage: (message) => this.#onMessage(message),
      onSound: (pcm16) => this.#onSound(pcm16),
      onConnection: (connection, closed) => {
        if (connection === "open") this.#onOpen();
        if (connection === "closed") this.#end();
        this.#events.onChange({ type: "connection", connection, sentence: closed?.sentence });
      },
    });
    // Pressed while there was no socket yet.
    if (this.#muted) this.#socket.send({ type: "mute", muted: true });
    if (this.#talkMode !== "open") this.#socket.send({ type: "talk-mode", mode: this.#talkMode });
  }

  mute(muted: boolean): void {
    this.#muted = muted;
    this.#socket?.send({ type: "mute", muted });
    this.#events.onChange({ type: "mute", muted });
  }

  useTalkMode(mode: TalkMode): void {
    this.#talkMode = mode;
    this.#talking = false;
    this.#releasing = false;
    this.#socket?.send({ type: "talk-mode", mode });
    this.#events.onChange({ type: "talk-mode", mode });
  }

  /** The talk button of push-to-talk goes down or up. */
  talk(pressed: boolean): void {
    if (this.#talkMode !== "push-to-talk" || pressed === this.#talking) return;
    this.#talking = pressed;
    this.#events.onChange({ type: "talk", pressed });
    if (!pressed) {
      this.#releasing = true;
      return;
    }
    // Pressed again before the last frame came: it is one turn.
    if (!this.#releasing) this.#socket?.send({ type: "talk", pressed });
    this.#releasing = false;
  }

  /** Words instead of speech: a whole turn. */
  say(text: string): void {
    this.#socket?.send({ type: "text", text });
  }

  /** Ends it from here: silence at once, and nothing listens any more. */
  hangUp(): void {
    this.#speaker?.clear();
    this.#isPlaying = false;
    this.#socket?.hangUp();
    this.#end();
    this.#events.onChange({ type: "hung-up" });
  }

  async #openMicrophone(): Promise<Microphone> {
    return Microphone.open({
      onFrame: (frame) => this.#onFrame(frame),
      onLost: (trouble) => {
        this.#microphone?.close();
        this.#microphone = undefined;
        this.#events.onChange({ type: "microphone-lost", sentence: trouble.message });
      },
    });
  }

  #onFrame({ pcm16, levelDbfs }: MicrophoneFrame): void {
    const isWanted = this.#talkMode === "open" || this.#talking || this.#releasing;
    if (isWanted && !this.#muted) this.#socket?.sendSound(pcm16);
    if (this.#releasing) {
      this.#releasing = false;
      this.#socket?.send({ type: "talk", pressed: false });
    }
    this.#events.onChange({ type: "level", levelDbfs });
  }

  /** Every socket counts from 0. */
  #onOpen(): void {
    this.#receivedMs = 0;
    this.#speaker?.resetPosition();
  }

  #onSound(pcm16: ArrayBuffer): void {
    this.#receivedMs += pcm16.byteLength / SOUND_BYTES_PER_MS;
    this.#speaker?.play(pcm16);
  }

  #onMessage(message: CallMessage): void {
    if (message.type === "clear") this.#speaker?.clear();
    if (message.type === "call-end") this.#end();
    this.#events.onChange({ type: "message", message });
  }

  #onPlayback(report: SpeakerReport): void {
    this.#isPlaying = report.type === "began" || report.type === "playing";
    this.#socket?.send({
      type: "played",
      positionMs: Math.floor(report.positionMs),
      receivedMs: Math.floor(this.#receivedMs),
    });
    this.#events.onPlayback(report);
    if (this.#isOver && !this.#isPlaying) this.#close();
  }

  #fail(sentence: string): void {
    this.#end();
    this.#events.onChange({ type: "failed", sentence });
  }

  /** Nobody listens any more; the agent's last words are played to their end. */
  #end(): void {
    this.#isOver = true;
    this.#microphone?.close();
    this.#microphone = undefined;
    if (!this.#isPlaying) this.#close();
  }

  #close(): void {
    this.#isOver = true;
    this.#speaker?.close();
    this.#speaker = undefined;
    if (this.#context.state !== "closed") this.#context.close().catch(() => {});
  }
}
