/** The globals of an AudioWorklet, which TypeScript's library leaves out (Web Audio API 1.1, section 1.32). */

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  /** One render quantum of 128 samples; `false` lets go of the processor. */
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** Samples a second of the context that the worklet runs in. */
declare const sampleRate: number;
