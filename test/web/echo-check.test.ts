import { describe, expect, it } from "vitest";
import { CHIME_MS, chimeSamples } from "../../src/web/chime.ts";
import { EchoCheck } from "../../src/web/echo-check.ts";
import { FRAME_SAMPLES, floatToPcm16, levelOf } from "../../src/web/pcm.ts";
import { toneLevels } from "../../src/web/tone.ts";
import { fliteSpeaker } from "../standins/speech.ts";

/** More than the check listens to. */
const HEARD_MS = 1_200;
const SAMPLES_PER_MS = 24;

/** What the microphone hears: the chime so much quieter and later, under whatever else there is. */
function heard(gainDb: number, delayMs: number, other: (at: number) => number = () => 0): Int16Array {
  const chime = chimeSamples();
  const gain = 10 ** (gainDb / 20);
  const sound = Float32Array.from({ length: HEARD_MS * SAMPLES_PER_MS }, (_, at) => {
    const inChime = at - delayMs * SAMPLES_PER_MS;
    return gain * (chime[inChime] ?? 0) + other(at);
  });
  const pcm16 = new Int16Array(sound.length);
  floatToPcm16(sound, pcm16);
  return pcm16;
}

/** The check's answer, and after how many frames it came. */
function checked(sound: Int16Array, hasEchoCancellation = true): { isLoud: boolean; frames: number } {
  const check = new EchoCheck(hasEchoCancellation);
  for (let frames = 1; ; frames += 1) {
    const isLoud = check.add(sound.slice((frames - 1) * FRAME_SAMPLES, frames * FRAME_SAMPLES));
    if (isLoud !== undefined) return { isLoud, frames };
  }
}

/** Repeatable noise between -1 and 1. */
function noise(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state / 2_147_483_647) * 2 - 1;
  };
}

describe("the chime", () => {
  it("SCREEN-15 is short and soft, and begins and ends in silence", () => {
    const chime = chimeSamples();
    const { peakDbfs } = levelOf(chime);
    expect(chime.length).toBe(CHIME_MS * SAMPLES_PER_MS);
    expect(peakDbfs).toBeLessThanOrEqual(-20);
    expect(peakDbfs).toBeGreaterThan(-23);
    expect([chime[0], chime.at(-1)].every((sample) => Math.abs(sample ?? 1) < 0.001)).toBe(true);
  });
});

describe("the check for echo", () => {
  it("SCREEN-16 tells within a second whether the microphone hears the loudspeaker", () => {
    const frames = (CHIME_MS + 400) / 40;
    expect(checked(heard(-10, 60))).toEqual({ isLoud: true, frames });
    expect(checked(heard(-10, 300))).toEqual({ isLoud: true, frames });
    expect(checked(heard(-100, 60))).toEqual({ isLoud: false, frames });
  });

  it("SCREEN-16 lets pass what echo cancellation leaves, and without any takes more for too much", () => {
    expect(checked(heard(-26, 60), true).isLoud).toBe(false);
    expect(checked(heard(-26, 60), false).isLoud).toBe(true);
    expect(checked(heard(-45, 60), false).isLoud).toBe(false);
  });

  it("SCREEN-16 hears the chime in a noisy room, and takes neither noise nor speech for it", async () => {
    const room = noise();
    expect(checked(heard(-6, 60, () => 0.01 * room())).isLoud).toBe(true);
    expect(checked(heard(-100, 0, () => 0.5 * room())).isLoud).toBe(false);
    const pcm16 = await fliteSpeaker.speak("Hello, can you hear me? I am talking while it rings.", {
      format: "pcm16-24k",
    });
    const samples = new Int16Array(pcm16.buffer, pcm16.byteOffset, Math.floor(pcm16.byteLength / 2));
    const starts = Array.from({ length: 20 }, (_, at) => at * 2_400);
    const taken = starts.filter((at) => checked(samples.slice(at)).isLoud);
    expect(taken).toEqual([]);
  });

  it("SCREEN-16 measures a tone by its share and its loudness", () => {
    const sine = (hz: number): Int16Array =>
      Int16Array.from({ length: FRAME_SAMPLES }, (_, at) => 16_384 * Math.sin((2 * Math.PI * hz * at) / 24_000));
    const own = toneLevels(sine(800), [800, 1_200]);
    expect(own.share).toBeCloseTo(1, 2);
    expect(own.dbfs).toBeCloseTo(-9.03, 1);
    expect(toneLevels(sine(1_000), [800, 1_200]).share).toBeLessThan(0.01);
    expect(toneLevels(new Int16Array(FRAME_SAMPLES), [800])).toEqual({ share: 0, dbfs: Number.NEGATIVE_INFINITY });
  });
});
