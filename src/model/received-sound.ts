import { base64Bytes } from "../protocol/base64.ts";
import { BYTES_PER_MS } from "./realtime-session.ts";
import type { SoundFormat } from "./voice-leg.ts";

/** Items whose sound is remembered: what is truncated is one of the last. */
const ITEMS = 64;

interface Item {
  readonly itemId: string;
  bytes: number;
}

/** How much sound of each item has come: OpenAI refuses to truncate behind the end. */
export class ReceivedSound {
  readonly #bytesPerMs: number;
  readonly #items = new Map<string, Item>();
  /** The one that came last: the next piece is mostly of the same. */
  #newest: Item | undefined;

  constructor(format: SoundFormat) {
    this.#bytesPerMs = BYTES_PER_MS[format];
  }

  /** Frame path. Returns whether it is the first of its item. */
  add(itemId: string, audioBase64: string): boolean {
    const bytes = base64Bytes(audioBase64);
    const known = this.#newest?.itemId === itemId ? this.#newest : this.#items.get(itemId);
    if (known) {
      this.#newest = known;
      known.bytes += bytes;
      return false;
    }
    this.#newest = { itemId, bytes };
    this.#items.set(itemId, this.#newest);
    const [oldest] = this.#items.keys();
    if (this.#items.size > ITEMS && oldest !== undefined) this.#items.delete(oldest);
    return true;
  }

  /** In whole milliseconds; 0 for an item without sound. */
  msOf(itemId: string): number {
    return Math.floor((this.#items.get(itemId)?.bytes ?? 0) / this.#bytesPerMs);
  }
}
