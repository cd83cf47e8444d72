import { describe, expect, it } from "vitest";
import { EnergyVad, loudnessOf, type VadEvent, type VadSettings } from "./realtime-vad.ts";

const SETTINGS: VadSettings = { threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 };

/** A square wave: its level is its height. −20 dBFS unless told otherwise. */
const sound = (ms: number, rateHz = 24_000, height = 3_277): Int16Array =>
  Int16Array.from({ length: (ms * rateHz) / 1_000 }, (_, index) => (index % 2 === 0 ? height : -height));
const quiet = (ms: number, rateHz = 24_000): Int16Array => sound(ms, rateHz, 0);

function heard(vad: EnergyVad, ...sounds: Int16Array[]): VadEvent[] {
  return sounds.flatMap((samples) => vad.push(samples));
}

describe("the energy VAD", () => {
  it.each([8_000, 24_000])("STANDIN-22 hears where speech begins and ends at %i Hz", (rateHz) => {
    const vad = new EnergyVad(SETTINGS, rateHz);
    expect(heard(vad, quiet(1_000, rateHz), sound(800, rateHz), quiet(1_000, rateHz))).toEqual([
      { type: "speech-start", startMs: 700 },
      { type: "speech-end", endMs: 2_300 },
    ]);
  });

  it("STANDIN-22 frames may lie across pieces of any size", () => {
    const all = Int16Array.from([...quiet(400), ...sound(333), ...quiet(700)]);
    const whole = heard(new EnergyVad(SETTINGS, 24_000), all);
    const vad = new EnergyVad(SETTINGS, 24_000);
    const pieces: VadEvent[] = [];
    for (let at = 0; at < all.length; at += 37) pieces.push(...vad.push(all.subarray(at, at + 37)));
    expect(pieces).toEqual(whole);
    expect(whole.map(({ type }) => type)).toEqual(["speech-start", "speech-end"]);
  });

  it("STANDIN-22 a pause shorter than the silence that ends a turn does not end it", () => {
    const vad = new EnergyVad(SETTINGS, 24_000);
    expect(heard(vad, sound(300), quiet(480), sound(300), quiet(480))).toEqual([{ type: "speech-start", startMs: 0 }]);
    expect(vad.isSpeech).toBe(true);
    expect(heard(vad, quiet(20))).toEqual([{ type: "speech-end", endMs: 1_580 }]);
  });

  it("STANDIN-22 a click is no speech", () => {
    expect(heard(new EnergyVad(SETTINGS, 24_000), quiet(200), sound(40), quiet(600))).toEqual([]);
  });

  it("STANDIN-22 the padding does not reach into the turn before", () => {
    const vad = new EnergyVad({ ...SETTINGS, silenceMs: 100 }, 24_000);
    const events = heard(vad, sound(200), quiet(120), sound(200), quiet(100));
    expect(events).toEqual([
      { type: "speech-start", startMs: 0 },
      { type: "speech-end", endMs: 300 },
      { type: "speech-start", startMs: 300 },
      { type: "speech-end", endMs: 620 },
    ]);
  });

  it.each([
    [0.9, 0],
    [0.5, 1],
    [0.1, 1],
  ])("STANDIN-22 a threshold of %f starts %i speech for a voice at 38 dB below full scale", (threshold, starts) => {
    const vad = new EnergyVad({ ...SETTINGS, threshold }, 24_000);
    const events = heard(vad, sound(200, 24_000, Math.round(32_768 * 10 ** (-38 / 20))));
    expect(events).toHaveLength(starts);
  });

  it("STANDIN-22 loudness runs from 60 dB below full scale to 20 dB below it", () => {
    const at = (decibels: number): number => loudnessOf((32_768 * 10 ** (decibels / 20)) ** 2);
    expect([at(-80), at(-60), at(-40), at(-20), at(0)].map((one) => Math.round(one * 100) / 100)).toEqual([
      0, 0, 0.5, 1, 1,
    ]);
    expect(loudnessOf(0)).toBe(0);
  });

  it("STANDIN-22 after a reset the speech under way is forgotten", () => {
    const vad = new EnergyVad(SETTINGS, 24_000, 5_000);
    expect(heard(vad, sound(100))).toEqual([{ type: "speech-start", startMs: 5_000 }]);
    vad.reset(5_100);
    expect(heard(vad, quiet(800))).toEqual([]);
    expect(heard(vad, sound(100))).toEqual([{ type: "speech-start", startMs: 5_600 }]);
  });
});
