import {
  type CallerMessage,
  type CallMessage,
  SOUND_BYTES_PER_MS,
  SOUND_HZ,
  type TalkMode,
} from "../protocol/call-messages.ts";
import { CallSocket } from "./call-socket.ts";
import type { CallFailure, ViewChange } from "./call-view.ts";
import { EchoCheck } from "./echo-check.ts";
import { Microphone } from "./microphone.ts";
import { troubleOf } from "./microphone-trouble.ts";
import type { MicrophoneFrame } from "./microphone-worklet.ts";
import { prepareCall } from "./rest-client.ts";
import { Speaker, useSpeaker } from "./speaker.ts";
import type { SpeakerReport } from "./speaker-worklet.ts";
import { NO_SOUND_WORDS } from "./words.ts";

export interface BrowserCallEvents {
  /** Something that changes what the page shows. */
  onChange(change: ViewChange): void;
  onPlayback(report: SpeakerReport): void;
  /** The call has an id, and a socket soon. */
  onPrepared(callId: string): void;
}

/** What the call begins with; each can be changed while it lasts. Device ids: empty is the system's own choice. */
export interface BrowserCallSound {
  readonly microphoneId: string;
  readonly speakerId: string;
  /** 1: as it comes. */
  readonly volume: number;
}

/** One call: a microphone, a socket and a speaker, from the press of a button to the last sound. No DOM. */
export class BrowserCall {
  readonly #events: BrowserCallEvents;
  readonly #context: AudioContext;
  readonly #sound: BrowserCallSound;
  #microphone: Microphone | undefined;
  #speaker: Speaker | undefined;
  #socket: CallSocket | undefined;
  /** What was pressed and typed before there was a socket. */
  #unsent: CallerMessage[] = [];
  #echoCheck: EchoCheck | undefined;
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
  constructor(events: BrowserCallEvents, sound: BrowserCallSound) {
    this.#events = events;
    this.#sound = sound;
    this.#context = new AudioContext({ sampleRate: SOUND_HZ, latencyHint: "interactive" });
    // Safari makes it suspended even in a click. Where it may not run, `played` never moves, and the page shows silence.
    this.resume();
    // iOS opens its loudspeaker for a page with the first sound that it plays in a click, even a silent one.
    this.#playOnce(new Float32Array(1));
    let hasRun = false;
    this.#context.onstatechange = () => {
      const isRunning = this.#context.state === "running";
      // An iPhone takes the sound away for a phone call ("interrupted").
      if (hasRun && !this.#isOver) events.onChange({ type: "sound", isPaused: !isRunning });
      hasRun ||= isRunning;
    };
  }

  /**
   * @param withMicrophone false: a call that is typed, and heard all the same
   * @throws MicrophoneTrouble before anything was asked of the server; no call has begun then
   */
  async start(withMicrophone: boolean): Promise<void> {
    try {
      // Before the ticket, which waits half a minute: a person may think about the browser's question for longer.
      if (withMicrophone) this.#microphone = await this.#openMicrophone(this.#sound.microphoneId);
    } catch (thrown) {
      this.#close();
      throw thrown;
    }
    if (this.#isOver) return this.#end();
    this.#events.onChange({ type: "dial", hasMicrophone: withMicrophone });
    try {
      await useSpeaker(this.#context, this.#sound.speakerId);
      this.#speaker = await Speaker.open(this.#context, (report) => this.#onPlayback(report));
      this.#speaker.setVolume(this.#sound.volume);
    } catch {
      return this.#fail({ code: null, sentence: NO_SOUND_WORDS });
    }
    this.#chime();
    const ticket = await prepareCall();
    if (this.#isOver) return this.#end();
    if (!ticket.ok) return this.#fail(ticket);
    this.#events.onPrepared(ticket.value.callId);
    this.#socket = new CallSocket(ticket.value, {
      onMessage: (message) => this.#onMessage(message),
      onSound: (pcm16) => this.#onSound(pcm16),
      onConnection: (connection, closed) => {
        if (connection === "open") this.#onOpen();
        if (connection === "closed") this.#end();
        // The reason of a close is the code of its failure, where there is one.
        const failure = closed?.sentence === undefined ? undefined : failureOf(closed.reason, closed.sentence);
        this.#events.onChange({ type: "connection", connection, failure });
      },
    });
    for (const message of this.#unsent.splice(0)) this.#socket.send(message);
  }

  mute(muted: boolean): void {
    this.#muted = muted;
    this.#send({ type: "mute", muted });
    this.#events.onChange({ type: "mute", muted });
  }

  useTalkMode(mode: TalkMode): void {
    this.#talkMode = mode;
    this.#talking = false;
    this.#releasing = false;
    this.#send({ type: "talk-mode", mode });
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
    if (!this.#releasing) this.#send({ type: "talk", pressed });
    this.#releasing = false;
  }

  /** Words instead of speech: a whole turn. */
  say(text: string): void {
    this.#send({ type: "text", text });
  }

  /** A key of the keypad: a digit, `*` or `#`. */
  press(digit: string): void {
    this.#send({ type: "digit", digit });
  }

  /** Speaks into another microphone from now on. */
  async useMicrophone(deviceId: string): Promise<void> {
    if (!this.#microphone) return;
    // An iPhone has one microphone open at a time.
    this.#microphone.close();
    try {
      const microphone = await this.#openMicrophone(deviceId);
      if (this.#isOver) microphone.close();
      else this.#microphone = microphone;
    } catch (thrown) {
      this.#onMicrophoneLost(troubleOf(thrown).message);
    }
  }

  async useSpeaker(deviceId: string): Promise<void> {
    await useSpeaker(this.#context, deviceId);
  }

  setVolume(volume: number): void {
    this.#speaker?.setVolume(volume);
  }

  /** After the device had taken the sound away; best while a click is handled. */
  resume(): void {
    this.#context.resume().catch(() => {});
    this.#microphone?.resume();
  }

  /** Ends it from here: silence at once, and nothing listens any more. */
  hangUp(): void {
    this.#speaker?.clear();
    this.#isPlaying = false;
    this.#socket?.hangUp();
    this.#end();
    this.#events.onChange({ type: "hung-up" });
  }

  #send(message: CallerMessage): void {
    if (this.#socket) this.#socket.send(message);
    else this.#unsent.push(message);
  }

  async #openMicrophone(deviceId: string): Promise<Microphone> {
    const events = {
      onFrame: (frame: MicrophoneFrame): void => this.#onFrame(frame),
      onLost: ({ message }: Error): void => this.#onMicrophoneLost(message),
    };
    return Microphone.open(events, deviceId);
  }

  #onMicrophoneLost(sentence: string): void {
    this.#microphone?.close();
    this.#microphone = undefined;
    this.#events.onChange({ type: "microphone-lost", sentence });
  }

  /** Says that the call begins, and listens whether the microphone hears it. */
  #chime(): void {
    if (!this.#microphone) return;
    this.#echoCheck = new EchoCheck(this.#microphone.hasEchoCancellation);
    this.#playOnce(this.#echoCheck.chime);
  }

  #onFrame({ pcm16, levelDbfs }: MicrophoneFrame): void {
    this.#events.onChange({ type: "level", levelDbfs });
    if (this.#echoCheck) {
      // The chime is nothing that the caller said.
      const isLoud = this.#echoCheck.add(new Int16Array(pcm16));
      if (isLoud === undefined) return;
      this.#echoCheck = undefined;
      if (isLoud) this.#events.onChange({ type: "echo", isLoud });
      return;
    }
    const isWanted = this.#talkMode === "open" || this.#talking || this.#releasing;
    if (isWanted && !this.#muted) this.#socket?.sendSound(pcm16);
    if (!this.#releasing) return;
    this.#releasing = false;
    this.#send({ type: "talk", pressed: false });
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

  #playOnce(samples: Float32Array<ArrayBuffer>): void {
    const buffer = new AudioBuffer({ length: samples.length, sampleRate: SOUND_HZ });
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
    source.start();
  }

  #fail({ code, sentence }: CallFailure): void {
    this.#end();
    this.#events.onChange({ type: "failed", failure: { code, sentence } });
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

const failureOf = (reason: string, sentence: string): CallFailure => ({
  code: reason === "" ? null : reason,
  sentence,
});
