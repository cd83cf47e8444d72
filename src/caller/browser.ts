import { LIMITS } from "../limits.ts";
import { type CallMessage, parseCallerMessage, SOUND_BYTES_PER_MS } from "../protocol/call-messages.ts";
import type { CallerCommand, SoundRead, SoundWire } from "./caller-leg.ts";
import { nestsDeeperThan, storable } from "./frame-text.ts";

const UNREADABLE: SoundRead = { ok: false };
const IGNORED: SoundRead = { ok: true, event: { type: "ignored" } };
const PONG: SoundRead = { ok: true, reply: JSON.stringify({ type: "pong" } satisfies CallMessage) };
const BYTES_PER_SAMPLE = 2;

/** The browser's wire, of one socket: `protocol/call-messages.ts` in text frames, PCM16 at 24 kHz in binary ones. */
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

  read(frame: string | ArrayBuffer): SoundRead {
    if (typeof frame === "string") return this.#readMessage(frame);
    if (frame.byteLength === 0 || frame.byteLength % BYTES_PER_SAMPLE !== 0) return UNREADABLE;
    return { ok: true, sound: Buffer.from(frame).toString("base64") };
  }

  /** What is no base64 is passed over; nothing of it can fail. */
  writeSound(audioBase64: string): Uint8Array {
    const sound = Buffer.from(audioBase64, "base64");
    this.#sentBytes += sound.length;
    return sound;
  }

  /** The browser says by itself what it has played. */
  mark(): undefined {
    return undefined;
  }

  write(command: CallerCommand): string | undefined {
    const message = messageOf(command);
    return message && JSON.stringify(message);
  }

  #readMessage(text: string): SoundRead {
    if (nestsDeeperThan(text, LIMITS.frameDepth)) return UNREADABLE;
    const message = parseCallerMessage(text);
    switch (message?.type) {
      case "text": {
        const said = storable(message.text).trim();
        return said === "" ? IGNORED : { ok: true, event: { type: "utterance", text: said } };
      }
      case "digit":
        return { ok: true, event: { type: "dtmf", digit: message.digit } };
      case "mute":
        return { ok: true, event: { type: "mute", muted: message.muted } };
      case "talk-mode":
        return { ok: true, event: { type: "talk-mode", pushToTalk: message.mode === "push-to-talk" } };
      case "talk":
        return { ok: true, event: { type: "talk", pressed: message.pressed } };
      case "played": {
        // Nobody has received or heard what was not sent.
        const receivedBytes = Math.min(message.receivedMs * SOUND_BYTES_PER_MS, this.#sentBytes);
        this.#receivedBytes = Math.max(this.#receivedBytes, receivedBytes);
        return { ok: true, event: { type: "played", positionMs: Math.min(message.positionMs, this.sentMs) } };
      }
      case "ping":
        return PONG;
      case "end":
        return { ok: true, event: { type: "hang-up" } };
      case undefined:
        return UNREADABLE;
    }
  }
}

function messageOf(command: CallerCommand): CallMessage | undefined {
  switch (command.type) {
    case "start":
      return command.message;
    case "turn":
      return command.turn;
    case "state":
    case "caption":
    case "meter":
    case "clear":
      return command;
    case "error":
      return { type: "error", code: command.code, error: command.sentence };
    case "end":
      return { type: "call-end", endReason: command.endReason };
    case "speech":
    case "sound-end":
      return undefined;
  }
}
