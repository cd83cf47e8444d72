import type { EventQueue } from "./event-queue.ts";

/** How fast connections are taken, and how far away everybody is. */
export interface ServerSpeed {
  /** Connections that can be taken in a second, by everything that all of them pass; `Infinity`: nothing is shared. */
  readonly connectsPerSecond: number;
  /** A connection that would wait longer in line is refused at once. */
  readonly lineMs: number;
  /** One way over the network, shortest and longest. */
  readonly wayMs: readonly [number, number];
  /** From an accepted connection to its first message: the object wakes and reads what it has kept. */
  readonly wakeMs: readonly [number, number];
}

/** Takes connections one after the other, and counts them by the second. */
export class SimulatedServer {
  readonly #queue: EventQueue;
  readonly #random: () => number;
  readonly #speed: ServerSpeed;
  #freeAtMs = 0;
  /** Tries that arrived in each second of the clock. */
  readonly #arrivals = new Map<number, number>();
  refused = 0;

  constructor(queue: EventQueue, random: () => number, speed: ServerSpeed) {
    this.#queue = queue;
    this.#random = random;
    this.#speed = speed;
  }

  /** Most tries that arrived within one second of the clock since then. */
  peakSince(ms: number): number {
    const seconds = [...this.#arrivals].filter(([second]) => second >= Math.floor(ms / 1_000));
    return Math.max(0, ...seconds.map(([, arrivals]) => arrivals));
  }

  /** One way over the network. */
  wayMs(): number {
    return between(this.#speed.wayMs, this.#random());
  }

  /** A try sets out; told when its first message is back, or that it was refused. Who has left meanwhile took a place all the same. */
  connect(told: (outcome: "taken" | "refused") => void): void {
    const { connectsPerSecond, lineMs, wakeMs } = this.#speed;
    this.#queue.after(this.wayMs(), () => {
      const { nowMs } = this.#queue;
      const second = Math.floor(nowMs / 1_000);
      this.#arrivals.set(second, (this.#arrivals.get(second) ?? 0) + 1);
      const waitMs = Math.max(0, this.#freeAtMs - nowMs);
      if (waitMs > lineMs) {
        this.refused += 1;
        this.#queue.after(this.wayMs(), () => told("refused"));
        return;
      }
      this.#freeAtMs = nowMs + waitMs + 1_000 / connectsPerSecond;
      const answerMs = waitMs + between(wakeMs, this.#random()) + this.wayMs();
      this.#queue.after(answerMs, () => told("taken"));
    });
  }
}

const between = ([least, most]: readonly [number, number], share: number): number => least + (most - least) * share;
