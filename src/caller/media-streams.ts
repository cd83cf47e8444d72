import { LIMITS } from "../limits.ts";
import { base64Bytes, isBase64 } from "../protocol/base64.ts";
import type { CallerCommand, CallerEvent, SoundRead, SoundWire } from "./caller-leg.ts";
import { type Frame, isDigit, isRecord, nestsDeeperThan, parseObject } from "./frame-text.ts";

/** Mu-law at 8 kHz: one byte a sample. */
const BYTES_PER_MS = 8;
/** Twilio's pace: a frame in 20 ms. */
const FRAME_MS = 20;
/** A longer gap is an outage, not a pause: so much of it is filled. */
const MOST_SILENCE_MS = 10_000;
/** Three bytes of 0xFF, mu-law's silence, as a whole group of base64: any number of them may stand before a payload. */
const SILENT_GROUP = "////";
const SILENT_GROUP_BYTES = 3;

/**
 * A frame of sound up to its payload, to the letter as Twilio's page shows it. A frame that begins like this, goes on in
 * base64 and ends with its stream's id is read without a parse; any other, of the same meaning or none, is parsed.
 */
const USUAL_HEAD =
  /^\{"event":"media","sequenceNumber":"\d{1,12}","media":\{"track":"inbound","chunk":"\d{1,12}","timestamp":"(\d{1,12})","payload":"/;

const UNREADABLE: SoundRead = { ok: false };
const IGNORED: SoundRead = { ok: true, event: { type: "ignored" } };
const happened = (event: CallerEvent): SoundRead => ({ ok: true, event });

/**
 * Twilio's bidirectional Media Streams, for one socket: mu-law in base64 is passed through both ways, never decoded. Facts:
 * Twilio's page "Media Streams WebSocket messages". What was heard comes back as marks. After a `clear` Twilio echoes all
 * marks at once, as if they had been played: each carries a generation, and only those of the newest one count.
 */
export class MediaStreamsWire implements SoundWire {
  readonly format = "mulaw-8k";
  readonly maxFrameBytes = LIMITS.textFrameBytes;
  #streamSid: string | undefined;
  /** What stands before the payload in a frame of ours, and behind it in one of Twilio's. */
  #head = "";
  #tail = "";
  #sentBytes = 0;
  #markedBytes = 0;
  #generation = 0;
  /** Where on the stream's own clock the next sound is due. */
  #dueMs: number | undefined;

  get sentMs(): number {
    return this.#sentBytes / BYTES_PER_MS;
  }

  /** Marks tell what was played, which is long after it was received. */
  get unreceivedBytes(): undefined {
    return undefined;
  }

  /** Never throws. What belongs to no stream, or to another than the socket began with, is unreadable. */
  read(frame: string | ArrayBuffer): SoundRead {
    if (typeof frame !== "string") return UNREADABLE;
    const sound = this.#readUsual(frame);
    if (sound !== undefined) return { ok: true, sound };
    if (nestsDeeperThan(frame, LIMITS.frameDepth)) return UNREADABLE;
    const message = parseObject(frame);
    if (typeof message?.event !== "string") return UNREADABLE;
    if (message.event === "connected") return IGNORED;
    if (message.event === "start") return this.#readStart(message);
    if (this.#streamSid === undefined || message.streamSid !== this.#streamSid) return UNREADABLE;
    switch (message.event) {
      case "media":
        return this.#readMedia(message.media);
      case "mark":
        return this.#readMark(message.mark);
      case "dtmf": {
        const digit = isRecord(message.dtmf) ? message.dtmf.digit : undefined;
        return isDigit(digit) ? happened({ type: "dtmf", digit }) : UNREADABLE;
      }
      case "stop":
        return happened({ type: "hang-up" });
      default:
        return IGNORED;
    }
  }

  /**
   * Empty, and nothing counted, for what is no base64, or before the stream has begun: there is nothing to send then. Put
   * together without escaping: neither base64 nor a stream's id has anything to escape.
   */
  writeSound(audioBase64: string): string {
    if (this.#streamSid === undefined || !isBase64(audioBase64)) return "";
    this.#sentBytes += base64Bytes(audioBase64);
    return `${this.#head}${audioBase64}"}}`;
  }

  mark(): string | undefined {
    return this.#sentBytes - this.#markedBytes >= LIMITS.markEveryMs * BYTES_PER_MS ? this.#mark() : undefined;
  }

  write(command: CallerCommand): string | undefined {
    if (this.#streamSid === undefined) return undefined;
    switch (command.type) {
      case "clear":
        this.#generation += 1;
        // What was sent so far is void, and nobody waits to hear of it.
        this.#markedBytes = this.#sentBytes;
        return `{"event":"clear","streamSid":"${this.#streamSid}"}`;
      case "sound-end":
        return this.#sentBytes > this.#markedBytes ? this.#mark() : undefined;
      default:
        return undefined;
    }
  }

  #mark(): string {
    this.#markedBytes = this.#sentBytes;
    const name = `p${this.sentMs}:g${this.#generation}`;
    return `{"event":"mark","streamSid":"${this.#streamSid}","mark":{"name":"${name}"}}`;
  }

  #readStart({ start, streamSid: outerSid }: Frame): SoundRead {
    if (!isRecord(start)) return UNREADABLE;
    const { streamSid = outerSid, callSid, mediaFormat } = start;
    if (!isSid(streamSid) || !isSid(callSid) || !isOurFormat(mediaFormat)) return UNREADABLE;
    if (outerSid !== undefined && outerSid !== streamSid) return UNREADABLE;
    if (this.#streamSid !== undefined) return streamSid === this.#streamSid ? IGNORED : UNREADABLE;
    this.#streamSid = streamSid;
    this.#head = `{"event":"media","streamSid":"${streamSid}","media":{"payload":"`;
    this.#tail = `"},"streamSid":"${streamSid}"}`;
    return happened({ type: "leg-start", phoneCallId: callSid, greetedByCarrier: false, fromCarrier: true });
  }

  /** Frame path. `undefined`: to be parsed. */
  #readUsual(frame: string): string | undefined {
    if (this.#streamSid === undefined || frame.length > LIMITS.textFrameBytes) return undefined;
    if (!frame.endsWith(this.#tail)) return undefined;
    const head = USUAL_HEAD.exec(frame);
    if (head === null) return undefined;
    const from = head[0].length;
    const to = frame.length - this.#tail.length;
    return isBase64(frame, from, to) ? this.#withSilence(Number(head[1]), frame.slice(from, to)) : undefined;
  }

  #readMedia(media: unknown): SoundRead {
    if (!isRecord(media)) return UNREADABLE;
    const { track, payload, timestamp } = media;
    if (typeof payload !== "string" || payload.length > LIMITS.textFrameBytes || !isBase64(payload)) return UNREADABLE;
    if (track !== "inbound") return IGNORED;
    const atMs = typeof timestamp === "string" && /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : undefined;
    return { ok: true, sound: this.#withSilence(atMs, payload) };
  }

  /**
   * Sound behind what the carrier did not send before it, in silence or by loss: a vad that hears no time pass would never
   * end a turn. A frame without a time is taken as it comes.
   */
  #withSilence(atMs: number | undefined, payload: string): string {
    if (atMs === undefined) return payload;
    const gapMs = this.#dueMs === undefined ? 0 : atMs - this.#dueMs;
    this.#dueMs = Math.max(this.#dueMs ?? 0, atMs + base64Bytes(payload) / BYTES_PER_MS);
    if (gapMs <= FRAME_MS) return payload;
    const silentBytes = Math.min(gapMs, MOST_SILENCE_MS) * BYTES_PER_MS;
    return SILENT_GROUP.repeat(Math.floor(silentBytes / SILENT_GROUP_BYTES)) + payload;
  }

  #readMark(mark: unknown): SoundRead {
    if (!isRecord(mark) || typeof mark.name !== "string") return UNREADABLE;
    const [, position, generation] = mark.name.match(/^p(\d{1,9}(?:\.\d{1,3})?):g(\d{1,9})$/) ?? [];
    if (position === undefined || Number(generation) !== this.#generation) return IGNORED;
    // Nobody has heard what was not sent.
    return happened({ type: "played", positionMs: Math.min(Number(position), this.sentMs) });
  }
}

const isSid = (value: unknown): value is string => typeof value === "string" && /^[A-Za-z0-9]{1,64}$/.test(value);

/** What is not said is as documented. Any other format would be heard as noise. */
function isOurFormat(format: unknown): boolean {
  if (format === undefined) return true;
  if (!isRecord(format)) return false;
  return format.encoding === "audio/x-mulaw" && format.sampleRate === 8_000 && format.channels === 1;
}
