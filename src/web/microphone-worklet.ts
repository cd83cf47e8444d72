import { Framer, levelOf } from "./pcm.ts";
import { Resampler } from "./resampler.ts";

/** What the microphone brought in 40 ms. */
export interface MicrophoneFrame {
  /** PCM16 little-endian, mono, 24 kHz; transferred, so nothing is copied. */
  readonly pcm16: ArrayBuffer;
  /** Loudness: decibels below full scale by root mean square; silence is -Infinity. */
  readonly levelDbfs: number;
}

class MicrophoneProcessor extends AudioWorkletProcessor {
  readonly #resampler = new Resampler(sampleRate);
  readonly #framer = new Framer((frame) => {
    const message: MicrophoneFrame = { pcm16: frame.buffer, levelDbfs: levelOf(frame).rmsDbfs };
    this.port.postMessage(message, [frame.buffer]);
  });

  process([input]: Float32Array[][]): boolean {
    // No channel: the source has ended, or does not run yet.
    const heard = input?.[0];
    if (heard) this.#framer.push(this.#resampler.push(heard));
    return true;
  }
}

registerProcessor("microphone", MicrophoneProcessor);
