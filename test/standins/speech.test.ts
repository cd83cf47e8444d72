import { describe, expect, it } from "vitest";
import { decodeMulaw } from "./mulaw.ts";
import { EnergyVad } from "./realtime-vad.ts";
import { BYTES_PER_MS, fliteSpeaker, type Manner, sentencesOf, silence, toneSpeaker } from "./speech.ts";

const SENTENCE = "Hello! I'm Mia, the receptionist of Hotel Lumen.";

const say = (sentence: string, manner: Partial<Manner> = {}): Promise<Uint8Array> =>
  fliteSpeaker.speak(sentence, { format: "pcm16-24k", ...manner });

function samplesOf(bytes: Uint8Array): Int16Array {
  return new Int16Array(bytes.slice().buffer);
}

const levelOf = (samples: Int16Array): number =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

describe("speech made offline", () => {
  it("STANDIN-23 a sentence is as long and as loud as somebody saying it", async () => {
    const bytes = await say(SENTENCE);
    const ms = bytes.length / BYTES_PER_MS["pcm16-24k"];
    expect(ms).toBeGreaterThan(2_500);
    expect(ms).toBeLessThan(5_500);
    // 30 dB below full scale is a quiet voice, 10 dB below a shout.
    const level = levelOf(samplesOf(bytes));
    expect(level).toBeGreaterThan(1_036);
    expect(level).toBeLessThan(10_362);
  });

  it("STANDIN-23 the same sentence is the same bytes, also in another voice when asked again", async () => {
    const first = Buffer.from(await say(SENTENCE));
    const deeper = Buffer.from(await say(SENTENCE, { voice: "cedar" }));
    expect(Buffer.from(await say(SENTENCE)).equals(first)).toBe(true);
    expect(deeper.equals(first)).toBe(false);
  });

  it("STANDIN-23 each of the ten voices sounds otherwise", async () => {
    const voices = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"];
    const spoken = await Promise.all(voices.map((voice) => say("Yes, please.", { voice })));
    expect(new Set(spoken.map((bytes) => Buffer.from(bytes).toString("base64"))).size).toBe(10);
  });

  it("STANDIN-23 both formats hold the same speech", async () => {
    const [pcm16, mulaw] = await Promise.all([say(SENTENCE), say(SENTENCE, { format: "mulaw-8k" })]);
    const lengthMs = [pcm16.length / 48, mulaw.length / 8];
    expect(Math.abs((lengthMs[0] ?? 0) - (lengthMs[1] ?? 0))).toBeLessThan(1);
    const ratio = levelOf(decodeMulaw(mulaw)) / levelOf(samplesOf(pcm16));
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });

  it("STANDIN-23 speed makes it shorter", async () => {
    const [normal, fast] = await Promise.all([say(SENTENCE), say(SENTENCE, { speed: 1.5 })]);
    expect(fast.length / normal.length).toBeGreaterThan(0.6);
    expect(fast.length / normal.length).toBeLessThan(0.75);
  });

  it("STANDIN-23 the stand-in's own VAD hears one turn in a spoken sentence", async () => {
    const vad = new EnergyVad({ threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 }, 24_000);
    const bytes = Buffer.concat([await say(SENTENCE), silence(700)["pcm16-24k"]]);
    expect(vad.push(samplesOf(bytes)).map(({ type }) => type)).toEqual(["speech-start", "speech-end"]);
  });

  it("STANDIN-23 speaks what it cannot read as well as it can, and nothing as a pause", async () => {
    const odd = await say("It’s 3° — naïve “café”, 🙂 …");
    expect(odd.length / 48).toBeGreaterThan(800);
    expect(await say("I’m naïve…")).toBe(await say("I'm naive,"));
    const nothing = await say("🙂 …!");
    expect(levelOf(samplesOf(nothing))).toBe(0);
  });

  it("STANDIN-23 the tone of tests is 60 ms a character in both formats", async () => {
    expect((await toneSpeaker.speak("0123456789", { format: "pcm16-24k" })).length).toBe(600 * 48);
    expect((await toneSpeaker.speak("0123456789", { format: "mulaw-8k", speed: 1.5 })).length).toBe(400 * 8);
  });
});

describe("the pieces that are spoken", () => {
  it.each([
    ["Hello there! It is 3.5 degrees. Yes?", ["Hello there! ", "It is 3.5 degrees. ", "Yes?"]],
    ["No end", ["No end"]],
    ["Wait... what?!", ["Wait... ", "what?!"]],
    ["", []],
    ["Line one.\nLine two.", ["Line one.\n", "Line two."]],
  ])("STANDIN-23 %j is said in sentences", (text, sentences) => {
    expect(sentencesOf(text)).toEqual(sentences);
  });

  it("STANDIN-23 a long sentence is parted at commas, and nothing of it is lost", () => {
    const text = `${Array.from({ length: 40 }, (_, index) => `number ${index}`).join(", ")}.`;
    const pieces = sentencesOf(text);
    expect(pieces.length).toBeGreaterThan(3);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(90);
    expect(pieces.join("")).toBe(text);
  });
});
