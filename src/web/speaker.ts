/// <reference types="vite/client" />
import type { SpeakerOrder, SpeakerReport } from "./speaker-worklet.ts";
import workletUrl from "./speaker-worklet.ts?worker&url";

/**
 * Plays the agent's sound, and says how far it has been heard. A name of the browser's own instruments is kept up to date:
 * the measure `clear to silence`, from {@link Speaker.clear} to the report that the sound has ended.
 */
export class Speaker {
  readonly #worklet: AudioWorkletNode;
  readonly #gain: GainNode;
  #clearedAtMs: number | undefined;

  private constructor(context: AudioContext, onReport: (report: SpeakerReport) => void) {
    this.#worklet = new AudioWorkletNode(context, "speaker", { numberOfInputs: 0, outputChannelCount: [1] });
    this.#worklet.port.onmessage = ({ data }: MessageEvent<SpeakerReport>) => {
      if (data.type === "cleared" && this.#clearedAtMs !== undefined) {
        performance.measure("clear to silence", { start: this.#clearedAtMs, end: performance.now() });
        this.#clearedAtMs = undefined;
      }
      onReport(data);
    };
    this.#gain = new GainNode(context);
    this.#worklet.connect(this.#gain).connect(context.destination);
  }

  /**
   * @param context must run at 24 kHz, the rate of the sound
   * @param onReport where playback is: when it starts, each 100 ms, when it runs dry, and once for each `clear`
   */
  static async open(context: AudioContext, onReport: (report: SpeakerReport) => void): Promise<Speaker> {
    await context.audioWorklet.addModule(workletUrl);
    return new Speaker(context, onReport);
  }

  /** Plays it after what waits. The buffer is taken: nobody else can read it afterwards. */
  play(pcm16: ArrayBuffer): void {
    this.#order({ type: "sound", pcm16 }, [pcm16]);
  }

  /** Silence within one render quantum (5 ms); what waits is never played. */
  clear(): void {
    this.#clearedAtMs = performance.now();
    this.#order({ type: "clear" });
  }

  /** Positions begin at 0 again, as they do for each socket; what waits plays on. */
  resetPosition(): void {
    this.#order({ type: "reset-position" });
  }

  /** 1 is as it came, 0 silence. */
  setVolume(volume: number): void {
    this.#gain.gain.value = volume;
  }

  close(): void {
    this.#worklet.port.onmessage = null;
    this.#worklet.disconnect();
    this.#gain.disconnect();
  }

  #order(order: SpeakerOrder, transfer: Transferable[] = []): void {
    this.#worklet.port.postMessage(order, transfer);
  }
}

/** Whether a page may choose the loudspeaker: Chromium lets it. */
export const canChooseSpeaker = (): boolean => "setSinkId" in AudioContext.prototype;

/** Sound of `context` goes to that loudspeaker; empty, or no longer there: the system's own choice. */
export async function useSpeaker(context: AudioContext, deviceId: string): Promise<void> {
  if (!("setSinkId" in context) || typeof context.setSinkId !== "function") return;
  // One that was unplugged since it was chosen: the sound stays where it is.
  await Promise.resolve(context.setSinkId(deviceId)).catch(() => {});
}
