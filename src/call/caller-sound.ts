import { LIMITS } from "../limits.ts";

/** Which of the caller's sound is for the model: not while muted, with push-to-talk only while the button is held. */
export class CallerSound {
  isMuted = false;
  /** The model has heard the caller begin, and not yet end. */
  isSpeech = false;
  #pushToTalk = false;
  #pressedAtMs: number | undefined;
  #lastAtMs = 0;

  get pushToTalk(): boolean {
    return this.#pushToTalk;
  }

  /** Frame path. */
  takes(nowMs: number): boolean {
    this.#lastAtMs = nowMs;
    return !this.isMuted && (!this.#pushToTalk || this.#pressedAtMs !== undefined);
  }

  /** Nothing has come for so long that the model cannot hear the end of a speech. */
  isGap(nowMs: number): boolean {
    return this.isSpeech && nowMs - this.#lastAtMs >= LIMITS.soundGapMs;
  }

  /** Returns false when that is how it was. */
  setPushToTalk(on: boolean): boolean {
    if (on === this.#pushToTalk) return false;
    this.#pushToTalk = on;
    this.#pressedAtMs = undefined;
    return true;
  }

  /** Returns false when there is no button, or it is held already. */
  press(nowMs: number): boolean {
    if (!this.#pushToTalk || this.#pressedAtMs !== undefined) return false;
    this.#pressedAtMs = nowMs;
    return true;
  }

  /** How long the button was held, in milliseconds; `undefined`: it was not. */
  release(nowMs: number): number | undefined {
    const pressedAtMs = this.#pressedAtMs;
    this.#pressedAtMs = undefined;
    return pressedAtMs === undefined ? undefined : nowMs - pressedAtMs;
  }
}
