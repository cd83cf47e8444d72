import { describe, expect, it } from "vitest";
import { decodeMulaw, mulawToPcm16, tripleRate } from "../../src/call/mulaw-to-pcm.ts";

/** Of G.711 with bias 132: byte on the wire, its sample. */
const VECTORS: readonly (readonly [byte: number, sample: number])[] = [
  [0xff, 0],
  [0x7f, 0],
  [0xf2, 104],
  [0x72, -104],
  [0xce, 988],
  [0x4e, -988],
  [0xa0, 7_932],
  [0x20, -7_932],
  [0x80, 32_124],
  [0x00, -32_124],
];

const tone = (hz: number, rateHz: number, peak = 10_000): Int16Array =>
  Int16Array.from({ length: rateHz / 2 }, (_, index) =>
    Math.round(peak * Math.sin((2 * Math.PI * hz * index) / rateHz)),
  );

/** Loudness without the ends, where the filter reaches over the edge. */
function levelOf(samples: Int16Array): number {
  const inner = samples.subarray(samples.length * 0.1, samples.length * 0.9);
  return Math.sqrt(inner.reduce((sum, sample) => sum + sample * sample, 0) / inner.length);
}

describe("mu-law to PCM", () => {
  it.each(VECTORS)("SPOKEN-11 the byte %i of mu-law is the sample %i", (byte, sample) => {
    // Compared as numbers: zero has no sign here.
    expect(Array.from(decodeMulaw(Uint8Array.of(byte)), (decoded) => decoded + 0)).toEqual([sample]);
  });

  it("SPOKEN-11 every louder byte is a louder sample, and the two halves mirror each other", () => {
    const samples = decodeMulaw(Uint8Array.from({ length: 256 }, (_, byte) => byte));
    for (let byte = 0; byte < 127; byte += 1) {
      expect(samples[byte + 1]).toBeGreaterThan(samples[byte] ?? 0);
      expect((samples[byte + 128] ?? 0) + (samples[byte] ?? 0)).toBe(0);
    }
  });

  it("SPOKEN-12 at three times the rate every given sample is still there, in its place", () => {
    const given = tone(700, 8_000);
    const made = tripleRate(given);
    expect(made.length).toBe(3 * given.length);
    expect(made.filter((_, index) => index % 3 === 0)).toEqual(given);
  });

  it.each([200, 1_000, 2_000, 3_000])(
    "SPOKEN-12 a tone of %i Hz is the same tone, with 1 %% of anything else",
    (hz) => {
      const expected = tone(hz, 24_000);
      const made = tripleRate(tone(hz, 8_000));
      expect(levelOf(made.map((sample, index) => sample - (expected[index] ?? 0)))).toBeLessThan(
        levelOf(expected) / 100,
      );
    },
  );

  it("SPOKEN-12 what stays the same stays exactly the same", () => {
    const made = tripleRate(new Int16Array(200).fill(8_031));
    expect([...new Set(made.subarray(30, -30))]).toEqual([8_031]);
  });

  it("SPOKEN-12 the loudest samples are clipped, not wrapped", () => {
    const square = Int16Array.from({ length: 1_600 }, (_, index) => (index % 80 < 40 ? 32_767 : -32_768));
    const made = tripleRate(square);
    for (let index = 6; index < 114; index += 1) {
      expect(made[240 + index]).toBeGreaterThan(20_000);
      expect(made[360 + index]).toBeLessThan(-20_000);
    }
  });

  it("SPOKEN-12 the bytes of a browser's sound are little-endian", () => {
    // 0xa0 is 7,932, which is 0x1efc.
    expect([...mulawToPcm16(Uint8Array.of(0xa0)).subarray(0, 2)]).toEqual([0xfc, 0x1e]);
    expect(mulawToPcm16(new Uint8Array(800)).length).toBe(4_800);
  });
});
