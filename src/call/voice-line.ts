import type { CallerCommand, SoundWire } from "../caller/caller-leg.ts";
import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { StartTimer } from "../model/responses.ts";
import type { SoundFormat, VoiceListener, VoiceRequest, VoiceSession } from "../model/voice-leg.ts";
import type { CallCommand, CallEvent } from "./call-events.ts";
import type { VoiceTurns } from "./voice-turns.ts";

export interface VoicePorts {
  readonly nowMs: () => number;
  readonly startTimer: StartTimer;
  /** Begins a session with the model, dialled after so long; what goes wrong is reported to its listener. */
  readonly openVoice: (request: VoiceRequest, afterMs: number, listener: VoiceListener) => VoiceSession;
  /** A failure's sentence as pieces of sound in base64; `undefined`: there is none. */
  readonly loadSpoken: (reason: Reason, format: SoundFormat) => Promise<readonly string[] | undefined>;
  /** Whether there is money for what the caller's sound may lead to. Absent: nobody asks. */
  readonly isFunded?: () => boolean;
}

/** Where the call's sound leaves: the socket that the caller is on. */
export interface SoundOutlet {
  readonly wire: SoundWire;
  /** Whether the caller listens fast enough for one more frame of sound. */
  hasRoom(): boolean;
  send(frame: string | ArrayBuffer | Uint8Array): void;
}

export type VoiceLineCommand = Extract<
  CallCommand,
  { type: "open-voice" | "voice" | "close-voice" | "fill-silence" | "play-sentence" }
>;

/** Base64 characters of a millisecond of sound. */
const CHARACTERS_PER_MS: Readonly<Record<SoundFormat, number>> = { "mulaw-8k": (8 * 4) / 3, "pcm16-24k": (48 * 4) / 3 };
/** One character stands for silence in each format: 0xFF in mu-law, 0 in PCM. */
const SILENCE: Readonly<Record<SoundFormat, string>> = { "mulaw-8k": "/", "pcm16-24k": "A" };

/**
 * Where sound runs: from the caller's wire to the model's session and back. Per piece there is no await, no storage and
 * no log. What comes before there is a session is kept for it.
 */
export class VoiceLine {
  readonly format: SoundFormat;
  readonly #turns: VoiceTurns;
  readonly #ports: VoicePorts;
  readonly #dispatch: (event: CallEvent) => void;
  #outlet: SoundOutlet | undefined;
  #session: VoiceSession | undefined;
  #cancelDrain: (() => void) | undefined;
  #early: string[] = [];
  #earlyCharacters = 0;
  /** Counts what makes a sentence that is still being loaded void. */
  #sentence = 0;

  constructor(format: SoundFormat, turns: VoiceTurns, ports: VoicePorts, dispatch: (event: CallEvent) => void) {
    this.format = format;
    this.#turns = turns;
    this.#ports = ports;
    this.#dispatch = dispatch;
  }

  /** The caller is on another socket now; `undefined`: on none. */
  attach(outlet: SoundOutlet | undefined): void {
    this.#outlet = outlet;
  }

  /** What is not sound, in the words of the caller's wire. */
  write(command: CallerCommand): void {
    if (command.type === "clear") this.#sentence += 1;
    const frame = this.#outlet?.wire.write(command);
    if (frame !== undefined) this.#outlet?.send(frame);
  }

  /** Frame path: a piece of the caller's sound. */
  fromCaller(audioBase64: string, nowMs: number): void {
    if (!this.#turns.takesSound(nowMs) || this.#ports.isFunded?.() === false) return;
    if (this.#session) this.#session.append(audioBase64);
    else this.#keepEarly(audioBase64);
  }

  execute(command: VoiceLineCommand): void {
    switch (command.type) {
      case "open-voice":
        this.#open(command);
        return;
      case "voice":
        this.#session?.do(command.command);
        return;
      case "close-voice":
        if (!command.drain) this.#close();
        else this.#cancelDrain ??= this.#ports.startTimer(() => this.#close(), LIMITS.voiceDrainMs);
        return;
      case "fill-silence":
        this.#session?.append(
          SILENCE[this.format].repeat(4 * Math.ceil((command.ms * CHARACTERS_PER_MS[this.format]) / 4)),
        );
        return;
      case "play-sentence":
        void this.#play(command.reason);
        return;
    }
  }

  #open({ session: number, request, afterMs }: Extract<CallCommand, { type: "open-voice" }>): void {
    this.#takeBack();
    this.#close();
    const session = this.#ports.openVoice(request, afterMs, {
      onEvent: (event) => {
        if (event.type === "lost" && session === this.#session) {
          this.#takeBack();
          this.#close();
        }
        this.#dispatch({ type: "voice", session: number, event });
      },
      onSound: (responseId, itemId, audioBase64) => this.#fromModel(responseId, itemId, audioBase64),
    });
    this.#session = session;
    for (const audioBase64 of this.#early.splice(0)) session.append(audioBase64);
    this.#earlyCharacters = 0;
  }

  /** Frame path: a piece of the agent's sound. */
  #fromModel(responseId: string, itemId: string, audioBase64: string): void {
    const answer = this.#turns.audible(responseId);
    if (!answer) return;
    const sentMs = this.#send(audioBase64);
    if (sentMs > 0) this.#turns.answers.soundSent(answer, itemId, sentMs, this.#ports.nowMs);
  }

  /** Returns how many milliseconds of sound left us. */
  #send(audioBase64: string): number {
    const outlet = this.#outlet;
    if (!outlet?.hasRoom()) return 0;
    const { wire } = outlet;
    const beforeMs = wire.sentMs;
    const frame = wire.writeSound(audioBase64);
    // What is no sound to this wire is not sent: an empty frame is an error to Twilio.
    if (wire.sentMs === beforeMs) return 0;
    outlet.send(frame);
    const mark = wire.mark();
    if (mark !== undefined) outlet.send(mark);
    return wire.sentMs - beforeMs;
  }

  async #play(reason: Reason): Promise<void> {
    this.#sentence += 1;
    const sentence = this.#sentence;
    const pieces = await this.#ports.loadSpoken(reason, this.format);
    if (sentence !== this.#sentence) return;
    for (const piece of pieces ?? []) {
      const sentMs = this.#send(piece);
      if (sentMs > 0) this.#turns.answers.playback.sent(`spoken:${sentence}`, sentMs);
    }
    this.#dispatch({ type: "sentence-end", sent: pieces !== undefined && this.#outlet !== undefined });
  }

  #close(): void {
    this.#cancelDrain?.();
    this.#cancelDrain = undefined;
    this.#session?.close();
    this.#session = undefined;
  }

  /** What the session was given and has not sent is for the next one, and so is what comes until then. */
  #takeBack(): void {
    const unsent = [...(this.#session?.takeUnsent() ?? []), ...this.#early.splice(0)];
    this.#earlyCharacters = 0;
    for (const audioBase64 of unsent) this.#keepEarly(audioBase64);
  }

  /** The oldest goes when it is too much: a call that waits so long has other troubles. */
  #keepEarly(audioBase64: string): void {
    this.#early.push(audioBase64);
    this.#earlyCharacters += audioBase64.length;
    const most = LIMITS.soundWhileConnectingMs * CHARACTERS_PER_MS[this.format];
    while (this.#earlyCharacters > most) this.#earlyCharacters -= this.#early.shift()?.length ?? most;
  }
}
