import { SOUND_HZ } from "../protocol/call-messages.ts";

/**
 * How much of these samples (PCM16, 24 kHz) are tones of those frequencies: as a share of all their energy, and in decibels
 * below full scale by root mean square. By Goertzel, one pass for each tone.
 */
export function toneLevels(
  samples: Int16Array,
  tonesHz: readonly number[],
): { readonly share: number; readonly dbfs: number } {
  const squares = samples.reduce((sum, sample) => sum + sample * sample, 0);
  if (squares === 0) return { share: 0, dbfs: Number.NEGATIVE_INFINITY };
  const toneSquares = tonesHz.reduce((sum, hz) => sum + squaresAt(samples, hz), 0);
  const rms = Math.sqrt(toneSquares / samples.length) / 32_768;
  return { share: Math.min(1, toneSquares / squares), dbfs: 20 * Math.log10(rms) };
}

/** The sum of squares of the part of `samples` that is this one frequency. */
function squaresAt(samples: Int16Array, hz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hz) / SOUND_HZ);
  let one = 0;
  let two = 0;
  for (const sample of samples) {
    const next = sample + turn * one - two;
    two = one;
    one = next;
  }
  return (2 * (one * one + two * two - turn * one * two)) / samples.length;
}
