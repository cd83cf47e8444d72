import { LIMITS } from "../limits.ts";
import type { CallerCommand, SoundRead, SoundWire } from "./caller-leg.ts";
import { isRecord, nestsDeeperThan, parseObject } from "./frame-text.ts";

/**
 * The Media Streams wire of Twilio, of one socket. Sound is mu-law at 8 kHz on both sides and is passed on undecoded.
 * The facts are Twilio's "WebSocket messages" page; see README.md for what it says.
 */

const UNREADABLE: SoundRead = { ok: false };
const IGNORED: SoundRead = { ok: true, event: { type: "ignored" } };
const HANG_UP: SoundRead = { ok: true, event: { type: "hang-up" } };

const BYTES_PER_MS = 8;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** Between two frames of 20 ms; more was left out by silence suppression or the network. */
const GAP_MS = 40;
/** A longer gap is no pause in speech any more. */
const LONGEST_GAP_MS = 10_000;
/** Three bytes of mu-law silence (0xFF) in base64. */
const SILENCE = "////";
const SILENCE_BYTES = 3;

export class MediaStreamsWire implements SoundWire {
  readonly format = "mulaw-8k";
  readonly maxFrameBytes = LIMITS.textFrameBytes;
  #streamSid: string | undefined;
  /** End of the last sound of the caller, in milliseconds of the stream; `undefined` before the first. */
  #heardUntilMs: number | undefined;
  #sentBytes = 0;
  #markedMs = 0;
  /** Grows with each `clear`: Twilio then echoes the marks of what was never played. */
  #generation = 0;

  get sentMs(): number {
    return this.#sentBytes / BYTES_PER_MS;
  }

  /** Marks tell what was played, which is long after it was received. */
  get unreceivedBytes(): undefined {
    return undefined;
  }

  read(frame: string | ArrayBuffer): SoundRead {
    if (typeof frame !== "string") return UNREADABLE;
    const message = nestsDeeperThan(frame, LIMITS.frameDepth) ? undefined : parseObject(frame);
    switch (message?.event) {
      case "media":
        return this.#readMedia(message.media);
      case "mark":
        return this.#readMark(message.mark);
      case "start":
        return this.#readStart(message.start);
      case "dtmf": {
        const digit = isRecord(message.dtmf) ? message.dtmf.digit : undefined;
        return typeof digit === "string" && /^[0-9*#A-D]$/.test(digit)
          ? { ok: true, event: { type: "dtmf", digit } }
          : UNREADABLE;
      }
      case "stop":
        return HANG_UP;
      default:
        return typeof message?.event === "string" ? IGNORED : UNREADABLE;
    }
  }

  /** The stream's name holds nothing to escape, and neither does base64. */
  writeSound(audioBase64: string): string {
    this.#sentBytes += bytesIn(audioBase64);
    return `{"event":"media","streamSid":"${this.#streamSid}","media":{"payload":"${audioBase64}"}}`;
  }

  mark(): string | undefined {
    return this.sentMs - this.#markedMs < LIMITS.markEveryMs ? undefined : this.#mark();
  }

  write(command: CallerCommand): string | undefined {
    if (this.#streamSid === undefined) return undefined;
    switch (command.type) {
      case "clear":
        this.#generation += 1;
        this.#markedMs = this.sentMs;
        return `{"event":"clear","streamSid":"${this.#streamSid}"}`;
      case "sound-end":
        return this.sentMs > this.#markedMs ? this.#mark() : undefined;
      default:
        return undefined;
    }
  }

  #mark(): string {
    this.#markedMs = this.sentMs;
    const name = `p${this.sentMs}:g${this.#generation}`;
    return `{"event":"mark","streamSid":"${this.#streamSid}","mark":{"name":"${name}"}}`;
  }

  #readStart(start: unknown): SoundRead {
    if (!isRecord(start) || this.#streamSid !== undefined) return UNREADABLE;
    const { streamSid, callSid } = start;
    if (typeof streamSid !== "string" || !/^[A-Za-z0-9]{1,64}$/.test(streamSid)) return UNREADABLE;
    if (typeof callSid !== "string" || !/^[A-Za-z0-9]{1,64}$/.test(callSid)) return UNREADABLE;
    this.#streamSid = streamSid;
    const event = { type: "leg-start", phoneCallId: callSid, greetedByCarrier: false, fromCarrier: true } as const;
    return { ok: true, event };
  }

  #readMedia(media: unknown): SoundRead {
    if (!isRecord(media) || this.#streamSid === undefined) return UNREADABLE;
    const { payload, timestamp, track } = media;
    if (track !== undefined && track !== "inbound") return IGNORED;
    if (typeof payload !== "string" || payload === "" || payload.length % 4 !== 0 || !BASE64.test(payload)) {
      return UNREADABLE;
    }
    const atMs = Number(timestamp);
    const gapMs = this.#heardUntilMs === undefined ? 0 : atMs - this.#heardUntilMs;
    if (Number.isFinite(atMs)) this.#heardUntilMs = atMs + bytesIn(payload) / BYTES_PER_MS;
    return { ok: true, sound: gapMs >= GAP_MS && gapMs <= LONGEST_GAP_MS ? silenceOf(gapMs) + payload : payload };
  }

  /** Echoed when all sound before it was played, and also when it was cleared. */
  #readMark(mark: unknown): SoundRead {
    const name = isRecord(mark) && typeof mark.name === "string" ? mark.name : "";
    const [, positionText, generation] = /^p(\d{1,9}(?:\.\d{1,6})?):g(\d{1,9})$/.exec(name) ?? [];
    if (positionText === undefined || Number(generation) !== this.#generation) return IGNORED;
    return { ok: true, event: { type: "played", positionMs: Math.min(Number(positionText), this.sentMs) } };
  }
}

/** Whole groups of base64, so that more can follow it. */
const silenceOf = (ms: number): string => SILENCE.repeat(Math.round((ms * BYTES_PER_MS) / SILENCE_BYTES));

/** Bytes that base64 stands for. */
function bytesIn(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}
