import { vi } from "vitest";

/** A worklet's processor and its port, in the hands of a test instead of an audio thread. */
export interface WorkletUnderTest {
  /** What the worklet posted since this was last asked. */
  posted(): unknown[];
  /** What was given away with them, and can no longer be read there. */
  readonly transferred: Transferable[];
  order(message: unknown): void;
  /** One render quantum, or as many samples as there are; returns what is to be heard. */
  render(input?: Float32Array): Float32Array;
}

/** Loads a worklet module as an `AudioWorkletGlobalScope` does. */
export async function loadWorklet(load: () => Promise<unknown>, sampleRate = 24_000): Promise<WorkletUnderTest> {
  const posted: unknown[] = [];
  const transferred: Transferable[] = [];
  const port = {
    onmessage: (_event: { data: unknown }): void => {},
    postMessage: (message: unknown, transfer: Transferable[] = []): void => {
      posted.push(message);
      transferred.push(...transfer);
    },
  };
  class Processor {
    readonly port = port;
  }
  let registered: (new () => { process(inputs: unknown, outputs: unknown): boolean }) | undefined;
  vi.stubGlobal("sampleRate", sampleRate);
  vi.stubGlobal("AudioWorkletProcessor", Processor);
  vi.stubGlobal("registerProcessor", (_name: string, processor: typeof registered) => {
    registered = processor;
  });
  // Loaded anew: the class it makes extends the global of this moment.
  vi.resetModules();
  await load();
  vi.unstubAllGlobals();
  if (!registered) throw new Error("the module registered nothing");
  vi.stubGlobal("sampleRate", sampleRate);
  const processor = new registered();
  vi.unstubAllGlobals();
  return {
    posted: () => posted.splice(0),
    transferred,
    order: (data) => port.onmessage({ data }),
    render: (input) => {
      const output = new Float32Array(128);
      processor.process([input ? [input] : []], [[output]]);
      return output;
    },
  };
}
