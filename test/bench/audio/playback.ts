/** A loudspeaker: sound that arrives is played in real time, one piece after the other. Pure but for the timers of marks. */

interface Mark {
  readonly timer: NodeJS.Timeout;
  readonly reached: () => void;
}

export class Playback {
  #receivedMs = 0;
  #endsAtMs = 0;
  readonly #marks = new Set<Mark>();

  get receivedMs(): number {
    return this.#receivedMs;
  }

  add(soundMs: number, nowMs: number): void {
    this.#receivedMs += soundMs;
    this.#endsAtMs = Math.max(this.#endsAtMs, nowMs) + soundMs;
  }

  /** Of all sound so far, what has been played, or thrown away by a `clear`. */
  playedMs(nowMs: number): number {
    return this.#receivedMs - Math.max(0, this.#endsAtMs - nowMs);
  }

  /** Calls back when everything received by now has been played, or is cleared. */
  atEnd(nowMs: number, reached: () => void): void {
    const waitMs = this.#endsAtMs - nowMs;
    if (waitMs <= 0) {
      reached();
      return;
    }
    const mark: Mark = {
      reached,
      timer: setTimeout(() => {
        this.#marks.delete(mark);
        reached();
      }, Math.ceil(waitMs)),
    };
    this.#marks.add(mark);
  }

  /** Throws away what is not played yet; every mark in it is reached at once, in order. */
  clear(nowMs: number): void {
    this.#endsAtMs = Math.min(this.#endsAtMs, nowMs);
    const marks = [...this.#marks];
    this.stop();
    for (const { reached } of marks) reached();
  }

  stop(): void {
    for (const { timer } of this.#marks) clearTimeout(timer);
    this.#marks.clear();
  }
}
