import { BYTES_PER_MS } from "./realtime-session.ts";
import type { SoundFormat } from "./voice-leg.ts";

/** Items whose sound is remembered: what is truncated is one of the last. */
const ITEMS = 64;

/** How much sound of each item has come: OpenAI refuses to truncate behind the end. */
export class ReceivedSound {
  readonly #bytesPerMs: number;
  readonly #bytes = new Map<string, number>();

  constructor(format: SoundFormat) {
    this.#bytesPerMs = BYTES_PER_MS[format];
  }

  /** Frame path. Returns whether it is the first of its item. */
  add(itemId: string, audioBase64: string): boolean {
    const before = this.#bytes.get(itemId);
    this.#bytes.set(itemId, (before ?? 0) + bytesOf(audioBase64));
    if (before !== undefined) return false;
    const [oldest] = this.#bytes.keys();
    if (this.#bytes.size > ITEMS && oldest !== undefined) this.#bytes.delete(oldest);
    return true;
  }

  /** In whole milliseconds; 0 for an item without sound. */
  msOf(itemId: string): number {
    return Math.floor((this.#bytes.get(itemId) ?? 0) / this.#bytesPerMs);
  }
}

/** Four characters are three bytes, less the padding. */
function bytesOf(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.floor((base64.length * 3) / 4) - padding;
}
