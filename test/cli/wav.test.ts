import { describe, expect, it } from "vitest";
import { readWav, WavTrouble, writeWav } from "../../src/cli/wav.ts";
import { chunk, fmt, riff, samplesAs } from "./wav-files.ts";

const TONE = Float32Array.from({ length: 500 }, (_, index) => 0.8 * Math.sin(index / 10));

const complaint = (bytes: Uint8Array): string => {
  try {
    readWav(bytes);
    return "nothing";
  } catch (thrown) {
    if (thrown instanceof WavTrouble) return thrown.message;
    throw thrown;
  }
};

describe("a WAV file", () => {
  it.each([
    ["8 bits", 8, false, 0.011],
    ["16 bits", 16, false, 4e-5],
    ["24 bits", 24, false, 2e-7],
    ["32 bits", 32, false, 1e-7],
    ["32-bit floats", 32, true, 0],
  ])(
    "CLI-16 is read from %s, mono and stereo, in the plain and the extensible header",
    (_name, bits, isFloat, error) => {
      for (const channels of [1, 2]) {
        for (const extensible of [false, true]) {
          for (const rateHz of [8_000, 44_100, 96_000]) {
            const bytes = riff(
              fmt({ bits, isFloat, channels, rateHz, extensible }),
              chunk("data", samplesAs(TONE, bits, isFloat, channels)),
            );
            const wav = readWav(bytes);
            expect([wav.rateHz, wav.samples.length]).toEqual([rateHz, TONE.length]);
            const worst = Math.max(...wav.samples.map((sample, index) => Math.abs(sample - (TONE[index] ?? 0))));
            expect(worst).toBeLessThanOrEqual(error);
          }
        }
      }
    },
  );

  it("CLI-16 in stereo is mixed, and silence in a float that is no number", () => {
    const stereo = riff(
      fmt({ bits: 16, isFloat: false, channels: 2, rateHz: 24_000 }),
      chunk("data", new Uint8Array(Int16Array.of(16_384, 0, -16_384, 16_384).buffer)),
    );
    expect([...readWav(stereo).samples]).toEqual([0.25, 0]);
    const odd = riff(
      fmt({ bits: 32, isFloat: true, channels: 1, rateHz: 24_000 }),
      chunk("data", new Uint8Array(Float32Array.of(Number.NaN, 3, -3, Number.POSITIVE_INFINITY).buffer)),
    );
    expect([...readWav(odd).samples]).toEqual([0, 1, -1, 0]);
  });

  it("CLI-16 is read past chunks of other kinds, with a size that was not known, and from within other bytes", () => {
    const data = samplesAs(TONE, 16, false, 1);
    const head = fmt({ bits: 16, isFloat: false, channels: 1, rateHz: 16_000 });
    const whole = riff(chunk("LIST", new Uint8Array(7)), head, chunk("data", data), chunk("id3 ", new Uint8Array(9)));
    expect(readWav(whole).samples).toHaveLength(TONE.length);
    for (const size of [0, 0xffff_ffff]) {
      expect(readWav(riff(head, chunk("data", data, size))).samples).toHaveLength(TONE.length);
    }
    const within = new Uint8Array(whole.length + 3);
    within.set(whole, 3);
    expect(readWav(within.subarray(3)).samples).toEqual(readWav(whole).samples);
  });

  it.each([
    ["nothing", new Uint8Array(0), "is no WAV file."],
    ["text", new TextEncoder().encode("Hello, this is a text and no sound."), "is no WAV file."],
    ["no sound", riff(fmt({})), "holds no sound."],
    [
      "sound before its format",
      riff(chunk("data", new Uint8Array(4)), fmt({})),
      "does not say how its samples are to be read.",
    ],
    ["half a header", riff(chunk("fmt ", new Uint8Array(8))), "is cut off in its header."],
    [
      "MP3",
      riff(fmt({ coding: 0x55 }), chunk("data", new Uint8Array(4))),
      "is compressed. Save it as PCM, 16 bits, mono.",
    ],
    [
      "mu-law",
      riff(fmt({ coding: 7 }), chunk("data", new Uint8Array(4))),
      "is compressed. Save it as PCM, 16 bits, mono.",
    ],
    [
      "12 bits",
      riff(fmt({ bits: 12 }), chunk("data", new Uint8Array(4))),
      "has samples of 12 bits. Save it as PCM, 16 bits, mono.",
    ],
    [
      "doubles",
      riff(fmt({ bits: 64, isFloat: true })),
      "has samples of 64 bits as floats. Save it as PCM, 16 bits, mono.",
    ],
    ["six channels", riff(fmt({ channels: 6 })), "has 6 channels. Save it in mono."],
    ["a slow rate", riff(fmt({ rateHz: 7_999 })), "has 7999 samples a second. Save it at 8 to 96 kHz."],
    ["a fast rate", riff(fmt({ rateHz: 192_000 })), "has 192000 samples a second. Save it at 8 to 96 kHz."],
  ])("CLI-16 of %s is refused with what is wrong", (_what, bytes, sentence) => {
    expect(complaint(bytes)).toBe(sentence);
  });

  it("CLI-16 cut off anywhere is read as far as it goes, or refused, and nothing else", () => {
    const whole = riff(fmt({ extensible: true }), chunk("LIST", new Uint8Array(5)), chunk("data", new Uint8Array(40)));
    for (let length = 0; length < whole.length; length++) {
      const cut = complaint(whole.subarray(0, length));
      expect(["nothing", "is no WAV file.", "holds no sound.", "is cut off in its header."]).toContain(cut);
    }
  });

  it("CLI-16 that is written is read back to the same samples", () => {
    const samples = Int16Array.from({ length: 1_000 }, (_, index) => index * 31 - 15_000);
    const bytes = writeWav([samples.subarray(0, 1), samples.subarray(1, 400), samples.subarray(400)]);
    const { samples: read, rateHz } = readWav(bytes);
    expect(rateHz).toBe(24_000);
    expect(Int16Array.from(read, (sample) => sample * 32_768)).toEqual(samples);
    expect(readWav(writeWav([])).samples).toHaveLength(0);
  });
});
