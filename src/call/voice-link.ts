import { LIMITS } from "../limits.ts";
import type { VoiceRequest } from "../model/voice-leg.ts";
import type { CallCommand } from "./call-events.ts";

/** A second try after a loss waits a little; the first does not. */
const SECOND_TRY_MS = 1_000;

/**
 * The call's line to the model: one session after the other. Each has a number, and what an older one still reports is
 * dropped.
 */
export class VoiceLink {
  readonly #emit: (command: CallCommand) => void;
  #number = 0;
  #state: "closed" | "opening" | "ready" = "closed";
  #openedAtMs = 0;
  #lostInARow = 0;

  constructor(emit: (command: CallCommand) => void) {
    this.#emit = emit;
  }

  get isOpen(): boolean {
    return this.#state !== "closed";
  }

  get isReady(): boolean {
    return this.#state === "ready";
  }

  get openedAtMs(): number {
    return this.#openedAtMs;
  }

  isCurrent(session: number): boolean {
    return this.isOpen && session === this.#number;
  }

  open(request: VoiceRequest, nowMs: number): void {
    this.#number += 1;
    this.#state = "opening";
    this.#openedAtMs = nowMs;
    const afterMs = this.#lostInARow > 1 ? SECOND_TRY_MS : 0;
    this.#emit({ type: "open-voice", session: this.#number, request, afterMs });
  }

  ready(): void {
    this.#state = "ready";
  }

  /** An answer came through: what was lost before does not count any more. */
  proven(): void {
    this.#lostInARow = 0;
  }

  /** The session is gone; returns whether another try is worth it. */
  lost(): boolean {
    this.#state = "closed";
    this.#lostInARow += 1;
    return this.#lostInARow <= LIMITS.voiceReconnects;
  }

  /** `drain`: what the session still owes is taken for a moment. */
  close(drain: boolean): void {
    if (!this.isOpen) return;
    if (!drain) this.#state = "closed";
    this.#emit({ type: "close-voice", drain });
  }
}
