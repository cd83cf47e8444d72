/** Nothing came for so long: the other side is asked for a sign. Nothing came for so long again: the line is dead. */
const QUIET_MS = 5_000;

/**
 * Notices a line that is dead without having closed, as after a change of network. Hearing costs no timer, only a look at
 * the clock. A page whose timers were held up (asleep, in the background) asks first too, and does not take its own
 * absence for the other side's.
 */
export class Heartbeat {
  readonly #world: { nowMs(): number; startTimer(run: () => void, afterMs: number): () => void };
  readonly #events: { readonly onQuiet: () => void; readonly onDead: () => void };
  #heardAtMs = 0;
  #askedAtMs: number | undefined;
  #stop: () => void = () => {};

  constructor(
    world: { nowMs(): number; startTimer(run: () => void, afterMs: number): () => void },
    events: { readonly onQuiet: () => void; readonly onDead: () => void },
  ) {
    this.#world = world;
    this.#events = events;
  }

  start(): void {
    this.heard();
    this.#look(QUIET_MS);
  }

  stop(): void {
    this.#stop();
  }

  /** A frame of any kind has come. */
  heard(): void {
    this.#heardAtMs = this.#world.nowMs();
    this.#askedAtMs = undefined;
  }

  #look(afterMs: number): void {
    this.#stop();
    this.#stop = this.#world.startTimer(() => this.#check(), afterMs);
  }

  #check(): void {
    const nowMs = this.#world.nowMs();
    const leftMs = (this.#askedAtMs ?? this.#heardAtMs) + QUIET_MS - nowMs;
    if (leftMs > 0) {
      this.#look(leftMs);
    } else if (this.#askedAtMs === undefined) {
      this.#askedAtMs = nowMs;
      this.#look(QUIET_MS);
      this.#events.onQuiet();
    } else {
      this.#events.onDead();
    }
  }
}
