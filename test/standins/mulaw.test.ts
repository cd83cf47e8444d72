import { expect, it } from "vitest";
import { decodeMulaw, encodeMulaw, encodeMulawSample } from "./mulaw.ts";

/** Vectors of G.711 with bias 132 and clip 32,635: sample, byte, sample again. */
const VECTORS: readonly (readonly [sample: number, byte: number, decoded: number])[] = [
  [0, 0xff, 0],
  [1, 0xff, 0],
  [-1, 0x7f, 0],
  [100, 0xf2, 104],
  [-100, 0x72, -104],
  [1_000, 0xce, 988],
  [-1_000, 0x4e, -988],
  [8_000, 0xa0, 7_932],
  [-8_000, 0x20, -7_932],
  [32_767, 0x80, 32_124],
  [-32_768, 0x00, -32_124],
];

it.each(VECTORS)("STANDIN-20 mu-law carries the sample %i as byte %i, which is %i again", (sample, byte, decoded) => {
  expect([...encodeMulaw(Int16Array.of(sample))]).toEqual([byte]);
  expect([...decodeMulaw(Uint8Array.of(byte))]).toEqual([decoded]);
});

it("STANDIN-20 every byte but the two zeros comes back as itself", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const again = encodeMulaw(decodeMulaw(bytes));
  // 0x7f is minus zero, which a sample cannot hold.
  expect([...again]).toEqual([...bytes].map((byte) => (byte === 0x7f ? 0xff : byte)));
});

it("STANDIN-20 no sample is further off than half a step of its loudness", () => {
  for (let sample = -32_768; sample <= 32_767; sample += 7) {
    const [decoded = 0] = decodeMulaw(Uint8Array.of(encodeMulawSample(sample)));
    const clipped = Math.max(-32_635, Math.min(32_635, sample));
    expect(Math.abs(decoded - clipped)).toBeLessThanOrEqual(Math.max(4, (Math.abs(clipped) + 132) / 32));
  }
});
