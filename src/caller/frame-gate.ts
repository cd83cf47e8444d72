import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";

/** What one socket may send: so large, so often, and not unreadable too many times in a row. */
export class FrameGate {
  #tokens: number = LIMITS.framesBurst;
  #filledAtMs: number;
  #badInARow = 0;
  readonly #binaryBytes: number;

  /** `binaryBytes`: the longest binary frame, where that differs from text. */
  constructor(nowMs: number, binaryBytes: number = LIMITS.textFrameBytes) {
    this.#filledAtMs = nowMs;
    this.#binaryBytes = binaryBytes;
  }

  /** Checks a frame before it is parsed; a reason closes the socket. */
  check(frame: string | ArrayBuffer, nowMs: number): Reason | undefined {
    const sinceMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(LIMITS.framesBurst, this.#tokens + (sinceMs * LIMITS.framesPerSecond) / 1_000);
    if (this.#tokens < 1) return "too_many_frames";
    this.#tokens -= 1;
    const bytes = typeof frame === "string" ? LIMITS.textFrameBytes : this.#binaryBytes;
    return isLargerThan(frame, bytes) ? "frame_too_large" : undefined;
  }

  /** Counts a frame that could or could not be read; a reason closes the socket. */
  read(isReadable: boolean): Reason | undefined {
    this.#badInARow = isReadable ? 0 : this.#badInARow + 1;
    return this.#badInARow >= LIMITS.badFramesInARow ? "bad_frame" : undefined;
  }
}

/** Bytes of UTF-8, counted only when the characters do not decide it already (one is 1 to 3 bytes). */
function isLargerThan(frame: string | ArrayBuffer, bytes: number): boolean {
  if (typeof frame !== "string") return frame.byteLength > bytes;
  if (frame.length > bytes) return true;
  return frame.length * 3 > bytes && new TextEncoder().encode(frame).length > bytes;
}
