import { LIMITS } from "../limits.ts";
import type { CallCommand } from "./call-events.ts";

/** Collects keys into one entry: `#` or a pause ends it. Keeps at most so many digits of a call. */
export class Keypad {
  readonly #emit: (command: CallCommand) => void;
  #digits = "";
  #total = 0;

  constructor(emit: (command: CallCommand) => void) {
    this.#emit = emit;
  }

  /** A key was pressed; returns the entry as the caller's words if this ends it. */
  press(digit: string): string | undefined {
    if (this.#total >= LIMITS.dtmfDigitsPerCall) return undefined;
    this.#total += 1;
    this.#digits += digit;
    if (digit === "#" || this.#total === LIMITS.dtmfDigitsPerCall) return this.take();
    this.#emit({ type: "timer", timer: "dtmf", afterMs: LIMITS.dtmfPauseMs });
    return undefined;
  }

  /** The entry so far, as the caller's words; empties it. */
  take(): string | undefined {
    const digits = this.#digits;
    this.#digits = "";
    this.#emit({ type: "timer", timer: "dtmf", afterMs: null });
    return digits === "" ? undefined : `(pressed on the keypad: ${digits})`;
  }
}
