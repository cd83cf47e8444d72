import { describe, expect, it } from "vitest";
import { Framer, floatToPcm16, LevelMeter, levelOf, pcm16ToFloat } from "../../src/web/pcm.ts";

describe("samples", () => {
  it("SOCKET-19 become 16 bits and back without loss; louder ones are clipped, what is no number is silence", () => {
    const all = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);
    const floats = new Float32Array(all.length);
    const back = new Int16Array(all.length);
    pcm16ToFloat(all, floats);
    floatToPcm16(floats, back);
    expect(back).toEqual(all);
    const odd = new Int16Array(6);
    floatToPcm16(Float32Array.of(1, 7, -7, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY), odd);
    expect([...odd]).toEqual([32_767, 32_767, -32_768, 0, 32_767, -32_768]);
  });

  it("SOCKET-20 are parted into frames of 40 ms, each over a buffer of its own size, and none is lost", () => {
    const frames: Int16Array<ArrayBuffer>[] = [];
    const framer = new Framer((frame) => frames.push(frame));
    const all = Int16Array.from({ length: 5_000 }, (_, index) => index);
    for (let from = 0; from < all.length; from += 128) framer.push(all.subarray(from, from + 128));
    expect(frames.map(({ length }) => length)).toEqual([960, 960, 960, 960, 960]);
    framer.flush();
    framer.flush();
    expect(frames).toHaveLength(6);
    expect(frames.flatMap((frame) => [...frame]).slice(0, 5_000)).toEqual([...all]);
    expect(
      frames
        .at(-1)
        ?.subarray(200)
        .every((sample) => sample === 0),
    ).toBe(true);
    expect(frames.every(({ buffer, byteOffset }) => buffer.byteLength === 1_920 && byteOffset === 0)).toBe(true);
    expect(new Set(frames.map(({ buffer }) => buffer)).size).toBe(6);
  });

  it("SOCKET-20 of floats too, of more than a frame at once, and forgets on demand", () => {
    const frames: number[][] = [];
    const framer = new Framer((frame) => frames.push([...frame]), 4);
    framer.push(Float32Array.of(0.5, -0.5, 0.25, 0, 0.5, 0.5, 0.5, 0.5, 1));
    expect(frames).toEqual([
      [16_384, -16_384, 8_192, 0],
      [16_384, 16_384, 16_384, 16_384],
    ]);
    framer.clear();
    framer.push(Int16Array.of(1, 2, 3, 4));
    expect(frames[2]).toEqual([1, 2, 3, 4]);
  });

  it("SOCKET-21 have a peak and an RMS in dBFS", () => {
    const sine = Float32Array.from({ length: 24_000 }, (_, index) => Math.sin((2 * Math.PI * index * 440) / 24_000));
    expect(levelOf(sine).peakDbfs).toBeCloseTo(0, 2);
    expect(levelOf(sine).rmsDbfs).toBeCloseTo(-3.01, 2);
    const half = Int16Array.from(sine, (sample) => Math.round(sample * 16_384));
    expect(levelOf(half).rmsDbfs).toBeCloseTo(-9.03, 2);
    expect(levelOf(new Int16Array(10)).rmsDbfs).toBe(Number.NEGATIVE_INFINITY);
    expect(levelOf(new Int16Array(0))).toEqual({
      peakDbfs: Number.NEGATIVE_INFINITY,
      rmsDbfs: Number.NEGATIVE_INFINITY,
    });
    const meter = new LevelMeter();
    meter.add(half.subarray(0, 11_111));
    meter.add(half.subarray(11_111));
    expect([meter.samples, meter.rmsDbfs]).toEqual([24_000, levelOf(half).rmsDbfs]);
  });
});
