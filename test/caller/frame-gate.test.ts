import { describe, expect, it } from "vitest";
import { FrameGate } from "../../src/caller/frame-gate.ts";
import { LIMITS } from "../../src/limits.ts";

describe("what one socket may send", () => {
  it("GATE-1 is a burst, and then so many frames a second", () => {
    const gate = new FrameGate(0);
    for (let frame = 0; frame < LIMITS.framesBurst; frame++) expect(gate.check("{}", 0)).toBeUndefined();
    expect(gate.check("{}", 0)).toBe("too_many_frames");
    expect(gate.check("{}", 1_000 / LIMITS.framesPerSecond)).toBeUndefined();
    expect(gate.check("{}", 1_000 / LIMITS.framesPerSecond)).toBe("too_many_frames");
    let taken = 0;
    for (let ms = 1_000; ms < 11_000; ms++) if (gate.check("{}", ms) === undefined) taken += 1;
    expect(taken).toBeLessThanOrEqual(10 * LIMITS.framesPerSecond + LIMITS.framesBurst);
    expect(taken).toBeGreaterThan(9 * LIMITS.framesPerSecond);
  });

  it("GATE-2 is frames of at most so many bytes, counted in UTF-8", () => {
    const most = LIMITS.textFrameBytes;
    const gate = new FrameGate(0);
    expect(gate.check("a".repeat(most), 0)).toBeUndefined();
    expect(gate.check("a".repeat(most + 1), 0)).toBe("frame_too_large");
    expect(gate.check("é".repeat(most / 2), 0)).toBeUndefined();
    expect(gate.check("漢".repeat(most / 3 + 1), 0)).toBe("frame_too_large");
    expect(gate.check(new ArrayBuffer(most + 1), 0)).toBe("frame_too_large");
  });

  it("GATE-3 is not too many unreadable frames in a row", () => {
    const gate = new FrameGate(0);
    for (let frame = 1; frame < LIMITS.badFramesInARow; frame++) expect(gate.read(false)).toBeUndefined();
    expect(gate.read(true)).toBeUndefined();
    for (let frame = 1; frame < LIMITS.badFramesInARow; frame++) expect(gate.read(false)).toBeUndefined();
    expect(gate.read(false)).toBe("bad_frame");
  });

  it("GATE-4 is not stopped by a clock that steps back", () => {
    const gate = new FrameGate(10_000);
    expect(gate.check("{}", 5_000)).toBeUndefined();
    expect(gate.check("{}", 5_100)).toBeUndefined();
  });
});
