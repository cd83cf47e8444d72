import { describe, expect, it } from "vitest";
import { MicrophoneTrouble, troubleOf } from "../../src/web/microphone-trouble.ts";
import { loadWorklet } from "./worklets.ts";

const microphone = (sampleRate: number) => loadWorklet(() => import("../../src/web/microphone-worklet.ts"), sampleRate);

/** A tone of 440 Hz, full scale, in quanta of 128 samples. */
function tone(ms: number, rateHz: number): Float32Array[] {
  const samples = Float32Array.from({ length: (ms * rateHz) / 1_000 }, (_, at) =>
    Math.sin((at * 880 * Math.PI) / rateHz),
  );
  return Array.from({ length: Math.floor(samples.length / 128) }, (_, at) =>
    samples.subarray(at * 128, at * 128 + 128),
  );
}

describe("the microphone", () => {
  it.each([24_000, 44_100, 48_000])(
    "PAGE-18 brings frames of 40 ms at 24 kHz from a device at %i Hz",
    async (rateHz) => {
      const worklet = await microphone(rateHz);
      worklet.render();
      for (const quantum of tone(2_020, rateHz)) worklet.render(quantum);
      const frames = worklet.posted() as { pcm16: ArrayBuffer; levelDbfs: number }[];
      expect(frames.length).toBe(50);
      expect(frames.every(({ pcm16 }) => pcm16.byteLength === 1_920)).toBe(true);
      const samples = frames.flatMap(({ pcm16 }) => [...new Int16Array(pcm16)]);
      const crossings = samples.filter((sample, at) => at > 0 && sample >= 0 && (samples[at - 1] ?? 0) < 0).length;
      expect(crossings).toBeGreaterThanOrEqual(877);
      expect(crossings).toBeLessThanOrEqual(881);
      expect(frames.at(-1)?.levelDbfs).toBeCloseTo(-3, 0);
    },
  );

  it("PAGE-18 gives each frame's buffer away instead of copying it", async () => {
    const worklet = await microphone(24_000);
    for (const quantum of tone(200, 24_000)) worklet.render(quantum);
    const frames = worklet.posted() as { pcm16: ArrayBuffer }[];
    expect(frames.length).toBe(4);
    expect(worklet.transferred).toEqual(frames.map(({ pcm16 }) => pcm16));
    expect(new Set(worklet.transferred).size).toBe(4);
  });

  it("PAGE-19 says in one sentence why there is none, by what the browser calls the cause", () => {
    const causeOf = (name: string) => troubleOf(Object.assign(new Error("of the browser"), { name })).cause;
    expect(["NotAllowedError", "SecurityError"].map(causeOf)).toEqual(["denied", "denied"]);
    expect(["NotFoundError", "NotReadableError", "AbortError"].map(causeOf)).toEqual(["none", "busy", "busy"]);
    expect(["OverconstrainedError", "TypeError"].map(causeOf)).toEqual(["unsupported", "unsupported"]);
    expect(troubleOf("thrown").cause).toBe("unsupported");
    const known = new MicrophoneTrouble("insecure");
    expect(troubleOf(known)).toBe(known);
    const causes = ["denied", "none", "busy", "insecure", "embedded", "unsupported", "lost"] as const;
    const sentences = causes.map((cause) => new MicrophoneTrouble(cause).message);
    expect(new Set(sentences).size).toBe(causes.length);
    expect(sentences.every((sentence) => !sentence.includes("of the browser"))).toBe(true);
  });
});
