import { describe, expect, it } from "vitest";
import { levelOf } from "../../src/web/pcm.ts";
import { Resampler, resampleAll } from "../../src/web/resampler.ts";

const RATES_HZ = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 47_999, 48_000, 88_200, 96_000];

const sine = (toneHz: number, rateHz: number, seconds = 0.5): Float32Array =>
  Float32Array.from({ length: Math.round(seconds * rateHz) }, (_, index) =>
    Math.sin((2 * Math.PI * toneHz * index) / rateHz),
  );

/** The middle: the ends ring where the sound is cut off. */
const middle = (samples: Float32Array): Float32Array => samples.subarray(2_400, samples.length - 2_400);

/** Loudness of a full-scale tone after resampling, in dB of what it was. */
const gainDb = (toneHz: number, rateHz: number): number =>
  levelOf(middle(resampleAll(sine(toneHz, rateHz), rateHz))).rmsDbfs + 3.01;

describe("the resampler", () => {
  it.each(RATES_HZ)("SOCKET-22 from %i Hz a tone comes out at its height, loudness and time", (rateHz) => {
    const samples = sine(1_000, rateHz);
    const out = resampleAll(samples, rateHz);
    expect(out).toHaveLength(Math.ceil((samples.length * 24_000) / rateHz));
    const wanted = sine(1_000, 24_000);
    const error = middle(out.map((sample, index) => sample - (wanted[index] ?? 0)));
    expect(levelOf(error).peakDbfs).toBeLessThan(-60);
  });

  it.each(RATES_HZ)("SOCKET-22 from %i Hz speech is untouched up to 0.8 of what both rates can hold", (rateHz) => {
    const nyquistHz = Math.min(rateHz, 24_000) / 2;
    for (const share of [0.02, 0.4, 0.8]) expect(Math.abs(gainDb(share * nyquistHz, rateHz))).toBeLessThan(0.1);
    expect(gainDb(0.91 * nyquistHz, rateHz)).toBeCloseTo(-6, 0);
  });

  it.each(RATES_HZ.filter((rateHz) => rateHz > 24_000))(
    "SOCKET-22 from %i Hz what 24 kHz cannot hold is 70 dB down, not folded back",
    (rateHz) => {
      for (const toneHz of [12_050, 13_000, 15_000, 0.49 * rateHz]) {
        if (toneHz < rateHz / 2) expect(gainDb(toneHz, rateHz)).toBeLessThan(-70);
      }
    },
  );

  it("SOCKET-22 going up makes no mirror of the voice", () => {
    const out = resampleAll(sine(3_000, 8_000), 8_000);
    const error = middle(out.map((sample, index) => sample - Math.sin((2 * Math.PI * 3_000 * index) / 24_000)));
    expect(levelOf(error).rmsDbfs).toBeLessThan(-50);
  });

  it("SOCKET-23 is the same in one piece and in quanta, without a new buffer for each", () => {
    const samples = sine(700, 44_100);
    const whole = new Resampler(44_100).push(samples).slice();
    const resampler = new Resampler(44_100);
    const pieces: number[] = [];
    const buffers = new Set<ArrayBufferLike>();
    for (let from = 0; from < samples.length; from += 128) {
      const out = resampler.push(samples.subarray(from, from + 128));
      pieces.push(...out);
      if (from > 1_280) buffers.add(out.buffer);
    }
    expect(pieces).toHaveLength(whole.length);
    expect(Math.max(...pieces.map((sample, index) => Math.abs(sample - (whole[index] ?? 0))))).toBeLessThan(1e-6);
    expect(buffers.size).toBe(1);
    expect(pieces.length + resampler.flush().length).toBeGreaterThanOrEqual(12_000);
  });

  it("SOCKET-23 leaves 24 kHz alone, begins anew after its end, and refuses a rate that is none", () => {
    const samples = sine(1_000, 24_000);
    expect(new Resampler(24_000).push(samples)).toBe(samples);
    expect(resampleAll(samples, 24_000)).toEqual(samples);
    const resampler = new Resampler(48_000);
    const first = [...resampler.push(sine(500, 48_000)), ...resampler.flush()];
    const second = [...resampler.push(sine(500, 48_000)), ...resampler.flush()];
    expect(second).toEqual(first);
    for (const rate of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => new Resampler(rate)).toThrow(RangeError);
  });
});
