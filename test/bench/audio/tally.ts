/** What became of the frames of one call: pure counting, one tally a call. */
import type { ReceivedFrame } from "./frames.ts";

export interface Tally {
  readonly sent: number;
  readonly received: number;
  /** Sent and not come back, by now. */
  readonly lost: number;
  /** Come twice, or behind a later one. */
  readonly outOfOrder: number;
  /** Another call's. */
  readonly misrouted: number;
  /** Come back with other bytes. */
  readonly changed: number;
}

export class FrameTally {
  readonly #call: number;
  #sent = 0;
  #received = 0;
  #lastSeq = -1;
  #outOfOrder = 0;
  #misrouted = 0;
  #changed = 0;

  constructor(call: number) {
    this.#call = call;
  }

  /** The number of the frame that is sent next. */
  nextSeq(): number {
    const seq = this.#sent;
    this.#sent += 1;
    return seq;
  }

  /** Returns whether this is a frame of this call, come for the first time and in its turn. */
  receive({ call, seq, intact }: ReceivedFrame): boolean {
    if (call !== this.#call) {
      this.#misrouted += 1;
      return false;
    }
    if (seq <= this.#lastSeq) {
      this.#outOfOrder += 1;
      return false;
    }
    this.#lastSeq = seq;
    this.#received += 1;
    if (!intact) this.#changed += 1;
    return true;
  }

  read(): Tally {
    return {
      sent: this.#sent,
      received: this.#received,
      lost: this.#sent - this.#received,
      outOfOrder: this.#outOfOrder,
      misrouted: this.#misrouted,
      changed: this.#changed,
    };
  }
}

export const NO_FRAMES: Tally = { sent: 0, received: 0, lost: 0, outOfOrder: 0, misrouted: 0, changed: 0 };

export const addTallies = (a: Tally, b: Tally): Tally => ({
  sent: a.sent + b.sent,
  received: a.received + b.received,
  lost: a.lost + b.lost,
  outOfOrder: a.outOfOrder + b.outOfOrder,
  misrouted: a.misrouted + b.misrouted,
  changed: a.changed + b.changed,
});
