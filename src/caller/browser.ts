import { LIMITS } from "../limits.ts";
import { base64Bytes } from "../protocol/base64.ts";
import {
  type CallerMessage,
  type CallMessage,
  parseCallerMessage,
  SOUND_BYTES_PER_MS,
} from "../protocol/call-messages.ts";
import type { CallerCommand, CallerEvent, SoundRead, SoundWire } from "./caller-leg.ts";
import { nestsDeeperThan, storable } from "./frame-text.ts";

const UNREADABLE: SoundRead = { ok: false };
const PONG: SoundRead = { ok: true, reply: write({ type: "pong" }) };
const BYTES_PER_SAMPLE = 2;
const NOTHING = new Uint8Array(0);

/**
 * The browser's wire: PCM16 in binary frames, `protocol/call-messages.ts` in text frames. Base64 is Buffer's: of what both
 * Node 24 and workerd have, the fastest.
 */
export class BrowserWire implements SoundWire {
  readonly format = "pcm16-24k";
  readonly maxFrameBytes = LIMITS.soundFrameBytes;
  #sentBytes = 0;
  #receivedBytes = 0;

  get sentMs(): number {
    return this.#sentBytes / SOUND_BYTES_PER_MS;
  }

  get unreceivedBytes(): number {
    return this.#sentBytes - this.#receivedBytes;
  }

  /** Never throws. A frame of half a sample would turn all sound after it into noise: unreadable. */
  read(frame: string | ArrayBuffer): SoundRead {
    if (typeof frame === "string") return this.#readText(frame);
    const { byteLength } = frame;
    if (byteLength === 0 || byteLength % BYTES_PER_SAMPLE !== 0) return UNREADABLE;
    return { ok: true, sound: Buffer.from(frame).toString("base64") };
  }

  /** Empty, and nothing counted, for what is no base64 of whole samples: there is nothing to send then. */
  writeSound(audioBase64: string): Uint8Array {
    const bytes = Buffer.from(audioBase64, "base64");
    // Buffer leaves out what it cannot read, and so comes out short.
    if (bytes.length !== base64Bytes(audioBase64) || bytes.length % BYTES_PER_SAMPLE !== 0) return NOTHING;
    this.#sentBytes += bytes.length;
    return bytes;
  }

  /** The browser tells by itself what it has played. */
  mark(): undefined {
    return undefined;
  }

  write(command: CallerCommand): string | undefined {
    switch (command.type) {
      case "start":
        return write(command.message);
      case "turn":
        return write(command.turn);
      case "state":
      case "caption":
      case "meter":
      case "budget":
      case "clear":
        return write(command);
      case "error":
        return write({ type: "error", code: command.code, error: command.sentence });
      case "end":
        return write({ type: "call-end", endReason: command.endReason });
      case "speech":
      case "sound-end":
        return undefined;
    }
  }

  #readText(text: string): SoundRead {
    const message = nestsDeeperThan(text, LIMITS.frameDepth) ? undefined : parseCallerMessage(text);
    if (message === undefined) return UNREADABLE;
    return message.type === "ping" ? PONG : { ok: true, event: this.#eventOf(message) };
  }

  #eventOf(message: Exclude<CallerMessage, { type: "ping" }>): CallerEvent {
    switch (message.type) {
      case "text": {
        const text = storable(message.text).trim();
        return text === "" ? { type: "ignored" } : { type: "utterance", text };
      }
      case "digit":
        return { type: "dtmf", digit: message.digit };
      case "mute":
        return { type: "mute", muted: message.muted };
      case "talk-mode":
        return { type: "talk-mode", pushToTalk: message.mode === "push-to-talk" };
      case "talk":
        return { type: "talk", pressed: message.pressed };
      case "played": {
        // Nobody has received or heard what was not sent.
        const receivedBytes = Math.min(message.receivedMs * SOUND_BYTES_PER_MS, this.#sentBytes);
        this.#receivedBytes = Math.max(this.#receivedBytes, receivedBytes);
        return { type: "played", positionMs: Math.min(message.positionMs, this.sentMs) };
      }
      case "end":
        return { type: "hang-up" };
    }
  }
}

function write(message: CallMessage): string {
  return JSON.stringify(message);
}
