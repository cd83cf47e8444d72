import { LIMITS } from "../limits.ts";

/** What callers say in words, before the call is ready for it and at what rate. */
export class Utterances {
  #early: string[] = [];
  /** When the last ones came. */
  #atMs: number[] = [];

  /** Counts one; true when they come faster than anybody talks. */
  isTooFast(nowMs: number): boolean {
    this.#atMs = [...this.#atMs.filter((atMs) => atMs > nowMs - 60_000), nowMs];
    return this.#atMs.length > LIMITS.utterancesPerMinute;
  }

  /** Kept for when the call is ready. */
  keep(text: string): void {
    if (this.#early.length < LIMITS.utterancesWhileConnecting) this.#early.push(text);
  }

  takeEarly(): string[] {
    return this.#early.splice(0);
  }
}
