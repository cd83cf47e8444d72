import { describe, expect, it } from "vitest";
import { resample } from "./resample.ts";

const SECONDS = 0.5;
const tone = (hz: number, rateHz: number): Int16Array =>
  Int16Array.from({ length: rateHz * SECONDS }, (_, index) =>
    Math.round(10_000 * Math.sin((2 * Math.PI * hz * index) / rateHz)),
  );

/** Loudness without the ends, where the filter reaches over the edge. */
function levelOf(samples: Int16Array): number {
  const inner = samples.subarray(samples.length / 10, samples.length * 0.9);
  return Math.sqrt(inner.reduce((sum, sample) => sum + sample * sample, 0) / inner.length);
}

function differenceOf(one: Int16Array, other: Int16Array): number {
  return levelOf(one.map((sample, index) => sample - (other[index] ?? 0)));
}

const FULL = 10_000 / Math.SQRT2;

describe("resample", () => {
  it.each([
    [300, 24_000],
    [1_000, 24_000],
    [5_000, 24_000],
    [300, 8_000],
    [1_000, 8_000],
    [3_000, 8_000],
  ])("STANDIN-21 a tone of %i Hz at 16 kHz is the same tone at %i Hz", (hz, rateHz) => {
    const made = resample(tone(hz, 16_000), 16_000, rateHz);
    expect(made.length).toBe(rateHz * SECONDS);
    // Less than 1 % of it is anything else: 40 dB down.
    expect(differenceOf(made, tone(hz, rateHz))).toBeLessThan(FULL / 100);
  });

  it("STANDIN-21 what 8 kHz cannot hold is gone instead of folded back", () => {
    expect(levelOf(resample(tone(6_000, 16_000), 16_000, 8_000))).toBeLessThan(FULL / 1_000);
  });

  it("STANDIN-21 the loudest samples are clipped, not wrapped", () => {
    const square = Int16Array.from({ length: 1_600 }, (_, index) => (index % 160 < 80 ? 32_767 : -32_768));
    const made = resample(square, 16_000, 24_000);
    // A wrapped sample would change its sign in the middle of a plateau.
    for (let index = 24; index < 96; index += 1) expect(made[240 + index]).toBeGreaterThan(20_000);
  });
});
