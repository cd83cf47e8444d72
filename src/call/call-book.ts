import type { CallCommand, CallProgress } from "./call-events.ts";

/** What a call remembers of itself: every change is kept before anything that follows from it leaves. */
export class CallBook {
  readonly #emit: (command: CallCommand) => void;
  #progress: CallProgress;

  constructor(progress: CallProgress, emit: (command: CallCommand) => void) {
    this.#progress = progress;
    this.#emit = emit;
  }

  get progress(): CallProgress {
    return this.#progress;
  }

  keep(fields: Partial<CallProgress>): void {
    this.#progress = { ...this.#progress, ...fields };
    this.#emit({ type: "keep-progress", progress: this.#progress });
  }
}
